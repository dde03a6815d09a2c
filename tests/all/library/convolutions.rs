//! Convolutions and their way back: values by plain loops over the places, gradients by differences.

use super::layers::{NUMBERS, model, predicted, sound};
use super::*;

pub fn cases() -> Vec<&'static str> {
    vec![
        "layer conv(channels: int, kernel: int[2], stride: int[2], pad: padding[2], dilation: int[2], groups: int, \
         act: fn, bias: bool, init: fn, rest: name) on x: f32[H, W, C]",
        "layer conv(channels: int, kernel: int, stride: int, pad: padding, dilation: int, groups: int, act: fn, \
         bias: bool, init: fn, rest: name) on x: f32[T, C]",
        "layer conv_transpose(channels: int, kernel: int[2], stride: int[2], pad: padding[2], output_pad: int[2], \
         dilation: int[2], groups: int, act: fn, bias: bool, init: fn) on x: f32[H, W, C]",
        "layer conv_transpose(channels: int, kernel: int, stride: int, pad: padding, output_pad: int, dilation: int, \
         groups: int, act: fn, bias: bool, init: fn) on x: f32[T, C]",
        "layer upsample(by: int[2]) on x: f32[H, W, C]",
        "layer upsample(by: int) on x: f32[T, C]",
        "fn correlate(x: f32[H, W, C], w: f32[K, L, D, O], rows: int, columns: int, stride: int[2], dilation: int[2], \
         groups: int)",
        "fn correlate(x: f32[T, C], w: f32[K, D, O], places: int, stride: int, dilation: int, groups: int)",
        "fn windows(size: int, kernel: int, stride: int, pad: padding, dilation: int, rest: name)",
        "fn margins(pad: length, size: int, reach: int, stride: int)",
        "fn margins(pad: name, size: int, reach: int, stride: int)",
        "fn spread(size: int, kernel: int, stride: int, pad: padding, more: int, dilation: int)",
        "fn cuts(pad: length, reach: int, stride: int)",
        "fn cuts(pad: name, reach: int, stride: int)",
        "fn framed(x: f32[H, W, C], top: int, bottom: int, left: int, right: int, rows: int, columns: int, value)",
        "fn framed(x: f32[T, C], before: int, after: int, places: int, value)",
    ]
}

/// A convolution and what it must be: a sequence is an image of one column.
#[derive(Clone, Copy)]
pub struct Sliding {
    pub settings: &'static str,
    /// Rows, columns and channels of the image, and of the result.
    pub from: [usize; 3],
    pub to: [usize; 3],
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    /// Places before the first row and the first column.
    pub before: [usize; 2],
    pub groups: usize,
}

pub const PLAIN: Sliding = Sliding {
    settings: "",
    from: [0; 3],
    to: [0; 3],
    kernel: [3, 3],
    stride: [1, 1],
    dilation: [1, 1],
    before: [0, 0],
    groups: 1,
};

/// The margins are TensorFlow's for `same`, worked out by hand: all of them is (out - 1) stride + reach - size, and of an
/// odd number the smaller part goes before.
const CONVOLUTIONS: &[Sliding] = &[
    Sliding { settings: "3", from: [5, 4, 2], to: [5, 4, 3], before: [1, 1], ..PLAIN },
    Sliding { settings: "2, kernel: 2", from: [3, 3, 1], to: [3, 3, 2], kernel: [2, 2], ..PLAIN },
    Sliding { settings: "2, kernel: 4", from: [3, 5, 1], to: [3, 5, 2], kernel: [4, 4], before: [1, 1], ..PLAIN },
    // Even sizes: one row of zeros, and it goes behind.
    Sliding { settings: "2, stride: 2", from: [4, 6, 1], to: [2, 3, 2], stride: [2, 2], ..PLAIN },
    // Odd sizes: one on each side.
    Sliding { settings: "2, stride: 2", from: [5, 3, 1], to: [3, 2, 2], stride: [2, 2], before: [1, 1], ..PLAIN },
    // PyTorch's margins under the same stride.
    Sliding {
        settings: "2, stride: 2, pad: 1px",
        from: [4, 5, 2],
        to: [2, 3, 2],
        stride: [2, 2],
        before: [1, 1],
        ..PLAIN
    },
    Sliding {
        settings: "2, kernel: [3, 1], stride: [1, 2], pad: [same, none]",
        from: [3, 5, 2],
        to: [3, 3, 2],
        kernel: [3, 1],
        stride: [1, 2],
        before: [1, 0],
        ..PLAIN
    },
    Sliding {
        settings: "2, kernel: 2, pad: none, dilation: [2, 3]",
        from: [4, 5, 1],
        to: [2, 2, 2],
        kernel: [2, 2],
        dilation: [2, 3],
        ..PLAIN
    },
    Sliding {
        settings: "4, groups: 2, pad: [2px, none]",
        from: [2, 4, 4],
        to: [4, 2, 4],
        before: [2, 0],
        groups: 2,
        ..PLAIN
    },
    // Depthwise, with two filters for each channel.
    Sliding { settings: "6, groups: 3", from: [3, 3, 3], to: [3, 3, 6], before: [1, 1], groups: 3, ..PLAIN },
    // What a stride steps over is left out, as it is between.
    Sliding {
        settings: "3, kernel: 1, stride: 2, pad: none",
        from: [4, 3, 2],
        to: [2, 2, 3],
        kernel: [1, 1],
        stride: [2, 2],
        ..PLAIN
    },
];

