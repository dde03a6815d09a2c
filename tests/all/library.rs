//! The library, definition by definition: values against closed forms and papers, gradients against differences in f64,
//! and one meaning on every back end.
//!
//! A case is named by its definition's signature. A definition without a case fails
//! [`every_definition_of_the_library_has_a_case`].

use std::collections::BTreeSet;
use std::path::Path;

use dlmc::compile::{self, Backend};
use dlmc::model::Program;
use dlmc::model::modules::{Definition, LIBRARY};
use dlmc::scalar::Dtype;
use dlmc::source::{Memory, Sources};
use dlmc::syntax::tree::Type;
use dlmc::tensor::{Array, Clock, Function, Id, Op, Slot, Wide, evaluate_f64, grad};

use crate::check::render_all;
use crate::functions::Dice;
use crate::tensors_grad::weighed;

mod adapters;
mod attention;
mod augmentations;
mod convolutions;
mod documented;
mod encoders;
mod functions;
mod initialisers;
mod layers;
mod losses;
mod metrics;
mod norms;
mod optimizers;
mod pytorch;
mod recurrent;
mod pooling;
mod regularizers;
mod samples;
mod schedules;
mod vision;

#[test]
fn every_definition_of_the_library_has_a_case() {
    let cases: Vec<&str> = [
        functions::cases(),
        initialisers::cases(),
        layers::cases(),
        convolutions::cases(),
        pooling::cases(),
        norms::cases(),
        losses::cases(),
        metrics::cases(),
        optimizers::cases(),
        recurrent::cases(),
        schedules::cases(),
        regularizers::cases(),
        encoders::cases(),
        adapters::cases(),
        attention::cases(),
        augmentations::cases(),
        vision::cases(),
    ]
    .concat();
    let tested: BTreeSet<String> = cases.iter().map(|it| it.to_string()).collect();
    let (sources, modules) = dlmc::model::check::whole_library();
    let all = modules.parts().map(|it| it.1).chain([LIBRARY]).flat_map(|id| modules.definitions(id));
    let mut defined: BTreeSet<String> = all.map(|it| signature(it, sources)).collect();
    defined.extend(modules.lets(LIBRARY).map(|it| format!("let {}", it.name.text)));
    let without: Vec<&String> = defined.difference(&tested).collect();
    let stale: Vec<&String> = tested.difference(&defined).collect();
    assert!(without.is_empty() && stale.is_empty(), "without a case: {without:#?}\nnot in the library: {stale:#?}");
}

/// `loss huber(delta: real) on (yhat: f32[N], y: f32[N])`: a head without defaults and result.
fn signature(definition: &Definition, sources: &Sources) -> String {
    let of = |name: &str, ty: &Option<Type>| match ty {
        Some(ty) => {
            format!("{name}: {}{}", sources.text(ty.span).trim_end_matches('?'), if ty.optional { "?" } else { "" })
        }
        None => name.to_string(),
    };
    let callable = &definition.callable;
    let config: Vec<String> = callable.config.iter().map(|it| of(it.name.as_str(), &it.ty)).collect();
    let inputs: Vec<String> = callable.inputs.iter().map(|it| of(it.name.as_str(), &it.ty)).collect();
    let mut text = format!("{} {}", callable.kind.word(), callable.name.text);
    if !config.is_empty() {
        text += &format!("({})", config.join(", "));
    }
    match &inputs[..] {
        [] => text,
        [one] => format!("{text} on {one}"),
        several => format!("{text} on ({})", several.join(", ")),
    }
}

// ------------------------------------------------------------------------------------------------ programs

const CLOCK: Clock = Clock { seed: 7, step: 1 };

/// The one experiment of a text.
#[track_caller]
fn program(text: &str) -> Program {
    let checked = compile::check(&Memory::default(), Path::new("library.dlm"), Some(text.into()), &[]);
    let mut checked = checked.expect("in memory");
    assert!(checked.is_sound(), "{text}\n{}", render_all(&checked.problems, &checked.sources));
    checked.programs.pop().expect("a train block")
}

