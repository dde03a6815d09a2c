train{|
	inverse_sqrt