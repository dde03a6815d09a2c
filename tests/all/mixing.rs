//! `augment batch`: what a step computes with examples that are mixed, and what the library mixes them by.

use std::path::Path;

use dlmc::compile::{self, Backend};
use dlmc::model::Program;
use dlmc::source::Memory;
use dlmc::tensor::{Array, Clock, Function, Wide, evaluate_f64};

use crate::check::render_all;
use crate::functions::Dice;

/// A program on an image of 4 by 4 pixels and two numbers, with these definitions and these entries of `train`.
fn text(definitions: &str, train: &str) -> String {
    format!(
        "dlm 1
data shapes {{
  source: csv(\"none.csv\")
  input  picture: image[4, 4, 1] = columns(\"p*\") |> scale |> reshape([4, 4, 1])
  input  sides:   f32[2] = [a, b]
  target kind:    class[3]
  target length:  number
  weight count:   number
}}
{definitions}
model look on (picture: image[4, 4, 1], sides: f32[2]) -> (kind: logits[3], length: number) {{
  all = concat(picture |> flatten, sides)
  (kind: all |> dense(3) as out, length: all |> dense(1) as long)
}}
train {{
  model: look
  data: shapes
  loss: cross_entropy on kind + 0.5 * mae on length
  optimizer: sgd(lr: 0.1)
  batch: 4
  for: 3 epochs
  {train}
}}"
    )
}

fn problems(definitions: &str, train: &str) -> Vec<&'static str> {
    let text = text(definitions, train);
    let checked = compile::check(&Memory::default(), Path::new("it.dlm"), Some(text), &[]).expect("in memory");
    checked.problems.iter().map(|it| it.code).collect()
}

#[track_caller]
fn program(definitions: &str, train: &str) -> Program {
    checked(text(definitions, train))
}

#[track_caller]
fn checked(text: String) -> Program {
    let checked = compile::check(&Memory::default(), Path::new("it.dlm"), Some(text.clone()), &[]);
    let mut checked = checked.expect("in memory");
    assert!(checked.is_sound(), "{text}\n{}", render_all(&checked.problems, &checked.sources));
    checked.programs.pop().expect("a train block")
}

const CLOCK: Clock = Clock { seed: 5, step: 3 };

/// `n` examples: pictures, sides, kinds, lengths, counts.
fn examples(n: usize, dice: &mut Dice) -> Vec<Array> {
    let mut numbers = |shape: &[usize]| {
        let count = shape.iter().product();
        Array::f32(shape, (0..count).map(|_| dice.below(1000) as f32 / 1000.0).collect())
    };
    let (pictures, sides) = (numbers(&[n, 4, 4, 1]), numbers(&[n, 2]));
    let (lengths, counts) = (numbers(&[n, 1]), numbers(&[n, 1]));
    let kinds = Array::i32(&[n], (0..n).map(|at| (at % 3) as i32).collect());
    vec![pictures, sides, kinds, lengths, counts]
}

fn weights(program: &Program, dice: &mut Dice) -> Vec<Array> {
    let of = |shape: &[usize], dice: &mut Dice| {
        let count = shape.iter().product();
        Array::f32(shape, (0..count).map(|_| dice.below(1000) as f32 / 1000.0 - 0.5).collect())
    };
    program.states.iter().map(|it| of(&it.shape, dice)).collect()
}

fn number(function: &Function, weights: &[Array], feeds: &[Array]) -> f64 {
    let wide = |arrays: &[Array]| arrays.iter().map(Wide::from).collect::<Vec<_>>();
    evaluate_f64(&function.graph, &function.results, &wide(weights), &wide(feeds), CLOCK)[0].data[0]
}

const THREE_QUARTERS: &str =
    "augmentation thicker on (x: f32[.., D], other: f32[.., D]) -> (x: f32[.., D], share: f32) =
  (x: 0.75 * x + 0.25 * other, share: 0.75)";

/// The examples in the order in which each is mixed with.
fn next(array: &Array) -> Array {
    let n = array.shape[0];
    array.rows(&(1..n).chain([0]).collect::<Vec<_>>())
}

#[test]
fn the_loss_of_mixed_examples_is_that_of_both_targets_by_their_shares() {
    let (mixed, plain) = (program(THREE_QUARTERS, "augment batch { thicker }"), program("", ""));
    for n in [1, 2, 5] {
        let dice = &mut Dice::new(n as u64);
        let (weights, feeds) = (weights(&plain, dice), examples(n, dice));
        let found = number(&mixed.objective(n, true), &weights, &feeds);
        let blend = |it: &Array| {
            let pairs = it.floats().iter().zip(next(it).floats().to_vec());
            Array::f32(&it.shape, pairs.map(|(own, other)| 0.75 * own + 0.25 * other).collect())
        };
        let inputs = [blend(&feeds[0]), blend(&feeds[1])];
        let of = |targets: &[Array]| number(&plain.objective(n, true), &weights, &[&inputs[..], targets].concat());
        let others: Vec<Array> = feeds[2..].iter().map(next).collect();
        let wanted = 0.75 * of(&feeds[2..]) + 0.25 * of(&others);
        assert!((found - wanted).abs() < 1e-6 * wanted.abs(), "{n}: {found} {wanted}");
        // The draws of a step are its own, but nothing else is: it is the same on every back end.
        let step = mixed.objective(n, true);
        for backend in [Backend::Interpreter, Backend::Kernels, Backend::Native] {
            let fed: Vec<&Array> = feeds.iter().collect();
            let result = compile::executor(&step, backend).run(&mut weights.clone(), &fed, CLOCK);
            assert!((f64::from(result[0].floats()[0]) - wanted).abs() < 1e-5, "{backend:?}");
        }
        // Predictions and what is measured know nothing of it.
        let measured = number(&mixed.objective(n, false), &weights, &feeds);
        assert_eq!(measured, number(&plain.objective(n, false), &weights, &feeds));
    }
}

#[test]
fn all_inputs_of_an_example_are_mixed_by_one_draw() {
    let drawn = "augmentation drawn_by on (x: f32[.., D], other: f32[.., D]) -> (x: f32[.., D], share: f32) {
  share = noise(uniform)
  (x: 0 * x + share, share: share)
}";
    // The objective is a function of nothing but the share of each example, where all inputs are that.
    let (mixed, plain) = (program(drawn, "augment batch { drawn_by }"), program("", ""));
    let dice = &mut Dice::new(3);
    let (weights, feeds) = (weights(&plain, dice), examples(4, dice));
    let function = mixed.varied(4);
    let fed: Vec<&Array> = feeds.iter().collect();
    let seen = compile::executor(&function, Backend::Interpreter).run(&mut [], &fed, CLOCK);
    let shares: Vec<f32> = seen[0].floats().chunks(16).map(|it| it[0]).collect();
    let distinct: std::collections::BTreeSet<u32> = shares.iter().map(|it| it.to_bits()).collect();
    assert_eq!(distinct.len(), 4, "each example has its own");
    let filled = |width: usize, shape: &[usize]| {
        Array::f32(shape, shares.iter().flat_map(|&it| std::iter::repeat_n(it, width)).collect())
    };
    let inputs = [filled(16, &[4, 4, 4, 1]), filled(2, &[4, 2])];
    // One example at a time, as a batch of four of it.
    let wanted: f64 = (0..4)
        .map(|at| {
            let alone = |all: &[Array]| all.iter().map(|it| it.rows(&[at])).collect::<Vec<_>>();
            let of = |targets: &[Array]| {
                number(&plain.objective(1, true), &weights, &[alone(&inputs), alone(targets)].concat())
            };
            let others: Vec<Array> = feeds[2..].iter().map(next).collect();
            let share = f64::from(shares[at]);
            share * of(&feeds[2..]) + (1.0 - share) * of(&others)
        })
        .sum();
    let found = number(&mixed.objective(4, true), &weights, &feeds);
    assert!((found - wanted / 4.0).abs() < 1e-5, "{found} {}", wanted / 4.0);
}

