train{spread 1e  
lr:1e  mails