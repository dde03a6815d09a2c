//! Problems of shapes and of types.

use super::problems;

problems! {}
