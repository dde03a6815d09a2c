//! Private training: gradients one by one, the noise, what is drawn, and what is proved of it.

use std::path::Path;

use dlmc::compile::{Backend, check, executor};
use dlmc::model::Program;
use dlmc::model::program::{Pace, Share, StateRole};
use dlmc::source::Memory;
use dlmc::tensor::{Array, Clock, Data, Executor, Function, Wide, evaluate_f64};

mod accountant;
mod draws;
mod gradients;
mod hiding;

/// A program whose privacy clips at `clip`.
#[track_caller]
fn program(text: &str) -> Program {
    let world = Memory::default();
    let mut checked = check(&world, Path::new("it.dlm"), Some(text.into()), &[]).expect("in memory");
    let problems: Vec<String> = checked.problems.iter().map(|it| format!("{}: {}", it.code, it.message)).collect();
    assert!(checked.is_sound(), "{text}\n{problems:#?}");
    checked.programs.pop().expect("a train block")
}

/// Numbers that are none too even, from -1 to 1.
fn numbers(count: usize, salt: usize) -> Vec<f32> {
    (0..count).map(|at| ((at * 37 + salt * 101 + at * at * 11) % 199) as f32 / 99.5 - 1.0).collect()
}

/// First values of all states, the empty sums behind them.
fn states(program: &Program, seed: u64) -> Vec<Array> {
    let clock = Clock { seed, step: 0 };
    let mut states = executor(&program.initial(), Backend::Interpreter).run(&mut [], &[], clock);
    // What starts as zeros or ones is moved, so that nothing is hidden by it.
    let first = program.states.iter().take_while(|it| it.role == StateRole::Parameter).count();
    for (at, state) in states[..first].iter_mut().enumerate() {
        let moved = numbers(state.size(), at);
        state.floats_mut().iter_mut().zip(moved).for_each(|(it, by)| *it += 0.1 * by);
    }
    states.extend(program.sums().iter().map(|(shape, dtype)| Array::zeros(shape, *dtype)));
    states
}

/// The pass of a private update over so many rows.
fn pass(program: &Program, rows: usize, is_last: bool) -> Function {
    program.step_after(Pace { batch: rows, epoch: 1, total: 1 }, u64::MAX, Share::Private { is_last })
}

/// What a pass is fed behind the fields: which rows are there, the deviation of the noise, the examples on average.
fn behind(present: &[f32], deviation: f32, expected: f32) -> [Array; 3] {
    let number = |it| Array::f32(&[], vec![it]);
    [Array::f32(&[present.len()], present.to_vec()), number(deviation), number(expected)]
}

/// Some rows of feeds.
fn rows_of(feeds: &[Array], rows: &[usize]) -> Vec<Array> {
    let of = |array: &Array| {
        let width: usize = array.shape[1..].iter().product();
        let shape = [&[rows.len()], &array.shape[1..]].concat();
        match &array.data {
            Data::F32(data) => {
                Array::f32(&shape, rows.iter().flat_map(|&row| data[row * width..(row + 1) * width].to_vec()).collect())
            }
            Data::I32(data) => {
                Array::i32(&shape, rows.iter().flat_map(|&row| data[row * width..(row + 1) * width].to_vec()).collect())
            }
            Data::Bool(_) => unreachable!("no field is a bool"),
        }
    };
    feeds.iter().map(of).collect()
}

/// The parameters, by slot.
fn parameters(program: &Program) -> Vec<u32> {
    let is_one = |slot: &u32| program.states[*slot as usize].role == StateRole::Parameter;
    (0..program.states.len() as u32).filter(is_one).collect()
}

/// The gradient of one row in each of `slots`, in f64.
fn gradient_of(program: &Program, slots: &[u32], states: &[Array], feeds: &[Array], row: usize) -> Vec<Vec<f64>> {
    let function = program.gradient(slots, 1, true);
    let feeds: Vec<Wide> = rows_of(feeds, &[row]).iter().map(Wide::from).collect();
    let states: Vec<Wide> = states.iter().map(Wide::from).collect();
    let clock = Clock { seed: 1, step: 1 };
    let found = evaluate_f64(&function.graph, &function.results, &states, &feeds, clock);
    found.into_iter().map(|it| it.data).collect()
}

fn norm(gradient: &[Vec<f64>]) -> f64 {
    gradient.iter().flatten().map(|it| it * it).sum::<f64>().sqrt()
}
