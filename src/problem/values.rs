//! Problems of values and units.

use super::problems;

problems! {}