/// What the library makes of `n` pictures, each of which is one number everywhere.
fn library(step: &str, n: usize) -> (Vec<f32>, Vec<Vec<f32>>) {
    let pictures_only = text("", &format!("augment batch {{ {step} }}"))
        .replace("input  sides", "ignore a, b #")
        .replace(", sides: f32[2]", "")
        .replace("concat(picture |> flatten, sides)", "picture |> flatten");
    let program = checked(pictures_only);
    let mut feeds = examples(n, &mut Dice::new(9));
    feeds.remove(1);
    let level = |at: usize| at as f32 / n as f32;
    let levels: Vec<f32> = (0..n).map(level).collect();
    feeds[0] = Array::f32(&[n, 4, 4, 1], levels.iter().flat_map(|&it| std::iter::repeat_n(it, 16)).collect());
    let fed: Vec<&Array> = feeds.iter().collect();
    let seen = compile::executor(&program.varied(n), Backend::Native).run(&mut [], &fed, CLOCK);
    (levels, seen[0].floats().chunks(16).map(<[f32]>::to_vec).collect())
}

#[test]
fn the_shares_of_mixup_are_those_of_beta() {
    for alpha in [0.1, 0.5, 1.0, 3.0] {
        let n = 4000;
        let (levels, seen) = library(&format!("mixup(alpha: {alpha})"), n);
        let shares: Vec<f64> = (0..n)
            .map(|at| {
                let (own, other) = (f64::from(levels[at]), f64::from(levels[(at + 1) % n]));
                (f64::from(seen[at][0]) - other) / (own - other)
            })
            .collect();
        // Neighbours differ by a 4000th, of which single precision leaves a thousandth.
        assert!(shares.iter().all(|it| (-0.002..=1.002).contains(it)));
        let mean = shares.iter().sum::<f64>() / n as f64;
        let variance = shares.iter().map(|it| (it - 0.5).powi(2)).sum::<f64>() / n as f64;
        let wanted = 1.0 / (4.0 * (2.0 * alpha + 1.0));
        assert!((mean - 0.5).abs() < 4.0 * (wanted / n as f64).sqrt(), "{alpha}: {mean}");
        assert!((variance / wanted - 1.0).abs() < 0.06, "{alpha}: {variance} instead of {wanted}");
        // Less than a tenth has a share of some probability: of arcsin √x for a half, and of x for one.
        let below = shares.iter().filter(|&&it| it < 0.1).count() as f64 / n as f64;
        let known = if alpha == 0.5 { 2.0 / std::f64::consts::PI * 0.1_f64.sqrt().asin() } else { 0.1 };
        assert!((alpha != 0.5 && alpha != 1.0) || (below - known).abs() < 0.02, "{alpha}: {below} instead of {known}");
    }
    let (levels, seen) = library("mixup(alpha: 1, p: 0%)", 8);
    assert!(levels.iter().zip(seen).all(|(level, seen)| seen.iter().all(|it| it == level)));
}

