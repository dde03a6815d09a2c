//! Layers: their values computed by hand, and their gradients in inputs and parameters, in training and after it.

use dlmc::tensor::print::print;

use super::functions::logistic;
use super::*;

pub fn cases() -> Vec<&'static str> {
    vec![
        "layer dense(units: int, act: fn, bias: bool, init: fn) on x: f32[.., I]",
        "layer embed(width: int) on x: class[V]?",
        "layer embed(width: int) on x: tokens[T, V]",
        "layer coral(values: int) on x: f32[N]",
        "layer flatten on x: f32[..]",
        "layer dropout(p: prob) on x: f32[..]",
    ]
}

/// An experiment whose model is `body`, on `x: input`.
pub(super) fn model(input: &str, taken: &str, result: &str, body: &str) -> Program {
    let rest = format!(
        "model m on x: {taken} -> {result} {{\n  {body}\n}}\n\
         train {{\n  model: m\n  data: points\n  loss: mse\n  optimizer: sgd\n  for: 1 epoch\n}}\n"
    );
    with_data(input, result, &rest)
}

/// The gradient of the whole objective, with the layer in training and without, and the same on every back end.
#[track_caller]
pub(super) fn sound(program: &Program, input: Feed) {
    for training in [true, false] {
        let function = program.objective(4, training);
        let (states, feeds) = doors(&function, &[input, Feed::Within(-1.0, 1.0)], 21);
        differentiable(&function, &states, &feeds, CLOCK);
        let slots: Vec<u32> = (0..program.parameters_count()).collect();
        // What cancels, as the gradient of a key's bias does, is rounded as coarsely as what it is the sum of.
        let unit =
            |all: &[Wide]| all.iter().flat_map(|it| &it.data).fold(1.0, |most: f64, it| most.max(0.05 * it.abs()));
        computed_by(&program.gradient(&slots, 4, training), &states, &feeds, CLOCK, unit);
    }
}

trait Count {
    fn parameters_count(&self) -> u32;
}

impl Count for Program {
    /// Trained tensors come first.
    fn parameters_count(&self) -> u32 {
        let trained = |it: &&dlmc::model::program::StateInfo| it.role == dlmc::model::program::StateRole::Parameter;
        self.states.iter().filter(trained).count() as u32
    }
}

/// The outputs of a prediction, with the states and the feeds that made them.
#[track_caller]
pub(super) fn predicted(program: &Program, input: Feed, n: usize) -> (Vec<Vec<f64>>, Vec<f64>, Vec<f64>) {
    let function = program.predict(n);
    let (states, feeds) = doors(&function, &[input], 22);
    let found = computed(&function, &states, &feeds, CLOCK).remove(0).data;
    let states = states.iter().map(|it| Wide::from(it).data).collect();
    (states, Wide::from(&feeds[0]).data, found)
}

/// x w + b
pub(super) fn affine(x: &[f64], w: &[f64], b: &[f64]) -> Vec<f64> {
    let units = b.len();
    (0..units).map(|to| b[to] + x.iter().enumerate().map(|(at, x)| x * w[at * units + to]).sum::<f64>()).collect()
}

pub(super) const NUMBERS: Feed = Feed::Within(-2.0, 2.0);

#[test]
fn dense_is_an_affine_map_and_an_activation() {
    let program = model("f32[3]", "f32[3]", "f32[2]", "x |> dense(2, sigmoid) as it");
    let (states, x, found) = predicted(&program, NUMBERS, 5);
    let expected: Vec<f64> = x.chunks(3).flat_map(|x| affine(x, &states[0], &states[1])).map(logistic).collect();
    close(&found, &expected, 1e-6, "dense");
    sound(&program, NUMBERS);

    let program = model("f32[3]", "f32[3]", "f32[2]", "x |> dense(2, bias: no) as it");
    assert_eq!(program.states.len(), 1, "without a bias there is none");
    let (states, x, found) = predicted(&program, NUMBERS, 5);
    let expected: Vec<f64> = x.chunks(3).flat_map(|x| affine(x, &states[0], &[0.0, 0.0])).collect();
    close(&found, &expected, 1e-6, "dense without bias");
    sound(&program, NUMBERS);
}

