//! Gradients of every kind of node and every row, against finite differences in f64.

use dlmc::scalar::{Dtype, Scalar};
use dlmc::tensor::{Array, Draw, Graph, Id, Slot, View, Wide, evaluate, evaluate_f64, grad, invert};

use crate::tensors::{CLOCK, check_close, numbers, views};

fn sum_of(graph: &mut Graph, mut x: Id) -> Id {
    while !graph.shape(x).is_empty() {
        x = graph.sum(x, 0);
    }
    x
}

/// Weighs the elements differently, so that no two parts of a gradient can be exchanged, and sums.
pub fn weighed(graph: &mut Graph, y: Id) -> Id {
    let shape = graph.shape(y).to_vec();
    let mut weights = graph.constant(0.75, &shape);
    for axis in 0..shape.len() {
        let place = graph.index(axis, &shape);
        let place = graph.map(Scalar::ToF32, &[place]);
        let factor = graph.constant(0.31 * (axis + 1) as f32, &shape);
        let part = graph.map(Scalar::Mul, &[place, factor]);
        weights = graph.map(Scalar::Add, &[weights, part]);
    }
    let product = graph.map(Scalar::Mul, &[y, weights]);
    sum_of(graph, product)
}

/// Checks the gradient of what `build` makes of one f32 for each of `shapes`, at numbers from `low` to `high`.
#[track_caller]
pub fn check(shapes: &[&[usize]], (low, high): (f32, f32), build: impl Fn(&mut Graph, &[Id]) -> Id) {
    let mut graph = Graph::default();
    let inputs: Vec<Id> =
        (0..).zip(shapes).map(|(slot, shape)| graph.input(Slot::Feed(slot), shape, Dtype::F32)).collect();
    let y = build(&mut graph, &inputs);
    let loss = weighed(&mut graph, y);
    let grads = grad(&mut graph, loss, &inputs);
    let sizes: Vec<usize> = shapes.iter().map(|shape| shape.iter().product()).collect();
    let all = numbers(sizes.iter().sum());
    let mut rest = &all[..];
    let mut feeds: Vec<Wide> = vec![];
    for (shape, size) in shapes.iter().zip(sizes) {
        let data = rest[..size].iter().map(|x| f64::from(low + (high - low) * (x + 1.0) / 2.0)).collect();
        feeds.push(Wide { shape: shape.to_vec(), dtype: Dtype::F32, data });
        rest = &rest[size..];
    }
    let analytic = evaluate_f64(&graph, &grads, &[], &feeds, CLOCK);
    for slot in 0..shapes.len() {
        for i in 0..feeds[slot].data.len() {
            let mut at = |by: f64| {
                let there = feeds[slot].data[i];
                feeds[slot].data[i] = there + by;
                let value = evaluate_f64(&graph, &[loss], &[], &feeds, CLOCK)[0].data[0];
                feeds[slot].data[i] = there;
                value
            };
            let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
            let (a, scale) = (analytic[slot].data[i], numeric.abs().max(1.0));
            assert!(
                (a - numeric).abs() < 1e-6 * scale,
                "operand {slot}, element {i}: {a}, and by differences {numeric}"
            );
        }
    }
}

#[test]
fn of_every_row() {
    // What is there to have none has none; all others have that of their meaning.
    let one = |scalar: Scalar| scalar != Scalar::StopGradient;
    for scalar in Scalar::ALL.iter().copied().filter(|&it| one(it)) {
        let def = scalar.def();
        for (types, _) in def.signatures.iter().filter(|(types, to)| types.contains(&Dtype::F32) && *to == Dtype::F32) {
            let count = types.iter().filter(|&&dtype| dtype == Dtype::F32).count();
            check(&vec![&[24][..]; count], def.sample, |graph, x| {
                let index = graph.index(0, &[24]);
                let twelve = graph.integer(12, &[24]);
                let condition = graph.map(Scalar::Less, &[index, twelve]);
                let mut floats = x.iter();
                let operand = |dtype: &Dtype| match dtype {
                    Dtype::Bool => condition,
                    _ => *floats.next().unwrap(),
                };
                let operands: Vec<Id> = types.iter().map(operand).collect();
                graph.map(scalar, &operands)
            });
        }
    }
}

#[test]
fn through_a_stop_is_zero() {
    let mut graph = Graph::default();
    let x = graph.input(Slot::State(0), &[3], Dtype::F32);
    let (stopped, twice) = (graph.map(Scalar::StopGradient, &[x]), graph.map(Scalar::Add, &[x, x]));
    let product = graph.map(Scalar::Mul, &[stopped, twice]);
    let loss = graph.sum(product, 0);
    let found = grad(&mut graph, loss, &[x]);
    let state = Array::f32(&[3], vec![1.0, -2.0, 3.0]);
    let states = [Wide::from(&state)];
    let found = evaluate_f64(&graph, &found, &states, &[], CLOCK);
    assert_eq!(found[0].data, [2.0, -4.0, 6.0]);
}

