//! Augmentation in training: where it stands in a field's formula, and that nothing but training sees it.

use std::path::Path;

use dlmc::compile::{self, Backend};
use dlmc::model::Program;
use dlmc::source::Memory;
use dlmc::tensor::{Array, Clock, Op, Wide, evaluate_f64};

use crate::check::render_all;

/// A program on an image of 2 by 2 pixels with this formula, and these entries of `train`.
fn text(formula: &str, train: &str) -> String {
    format!(
        "dlm 1
data shapes {{
  source: csv(\"none.csv\")
  input  picture: image[2, 2, 1] = {formula}
  target mask:    image[2, 2, 1] = columns(\"m*\") |> scale |> reshape([2, 2, 1])
}}
augmentation brighter(by: real) on x: image[H, W, C] -> image[H, W, C] = x + by
augmentation drawn_to on x: image[H, W, C] -> image[H, W, C] = 0 * x + noise(uniform)
model look on picture: image[2, 2, 1] -> f32[2, 2, 1] {{ picture |> flatten |> dense(4) as out |> reshape([2, 2, 1]) }}
train {{
  model: look
  data: shapes
  loss: mse
  optimizer: sgd(lr: 0.1)
  for: 1 epoch
  {train}
}}"
    )
}

#[track_caller]
fn program(formula: &str, train: &str) -> Program {
    let text = text(formula, train);
    let checked = compile::check(&Memory::default(), Path::new("it.dlm"), Some(text.clone()), &[]);
    let mut checked = checked.expect("in memory");
    assert!(checked.is_sound(), "{text}\n{}", render_all(&checked.problems, &checked.sources));
    checked.programs.pop().expect("a train block")
}

const CLOCK: Clock = Clock { seed: 5, step: 3 };

fn run(function: &dlmc::tensor::Function, states: &[Array], feeds: &[Array]) -> Vec<Array> {
    let feeds: Vec<&Array> = feeds.iter().collect();
    compile::executor(function, Backend::Interpreter).run(&mut states.to_vec(), &feeds, CLOCK)
}

#[test]
fn it_stands_where_numbers_are_from_0_to_1() {
    // Rows of four numbers; what is fitted; where the numbers are those of `scale`, that is where images are varied.
    let rows = 5;
    let numbers: Vec<f32> = (0..rows * 4).map(|it| ((it * 37) % 23) as f32 - 4.0).collect();
    let of_column = |at: usize| numbers.iter().skip(at % 4).step_by(4);
    let low = |at: usize| of_column(at).copied().fold(f32::MAX, f32::min);
    let high = |at: usize| of_column(at).copied().fold(f32::MIN, f32::max);
    let scaled: Vec<f32> = numbers.iter().enumerate().map(|(at, it)| (it - low(at)) / (high(at) - low(at))).collect();
    for (formula, cut) in [
        ("columns(\"p*\") |> scale |> reshape([2, 2, 1])", false),
        ("columns(\"p*\") |> reshape([2, 2, 1]) |> scale", false),
        ("reshape(columns(\"p*\"), [2, 2, 1]) |> scale", false),
        ("columns(\"p*\") |> scale |> reshape([2, 2, 1]) |> standardize", true),
        ("columns(\"p*\") |> reshape([2, 2, 1]) |> scale |> standardize", true),
    ] {
        let program = program(formula, "augment picture { brighter(0) }");
        let field = &program.data.fields[0];
        assert_eq!(field.halfway.is_some(), cut, "{formula}");
        let columns = [Array::f32(&[rows, 4], numbers.clone())];
        let fits = run(&program.fit(0, rows), &[], &columns);
        let whole = run(&program.encode(0, rows), &fits, &columns);
        if !cut {
            assert_near(whole[0].floats(), &scaled, formula);
            assert!(program.step_fits.is_empty());
            continue;
        }
        let first = run(&program.encode_first(0, rows), &fits, &columns);
        assert_near(first[0].floats(), &scaled, formula);
        let rest = run(&program.encode_rest(0, rows), &fits, &first);
        assert_eq!(rest[0].shape, whole[0].shape);
        assert_near(rest[0].floats(), whole[0].floats(), formula);
        // The statistics of `standardize` are what a step goes on with.
        assert_eq!(program.step_fits, [(0, 2), (0, 3)], "{formula}");
    }
}

#[track_caller]
fn assert_near(found: &[f32], wanted: &[f32], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-5), "{what}\n{found:?}\n{wanted:?}");
}

