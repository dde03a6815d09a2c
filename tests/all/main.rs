//! All tests of dlmc, in one binary.

mod check;
mod cli;
mod data;
mod floors;
mod format;
mod format_cli;
mod formula;
mod functions;
mod kernels;
mod lints;
mod names;
mod native;
mod pages;
mod readme;
mod rust;
mod session_cadence;
mod session_files;
mod scalars;
mod session;
mod stages;
mod syntax;
mod syntax_problems;
mod syntax_recovery;
mod tensors;
mod tensors_grad;
mod tensors_simplify;