/// A program with one input `x` and one target `y` of these types, and what it says beside its data.
#[track_caller]
fn with_data(input: &str, target: &str, rest: &str) -> Program {
    let columns = |ty: &str, letter: char| {
        let count: usize = ty
            .split(['[', ']'])
            .nth(1)
            .filter(|_| !ty.starts_with("class") && !ty.starts_with("ordinal"))
            .map_or(1, |it| it.parse().unwrap());
        (0..count).map(|at| format!("{letter}{at}")).collect::<Vec<_>>()
    };
    let (x, y) = (columns(input, 'x'), columns(target, 'y'));
    let of = |columns: &[String]| match columns {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    let all = [&x[..], &y[..]].concat();
    let cells: Vec<String> = all.iter().map(|_| "0".to_string()).collect();
    program(&format!(
        "dlm 1
data points {{
  source: table {{
    | {} |
    | {} |
  }}
  input x: {input} = {}
  target y: {target} = {}
}}
{rest}",
        all.join(" | "),
        cells.join(" | "),
        of(&x),
        of(&y)
    ))
}

// ------------------------------------------------------------------------------------------------ values

/// What is fed to a door.
#[derive(Clone, Copy)]
enum Feed {
    /// Numbers between two.
    Within(f64, f64),
    /// Classes below a number.
    Classes(usize),
    /// 0 or 1.
    Bits,
    /// Rows of numbers above 0 that add up to 1.
    Shares,
}

fn array(shape: &[usize], feed: Feed, dice: &mut Dice) -> Array {
    let size: usize = shape.iter().product();
    let mut part = |low: f64, high: f64| (low + (high - low) * dice.below(100_003) as f64 / 100_003.0) as f32;
    match feed {
        Feed::Within(low, high) => Array::f32(shape, (0..size).map(|_| part(low, high)).collect()),
        Feed::Bits => Array::f32(shape, (0..size).map(|_| part(0.0, 2.0).floor()).collect()),
        Feed::Classes(count) => Array::i32(shape, (0..size).map(|_| part(0.0, count as f64) as i32).collect()),
        Feed::Shares => {
            let width = *shape.last().expect("a row");
            let mut data: Vec<f32> = (0..size).map(|_| part(0.1, 1.0)).collect();
            for row in data.chunks_mut(width) {
                let sum: f32 = row.iter().sum();
                row.iter_mut().for_each(|it| *it /= sum);
            }
            Array::f32(shape, data)
        }
    }
}

/// A feed for each door of a function, and numbers near 0 for its states.
fn doors(function: &Function, feeds: &[Feed], seed: u64) -> (Vec<Array>, Vec<Array>) {
    assert_eq!(function.feeds.len(), feeds.len());
    let mut dice = Dice::new(seed);
    let states = function.states.iter().map(|(shape, _)| array(shape, Feed::Within(0.2, 1.2), &mut dice)).collect();
    let feeds = function.feeds.iter().zip(feeds).map(|((shape, _), &feed)| array(shape, feed, &mut dice)).collect();
    (states, feeds)
}

fn wide(arrays: &[Array]) -> Vec<Wide> {
    arrays.iter().map(Wide::from).collect()
}

/// The results and the next states, in f64, having seen that every back end gives the same.
#[track_caller]
fn computed(function: &Function, states: &[Array], feeds: &[Array], clock: Clock) -> Vec<Wide> {
    computed_by(function, states, feeds, clock, |_| 1.0)
}

/// As `computed`, where rounding is measured by something that follows from the results.
#[track_caller]
fn computed_by(
    function: &Function,
    states: &[Array],
    feeds: &[Array],
    clock: Clock,
    unit: impl Fn(&[Wide]) -> f64,
) -> Vec<Wide> {
    let wanted: Vec<Id> = function.results.iter().copied().chain(function.updates.iter().map(|it| it.1)).collect();
    let meant = evaluate_f64(&function.graph, &wanted, &wide(states), &wide(feeds), clock);
    let unit = unit(&meant);
    let mut machines: Vec<Vec<Array>> = vec![];
    for backend in Backend::ALL {
        let mut states = states.to_vec();
        let fed: Vec<&Array> = feeds.iter().collect();
        let mut found = compile::executor(function, backend).run(&mut states, &fed, clock);
        found.extend(function.updates.iter().map(|&(slot, _)| states[slot as usize].clone()));
        for (at, (meant, found)) in meant.iter().zip(&found).enumerate() {
            near(&Wide::from(found).data, &meant.data, 2e-5, unit, &format!("result {at} on {backend:?}"));
        }
        machines.push(found);
    }
    assert_eq!(bits(&machines[0]), bits(&machines[1]), "machine code is the kernels, to the last bit");
    meant
}

fn bits(arrays: &[Array]) -> Vec<Vec<u64>> {
    let of = |it: &Array| Wide::from(it).data.iter().map(|x| if x.is_nan() { 0 } else { x.to_bits() }).collect();
    arrays.iter().map(of).collect()
}

#[track_caller]
fn close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    near(found, expected, tolerance, 1.0, what);
}

