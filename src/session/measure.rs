//! What a model gives on examples, and how good that is: outputs, the loss, metrics.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use indexmap::IndexMap;

use super::artifact::model_states;
use super::event::{Metrics, Value};
use super::formulas::Formulas;
use crate::compile::{Backend, Cost, Room, executor_and_cost};
use crate::data::windows::Reach;
use crate::data::{Fitted, Fitter, Part, tokens};
use crate::model::Program;
use crate::model::program::{Batch, OutputKind, StateRole};
use crate::syntax::tree::Role;
use crate::tensor::array::Wide;
use crate::tensor::eval::evaluate_f64;
use crate::tensor::{Array, Clock, Data, Executor, Function};

/// Examples that are predicted at once, at the most. Each row comes out the same whatever stands beside it.
const PORTION: usize = 256;

/// Numbers of outputs that are held at once, where nobody wants another number of them.
const HELD: usize = 1 << 20;

/// What is measured draws nothing, and makes no step.
const STILL: Clock = Clock { seed: 0, step: 0 };

/// A program's model, ready to be asked. It draws and moves nothing that training sees.
pub struct Model<'a> {
    program: &'a Program,
    fitted: &'a Fitted,
    backend: Backend,
    room: Room,
    /// By the number of their rows.
    predictors: Vec<(usize, Box<dyn Executor>, Option<Cost>)>,
    measures: Vec<(usize, Measures)>,
    portion: usize,
    /// So many numbers of outputs are held at once, where they can be judged in blocks.
    held: usize,
}

/// The functions that judge the outputs of so many rows.
struct Measures {
    loss: Exact,
    metrics: Vec<Exact>,
}

/// A function of outputs and targets that is computed in f64.
struct Exact(Function);

