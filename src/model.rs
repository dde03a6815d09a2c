//! From trees to programs: names, types, units, the standard library, and lowering to graphs.
//!
//! This is the last floor that knows names. A [`Program`] answers with graphs in which every extent is a number.

pub mod adapt;
pub mod alone;
pub mod apply;
mod blocks;
pub mod builtins;
pub mod check;
pub mod discover;
pub mod eval;
pub mod export;
pub mod fields;
pub mod formulas;
pub mod functions;
pub mod library;
pub mod linear;
pub mod lints;
pub mod lower;
pub mod modules;
pub mod overrides;
pub mod plan;
pub mod privacy;
pub mod program;
pub mod settings;
pub mod takes;
pub mod recognised;
pub mod sizes;
pub mod train;
pub mod transfer;
pub mod tune;
pub mod types;
pub mod units;
pub mod value;

pub use program::Program;
