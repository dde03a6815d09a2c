//! What becomes of a program: whether all who can run it agree.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use dlmc::compile::{self, Backend, Checked};
use dlmc::model::Program;
use dlmc::model::program::{Batch, FieldType, Pace, Share, StateRole};
use dlmc::source::{FileId, Memory};
use dlmc::tensor::eval::Interpreter;
use dlmc::tensor::{Array, Clock, Data, Executor, Function, Id, Wide, evaluate_f64};

use crate::check::render_all;
use crate::functions::Dice;

/// How a program failed: what kind of failure it is, by which the shrinker knows it again, and the details.
pub struct Failure {
    pub kind: String,
    pub details: String,
}

/// What was compared, and what could not be: where a change of an input in its last places makes a large one of a result,
/// or a result is no number.
#[derive(Default)]
pub struct Tally {
    pub arrays: usize,
    pub delicate: usize,
    pub slopes: usize,
    pub kinks: usize,
    /// Steps whose gradient is rounding in some place.
    pub unsure: usize,
}

fn fail<T>(kind: &str, details: String) -> Result<T, Failure> {
    Err(Failure { kind: kind.into(), details })
}

pub fn checked(text: &str) -> Checked {
    compile::check(&Memory::default(), Path::new("random.dlm"), Some(text.into()), &[]).expect("in memory")
}

/// Whether everything holds that holds of every program. `seed` decides what it is fed.
pub fn judge(text: &str, seed: u64) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    match catch_unwind(AssertUnwindSafe(|| judged(text, seed, &mut tally))) {
        Ok(Ok(())) => Ok(tally),
        Ok(Err(failure)) => Err(failure),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|it| it.to_string())).unwrap_or_default();
            // Numbers differ from one shape to the next.
            let kind: String = words.chars().take(30).filter(|it| !it.is_numeric()).collect();
            fail(&format!("panic: {kind}"), words)
        }
    }
}

fn judged(text: &str, seed: u64, tally: &mut Tally) -> Result<(), Failure> {
    let whole = checked(text);
    if !whole.is_sound() {
        let codes: Vec<&str> = whole.problems.iter().map(|it| it.code).collect();
        return fail(&format!("refused: {}", codes.join(", ")), render_all(&whole.problems, &whole.sources));
    }
    let program = &whole.programs[0];
    let batch = match program.train.batch {
        Batch::Size(size) => size,
        Batch::All => 4,
    };
    let pace = Pace { batch, epoch: 3, total: 12 };
    same_when_formatted(text, program, pace)?;
    let mut dice = Dice::new(seed ^ 0x5eed);
    let feeds = feeds(&whole, program, batch, &mut dice);
    let clock = Clock { seed, step: 2 };
    let states = states(program, &mut dice);
    let slots: Vec<u32> = (0..program.states.len() as u32)
        .filter(|&slot| program.states[slot as usize].role == StateRole::Parameter)
        .collect();
    let gradient = program.gradient(&slots, batch, true);
    let objective = program.objective(batch, true);
    agree("loss", &objective, &states, &feeds, clock, &mut dice, tally)?;
    let found = agree("gradient", &gradient, &states, &feeds, clock, &mut dice, tally)?;
    slopes(&objective, &gradient, &slots, &states, &feeds, clock, &mut dice, tally)?;
    // Optimizers make steps of one size of a gradient that is nothing but rounding, and of its sign.
    let wide = |arrays: &[Array]| arrays.iter().map(Wide::from).collect::<Vec<_>>();
    let exact = evaluate_f64(&gradient.graph, &gradient.results, &wide(&states), &wide(&feeds), clock);
    let known = |((meant, kernels), exact): (&(Array, Array), &Wide)| {
        is_sure(&Wide::from(meant), exact) && is_sure(&Wide::from(kernels), exact)
    };
    if found.iter().zip(&exact).all(known) {
        agree("step", &program.step(pace), &states, &feeds, clock, &mut dice, tally)?;
        if program.train.accumulate > 1 {
            accumulated(program, pace, &states, &feeds, clock, &mut dice, tally)?;
        }
        if !program.thaws(pace).is_empty() {
            held(program, pace, &states, &feeds, clock, &mut dice, tally)?;
        }
    } else {
        tally.unsure += 1;
    }
    let predict = program.predict(batch);
    agree("prediction", &predict, &states, &feeds[..program.inputs], clock, &mut dice, tally)?;
    Ok(())
}

