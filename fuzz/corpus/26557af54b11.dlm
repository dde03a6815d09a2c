table
         ||
||

  }