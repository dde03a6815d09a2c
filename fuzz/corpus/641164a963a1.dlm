loss hinge()=(for 

   )