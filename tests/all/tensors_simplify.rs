//! Simplification: every rule on its own, random graphs as a whole, and what becomes of the graphs that matter.

use arbtest::arbitrary::{Result, Unstructured};
use dlmc::kernel::{Machine, plan};
use dlmc::scalar::{Dtype, Scalar};
use dlmc::tensor::rows::{Term, term};
use dlmc::tensor::simplify::rules::{self, Rule, Section};
use dlmc::tensor::{Array, Function, Graph, Id, Op, Slot, View, Wide, evaluate, evaluate_f64, grad, simplify, verify};

use crate::tensors::{CLOCK, numbers};

// ------------------------------------------------------------------------------------------------ rules

const SPECIAL: [f32; 12] =
    [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-30, 1e30, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
const CONSTANTS: [f32; 5] = [2.0, -3.0, 0.7, 1e-3, 100.0];

/// The values of a term where the names have these values, in f32 arithmetic.
fn value(term: &Term, dtype: Dtype, scope: &dyn Fn(&str) -> (u32, Dtype)) -> (u32, Dtype) {
    match term {
        Term::Name(name) => scope(name),
        Term::Number(number) if dtype == Dtype::I32 => (*number as i32 as u32, Dtype::I32),
        Term::Number(number) => (number.to_bits(), Dtype::F32),
        Term::Truth(truth) => (u32::from(*truth), Dtype::Bool),
        Term::Apply(scalar, args) => {
            let args: Vec<(u32, Dtype)> = args.iter().map(|arg| value(arg, dtype, scope)).collect();
            let (words, types): (Vec<u32>, Vec<Dtype>) = args.into_iter().unzip();
            (scalar.eval(&types, &words), scalar.dtype(&types).expect("a row for these types"))
        }
    }
}

/// Checks both sides where the operands have this type, for every choice of values.
fn check_rule(rule: &Rule, dtype: Dtype, samples: &[u32], constants: &[u32]) {
    let mut names = [rule.left.names(), rule.right.names()].concat();
    names.sort();
    names.dedup();
    assert!(rule.right.names().iter().all(|name| rule.left.names().contains(name)), "{}", rule.text);
    let choices = |name: &str| match name {
        "c" => vec![(0, Dtype::Bool), (1, Dtype::Bool)],
        "k" | "m" => constants.iter().map(|&bits| (bits, dtype)).collect(),
        _ => samples.iter().map(|&bits| (bits, dtype)).collect(),
    };
    let all: Vec<Vec<(u32, Dtype)>> = names.iter().map(|name| choices(name)).collect();
    for mut number in 0..all.iter().map(Vec::len).product::<usize>() {
        let chosen: Vec<(u32, Dtype)> = all
            .iter()
            .map(|choices| {
                let choice = choices[number % choices.len()];
                number /= choices.len();
                choice
            })
            .collect();
        let scope = |name: &str| chosen[names.iter().position(|it| *it == name).expect("a name of the rule")];
        let (left, right) = (value(rule.left, dtype, &scope), value(rule.right, dtype, &scope));
        assert!(agree(left, right, rule.section), "{}: {chosen:?} gives {left:?} and {right:?}", rule.text);
    }
}

fn agree(left: (u32, Dtype), right: (u32, Dtype), section: Section) -> bool {
    if left.1 != Dtype::F32 || right.1 != Dtype::F32 {
        return left == right;
    }
    let (a, b) = (f32::from_bits(left.0), f32::from_bits(right.0));
    let near = (a - b).abs() <= 4e-7 * a.abs().max(b.abs()) && section == Section::Rounding;
    a == b || a.is_nan() && b.is_nan() || near
}

#[test]
fn every_rule_keeps_numbers_infinities_and_nans() {
    assert!(rules::rules().len() > 40);
    for rule in rules::rules() {
        let words = |floats: &[f32]| floats.iter().map(|x| x.to_bits()).collect::<Vec<u32>>();
        let (special, constants) = (words(&SPECIAL), words(&CONSTANTS));
        let integers = [0, 1, -1, 2, 7, -7, i32::MAX, i32::MIN].map(|x| x as u32);
        match rule.section {
            Section::Numbers => {
                check_rule(rule, Dtype::F32, &special, &constants);
                check_rule(rule, Dtype::I32, &integers, &integers);
            }
            Section::Floats => check_rule(rule, Dtype::F32, &special, &constants),
            Section::Powers => {
                let powers = words(&[2.0, -0.125, 1.0, 4096.0, 2f32.powi(-100)]);
                check_rule(rule, Dtype::F32, &special, &powers);
            }
            // Out there a product may overflow on one side alone.
            Section::Rounding => {
                let moderate: Vec<u32> = special
                    .iter()
                    .copied()
                    .filter(|&x| !(1e-31..1e-29).contains(&f32::from_bits(x)) && f32::from_bits(x) != 1e30)
                    .collect();
                check_rule(rule, Dtype::F32, &moderate, &constants);
            }
            Section::Bools => check_rule(rule, Dtype::Bool, &[0, 1], &[]),
            Section::Choices => {
                check_rule(rule, Dtype::F32, &special, &[]);
                check_rule(rule, Dtype::I32, &integers, &[]);
                check_rule(rule, Dtype::Bool, &[0, 1], &[]);
            }
        }
    }
}

#[test]
fn every_rule_is_found_where_it_applies() {
    for rule in rules::rules() {
        let mut graph = Graph::default();
        let dtype = if rule.section == Section::Bools { Dtype::Bool } else { Dtype::F32 };
        let inputs: Vec<Id> = (0..3).map(|slot| graph.input(Slot::Feed(slot), &[2], dtype)).collect();
        let condition = graph.input(Slot::Feed(3), &[2], Dtype::Bool);
        let k = if rule.section == Section::Powers { 0.25 } else { 0.7 };
        let [k, m] = [k, 100.0].map(|value| graph.constant(value, &[2]));
        let scope = |name: &str| match name {
            "x" => inputs[0],
            "y" => inputs[1],
            "z" => inputs[2],
            "c" => condition,
            "k" => k,
            "m" => m,
            _ => panic!("the rule {} names {name}", rule.text),
        };
        let of = (&[2][..], Dtype::F32);
        let place = |graph: &mut Graph, term: &Term| {
            term.place(graph, &scope, of, &mut |graph, scalar, args| graph.map(scalar, args))
        };
        let (left, right) = (place(&mut graph, rule.left), place(&mut graph, rule.right));
        let feeds = vec![(vec![2], dtype), (vec![2], dtype), (vec![2], dtype), (vec![2], Dtype::Bool)];
        let function = |result| Function {
            graph: graph.clone(),
            feeds: feeds.clone(),
            results: vec![result],
            ..Function::default()
        };
        let (left, right) = (simplify(&function(left)), simplify(&function(right)));
        assert_eq!(left.to_string(), right.to_string(), "{}", rule.text);
    }
}

#[test]
fn what_commutes_does() {
    for &scalar in Scalar::ALL.iter().filter(|&&scalar| rules::commutes(scalar)) {
        for &(types, _) in scalar.def().signatures {
            for a in SPECIAL.map(f32::to_bits) {
                for b in SPECIAL.map(f32::to_bits) {
                    let [a, b] = if types[0] == Dtype::Bool { [a & 1, b & 1] } else { [a, b] };
                    let values = [[a, b], [b, a]].map(|x| scalar.eval(types, &x));
                    let nan = types[0] == Dtype::F32 && values.iter().all(|&x| f32::from_bits(x).is_nan());
                    assert!(values[0] == values[1] || nan, "{scalar:?}");
                }
            }
        }
    }
}

#[test]
fn a_constant_that_would_overflow_is_not_made() {
    let mut graph = Graph::default();
    let x = graph.input(Slot::Feed(0), &[1], Dtype::F32);
    let large = graph.constant(1e30, &[1]);
    let once = graph.map(Scalar::Div, &[x, large]);
    let twice = graph.map(Scalar::Div, &[once, large]);
    let feeds = vec![(vec![1], Dtype::F32)];
    let simple = simplify(&Function { graph, feeds, results: vec![twice], ..Function::default() });
    assert_eq!(simple.graph.ids().filter(|&id| simple.graph[id].op == Op::Map(Scalar::Div)).count(), 2);
    assert_eq!(term("1 / x").names(), ["x"]);
}

// ------------------------------------------------------------------------------------------------ random graphs

/// A graph of operations that are exact on small whole multiples of 1/8, so that the order of sums does not matter.
fn random_function(u: &mut Unstructured) -> Result<Function> {
    let mut graph = Graph::default();
    let mut feeds = vec![];
    for slot in 0..3 {
        let shape: Vec<usize> = (0..u.int_in_range(0..=3)?).map(|_| u.int_in_range(1..=3)).collect::<Result<_>>()?;
        graph.input(Slot::Feed(slot), &shape, Dtype::F32);
        feeds.push((shape, Dtype::F32));
    }
    let mut products = 0;
    for _ in 0..u.int_in_range(3..=25)? {
        let ids: Vec<Id> = graph.ids().collect();
        let x = *u.choose(&ids)?;
        extend(&mut graph, x, &mut products, u)?;
    }
    let floats: Vec<Id> = graph.ids().collect();
    let mut results = vec![];
    for _ in 0..u.int_in_range(1..=3)? {
        results.push(*u.choose(&floats)?);
    }
    Ok(Function { graph, feeds, results, ..Function::default() })
}

fn extend(graph: &mut Graph, x: Id, products: &mut usize, u: &mut Unstructured) -> Result<()> {
    let (shape, dtype) = (graph.shape(x).to_vec(), graph[x].dtype);
    let axis = if shape.is_empty() { None } else { Some(u.int_in_range(0..=shape.len() - 1)?) };
    let size: usize = shape.iter().product();
    // Another node of the same shape and type, or a constant.
    let twins: Vec<Id> = graph.ids().filter(|&id| graph.shape(id) == shape && graph[id].dtype == dtype).collect();
    let y = if u.ratio(1, 4)? {
        let bits = match dtype {
            Dtype::F32 => (*u.choose(&[0f32, 1.0, -1.0, 2.0, 0.5, 4.0])?).to_bits(),
            Dtype::I32 => *u.choose(&[0, 1, -1i32, 2])? as u32,
            Dtype::Bool => u.int_in_range(0..=1)?,
        };
        graph.node(Op::Const(bits), &[], shape.clone(), dtype)
    } else {
        *u.choose(&twins)?
    };
    match u.int_in_range(0..=15)? {
        0 if shape.len() < 4 && size < 200 => {
            let at = u.int_in_range(0..=shape.len())?;
            graph.expand(x, at, u.int_in_range(1..=3)?);
        }
        1 => {
            let mut order: Vec<usize> = (0..shape.len()).collect();
            for at in (1..order.len()).rev() {
                order.swap(at, u.int_in_range(0..=at)?);
            }
            let view = View::Permute { order };
            let y = graph.view(view.clone(), x);
            if dtype != Dtype::Bool && u.arbitrary()? {
                graph.fold(view, y, &shape);
            }
        }
        2 => {
            // A reshape that keeps the size: all in one axis, with ones, or split where that is possible.
            let to = match u.int_in_range(0..=3)? {
                0 => vec![size],
                1 => [&shape[..], &[1]].concat(),
                2 if size.is_multiple_of(2) => vec![2, size / 2],
                _ => [&[1], &shape[..]].concat(),
            };
            let view = View::Reshape { shape: to };
            let y = graph.view(view.clone(), x);
            if dtype != Dtype::Bool && u.arbitrary()? {
                graph.fold(view, y, &shape);
            }
        }
        3..=5 => {
            let Some(axis) = axis else { return Ok(()) };
            let n = shape[axis];
            let view = match u.int_in_range(0..=4)? {
                0 => View::Slice { axis, start: 0, step: 1, len: u.int_in_range(0..=n)? },
                1 if n > 0 => View::Slice { axis, start: n - 1, step: -1, len: u.int_in_range(1..=n)? },
                2 => View::Slice { axis, start: n.min(1), step: 2, len: n / 2 },
                3 if size < 100 => View::Pad {
                    axis,
                    before: u.int_in_range(0..=1)?,
                    after: u.int_in_range(0..=1)?,
                    between: u.int_in_range(0..=1)?,
                },
                _ if n > 0 && shape.len() < 4 => {
                    let size = u.int_in_range(1..=n)?;
                    let dilation = if size > 1 { u.int_in_range(1..=(n - 1) / (size - 1))? } else { 1 };
                    View::Window { axis, size, stride: u.int_in_range(1..=3)?, dilation }
                }
                _ => return Ok(()),
            };
            let y = graph.view(view.clone(), x);
            if dtype != Dtype::Bool && u.arbitrary()? {
                graph.fold(view, y, &shape);
            }
        }
        6 | 7 if dtype != Dtype::Bool => {
            let Some(axis) = axis else { return Ok(()) };
            graph.sum(x, axis);
        }
        8 => {
            let Some(axis) = axis else { return Ok(()) };
            if shape[axis] > 0 {
                graph.max(x, axis);
            }
        }
        9 if dtype == Dtype::F32 && *products < 4 => {
            *products += 1;
            graph.map(Scalar::Mul, &[x, y]);
        }
        10 if dtype == Dtype::F32 && *products < 4 => {
            let Some(axis) = axis else { return Ok(()) };
            // x with any node that has an axis of the same extent, summed over it or not.
            let others: Vec<(Id, usize)> = graph
                .ids()
                .filter(|&id| graph[id].dtype == Dtype::F32 && graph.shape(id).len() < 4 && graph[id].size() < 100)
                .flat_map(|id| (0..graph.shape(id).len()).map(move |at| (id, at)))
                .filter(|&(id, at)| graph.shape(id)[at] == shape[axis])
                .collect();
            let (w, at) = *u.choose(&others)?;
            if size > 100 {
                return Ok(());
            }
            *products += 1;
            let a: Vec<u8> = (0..shape.len() as u8).map(|i| b'a' + i).collect();
            let mut b: Vec<u8> = (0..graph.shape(w).len() as u8).map(|i| b'm' + i).collect();
            b[at] = a[axis];
            let mut out: Vec<u8> = [&a[..], &b].concat();
            out.retain(|&label| label != a[axis]);
            if u.arbitrary()? {
                out.insert(0, a[axis]);
            }
            if u.arbitrary()? {
                out.reverse();
            }
            graph.contract_axes(&a, &b, &out, x, w);
        }
        11 if dtype == Dtype::Bool => {
            let scalar = *u.choose(&[Scalar::And, Scalar::Or, Scalar::Equal])?;
            graph.map(scalar, &[x, y]);
            graph.map(Scalar::Not, &[x]);
        }
        11 | 12 if dtype != Dtype::Bool => {
            let scalar = *u.choose(&[Scalar::Less, Scalar::LessEqual, Scalar::Equal])?;
            let condition = graph.map(scalar, &[x, y]);
            let other = *u.choose(&twins)?;
            graph.map(Scalar::Select, &[condition, other, y]);
        }
        13 => {
            let scalar = if dtype == Dtype::F32 { Scalar::ToI32 } else { Scalar::ToF32 };
            graph.map(scalar, &[x]);
        }
        14 => {
            let Some(axis) = axis else { return Ok(()) };
            let index = graph.index(axis, &shape);
            if dtype == Dtype::I32 {
                graph.map(Scalar::Add, &[index, x]);
            }
        }
        _ if dtype != Dtype::Bool => {
            let binary = [Scalar::Add, Scalar::Sub, Scalar::Min, Scalar::Max];
            match u.int_in_range(0..=5)? {
                at @ 0..=3 => graph.map(binary[at], &[x, y]),
                4 => graph.map(Scalar::Neg, &[x]),
                _ => graph.map(Scalar::Abs, &[x]),
            };
        }
        _ => {}
    }
    Ok(())
}

#[test]
fn random_graphs_keep_their_meaning() {
    arbtest::arbtest(|u| {
        let function = random_function(u)?;
        verify(&function);
        let simple = simplify(&function);
        verify(&simple);
        let feeds = exact_feeds(&function);
        let before = evaluate_f64(&function.graph, &function.results, &[], &feeds, CLOCK);
        let after = evaluate_f64(&simple.graph, &simple.results, &[], &feeds, CLOCK);
        for (at, (before, after)) in before.iter().zip(&after).enumerate() {
            assert_eq!((&before.shape, before.dtype), (&after.shape, after.dtype));
            let same = before.data.iter().zip(&after.data).all(|(a, b)| a == b || a.is_nan() && b.is_nan());
            assert!(same, "result {at}: {before:?} and {after:?}\n{function}\nsimplified\n{simple}");
        }
        assert_eq!(simplify(&simple).to_string(), simple.to_string(), "simplified twice");
        Ok(())
    })
    .budget_ms(1_000);
}

// ------------------------------------------------------------------------------------------------ what matters

fn feed(graph: &mut Graph, slot: u32, shape: &[usize]) -> Id {
    graph.input(Slot::Feed(slot), shape, Dtype::F32)
}

/// The text of what `build` makes of feeds of these shapes, simplified.
fn simplified(shapes: &[&[usize]], build: impl Fn(&mut Graph, &[Id]) -> Vec<Id>) -> String {
    let mut graph = Graph::default();
    let inputs: Vec<Id> = (0..).zip(shapes).map(|(slot, shape)| feed(&mut graph, slot, shape)).collect();
    let results = build(&mut graph, &inputs);
    let feeds = shapes.iter().map(|shape| (shape.to_vec(), Dtype::F32)).collect();
    let function = Function { graph, feeds, results, ..Function::default() };
    let simple = simplify(&function);
    verify(&simple);
    let values: Vec<Array> = shapes.iter().map(|shape| Array::f32(shape, numbers(shape.iter().product()))).collect();
    let before = evaluate(&function.graph, &function.results, &[], &values, CLOCK);
    let after = evaluate(&simple.graph, &simple.results, &[], &values, CLOCK);
    for (before, after) in before.iter().zip(&after) {
        crate::tensors::check_close(before.floats(), after.floats(), 1e-5);
    }
    simple.to_string()
}

#[test]
fn a_sum_of_products_becomes_a_contraction() {
    // sum(for k in K => a[i, k] * b[k, j])
    let text = simplified(&[&[2, 3], &[3, 4]], |graph, x| {
        let a = graph.expand(x[0], 1, 4);
        let b = graph.permute(x[1], &[1, 0]);
        let b = graph.expand(b, 0, 2);
        let product = graph.map(Scalar::Mul, &[a, b]);
        vec![graph.sum(product, 2)]
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_mean_of_squares_and_its_gradient() {
    let text = simplified(&[&[4, 3], &[4, 3]], |graph, x| {
        let difference = graph.map(Scalar::Sub, &[x[0], x[1]]);
        let two = graph.constant(2.0, &[4, 3]);
        let squares = graph.map(Scalar::Pow, &[difference, two]);
        let sum = graph.sum(squares, 0);
        let sum = graph.sum(sum, 0);
        let count = graph.constant(12.0, &[]);
        let loss = graph.map(Scalar::Div, &[sum, count]);
        let dx = grad(graph, loss, &[x[0]])[0];
        vec![loss, dx]
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_dense_layer_and_its_gradients() {
    let text = simplified(&[&[8, 3], &[3, 4], &[4]], |graph, x| {
        let y = graph.contract("ni,io->no", x[0], x[1]);
        let bias = graph.expand(x[2], 0, 8);
        let y = graph.map(Scalar::Add, &[y, bias]);
        let zero = graph.constant(0.0, &[8, 4]);
        let y = graph.map(Scalar::Max, &[y, zero]);
        let sum = graph.sum(y, 0);
        let loss = graph.sum(sum, 0);
        let grads = grad(graph, loss, &x[1..]);
        [vec![loss], grads].concat()
    });
    insta::assert_snapshot!(text);
}

#[test]
fn pooling_windows_are_reshapes_and_scalars_are_computed_once() {
    let text = simplified(&[&[2, 6, 3], &[]], |graph, x| {
        let windows = graph.view(View::Window { axis: 1, size: 2, stride: 2, dilation: 1 }, x[0]);
        let largest = graph.max(windows, 2);
        let rate = graph.map(Scalar::Exp, &[x[1]]);
        let mut rate = graph.map(Scalar::Neg, &[rate]);
        for times in [3, 3, 2] {
            rate = graph.expand(rate, 0, times);
        }
        let decay = graph.map(Scalar::Exp, &[rate]);
        vec![graph.map(Scalar::Mul, &[decay, largest])]
    });
    insta::assert_snapshot!(text);
}

#[test]
fn folds_of_views_become_views() {
    let text = simplified(&[&[2, 3, 5], &[5, 3]], |graph, x| {
        let slice = graph.view(View::Slice { axis: 2, start: 4, step: -2, len: 2 }, x[0]);
        let back = graph.fold(View::Slice { axis: 2, start: 4, step: -2, len: 2 }, slice, &[2, 3, 5]);
        let turned = graph.fold(View::Permute { order: vec![1, 0] }, x[1], &[3, 5]);
        let sum = graph.sum(turned, 0);
        vec![back, sum]
    });
    insta::assert_snapshot!(text);
}

// ------------------------------------------------------------------------------------------------ convolutions

/// A convolution along one or two axes of a batch of images, as the library writes it: its settings by axis.
#[derive(Debug)]
struct Convolution {
    axes: Vec<Along>,
    groups: usize,
    read: usize,
    made: usize,
}

#[derive(Debug)]
struct Along {
    places: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    pad: (usize, usize),
    between: usize,
}

impl Along {
    fn padded(&self) -> usize {
        self.pad.0 + self.places + (self.places - 1) * self.between + self.pad.1
    }

    fn windows(&self) -> usize {
        (self.padded() - self.dilation * (self.kernel - 1) - 1) / self.stride + 1
    }
}

fn convolution(u: &mut Unstructured) -> Result<Convolution> {
    let mut axes = vec![];
    for _ in 0..u.int_in_range(1..=2)? {
        let (kernel, dilation): (usize, usize) = (u.int_in_range(1..=4)?, u.int_in_range(1..=2)?);
        let pad: (usize, usize) = (u.int_in_range(0..=2)?, u.int_in_range(0..=2)?);
        let between = *u.choose(&[0, 0, 0, 1, 2])?;
        let reach = dilation * (kernel - 1) + 1;
        let places = u.int_in_range(1..=6)?.max(reach.saturating_sub(pad.0 + pad.1));
        axes.push(Along { places, kernel, stride: u.int_in_range(1..=3)?, dilation, pad, between });
    }
    let groups = u.int_in_range(1..=2)?;
    Ok(Convolution { axes, groups, read: u.int_in_range(1..=2)?, made: u.int_in_range(1..=2)? })
}

/// The gradients of the weights and of the image, where the result's gradient is the third input; and the shapes of inputs.
fn gradients_of(it: &Convolution) -> (Function, usize) {
    let mut graph = Graph::default();
    let rank = it.axes.len();
    let images: Vec<usize> =
        [vec![2], it.axes.iter().map(|axis| axis.places).collect(), vec![it.groups * it.read]].concat();
    let kernels: Vec<usize> = it.axes.iter().map(|axis| axis.kernel).collect();
    let weights = [&kernels[..], &[it.read, it.groups, it.made]].concat();
    let windows: Vec<usize> = it.axes.iter().map(Along::windows).collect();
    let made = [&[2], &windows[..], &[it.groups * it.made]].concat();
    let x = feed(&mut graph, 0, &images);
    let w = feed(&mut graph, 1, &weights);
    let dy = feed(&mut graph, 2, &made);
    let mut seen = x;
    for (at, axis) in it.axes.iter().enumerate() {
        let (before, after) = axis.pad;
        seen = graph.view(View::Pad { axis: at + 1, before, after, between: axis.between }, seen);
    }
    let padded_x = seen;
    let padded: Vec<usize> = it.axes.iter().map(Along::padded).collect();
    seen = graph.reshape(seen, &[&[2], &padded[..], &[it.groups, it.read]].concat());
    for (at, axis) in it.axes.iter().enumerate() {
        let &Along { kernel: size, stride, dilation, .. } = axis;
        seen = graph.view(View::Window { axis: 2 * at + 1, size, stride, dilation }, seen);
    }
    let spec = if rank == 1 { "niagc,acgo->nigo" } else { "niajbgc,abcgo->nijgo" };
    let y = graph.contract(spec, seen, w);
    let y = graph.reshape(y, &made);
    let mut loss = graph.map(Scalar::Mul, &[y, dy]);
    for _ in 0..made.len() {
        loss = graph.sum(loss, 0);
    }
    let results = grad(&mut graph, loss, &[x, w]);
    let feeds = [images, weights, graph.shape(dy).to_vec()].map(|shape| (shape, Dtype::F32)).to_vec();
    let largest = [x, w, y, padded_x].iter().map(|&id| graph[id].size()).max().expect("three");
    (Function { graph, feeds, results, ..Function::default() }, largest)
}

/// Inputs of a function, whole multiples of 1/8, so that the order of sums does not matter.
fn exact_feeds(function: &Function) -> Vec<Wide> {
    let wide = |(shape, dtype): &(Vec<usize>, Dtype)| Wide {
        shape: shape.clone(),
        dtype: *dtype,
        data: numbers(shape.iter().product()).iter().map(|x| f64::from((x * 16.0).round()) / 8.0).collect(),
    };
    function.feeds.iter().map(wide).collect()
}

#[test]
fn gradients_of_convolutions_keep_their_meaning() {
    arbtest::arbtest(|u| {
        let settings = convolution(u)?;
        let (function, _) = gradients_of(&settings);
        let simple = simplify(&function);
        verify(&simple);
        let feeds = exact_feeds(&function);
        let before = evaluate_f64(&function.graph, &function.results, &[], &feeds, CLOCK);
        let after = evaluate_f64(&simple.graph, &simple.results, &[], &feeds, CLOCK);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!((&before.shape, &before.data), (&after.shape, &after.data), "{settings:?}\n{simple}");
        }
        Ok(())
    })
    .budget_ms(2_000);
}

/// What a plan keeps of a convolution's gradients is about as large as what goes in and what comes out: no windows.
#[test]
fn no_windows_of_a_convolution_are_stored() {
    let along = |kernel, stride, dilation, pad, between| Along { places: 24, kernel, stride, dilation, pad, between };
    let settings = [
        along(3, 1, 1, (1, 1), 0),
        along(3, 1, 1, (0, 0), 0),
        along(5, 1, 2, (4, 4), 0),
        along(3, 2, 1, (0, 1), 0),
        along(5, 2, 1, (2, 2), 0),
        along(4, 3, 2, (3, 3), 0),
        // The way back of a convolution.
        along(4, 1, 1, (2, 2), 1),
    ];
    for along in settings {
        for (groups, read, made) in [(1, 8, 8), (4, 2, 3), (8, 1, 1)] {
            for rank in 1..=2 {
                let axes = (0..rank).map(|_| Along { ..along }).collect();
                let it = Convolution { axes, groups, read, made };
                let (function, largest) = gradients_of(&it);
                let simple = simplify(&function);
                let plan = plan(&simple, &Machine::host());
                let most = plan.buffers.iter().map(|buffer| buffer.size()).max().expect("some");
                assert!(!simple.to_string().contains("fold window"), "{it:?}\n{simple}");
                // The padding of the result's gradient is all that is added: three times it where windows reach far.
                assert!(most as f64 <= 3.0 * largest as f64, "{it:?}: {most} of {largest}\n{simple}");
            }
        }
    }
}

// ------------------------------------------------------------------------------------------------ tables

/// A table that is the same for many is looked up once for all of them, and what is added to their tables and summed goes to
/// one: wherever the axis stands that they have in common.
#[test]
fn a_table_that_many_have_in_common_is_one_table() {
    let index = |shape: &[usize]| {
        let count: usize = shape.iter().product();
        Array::i32(shape, (0..count).map(|at| (at * 7 % 5) as i32 - 1).collect())
    };
    // The axes in front of the one that is indexed, of which the first are also those of the index; and the axis that is
    // the same everywhere, or summed.
    let cases: [(&[usize], usize, usize); 6] =
        [(&[3], 1, 0), (&[2, 3], 2, 0), (&[2, 3], 2, 1), (&[2, 3], 1, 0), (&[2, 3], 1, 1), (&[2, 3, 2], 2, 2)];
    for (front, batch, common) in cases {
        let at = index(&[&front[..batch], &[4, 2]].concat());
        let table = [front, &[5, 2]].concat();
        let less: Vec<usize> = (0..table.len()).filter(|&it| it != common).map(|it| table[it]).collect();
        let mut graph = Graph::default();
        let own = graph.input(Slot::State(0), &less, Dtype::F32);
        let places = graph.input(Slot::Feed(0), &at.shape, Dtype::I32);
        let all = graph.expand(own, common, table[common]);
        let found = graph.gather(all, places, front.len(), batch);
        let values = [front, &at.shape[batch..], &[2]].concat();
        let given = graph.input(Slot::State(1), &values, Dtype::F32);
        let added = graph.scatter_add(given, places, front.len(), batch, &table);
        let summed = graph.sum(added, common);
        let function = Function {
            graph,
            states: vec![(less.clone(), Dtype::F32), (values.clone(), Dtype::F32)],
            feeds: vec![(at.shape.clone(), Dtype::I32)],
            results: vec![found, summed],
            updates: vec![],
        };
        let simple = simplify(&function);
        verify(&simple);
        let largest = simple.graph.ids().filter(|id| !matches!(simple.graph[*id].op, Op::View(_) | Op::Input(_)));
        let bound = values.iter().product::<usize>().max(less.iter().product());
        assert!(largest.map(|id| simple.graph[id].size()).all(|it| it <= bound), "{simple}");
        let size = |shape: &[usize]| shape.iter().product::<usize>();
        let states = [Array::f32(&less, numbers(size(&less))), Array::f32(&values, numbers(size(&values)))];
        let of = |function: &Function| {
            evaluate(&function.graph, &function.results, &states, std::slice::from_ref(&at), CLOCK)
        };
        let (before, after) = (of(&function), of(&simple));
        assert_eq!(before[0], after[0], "{front:?} {batch} {common}");
        for (one, other) in before[1].floats().iter().zip(after[1].floats()) {
            assert!((one - other).abs() < 1e-5, "{front:?} {batch} {common}: {one} {other}");
        }
        assert_eq!(before[1].shape, after[1].shape);
    }
}
