//! Plans: what they print, what they promise, and the kernel interpreter against the graph's meaning.

use dlmc::kernel::eval::Interpreter;
use dlmc::kernel::{Affine, Core, Home, Loops, Machine, Plan, Tables, Work, plan, verify};
use dlmc::native;
use dlmc::scalar::Scalar::{Add, Div, Max, Mul, Sqrt, Sub};
use dlmc::tensor::{Array, Clock, Data, Dtype, Executor, Function, Graph, Id, Slot, eval, grad};

use crate::functions::{self, Dice};

/// What a function returns in two calls, and the states after each.
pub fn outcome(executor: &mut dyn Executor, function: &Function, seed: u64, wild: bool) -> Vec<Array> {
    outcome_near(executor, function, seed, wild, 0.0)
}

/// The same where every number that goes in is larger or smaller by the part `by` of it.
fn outcome_near(executor: &mut dyn Executor, function: &Function, seed: u64, wild: bool, by: f32) -> Vec<Array> {
    let mut dice = Dice::new(seed);
    let near = |mut arrays: Vec<Array>| {
        for array in &mut arrays {
            if let Data::F32(data) = &mut array.data {
                data.iter_mut().enumerate().for_each(|(at, x)| *x *= if at % 2 == 0 { 1.0 + by } else { 1.0 - by });
            }
        }
        arrays
    };
    let mut states = near(functions::arrays(&function.states, &mut dice, wild));
    let mut all = Vec::new();
    for step in 1..=2 {
        let feeds = near(functions::arrays(&function.feeds, &mut dice, wild));
        let feeds: Vec<&Array> = feeds.iter().collect();
        all.extend(executor.run(&mut states, &feeds, Clock { seed, step }));
        all.extend(states.iter().cloned());
    }
    all
}

/// The largest number that is met on the way: what rounding errors are measured by.
fn scale(function: &Function, seed: u64) -> f32 {
    let all = function.needed();
    let function = Function { results: all, ..function.clone() };
    let values = outcome(&mut eval::Interpreter::new(function.clone()), &function, seed, false);
    let floats = values.iter().filter_map(|array| match &array.data {
        Data::F32(data) => Some(data),
        _ => None,
    });
    floats.flatten().filter(|x| x.is_finite()).fold(1.0, |scale, x| scale.max(x.abs()))
}

/// How far each array moves when all that goes in does by a millionth: recurrences can make much of little.
fn moves(function: &Function, meant: &[Array], seed: u64) -> Vec<f32> {
    let moved = outcome_near(&mut eval::Interpreter::new(function.clone()), function, seed, false, 1e-6);
    let apart = |(a, b): (&Array, &Array)| match (&a.data, &b.data) {
        (Data::F32(a), Data::F32(b)) => a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max),
        _ => 0.0,
    };
    meant.iter().zip(&moved).map(apart).collect()
}

fn compare(function: &Function, plan: Plan, seed: u64) -> Result<(), String> {
    let meant = outcome(&mut eval::Interpreter::new(function.clone()), function, seed, false);
    let found = outcome(&mut Interpreter::new(plan), function, seed, false);
    let tolerance = 3e-6 * scale(function, seed);
    let moves = moves(function, &meant, seed);
    for (at, (meant, found)) in meant.iter().zip(&found).enumerate() {
        let tolerance = tolerance.max(10.0 * moves[at]);
        let apart = match (&meant.data, &found.data) {
            (Data::F32(a), Data::F32(b)) => {
                let near = |a: f32, b: f32| (a - b).abs() <= tolerance || a == b || (a.is_nan() && b.is_nan());
                a.iter().zip(b).position(|(&a, &b)| !near(a, b))
            }
            (Data::I32(a), Data::I32(b)) => a.iter().zip(b).position(|(a, b)| a != b),
            (Data::Bool(a), Data::Bool(b)) => a.iter().zip(b).position(|(a, b)| a != b),
            _ => Some(0),
        };
        if let Some(place) = apart {
            return Err(format!("array {at} at {place}:\nmeant {meant:?}\nfound {found:?}"));
        }
    }
    Ok(())
}

#[test]
fn kernels_compute_what_random_graphs_mean() {
    for seed in 0..150 {
        for length in [3, 8, 20, 40] {
            let function = functions::function(seed, length);
            let plan = plan(&function, &Machine::portable());
            if let Err(what) = compare(&function, plan.clone(), seed) {
                panic!("seed {seed}, length {length}: {what}\n{}", Loops::of(&plan));
            }
        }
    }
}

