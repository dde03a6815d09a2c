//! All tests of dlmc, in one binary.

mod data;
mod floors;
mod names;
mod rust;
mod session_cadence;
mod session_files;
mod scalars;
mod syntax;
mod tensors;
mod tensors_grad;
mod tensors_simplify;