/// What is wrong with a program that `program` would not take.
fn told(formula: &str, train: &str) -> Vec<&'static str> {
    let text = text(formula, train);
    let checked = compile::check(&Memory::default(), Path::new("it.dlm"), Some(text), &[]).expect("in memory");
    checked.problems.iter().map(|it| it.code).collect()
}

#[test]
fn an_image_that_is_never_from_0_to_1_is_told() {
    for formula in [
        "columns(\"p*\") |> reshape([2, 2, 1])",
        "columns(\"p*\") |> scale |> standardize |> reshape([2, 2, 1])",
        "columns(\"p*\") |> scale(-1 .. 1) |> reshape([2, 2, 1])",
        "columns(\"p*\") |> scale(0 .. 255) |> reshape([2, 2, 1])",
        "picture |> standardize",
        "picture",
    ] {
        assert_eq!(told(formula, "augment picture { brighter(0.1) }"), ["augment-unscaled"], "{formula}");
    }
    assert_eq!(told("picture / 255", "augment picture { brighter(0.1) }"), [""; 0]);
}

#[test]
fn a_setting_that_makes_no_sense_is_told_where_it_stands() {
    let scaled = "columns(\"p*\") |> scale |> reshape([2, 2, 1])";
    for (step, code) in [
        ("rotate(20deg .. 10deg)", "wrong-value"),
        ("rotate(10deg)", "wrong-unit"),
        ("rotate(10)", "wrong-value"),
        ("rotate(-3 .. 3)", "missing-unit"),
        ("flip", "argument-missing"),
        ("flip(sideways)", "requirement-unmet"),
        ("crop(2, 2px)", "missing-unit"),
        ("crop(9px, 9px, pad: 1px)", "requirement-unmet"),
        ("crop(1px, 2px)", "augmentation-changes-type"),
        // Of the two forms of `crop` it is the one with a `scale` that is meant.
        ("crop(2px, 2px, scale: 50% .. 150%)", "out-of-range"),
        ("crop(2px, 2px, scale: 0% .. 50%)", "requirement-unmet"),
        ("zoom(-1 .. 1)", "requirement-unmet"),
        ("hue(-9deg .. 9deg)", "requirement-unmet"),
        ("dense(3)", "wrong-kind"),
        ("rotat(-3deg .. 3deg)", "unknown-name"),
    ] {
        assert_eq!(told(scaled, &format!("augment picture {{ {step} }}")), [code], "{step}");
    }
    assert_eq!(told(scaled, "augment pictur { flip(vertical) }"), ["unknown-name"]);
    assert_eq!(told(scaled, "augment batch { flip(vertical) }"), ["mixes-nothing"]);
    assert_eq!(told(scaled, "augment picture { mixup }"), ["mixes-examples"]);
    assert_eq!(told(scaled, "augment batch { mixup(alpha: 0) }"), ["requirement-unmet"]);
    assert_eq!(told(scaled, "augment batch { mixup; cutmix }"), ["mixed-twice"]);
    assert_eq!(told(scaled, "augment batch { mixup }\n  augment batch { cutmix }"), ["mixed-twice"]);
    assert_eq!(told(scaled, "augment batch { mixup }\n  batch: 1"), ["mixed-with-itself"]);
    assert_eq!(told(scaled, "augment (picture, mask) { flip(vertical) }"), [""; 0]);
}

