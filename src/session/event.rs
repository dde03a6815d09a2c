//! What a run tells while it goes: one event a line in `log.jsonl`, the same to whoever listens.
//!
//! Field names are stable; new ones may appear. A number that is not finite is `null`.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize, Serializer};

use super::privacy::Guarantee;
use super::transfer::Provenance;
use crate::data::Work;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Data is being read; at most a hundred of each kind, and none where there is little to do. Of what
    /// another program writes, or a database gives, at most ten a second, `of` 0. There is no `log.jsonl` yet.
    Reading { work: Work, done: usize, of: usize },
    /// Everything is compiled; the first step follows.
    Start(Start),
    /// Weights and states come from a file. Not where the run goes on from a checkpoint.
    Transfer(Provenance),
    /// At most about ten a second.
    Step(Step),
    /// The validation split was looked at, or an epoch ended.
    Epoch(Epoch),
    /// Parts that were frozen for a while train from now on.
    Thaw {
        /// Updates done before.
        step: u64,
        /// As the program names them.
        parts: Vec<String>,
    },
    /// The learning rate is multiplied by less from now on, as nothing has become better.
    Rate {
        /// Updates done before.
        step: u64,
        /// Of the rate that the optimizer was given.
        factor: f64,
    },
    /// What the model writes by now, where the program asks for it.
    Preview {
        /// Updates done before.
        step: u64,
        /// With what it was given to begin with.
        text: String,
    },
    /// Something to know that does not stop the run.
    Warning { code: String, message: String },
    /// The run can go on from here.
    Checkpoint { step: u64, path: String, bytes: u64 },
    /// The run is over. An interrupted run has no artifact; its last checkpoint says where it stands.
    End(End),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Start {
    /// The `train` block, where it has a name.
    pub name: Option<String>,
    pub backend: String,
    pub threads: usize,
    /// Numbers of all parameters.
    pub parameters: u64,
    /// Those that the run moves: neither frozen for good nor adapted.
    pub trained: u64,
    /// Scalar operations of a full step, over all its batches; of the largest where parts are frozen for a while. This and the two below are `null` where the back end plans nothing.
    pub step_flops: Option<u64>,
    /// The most bytes that one compiled function needs: its arena, its states, what it is fed and what it returns.
    pub peak_bytes: Option<u64>,
    /// The most bytes that the process is expected to hold.
    pub resident_bytes: Option<u64>,
    /// From the beginning until all data was read, decoded and prepared.
    pub data_ms: f64,
    pub compile_ms: f64,
    pub seed: u64,
    /// Updates of the whole run.
    pub steps: u64,
    /// Updates of one epoch.
    pub epoch_steps: u64,
    /// Of a private run, what holds when all its updates are done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<Guarantee>,
    /// Examples.
    pub train: usize,
    pub val: usize,
    pub test: usize,
    /// The folder of the run.
    pub folder: String,
    /// The step after which a resumed run goes on.
    pub resumed: Option<u64>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Step {
    pub step: u64,
    #[serde(serialize_with = "tidy")]
    pub epoch: f64,
    /// Of this step's batch, without regularizers.
    pub loss: f64,
    pub lr: f64,
    /// Since the last event of this kind.
    #[serde(serialize_with = "tidy")]
    pub examples_per_second: f64,
    /// At the pace of the run so far, validation included.
    #[serde(serialize_with = "tidy")]
    pub seconds_left: f64,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Epoch {
    /// Whole, unless the validation split is looked at in between.
    #[serde(serialize_with = "tidy")]
    pub epoch: f64,
    pub step: u64,
    /// `loss` is the mean over the examples since the last event of this kind, as the steps saw them.
    pub train: Metrics,
    /// Empty where there is nothing to validate on.
    pub val: Metrics,
    /// Since the start of the run.
    #[serde(serialize_with = "tidy")]
    pub seconds: f64,
    /// Whether these are the best weights so far, by the metric that the program names.
    pub best: bool,
    /// What a private run has spent so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct End {
    pub reason: Reason,
    /// Updates done.
    pub step: u64,
    /// The update after which the kept weights were taken.
    pub kept: u64,
    /// Metrics of the kept weights; empty where there is no such split.
    pub train: Metrics,
    pub val: Metrics,
    pub test: Metrics,
    pub artifact: Option<String>,
    /// What `export` blocks ask for beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exports: Vec<Exported>,
    /// What the process has held at the most, where the system tells.
    pub resident_bytes: Option<u64>,
    #[serde(serialize_with = "tidy")]
    pub seconds: f64,
    /// Of these, since the run began or was resumed, the seconds in which steps waited for their batches.
    #[serde(serialize_with = "tidy")]
    pub waited_seconds: f64,
    /// Of a private run, what holds after the updates that were done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<Guarantee>,
}

/// An artifact for whoever predicts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Exported {
    pub file: String,
    pub bytes: u64,
    /// The fields that rows to predict have.
    pub serves: Vec<String>,
}

/// Why a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// All its steps are done.
    Done,
    /// `stop: patience(…)`
    Patience,
    /// `at_most: …`
    Time,
    /// From outside, after a checkpoint.
    Interrupted,
}

/// `loss`, then the metrics of the program, in its order.
pub type Metrics = IndexMap<String, Value>;

/// The value of a metric: a number, or a table of them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Number(f64),
    List(Vec<Value>),
    /// What JSON makes of a number that is not finite.
    Missing,
}

impl Value {
    /// The numbers of an array of `shape`, in row-major order.
    pub fn new(shape: &[usize], numbers: &[f64]) -> Value {
        match shape {
            [] => Value::Number(numbers[0]),
            [first, rest @ ..] => {
                let width = rest.iter().product::<usize>();
                let rows = (0..*first).map(|row| Value::new(rest, &numbers[row * width..(row + 1) * width]));
                Value::List(rows.collect())
            }
        }
    }

    /// Each number by a function of it and of that at its place in `other`, which has the same shape.
    pub fn with(&self, other: &Value, join: &impl Fn(f64, f64) -> f64) -> Value {
        match (self, other) {
            (Value::Number(one), Value::Number(other)) => Value::Number(join(*one, *other)),
            (Value::List(ones), Value::List(others)) => {
                Value::List(ones.iter().zip(others).map(|(one, other)| one.with(other, join)).collect())
            }
            _ => Value::Missing,
        }
    }

    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::List(_) | Value::Missing => None,
        }
    }
}

/// Three decimals are enough for times and paces, and a whole number is written as one.
fn tidy<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
    let rounded = (number * 1000.0).round() / 1000.0;
    if rounded == rounded.trunc() && rounded.abs() < 1e15 {
        to.serialize_i64(rounded as i64)
    } else {
        to.serialize_f64(rounded)
    }
}