/// The batches of an update that has several. Of two batches with the same examples and the same draws the mean is that of
/// one, and so is the update, unless a layer has kept something of the first.
fn accumulated(
    program: &Program,
    pace: Pace,
    states: &[Array],
    feeds: &[Array],
    clock: Clock,
    dice: &mut Dice,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let first = program.step_after(pace, u64::MAX, Share::Batch);
    let last = program.step_after(pace, u64::MAX, Share::Last { examples: 2 * pace.batch });
    let empty = program.sums().into_iter().map(|(shape, _)| Array::f32(&shape, vec![0.0; shape.iter().product()]));
    let states: Vec<Array> = states.iter().cloned().chain(empty).collect();
    agree("first batch of an update", &first, &states, feeds, clock, dice, tally)?;
    let mut between = states.clone();
    Interpreter::new(first.clone()).run(&mut between, &feeds.iter().collect::<Vec<_>>(), clock);
    agree("last batch of an update", &last, &between, feeds, clock, dice, tally)?;
    if program.states.iter().any(|it| it.role == StateRole::Layer) {
        return Ok(());
    }
    let wide = |arrays: &[Array]| arrays.iter().map(Wide::from).collect::<Vec<_>>();
    let (states, feeds) = (wide(&states), wide(feeds));
    let after = |function: &Function, states: &[Wide]| {
        let wanted: Vec<Id> = function.updates.iter().map(|it| it.1).collect();
        let mut next = states.to_vec();
        let values = evaluate_f64(&function.graph, &wanted, states, &feeds, clock);
        function.updates.iter().zip(values).for_each(|(&(slot, _), value)| next[slot as usize] = value);
        next
    };
    let whole = after(&program.step(pace), &states[..program.states.len()]);
    let several = after(&last, &after(&first, &states));
    for ((info, whole), several) in program.states.iter().zip(&whole).zip(&several) {
        let scale = whole.data.iter().filter(|it| it.is_finite()).fold(1e-3f64, |scale, x| scale.max(x.abs()));
        let same = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-6 * scale || a == b || a.is_nan() && b.is_nan();
        if !whole.data.iter().zip(&several.data).all(same) {
            let details = format!("{}\n{:?}\n{:?}", info.path, whole.data, several.data);
            return fail("an update of two batches is not that of one", details);
        }
    }
    Ok(())
}

/// A step while something is frozen: that stays as it is, with all that the optimizer keeps of it.
fn held(
    program: &Program,
    pace: Pace,
    states: &[Array],
    feeds: &[Array],
    clock: Clock,
    dice: &mut Dice,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let function = program.step_after(pace, 0, Share::Whole);
    agree("step of what is not frozen", &function, states, feeds, clock, dice, tally)?;
    for part in program.thaws(pace).iter().flat_map(|it| &it.parts) {
        let of = |path: &str| path == part || path.ends_with(&format!(" of {part}"));
        let slots = program.states.iter().enumerate().filter(|(_, info)| of(&info.path)).map(|(slot, _)| slot as u32);
        for slot in slots {
            if function.updates.iter().any(|it| it.0 == slot) {
                return fail("what is frozen moves", program.states[slot as usize].path.clone());
            }
        }
    }
    Ok(())
}

/// Whether every number is known to three digits.
fn is_sure(found: &Wide, exact: &Wide) -> bool {
    found.data.iter().zip(&exact.data).all(|(a, b)| 1000.0 * (a - b).abs() <= b.abs())
}

/// The formatted text is the same program.
fn same_when_formatted(text: &str, program: &Program, pace: Pace) -> Result<(), Failure> {
    let formatted = match dlmc::syntax::format(FileId(0), text) {
        Ok(formatted) => formatted,
        Err(problems) => return fail("not formatted", format!("{problems:?}")),
    };
    let again = dlmc::syntax::format(FileId(0), &formatted).unwrap_or_default();
    let other = checked(&formatted);
    let (a, b) = (program.step(pace), other.programs.first().map(|it| it.step(pace)));
    let nodes = |it: &Function| it.graph.ids().map(|id| it.graph[id].clone()).collect::<Vec<_>>();
    match b {
        Some(b) if nodes(&a) == nodes(&b) && a.updates == b.updates && a.results == b.results && again == formatted => {
            Ok(())
        }
        _ => fail("another program when formatted", formatted),
    }
}

// ------------------------------------------------------------------------------------------------ what is fed

fn part(dice: &mut Dice, low: f32, high: f32) -> f32 {
    low + (high - low) * (dice.below(1_000_003) as f32 / 1_000_003.0)
}

