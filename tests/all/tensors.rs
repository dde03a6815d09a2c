//! The kinds of node as the reference interpreter means them, against their definitions place by place.

use dlmc::scalar::plain::Single;
use dlmc::scalar::{Dtype, Scalar};
use dlmc::tensor::view::{offset, places};
use dlmc::tensor::{
    Array, Clock, Data, Draw, Executor, Function, Graph, Id, Interpreter, Slot, View, evaluate, random,
};

pub const CLOCK: Clock = Clock { seed: 42, step: 3 };

/// Views of a `[2, 3, 5]`, of every kind, with every setting at an interesting value.
pub fn views() -> Vec<View> {
    vec![
        View::Expand { axis: 0, times: 3 },
        View::Expand { axis: 1, times: 2 },
        View::Expand { axis: 3, times: 4 },
        View::Permute { order: vec![2, 0, 1] },
        View::Permute { order: vec![1, 0, 2] },
        View::Slice { axis: 2, start: 1, step: 2, len: 2 },
        View::Slice { axis: 2, start: 4, step: -1, len: 5 },
        View::Slice { axis: 2, start: 3, step: -3, len: 2 },
        View::Slice { axis: 1, start: 1, step: 1, len: 0 },
        View::Pad { axis: 0, before: 1, after: 2, between: 0 },
        View::Pad { axis: 2, before: 0, after: 1, between: 2 },
        View::Window { axis: 2, size: 2, stride: 2, dilation: 1 },
        View::Window { axis: 2, size: 2, stride: 1, dilation: 3 },
        View::Window { axis: 1, size: 3, stride: 1, dilation: 1 },
        View::Reshape { shape: vec![5, 6] },
        View::Reshape { shape: vec![30, 1] },
    ]
}

/// Numbers of both signs without a pattern, none twice.
pub fn numbers(size: usize) -> Vec<f32> {
    (0..size).map(|i| ((i * 7919 + 13) % 997) as f32 / 498.5 - 1.0).collect()
}

fn array(shape: &[usize]) -> Array {
    Array::f32(shape, numbers(shape.iter().product()))
}

fn input(graph: &mut Graph, slot: u32, shape: &[usize]) -> Id {
    graph.input(Slot::Feed(slot), shape, Dtype::F32)
}

/// The value of what `build` makes of one f32 for each of `shapes`.
fn value(shapes: &[&[usize]], build: impl Fn(&mut Graph, &[Id]) -> Id) -> (Vec<Array>, Array) {
    let mut graph = Graph::default();
    let inputs: Vec<Id> = (0..).zip(shapes).map(|(slot, shape)| input(&mut graph, slot, shape)).collect();
    let y = build(&mut graph, &inputs);
    let feeds: Vec<Array> = shapes.iter().map(|shape| array(shape)).collect();
    let result = evaluate(&graph, &[y], &[], &feeds, CLOCK).remove(0);
    (feeds, result)
}

#[track_caller]
pub fn check_close(left: &[f32], right: &[f32], tolerance: f32) {
    assert_eq!(left.len(), right.len());
    for (at, (a, b)) in left.iter().zip(right).enumerate() {
        let close = (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs())) || a.is_nan() && b.is_nan() || a == b;
        assert!(close, "at {at}: {a} and {b}");
    }
}

#[test]
fn a_view_shows_the_places_that_it_names() {
    let from = [2, 3, 5];
    for view in views() {
        let (feeds, seen) = value(&[&from], |graph, x| graph.view(view.clone(), x[0]));
        let show = |at: Vec<usize>| view.source(&at, &from).map_or(0.0, |at| feeds[0].floats()[offset(&at, &from)]);
        assert_eq!(seen.floats(), places(&seen.shape).map(show).collect::<Vec<_>>(), "{view:?}");
    }
}

#[test]
fn a_fold_adds_up_what_shows_a_place() {
    let from = [2, 3, 5];
    for view in views() {
        let to = view.shape(&from);
        let (feeds, folded) = value(&[&to], |graph, x| graph.fold(view.clone(), x[0], &from));
        let mut expected = vec![0.0; 30];
        for (at, x) in places(&to).zip(feeds[0].floats()) {
            if let Some(place) = view.source(&at, &from) {
                expected[offset(&place, &from)] += x;
            }
        }
        check_close(folded.floats(), &expected, 1e-6);
    }
}

