//! How long a step or a prediction takes: compiled once, then called again and again with numbers of its feeds' types.

use std::time::{Duration, Instant};

use super::artifact::model_states;
use super::container::pack_plain;
use super::course::Course;
use super::footprint::resident;
use super::measure::predictor;
use super::rates;
use crate::compile::{Backend, Cost, Room, executor_and_cost, plan};
use crate::kernel::{Core, Kernel, Machine, Plan};
use crate::model::Program;
use crate::model::program::{FieldPlan, FieldType, Share};
use crate::native;
use crate::tensor::random::numbers;
use crate::tensor::{Array, Clock, Data, Draw, Dtype, Function};

/// What is measured of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// An update of the weights.
    Step,
    /// What `dlmc predict` computes.
    Prediction,
}

/// What was measured of a program's step, or of its prediction.
pub struct Bench {
    pub work: Work,
    /// Examples of a call.
    pub batch: usize,
    pub backend: Backend,
    /// That share the work.
    pub threads: usize,
    /// From the program to a function that can be called.
    pub compile: Duration,
    /// How often the step was called, after the warm-up.
    pub steps: usize,
    pub step: Spread,
    /// What the plan says; the graph's interpreter has none.
    pub cost: Option<Cost>,
    /// The most bytes that the process held until the step had been measured, where the system tells.
    pub resident: Option<u64>,
    /// How fast machine code could be.
    pub limit: Option<Limit>,
    /// The kernels in their order, where they were asked for.
    pub kernels: Vec<KernelTime>,
}

/// What a step needs at least: the time of its products at the measured peak, and the time of its bytes at the measured rate.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limit {
    /// Operations of its products, and how many of such were done in a second.
    pub products: u64,
    pub peak: f64,
    /// Bytes that its kernels move, each element once for each kernel, and how many were read and written in a second where as
    /// many bytes are held as by the step.
    pub traffic: u64,
    pub rate: f64,
}

impl Limit {
    /// Seconds for the products, and for the bytes.
    pub fn parts(&self) -> [f64; 2] {
        [self.products as f64 / self.peak, self.traffic as f64 / self.rate]
    }

    fn of(plan: &Plan, budget: Duration) -> Limit {
        let machine = Machine::host();
        let held = plan.peak_bytes().clamp(*HELD.start(), *HELD.end());
        Limit {
            products: plan.kernels.iter().map(Kernel::product_flops).sum::<usize>() as u64,
            peak: rates::products(&machine, budget),
            traffic: plan.kernels.iter().map(|kernel| plan.traffic(kernel)).sum::<usize>() as u64,
            rate: rates::memory(&machine, held, budget),
        }
    }
}

/// The bytes with which memory is measured: a call with fewer would be measured instead, and more are as slow.
const HELD: std::ops::RangeInclusive<usize> = 16 << 10..=256 << 20;

/// Times of the same thing.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spread {
    pub min: Duration,
    pub median: Duration,
    /// Nine of ten were shorter.
    pub p90: Duration,
}

/// A kernel of the step, and the mean time that it took.
pub struct KernelTime {
    /// What it does at each point before its body: `loop`, `reduce`, `product`.
    pub kind: &'static str,
    /// The extents of its axes: those of its space, and those of its core.
    pub space: Vec<usize>,
    pub inner: Vec<usize>,
    pub flops: u64,
    /// That it moves, each element counted once.
    pub bytes: u64,
    pub mean: Duration,
}

impl Spread {
    fn of(mut times: Vec<Duration>) -> Spread {
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        Spread { min: times[0], median: at(0.5), p90: at(0.9) }
    }
}

/// The function of an update of so many examples, the last of its calls where there are several.
fn update(program: &Program, batch: usize) -> Function {
    let pieces = Course::new(program, batch).functions(program, 0);
    let ends = |share: &Share| !matches!(share, Share::Batch | Share::Private { is_last: false });
    pieces.into_iter().find(|it| ends(&it.call.share)).expect("an update ends with a call").function
}

impl Work {
    pub fn word(self) -> &'static str {
        match self {
            Work::Step => "step",
            Work::Prediction => "prediction",
        }
    }

    /// What a call computes of so many examples.
    fn function(self, program: &Program, batch: usize) -> Function {
        match self {
            Work::Step => update(program, batch),
            Work::Prediction => predictor(program, batch),
        }
    }
}

/// The first values of all that a function reads and writes.
fn first(program: &Program, function: &Function) -> Vec<Array> {
    let (mut states, known) = (super::initial(program), function.states.len());
    states.truncate(known);
    states.extend(function.states[states.len()..].iter().map(|(shape, dtype)| Array::zeros(shape, *dtype)));
    states
}

/// How many losses are recorded.
const RECORDED: usize = 20;

/// What another tool needs to do what [`bench`] measures, and to tell whether it is the same: a safetensors file of the first
/// `state.<path>`s of the model, its `feed.<field>`s, and the `losses` of the first 20 steps on this batch, without regularizers, or
/// the `output` of a prediction (`output.<name>`s where there are several), as the loss sees it.
pub fn recorded(program: &Program, work: Work, batch: usize, backend: Backend) -> Vec<u8> {
    let function = work.function(program, batch);
    let (mut call, _) = executor_and_cost(&function, backend, &Room::default());
    let (before, feeds) = (first(program, &function), feeds(program, &function.feeds));
    let (mut states, called) = (before.clone(), feeds.iter().collect::<Vec<_>>());
    let results: Vec<(String, Array)> = match work {
        Work::Step => {
            let mut loss = |at| call.run(&mut states, &called, clock(program, at))[0].floats()[0];
            vec![("losses".into(), Array::f32(&[RECORDED], (0..RECORDED).map(&mut loss).collect()))]
        }
        Work::Prediction => {
            let names = program.outputs.iter().map(|it| match &*it.name {
                "" => "output".into(),
                name => format!("output.{name}"),
            });
            names.zip(call.run(&mut states, &called, clock(program, 0))).collect()
        }
    };
    let states = model_states(program).zip(&before).map(|(state, array)| (format!("state.{}", state.path), array));
    let fields = program.feeds.iter().map(|&field| format!("feed.{}", program.data.fields[field].name));
    let results = results.iter().map(|(name, array)| (name.clone(), array));
    let all: Vec<(String, &Array)> = states.chain(fields.zip(&feeds)).chain(results).collect();
    pack_plain(&all.iter().map(|(name, array)| (name.as_str(), *array)).collect::<Vec<_>>())
}

