metric onbinary->(Klecun

 D