impl<'a> Model<'a> {
    pub fn new(program: &'a Program, fitted: &'a Fitted, backend: Backend) -> Model<'a> {
        let (room, portion) = (Room::default(), portion(program));
        Model { program, fitted, backend, room, predictors: vec![], measures: vec![], portion, held: HELD }
    }

    /// Works in the room of others.
    pub fn within(self, room: &Room) -> Model<'a> {
        Model { room: room.clone(), ..self }
    }

    /// Predicts so many rows at once, instead of the usual number.
    pub fn by(self, portion: usize) -> Model<'a> {
        assert!(portion > 0, "some rows at once");
        Model { portion, ..self }
    }

    /// Holds so many numbers of outputs at once, instead of the usual number.
    pub fn holding(self, held: usize) -> Model<'a> {
        Model { held, ..self }
    }

    /// Compiles what the examples of `parts` need. What that costs, where the back end knows it.
    pub fn prepare<'p>(&mut self, parts: impl Iterator<Item = &'p Part>) -> Option<Vec<Cost>> {
        for n in portions(self.program, parts.map(|part| part.rows)) {
            self.predictor(n);
        }
        self.predictors.iter().map(|(.., cost)| *cost).collect()
    }

    /// The outputs for every row of `part`, as the loss sees them. `weights` are the model's states by slot.
    pub fn outputs(&mut self, weights: &mut [Array], part: &Part) -> Vec<Array> {
        self.outputs_of(weights, part, 0..part.rows)
    }

    /// The same for some of its rows.
    fn outputs_of(&mut self, weights: &mut [Array], part: &Part, rows: Range<usize>) -> Vec<Array> {
        let inputs = &self.program.feeds[..self.program.inputs];
        let of = |output: &crate::model::program::OutputInfo| Array::f32(&[&[0], &output.shape[..]].concat(), vec![]);
        let mut outputs: Vec<Array> = self.program.outputs.iter().map(of).collect();
        let n = self.portion.min(part.rows);
        for start in rows.clone().step_by(n.max(1)) {
            let count = n.min(rows.end - start);
            // The last portion is filled up with its last row, so that one function serves all.
            let some: Vec<usize> = (start..start + n).map(|row| row.min(rows.end - 1)).collect();
            let feeds: Vec<Array> = inputs.iter().map(|&input| self.received(part, input, &some)).collect();
            let pieces = self.predictor(n).run(weights, &feeds.iter().collect::<Vec<_>>(), STILL);
            for (whole, piece) in outputs.iter_mut().zip(&pieces) {
                append(whole, piece, count);
            }
        }
        outputs
    }

    fn predictor(&mut self, n: usize) -> &mut dyn Executor {
        let at = self.predictors.iter().position(|(rows, ..)| *rows == n).unwrap_or_else(|| {
            let (executor, cost) = executor_and_cost(&predictor(self.program, n), self.backend, &self.room);
            self.predictors.push((n, executor, cost));
            self.predictors.len() - 1
        });
        &mut *self.predictors[at].1
    }

    /// The loss and the metrics on `part`; nothing where it is empty.
    pub fn metrics(&mut self, weights: &mut [Array], part: &Part) -> Metrics {
        let means = self.program.train.metrics.iter().all(|metric| metric.is_mean);
        let numbers: usize = self.program.outputs.iter().map(|it| it.shape.iter().product::<usize>()).sum();
        let block = self.held / numbers.max(1) / self.portion * self.portion;
        if !means || block == 0 || part.rows <= block {
            let outputs = self.outputs(weights, part);
            return self.judge(&outputs, part);
        }
        // Means of examples are means of blocks, and no more outputs are held than those of one.
        let mut sums = Metrics::new();
        for start in (0..part.rows).step_by(block) {
            let rows = start..part.rows.min(start + block);
            let outputs = self.outputs_of(weights, part, rows.clone());
            let share = rows.len() as f64 / part.rows as f64;
            for (name, value) in self.judge(&outputs, &part.among(&rows.map(|row| row as u32).collect::<Vec<_>>())) {
                let sum = match sums.get(&name) {
                    Some(sum) => sum.with(&value, &|sum, value| sum + share * value),
                    None => value.with(&value, &|value, _| share * value),
                };
                sums.insert(name, sum);
            }
        }
        sums
    }

    /// The loss of one row of `part`, without the others.
    pub fn loss_of(&mut self, weights: &mut [Array], part: &Part, row: usize) -> f64 {
        let feeds = self.program.feeds.iter().map(|&it| self.received(part, it, &[row])).collect::<Vec<_>>();
        let (inputs, rest) = feeds.split_at(self.program.inputs);
        let outputs = self.predictor(1).run(weights, &inputs.iter().collect::<Vec<_>>(), STILL);
        self.measures(1).loss.of(outputs.iter().chain(rest))[0]
    }

    /// The loss and the metrics of `outputs` on the rows of `part`.
    pub fn judge(&mut self, outputs: &[Array], part: &Part) -> Metrics {
        let program = self.program;
        if part.rows == 0 {
            return Metrics::new();
        }
        let (targets, weight): (Vec<usize>, Vec<usize>) =
            program.feeds[program.inputs..].iter().partition(|&&it| program.data.fields[it].role == Role::Target);
        let all: Vec<usize> = (0..part.rows).collect();
        let seen: Vec<Cow<Array>> = targets
            .iter()
            .chain(&weight)
            .map(|&it| match self.is_halfway(part, it) {
                true => Cow::Owned(self.received(part, it, &all)),
                false => field(part, it),
            })
            .collect();
        let plain_outputs: Vec<Array> =
            program.outputs.iter().zip(outputs).map(|(info, array)| self.in_users_units(info, array)).collect();
        let plain_targets: Vec<Array> = targets.iter().zip(&seen).map(|(&it, seen)| self.decoded(it, seen)).collect();
        let measures = self.measures(part.rows);
        let loss = measures.loss.of(outputs.iter().chain(seen.iter().map(|it| &**it)));
        let mut metrics: Metrics = IndexMap::from([("loss".to_string(), Value::Number(loss[0]))]);
        for (plan, exact) in program.train.metrics.iter().zip(&measures.metrics) {
            let value = exact.of(plain_outputs.iter().chain(&plain_targets));
            metrics.insert(plan.name.clone(), Value::new(&plan.shape, &value));
        }
        metrics
    }

    fn measures(&mut self, n: usize) -> &mut Measures {
        let at = self.measures.iter().position(|(rows, _)| *rows == n).unwrap_or_else(|| {
            let metrics = (0..self.program.train.metrics.len()).map(|it| Exact(self.program.metric(it, n)));
            let measures = Measures { loss: Exact(self.program.loss(n)), metrics: metrics.collect() };
            self.measures.push((n, measures));
            self.measures.len() - 1
        });
        &mut self.measures[at].1
    }

    /// Whether a field stands in `part` as training steps read it, not as the model receives it.
    fn is_halfway(&self, part: &Part, at: usize) -> bool {
        part.halfway && self.program.data.fields[at].halfway.is_some()
    }

    /// Rows of a field as the model receives it.
    fn received(&self, part: &Part, at: usize, rows: &[usize]) -> Array {
        let array = some(part, at, rows);
        match self.is_halfway(part, at) {
            true => Formulas(self.program).encode_rest(at, &self.fitted.fields[at].fits, &array),
            false => array,
        }
    }

    /// An output as the user would write it. Scores have no unit.
    pub fn in_users_units(&self, info: &crate::model::program::OutputInfo, array: &Array) -> Array {
        match (info.kind, info.target) {
            (OutputKind::Number, Some(target)) => self.decoded(target, array),
            _ => array.clone(),
        }
    }

    /// What the values of a field are called, where they are classes.
    pub fn class_names(&self, field: usize) -> Option<Vec<String>> {
        self.fitted.class_names(&self.program.data, field)
    }

    /// What stands between the tokens of a field in a text.
    pub fn between(&self, field: usize) -> &'static str {
        tokens::between(self.fitted.fields[field].vocabulary(0).unwrap_or_default())
    }

    /// A target in the user's own units.
    pub fn decoded(&self, field: usize, array: &Array) -> Array {
        Formulas(self.program).decode(field, &self.fitted.fields[field].fits, array)
    }
}

