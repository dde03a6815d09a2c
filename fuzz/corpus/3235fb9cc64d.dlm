train{freeze
model