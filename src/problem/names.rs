//! Problems of names: what is not there, and what is there twice.

use super::problems;

problems! {}
