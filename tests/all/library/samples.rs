//! The sample programs that write down what the library has: both give the same numbers.

use super::*;

const BLOCKS: &str = include_str!("../../samples/blocks.dlm");
const FORMULAS: &str = include_str!("../../samples/seed_formulas.dlm");

const NUMBERS: Feed = Feed::Within(-2.0, 2.0);

/// An experiment on 32 numbers, with these definitions before it.
#[track_caller]
fn experiment(definitions: &str, target: &str, result: &str, body: &str, train: &str) -> Program {
    let rest = format!(
        "{definitions}\nmodel m on x: f32[32] -> {result} {{\n  {body}\n}}\n\
         train {{\n  model: m\n  data: points\n{train}\n}}\n"
    );
    with_data("f32[32]", target, &rest)
}

/// A text without its edition, which the program has said.
fn definitions(text: &str) -> &str {
    text.strip_prefix("dlm 1\n").expect("an edition")
}

/// Both programs' functions have the same doors and give the same numbers.
#[track_caller]
fn same(one: &Function, other: &Function, feeds: &[Feed], what: &str) {
    assert_eq!((&one.states, &one.feeds), (&other.states, &other.feeds), "{what}");
    let (states, fed) = doors(one, feeds, 31);
    for step in [1, 2, 7, 60] {
        let clock = Clock { step, ..CLOCK };
        let [found, expected] = [one, other].map(|function| computed(function, &states, &fed, clock));
        assert_eq!(found.len(), expected.len(), "{what}");
        for (found, expected) in found.iter().zip(&expected) {
            close(&found.data, &expected.data, 1e-6, &format!("{what} at update {step}"));
        }
    }
}

/// A whole update of both, and what a trained model gives.
#[track_caller]
fn same_steps(one: &Program, other: &Program, feeds: &[Feed], what: &str) {
    let pace = dlmc::model::program::Pace { batch: 4, epoch: 10, total: 100 };
    same(&one.step(pace), &other.step(pace), feeds, what);
    same(&one.predict(3), &other.predict(3), &feeds[..1], what);
}

const DESCENT: &str = "  loss: mse\n  optimizer: sgd(lr: 0.1)\n  for: 10 epochs";

#[test]
fn blocks_are_the_layers_of_the_library() {
    let cases = [
        (
            "conv_norm(3, stride: 2) as it",
            "conv(3, kernel: 3, stride: 2, pad: same, bias: no) as c |> batch_norm as n |> relu",
            "f32[12]",
        ),
        (
            "conv_norm(2, kernel: 1, act: tanh) as it",
            "conv(2, kernel: 1, bias: no) as c |> batch_norm as n |> tanh",
            "f32[32]",
        ),
    ];
    for (block, library, result) in cases {
        let of = |layers: &str, definitions: &str| {
            let body = format!("reshape(x, [4, 4, 2]) |> {layers} |> flatten");
            experiment(definitions, result, result, &body, DESCENT)
        };
        same_steps(&of(block, definitions(BLOCKS)), &of(library, ""), &[NUMBERS, NUMBERS], block);
    }
    // A shortcut as it is, and one that is projected.
    let residual = |settings: &str, side: &str, result: &str| {
        let block = format!("reshape(x, [4, 4, 2]) |> residual({settings}) as it |> flatten");
        let stride = if settings.contains("stride") { 2 } else { 1 };
        let channels = &settings[..1];
        let library = format!(
            "y = reshape(x, [4, 4, 2])
  main = y |> conv({channels}, stride: {stride}, bias: no) as a |> batch_norm as an |> relu
           |> conv({channels}, bias: no) as b |> batch_norm as bn
  relu(main + {side}) |> flatten"
        );
        let one = experiment(definitions(BLOCKS), result, result, &block, DESCENT);
        let other = experiment("", result, result, &library, DESCENT);
        same_steps(&one, &other, &[NUMBERS, NUMBERS], &block);
    };
    residual("2", "y", "f32[32]");
    residual("3", "(y |> conv(3, kernel: 1, bias: no) as proj)", "f32[48]");
    residual("2, stride: 2", "(y |> conv(2, kernel: 1, stride: 2, bias: no) as proj)", "f32[8]");
}

