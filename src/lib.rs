//! A deep-learning compiler: a declarative file becomes a checked model, a differentiated graph, machine code, and a
//! trained artifact.
//!
//! The modules are floors of one building, listed from the ground up. Each imports only from floors below it.

pub mod source;
pub mod problem;
pub mod syntax;
pub mod scalar;
pub mod tensor;
pub mod kernel;
pub mod native;
pub mod model;
pub mod compile;
pub mod data;
pub mod session;
pub mod ide;
pub mod cli;