#[test]
fn of_every_view_and_its_fold() {
    for view in views() {
        check(&[&[2, 3, 5]], (-1.0, 1.0), |graph, x| {
            let squares = graph.map(Scalar::Mul, &[x[0], x[0]]);
            graph.view(view.clone(), squares)
        });
        check(&[&view.shape(&[2, 3, 5])], (-1.0, 1.0), |graph, x| {
            let squares = graph.map(Scalar::Mul, &[x[0], x[0]]);
            graph.fold(view.clone(), squares, &[2, 3, 5])
        });
    }
}

#[test]
fn of_contractions() {
    let extent = |label: u8| usize::from(label - b'a') + 2;
    for spec in ["ab,bc->ac", "ab,cb->ca", "ba,b->a", "cab,cbd->acd", "a,b->ba", "ab,ab->", "ab,ab->b"] {
        let (args, _) = spec.split_once("->").unwrap();
        let shapes: Vec<Vec<usize>> = args.split(',').map(|labels| labels.bytes().map(extent).collect()).collect();
        let shapes: Vec<&[usize]> = shapes.iter().map(|shape| &shape[..]).collect();
        check(&shapes, (-1.0, 1.0), |graph, x| {
            let y = graph.contract(spec, x[0], x[1]);
            graph.map(Scalar::Tanh, &[y])
        });
    }
}

#[test]
fn of_a_padded_strided_convolution() {
    check(&[&[2, 5, 5, 3], &[3, 3, 3, 4]], (-1.0, 1.0), |graph, x| {
        let pad = |axis| View::Pad { axis, before: 1, after: 1, between: 0 };
        let window = |axis| View::Window { axis, size: 3, stride: 2, dilation: 1 };
        let padded = graph.view(pad(1), x[0]);
        let padded = graph.view(pad(2), padded);
        let rows = graph.view(window(1), padded);
        let patches = graph.view(window(3), rows);
        graph.contract("nykxlc,klco->nyxo", patches, x[1])
    });
}

#[test]
fn of_what_is_read_by_an_index() {
    for batch in [0, 1] {
        check(&[&[2, 3, 2]], (-1.0, 1.0), |graph, x| {
            let shape: &[usize] = if batch == 1 { &[2, 4] } else { &[4] };
            let index = graph.index(batch, shape);
            let read = graph.gather(x[0], index, 1, batch);
            graph.map(Scalar::Tanh, &[read])
        });
        check(&[&[2, 4, 2]], (-1.0, 1.0), |graph, x| {
            let shape: &[usize] = if batch == 1 { &[2, 4] } else { &[4] };
            let index = graph.index(batch, shape);
            let sums = graph.scatter_add(x[0], index, 1, batch, &[2, 3, 2]);
            graph.map(Scalar::Tanh, &[sums])
        });
    }
}

#[test]
fn of_the_largest() {
    for axis in 0..2 {
        check(&[&[3, 4]], (-1.0, 1.0), |graph, x| graph.max(x[0], axis));
    }
}

#[test]
fn of_what_random_numbers_multiply() {
    check(&[&[70]], (-1.0, 1.0), |graph, x| {
        let noise = graph.random(Draw::Normal, 1, &[70]);
        let product = graph.map(Scalar::Mul, &[x[0], noise]);
        graph.map(Scalar::Exp, &[product])
    });
}

/// The gradient of the sum of `y(x)` at these values of `x`.
fn gradient_at(values: &[f32], y: impl Fn(&mut Graph, Id) -> Id) -> Vec<f32> {
    let mut graph = Graph::default();
    let x = graph.input(Slot::Feed(0), &[values.len()], Dtype::F32);
    let y = y(&mut graph, x);
    let loss = sum_of(&mut graph, y);
    let dx = grad(&mut graph, loss, &[x])[0];
    let feed = Array::f32(&[values.len()], values.to_vec());
    evaluate(&graph, &[dx], &[], &[feed], CLOCK)[0].floats().to_vec()
}

