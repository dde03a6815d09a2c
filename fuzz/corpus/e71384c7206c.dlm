use
use
use