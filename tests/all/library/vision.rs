//! Networks for images: what they are made of, with gradients in inputs and parameters. Whole networks are held against
//! torchvision in `transfer/networks.rs`.

use super::layers::sound;
use super::*;

pub fn cases() -> Vec<&'static str> {
    vec![
        "layer conv_norm(channels: int, kernel: int, stride: int, groups: int, act: fn, pad: padding, eps: real) on x: f32[H, W, C]",
        "layer squeeze_excitation(units: int, act: fn) on x: f32[H, W, C]",
        "layer basic_block(channels: int, stride: int, widening: int) on x: f32[H, W, C]",
        "layer bottleneck(channels: int, stride: int, widening: int) on x: f32[H, W, C]",
        "layer resnet18(pool: bool) on x: f32[H, W, C]",
        "layer resnet34(pool: bool) on x: f32[H, W, C]",
        "layer resnet50(pool: bool) on x: f32[H, W, C]",
        "layer vgg11(fc: bool) on x: f32[H, W, C]",
        "layer vgg16(fc: bool) on x: f32[H, W, C]",
        "fn in_rows(x: f32[H, W, C])",
        "layer inverted_residual(channels: int, kernel: int, stride: int, widening: int, factor: int, squeeze: int, act: fn, pad: padding, eps: real) on x: f32[H, W, C]",
        "layer mobilenet_v2(pool: bool) on x: f32[H, W, C]",
        "layer efficientnet_b0(pool: bool) on x: f32[H, W, C]",
        "layer efficientnet_lite0(pool: bool) on x: f32[H, W, C]",
    ]
}

/// A model that applies `expr` to an image of this size, and gives so many numbers.
#[track_caller]
fn on_image([h, w, c]: [usize; 3], expr: &str, gives: usize) -> Program {
    let names = ["conv_norm", "squeeze_excitation", "basic_block", "bottleneck", "inverted_residual", "in_rows"];
    let used: Vec<&str> = names.into_iter().filter(|it| expr.contains(it)).collect();
    let size = h * w * c;
    let rest = format!(
        "use std.vision {{ {} }}\n\
         model m on x: f32[{size}] -> f32[{gives}] {{\n  image = reshape(x, [{h}, {w}, {c}])\n  {expr}\n}}\n\
         train {{\n  model: m\n  data: points\n  loss: mse\n  optimizer: sgd\n  for: 1 epoch\n}}\n",
        used.join(", ")
    );
    with_data(&format!("f32[{size}]"), &format!("f32[{gives}]"), &rest)
}

#[test]
fn what_networks_are_made_of_is_sound() {
    let image = Feed::Within(-1.0, 1.0);
    for (size, expr, gives) in [
        ([3, 4, 2], "image |> conv_norm(2, stride: 2, act: silu) |> flatten", 8),
        ([2, 2, 2], "image |> squeeze_excitation(3, act: silu) |> flatten", 8),
        ([3, 3, 2], "image |> basic_block(2) |> flatten", 18),
        ([4, 3, 2], "image |> basic_block(3, widening: 2) |> flatten", 12),
        ([3, 3, 2], "image |> bottleneck(4, stride: 2) |> flatten", 16),
        ([2, 3, 2], "image |> inverted_residual(2, factor: 2, squeeze: 2, act: silu) |> flatten", 12),
        ([3, 3, 2], "image |> inverted_residual(3, factor: 1, widening: 2, act: silu, pad: same) |> flatten", 12),
    ] {
        sound(&on_image(size, expr, gives), image);
    }
}

/// The tensors of a model by their paths.
fn shapes(program: &Program) -> Vec<String> {
    program.states.iter().map(|it| format!("{} {:?}", it.path, it.shape)).collect()
}

#[test]
fn a_repeat_is_a_stage_whose_first_block_halves_the_image() {
    let program = on_image([8, 8, 2], "image |> repeat(2, basic_block(3, widening: 2)) as stage |> flatten", 48);
    let projected: Vec<String> = shapes(&program).into_iter().filter(|it| it.contains("proj.conv")).collect();
    assert_eq!(projected, ["stage[0].proj.conv.w [1, 1, 2, 3]"]);
    let program =
        on_image([8, 8, 4], "image |> repeat(2, inverted_residual(8, widening: 2, squeeze: 4)) as s |> flatten", 128);
    let squeezed: Vec<String> = shapes(&program).into_iter().filter(|it| it.contains("reduce.w")).collect();
    assert_eq!(squeezed, ["s[0].excitation.reduce.w [1, 1, 24, 1]", "s[1].excitation.reduce.w [1, 1, 48, 2]"]);
}

#[test]
fn what_the_dense_layers_of_vgg_read_has_one_channel_behind_the_other() {
    let program = on_image([7, 7, 2], "param s: f32[98] ~ ones\n  s * in_rows(image)", 98);
    let function = program.predict(1);
    let (states, feeds) = doors(&function, &[Feed::Within(-1.0, 1.0)], 3);
    let found = computed(&function, &states, &feeds, CLOCK).remove(0).data;
    let (s, x) = (states[0].floats(), feeds[0].floats());
    let expected: Vec<f64> = (0..98).map(|at| f64::from(s[at]) * f64::from(x[at % 49 * 2 + at / 49])).collect();
    close(&found, &expected, 1e-6, "in_rows");
}
