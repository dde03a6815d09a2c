//! What a run costs, worked out before it: the functions that it compiles, and the bytes that it holds.

use rayon::prelude::*;

use super::artifact::kept_beside;
use super::course::{Course, Piece};
use super::measure::{portions, predictor};
use crate::compile::{Cost, cost};
use crate::data::windows::Reach;
use crate::data::{Dataset, batches};
use crate::kernel::width;
use crate::model::Program;
use crate::model::program::{Batch, StateInfo};

/// What the compiled functions of a run need, and the process around them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Footprint {
    /// Scalar operations of a full step, over all its batches, as they are compiled; of the largest where parts are frozen for a while.
    pub step_flops: u64,
    /// The most that one compiled function needs: its arena, its states, what it is fed and what it returns.
    pub peak_bytes: u64,
    /// What the process holds at the most; unknown where nobody has counted the rows.
    pub resident_bytes: Option<u64>,
}

/// What a function of a step costs.
#[derive(Clone, Copy, Debug)]
pub struct StepCost {
    pub cost: Cost,
    /// How often a full update calls it.
    pub times: usize,
}

impl StepCost {
    pub fn of(piece: &Piece) -> StepCost {
        StepCost { cost: cost(&piece.function), times: piece.times }
    }
}

/// What a run holds beside the states and the arenas.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// The arrays of batches, where they are not all examples.
    pub batch: u64,
    /// The sums of updates over several batches.
    pub sums: u64,
    pub rows: Rows,
}

/// What rows that have been read hold.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// The examples.
    pub data: u64,
    /// The most that was held while they were read.
    pub reading: u64,
}

impl Rows {
    pub fn of(dataset: &Dataset) -> Rows {
        Rows { data: dataset.bytes(), reading: dataset.reading }
    }
}

/// The process beside what it computes with: the program text, the library, the compiler and what it leaves behind.
const PROCESS: u64 = 21_000_000;

/// So many rows that each batch is full, where nobody has counted them.
const SOME: usize = 1 << 20;

impl Footprint {
    /// Of a run of `program`, whose data has so many examples of training, validation and test. Where they are unknown,
    /// any number of them gives a full step of the same size, unless a batch is all of them: then nothing is known.
    /// Rows that have been read say what the process holds.
    pub fn ahead(program: &Program, examples: Option<[usize; 3]>, rows: Option<Rows>) -> Option<Footprint> {
        let [train, val, test] = match (program.train.batch, examples) {
            (Batch::All, None) => return None,
            // Nobody knows of a smaller last batch.
            (Batch::Size(batch), None) => [SOME.next_multiple_of(batch), SOME, SOME],
            (_, Some(examples)) => examples,
        };
        let course = Course::new(program, train);
        // Weights are judged on windows that do not overlap.
        let train_judged = Reach::of(&program.data).map_or(train, |reach| train.div_ceil(reach.apart));
        let costs = |&phase: &u64| course.functions(program, phase).par_iter().map(StepCost::of).collect();
        let phases: Vec<u64> = course.phases().collect();
        let predictors = portions(program, [train_judged, val, test].into_iter());
        let (phases, predictors): (Vec<Vec<StepCost>>, Vec<Cost>) = rayon::join(
            || phases.par_iter().map(costs).collect(),
            || predictors.par_iter().map(|&n| cost(&predictor(program, n))).collect(),
        );
        let held = rows.map(|rows| {
            let is_whole = course.batch() == train && program.train.privacy.is_none();
            let batch = if is_whole { 0 } else { course.batch() };
            Held {
                batch: batches::held(of_fields(program, &program.feeds, batch)),
                sums: course.sums_bytes(program),
                rows,
            }
        });
        Footprint::of(program, &phases, &predictors, held)
    }

    /// Of a run that compiles the steps of its `phases` one after the other, the usual one first, and `predictors`; `None`
    /// without a step.
    pub fn of(
        program: &Program,
        phases: &[Vec<StepCost>],
        predictors: &[Cost],
        held: Option<Held>,
    ) -> Option<Footprint> {
        let steps = phases.iter().flatten().map(|step| &step.cost);
        let peak = steps.chain(predictors).map(|cost| cost.peak).max()?;
        let resident = held
            .map(|held| PROCESS + held.rows.reading.max(held.rows.data + busiest(program, phases, predictors, held)));
        let flops = |steps: &Vec<StepCost>| steps.iter().map(|step| step.times as u64 * step.cost.flops).sum();
        let step_flops = phases.iter().map(flops).max()?;
        Some(Footprint { step_flops, peak_bytes: peak, resident_bytes: resident })
    }
}

/// What this process has held in memory at the most, where the system tells (Linux does).
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The bytes beside the data when there are most of them: when the states get their first values, or in training, at a
/// checkpoint if the program wants some.
fn busiest(program: &Program, phases: &[Vec<StepCost>], predictors: &[Cost], held: Held) -> u64 {
    // First values are computed tensor by tensor: numbers that are drawn, what scales them, and what they become.
    let largest = program.states.iter().map(|it| of_states([it].into_iter())).max().unwrap_or(0);
    let starting = of_states(program.states.iter()) + 3 * largest;
    let (states, kept) = (of_states(program.states.iter()), of_states(kept_beside(program)));
    // A checkpoint is put together in memory; so is the artifact, when the copy of the states is gone.
    let checkpoint = if program.train.checkpoint.is_some() { of_checkpoint(program) } else { 0 };
    // All functions work in one room.
    let steps = phases.iter().flatten().map(|step| &step.cost);
    let room = steps.chain(predictors).map(|cost| cost.arena).max().unwrap_or(0);
    starting.max(room + 2 * states + held.sums + kept + held.batch + checkpoint)
}

/// The tensors of a checkpoint, with the best weights if they are kept.
pub fn of_checkpoint(program: &Program) -> u64 {
    of_states(program.states.iter()) + of_states(kept_beside(program))
}

fn of_states<'a>(states: impl Iterator<Item = &'a StateInfo>) -> u64 {
    states.map(|it| (it.shape.iter().product::<usize>() * width(it.dtype)) as u64).sum()
}

/// So many rows of fields, as training steps read them.
fn of_fields(program: &Program, fields: &[usize], rows: usize) -> u64 {
    let bytes = fields.iter().map(|&field| {
        let field = &program.data.fields[field];
        let dtype = field.halfway.as_ref().map_or(field.dtype, |it| it.dtype);
        (rows * field.step_shape().iter().product::<usize>() * width(dtype)) as u64
    });
    bytes.sum()
}
