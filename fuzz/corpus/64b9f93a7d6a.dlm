dataloss
dataloss
use"