use"{
adamax  {