//! What a search tells while it goes. What later processes need of it stands in its `log.jsonl`.
//!
//! Field names are stable; new ones may appear.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::data::Work;
use crate::session::event::{Exported, Metrics};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Data is being read. Not in the log.
    Reading { work: Work, done: usize, of: usize },
    /// The search begins, or goes on.
    Search(Start),
    /// A trial begins, or goes on.
    Begin { trial: u64, values: Values, folder: String },
    /// At most about ten a second. Not in the log.
    Step {
        trial: u64,
        step: u64,
        /// Updates of the whole trial.
        steps: u64,
    },
    /// A trial is over.
    Trial(Trial),
    /// The search is over, or can go on later.
    End(End),
}

/// What is tried: a value for the full path of each setting, as the language writes it.
pub type Values = IndexMap<String, String>;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Start {
    /// The `tune` block, where it has a name.
    pub name: Option<String>,
    /// The `train` block, where it has a name.
    pub train: Option<String>,
    /// `val.accuracy`
    pub objective: String,
    /// Whether more is better.
    pub rising: bool,
    /// How many trials there will be, unless the time is up before.
    pub trials: u64,
    pub seed: u64,
    pub backend: String,
    pub folder: String,
    /// The trials that were there before, where the search goes on.
    pub resumed: Option<u64>,
    /// Of all that decides what the trials are, their number left out.
    pub fingerprint: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Trial {
    /// From 1.
    pub trial: u64,
    pub values: Values,
    pub state: State,
    /// Of the weights that a trial has kept; of one that was stopped, the last that was seen. None where it has failed.
    pub objective: Option<f64>,
    /// Where the trial was looked at: after so many epochs, and what the objective was. Only finite values.
    pub looks: Vec<(f64, f64)>,
    pub seconds: f64,
    pub folder: String,
    /// Of the bytes of all files of data, where they could be read.
    pub data: Option<String>,
    /// Why it has failed.
    pub problem: Option<Complaint>,
}

/// What became of a trial.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It came to its end.
    Done,
    /// It was worse than most, and was not gone on with. Its folder has a checkpoint.
    Stopped,
    /// The program did not run with its values.
    Failed,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Stopped => "stopped",
            State::Failed => "failed",
        }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Complaint {
    pub code: String,
    pub message: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct End {
    pub reason: Reason,
    pub done: u64,
    pub stopped: u64,
    pub failed: u64,
    /// None where no trial has come to its end.
    pub best: Option<Best>,
    /// Of the trials that came to their end, where there is one.
    pub spread: Option<Spread>,
    /// Of all trials.
    pub seconds: f64,
}

/// Why a search ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// All its trials are over.
    Done,
    /// `at_most: …`
    Time,
    /// From outside. It can go on.
    Interrupted,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Best {
    pub trial: u64,
    pub values: Values,
    pub objective: f64,
    /// Metrics of the weights that were kept. The test split is measured for this trial alone, and only when the search is over.
    pub train: Metrics,
    pub val: Metrics,
    pub test: Metrics,
    /// None where the search was interrupted.
    pub artifact: Option<String>,
    /// What `export` blocks ask for beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exports: Vec<Exported>,
}

#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Spread {
    pub worst: f64,
    pub median: f64,
    pub best: f64,
}
