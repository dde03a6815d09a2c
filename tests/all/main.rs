//! All tests of dlmc, in one binary.

mod data;
mod floors;
mod names;
mod rust;
mod scalars;
mod session;
mod session_cadence;
mod session_files;
mod syntax;
mod tensors;
mod tensors_grad;
