//! One step after another: the compiled update, its feeds, and the way back to the states of not long ago.

use std::borrow::Cow;
use std::time::Duration;

use super::course::{Call, Course, Piece};
use super::footprint::StepCost;
use super::measure::field;
use super::privacy::Plan;
use crate::compile::{Backend, Room, executor_and_cost};
use crate::data::{Batches, Dataset, Draws};
use crate::model::Program;
use crate::model::program::Split;
use crate::tensor::{Array, Clock, Data, Executor};

/// The states of a run by slot, and what moves them on.
pub struct Stepper<'a> {
    pub course: Course,
    program: &'a Program,
    backend: Backend,
    /// In which all functions of the run work, one after the other.
    pub room: Room,
    seed: u64,
    /// Of the functions of each phase, the usual one first, where the back end knows it.
    pub costs: Option<Vec<Vec<StepCost>>>,
    /// The phase whose functions are there.
    phase: u64,
    functions: Functions,
    feeds: Feeds<'a>,
    /// What was fitted on the training rows and every step reads, after its feeds.
    fits: Vec<&'a Array>,
    pub states: Vec<Array>,
    /// How many they are. Behind them stand the sums of an update over several batches, which are empty between updates.
    count: usize,
    rewind: Rewind,
}

/// What updates call, by how they call it.
type Functions = Vec<(Call, Box<dyn Executor>)>;

/// What a step reads.
enum Feeds<'a> {
    /// All examples, in every step.
    Whole(Vec<Cow<'a, Array>>),
    Shuffled(Batches<'a>),
    /// Each update draws its examples, and hides them.
    Drawn {
        draws: Draws<'a>,
        /// Of the noise in the sum of gradients, and the examples of an update on average: what the last feeds want.
        hidden: [Array; 2],
    },
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
    /// Compiles the step that follows `step` others, for every number of examples that a batch can have. A private run has a
    /// plan, and the seed of its noise and draws.
    pub fn new(
        program: &'a Program,
        dataset: &'a Dataset,
        backend: Backend,
        step: u64,
        mut states: Vec<Array>,
        private: Option<(&Plan, u64)>,
    ) -> Stepper<'a> {
        let (train, part) = (&program.train, dataset.part(Split::Train));
        let course = Course::new(program, part.rows);
        let size = course.batch();
        let feeds = match (private, size == part.rows) {
            (Some((plan, seed)), _) => {
                let number = |it: f64| Array::f32(&[], vec![it as f32]);
                let hidden = [number(plan.noise * plan.asked.clip), number(plan.expected as f64)];
                Feeds::Drawn { draws: Draws::new(part, &program.feeds, plan.rate, size, seed), hidden }
            }
            (None, true) => Feeds::Whole(program.feeds.iter().map(|&it| field(part, it)).collect()),
            (None, false) => Feeds::Shuffled(Batches::shuffled(part, &program.feeds, size, train.seed)),
        };
        let phase = course.phase(step + 1);
        let room = Room::default();
        let (functions, own) = compiled(&course, program, phase, backend, &room);
        let costs = own.map(|own| {
            let of = |other| match other == phase {
                true => own.clone(),
                false => course.functions(program, other).iter().map(StepCost::of).collect(),
            };
            course.phases().map(of).collect()
        });
        let rewind = Rewind { step, states: states.clone() };
        let count = states.len();
        states.extend(empty_sums(&course, program));
        let fits = program.step_fits.iter().map(|&(field, fit)| &dataset.fitted.fields[field].fits[fit]).collect();
        let seed = private.map_or(train.seed, |(_, seed)| seed);
        Stepper { course, program, backend, room, seed, costs, phase, functions, feeds, fits, states, count, rewind }
    }

    /// How long steps have waited for their batches.
    pub fn waited(&self) -> Duration {
        match &self.feeds {
            Feeds::Whole(_) => Duration::ZERO,
            Feeds::Shuffled(batches) => batches.waited(),
            Feeds::Drawn { draws, .. } => draws.waited(),
        }
    }

    /// Bytes of the arrays of batches, where they are not all examples.
    pub fn batch_bytes(&self) -> u64 {
        match &self.feeds {
            Feeds::Whole(_) => 0,
            Feeds::Shuffled(batches) => batches.bytes(),
            Feeds::Drawn { draws, .. } => draws.bytes(),
        }
    }

    /// Does step `step`, counted from 1.
    pub fn step(&mut self, step: u64) -> Told {
        let phase = self.course.phase(step);
        if phase != self.phase || step - 1 - self.rewind.step >= REWIND {
            self.rewind.take(step - 1, &self.states[..self.count]);
        }
        if phase != self.phase {
            // Nothing before can be done again, and what was needed for it goes before the new comes.
            self.functions.clear();
            self.functions = compiled(&self.course, self.program, phase, self.backend, &self.room).0;
            self.phase = phase;
        }
        let Stepper { course, functions, feeds, fits, states, seed, .. } = self;
        advance(course, functions, feeds, fits, states, *seed, step)
    }

    /// Changes a state that no step changes, after `step` of them.
    pub fn set(&mut self, step: u64, slot: u32, value: f32) {
        self.states[slot as usize].floats_mut()[0] = value;
        // Steps before this one were done with another value.
        self.rewind.take(step, &self.states[..self.count]);
    }

    /// The states at the end. No step follows, and what steps need is given back.
    pub fn finish(&mut self) -> Vec<Array> {
        self.functions.clear();
        self.rewind.states.clear();
        self.states.truncate(self.count);
        std::mem::take(&mut self.states)
    }

    /// The states before step `step`, which is the last one that was done.
    pub fn before(&mut self, step: u64) -> Vec<Array> {
        let mut states = self.rewind.states.clone();
        states.extend(empty_sums(&self.course, self.program));
        for step in self.rewind.step + 1..step {
            let Stepper { course, functions, feeds, fits, seed, .. } = self;
            advance(course, functions, feeds, fits, &mut states, *seed, step);
        }
        states.truncate(self.count);
        states
    }

    /// The examples of step `step`, as rows of the part.
    pub fn rows(&mut self, step: u64) -> Vec<usize> {
        match &mut self.feeds {
            Feeds::Whole(feeds) => (0..feeds[0].shape[0]).collect(),
            Feeds::Shuffled(batches) => {
                let own = self.course.batches(step);
                let mut rows = vec![];
                for batch in own.first..own.first + own.count as u64 {
                    rows.extend(batches.batch(batch).rows.iter().map(|&row| row as usize));
                }
                rows
            }
            Feeds::Drawn { draws, .. } => draws.rows(step).into_iter().map(|row| row as usize).collect(),
        }
    }
}

