//! Plans and the kernel interpreter against the graph's meaning.

use dlmc::kernel::eval::Interpreter;
use dlmc::kernel::{Machine, plan};
use dlmc::tensor::{Array, Clock, Data, Executor, Function, eval};

use crate::functions::{self, Dice};

/// What a function returns in two calls, and the states after each.
pub fn outcome(executor: &mut dyn Executor, function: &Function, seed: u64, wild: bool) -> Vec<Array> {
    let mut dice = Dice::new(seed);
    let mut states = functions::arrays(&function.states, &mut dice, wild);
    let mut all = Vec::new();
    for step in 1..=2 {
        let feeds = functions::arrays(&function.feeds, &mut dice, wild);
        let feeds: Vec<&Array> = feeds.iter().collect();
        all.extend(executor.run(&mut states, &feeds, Clock { seed, step }));
        all.extend(states.iter().cloned());
    }
    all
}

/// The largest number that is met on the way: what rounding errors are measured by.
fn scale(function: &Function, seed: u64) -> f32 {
    let all: Vec<_> = function.graph.ids().collect();
    let function = Function { results: all, ..function.clone() };
    let values = outcome(&mut eval::Interpreter::new(function.clone()), &function, seed, false);
    let floats = values.iter().filter_map(|array| match &array.data {
        Data::F32(data) => Some(data),
        _ => None,
    });
    floats.flatten().filter(|x| x.is_finite()).fold(1.0, |scale, x| scale.max(x.abs()))
}

fn compare(function: &Function, seed: u64) -> Result<(), String> {
    let meant = outcome(&mut eval::Interpreter::new(function.clone()), function, seed, false);
    let plan = plan(function, &Machine::portable());
    let found = outcome(&mut Interpreter::new(plan), function, seed, false);
    let tolerance = 3e-6 * scale(function, seed);
    for (at, (meant, found)) in meant.iter().zip(&found).enumerate() {
        let near = match (&meant.data, &found.data) {
            (Data::F32(a), Data::F32(b)) => {
                a.iter().zip(b).position(|(a, b)| !((a - b).abs() <= tolerance || a == b || (a.is_nan() && b.is_nan())))
            }
            (Data::I32(a), Data::I32(b)) => a.iter().zip(b).position(|(a, b)| a != b),
            (Data::Bool(a), Data::Bool(b)) => a.iter().zip(b).position(|(a, b)| a != b),
            _ => Some(0),
        };
        if let Some(place) = near {
            return Err(format!("array {at} at {place}:\nmeant {meant:?}\nfound {found:?}"));
        }
    }
    Ok(())
}

#[test]
fn kernels_compute_what_random_graphs_mean() {
    for seed in 0..400 {
        for length in [3, 8, 20, 40] {
            let function = functions::function(seed, length);
            if let Err(what) = compare(&function, seed) {
                panic!(
                    "seed {seed}, length {length}: {what}\n{}",
                    dlmc::kernel::Loops(&plan(&function, &Machine::portable()))
                );
            }
        }
    }
}
