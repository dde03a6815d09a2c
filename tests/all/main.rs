//! All tests of dlmc, in one binary.

mod floors;
mod rust;
mod syntax;