/// The functions of a phase, ready to be called, with what they cost.
fn compiled(
    course: &Course,
    program: &Program,
    phase: u64,
    backend: Backend,
    room: &Room,
) -> (Functions, Option<Vec<StepCost>>) {
    let (mut functions, mut costs) = (vec![], vec![]);
    for Piece { call, times, function } in course.functions(program, phase) {
        let (function, cost) = executor_and_cost(&function, backend, room);
        functions.push((call, function));
        costs.push(cost.map(|cost| StepCost { cost, times }));
    }
    (functions, costs.into_iter().collect())
}

fn advance(
    course: &Course,
    functions: &mut Functions,
    feeds: &mut Feeds,
    fits: &[&Array],
    states: &mut [Array],
    seed: u64,
    step: u64,
) -> Told {
    // The step is an i32 to the program; far beyond that, noise repeats and warm-up is long over.
    let clock = Clock { seed, step: step.min(i32::MAX as u64) as u32 };
    let mut run = |call: Call, feeds: &[&Array], last: &[&Array], clock: Clock| {
        let function = functions.iter_mut().find(|(it, _)| *it == call);
        let (_, function) = function.expect("a function for each call");
        match (fits, last) {
            ([], []) => function.run(states, feeds, clock),
            _ => function.run(states, &[feeds, fits, last].concat(), clock),
        }
    };
    let number = |results: &[Array], at: usize| f64::from(results[at].floats()[0]);
    let (examples, results) = match feeds {
        Feeds::Whole(feeds) => {
            let examples = feeds[0].shape[0];
            let feeds: Vec<&Array> = feeds.iter().map(|it| &**it).collect();
            (examples, run(course.call(examples, true, examples), &feeds, &[], clock))
        }
        Feeds::Shuffled(batches) => {
            let own = course.batches(step);
            let mut results = vec![];
            for at in 0..own.count {
                let batch = batches.batch(own.first + at as u64);
                let call = course.call(batch.rows.len(), at + 1 == own.count, own.examples);
                let clock = Clock { seed: seed_of(seed, at), ..clock };
                results = run(call, &batch.feeds.iter().collect::<Vec<_>>(), &[], clock);
            }
            (own.examples, results)
        }
        Feeds::Drawn { draws, hidden: [deviation, expected] } => {
            let rows = draws.rows(step);
            let (passes, mut results) = (draws.passes(rows.len()), vec![]);
            for at in 0..passes {
                let pass = draws.pass(&rows, at);
                // The last draws the noise, which is the same however many there are.
                let clock = Clock { seed: seed_of(seed, passes - 1 - at), ..clock };
                let last = [pass.present, deviation, expected];
                results = run(course.pass(at + 1 == passes), &pass.feeds.iter().collect::<Vec<_>>(), &last, clock);
            }
            // The sums over what was drawn; what is added to the loss depends on no example.
            let (sum, all) = (number(&results, 0), number(&results, 1));
            let loss = sum / rows.len().max(1) as f64;
            return Told { examples: rows.len(), loss, total: loss + (all - sum), lr: number(&results, 2) };
        }
    };
    Told { examples, loss: number(&results, 0), total: number(&results, 1), lr: number(&results, 2) }
}

/// The seed of the draws of a batch of an update: that of the run for the first, and another for each.
fn seed_of(seed: u64, batch: usize) -> u64 {
    // 2⁶⁴ over the golden ratio: steps of it come near no number soon.
    seed.wrapping_add((batch as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Sums to which nothing has been added; none where each update is over one batch.
fn empty_sums(course: &Course, program: &Program) -> Vec<Array> {
    let sums = if course.sums() { program.sums() } else { vec![] };
    sums.iter().map(|(shape, dtype)| Array::zeros(shape, *dtype)).collect()
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
