//! Pooling: values by plain loops over the places, gradients by differences.

use super::convolutions::{Sliding, list, place};
use super::layers::{NUMBERS, model, predicted, sound};
use super::*;

pub fn cases() -> Vec<&'static str> {
    vec![
        "layer max_pool(kernel: int[2], stride: int[2], pad: padding[2], rest: name) on x: f32[H, W, C]",
        "layer max_pool(kernel: int, stride: int, pad: padding, rest: name) on x: f32[T, C]",
        "layer avg_pool(kernel: int[2], stride: int[2], pad: padding[2], count_pad: bool, rest: name) on x: f32[H, W, C]",
        "layer avg_pool(kernel: int, stride: int, pad: padding, count_pad: bool, rest: name) on x: f32[T, C]",
        "fn covered(size: int, before: int, after: int, places: int, kernel: int, stride: int)",
        "layer global_avg_pool on x: f32[H, W, C]",
        "layer global_avg_pool on x: f32[T, C]",
        "layer global_max_pool on x: f32[H, W, C]",
        "layer global_max_pool on x: f32[T, C]",
        "layer adaptive_avg_pool(size: int[2]) on x: f32[H, W, C]",
        "layer adaptive_avg_pool(size: int) on x: f32[T, C]",
        "layer adaptive_max_pool(size: int[2]) on x: f32[H, W, C]",
        "layer adaptive_max_pool(size: int) on x: f32[T, C]",
        "fn bins(size: int, n: int)",
    ]
}

const fn pool(
    settings: &'static str,
    from: [usize; 3],
    to: [usize; 3],
    kernel: [usize; 2],
    stride: [usize; 2],
    before: [usize; 2],
) -> Sliding {
    Sliding { settings, from, to, kernel, stride, before, ..super::convolutions::PLAIN }
}

const POOLS: &[Sliding] = &[
    pool("", [4, 6, 2], [2, 3, 2], [2, 2], [2, 2], [0, 0]),
    pool("[2, 3]", [4, 3, 2], [2, 1, 2], [2, 3], [2, 3], [0, 0]),
    pool("3, stride: 1", [4, 5, 1], [2, 3, 1], [3, 3], [1, 1], [0, 0]),
    // PyTorch's margin, as in front of a residual network.
    pool("3, stride: 2, pad: 1px", [4, 5, 2], [2, 3, 2], [3, 3], [2, 2], [1, 1]),
    pool("3, stride: 2, pad: same", [4, 5, 2], [2, 3, 2], [3, 3], [2, 2], [0, 1]),
];

const OF_SEQUENCES: &[Sliding] = &[
    pool("", [6, 1, 2], [3, 1, 2], [2, 1], [2, 1], [0, 0]),
    pool("3, stride: 2, pad: same", [5, 1, 2], [3, 1, 2], [3, 1], [2, 1], [1, 0]),
];

/// Each window's numbers, those outside left out.
fn windows(it: &Sliding, x: &[f64]) -> Vec<Vec<f64>> {
    let ([h, w, c], [rows, columns, _]) = (it.from, it.to);
    let mut all = Vec::new();
    for x in x.chunks(h * w * c) {
        for at in 0..rows * columns * c {
            let (i, j, channel) = (at / c / columns, at / c % columns, at % c);
            let mut window = Vec::new();
            for (a, b) in (0..it.kernel[0]).flat_map(|a| (0..it.kernel[1]).map(move |b| (a, b))) {
                if let (Some(y), Some(z)) = (place(it, 0, i, a, h), place(it, 1, j, b, w)) {
                    window.push(x[(y * w + z) * c + channel]);
                }
            }
            all.push(window);
        }
    }
    all
}

/// A layer on an image whose numbers have weights, so that there is something to differentiate in.
fn pooled(layer: &str, from: [usize; 3], to: usize, is_sequence: bool) -> Program {
    let [input, output] = [from.iter().product::<usize>(), to].map(|size| format!("f32[{size}]"));
    let body = format!("param w: {input} ~ ones\n  reshape(x * w, {}) |> {layer} |> flatten", list(from, is_sequence));
    model(&input, &input, &output, &body)
}

/// What the program gives is `expected` of the weighted image.
fn agree(program: &Program, expected: impl Fn(&[f64]) -> Vec<f64>, what: &str) {
    let (states, x, found) = predicted(program, NUMBERS, 2);
    let weighted: Vec<f64> = x.iter().enumerate().map(|(at, x)| x * states[0][at % states[0].len()]).collect();
    close(&found, &expected(&weighted), 1e-6, what);
    sound(program, NUMBERS);
}