/// The layer of that name has the paper's three matrices; the library's function is its middle, on two halves of one.
#[test]
fn the_gated_block_is_three_products() {
    let one = experiment(
        definitions(BLOCKS),
        "f32[32]",
        "f32[32]",
        "reshape(x, [8, 4]) |> swiglu(6) as it |> flatten",
        DESCENT,
    );
    let two = "y = reshape(x, [8, 4])
  gate = y |> dense(6, silu, bias: no) as w1
  (gate * (y |> dense(6, bias: no) as w2)) |> dense(4, bias: no) as w3 |> flatten";
    let other = experiment("", "f32[32]", "f32[32]", two, DESCENT);
    same_steps(&one, &other, &[NUMBERS, NUMBERS], "swiglu");
}

/// What the sample uses beside what it defines: both programs are the same text, of which only one has the sample before it.
#[test]
fn the_formulas_of_the_article_are_those_of_the_library() {
    let scores = "x |> dense(3, tanh) as hidden |> dense(K) as out";
    let numbers = "x |> dense(3, tanh) as hidden |> dense(2) as out";
    let cases = [
        ("f32[2]", "f32[2]", numbers, "  loss: mse\n  optimizer: gradient_descent(lr: 0.1)\n  for: 10 epochs"),
        ("class[3]", "logits[K]", scores, "  loss: cross_entropy\n  optimizer: adam\n  for: 10 epochs"),
        (
            "f32[2]",
            "f32[2]",
            numbers,
            "  loss: mse\n  optimizer: adam(lr: 0.2, b1: 0.8, eps: 1e-3)\n  schedule: inverse_sqrt(warmup: 1 epoch)\n  \
             for: 10 epochs\n  regularize {\n    l1(0.1) on *.w\n    l2(0.2) on hidden\n  }",
        ),
    ];
    for (target, result, body, train) in cases {
        let feed = if target.starts_with("class") { Feed::Classes(3) } else { NUMBERS };
        let [one, other] = [definitions(FORMULAS), ""].map(|text| experiment(text, target, result, body, train));
        same_steps(&one, &other, &[NUMBERS, feed], train);
    }
    // Gradient descent is sgd without a memory.
    let of = |optimizer: &str, text: &str| {
        let train = format!("  loss: mse\n  optimizer: {optimizer}(lr: 0.3)\n  for: 10 epochs");
        experiment(text, "f32[2]", "f32[2]", numbers, &train)
    };
    let (one, other) = (of("gradient_descent", definitions(FORMULAS)), of("sgd", ""));
    same_steps(&one, &other, &[NUMBERS, NUMBERS], "gradient descent");
}

#[test]
fn the_layers_of_the_article_are_those_of_the_library() {
    let cases = [
        ("conv_by_hand(4)", "conv(4, pad: none, bias: no, init: he_normal)", "[4, 4, 2]", "f32[16]"),
        ("conv_by_hand(3, k: 2)", "conv(3, kernel: 2, pad: none, bias: no, init: he_normal)", "[2, 8, 2]", "f32[21]"),
        ("perceptron(3)", "dense(3, init: zeros)", "[32]", "f32[3]"),
        ("perceptron(2, f: sigmoid)", "dense(2, sigmoid, init: zeros)", "[32]", "f32[2]"),
    ];
    for (by_hand, library, shape, result) in cases {
        let of = |layer: &str, text: &str| {
            let body = format!("reshape(x, {shape}) |> {layer} as it |> flatten");
            experiment(text, result, result, &body, DESCENT)
        };
        let (one, other) = (of(by_hand, definitions(FORMULAS)), of(library, ""));
        same_steps(&one, &other, &[NUMBERS, NUMBERS], by_hand);
        // They start as the same draws.
        let [found, expected] = [&one, &other].map(|it| computed(&it.initial(), &[], &[], CLOCK));
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.data, expected.data, "{by_hand}");
        }
    }
}

#[test]
fn a_hit_is_what_lies_within() {
    let body = "x |> dense(1) as out";
    let train = "  loss: mse\n  optimizer: sgd\n  for: 1 epoch\n  metrics: [within(0.5)]";
    let program = experiment(definitions(FORMULAS), "number", "number", body, train);
    let metric = program.metric(0, 4);
    let states: Vec<Array> =
        metric.states.iter().map(|(shape, _)| Array::f32(shape, vec![0.0; shape.iter().product()])).collect();
    let column = |numbers: [f32; 4]| Array::f32(&[4, 1], numbers.to_vec());
    let feeds = [column([1.0, 2.0, 3.0, 4.0]), column([1.25, 2.5, 2.0, 3.75])];
    let found = computed(&metric, &states, &feeds, CLOCK).remove(0).data;
    assert_eq!(found, [0.5], "the first and the last");
}
