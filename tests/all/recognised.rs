//! What `check` says that a `for` became.

use std::path::Path;

use dlmc::ide::report::check;
use dlmc::source::Memory;

use crate::check::render_all;

/// What each `for` of a layer's body became, where `x` is an `f32[6, 4]`, `y` a class of 3, and `w` an `f32[4, 4]`.
fn became(body: &str) -> Vec<String> {
    let text = format!(
        "dlm 1
data points {{
  source: table {{
    | a | b | y |
    | 0 | 1 | 0 |
    | 1 | 0 | 2 |
  }}
  input  x: f32[2] = [a, b]
  input  y: class[3] = y
  target z: number = a
}}
layer it on (x: f32[6, 4], y: class[3]) {{
  param w: f32[4, 4] ~ glorot
  {body}
}}
model m on (x: f32[2], y: class[3]) -> number {{
  wide = x |> dense(24) as wide |> reshape([6, 4])
  (wide, y) |> it as it |> flatten |> dense(1) as out
}}
train {{ model: m; data: points; loss: mse; optimizer: sgd; for: 1 epoch }}"
    );
    let report = check(&Memory::default(), Path::new("loops.dlm"), Some(text.clone()), &[]).expect("in memory");
    let problems = render_all(&report.problems, &report.checked.sources);
    let [model] = &report.models[..] else { panic!("{text}\n{problems}") };
    model.loops.iter().map(|it| format!("{} is {}", it.text, it.became)).collect()
}

#[test]
fn a_for_is_recognised_for_what_it_is() {
    for (body, expected) in [
        (
            "for i in 5, j in 3, o in 4 => sum(for a in 2, b in 2 => x[i + a, j + b] * w[2 * a + b, o])",
            "for i in 5, j in 3, o in 4 is a convolution",
        ),
        (
            "for t in 3, o in 4 => sum(for k in 2, c in 4 => x[2 * t + k, c] * w[c, o])",
            "for t in 3, o in 4 is a reduction and a contraction",
        ),
        ("for i in 6, j in 4 => sum(for k in 4 => x[i, k] * w[k, j])", "for i in 6, j in 4 is a contraction"),
        ("for i in 6 => dot(x[i], w[0])", "for i in 6 is a contraction"),
        ("for i in 6 => max(for j in 4 => x[i, j])", "for i in 6 is a reduction"),
        (
            "for i in 5 => max(for a in 2, j in 4 => x[i + a, j])",
            "for i in 5 is a reduction of windows and a reduction",
        ),
        ("for i in 6 => w[y] + x[i]", "for i in 6 is a gather"),
        ("for i in 4, j in 6 => x[j, i]", "for i in 4, j in 6 is a view, which costs nothing"),
        ("for i in 4, j in 6 => 2 * x[j, i]", "for i in 4, j in 6 is a formula at each place"),
        ("for t in 6, h ~ zeros([4]) => tanh(x[t] + h @ w)", "for t in 6, h ~ zeros([4]) is a recurrence of 6 turns"),
        (
            "for t in 6, h ~ zeros([4]) => tanh(x[t] @ w + h @ w)",
            "for t in 6, h ~ zeros([4]) is a contraction and a recurrence of 6 turns",
        ),
    ] {
        assert_eq!(became(body), [expected], "{body}");
    }
    assert_eq!(
        became("a = for i in 6 => sum(x[i])\n  for j in 4, i in 6 => x[i, j] / (1 + a[i]^2)"),
        ["for i in 6 is a reduction", "for j in 4, i in 6 is a formula at each place"],
        "one after the other"
    );
}

/// The operations of the forward pass of a model whose last formula is `body`, of an `x` of 8 numbers.
fn operations(body: &str) -> u64 {
    let text = format!(
        "dlm 1
data points {{
  source: jsonl(\"points.jsonl\")
  input  x: f32[8]
  target z: f32[50]
}}
model m on x: f32[8] -> f32[50] {{
  param w: f32[50] ~ ones
  {body}
}}
train {{ model: m; data: points; loss: mse; optimizer: sgd; batch: 4; for: 10 steps }}"
    );
    let report = check(&Memory::default(), Path::new("loops.dlm"), Some(text), &[]).expect("in memory");
    let problems = render_all(&report.problems, &report.checked.sources);
    assert!(report.models.len() == 1, "{problems}");
    report.models[0].flops_forward
}

#[test]
fn a_recurrence_within_a_for_is_computed_once_if_it_does_not_vary_there() {
    let apart = operations("s = sum(for t in 8, h ~ 0.0 => tanh(x[t] + 0.5 * h))\n  for i in 50 => s * w[i]");
    let within = operations("for i in 50 => sum(for t in 8, h ~ 0.0 => tanh(x[t] + 0.5 * h)) * w[i]");
    assert_eq!(apart, within);
    // Where it does vary, by what its body says or by what it starts as, there are fifty of them. A turn is a product, a
    // sum and a tanh, and is summed; another factor is one operation more.
    let varied = operations("for i in 50 => sum(for t in 8, h ~ 0.0 => tanh(x[t] + 0.5 * h * w[i]))");
    let drawn = operations("for i in 50 => sum(for t in 8, h ~ w[i] => tanh(x[t] + 0.5 * h))");
    assert_eq!((within, varied, drawn), (8 * 4 + 50, 50 * 8 * 5, 50 * 8 * 4));
}
