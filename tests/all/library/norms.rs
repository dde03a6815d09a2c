//! Normalisation: values computed number by number, and what a batch leaves behind.

use super::layers::{NUMBERS, model, predicted, sound};
use super::*;

pub fn cases() -> Vec<&'static str> {
    vec![
        "layer layer_norm(eps: real) on x: f32[.., D]",
        "layer rms_norm(eps: real) on x: f32[.., D]",
        "fn unit_square(x: f32[D], eps: real)",
        "layer batch_norm(momentum: real, eps: real) on x: f32[.., C]",
        "layer group_norm(groups: int, eps: real) on x: f32[.., C]",
        "fn each(x: f32[G], n: int)",
        "layer instance_norm(eps: real) on x: f32[.., C]",
    ]
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// Each number less the mean of its set, over the deviation of its set; a set is all numbers of one key.
fn normalised(x: &[f64], eps: f64, key: impl Fn(usize) -> usize) -> Vec<f64> {
    let of = |at: usize| -> Vec<f64> { (0..x.len()).filter(|&it| key(it) == key(at)).map(|it| x[it]).collect() };
    let one = |at: usize| {
        let set = of(at);
        let middle = mean(&set);
        let variance = mean(&set.iter().map(|x| (x - middle).powi(2)).collect::<Vec<_>>());
        (x[at] - middle) / (variance + eps).sqrt()
    };
    (0..x.len()).map(one).collect()
}

#[test]
fn layer_norm_normalises_each_example() {
    let program = model("f32[6]", "f32[6]", "f32[6]", "x |> layer_norm(eps: 1e-2) as it");
    let (states, x, found) = predicted(&program, NUMBERS, 4);
    let [scale, shift] = [&states[0], &states[1]];
    let expected: Vec<f64> = x
        .chunks(6)
        .flat_map(|x| {
            let mean = x.iter().sum::<f64>() / 6.0;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 6.0;
            (0..6).map(move |at| (x[at] - mean) / (variance + 1e-2).sqrt() * scale[at] + shift[at])
        })
        .collect();
    close(&found, &expected, 1e-6, "layer_norm");
    sound(&program, NUMBERS);
    // An example that is constant has no variance; what is left is the shift.
    let function = program.predict(1);
    let states: Vec<Array> =
        states.iter().map(|it| Array::f32(&[6], it.iter().map(|&it| it as f32).collect())).collect();
    let found = computed(&function, &states, &[Array::f32(&[1, 6], vec![3.0; 6])], CLOCK).remove(0).data;
    close(&found, &Wide::from(&states[1]).data, 1e-6, "constant");
}

#[test]
fn batch_norm_normalises_over_the_batch_and_remembers() {
    let program = model("f32[2]", "f32[2]", "f32[2]", "x |> batch_norm(momentum: 0.25, eps: 1e-2) as it");
    sound(&program, NUMBERS);
    let at = |path: &str| program.states.iter().position(|it| it.path == path).unwrap_or_else(|| panic!("{path}"));
    let (scale, shift, m, v) = (at("it.scale"), at("it.shift"), at("it.m"), at("it.v"));
    // Predictions use what is remembered.
    let (states, x, found) = predicted(&program, NUMBERS, 3);
    let normal = |x: f64, c: usize, mean: f64, variance: f64| {
        (x - mean) / (variance + 1e-2).sqrt() * states[scale][c] + states[shift][c]
    };
    let expected: Vec<f64> =
        x.iter().enumerate().map(|(at, &x)| normal(x, at % 2, states[m][at % 2], states[v][at % 2])).collect();
    close(&found, &expected, 1e-6, "predicting");
    // Training uses the batch's own; its loss against 0 is the mean of squares.
    let n = 5;
    let function = program.step(dlmc::model::program::Pace { batch: n, epoch: 1, total: 1 });
    let (states_in, mut feeds) = doors(&function, &[NUMBERS, NUMBERS], 22);
    feeds[1] = Array::f32(&[n, 2], vec![0.0; 2 * n]);
    let x = Wide::from(&feeds[0]).data;
    let found = computed(&function, &states_in, &feeds, CLOCK);
    let column = |c: usize| x.iter().copied().skip(c).step_by(2);
    let means = [0, 1].map(|c| column(c).sum::<f64>() / n as f64);
    let variances = [0, 1].map(|c| column(c).map(|x| (x - means[c]).powi(2)).sum::<f64>() / n as f64);
    let squares = x.iter().enumerate().map(|(at, &x)| normal(x, at % 2, means[at % 2], variances[at % 2]).powi(2));
    close(&found[0].data, &[squares.sum::<f64>() / x.len() as f64], 1e-6, "training");
    let next = |slot: usize| {
        let update = function.updates.iter().position(|it| it.0 as usize == slot).expect("it moves");
        found[function.results.len() + update].data.clone()
    };
    let moved =
        |slot: usize, now: [f64; 2]| [0, 1].map(|c| 0.75 * Wide::from(&states_in[slot]).data[c] + 0.25 * now[c]);
    close(&next(m), &moved(m, means), 1e-6, "the running mean");
    // Of a sample, as PyTorch has it.
    close(&next(v), &moved(v, variances.map(|it| it * 5.0 / 4.0)), 1e-6, "the running variance");
}

