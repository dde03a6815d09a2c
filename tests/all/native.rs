//! Machine code against the kernel interpreter, bit for bit.

use dlmc::kernel::eval::Interpreter;
use dlmc::kernel::{Home, Loops, Machine, plan};
use dlmc::native::{self, Side};
use dlmc::scalar::{Dtype, Scalar};
use dlmc::tensor::{Array, Clock, Data, Executor, Function, Graph, Id, Slot, eval};

use crate::functions::{self, Dice};
use crate::kernels::outcome;
use crate::tensors::views;

/// All bits of an array; every NaN counts as one.
pub fn bits(array: &Array) -> Vec<u32> {
    match &array.data {
        Data::F32(data) => data.iter().map(|x| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() }).collect(),
        Data::I32(data) => data.iter().map(|&x| x as u32).collect(),
        Data::Bool(data) => data.iter().map(|&x| x.into()).collect(),
    }
}

/// Half of the steps meet a page that may not be touched before their buffers, half of them behind.
pub fn side(seed: u64) -> Side {
    if seed.is_multiple_of(2) { Side::Behind } else { Side::Before }
}

fn compare(function: &Function, seed: u64, machine: &Machine) -> Result<(), String> {
    let plan = plan(function, machine);
    let mut interpreter = Interpreter::new(plan.clone());
    let mut step = native::compile_guarded(plan, side(seed));
    for wild in [false, true] {
        let meant = outcome(&mut interpreter, function, seed, wild);
        let found = outcome(&mut step, function, seed, wild);
        for (at, (meant, found)) in meant.iter().zip(&found).enumerate() {
            let (meant, found) = (bits(meant), bits(found));
            if let Some(place) = meant.iter().zip(&found).position(|(a, b)| a != b) {
                let (a, b) = (meant[place], found[place]);
                let [x, y] = [a, b].map(f32::from_bits);
                return Err(format!("array {at} at {place} (wild: {wild}): meant {a:08x} {x}, found {b:08x} {y}"));
            }
        }
    }
    Ok(())
}

/// Panics where machine code differs from the kernel interpreter, or writes beside what is its own.
#[track_caller]
pub fn check(function: &Function, seed: u64, machine: &Machine) {
    if let Err(what) = compare(function, seed, machine) {
        panic!("seed {seed}: {what}\n{}", Loops::of(&plan(function, machine)));
    }
}

#[test]
fn machine_code_equals_the_kernel_interpreter_on_random_graphs() {
    for seed in 0..120 {
        for length in [3, 8, 20, 40] {
            check(&functions::function(seed, length), seed, &Machine::host());
        }
    }
}

#[test]
fn machine_code_without_fused_multiply_add_computes_the_same() {
    for seed in 1000..1020 {
        check(&functions::function(seed, 20), seed, &Machine::portable());
    }
}

// --------------------------------------------------------------------------------------------------- products

#[test]
fn products_of_all_sizes_and_layouts_are_the_same_chains() {
    let machine = Machine::host();
    // Left, right, result: plain, transposed operands, transposed result, batches in front, in the middle, at the end.
    let specs = [
        "mk,kn->mn",
        "km,kn->mn",
        "mk,nk->mn",
        "mk,kn->nm",
        "bmk,bkn->bmn",
        "bmk,bkn->mbn",
        "mkb,knb->mnb",
        "mpk,qkn->pmnq",
    ];
    for (seed, spec) in (0..).zip(specs.iter().cycle().take(48)) {
        let mut dice = Dice::new(seed);
        let mut extents = std::collections::BTreeMap::new();
        let (args, _) = spec.split_once("->").expect("an arrow");
        let (left, right) = args.split_once(',').expect("a comma");
        let mut shape = |labels: &str| -> Vec<usize> {
            labels.chars().map(|label| *extents.entry(label).or_insert_with(|| dice.within(1, 19))).collect()
        };
        let shapes = [shape(left), shape(right)];
        let mut function = Function { feeds: shapes.map(|shape| (shape, Dtype::F32)).to_vec(), ..Default::default() };
        let g = &mut function.graph;
        let [a, b] = [0, 1].map(|slot| g.input(Slot::Feed(slot), &function.feeds[slot as usize].0, Dtype::F32));
        let product = g.contract(spec, a, b);
        // A body behind it, which has to find its place in the tile.
        let shape = g.shape(product).to_vec();
        let index = g.index(0, &shape);
        let index = g.map(Scalar::ToF32, &[index]);
        let scaled = g.map(Scalar::Mul, &[product, index]);
        function.results = vec![product, scaled];
        check(&function, seed, &machine);
    }
}

