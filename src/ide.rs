//! What a person asks about a program before it runs, answered as plain data: for an editor and for the prompt alike.

pub mod diff;
pub mod docs;
mod edits;
pub mod fix;
pub mod propose;
pub mod render;
pub mod report;
pub mod settings;
pub mod templates;

pub use report::{Look, ModelReport, Report, Steps, TrainReport, check, look};