pub fn feeds(whole: &Checked, program: &Program, batch: usize, dice: &mut Dice) -> Vec<Array> {
    let one = |&field: &usize| {
        let field = &program.data.fields[field];
        let shape = [&[batch][..], &field.shape].concat();
        let size: usize = shape.iter().product();
        let ty = whole.sources.text(field.ty_span);
        match &field.ty {
            FieldType::Class(class) => {
                Array::i32(&shape, (0..size).map(|_| dice.below(class.values()) as i32).collect())
            }
            FieldType::Binary { .. } | FieldType::Set(_) => {
                Array::f32(&shape, (0..size).map(|_| dice.below(2) as f32).collect())
            }
            _ if field.role == dlmc::syntax::tree::Role::Weight => {
                Array::f32(&shape, (0..size).map(|_| part(dice, 0.5, 1.5)).collect())
            }
            _ if ty.starts_with("prob") => {
                let mut data: Vec<f32> = (0..size).map(|_| part(dice, 0.1, 1.0)).collect();
                for row in data.chunks_mut(*shape.last().expect("a row")) {
                    let sum: f32 = row.iter().sum();
                    row.iter_mut().for_each(|it| *it /= sum);
                }
                Array::f32(&shape, data)
            }
            _ => Array::f32(&shape, (0..size).map(|_| part(dice, -1.5, 1.5)).collect()),
        }
    };
    program.feeds.iter().map(one).collect()
}

/// The first values, the parameters moved a little so that nothing stands exactly at 0.
pub fn states(program: &Program, dice: &mut Dice) -> Vec<Array> {
    let mut states = Interpreter::new(program.initial()).run(&mut [], &[], Clock { seed: 3, step: 1 });
    for (info, state) in program.states.iter().zip(&mut states) {
        if info.role == StateRole::Parameter {
            state.floats_mut().iter_mut().for_each(|it| *it += part(dice, -0.3, 0.3));
        }
    }
    states
}

/// Every number a millionth larger or smaller.
fn jittered(arrays: &[Array], dice: &mut Dice) -> Vec<Array> {
    let mut moved = arrays.to_vec();
    for array in &mut moved {
        if let Data::F32(data) = &mut array.data {
            data.iter_mut().for_each(|it| *it *= if dice.chance(2) { 1.000_001 } else { 0.999_999 });
        }
    }
    moved
}

// ------------------------------------------------------------------------------------------------ who runs it

/// Two steps: all results, and all states after them.
fn run(executor: &mut dyn Executor, states: &[Array], feeds: &[Array], clock: Clock) -> Vec<Array> {
    let mut states = states.to_vec();
    let feeds: Vec<&Array> = feeds.iter().collect();
    let mut all = vec![];
    for step in 0..2 {
        all.extend(executor.run(&mut states, &feeds, Clock { step: clock.step + step, ..clock }));
        all.extend(states.iter().cloned());
    }
    all
}

/// The same in f64.
fn run_f64(function: &Function, states: &[Array], feeds: &[Array], clock: Clock) -> Vec<Wide> {
    let wide = |arrays: &[Array]| arrays.iter().map(Wide::from).collect::<Vec<_>>();
    let (mut states, feeds) = (wide(states), wide(feeds));
    let updates = function.updates.iter().map(|it| it.1);
    let wanted: Vec<Id> = function.results.iter().copied().chain(updates).collect();
    let mut all = vec![];
    for step in 0..2 {
        let clock = Clock { step: clock.step + step, ..clock };
        let mut values = evaluate_f64(&function.graph, &wanted, &states, &feeds, clock);
        let next = values.split_off(function.results.len());
        function.updates.iter().zip(next).for_each(|(&(slot, _), value)| states[slot as usize] = value);
        all.extend(values);
        all.extend(states.iter().cloned());
    }
    all
}

fn bits(array: &Array) -> Vec<u32> {
    match &array.data {
        Data::F32(data) => data.iter().map(|x| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() }).collect(),
        Data::I32(data) => data.iter().map(|&x| x as u32).collect(),
        Data::Bool(data) => data.iter().map(|&x| x.into()).collect(),
    }
}