#[test]
fn a_product_is_one_chain_in_the_order_of_the_summed_axis() {
    let mut function =
        Function { feeds: vec![(vec![1, 3], Dtype::F32), (vec![3, 1], Dtype::F32)], ..Default::default() };
    let g = &mut function.graph;
    let [a, b] = [(0, [1, 3]), (1, [3, 1])].map(|(slot, shape)| g.input(Slot::Feed(slot), &shape, Dtype::F32));
    function.results = vec![g.contract("ik,kj->ij", a, b)];
    // 1e8 + 1 is 1e8 in f32, so any other order gives 1.
    let feeds = [Array::f32(&[1, 3], vec![1e8, 1.0, -1e8]), Array::f32(&[3, 1], vec![1.0; 3])];
    let mut step = native::compile(plan(&function, &Machine::host()));
    let found = step.run(&mut [], &feeds.iter().collect::<Vec<_>>(), Clock { seed: 0, step: 1 });
    assert_eq!(found[0].floats(), [0.0]);
}

// ------------------------------------------------------------------------------------------- views, reductions

/// A function of feeds of these shapes.
pub fn of_feeds(feeds: &[(&[usize], Dtype)], build: impl Fn(&mut Graph, &[Id]) -> Vec<Id>) -> Function {
    let types = feeds.iter().map(|(shape, dtype)| (shape.to_vec(), *dtype)).collect();
    let mut function = Function { feeds: types, ..Default::default() };
    let inputs: Vec<Id> =
        (0..).zip(feeds).map(|(slot, (shape, dtype))| function.graph.input(Slot::Feed(slot), shape, *dtype)).collect();
    function.results = build(&mut function.graph, &inputs);
    function
}

/// Whether the graph's interpreter and machine code give equal bits: for what no sum is in, or exact ones.
#[track_caller]
fn check_exactly(function: &Function, seed: u64) {
    let meant = outcome(&mut eval::Interpreter::new(function.clone()), function, seed, false);
    let plan = plan(function, &Machine::host());
    let mut step = native::compile_guarded(plan.clone(), side(seed));
    let found = outcome(&mut step, function, seed, false);
    assert!(meant.iter().zip(&found).all(|(a, b)| bits(a) == bits(b)), "{meant:?}\n{found:?}\n{}", Loops::of(&plan));
}

#[test]
fn every_view_and_its_adjoint_move_what_they_say() {
    for view in views() {
        let (shape, seen) = ([2, 3, 5], view.shape(&[2, 3, 5]));
        check_exactly(
            &of_feeds(&[(&shape, Dtype::F32), (&shape, Dtype::Bool)], |g, feeds| {
                // Once read where it lies, once of something computed.
                let negative = g.map(Scalar::Neg, &[feeds[0]]);
                [feeds[0], feeds[1], negative].map(|x| g.view(view.clone(), x)).to_vec()
            }),
            3,
        );
        check_exactly(
            &of_feeds(&[(&seen, Dtype::I32)], |g, feeds| {
                let negative = g.map(Scalar::Neg, &[feeds[0]]);
                [feeds[0], negative].map(|x| g.fold(view.clone(), x, &shape)).to_vec()
            }),
            4,
        );
    }
}

#[test]
fn memory_that_is_turned_round_is_gone_through_a_few_columns_at_a_time() {
    let turned = |shape: &[usize], dtype: Dtype| {
        of_feeds(&[(shape, dtype)], |g, feeds| {
            let rank = shape.len();
            let order: Vec<usize> = (0..rank - 2).chain([rank - 1, rank - 2]).collect();
            vec![g.permute(feeds[0], &order)]
        })
    };
    let machine = Machine { threads: 1, ..Machine::host() };
    let space = |shape: &[usize]| plan(&turned(shape, Dtype::F32), &machine).kernels[0].space.clone();
    assert_eq!(space(&[160, 40]), [10, 40, 16]);
    assert_eq!(space(&[3, 192, 24]), [3, 12, 24, 16]);
    // Few lines, few neighbours, columns that are left over.
    assert_eq!(space(&[128, 40]), [40, 128]);
    assert_eq!(space(&[160, 8]), [8, 160]);
    assert_eq!(space(&[150, 40]), [40, 150]);
    for shape in [&[160, 40][..], &[3, 192, 24], &[150, 40], &[1600, 17]] {
        for dtype in [Dtype::F32, Dtype::I32, Dtype::Bool] {
            check_exactly(&turned(shape, dtype), 5);
        }
    }
}