#[test]
fn random_graphs_have_nodes_of_every_kind() {
    let mut kinds = std::collections::BTreeMap::new();
    for seed in 0..400 {
        for (kind, count) in functions::kinds(&functions::function(seed, 40)) {
            *kinds.entry(kind).or_insert(0) += count;
        }
    }
    let few: Vec<_> = kinds.iter().filter(|(_, count)| **count < 30).collect();
    // All scalars; six views and their folds; inputs, constants, and eight other kinds.
    let all = dlmc::scalar::Scalar::ALL.len() + 6 + 6 + 2 + 8;
    assert!(few.is_empty() && kinds.len() == all, "{kinds:?}");
}

// -------------------------------------------------------------------------------------------------- snapshots

/// A dense layer of three features and two units on four examples, its mean square loss, and momentum and second moment
/// of each parameter, moved on as Adam does.
fn dense_step() -> Function {
    let mut function = Function::default();
    let (states, feeds) = (&mut function.states, &mut function.feeds);
    *feeds = vec![(vec![4, 24], Dtype::F32), (vec![4, 10], Dtype::F32)];
    for shape in [vec![24, 10], vec![10]] {
        states.extend(vec![(shape, Dtype::F32); 3]);
    }
    let g = &mut function.graph;
    let [x, y] = [(0, [4, 24]), (1, [4, 10])].map(|(slot, shape)| g.input(Slot::Feed(slot), &shape, Dtype::F32));
    let state = |g: &mut Graph, slot: u32, shape: &[usize]| g.input(Slot::State(slot), shape, Dtype::F32);
    let (w, b) = (state(g, 0, &[24, 10]), state(g, 3, &[10]));
    let product = g.contract("ni,io->no", x, w);
    let bias = g.expand(b, 0, 4);
    let sum = g.map(Add, &[product, bias]);
    let zero = g.constant(0.0, &[4, 10]);
    let active = g.map(Max, &[sum, zero]);
    let miss = g.map(Sub, &[active, y]);
    let square = g.map(Mul, &[miss, miss]);
    let row = g.sum(square, 1);
    let loss = g.sum(row, 0);
    let gradients = grad(g, loss, &[w, b]);
    for (first, gradient) in [0, 3].into_iter().zip(gradients) {
        let shape = g.shape(gradient).to_vec();
        let constant = |g: &mut Graph, value| g.constant(value, &shape);
        let [p, m, v] = [0, 1, 2].map(|at| state(g, first + at, &shape));
        let average = |g: &mut Graph, old: Id, new: Id, keep: f32| {
            let (keep, take) = (constant(g, keep), constant(g, 1.0 - keep));
            let (old, new) = (g.map(Mul, &[old, keep]), g.map(Mul, &[new, take]));
            g.map(Add, &[old, new])
        };
        let m = average(g, m, gradient, 0.75);
        let square = g.map(Mul, &[gradient, gradient]);
        let v = average(g, v, square, 0.875);
        let root = g.map(Sqrt, &[v]);
        let tiny = constant(g, 1e-8);
        let size = g.map(Add, &[root, tiny]);
        let step = g.map(Div, &[m, size]);
        let rate = constant(g, 0.01);
        let step = g.map(Mul, &[step, rate]);
        let p = g.map(Sub, &[p, step]);
        function.updates.extend([(first, p), (first + 1, m), (first + 2, v)]);
    }
    function.results = vec![loss];
    function
}

#[test]
fn a_dense_layer_with_its_gradient_and_its_updates_is_four_kernels() {
    let plan = plan(&dense_step(), &Machine::portable());
    insta::assert_snapshot!("dense_step_plan", Tables::new(&plan, &|_| None));
    insta::assert_snapshot!("dense_step_kernels", Loops::of(&plan));
}

#[test]
fn machine_code_of_a_dense_layer_is_printed() {
    let mut function =
        Function { feeds: vec![(vec![2, 5], Dtype::F32), (vec![5, 4], Dtype::F32)], ..Default::default() };
    let g = &mut function.graph;
    let [x, w] = [(0, [2, 5]), (1, [5, 4])].map(|(slot, shape)| g.input(Slot::Feed(slot), &shape, Dtype::F32));
    let y = g.contract("ni,io->no", x, w);
    function.results = vec![g.map(dlmc::scalar::Scalar::Abs, &[y])];
    insta::assert_snapshot!("dense_clif", native::clif(&plan(&function, &Machine::portable())));
}

// ----------------------------------------------------------------------------------------------------- states

/// A function of two states of four elements each; `build` gives the new values.
fn states(build: impl Fn(&mut Graph, [Id; 2]) -> [Id; 2]) -> Function {
    let mut function = Function { states: vec![(vec![2, 2], Dtype::F32); 2], ..Default::default() };
    let olds = [0, 1].map(|slot| function.graph.input(Slot::State(slot), &[2, 2], Dtype::F32));
    let news = build(&mut function.graph, olds);
    function.updates = vec![(0, news[0]), (1, news[1])];
    function
}

