train{lr:1e  mails
lrmails