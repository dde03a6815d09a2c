//! What this machine can do at most, measured by plans that do nothing else.

use std::time::{Duration, Instant};

use crate::kernel::{Machine, plan};
use crate::native;
use crate::scalar::Scalar;
use crate::tensor::{Array, Clock, Dtype, Executor, Function, Slot};

/// What the machine is, and what it can do.
pub struct Measured {
    pub machine: Machine,
    /// Operations of products in a second, with one thread and with all.
    pub products: [f64; 2],
    /// For some numbers of bytes, how many are read and written in a second where so many are gone through.
    pub memory: Vec<(usize, [f64; 2])>,
}

/// How many bytes are gone through: from what the nearest cache holds to what none does.
const HELD: [usize; 4] = [16 << 10, 512 << 10, 16 << 20, 256 << 20];

impl Measured {
    /// Measures the machine that this program runs on, for about as long as `budget` says.
    pub fn of(budget: Duration) -> Measured {
        let machine = Machine::host();
        let machines = [Machine { threads: 1, ..machine.clone() }, machine.clone()];
        let share = budget / 2 / (1 + HELD.len() as u32);
        let products = machines.each_ref().map(|machine| products(machine, share));
        let memory = HELD.map(|held| (held, machines.each_ref().map(|machine| memory(machine, held, share))));
        Measured { machine, products, memory: memory.to_vec() }
    }
}

/// Rows (of one thread), terms and columns of products that lie in the caches of a core, where the units that multiply and add
/// are all that limits them.
const PRODUCTS: [[usize; 3]; 3] = [[448, 128, 64], [448, 256, 64], [512, 512, 512]];

/// The operations that the fastest of some products does in a second; a fused multiply-add counts two.
pub fn products(machine: &Machine, budget: Duration) -> f64 {
    let rates = PRODUCTS.map(|[rows, terms, columns]| {
        let rows = rows * machine.threads;
        let mut function = Function::default();
        let factors = [vec![rows, terms], vec![terms, columns]];
        let [a, b] = [0, 1].map(|at| function.graph.input(Slot::Feed(at as u32), &factors[at], Dtype::F32));
        let product = function.graph.contract("mk,kn->mn", a, b);
        function.feeds = factors.iter().map(|shape| (shape.clone(), Dtype::F32)).collect();
        function.states = vec![(vec![rows, columns], Dtype::F32)];
        function.updates = vec![(0, product)];
        let (least, _) = timed(machine, &function, budget / PRODUCTS.len() as u32);
        (2 * rows * terms * columns) as f64 / least.as_secs_f64()
    });
    rates.into_iter().fold(0.0, f64::max)
}

/// The bytes that are read and written in a second where a step goes through so many of them again and again.
pub fn memory(machine: &Machine, bytes: usize, budget: Duration) -> f64 {
    let shape = [bytes / 4];
    let mut function = Function::default();
    let x = function.graph.input(Slot::State(0), &shape, Dtype::F32);
    let one = function.graph.constant(1.0, &shape);
    let next = function.graph.map(Scalar::Sub, &[one, x]);
    function.states = vec![(shape.to_vec(), Dtype::F32)];
    function.updates = vec![(0, next)];
    let (_, median) = timed(machine, &function, budget);
    (2 * 4 * shape[0]) as f64 / median.as_secs_f64()
}

/// The least and the median time of a call.
fn timed(machine: &Machine, function: &Function, budget: Duration) -> (Duration, Duration) {
    let mut step = native::compile(plan(function, machine));
    let zeros = |types: &[(Vec<usize>, Dtype)]| -> Vec<Array> {
        types.iter().map(|(shape, dtype)| Array::zeros(shape, *dtype)).collect()
    };
    let (mut states, feeds) = (zeros(&function.states), zeros(&function.feeds));
    let feeds: Vec<&Array> = feeds.iter().collect();
    let (mut times, begin) = (vec![], Instant::now());
    while times.len() < 5 || begin.elapsed() < budget {
        let start = Instant::now();
        step.run(&mut states, &feeds, Clock { seed: 0, step: 1 });
        times.push(start.elapsed());
    }
    times.sort_unstable();
    (times[0], times[times.len() / 2])
}
