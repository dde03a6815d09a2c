//! Problems of a run: what only shows while it goes.

use super::problems;

problems! {}