fn clock(program: &Program, step: usize) -> Clock {
    Clock { seed: program.train.seed, step: step as u32 + 1 }
}

/// Measures a call of `program` on so many examples for about as long as `budget` says, kernel by kernel too where `profile` asks
/// for it.
pub fn bench(
    program: &Program,
    (work, batch): (Work, usize),
    backend: Backend,
    budget: Duration,
    profile: bool,
) -> Bench {
    let start = Instant::now();
    let function = work.function(program, batch);
    let (mut step, cost) = executor_and_cost(&function, backend, &Room::default());
    let compile = start.elapsed();
    let mut states = first(program, &function);
    let feeds = feeds(program, &function.feeds);
    let feeds: Vec<&Array> = feeds.iter().collect();
    let clock = |step| clock(program, step);
    let warm = Instant::now();
    let mut done = 0;
    while done < 3 || (warm.elapsed() < budget / 5 && done < 1000) {
        step.run(&mut states, &feeds, clock(done));
        done += 1;
    }
    let (mut times, begin) = (vec![], Instant::now());
    while times.len() < 5 || (begin.elapsed() < budget && times.len() < 100_000) {
        let start = Instant::now();
        step.run(&mut states, &feeds, clock(done + times.len()));
        times.push(start.elapsed());
    }
    let resident = resident();
    let limit = (backend == Backend::Native).then(|| Limit::of(&plan(&function), budget / 5));
    let kernels = match profile && backend == Backend::Native {
        true => kernels(plan(&function), &mut states, &feeds, clock(done), budget),
        false => vec![],
    };
    // Only machine code is shared.
    let threads = if backend == Backend::Native { Machine::host().threads } else { 1 };
    let (steps, step) = (times.len(), Spread::of(times));
    Bench { work, batch, backend, threads, compile, steps, step, cost, resident, limit, kernels }
}

fn kernels(plan: Plan, states: &mut [Array], feeds: &[&Array], clock: Clock, budget: Duration) -> Vec<KernelTime> {
    let mut results: Vec<Array> = plan.results.iter().map(|(shape, dtype)| Array::zeros(shape, *dtype)).collect();
    let mut step = native::compile(plan);
    let mut times = vec![Duration::ZERO; step.plan().kernels.len()];
    step.run_timed(states, feeds, clock, &mut results, &mut times);
    times.fill(Duration::ZERO);
    let (mut calls, begin) = (0, Instant::now());
    while calls < 3 || begin.elapsed() < budget {
        step.run_timed(states, feeds, clock, &mut results, &mut times);
        calls += 1;
    }
    let plan = step.plan();
    let all = plan.kernels.iter().zip(times);
    all.map(|(kernel, time)| KernelTime {
        kind: kind(kernel),
        space: kernel.space.clone(),
        inner: kernel.axes()[kernel.space.len()..].to_vec(),
        flops: kernel.flops() as u64,
        bytes: plan.traffic(kernel) as u64,
        mean: time / calls,
    })
    .collect()
}

fn kind(kernel: &Kernel) -> &'static str {
    match kernel.core {
        Core::Loop => "loop",
        Core::Reduce { .. } => "reduce",
        Core::Product { .. } => "product",
        Core::Winograd(_) => "winograd",
        Core::Order { .. } => "sort",
        Core::Scan(_) => "scan",
    }
}

/// Numbers for the fields that a step reads, and ones for what it was fitted with.
fn feeds(program: &Program, types: &[(Vec<usize>, Dtype)]) -> Vec<Array> {
    let all = types.iter().enumerate();
    all.map(|(at, (shape, dtype))| match program.feeds.get(at) {
        Some(&field) => feed(&program.data.fields[field], shape, *dtype, at as u32),
        None => Array { shape: shape.clone(), data: Data::F32(vec![1.0; shape.iter().product()]) },
    })
    .collect()
}

/// Numbers from 0 to 1, or the places of values.
fn feed(field: &FieldPlan, shape: &[usize], dtype: Dtype, site: u32) -> Array {
    let values = match &field.ty {
        FieldType::Binary { .. } => Some(2),
        FieldType::Class(class) => Some(class.values()),
        FieldType::Tokens(tokens) => Some(tokens.values),
        _ => None,
    };
    let draws = numbers(Draw::Uniform, Clock { seed: 1, step: 0 }, site, shape.iter().product());
    let places = draws.iter().map(|&draw| (draw * values.unwrap_or(2) as f32).floor());
    let data = match dtype {
        Dtype::I32 => Data::I32(places.map(|it| it as i32).collect()),
        Dtype::Bool => Data::Bool(places.map(|it| it != 0.0).collect()),
        Dtype::F32 if values.is_some() => Data::F32(places.collect()),
        Dtype::F32 => Data::F32(draws),
    };
    Array { shape: shape.to_vec(), data }
}