const OF_SEQUENCES: &[Sliding] = &[
    Sliding { settings: "2", from: [5, 1, 3], to: [5, 1, 2], before: [1, 0], kernel: [3, 1], ..PLAIN },
    Sliding {
        settings: "4, kernel: 4, stride: 2, groups: 2",
        from: [6, 1, 2],
        to: [3, 1, 4],
        kernel: [4, 1],
        stride: [2, 1],
        before: [1, 0],
        groups: 2,
        ..PLAIN
    },
    Sliding {
        settings: "2, pad: 2px, dilation: 2",
        from: [3, 1, 2],
        to: [3, 1, 2],
        kernel: [3, 1],
        dilation: [2, 1],
        before: [2, 0],
        ..PLAIN
    },
];

/// A transposed convolution of n places has n stride places by `same`, else (n - 1) stride + reach less what is cut off.
const WAYS_BACK: &[Sliding] = &[
    Sliding { settings: "2, stride: 2", from: [2, 3, 2], to: [4, 6, 2], stride: [2, 2], ..PLAIN },
    Sliding { settings: "2", from: [3, 2, 1], to: [3, 2, 2], before: [1, 1], ..PLAIN },
    Sliding {
        settings: "3, kernel: 4, stride: 2, pad: 1px",
        from: [2, 3, 1],
        to: [4, 6, 3],
        kernel: [4, 4],
        stride: [2, 2],
        before: [1, 1],
        ..PLAIN
    },
    Sliding {
        settings: "2, stride: 2, pad: 1px, output_pad: [1, 0]",
        from: [2, 2, 2],
        to: [4, 3, 2],
        stride: [2, 2],
        before: [1, 1],
        ..PLAIN
    },
    Sliding {
        settings: "4, kernel: 2, stride: 3, groups: 2, pad: none",
        from: [2, 2, 2],
        to: [5, 5, 4],
        kernel: [2, 2],
        stride: [3, 3],
        groups: 2,
        ..PLAIN
    },
    // Windows that do not meet leave places between them that nothing writes, and behind the last.
    Sliding {
        settings: "2, kernel: 2, stride: 3",
        from: [2, 1, 1],
        to: [6, 3, 2],
        kernel: [2, 2],
        stride: [3, 3],
        ..PLAIN
    },
    Sliding {
        settings: "1, kernel: 2, dilation: 2, pad: none",
        from: [3, 2, 2],
        to: [5, 4, 1],
        kernel: [2, 2],
        dilation: [2, 2],
        ..PLAIN
    },
];

const WAYS_BACK_OF_SEQUENCES: &[Sliding] = &[
    Sliding {
        settings: "2, kernel: 4, stride: 2",
        from: [3, 1, 2],
        to: [6, 1, 2],
        kernel: [4, 1],
        stride: [2, 1],
        before: [1, 0],
        ..PLAIN
    },
    Sliding {
        settings: "4, stride: 2, pad: 1px, output_pad: 1, groups: 2",
        from: [3, 1, 2],
        to: [6, 1, 4],
        kernel: [3, 1],
        stride: [2, 1],
        before: [1, 0],
        groups: 2,
        ..PLAIN
    },
];

/// Where row or column `of` of windows reads or writes, for the place `within` a window; nothing outside.
pub fn place(it: &Sliding, axis: usize, of: usize, within: usize, size: usize) -> Option<usize> {
    let at = (of * it.stride[axis] + within * it.dilation[axis]).checked_sub(it.before[axis])?;
    (at < size).then_some(at)
}

/// Calls `see` with the places of one example of the narrow side, of the wide side, and of the weight that joins them.
fn each_pair(it: &Sliding, narrow: [usize; 3], wide: [usize; 3], mut see: impl FnMut(usize, usize, [usize; 2])) {
    for (i, j) in (0..narrow[0]).flat_map(|i| (0..narrow[1]).map(move |j| (i, j))) {
        for (a, b) in (0..it.kernel[0]).flat_map(|a| (0..it.kernel[1]).map(move |b| (a, b))) {
            if let (Some(y), Some(x)) = (place(it, 0, i, a, wide[0]), place(it, 1, j, b, wide[1])) {
                see(i * narrow[1] + j, y * wide[1] + x, [a, b]);
            }
        }
    }
}