#[test]
fn reductions_of_every_length_along_every_axis_are_right() {
    for extent in 0..=70 {
        for shape in [[extent, 5], [5, extent]] {
            let axis = shape.iter().position(|&e| e == extent).expect("an axis");
            let function =
                of_feeds(&[(&shape, Dtype::F32), (&shape, Dtype::I32), (&shape, Dtype::Bool)], |g, feeds| {
                    let mut results = vec![g.sum(feeds[1], axis), g.sum(feeds[0], axis)];
                    if extent > 0 {
                        results.extend(feeds.iter().map(|&feed| g.max(feed, axis)).collect::<Vec<_>>());
                        results.push(g.order(feeds[0], axis));
                    }
                    results
                });
            check(&function, extent as u64, &Machine::host());
            let exact = Function { results: [&function.results[..1], &function.results[2..]].concat(), ..function };
            check_exactly(&exact, extent as u64);
        }
    }
}

#[test]
fn empty_tensors_are_sums_of_nothing() {
    let feeds: [(&[usize], Dtype); 2] = [(&[3, 0], Dtype::F32), (&[0, 6], Dtype::F32)];
    let function = of_feeds(&feeds, |g, feeds| {
        let padded = g.view(dlmc::tensor::View::Pad { axis: 1, before: 1, after: 4, between: 0 }, feeds[0]);
        vec![g.contract("ik,kj->ij", feeds[0], feeds[1]), g.sum(feeds[1], 0), feeds[1], padded]
    });
    check_exactly(&function, 1);
}

// ---------------------------------------------------------------------------------------------------- scalars

/// Bits of f32 at which something happens.
fn edges() -> Vec<u32> {
    let mut edges: Vec<u32> = [
        0.0,
        1.0,
        0.5,
        2.0,
        3.0,
        1.5,
        2.5,
        0.1,
        0.625,
        0.8,
        87.0,
        88.8,
        89.0,
        103.0,
        4.0,
        1e-3,
        1e-30,
        1e30,
        3e38,
        1e-38,
        1.1754944e-38,
        1e-40,
        1e-45,
        8388607.5,
        8388608.0,
        16777216.0,
        2147483648.0,
        4294967296.0,
        std::f32::consts::PI,
        65536.0,
        f32::INFINITY,
        f32::NAN,
        f32::MAX,
    ]
    .iter()
    .map(|x: &f32| x.to_bits())
    .collect();
    edges.extend(edges.clone().iter().map(|bits| bits ^ 0x8000_0000));
    // Numbers whose products and quotients fall between the largest denormal number and the least normal one.
    edges.extend([
        0x3f7f_ffff,
        0x3f80_0001,
        0x0080_0000,
        0x0080_0001,
        0x007f_ffff,
        0x0100_0001,
        0x4000_0001,
        0x3fff_ffff,
    ]);
    edges
}

/// Words for one operand: the edges of its type against those of the others, and then anything.
fn words(dtype: Dtype, operand: usize, count: usize, dice: &mut Dice) -> Vec<u32> {
    let edges = match dtype {
        Dtype::F32 => edges(),
        Dtype::I32 => {
            vec![0, 1, 2, 3, 7, u32::MAX, -2i32 as u32, -7i32 as u32, i32::MAX as u32, i32::MIN as u32, 1 << 30, 65536]
        }
        Dtype::Bool => vec![0, 1],
    };
    let stride = edges.len().pow(operand as u32);
    let of_edges = edges.len().pow(2);
    let any = |dice: &mut Dice| match dtype {
        Dtype::F32 if dice.chance(2) => ((dice.next() as i32 >> 8) as f32 / 65536.0).to_bits(),
        Dtype::F32 => dice.next() as u32,
        Dtype::I32 => (dice.next() as i32 >> dice.below(32)) as u32,
        Dtype::Bool => dice.below(2) as u32,
    };
    (0..count).map(|at| if at < of_edges { edges[at / stride % edges.len()] } else { any(dice) }).collect()
}