/// `unit` is what rounding is measured by where numbers are smaller than that.
#[track_caller]
fn near(found: &[f64], expected: &[f64], tolerance: f64, unit: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (a, b)) in found.iter().zip(expected).enumerate() {
        let near = (a - b).abs() <= tolerance * (unit + b.abs()) || a == b || a.is_nan() && b.is_nan();
        assert!(near, "{what}: found {a}, expected {b} at {at}\n{found:?}\n{expected:?}");
    }
}

/// The f32 doors that a function reads.
fn float_doors(function: &Function) -> Vec<(Slot, Id)> {
    let needed = function.needed();
    let door = |&id: &Id| match function.graph[id].op {
        Op::Input(slot) if function.graph[id].dtype == Dtype::F32 => Some((slot, id)),
        _ => None,
    };
    needed.iter().filter_map(door).collect()
}

/// The first result's gradient, in every number that comes in, is what differences say. A result with several elements is
/// summed, each with a weight of its own.
#[track_caller]
fn differentiable(function: &Function, states: &[Array], feeds: &[Array], clock: Clock) {
    let doors = float_doors(function);
    assert!(!doors.is_empty(), "nothing to differentiate in");
    let mut graph = function.graph.clone();
    let loss = weighed(&mut graph, function.results[0]);
    let wanted: Vec<Id> = doors.iter().map(|it| it.1).collect();
    let gradients = grad(&mut graph, loss, &wanted);
    let (mut states, mut feeds) = (wide(states), wide(feeds));
    let found = evaluate_f64(&graph, &gradients, &states, &feeds, clock);
    for (gradient, &(slot, _)) in found.iter().zip(&doors) {
        for at in 0..gradient.data.len() {
            let mut moved = |by: f64| {
                let door = |states: &mut [Wide], feeds: &mut [Wide]| match slot {
                    Slot::State(slot) => states[slot as usize].data[at] += by,
                    Slot::Feed(slot) => feeds[slot as usize].data[at] += by,
                    Slot::Step | Slot::Carry(_) => unreachable!("no door of numbers"),
                };
                door(&mut states, &mut feeds);
                let value = evaluate_f64(&graph, &[loss], &states, &feeds, clock)[0].data[0];
                match slot {
                    Slot::State(slot) => states[slot as usize].data[at] -= by,
                    Slot::Feed(slot) => feeds[slot as usize].data[at] -= by,
                    Slot::Step | Slot::Carry(_) => unreachable!("no door of numbers"),
                }
                value
            };
            let by_differences = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            let (found, scale) = (gradient.data[at], by_differences.abs().max(1.0));
            assert!(
                (found - by_differences).abs() < 2e-6 * scale,
                "{slot:?} at {at}: the gradient says {found}, differences say {by_differences}"
            );
        }
    }
}

/// The gradient of the sum of the first result in the first feed.
fn slope(function: &Function, states: &[Array], feeds: &[Array]) -> Vec<f64> {
    let mut graph = function.graph.clone();
    let mut sum = function.results[0];
    while !graph.shape(sum).is_empty() {
        sum = graph.sum(sum, 0);
    }
    let shape = &function.feeds[0].0;
    let door = graph.input(Slot::Feed(0), shape, Dtype::F32);
    let gradient = grad(&mut graph, sum, &[door]);
    evaluate_f64(&graph, &gradient, &wide(states), &wide(feeds), CLOCK).remove(0).data
}
