*
*usetraintrain
  }}}}