model bulb on  number->number= (1)
	 {
}