/// y = x * w + b, where x is read through windows, or written through them.
fn by_loops(it: &Sliding, x: &[f64], w: &[f64], b: Option<&[f64]>, back: bool) -> Vec<f64> {
    let size = |shape: [usize; 3]| shape.iter().product::<usize>();
    let [channels, outs] = [it.from[2], it.to[2]];
    let (share, group) = (channels / it.groups, outs / it.groups);
    let mut all = Vec::new();
    for x in x.chunks(size(it.from)) {
        let mut y: Vec<f64> = (0..size(it.to)).map(|at| b.map_or(0.0, |b| b[at % outs])).collect();
        let (narrow, wide) = if back { (it.from, it.to) } else { (it.to, it.from) };
        each_pair(it, narrow, wide, |n, m, [p, q]| {
            let (to, from) = if back { (m, n) } else { (n, m) };
            for (o, c) in (0..outs).flat_map(|o| (0..share).map(move |c| (o, c))) {
                let weight = w[((p * it.kernel[1] + q) * share + c) * outs + o];
                y[to * outs + o] += x[from * channels + o / group * share + c] * weight;
            }
        });
        all.extend(y);
    }
    all
}

/// The shape of an image, or of a sequence.
pub fn list(shape: [usize; 3], is_sequence: bool) -> String {
    let [h, w, c] = shape;
    if is_sequence { format!("[{h}, {c}]") } else { format!("[{h}, {w}, {c}]") }
}

fn agree(layer: &str, cases: &[Sliding], is_sequence: bool, back: bool) {
    for it in cases {
        let [from, to] = [it.from, it.to].map(|shape| format!("f32[{}]", shape.iter().product::<usize>()));
        let call = |more: &str| {
            let shape = list(it.from, is_sequence);
            format!("reshape(x, {shape}) |> {layer}({}{more}) as it |> flatten", it.settings)
        };
        let program = model(&from, &from, &to, &call(""));
        let (states, x, found) = predicted(&program, NUMBERS, 2);
        let expected = by_loops(it, &x, &states[0], Some(&states[1]), back);
        close(&found, &expected, 1e-6, &format!("{layer}({})", it.settings));
        sound(&program, NUMBERS);

        let program = model(&from, &from, &to, &call(", bias: no, act: tanh"));
        let (states, x, found) = predicted(&program, NUMBERS, 2);
        assert_eq!(states.len(), 1, "without a bias there is none");
        let expected: Vec<f64> = by_loops(it, &x, &states[0], None, back).iter().map(|x| x.tanh()).collect();
        close(&found, &expected, 1e-6, &format!("{layer}({}, bias: no, act: tanh)", it.settings));
    }
}

#[test]
fn an_image_is_read_through_windows() {
    agree("conv", CONVOLUTIONS, false, false);
}

#[test]
fn a_sequence_is_read_through_windows() {
    agree("conv", OF_SEQUENCES, true, false);
}

#[test]
fn an_image_is_written_through_windows() {
    agree("conv_transpose", WAYS_BACK, false, true);
}

#[test]
fn a_sequence_is_written_through_windows() {
    agree("conv_transpose", WAYS_BACK_OF_SEQUENCES, true, true);
}

#[test]
fn places_are_repeated() {
    let body = "param w: f32[12] ~ ones\n  reshape(x * w, [2, 3, 2]) |> upsample([3, 2]) |> flatten";
    let program = model("f32[12]", "f32[12]", "f32[72]", body);
    let (states, x, found) = predicted(&program, NUMBERS, 2);
    let one = |at: usize| {
        let (example, i, j, c) = (at / 72, at / 12 % 6, at / 2 % 6, at % 2);
        let from = (i / 3 * 3 + j / 2) * 2 + c;
        x[12 * example + from] * states[0][from]
    };
    close(&found, &(0..144).map(one).collect::<Vec<_>>(), 1e-6, "upsample");
    sound(&program, NUMBERS);
    let body = "param w: f32[6] ~ ones\n  reshape(x * w, [3, 2]) |> upsample |> flatten";
    let program = model("f32[6]", "f32[6]", "f32[12]", body);
    let (states, x, found) = predicted(&program, NUMBERS, 2);
    let from = |at: usize| at % 12 / 4 * 2 + at % 2;
    let expected: Vec<f64> = (0..24).map(|at| x[at / 12 * 6 + from(at)] * states[0][from(at)]).collect();
    close(&found, &expected, 1e-6, "upsample of a sequence");
    sound(&program, NUMBERS);
}

/// What enters a unit is its window of its share of the channels: 5 · 3 · 8 / 2.
#[test]
fn weights_start_as_wide_as_their_windows_ask() {
    for (init, bound) in [("he", (6.0 / 60.0f64).sqrt()), ("glorot", (6.0 / (60.0 + 5.0 * 3.0 * 32.0f64)).sqrt())] {
        let body =
            format!("reshape(x, [1, 1, 8]) |> conv(32, kernel: [5, 3], groups: 2, init: {init}) as it |> flatten");
        let program = model("f32[8]", "f32[8]", "f32[32]", &body);
        let initial = program.initial();
        let w = evaluate_f64(&initial.graph, &initial.results[..1], &[], &[], CLOCK).remove(0).data;
        assert_eq!(w.len(), 60 * 32);
        let largest = w.iter().fold(0.0, |most: f64, it| most.max(it.abs()));
        assert!(largest <= bound && largest > 0.99 * bound, "{init}: {largest} of {bound}");
        let variance = w.iter().map(|it| it * it).sum::<f64>() / w.len() as f64;
        assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 0.1, "{init}: {variance}");
    }
}