/// The same of every window of every case.
fn of_windows(layer: &str, more: &str, value: impl Fn(&Sliding, &[f64]) -> f64) {
    for (cases, is_sequence) in [(POOLS, false), (OF_SEQUENCES, true)] {
        for it in cases {
            let settings =
                [it.settings, more].iter().filter(|it| !it.is_empty()).copied().collect::<Vec<_>>().join(", ");
            let call = if settings.is_empty() { layer.to_string() } else { format!("{layer}({settings})") };
            let program = pooled(&call, it.from, it.to.iter().product(), is_sequence);
            agree(&program, |x| windows(it, x).iter().map(|window| value(it, window)).collect(), &call);
        }
    }
}

#[test]
fn the_largest_of_each_window() {
    of_windows("max_pool", "", |_, window| window.iter().copied().fold(f64::NEG_INFINITY, f64::max));
}

/// Of images that are negative everywhere the largest is negative: what is padded is not 0.
#[test]
fn the_padding_is_never_the_largest() {
    let program = pooled("max_pool(3, stride: 2, pad: 1px)", [4, 4, 1], 4, false);
    let function = program.predict(1);
    let states = [Array::f32(&[16], vec![1.0; 16])];
    let feeds = [Array::f32(&[1, 16], (1..=16).map(|it| -it as f32).collect())];
    let found = computed(&function, &states, &feeds, CLOCK).remove(0).data;
    close(&found, &[-1.0, -2.0, -5.0, -6.0], 0.0, "negative");
}

#[test]
fn the_mean_of_each_window_with_its_padding_or_without() {
    let mean = |count: usize, window: &[f64]| window.iter().sum::<f64>() / count as f64;
    of_windows("avg_pool", "", |it, window| mean(it.kernel[0] * it.kernel[1], window));
    of_windows("avg_pool", "count_pad: no", |_, window| mean(window.len(), window));
}

#[test]
fn one_number_for_each_channel() {
    let channels = |x: &[f64], places: usize, of: fn(&[f64]) -> f64| -> Vec<f64> {
        let one = |x: &[f64], c: usize| of(&x.iter().copied().skip(c).step_by(2).collect::<Vec<_>>());
        x.chunks(2 * places).flat_map(|x| [one(x, 0), one(x, 1)]).collect()
    };
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let largest = |x: &[f64]| x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for (from, is_sequence) in [([2, 3, 2], false), ([6, 1, 2], true)] {
        let program = pooled("global_avg_pool", from, 2, is_sequence);
        agree(&program, |x| channels(x, 6, mean), "global_avg_pool");
        let program = pooled("global_max_pool", from, 2, is_sequence);
        agree(&program, |x| channels(x, 6, largest), "global_max_pool");
    }
}

/// From floor(i size / n) to before ceil((i + 1) size / n): bins of 5 places in 3 are 0..2, 1..4 and 3..5.
#[test]
fn bins_share_the_places_evenly() {
    let bins = |size: usize, n: usize| (0..n).map(|i| i * size / n..((i + 1) * size).div_ceil(n)).collect::<Vec<_>>();
    assert_eq!(bins(5, 3), [0..2, 1..4, 3..5]);
    let cases: [(&str, [usize; 3], [usize; 2]); 4] = [
        ("adaptive_avg_pool([3, 2])", [5, 4, 2], [3, 2]),
        ("adaptive_avg_pool(1)", [3, 2, 2], [1, 1]),
        // More bins than places.
        ("adaptive_avg_pool([2, 4])", [2, 3, 1], [2, 4]),
        ("adaptive_avg_pool(3)", [7, 1, 2], [3, 1]),
    ];
    for (layer, from, to) in cases {
        let [h, w, c] = from;
        let is_sequence = w == 1;
        let expected = |x: &[f64], of: fn(&[f64]) -> f64| {
            let mut all = Vec::new();
            for x in x.chunks(h * w * c) {
                for (rows, columns) in
                    bins(h, to[0]).iter().flat_map(|r| bins(w, to[1]).into_iter().map(move |c| (r, c)))
                {
                    for channel in 0..c {
                        let bin = rows.clone().flat_map(|y| columns.clone().map(move |z| x[(y * w + z) * c + channel]));
                        let bin: Vec<f64> = bin.collect();
                        all.push(of(&bin));
                    }
                }
            }
            all
        };
        let program = pooled(layer, from, to[0] * to[1] * c, is_sequence);
        agree(&program, |x| expected(x, |bin| bin.iter().sum::<f64>() / bin.len() as f64), layer);
        let layer = layer.replace("avg", "max");
        let program = pooled(&layer, from, to[0] * to[1] * c, is_sequence);
        agree(&program, |x| expected(x, |bin| bin.iter().copied().fold(f64::NEG_INFINITY, f64::max)), &layer);
    }
}
