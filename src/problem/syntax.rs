//! Problems of the text itself.

use super::problems;

problems! {}
