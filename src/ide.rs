//! What a person asks about a program before it runs, answered as plain data: for an editor and for the prompt alike.

pub mod allow;
pub mod docs;
mod fit;
pub mod report;

pub use report::{Look, ModelReport, Report, Steps, TrainReport, check, look};