#[test]
fn dense_leaves_leading_axes_alone() {
    let program = model("f32[6]", "f32[6]", "f32[4]", "reshape(x, [2, 3]) |> dense(2) as it |> flatten");
    let (states, x, found) = predicted(&program, NUMBERS, 5);
    let expected: Vec<f64> = x.chunks(3).flat_map(|x| affine(x, &states[0], &states[1])).collect();
    close(&found, &expected, 1e-6, "dense on rows");
    sound(&program, NUMBERS);
}

#[test]
fn a_row_of_the_table_for_each_class() {
    let program = model("class[4]", "class[V]", "f32[3]", "x |> embed(3) as it");
    let (states, x, found) = predicted(&program, Feed::Classes(4), 9);
    assert_eq!(states[0].len(), 4 * 3);
    let expected: Vec<f64> = x.iter().flat_map(|&x| states[0][3 * x as usize..][..3].to_vec()).collect();
    close(&found, &expected, 1e-6, "embed");
    sound(&program, Feed::Classes(4));
    let program = model("class[4]?", "class[V]?", "f32[3]", "x |> embed(3) as it");
    let (states, ..) = predicted(&program, Feed::Classes(5), 9);
    assert_eq!(states[0].len(), 5 * 3, "a row more for what is missing");
    sound(&program, Feed::Classes(5));
}

/// No field holds tokens yet; a class repeated along an axis is what one would be.
#[test]
fn a_row_of_the_table_for_each_token() {
    let program = model("class[4]", "class[V]", "f32[6]", "expand(x, 0, 3) |> embed(2) as it |> flatten");
    let (states, x, found) = predicted(&program, Feed::Classes(4), 9);
    let expected: Vec<f64> = x.iter().flat_map(|&x| states[0][2 * x as usize..][..2].repeat(3)).collect();
    close(&found, &expected, 1e-6, "embed of tokens");
    sound(&program, Feed::Classes(4));
}

/// One number that all scores share, and for each a bias of its own.
#[test]
fn scores_of_an_ordinal_differ_by_their_biases() {
    let program = model("f32[3]", "f32[3]", "f32[4]", "x |> coral(5) as it |> identity");
    let (states, x, found) = predicted(&program, NUMBERS, 4);
    assert_eq!((states[0].len(), states[1].len()), (3, 4));
    let one = |x: &[f64]| x.iter().zip(&states[0]).map(|(x, w)| x * w).sum::<f64>();
    let expected: Vec<f64> = x.chunks(3).flat_map(|x| states[1].iter().map(move |b| one(x) + b)).collect();
    close(&found, &expected, 1e-6, "coral");
    sound(&program, NUMBERS);
}

#[test]
fn flatten_keeps_row_major_order() {
    let program =
        model("f32[6]", "f32[6]", "f32[6]", "param w: f32[6] ~ ones\n  w * (transpose(reshape(x, [2, 3])) |> flatten)");
    let (states, x, found) = predicted(&program, NUMBERS, 3);
    let order = [0, 3, 1, 4, 2, 5];
    let expected: Vec<f64> = x.chunks(6).flat_map(|x| (0..6).map(|at| states[0][at] * x[order[at]])).collect();
    close(&found, &expected, 1e-6, "flatten");
    sound(&program, NUMBERS);
}