#[track_caller]
fn check_states(function: &Function, kernels: usize, arena: usize) {
    let plan = plan(function, &Machine::portable());
    compare(function, plan.clone(), 7).unwrap_or_else(|what| panic!("{what}\n{}", Loops::of(&plan)));
    assert_eq!((plan.kernels.len(), plan.arena), (kernels, arena), "{}", Loops::of(&plan));
}

#[test]
fn states_that_are_read_where_they_are_written_are_written_in_place() {
    check_states(&states(|g, [a, b]| [g.map(Add, &[a, b]), g.map(Mul, &[a, b])]), 1, 0);
}

#[test]
fn states_that_change_places_go_through_the_arena_once() {
    check_states(&states(|_, [a, b]| [b, a]), 3, 64);
}

#[test]
fn a_state_that_is_read_elsewhere_than_where_it_is_written_goes_through_the_arena() {
    check_states(&states(|g, [a, b]| [g.permute(a, &[1, 0]), b]), 2, 64);
    check_states(&states(|g, [a, b]| [g.contract("ij,jk->ik", a, b), b]), 2, 64);
}

#[test]
fn a_state_is_written_after_all_who_read_its_old_value() {
    let function = states(|g, [a, b]| {
        let product = g.contract("ij,jk->ik", a, a);
        [g.map(Add, &[a, a]), g.map(Mul, &[product, b])]
    });
    check_states(&function, 2, 0);
}

#[test]
fn a_state_that_stays_costs_nothing() {
    check_states(&states(|_, [a, b]| [a, b]), 0, 0);
}

// ----------------------------------------------------------------------------------------------------- memory

/// The kernels from the first to the last that touches each buffer.
fn uses(plan: &Plan) -> Vec<Option<(usize, usize)>> {
    let mut uses = vec![None; plan.buffers.len()];
    for (at, kernel) in plan.kernels.iter().enumerate() {
        for buffer in kernel.reads().into_iter().chain(kernel.writes()) {
            uses[buffer] = Some((uses[buffer].map_or(at, |(first, _): (usize, usize)| first), at));
        }
    }
    uses
}

/// Checks that no two buffers overlap while both are in use, and that the arena ends with the last. Returns how many places
/// have been used before.
fn apart(plan: &Plan) -> usize {
    let uses = uses(plan);
    // Where each begins and ends, in memory and in time.
    let mut places: Vec<[usize; 4]> = (0..plan.buffers.len())
        .filter_map(|at| match (plan.buffers[at].home, uses[at]) {
            (Home::Arena(start), Some((first, last))) => Some([start, start + plan.buffers[at].bytes(), first, last]),
            _ => None,
        })
        .collect();
    assert_eq!(places.iter().map(|place| place[1].next_multiple_of(64)).max().unwrap_or(0), plan.arena);
    places.sort_by_key(|place| place[2]);
    let (mut shared, mut live) = (0, Vec::<[usize; 4]>::new());
    let mut used = std::collections::BTreeSet::new();
    for place in places {
        assert_eq!(place[0] % 64, 0);
        live.retain(|other| other[3] >= place[2]);
        let overlap = |other: &&[usize; 4]| other[0] < place[1] && place[0] < other[1];
        assert_eq!(live.iter().find(overlap), None, "{place:?}:\n{}", Loops::of(plan));
        live.push(place);
        shared += usize::from(!used.insert(place[0]));
    }
    shared
}

#[test]
fn buffers_that_are_used_at_the_same_time_do_not_overlap_and_the_arena_ends_with_the_last() {
    let shared: usize = (0..200).map(|seed| apart(&plan(&functions::function(seed, 40), &Machine::portable()))).sum();
    assert!(shared > 100, "memory is used again");
}

/// A chain of products of so many links, and the gradient of what it comes to.
fn chain(links: usize) -> Function {
    let mut graph = Graph::default();
    let weights: Vec<Id> = (0..2).map(|slot| graph.input(Slot::State(slot), &[3, 3], Dtype::F32)).collect();
    let mut x = graph.input(Slot::Feed(0), &[2, 3], Dtype::F32);
    for link in 0..links {
        x = graph.contract("bi,io->bo", x, weights[link % 2]);
        let size = graph.constant(1.0, &[2, 3]);
        let near = graph.map(Max, &[x, size]);
        x = graph.map(Div, &[x, near]);
    }
    let rows = graph.sum(x, 0);
    let loss = graph.sum(rows, 0);
    let results = [vec![loss], grad(&mut graph, loss, &weights)].concat();
    let states = vec![(vec![3, 3], Dtype::F32); 2];
    Function { graph, states, feeds: vec![(vec![2, 3], Dtype::F32)], results, updates: vec![] }
}

