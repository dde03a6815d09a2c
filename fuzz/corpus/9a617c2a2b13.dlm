fn mask(){requirerule ==, "a`"
  requirerule