#[test]
fn dropout_drops_its_share_and_keeps_the_mean() {
    let body = |p: &str| format!("param w: f32[8] ~ ones\n  x * w |> dropout({p})");
    let program = model("f32[8]", "f32[8]", "f32[8]", &body("25%"));
    // Predictions drop nothing.
    let (states, x, found) = predicted(&program, NUMBERS, 3);
    let expected: Vec<f64> = x.iter().enumerate().map(|(at, x)| x * states[0][at % 8]).collect();
    close(&found, &expected, 1e-6, "predicting");
    sound(&program, NUMBERS);
    // In training, of many ones: the loss against 0 is the mean of squares, p of them 0, the others 1 / (1 - p)².
    let n = 4000;
    let function = program.objective(n, true);
    let states = [Array::f32(&[8], vec![1.0; 8])];
    let feeds = [Array::f32(&[n, 8], vec![1.0; 8 * n]), Array::f32(&[n, 8], vec![0.0; 8 * n])];
    let loss = computed(&function, &states, &feeds, CLOCK).remove(0).data[0];
    let kept = loss * 0.75f64.powi(2);
    let deviation = (0.25 * 0.75 / (8.0 * n as f64)).sqrt();
    assert!((kept - 0.75).abs() < 4.0 * deviation, "{kept} of the numbers were kept");
    let again = computed(&function, &states, &feeds, Clock { step: 2, ..CLOCK }).remove(0).data[0];
    assert_ne!(loss, again, "another update drops others");
    // Nothing is dropped of 0 %.
    let program = model("f32[8]", "f32[8]", "f32[8]", &body("0%"));
    let loss = computed(&program.objective(n, true), &states, &feeds, CLOCK).remove(0).data[0];
    assert_eq!(loss, 1.0);
}

/// As a setting, a function with arguments is what it is as a stage: `act: leaky_relu(0.1)` is `|> leaky_relu(0.1)`.
#[test]
fn a_function_is_handed_on_with_its_arguments() {
    let meaning = |body: &str| {
        let rest = format!(
            "let bend: fn = leaky_relu(0.1)\n\
             fn twice(x, act: fn) = act(act(x))\n\
             layer bent(units: int, act: fn = leaky_relu(slope: 0.1)) on x: f32[.., I] -> f32[.., units] =\n  \
             x |> dense(units, act: act) as inner\n\
             model m on x: f32[4] -> f32[1] {{\n  {body} |> dense(1) as out\n}}\n\
             train {{\n  model: m\n  data: points\n  loss: mse\n  optimizer: sgd\n  for: 1 epoch\n}}\n"
        );
        let program = with_data("f32[4]", "f32[1]", &rest);
        print(&program.objective(4, true), &|slot| format!("{slot:?}"))
    };
    let plain = meaning("x |> dense(3) as h |> leaky_relu(0.1)");
    assert_ne!(plain, meaning("x |> dense(3) as h |> leaky_relu"), "the slope is heard");
    for body in [
        "x |> dense(3, leaky_relu(0.1)) as h",
        "x |> dense(3, act: leaky_relu(slope: 0.1)) as h",
        "x |> dense(3, act: bend) as h",
        "x |> dense(3, if 3 > 2 then leaky_relu(0.1) else relu) as h",
        "x |> bent(3) as h",
        "x |> bent(3, leaky_relu(0.1)) as h",
        "y = x |> dense(3) as h\n  leaky_relu(y, 0.1)",
    ] {
        assert_eq!(meaning(body), plain, "{body}");
    }
    let twice = meaning("x |> dense(3) as h |> leaky_relu(0.1) |> leaky_relu(0.1)");
    for body in [
        "x |> dense(3) as h |> twice(leaky_relu(0.1))",
        "y = x |> dense(3) as h\n  twice(y, leaky_relu(0.1))",
        "y = x |> dense(3) as h\n  twice(y, act: bend)",
        "x |> dense(3, twice(leaky_relu(0.1))) as h",
        "x |> dense(3, twice(act: bend)) as h",
    ] {
        assert_eq!(meaning(body), twice, "{body}");
    }
    // Built-in functions and scalar primitives too.
    assert_eq!(meaning("x |> dense(3, max(0.5)) as h"), meaning("y = x |> dense(3) as h\n  max(y, 0.5)"));
}
