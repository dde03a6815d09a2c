//! Problems of data: files, columns, cells, classes, splits.

use super::problems;

problems! {}
