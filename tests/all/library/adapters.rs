//! Adapters: what is read in a parameter's place, computed by hand, and gradients in what adapts it.

use super::layers::{NUMBERS, sound};
use super::*;

pub fn cases() -> Vec<&'static str> {
    vec![
        "layer lora(rank: int, alpha: real) on w: f32[I, O]",
        "layer lora(rank: int, alpha: real) on w: f32[W, I, O]",
        "layer lora(rank: int, alpha: real) on w: f32[H, W, I, O]",
    ]
}

/// A model of which a file holds the weights, and what adapts them.
fn adapted(input: &str, result: &str, body: &str, lines: &str) -> Program {
    let taken = if input.starts_with("class") { "class[V]" } else { input };
    let rest = format!(
        "model m on x: {taken} -> {result} {{\n  {body}\n}}\n\
         train {{\n  model: m\n  data: points\n  loss: mse\n  optimizer: sgd\n  for: 1 epoch\n  \
         transfer from \"w.safetensors\" {{\n    {lines}\n  }}\n}}\n"
    );
    with_data(input, result, &rest)
}

/// What a layer gives with `it.w` adapted is what it gives with w + scale · a b.
#[track_caller]
fn is_a_product_more(input: (&str, Feed), result: &str, body: &str, how: &str, scale: f64) {
    let (ty, feed) = input;
    let program = adapted(ty, result, body, &format!("adapt {how} on it.w"));
    let names: Vec<&str> = program.states.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(names[..3], ["it.w", "it.w.lora.a", "it.w.lora.b"], "{names:?}");
    let function = program.predict(4);
    let (states, feeds) = doors(&function, &[feed], 5);
    let found = computed(&function, &states, &feeds, CLOCK).remove(0).data;
    let [w, a, b] = [0, 1, 2].map(|at| Wide::from(&states[at]).data);
    let [rank, units] = states[2].shape[..] else { panic!("a matrix") };
    let term = |at: usize| (0..rank).map(|k| a[at / units * rank + k] * b[k * units + at % units]).sum::<f64>();
    let whole: Vec<f32> = w.iter().enumerate().map(|(at, w)| (w + scale * term(at)) as f32).collect();
    let plain = adapted(ty, result, body, "").predict(4);
    let whole = Array::f32(&states[0].shape, whole);
    let plain_states: Vec<Array> = std::iter::once(whole).chain(states[3..].iter().cloned()).collect();
    let expected = computed(&plain, &plain_states, &feeds, CLOCK).remove(0).data;
    close(&found, &expected, 1e-5, how);
    sound(&program, feed);
}

#[test]
fn a_matrix_learns_through_two_narrow_ones() {
    let x = ("f32[4]", NUMBERS);
    is_a_product_more(x, "f32[3]", "x |> dense(3, tanh) as it", "lora(rank: 2)", 1.0);
    is_a_product_more(x, "f32[3]", "x |> dense(3, tanh) as it", "lora(rank: 3, alpha: 6)", 2.0);
    is_a_product_more(("class[5]", Feed::Classes(5)), "f32[3]", "x |> embed(3) as it", "lora(1, 0.5)", 0.5);
}

#[test]
fn filters_are_matrices_too() {
    let body = "reshape(x, [3, 4, 2]) |> conv(3, kernel: 2) as it |> flatten";
    is_a_product_more(("f32[24]", NUMBERS), "f32[36]", body, "lora(rank: 2, alpha: 4)", 2.0);
    let body = "reshape(x, [5, 2]) |> conv(3, kernel: 3) as it |> flatten";
    is_a_product_more(("f32[10]", NUMBERS), "f32[15]", body, "lora(rank: 2, alpha: 1)", 0.5);
}

/// What is read at every place of a sequence, and what is read of the place before.
#[test]
fn recurrent_layers_read_what_adapters_make() {
    let body = "reshape(x, [3, 2]) |> rnn(3) as it |> flatten";
    is_a_product_more(("f32[6]", NUMBERS), "f32[9]", body, "lora(rank: 2)", 1.0);
    sound(&adapted("f32[6]", "f32[9]", body, "adapt lora(rank: 2) on it.w, it.u"), NUMBERS);
}

/// Whoever reads a parameter reads what its adapter makes of it, and a layer of one's own is an adapter, too.
#[test]
fn a_parameter_is_adapted_wherever_it_is_read() {
    let rest = "layer scaled on w: f32[I, O] -> f32[I, O] {
  param s: f32[O] ~ ones
  w * s
}
model m on x: f32[4] -> f32[4] {
  y = x |> dense(3, tanh, bias: no) as it
  y @ transpose(it.w)
}
train {
  model: m
  data: points
  loss: mse
  optimizer: sgd
  for: 1 epoch
  transfer from \"w.safetensors\" { adapt scaled on it.w }
}
";
    let program = with_data("f32[4]", "f32[4]", rest);
    let function = program.predict(4);
    let (states, feeds) = doors(&function, &[NUMBERS], 6);
    let found = computed(&function, &states, &feeds, CLOCK).remove(0).data;
    let [w, s] = [0, 1].map(|at| Wide::from(&states[at]).data);
    let whole: Vec<f64> = w.iter().enumerate().map(|(at, w)| w * s[at % 3]).collect();
    let x = Wide::from(&feeds[0]).data;
    let expected = x.chunks(4).flat_map(|x| {
        let y: Vec<f64> = (0..3).map(|o| (0..4).map(|i| x[i] * whole[i * 3 + o]).sum::<f64>().tanh()).collect();
        let whole = &whole;
        (0..4).map(move |i| (0..3).map(|o| y[o] * whole[i * 3 + o]).sum::<f64>()).collect::<Vec<_>>()
    });
    close(&found, &expected.collect::<Vec<_>>(), 1e-5, "scaled");
    sound(&program, NUMBERS);
}
