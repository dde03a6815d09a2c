then
focal'