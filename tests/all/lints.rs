//! Which models are warned about, and which look like them and are not.

use crate::pages::{Block, checked};

/// What is said about a model of six numbers with this body.
fn said(body: &str) -> Vec<String> {
    let text = format!(
        "data d {{
  source: table {{
    | a | b | c | d | e | f | y |
    | 1 | 2 | 5 | 2 | 8 | 1 | 3 |
    | 2 | 1 | 3 | 7 | 1 | 4 | 5 |
  }}
  input  x: f32[6] = [a, b, c, d, e, f]
  target y: number
}}
model m on x: f32[6] -> number {{ {body} }}
train {{ model: m; data: d; loss: mae; optimizer: adam; for: 1 epoch }}"
    );
    checked(&[Block { kind: "dlm", file: None, body: &text }])
}

#[test]
fn layers_that_together_are_one_are_told() {
    for body in [
        "x |> dense(8) as one |> dense(1) as two",
        "x |> dense(6, bias: no) as one |> dense(6) as two |> dense(1, tanh) as three",
        "x |> dense(4, relu) as zero |> dense(5) as one |> dense(1) as two",
        "x |> dense(8) as one |> dropout(20%) |> dense(1) as two",
        "(x |> dense(8) as one) * 2 + 1 |> dense(1) as two",
    ] {
        assert_eq!(said(body), ["linear-layers"], "{body}");
    }
}

#[test]
fn layers_that_say_more_together_are_not() {
    for body in [
        "x |> dense(1) as one",
        "x |> dense(8, tanh) as one |> dense(1) as two",
        // Narrower than both its neighbours: fewer numbers, on purpose.
        "x |> dense(2) as one |> dense(4, relu) as two |> dense(1) as three",
        // A product of two things that depend on the example is no matrix.
        "a = x |> dense(6) as one\n a * x |> dense(1) as two",
        "x |> dense(8) as one |> layer_norm |> dense(1) as two",
        "concat(x |> dense(2) as one, x |> dense(2) as two) |> relu |> dense(1) as three",
        // The way past the middle layer is one matrix, but not the sum of both ways.
        "one = x |> dense(6) as one\n one + (one |> dense(6, relu) as two) |> dense(1) as three",
        // A small filter is less than a matrix, and two of them than one large one.
        "reshape(x, [6, 1]) |> conv(4) as one |> flatten |> dense(1) as two",
        "reshape(x, [2, 3, 1]) |> conv(2, kernel: [2, 1]) as one |> conv(3, kernel: [1, 2]) as two |> relu |> \
         flatten |> dense(1) as three",
        // Means of bins have no weights.
        "reshape(x |> dense(4, relu) as one, [4, 1]) |> adaptive_avg_pool(2) |> flatten |> dense(1) as two",
    ] {
        assert_eq!(said(body), [""; 0], "{body}");
    }
}
