//! From trees to programs: names, types, units, the standard library, and lowering to graphs.
//!
//! This is the last floor that knows names. A [`Program`] answers with graphs in which every extent is a number.

pub mod program;

pub use program::Program;