fn array(dtype: Dtype, shape: &[usize], words: &[u32]) -> Array {
    let data = match dtype {
        Dtype::F32 => Data::F32(words.iter().map(|&x| f32::from_bits(x)).collect()),
        Dtype::I32 => Data::I32(words.iter().map(|&x| x as i32).collect()),
        Dtype::Bool => Data::Bool(words.iter().map(|&x| x != 0).collect()),
    };
    Array { shape: shape.to_vec(), data }
}

#[test]
fn every_scalar_is_the_same_in_machine_code_wide_and_single() {
    const COUNT: usize = 3 * 6000;
    let mut dice = Dice::new(5);
    for &scalar in Scalar::ALL {
        for &(operands, result) in scalar.def().signatures {
            let words: Vec<Vec<u32>> =
                operands.iter().enumerate().map(|(at, &dtype)| words(dtype, at, COUNT, &mut dice)).collect();
            // Rows of three that are read across cannot be four side by side.
            for (shape, order) in [([COUNT, 1], [0, 1]), ([3, COUNT / 3], [1, 0])] {
                let feeds: Vec<(&[usize], Dtype)> = operands.iter().map(|&dtype| (&shape[..], dtype)).collect();
                let function = of_feeds(&feeds, |g, feeds| {
                    let args: Vec<Id> = feeds.iter().map(|&feed| g.permute(feed, &order)).collect();
                    vec![g.map(scalar, &args)]
                });
                let arrays: Vec<Array> =
                    operands.iter().zip(&words).map(|(&dtype, words)| array(dtype, &shape, words)).collect();
                let mut step = native::compile(plan(&function, &Machine::host()));
                let found = step.run(&mut [], &arrays.iter().collect::<Vec<_>>(), Clock { seed: 0, step: 1 });
                let found = bits(&found[0]);
                for (at, &found) in found.iter().enumerate() {
                    let place = if order == [0, 1] { at } else { at / 3 + at % 3 * (COUNT / 3) };
                    let x: Vec<u32> = words.iter().map(|words| words[place]).collect();
                    let meant = bits(&array(result, &[1], &[scalar.eval(operands, &x)]))[0];
                    assert_eq!(found, meant, "{scalar:?} of {operands:?} {x:08x?}, {found:08x} for {meant:08x}");
                }
            }
        }
    }
}

// ------------------------------------------------------------------------------------------------------- runs

#[test]
fn a_step_gives_the_same_bits_however_often_it_is_compiled_and_run() {
    for seed in [3, 11, 29] {
        let function = functions::function(seed, 40);
        let plan = plan(&function, &Machine::host());
        let mut first = native::compile(plan.clone());
        let runs = [0, 1].map(|_| outcome(&mut first, &function, seed, false));
        let again = outcome(&mut native::compile(plan), &function, seed, false);
        for (a, (b, c)) in runs[0].iter().zip(runs[1].iter().zip(&again)) {
            assert_eq!((bits(a), bits(a)), (bits(b), bits(c)));
        }
    }
}

#[test]
fn the_arena_has_as_many_bytes_as_the_plan_says() {
    for seed in 0..20 {
        let plan = plan(&functions::function(seed, 20), &Machine::host());
        let outside = [&plan.states[..], &plan.feeds, &plan.results].concat();
        let bytes = |(shape, dtype): &(Vec<usize>, Dtype)| {
            shape.iter().product::<usize>() * if *dtype == Dtype::Bool { 1 } else { 4 }
        };
        let step = native::compile(plan.clone());
        assert_eq!(step.arena_bytes(), plan.arena);
        assert_eq!(plan.peak_bytes(), plan.arena + outside.iter().map(bytes).sum::<usize>());
    }
}