#[test]
fn views_and_folds_of_strided_values_agree_with_those_of_copies() {
    for outer in [View::Permute { order: vec![2, 0, 1] }, View::Slice { axis: 2, start: 4, step: -1, len: 5 }] {
        for inner in views() {
            let (_, lazy) = value(&[&[2, 3, 5]], |graph, x| {
                let seen = graph.view(outer.clone(), x[0]);
                let seen =
                    if seen == x[0] || graph.shape(seen) != [2, 3, 5] { graph.reshape(seen, &[2, 3, 5]) } else { seen };
                let seen = graph.view(inner.clone(), seen);
                graph.fold(inner.clone(), seen, &[2, 3, 5])
            });
            let (_, copied) = value(&[&[2, 3, 5]], |graph, x| {
                let seen = graph.view(outer.clone(), x[0]);
                let seen = graph.reshape(seen, &[2, 3, 5]);
                let zero = graph.constant(0.0, &[2, 3, 5]);
                let seen = graph.map(Scalar::Add, &[seen, zero]);
                let seen = graph.view(inner.clone(), seen);
                graph.fold(inner.clone(), seen, &[2, 3, 5])
            });
            check_close(lazy.floats(), copied.floats(), 1e-6);
        }
    }
}

#[test]
fn a_contraction_is_a_sum_of_products() {
    let extents = [(b'i', 2), (b'j', 3), (b'k', 4), (b'l', 5), (b'm', 1)];
    let specs = [
        "ik,kj->ij",
        "ki,kj->ij",
        "ik,jk->ji",
        "ik,k->i",
        "k,k->",
        ",->",
        "i,j->ji",
        "lik,ljk->lij",
        "lik,kjl->ilj",
        "ij,ij->ij",
        "ij,ij->",
        "ij,ji->j",
        "ijkl,klm->imj",
        ",ij->ji",
        "l,lij->jil",
    ];
    for spec in specs {
        let (args, out) = spec.split_once("->").unwrap();
        let (a, b) = args.split_once(',').unwrap();
        let extent = |label: u8| extents.iter().find(|(l, _)| *l == label).unwrap().1;
        let shape = |labels: &str| labels.bytes().map(extent).collect::<Vec<usize>>();
        let (feeds, result) = value(&[&shape(a), &shape(b)], |graph, x| graph.contract(spec, x[0], x[1]));

        let mut labels: Vec<u8> = args.bytes().filter(|&label| label != b',').collect();
        labels.sort();
        labels.dedup();
        let mut expected = vec![0.0; shape(out).iter().product()];
        for at in places(&labels.iter().map(|&l| extent(l)).collect::<Vec<_>>()) {
            let pick = |of: &str| {
                let place: Vec<usize> = of.bytes().map(|l| at[labels.iter().position(|&k| k == l).unwrap()]).collect();
                offset(&place, &shape(of))
            };
            expected[pick(out)] += feeds[0].floats()[pick(a)] * feeds[1].floats()[pick(b)];
        }
        assert_eq!(result.shape, shape(out), "{spec}");
        check_close(result.floats(), &expected, 1e-6);
    }
}

#[test]
fn the_largest_is_a_nan_if_there_is_one() {
    let mut graph = Graph::default();
    let x = input(&mut graph, 0, &[2, 3]);
    let (rows, columns) = (graph.max(x, 0), graph.max(x, 1));
    let feeds = [Array::f32(&[2, 3], vec![1.0, f32::NAN, -3.0, 0.0, 5.0, -2.0])];
    let values = evaluate(&graph, &[rows, columns], &[], &feeds, CLOCK);
    check_close(values[0].floats(), &[1.0, f32::NAN, -2.0], 0.0);
    check_close(values[1].floats(), &[f32::NAN, 5.0], 0.0);
}

#[test]
fn an_order_is_stable_and_puts_nan_last() {
    let mut graph = Graph::default();
    let x = input(&mut graph, 0, &[6]);
    let order = graph.order(x, 0);
    let feeds = [Array::f32(&[6], vec![2.0, f32::NAN, -0.0, 2.0, 0.0, f32::NEG_INFINITY])];
    assert_eq!(evaluate(&graph, &[order], &[], &feeds, CLOCK)[0].integers(), [5, 2, 4, 0, 3, 1]);
}

