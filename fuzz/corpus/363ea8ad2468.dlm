dataloss
use"""