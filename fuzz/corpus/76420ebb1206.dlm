table{||

     )