#[test]
fn a_plan_of_thousands_of_buffers_is_as_sound_and_computes_the_same() {
    let function = chain(1500);
    let plan = plan(&function, &Machine::portable());
    let in_arena = plan.buffers.iter().filter(|buffer| matches!(buffer.home, Home::Arena(_))).count();
    assert!(in_arena > 4096, "{in_arena} buffers have places in the order of time");
    let shared = apart(&plan);
    assert!(3 * shared > in_arena, "{shared} of {in_arena} places are used again");
    // What lives together needs room together; more than half as much again would be waste.
    let uses = uses(&plan);
    let held = |time: usize| -> usize {
        let live = uses.iter().zip(&plan.buffers).filter(|(used, buffer)| {
            matches!(buffer.home, Home::Arena(_)) && used.is_some_and(|(first, last)| first <= time && time <= last)
        });
        live.map(|(_, buffer)| buffer.bytes().next_multiple_of(64)).sum()
    };
    let most = (0..plan.kernels.len()).step_by(50).map(held).max().expect("kernels");
    assert!(2 * plan.arena <= 3 * most, "{} bytes for {most}", plan.arena);
    compare(&function, plan, 1).unwrap_or_else(|what| panic!("{what}"));
}

/// Plans that would read or write beside their memory, made from a sound one.
fn unsound(plan: &Plan) -> Vec<Plan> {
    let mut all = Vec::new();
    for at in 0..plan.kernels.len() {
        let mut far = plan.clone();
        let kernel = &mut far.kernels[at];
        if kernel.axes().contains(&0) {
            continue;
        }
        let beyond = |at: &Affine| at.plus(1 << 20);
        match &mut kernel.core {
            Core::Product { left, .. } => left.at = beyond(&left.at),
            Core::Winograd(winograd) => winograd.other.at = beyond(&winograd.other.at),
            Core::Order { source, target, .. } => *source = *target,
            Core::Scan(turns) => turns.operands[0] = turns.targets[0],
            Core::Loop | Core::Reduce { .. } => kernel.stores[0].at = beyond(&kernel.stores[0].at),
        }
        all.push(far);
        let mut before = plan.clone();
        let load = before.kernels[at].body.lines.iter_mut().find_map(|line| match &mut line.work {
            Work::Load(load) => Some(load),
            _ => None,
        });
        if let Some(load) = load {
            load.at = load.at.plus(-(1 << 20));
            all.push(before);
        }
        let mut small = plan.clone();
        if matches!(plan.buffers[plan.kernels[at].writes()[0]].home, Home::Arena(_)) {
            small.arena = 0;
            all.push(small);
        }
    }
    all
}

#[test]
fn a_plan_that_leaves_its_memory_is_refused() {
    let mut accepted = Vec::new();
    let mut tried = 0;
    for seed in 0..20 {
        for unsound in unsound(&plan(&functions::function(seed, 20), &Machine::portable())) {
            tried += 1;
            if std::panic::catch_unwind(|| verify(&unsound)).is_ok() {
                accepted.push(Loops::of(&unsound).to_string());
            }
        }
    }
    assert!(accepted.is_empty(), "{}", accepted[0]);
    assert!(tried > 100);
}

/// Rows of eight numbers or fewer are written out, and the axis around them is still cut as what is read wants it.
#[test]
fn an_axis_around_rows_that_are_written_out_is_cut_as_well() {
    for (count, shape) in [(48, [3, 2, 8]), (24, [2, 3, 4]), (90, [5, 9, 2]), (40, [5, 1, 8])] {
        let mut graph = Graph::default();
        let read = [&[3, 1][..], &shape].concat();
        let feeds: Vec<Id> = (0..2).map(|slot| graph.input(Slot::Feed(slot), &read, Dtype::F32)).collect();
        let turned = graph.permute(feeds[1], &[0, 1, 3, 2, 4]);
        let turned = graph.reshape(turned, &read);
        let sum = graph.map(Add, &[feeds[0], turned]);
        let whole = graph.reshape(sum, &[3, 1, count]);
        let function = Function {
            graph,
            feeds: vec![(read.clone(), Dtype::F32), (read, Dtype::F32)],
            results: vec![whole],
            ..Function::default()
        };
        compare(&function, plan(&function, &Machine::host()), count as u64).expect("the same numbers");
    }
}
