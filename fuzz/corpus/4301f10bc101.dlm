:
use"