impl Exact {
    fn of<'a>(&self, feeds: impl Iterator<Item = &'a Array>) -> Vec<f64> {
        let feeds: Vec<Wide> = feeds.map(Wide::from).collect();
        let mut results = evaluate_f64(&self.0.graph, &self.0.results, &[], &feeds, STILL);
        results.pop().expect("one value").data
    }
}

/// What stands in `part` of a field of the plan: the plan says that a model reads it.
pub fn field(part: &Part, field: usize) -> Cow<'_, Array> {
    part.field(field).expect("a field that a model reads")
}

/// The same of some examples.
pub fn some(part: &Part, field: usize, examples: &[usize]) -> Array {
    part.some_of(field, examples).expect("a field that a model reads")
}

/// The numbers of rows that are predicted at once, where so many are to be predicted.
pub fn portions(program: &Program, rows: impl Iterator<Item = usize>) -> BTreeSet<usize> {
    rows.filter(|&rows| rows > 0).map(|rows| rows.min(portion(program))).collect()
}

/// How many examples are predicted at once, where there are enough. Examples of several rows are large: as many as are trained on.
fn portion(program: &Program) -> usize {
    match program.train.batch {
        Batch::Size(batch) if Reach::of(&program.data).is_some() => batch.min(PORTION),
        _ => PORTION,
    }
}

/// The outputs for `n` rows. It reads no state of the optimizer; those come last, and an artifact does not have them.
pub fn predictor(program: &Program, n: usize) -> Function {
    let mut function = program.predict(n);
    let count = model_states(program).count();
    assert!(
        program.states[count..].iter().all(|it| it.role == StateRole::Optimizer),
        "the optimizer's states come last"
    );
    function.states.truncate(count);
    function
}

/// Adds the first `count` rows of `piece`.
fn append(whole: &mut Array, piece: &Array, count: usize) {
    let width: usize = piece.shape[1..].iter().product();
    match &mut whole.data {
        Data::F32(data) => data.extend_from_slice(&piece.floats()[..count * width]),
        Data::I32(_) | Data::Bool(_) => unreachable!("outputs are f32"),
    }
    whole.shape[0] += count;
}