#[test]
fn a_step_computes_with_what_augmentation_and_the_rest_give() {
    // The loss of a step on brighter images is that of a model without augmentation on images that are brighter.
    let formula = "columns(\"p*\") |> scale |> reshape([2, 2, 1]) |> standardize";
    let with = program(formula, "augment picture { brighter(0.25) }");
    let without = program(formula, "");
    let image: Vec<f32> = (0..12).map(|it| it as f32 / 12.0).collect();
    let mask: Vec<f32> = (0..12).map(|it| 1.0 - it as f32 / 24.0).collect();
    let fits = [0.0, 1.0, 0.4, 0.3].map(|it| Array::f32(&[2, 2, 1], vec![it; 4]));
    let fit = |at: usize| fits[at].floats()[0];
    let weights: Vec<Array> = without
        .states
        .iter()
        .map(|it| {
            let size = it.shape.iter().product::<usize>();
            Array::f32(&it.shape, (0..size).map(|at| (at % 7) as f32 / 10.0 - 0.2).collect())
        })
        .collect();
    let shape = [3, 2, 2, 1];
    let given =
        [vec![Array::f32(&shape, image.clone()), Array::f32(&shape, mask.clone())], fits[2..].to_vec()].concat();
    let found = objective(&with, &weights, &given);
    let brighter: Vec<f32> = image.iter().map(|it| (it + 0.25 - fit(2)) / fit(3)).collect();
    let wanted = objective(&without, &weights, &[Array::f32(&shape, brighter), Array::f32(&shape, mask)]);
    assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
}

fn objective(program: &Program, weights: &[Array], feeds: &[Array]) -> f64 {
    let function = program.objective(3, true);
    let wide = |arrays: &[Array]| arrays.iter().map(Wide::from).collect::<Vec<_>>();
    evaluate_f64(&function.graph, &function.results, &wide(weights), &wide(feeds), CLOCK)[0].data[0]
}

#[test]
fn fields_that_are_varied_together_share_their_draws() {
    let formula = "columns(\"p*\") |> scale |> reshape([2, 2, 1])";
    let draws = |train: &str| {
        let function = program(formula, train).varied(8);
        let feeds: Vec<Array> = function.feeds.iter().map(|(shape, dtype)| Array::zeros(shape, *dtype)).collect();
        run(&function, &[], &feeds)
    };
    let together = draws("augment (picture, mask) { drawn_to }");
    assert_eq!(together[0], together[1]);
    let distinct =
        |it: &Array| it.floats().chunks(4).map(|it| it[0].to_bits()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(distinct(&together[0]).len(), 8, "each example has its own");
    let apart = draws("augment picture { drawn_to }\n  augment mask { drawn_to }");
    assert_ne!(apart[0], apart[1]);
    // A target that nobody names stays as it is.
    assert_eq!(draws("augment picture { drawn_to }").len(), 1);
}

#[test]
fn nothing_but_training_is_varied() {
    let formula = "columns(\"p*\") |> scale |> reshape([2, 2, 1]) |> standardize";
    let (with, without) = (program(formula, "augment picture { drawn_to }"), program(formula, ""));
    let draws = |function: dlmc::tensor::Function| {
        function.graph.ids().filter(|&id| matches!(function.graph[id].op, Op::Random { .. })).count()
    };
    assert_eq!(draws(with.predict(4)), 0);
    assert_eq!(draws(with.objective(4, false)), 0);
    assert_eq!(draws(with.objective(4, true)), 1);
    assert_eq!(with.predict(4).feeds, without.predict(4).feeds);
    assert_eq!(format!("{:?}", with.predict(4).graph), format!("{:?}", without.predict(4).graph));
    // Nor is what a pattern freezes: an augmentation is no part of the model.
    let frozen = program(formula, "augment picture { drawn_to }\n  freeze out.b\n  lr 0.5x on *");
    assert_eq!(draws(frozen.objective(4, true)), 1);
}