/// Nothing that one leaves in the arena means anything to another.
#[test]
fn steps_that_share_a_room_compute_what_they_do_alone() {
    let room = native::Room::default();
    let functions: Vec<Function> = (0..12).map(|seed| functions::function(seed, 20)).collect();
    let plans: Vec<_> = functions.iter().map(|function| plan(function, &Machine::host())).collect();
    let mut together: Vec<_> = plans.iter().map(|plan| native::compile_in(plan.clone(), &room)).collect();
    let largest = plans.iter().map(|plan| plan.arena).max().expect("some");
    assert!(together.iter().all(|step| step.arena_bytes() == largest));
    for round in 0..3 {
        for (at, (function, plan)) in functions.iter().zip(&plans).enumerate() {
            let alone = outcome(&mut native::compile(plan.clone()), function, round, false);
            let shared = outcome(&mut together[at], function, round, false);
            for (alone, shared) in alone.iter().zip(&shared) {
                assert_eq!(bits(alone), bits(shared), "function {at} in round {round}");
            }
        }
    }
}

#[test]
fn denormal_numbers_count_as_zero_while_a_step_runs_and_not_after() {
    let function = of_feeds(&[(&[5], Dtype::F32)], |g, feeds| vec![g.map(Scalar::Add, &[feeds[0], feeds[0]])]);
    let mut step = native::compile(plan(&function, &Machine::host()));
    let found = step.run(&mut [], &[&Array::f32(&[5], vec![1e-40; 5])], Clock { seed: 0, step: 1 });
    assert_eq!(found[0].floats(), [0.0; 5]);
    let half = std::hint::black_box(f32::MIN_POSITIVE) / 2.0;
    assert!(half > 0.0);
}

/// Layers that differ only in where their weights and values lie are compiled once, and compute what they did.
#[test]
fn what_kernels_have_in_common_is_one_function() {
    let layers = 6;
    let width = 20;
    let (input, weights) = ([8, width], [width, width]);
    let feeds: Vec<(&[usize], Dtype)> =
        std::iter::once((&input[..], Dtype::F32)).chain((0..layers).map(|_| (&weights[..], Dtype::F32))).collect();
    let function = of_feeds(&feeds, |g, feeds| {
        let mut value = feeds[0];
        for &weight in &feeds[1..] {
            let product = g.contract("mk,kn->mn", value, weight);
            let total = g.sum(product, 1);
            let total = g.expand(total, 1, width);
            let less = g.map(Scalar::Sub, &[product, total]);
            value = g.map(Scalar::Tanh, &[less]);
        }
        vec![value]
    });
    for machine in [Machine::host(), Machine::portable(), Machine { threads: 2, ..Machine::host() }] {
        let plan = plan(&function, &machine);
        let text = native::clif(&plan);
        let bodies = text.lines().filter(|line| line.starts_with("; ") && line.ends_with(".shared")).count();
        let calls = text.lines().filter(|line| line.starts_with("; ")).count() - bodies;
        assert_eq!(calls, plan.kernels.len());
        // The first reads a feed, the last writes a result; types are the same all along.
        assert!(plan.kernels.len() >= 3 * layers && bodies < calls / 3 && bodies > 0, "{bodies} of {calls}");
        check(&function, 5, &machine);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn pages_around_every_buffer_may_not_be_touched() {
    let plan = plan(&functions::function(3, 20), &Machine::host());
    let in_arena = plan.buffers.iter().filter(|it| matches!(it.home, Home::Arena(_))).count();
    assert!(in_arena > 3, "{in_arena} buffers");
    for side in [Side::Before, Side::Behind] {
        let step = native::compile_guarded(plan.clone(), side);
        assert_eq!(step.pages().len(), in_arena);
        let maps = std::fs::read_to_string("/proc/self/maps").expect("what is mapped");
        let rights = |address: usize| {
            let of = |line: &str| {
                let (range, rest) = line.split_once(' ')?;
                let (from, to) = range.split_once('-')?;
                let [from, to] = [from, to].map(|it| usize::from_str_radix(it, 16).expect("an address"));
                (from..to).contains(&address).then(|| rest[..2].to_string())
            };
            maps.lines().find_map(of).unwrap_or_default()
        };
        for range in step.pages() {
            assert_eq!([range.start, range.end - 1].map(rights), ["rw", "rw"], "{side:?}");
            assert_eq!([range.start - 1, range.end].map(rights), ["--", "--"], "{side:?}");
        }
    }
}
