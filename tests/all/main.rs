//! All tests of dlmc, in one binary.

mod floors;
mod names;
mod rust;
mod syntax;