#[test]
fn of_equal_largest_goes_to_the_first() {
    let largest = |graph: &mut Graph, x| graph.max(x, 0);
    assert_eq!(gradient_at(&[1.0, 3.0, 2.0, 3.0], largest), [0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn of_a_branch_that_is_not_taken_is_zero_and_no_nan() {
    // where(x > 0, f(x), 0) for functions that are undefined or infinite at 0 and below.
    let guarded = |inner: fn(&mut Graph, Id) -> Id| {
        move |graph: &mut Graph, x: Id| {
            let zero = graph.constant(0.0, &graph[x].shape.clone());
            let positive = graph.map(Scalar::Less, &[zero, x]);
            let y = inner(graph, x);
            graph.map(Scalar::Select, &[positive, y, zero])
        }
    };
    let values = [-1.0, 0.0, 4.0];
    let sqrt = guarded(|graph, x| graph.map(Scalar::Sqrt, &[x]));
    check_close(&gradient_at(&values, sqrt), &[0.0, 0.0, 0.25], 1e-6);
    let entropy = guarded(|graph, x| {
        let log = graph.map(Scalar::Log, &[x]);
        graph.map(Scalar::Mul, &[x, log])
    });
    check_close(&gradient_at(&values, entropy), &[0.0, 0.0, 1.0 + 4f32.ln()], 1e-6);
    let seen = guarded(|graph, x| {
        let rows = graph.reshape(x, &[3, 1]);
        let rows = graph.map(Scalar::Log, &[rows]);
        graph.reshape(rows, &[3])
    });
    check_close(&gradient_at(&values, seen), &[0.0, 0.0, 0.25], 1e-6);
}

#[test]
fn of_the_other_branch_too() {
    let y = |graph: &mut Graph, x: Id| {
        let zero = graph.constant(0.0, &graph[x].shape.clone());
        let negative = graph.map(Scalar::LessEqual, &[x, zero]);
        let log = graph.map(Scalar::Log, &[x]);
        graph.map(Scalar::Select, &[negative, x, log])
    };
    check_close(&gradient_at(&[-1.0, 0.0, 4.0], y), &[1.0, 1.0, 0.25], 1e-6);
}

#[test]
fn of_what_the_loss_does_not_depend_on_is_zero() {
    let mut graph = Graph::default();
    let [x, y] = [0, 1].map(|slot| graph.input(Slot::Feed(slot), &[2], Dtype::F32));
    let loss = sum_of(&mut graph, x);
    let before = graph.len();
    let dy = grad(&mut graph, loss, &[y])[0];
    let feeds = [Array::f32(&[2], vec![1.0, 2.0]), Array::f32(&[2], vec![1.0, 2.0])];
    assert_eq!(evaluate(&graph, &[dy], &[], &feeds, CLOCK)[0].floats(), [0.0, 0.0]);
    assert!(graph.len() <= before + 2, "nothing was differentiated in vain");
}

#[test]
fn inverses_of_rows_turn_them_around() {
    for &scalar in Scalar::ALL {
        let def = scalar.def();
        let types = vec![Dtype::F32; def.operands.len()];
        if scalar.dtype(&types) != Some(Dtype::F32) {
            continue;
        }
        for operand in 0..def.inverse.len() {
            let mut graph = Graph::default();
            let inputs: Vec<Id> =
                (0..types.len() as u32).map(|slot| graph.input(Slot::Feed(slot), &[16], Dtype::F32)).collect();
            let y = graph.map(scalar, &inputs);
            let x = invert(&mut graph, y, inputs[operand], y).expect("an inverse");
            let (low, high) = def.sample;
            let feeds: Vec<Array> = (0..types.len())
                .map(|at| numbers(16 + at)[at..].iter().map(|x| low + (high - low) * (x + 1.0) / 2.0).collect())
                .map(|data| Array::f32(&[16], data))
                .collect();
            let back = evaluate(&graph, &[x], &[], &feeds, CLOCK).remove(0);
            check_close(back.floats(), feeds[operand].floats(), 1e-5);
        }
    }
}

#[test]
fn an_inverse_follows_one_path() {
    let mut graph = Graph::default();
    let x = graph.input(Slot::Feed(0), &[4], Dtype::F32);
    let [mean, deviation] = [0, 1].map(|slot| graph.input(Slot::State(slot), &[4], Dtype::F32));
    let log = graph.map(Scalar::Log, &[x]);
    let centred = graph.map(Scalar::Sub, &[log, mean]);
    let rows = graph.map(Scalar::Div, &[centred, deviation]);
    let y = graph.reshape(rows, &[2, 2]);
    let value = graph.input(Slot::Feed(1), &[2, 2], Dtype::F32);
    let back = invert(&mut graph, y, x, value).expect("every step can be turned around");
    let states = [Array::f32(&[4], vec![1.0; 4]), Array::f32(&[4], vec![2.0; 4])];
    let feeds = [Array::f32(&[4], vec![0.5, 1.0, 2.0, 4.0]), Array::zeros(&[2, 2], Dtype::F32)];
    let forward = evaluate(&graph, &[y], &states, &feeds, CLOCK).remove(0);
    let there = evaluate(&graph, &[back], &states, &[feeds[0].clone(), forward], CLOCK).remove(0);
    check_close(there.floats(), feeds[0].floats(), 1e-5);

    let twice = graph.map(Scalar::Mul, &[x, log]);
    assert_eq!(invert(&mut graph, twice, x, log), None);
    let floor = graph.map(Scalar::Floor, &[x]);
    assert_eq!(invert(&mut graph, floor, x, log), None);
}

#[test]
fn of_a_dense_layer_as_text() {
    let mut graph = Graph::default();
    let [x, w] = [(0, [2, 3]), (1, [3, 4])].map(|(slot, shape)| graph.input(Slot::Feed(slot), &shape, Dtype::F32));
    let y = graph.contract("ni,io->no", x, w);
    let zero = graph.constant(0.0, &[2, 4]);
    let y = graph.map(Scalar::Max, &[y, zero]);
    let loss = sum_of(&mut graph, y);
    grad(&mut graph, loss, &[w]);
    insta::assert_snapshot!(graph);
}
