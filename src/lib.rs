//! A deep-learning compiler: a declarative file becomes a checked model, a differentiated graph, machine code, and a
//! trained artifact.
//!
//! The modules are floors of one building, listed from the ground up. Each imports only from floors below it.

pub mod compile;
pub mod data;
pub mod kernel;
pub mod model;
pub mod native;
pub mod problem;
pub mod scalar;
pub mod session;
pub mod source;
pub mod syntax;
pub mod tensor;