#[test]
fn a_gather_reads_and_a_scatter_adds_where_the_index_says() {
    // Two tables of one leading place, three rows of two numbers; four indices, one of them outside.
    for batch in [0, 1] {
        let mut graph = Graph::default();
        let table = input(&mut graph, 0, &[2, 1, 3, 2]);
        let index = graph.input(Slot::Feed(1), if batch == 1 { &[2, 4] } else { &[4] }, Dtype::I32);
        let read = graph.gather(table, index, 2, batch);
        let back = graph.scatter_add(read, index, 2, batch, &[2, 1, 3, 2]);
        let indices = vec![2, 0, 2, 7, 1, -1, 0, 0][..4 * (batch + 1)].to_vec();
        let feeds = [array(&[2, 1, 3, 2]), Array::i32(graph.shape(index), indices.clone())];
        let values = evaluate(&graph, &[read, back], &[], &feeds, CLOCK);
        let (mut expected, mut sums) = (vec![], vec![0.0; 12]);
        for b in 0..2 {
            for j in 0..4 {
                let row = indices[if batch == 1 { 4 * b + j } else { j }].clamp(0, 2) as usize;
                for k in 0..2 {
                    let at = (b * 3 + row) * 2 + k;
                    expected.push(feeds[0].floats()[at]);
                    sums[at] += feeds[0].floats()[at];
                }
            }
        }
        assert_eq!(values[0].floats(), expected);
        check_close(values[1].floats(), &sums, 1e-6);
    }
}

#[test]
fn an_index_is_the_place_along_its_axis() {
    let mut graph = Graph::default();
    let index = graph.index(1, &[2, 3]);
    assert_eq!(evaluate(&graph, &[index], &[], &[], CLOCK)[0].integers(), [0, 1, 2, 0, 1, 2]);
}

#[test]
fn sums_of_integers_wrap() {
    let mut graph = Graph::default();
    let x = graph.integer(i32::MAX, &[3]);
    let sum = graph.sum(x, 0);
    assert_eq!(evaluate(&graph, &[sum], &[], &[], CLOCK)[0].integers(), [i32::MAX.wrapping_mul(3)]);
}

#[test]
fn random_numbers_depend_on_seed_step_site_and_place_alone() {
    let mut graph = Graph::default();
    let [few, many] = [70, 1000].map(|size| graph.random(Draw::Normal, 5, &[size]));
    let other = graph.random(Draw::Normal, 6, &[70]);
    let at = |clock| evaluate(&graph, &[few, many, other], &[], &[], clock);
    let values = at(CLOCK);
    assert_eq!(values[0].floats(), &values[1].floats()[..70]);
    assert_eq!(values, at(CLOCK));
    let clocks = [Clock { seed: 43, ..CLOCK }, Clock { seed: 42 + (1 << 32), ..CLOCK }, Clock { step: 4, ..CLOCK }];
    for different in clocks.map(|clock| at(clock).swap_remove(0)).iter().chain([&values[2]]) {
        let same = different.floats().iter().zip(values[0].floats()).filter(|(a, b)| a == b).count();
        assert_eq!(same, 0);
    }
}

#[test]
fn random_numbers_have_their_distribution() {
    let size = 100_000;
    let uniform = random::numbers(Draw::Uniform, CLOCK, 0, size);
    let normal = random::numbers(Draw::Normal, CLOCK, 1, size);
    assert!(uniform.iter().all(|&x| (0.0..1.0).contains(&x) && (x * 16777216.0).fract() == 0.0));
    for (place, &x) in uniform.iter().enumerate().step_by(317) {
        assert_eq!(x, random::value(CLOCK, 0, Draw::Uniform, place));
    }
    let moment = |x: &[f32], power: i32| x.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / size as f64;
    let expected = [
        (&uniform, 1, 0.5),
        (&uniform, 2, 1.0 / 3.0),
        (&normal, 1, 0.0),
        (&normal, 2, 1.0),
        (&normal, 3, 0.0),
        (&normal, 4, 3.0),
    ];
    for (numbers, power, mean) in expected {
        let deviation = (moment(numbers, 2 * power) - mean * mean).sqrt() / (size as f64).sqrt();
        assert!((moment(numbers, power) - mean).abs() < 4.0 * deviation, "moment {power}: {}", moment(numbers, power));
    }
    // Neighbours are not correlated.
    for distance in [1, 2, 16, 64] {
        let product: f64 = normal.iter().zip(&normal[distance..]).map(|(a, b)| f64::from(a * b)).sum();
        assert!((product / (size as f64).sqrt()).abs() < 4.0, "at distance {distance}");
    }
}

