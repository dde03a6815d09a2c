layer tower
on()