//! One step after another: the compiled update, its feeds, and the way back to the states of not long ago.

use super::course::Course;
use super::measure::field;
use crate::compile::{Backend, Cost, cost, executor_and_cost};
use crate::data::{Batches, Dataset};
use crate::model::Program;
use crate::model::program::Split;
use crate::tensor::{Array, Clock, Data, Executor};

/// The states of a run by slot, and what moves them on.
pub struct Stepper<'a> {
    pub course: Course,
    program: &'a Program,
    backend: Backend,
    seed: u64,
    /// Of the functions of each phase, the usual one first, where the back end knows it.
    pub costs: Option<Vec<Vec<Cost>>>,
    /// The phase whose functions are there, and these by the number of their examples.
    phase: u64,
    functions: Functions,
    feeds: Feeds<'a>,
    /// What was fitted on the training rows and every step reads, after its feeds.
    fits: Vec<&'a Array>,
    pub states: Vec<Array>,
    rewind: Rewind,
}

/// By the number of their examples.
type Functions = Vec<(usize, Box<dyn Executor>)>;

/// What a step reads.
enum Feeds<'a> {
    /// All examples, in every step.
    Whole(Vec<&'a Array>),
    Shuffled(Batches<'a>),
}

/// States of not long ago, from which the steps since can be done again.
struct Rewind {
    step: u64,
    states: Vec<Array>,
}

/// Steps between two copies of the states: rare enough to cost nothing, near enough to be done again at once.
const REWIND: u64 = 64;

/// What a step tells.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    pub examples: usize,
    pub loss: f64,
    /// With regularizers.
    pub total: f64,
    pub lr: f64,
}

impl<'a> Stepper<'a> {
    /// Compiles the step that follows `step` others, for every number of examples that a batch can have.
    pub fn new(
        program: &'a Program,
        dataset: &'a Dataset,
        backend: Backend,
        step: u64,
        states: Vec<Array>,
    ) -> Stepper<'a> {
        let (train, part) = (&program.train, dataset.part(Split::Train));
        let course = Course::new(program, part.rows);
        let size = course.batch();
        let feeds = match size == part.rows {
            true => Feeds::Whole(program.feeds.iter().map(|&it| field(part, it)).collect()),
            false => Feeds::Shuffled(Batches::shuffled(part, &program.feeds, size, train.seed)),
        };
        let phase = course.phase(step + 1);
        let (functions, own) = compiled(&course, program, phase, backend);
        let costs = own.map(|own| {
            let of = |other| match other == phase {
                true => own.clone(),
                false => course.functions(program, other).iter().map(|(_, function)| cost(function)).collect(),
            };
            course.phases().map(of).collect()
        });
        let rewind = Rewind { step, states: states.clone() };
        let fits = program.step_fits.iter().map(|&(field, fit)| &dataset.fitted.fields[field].fits[fit]).collect();
        let seed = train.seed;
        Stepper { course, program, backend, seed, costs, phase, functions, feeds, fits, states, rewind }
    }

    /// Bytes of the arrays of a batch, where it is not all examples.
    pub fn batch_bytes(&self) -> u64 {
        match &self.feeds {
            Feeds::Whole(_) => 0,
            Feeds::Shuffled(batches) => batches.bytes(),
        }
    }

    /// Does step `step`, counted from 1.
    pub fn step(&mut self, step: u64) -> Told {
        let phase = self.course.phase(step);
        if phase != self.phase || step - 1 - self.rewind.step >= REWIND {
            self.rewind.take(step - 1, &self.states);
        }
        if phase != self.phase {
            // Nothing before can be done again, and what was needed for it goes before the new comes.
            self.functions.clear();
            self.functions = compiled(&self.course, self.program, phase, self.backend).0;
            self.phase = phase;
        }
        advance(&mut self.functions, &mut self.feeds, &self.fits, &mut self.states, self.seed, step)
    }

    /// The states at the end. No step follows, and what steps need is given back.
    pub fn finish(&mut self) -> Vec<Array> {
        self.functions.clear();
        self.rewind.states.clear();
        std::mem::take(&mut self.states)
    }

    /// The states before step `step`, which is the last one that was done.
    pub fn before(&mut self, step: u64) -> Vec<Array> {
        let mut states = self.rewind.states.clone();
        for step in self.rewind.step + 1..step {
            advance(&mut self.functions, &mut self.feeds, &self.fits, &mut states, self.seed, step);
        }
        states
    }

    /// The examples of step `step`, as rows of the part.
    pub fn rows(&mut self, step: u64) -> Vec<usize> {
        match &mut self.feeds {
            Feeds::Whole(feeds) => (0..feeds[0].shape[0]).collect(),
            Feeds::Shuffled(batches) => batches.batch(step - 1).rows.iter().map(|&row| row as usize).collect(),
        }
    }
}

/// The functions of a phase, ready to be called, with what they cost.
fn compiled(course: &Course, program: &Program, phase: u64, backend: Backend) -> (Functions, Option<Vec<Cost>>) {
    let (mut functions, mut costs) = (vec![], vec![]);
    for (batch, function) in course.functions(program, phase) {
        let (function, cost) = executor_and_cost(&function, backend);
        functions.push((batch, function));
        costs.push(cost);
    }
    (functions, costs.into_iter().collect())
}

fn advance(
    functions: &mut [(usize, Box<dyn Executor>)],
    feeds: &mut Feeds,
    fits: &[&Array],
    states: &mut [Array],
    seed: u64,
    step: u64,
) -> Told {
    // The step is an i32 to the program; far beyond that, noise repeats and warm-up is long over.
    let clock = Clock { seed, step: step.min(i32::MAX as u64) as u32 };
    let mut run = |feeds: &[&Array]| {
        let examples = feeds[0].shape[0];
        let function = functions.iter_mut().find(|(size, _)| *size == examples);
        let (_, function) = function.expect("a function for each size");
        let results = match fits {
            [] => function.run(states, feeds, clock),
            fits => function.run(states, &[feeds, fits].concat(), clock),
        };
        let number = |at: usize| f64::from(results[at].floats()[0]);
        Told { examples, loss: number(0), total: number(1), lr: number(2) }
    };
    match feeds {
        Feeds::Whole(feeds) => run(feeds),
        Feeds::Shuffled(batches) => run(&batches.batch(step - 1).feeds.iter().collect::<Vec<_>>()),
    }
}

impl Rewind {
    fn take(&mut self, step: u64, states: &[Array]) {
        self.step = step;
        for (copy, state) in self.states.iter_mut().zip(states) {
            match (&mut copy.data, &state.data) {
                (Data::F32(copy), Data::F32(state)) => copy.copy_from_slice(state),
                (Data::I32(copy), Data::I32(state)) => copy.copy_from_slice(state),
                (Data::Bool(copy), Data::Bool(state)) => copy.copy_from_slice(state),
                _ => unreachable!("states keep their types"),
            }
        }
    }
}