#[test]
fn the_upper_half_of_a_product_is_right_without_wide_integers() {
    use dlmc::scalar::Ops;
    use dlmc::scalar::plain::Double;
    let numbers = [0, 1, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xdead_beef, u32::MAX];
    for a in numbers {
        for b in numbers {
            let high = Double.int_mul_high(f64::from(a as i32), f64::from(b as i32));
            assert_eq!(high as i32 as u32, ((u64::from(a) * u64::from(b)) >> 32) as u32, "{a:x} times {b:x}");
        }
    }
}

#[test]
fn a_function_moves_its_states_at_the_end_of_the_call() {
    let mut graph = Graph::default();
    let [a, b] = [0, 1].map(|slot| graph.input(Slot::State(slot), &[2], Dtype::F32));
    let step = graph.input(Slot::Step, &[], Dtype::I32);
    let sum = graph.map(Scalar::Add, &[a, b]);
    let function = Function {
        graph,
        states: vec![(vec![2], Dtype::F32); 2],
        feeds: vec![],
        results: vec![sum, step],
        updates: vec![(0, b), (1, sum)],
    };
    let mut states = vec![Array::f32(&[2], vec![1.0, 2.0]), Array::f32(&[2], vec![3.0, 5.0])];
    let results = Interpreter::new(function).run(&mut states, &[], CLOCK);
    assert_eq!(results[0].floats(), [4.0, 7.0]);
    assert_eq!(results[1].data, Data::I32(vec![3]));
    assert_eq!(states[0].floats(), [3.0, 5.0]);
    assert_eq!(states[1].floats(), [4.0, 7.0]);
}

#[test]
fn scalars_of_a_tensor_are_those_of_the_table() {
    for &scalar in Scalar::ALL {
        for &(types, to) in scalar.def().signatures {
            let mut graph = Graph::default();
            let size = 1030;
            let feeds: Vec<Array> = types.iter().enumerate().map(|(at, dtype)| operand(*dtype, size, at)).collect();
            let inputs: Vec<Id> =
                (0..).zip(types).map(|(slot, &dtype)| graph.input(Slot::Feed(slot), &[size], dtype)).collect();
            let y = graph.map(scalar, &inputs);
            let value = evaluate(&graph, &[y], &[], &feeds, CLOCK).remove(0);
            assert_eq!(value.dtype(), to);
            for i in [0, 1, 511, 512, 513, size - 1] {
                let expected = scalar.eval(types, &feeds.iter().map(|feed| word(feed, i)).collect::<Vec<_>>());
                assert_eq!(word(&value, i), expected, "{scalar:?} of {types:?} at {i}");
            }
        }
    }
}

fn operand(dtype: Dtype, size: usize, at: usize) -> Array {
    let numbers = numbers(size + at)[at..].to_vec();
    match dtype {
        Dtype::F32 => Array::f32(&[size], numbers),
        Dtype::I32 => Array::i32(&[size], numbers.iter().map(|x| (x * 10.0) as i32).collect()),
        Dtype::Bool => Array::bool(&[size], numbers.iter().map(|&x| x > 0.0).collect()),
    }
}

fn word(array: &Array, at: usize) -> u32 {
    match &array.data {
        Data::F32(data) => data[at].to_bits(),
        Data::I32(data) => data[at] as u32,
        Data::Bool(data) => data[at].into(),
    }
}

/// The vectors that the authors publish with their code.
#[test]
fn philox_gives_the_published_numbers() {
    let small = |counter, key| random::philox_2x32(&Single, counter, key);
    assert_eq!(small([0, 0], 0), [0xff1dae59, 0x6cd10df2]);
    assert_eq!(small([u32::MAX; 2], u32::MAX), [0x2c3f628b, 0xab4fd7ad]);
    assert_eq!(small([0x243f6a88, 0x85a308d3], 0x13198a2e), [0xdd7ce038, 0xf62a4c12]);
    let large = |counter, key| random::philox_4x32(&Single, counter, key);
    assert_eq!(large([0; 4], [0; 2]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    assert_eq!(large([u32::MAX; 4], [u32::MAX; 2]), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
    assert_eq!(
        large([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
        [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]
    );
}
