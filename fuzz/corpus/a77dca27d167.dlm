optimizer:r
      3}}}