fn apart(a: &Array, b: &Array) -> f64 {
    let (a, b) = (Wide::from(a), Wide::from(b));
    a.data.iter().zip(&b.data).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

/// The graph as it is, the simplified graph, the loops and machine code give the same: the last two to the bit, the others
/// within what rounding can do. Returns what the graph and what the loops give.
fn agree(
    what: &str,
    function: &Function,
    states: &[Array],
    feeds: &[Array],
    clock: Clock,
    dice: &mut Dice,
    tally: &mut Tally,
) -> Result<Vec<(Array, Array)>, Failure> {
    let mut plain = Interpreter::new(function.clone());
    let meant = run(&mut plain, states, feeds, clock);
    let [native, kernels, simplified] =
        Backend::ALL.map(|backend| run(&mut *compile::executor(function, backend), states, feeds, clock));
    for (at, (a, b)) in native.iter().zip(&kernels).enumerate() {
        if bits(a) != bits(b) {
            return fail(&format!("{what}: machine code is not the kernels"), format!("array {at}\n{a:?}\n{b:?}"));
        }
    }
    // What the last places of the inputs do to each array.
    let mut moved = vec![0.0f64; meant.len()];
    for _ in 0..3 {
        let (states, feeds) = (jittered(states, dice), jittered(feeds, dice));
        let other = run(&mut plain, &states, &feeds, clock);
        moved.iter_mut().zip(meant.iter().zip(&other)).for_each(|(moved, (a, b))| *moved = moved.max(apart(a, b)));
    }
    // What rounding alone has done to each array: what f64 gives is the truth.
    let truth = run_f64(function, states, feeds, clock);
    for (moved, (truth, meant)) in moved.iter_mut().zip(truth.iter().zip(&meant)) {
        let meant = Wide::from(meant);
        *moved = truth.data.iter().zip(&meant.data).map(|(x, y)| (x - y).abs()).fold(*moved, f64::max);
    }
    let largest = |array: &Array| Wide::from(array).data.iter().fold(0.0f64, |scale, x| scale.max(x.abs()));
    let floor = 1e-5 * meant.iter().map(largest).filter(|it| it.is_finite()).fold(0.1, f64::max).min(10.0);
    for (at, meant) in meant.iter().enumerate() {
        let wide = Wide::from(meant);
        let scale = wide.data.iter().fold(0.0f64, |scale, x| scale.max(x.abs()));
        tally.arrays += 1;
        if wide.data.iter().any(|it| !it.is_finite()) || scale > 1e9 || moved[at] > 0.01 * scale.max(1e-6) {
            tally.delicate += 1;
            continue;
        }
        let tolerance = 1e-5 * scale + 20.0 * moved[at] + floor;
        for (who, found) in [("the simplified graph", &simplified[at]), ("the kernels", &kernels[at])] {
            let apart = apart(meant, found);
            if apart.is_nan() || apart > tolerance {
                let details =
                    format!("array {at}: {apart} apart, allowed {tolerance}\nmeant {meant:?}\nfound {found:?}");
                return fail(&format!("{what}: {who}"), details);
            }
        }
    }
    Ok(meant.into_iter().zip(kernels).collect())
}

/// The gradient is what central differences in f64 say. Where two step widths disagree, or the curvature does not shrink
/// with the step as that of a smooth function does, there is a kink within reach, and differences say nothing.
#[allow(clippy::too_many_arguments, reason = "two functions and what they are fed")]
fn slopes(
    objective: &Function,
    gradient: &Function,
    slots: &[u32],
    states: &[Array],
    feeds: &[Array],
    clock: Clock,
    dice: &mut Dice,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let wide = |arrays: &[Array]| arrays.iter().map(Wide::from).collect::<Vec<_>>();
    let (mut states, feeds) = (wide(states), wide(feeds));
    let found = evaluate_f64(&gradient.graph, &gradient.results, &states, &feeds, clock);
    let scale = found.iter().flat_map(|it| &it.data).fold(0.0f64, |scale, x| scale.max(x.abs()));
    let value = |states: &[Wide]| evaluate_f64(&objective.graph, &objective.results, states, &feeds, clock)[0].data[0];
    let here = value(&states);
    if !here.is_finite() || !scale.is_finite() || here.abs() > 1e9 || scale > 1e9 {
        tally.kinks += 1;
        return Ok(());
    }
    let mut left = 8;
    for (&slot, found) in slots.iter().zip(&found) {
        for _ in 0..2.min(found.data.len()) {
            if left == 0 {
                return Ok(());
            }
            left -= 1;
            let at = dice.below(found.data.len());
            let mut beside = |by: f64| {
                let there = states[slot as usize].data[at];
                states[slot as usize].data[at] = there + by;
                let [above, below] = [value(&states), {
                    states[slot as usize].data[at] = there - by;
                    value(&states)
                }];
                states[slot as usize].data[at] = there;
                ((above - below) / (2.0 * by), (above - 2.0 * here + below) / by)
            };
            let ((wide, bend), (narrow, less)) = (beside(2e-5), beside(1e-5));
            let by_differences = (4.0 * narrow - wide) / 3.0;
            let noise = 1e-9 * (1.0 + here.abs());
            let tolerance = 1e-6 * by_differences.abs().max(scale * 1e-2).max(1e-3 * here.abs()) + noise;
            let kink =
                (wide - narrow).abs() > 10.0 * tolerance || less.abs() > 0.75 * bend.abs() && less.abs() > tolerance;
            tally.slopes += 1;
            if kink {
                tally.kinks += 1;
            } else if (found.data[at] - by_differences).abs() > 10.0 * tolerance {
                let details = format!(
                    "parameter {slot} at {at}: the gradient says {}, differences {by_differences} ({wide}, {narrow}; bend {bend}, {less}; tolerance {tolerance})",
                    found.data[at]
                );
                return fail("gradient: differences", details);
            }
        }
    }
    Ok(())
}