#[test]
fn cutmix_takes_a_rectangle_of_another_image() {
    let n = 300;
    let (levels, seen) = library("cutmix", n);
    let mut sizes = std::collections::BTreeSet::new();
    for at in 0..n {
        let (own, other) = (levels[at], levels[(at + 1) % n]);
        assert!(seen[at].iter().all(|&it| it == own || it == other), "{at}");
        let taken: Vec<(usize, usize)> =
            (0..16).filter(|&place| seen[at][place] == other).map(|place| (place / 4, place % 4)).collect();
        sizes.insert(taken.len());
        if let (Some(top), Some(bottom)) = (taken.iter().map(|it| it.0).min(), taken.iter().map(|it| it.0).max()) {
            let columns = || taken.iter().map(|it| it.1);
            let (left, right) = (columns().min().expect("some"), columns().max().expect("some"));
            assert_eq!(taken.len(), (bottom - top + 1) * (right - left + 1), "a rectangle");
        }
    }
    assert!(sizes.len() > 4 && sizes.contains(&0) && sizes.contains(&16), "{sizes:?}");
}

#[test]
fn what_cannot_be_mixed_is_told() {
    assert_eq!(problems("", "augment batch { mixup }"), [""; 0]);
    // An image is no two numbers: `cutmix` has nothing to cut out of `sides`.
    assert_eq!(problems("", "augment batch { cutmix }"), ["type-mismatch"]);
    let definition = |result: &str, formula: &str| {
        format!("augmentation it on (x: f32[.., D], other: f32[.., D]){result} = {formula}")
    };
    for (formula, code) in [
        ("x + other", "mixing-result"),
        ("(x, 0.5)", "mixing-result"),
        ("(x: x, part: 0.5)", "mixing-result"),
        ("(x: x, share: x)", "mixing-result"),
        ("(x: sum(x), share: 0.5)", "augmentation-changes-type"),
    ] {
        assert_eq!(problems(&definition("", formula), "augment batch { it }"), [code], "{formula}");
    }
}