#[test]
fn rms_norm_divides_by_the_root_of_the_mean_square() {
    let program = model("f32[6]", "f32[6]", "f32[6]", "reshape(x, [2, 3]) |> rms_norm(eps: 1e-2) as it |> flatten");
    let (states, x, found) = predicted(&program, NUMBERS, 4);
    assert_eq!((states.len(), states[0].len()), (1, 3), "a scale and nothing else");
    let square = |row: &[f64]| mean(&row.iter().map(|x| x * x).collect::<Vec<_>>());
    let one = |at: usize| x[at] / (square(&x[at / 3 * 3..][..3]) + 1e-2).sqrt() * states[0][at % 3];
    close(&found, &(0..x.len()).map(one).collect::<Vec<_>>(), 1e-6, "rms_norm");
    sound(&program, NUMBERS);
}

/// 2 rows of 3 places with 2 channels each.
const IMAGE: &str = "reshape(x, [2, 3, 2])";

#[test]
fn batch_norm_of_images_is_over_the_batch_and_all_places() {
    let body = format!("{IMAGE} |> batch_norm(momentum: 0.25, eps: 1e-2) as it |> flatten");
    let program = model("f32[12]", "f32[12]", "f32[12]", &body);
    sound(&program, NUMBERS);
    let at = |path: &str| program.states.iter().position(|it| it.path == path).unwrap_or_else(|| panic!("{path}"));
    let (scale, shift, m, v) = (at("it.scale"), at("it.shift"), at("it.m"), at("it.v"));
    let n = 3;
    let function = program.step(dlmc::model::program::Pace { batch: n, epoch: 1, total: 1 });
    let (states, mut feeds) = doors(&function, &[NUMBERS, NUMBERS], 23);
    feeds[1] = Array::f32(&[n, 12], vec![0.0; 12 * n]);
    let x = Wide::from(&feeds[0]).data;
    let state = |slot: usize| Wide::from(&states[slot]).data;
    let unit = normalised(&x, 1e-2, |at| at % 2);
    let outputs: Vec<f64> =
        unit.iter().enumerate().map(|(at, x)| x * state(scale)[at % 2] + state(shift)[at % 2]).collect();
    let found = computed(&function, &states, &feeds, CLOCK);
    let squares = mean(&outputs.iter().map(|x| x * x).collect::<Vec<_>>());
    close(&found[0].data, &[squares], 1e-6, "training");
    let next = |slot: usize| {
        let update = function.updates.iter().position(|it| it.0 as usize == slot).expect("it moves");
        found[function.results.len() + update].data.clone()
    };
    let channel = |c: usize| x.iter().copied().skip(c).step_by(2).collect::<Vec<f64>>();
    let moved = |slot: usize, now: [f64; 2]| [0, 1].map(|c| 0.75 * state(slot)[c] + 0.25 * now[c]);
    let means = [0, 1].map(|c| mean(&channel(c)));
    // The batch's 3 times 6 places, less one.
    let sample = [0, 1].map(|c| channel(c).iter().map(|x| (x - means[c]).powi(2)).sum::<f64>() / 17.0);
    close(&next(m), &moved(m, means), 1e-6, "the running mean");
    close(&next(v), &moved(v, sample), 1e-6, "the running variance");
    // One example alone leaves a number behind that is one.
    let program = model("f32[2]", "f32[2]", "f32[2]", "x |> batch_norm as it");
    let function = program.step(dlmc::model::program::Pace { batch: 1, epoch: 1, total: 1 });
    let (states, feeds) = doors(&function, &[NUMBERS, NUMBERS], 24);
    assert!(computed(&function, &states, &feeds, CLOCK).iter().flat_map(|it| &it.data).all(|it| it.is_finite()));
}

#[test]
fn group_norm_is_over_the_places_and_the_channels_of_a_group() {
    let program = model(
        "f32[24]",
        "f32[24]",
        "f32[24]",
        "reshape(x, [2, 3, 4]) |> group_norm(groups: 2, eps: 1e-2) as it |> flatten",
    );
    let (states, x, found) = predicted(&program, NUMBERS, 2);
    // The example, and which half of its channels.
    let unit = normalised(&x, 1e-2, |at| at / 24 * 2 + at % 4 / 2);
    let expected: Vec<f64> = unit.iter().enumerate().map(|(at, x)| x * states[0][at % 4] + states[1][at % 4]).collect();
    close(&found, &expected, 1e-6, "group_norm");
    sound(&program, NUMBERS);
}

#[test]
fn instance_norm_is_over_the_places_of_one_channel() {
    let body = format!("{IMAGE} |> instance_norm(eps: 1e-2) as it |> flatten");
    let program = model("f32[12]", "f32[12]", "f32[12]", &body);
    let (states, x, found) = predicted(&program, NUMBERS, 3);
    let unit = normalised(&x, 1e-2, |at| at / 12 * 2 + at % 2);
    let expected: Vec<f64> = unit.iter().enumerate().map(|(at, x)| x * states[0][at % 2] + states[1][at % 2]).collect();
    close(&found, &expected, 1e-6, "instance_norm");
    sound(&program, NUMBERS);
    // As many groups as channels are the same; on sequences too.
    let of = |layer: &str| {
        let body = format!("reshape(x, [6, 2]) |> {layer} as it |> flatten");
        predicted(&model("f32[12]", "f32[12]", "f32[12]", &body), NUMBERS, 3).2
    };
    close(&of("instance_norm"), &of("group_norm(2)"), 1e-9, "as many groups as channels");
}
