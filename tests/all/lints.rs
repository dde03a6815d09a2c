//! Which models are warned about, and which look like them and are not.

use dlmc::ide::{Look, Report, report};
use dlmc::source::Memory;

use crate::pages::{Block, checked};

mod rows;

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
        "x |> dense(6, bias: no) as one |> dense(6, tanh) as two |> dense(1) as three",
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
        // Kernels along different axes.
        "reshape(x, [2, 3, 1]) |> conv(2, kernel: [2, 1]) as one |> conv(3, kernel: [1, 2]) as two |> relu |> \
         flatten |> dense(1) as three",
        // Means of bins have no weights.
        "reshape(x |> dense(4, relu) as one, [4, 1]) |> adaptive_avg_pool(2) |> flatten |> dense(1) as two",
    ] {
        assert_eq!(said(body), [""; 0], "{body}");
    }
}

/// What is said about eight rows of these kinds, split like this.
fn said_of_rows(kinds: [&str; 8], split: &str) -> Vec<String> {
    let rows: String = kinds.iter().enumerate().map(|(at, kind)| format!("    | {} | {kind} |\n", at * at)).collect();
    let text = format!(
        "data d {{
  source: table {{
    | x | y |
{rows}  }}
  split: {split}
  input  x: number
  target y: binary[\"no\", \"yes\"]
}}
model m on x: number -> logit {{ x |> dense(4, tanh) as a |> dense(1) as b }}
train {{ model: m; data: d; loss: binary_cross_entropy; optimizer: adam; for: 1 epoch }}"
    );
    checked(&[Block { kind: "dlm", file: None, body: &text }])
}

#[test]
fn rows_sorted_by_class_are_told_where_their_place_decides() {
    let sorted = ["no", "no", "no", "no", "yes", "yes", "yes", "yes"];
    let mixed = ["no", "yes", "no", "no", "yes", "no", "yes", "yes"];
    let by_position = "by_position(train: 6, val: 2)";
    assert_eq!(said_of_rows(sorted, by_position), ["sorted-split"]);
    assert_eq!(said_of_rows(sorted, "by_position(train: 6, test: 2)"), ["sorted-split"]);
    assert_eq!(said_of_rows(sorted, "by_position(train: 4, val: 4)"), ["sorted-split"]);
    for (kinds, split) in [
        (mixed, by_position),
        (sorted, "random(train: 6, val: 2)"),
        (sorted, "stratified(train: 6, val: 2)"),
        (sorted, "by_position(train: 2, val: 6)"),
    ] {
        let said = said_of_rows(kinds, split);
        assert!(!said.contains(&"sorted-split".to_string()), "{split}: {said:?}");
    }
}

// ------------------------------------------------------------------------------------------------ false alarms

/// What is said about a whole program that stands beside its data, down to the last row.
fn said_of_file(path: &std::path::Path) -> Vec<String> {
    let report = report::look(&crate::disk(), path, None, &[], Look::Rows).expect("a file");
    report.problems.iter().map(|it| it.code.to_string()).collect()
}

/// The codes of all lints.
fn lints() -> Vec<&'static str> {
    dlmc::problem::lint::ENTRIES.iter().map(|entry| entry.code).collect()
}

/// Examples, samples and what the manual, the README and the pages show as right: programs by people who meant them.
#[test]
fn no_lint_is_a_false_alarm_on_what_is_right() {
    use crate::pages::blocks;
    let (mut programs, mut alarms) = (0, vec![]);
    let lints = lints();
    let mut count = |name: String, codes: Vec<String>| {
        programs += 1;
        let codes = codes.into_iter().filter(|code| lints.contains(&code.as_str()));
        alarms.extend(codes.map(|code| format!("{name}: {code}")));
    };
    for path in ["examples", "tests/samples"].into_iter().flat_map(crate::programs) {
        count(path.display().to_string(), said_of_file(&path));
    }
    for (name, text) in
        [("README", include_str!("../../README.md")), ("manual", include_str!("../../docs/language.md"))]
    {
        let blocks = blocks(text);
        let files: Vec<Block> = blocks.iter().filter(|block| block.file.is_some()).cloned().collect();
        for program in blocks.iter().filter(|block| block.kind == "dlm" && block.file.is_none()) {
            count(name.into(), checked(&[&files[..], std::slice::from_ref(program)].concat()));
        }
    }
    for (code, page) in dlmc::problem::pages::PAGES {
        let (_, right) = page.split_once("\n## Right\n").expect("what is right");
        let blocks = blocks(right);
        if blocks.iter().any(|block| block.kind == "dlm" && block.file.is_none()) {
            count(format!("page {code}"), checked(&blocks));
        }
    }
    // One shows what no line can do; the other takes the library's names on purpose, and says so.
    alarms.retain(|alarm| {
        !alarm.ends_with("perceptron.dlm: linear-model") && !alarm.ends_with("seed_formulas.dlm: shadows-library")
    });
    println!("{} false alarms on {programs} programs", alarms.len());
    assert!(programs > 150, "{programs}");
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}

// ------------------------------------------------------------------------------------------------ one by one

/// What is said about a model of eight numbers with this body, and these settings beside model, data and length.
fn said_with(body: &str, settings: &str) -> Vec<String> {
    report_with(body, settings).problems.iter().map(|it| it.code.to_string()).collect()
}

fn report_with(body: &str, settings: &str) -> Report {
    let text = format!(
        "data d {{
  source: table {{
    | a | b | c | d | e | f | g | h | y  |
    | 1 | 2 | 5 | 2 | 8 | 1 | 0 | 4 | 3  |
    | 2 | 1 | 3 | 7 | 1 | 4 | 6 | 2 | -5 |
    | 0 | 4 | 4 | 1 | 2 | 9 | 3 | 7 | 1  |
    | 5 | 0 | 2 | 6 | 3 | 7 | 1 | 9 | 2  |
  }}
  input  x: f32[8] = [a, b, c, d, e, f, g, h]
  target y: number
}}
layer gate on x: f32[N] -> f32[N] {{ param w: f32[N] ~ ones\n param v: f32[N, N] ~ zeros\n x * w + tanh(x @ v) }}
model m on x: f32[8] -> number {{ {body} }}
train {{ model: m; data: d; for: 1 epoch; {settings} }}"
    );
    report::look(&Memory::default(), "main.dlm".as_ref(), Some(text), &[], Look::Rows).expect("the text is given")
}

const PLAIN: &str = "loss: mae; optimizer: adam";

/// Models of which exactly this is said, and models that look like them, of which nothing is.
fn tells(code: &str, of: &[&str], silent: &[&str]) {
    for body in of {
        assert_eq!(said_with(body, PLAIN), [code], "{body}");
    }
    for body in silent {
        assert_eq!(said_with(body, PLAIN), [""; 0], "{body}");
    }
}

#[test]
fn units_that_stay_equal_are_told() {
    tells(
        "equal-units",
        &[
            "x |> dense(4, tanh, init: ones) as a |> dense(1, init: ones) as b",
            "x |> dense(4, tanh) as z |> dense(4, tanh, init: zeros) as a |> dense(1, init: zeros) as b",
            "reshape(x, [8, 1]) |> conv(4, act: tanh, init: ones) as a |> global_avg_pool |> dense(1, init: zeros) as b",
            // Of a relu at 0 nothing comes back, whatever is behind.
            "x |> dense(4, relu, init: zeros) as a |> dense(1) as b",
        ],
        &[
            "x |> dense(4, tanh) as a |> dense(1, init: zeros) as b",
            "x |> dense(4, tanh, init: zeros) as a |> dense(1) as b",
            "one = x |> dense(4, relu) as a\n one + (one |> dense(4, init: zeros) as c) |> relu |> dense(1) as b",
            // What is behind tells the units apart.
            "x |> dense(4, tanh, init: ones) as a |> dense(1) as b",
            "x |> dense(4, tanh) as a |> gate as g |> dense(1) as b",
            "x |> dense(4, tanh, init: ones) as a |> dropout(20%) |> dense(1, init: ones) as b",
            "x |> dense(1, init: ones) as a",
        ],
    );
}

#[test]
fn parts_without_effect_are_told() {
    tells(
        "part-without-effect",
        &[
            "side = x |> dense(2) as c\n x |> dense(4, tanh) as a |> dense(1) as b",
            "(x |> dense(4, tanh) as a |> dense(1) as b) + 0 * sum(x |> dense(2) as c)",
            "floor(x |> dense(4) as a) |> dense(1) as b",
        ],
        &["(x |> dense(4, tanh) as a |> dense(1) as b) + 0.1 * sum(x |> dense(2, tanh) as c)"],
    );
}

#[test]
fn parameters_that_are_taken_away_again_are_told() {
    tells(
        "cancelled-parameter",
        &[
            "x |> dense(4) as a |> batch_norm as n |> relu |> dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4) as a |> batch_norm as n |> relu |> flatten |> dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4) as a |> instance_norm as n |> relu |> flatten |> dense(1) as b",
        ],
        &[
            "x |> dense(4, bias: no) as a |> batch_norm as n |> relu |> dense(1) as b",
            "x |> dense(4, relu) as a |> batch_norm as n |> dense(1) as b",
            "x |> dense(4) as a |> layer_norm as n |> relu |> dense(1) as b",
            "x |> dense(4) as a |> rms_norm as n |> relu |> dense(1) as b",
            "one = x |> dense(4) as a\n relu(one) + (one |> batch_norm as n) |> dense(1) as b",
        ],
    );
}

#[test]
fn normalisation_over_one_element_is_told() {
    tells(
        "single-element",
        &[
            "x |> dense(4, relu) as a |> dense(1) as b |> layer_norm as n",
            "x |> dense(4, relu) as a |> dense(1) as b |> softmax",
            "x |> dense(4, relu) as a |> group_norm(groups: 4) as n |> dense(1) as b",
        ],
        &[
            "x |> dense(4, relu) as a |> layer_norm as n |> dense(1) as b",
            "x |> dense(4) as a |> softmax |> dense(1) as b",
            "x |> dense(4, relu) as a |> group_norm(groups: 2) as n |> dense(1) as b",
            "x |> dense(4, bias: no) as a |> batch_norm as n |> relu |> dense(1) as b",
        ],
    );
    let body = "x |> dense(4, bias: no) as a |> batch_norm as n |> relu |> dense(1) as b";
    assert_eq!(said_with(body, &format!("{PLAIN}; batch: 1")), ["single-element"]);
    assert_eq!(said_with(body, &format!("{PLAIN}; batch: 3")), ["last-batch"]);
    assert_eq!(said_with(body, &format!("{PLAIN}; batch: 2")), [""; 0]);
    let image = "reshape(x, [8, 1]) |> conv(4, bias: no) as a |> batch_norm as n |> relu |> flatten |> dense(1) as b";
    assert_eq!(said_with(image, &format!("{PLAIN}; batch: 1")), [""; 0]);
    assert_eq!(said_with(image, &format!("{PLAIN}; batch: 3")), [""; 0]);
    assert_eq!(said_with("x |> dense(4, tanh) as a |> dense(1) as b", &format!("{PLAIN}; batch: 3")), [""; 0]);
}

#[test]
fn dropout_in_the_wrong_place_is_told() {
    tells(
        "dropout-before",
        &[
            "x |> dense(4, relu) as a |> dropout(20%) |> batch_norm as n |> dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4, act: relu) as a |> dropout(20%) |> max_pool |> flatten |> dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4) as a |> dropout(20%) |> relu |> batch_norm as n |> flatten |> dense(1) as b",
        ],
        &[
            "x |> dense(4, relu) as a |> batch_norm as n |> dropout(20%) |> dense(1) as b",
            "x |> dense(4, relu) as a |> dropout(20%) |> layer_norm as n |> dense(1) as b",
            "x |> dense(4, relu) as a |> dropout(20%) |> dense(4, bias: no) as c |> batch_norm as n |> relu |> \
             dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4, act: relu) as a |> max_pool |> dropout(20%) |> flatten |> dense(1) as b",
            "reshape(x, [4, 2]) |> attention(2, drop: 20%) as a |> relu |> flatten |> dense(1) as b",
        ],
    );
}

#[test]
fn convolutions_in_a_row_are_told() {
    tells(
        "linear-convolutions",
        &[
            "reshape(x, [8, 1]) |> conv(4) as a |> conv(2, act: relu) as c |> flatten |> dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4) as a |> flatten |> dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4) as a |> global_avg_pool |> dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4, bias: no) as a |> batch_norm as n |> conv(2, act: relu) as c |> flatten |> \
             dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4) as a |> avg_pool |> dropout(20%) |> conv(2, act: relu) as c |> flatten |> \
             dense(1) as b",
            "reshape(x, [2, 4, 1]) |> conv(4, kernel: [2, 3]) as a |> conv(4, kernel: [1, 3], act: relu) as c |> flatten |> \
             dense(1) as b",
            // A kernel of one place mixes channels, as the other one can.
            "reshape(x, [8, 1]) |> conv(4) as a |> conv(2, kernel: 1, act: relu) as c |> flatten |> dense(1) as b",
            "reshape(x, [4, 2]) |> dense(4) as a |> conv(2, act: relu) as c |> flatten |> dense(1) as b",
            "reshape(x, [8, 1]) |> repeat(3, conv(2)) as a |> relu |> flatten |> dense(1) as b",
        ],
        &[
            "reshape(x, [8, 1]) |> conv(4, act: relu) as a |> conv(2, act: relu) as c |> flatten |> dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4) as a |> max_pool |> conv(2, act: relu) as c |> flatten |> dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4) as a |> layer_norm as n |> conv(2, act: relu) as c |> flatten |> dense(1) as b",
            // Narrower than both its neighbours: a kernel in two factors.
            "reshape(x, [4, 2]) |> conv(1) as a |> conv(2, act: relu) as c |> flatten |> dense(1) as b",
            "reshape(x, [4, 2]) |> conv(2) as a |> conv(8, kernel: 1, act: relu) as c |> flatten |> dense(1) as b",
            // Each filter sees its own channels: depthwise, then across channels.
            "reshape(x, [4, 2]) |> conv(2, groups: 2) as a |> conv(2, kernel: 1, act: relu) as c |> flatten |> dense(1) as b",
            "reshape(x, [4, 2]) |> conv(4) as a |> conv(4, groups: 4) as c |> relu |> flatten |> dense(1) as b",
            // Kernels along different axes.
            "reshape(x, [2, 4, 1]) |> conv(4, kernel: [2, 1]) as a |> conv(4, kernel: [1, 3], act: relu) as c |> flatten |> \
             dense(1) as b",
            // Ways past a layer.
            "one = reshape(x, [8, 1]) |> conv(2) as a\n one + (one |> relu |> conv(2) as c) |> conv(2, act: relu) as d |> \
             flatten |> dense(1) as b",
            "one = reshape(x, [8, 1]) |> conv(2, act: relu) as a\n (one |> conv(2) as c) + (one |> conv(2, kernel: 1) as d) |> \
             conv(2, act: relu) as e |> flatten |> dense(1) as b",
            // Larger images are made between them.
            "reshape(x, [8, 1]) |> conv(2) as a |> upsample |> conv(2, act: relu) as c |> flatten |> dense(1) as b",
            "reshape(x, [4, 2]) |> conv(2) as a |> conv_transpose(2, stride: 2, act: relu) as c |> flatten |> dense(1) as b",
            "x |> dense(8) as a |> reshape([4, 2]) |> conv(2, act: relu) as c |> flatten |> dense(1) as b",
        ],
    );
}

#[test]
fn kernels_that_see_little_but_padding_are_told() {
    tells(
        "nothing-but-padding",
        &[
            "reshape(x, [8, 1]) |> conv(4, act: relu) as a |> max_pool(8) |> conv(2, act: relu) as c |> flatten |> dense(1) as b",
            "reshape(x, [8, 1]) |> conv(2, kernel: 3, dilation: 8, act: relu) as c |> flatten |> dense(1) as b",
            "reshape(x, [4, 2, 1]) |> conv(4, act: relu) as a |> avg_pool([4, 2]) |> conv(2, act: relu) as c |> flatten |> \
             dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4, act: relu) as a |> max_pool(4) |> conv(2, kernel: 7, act: relu) as c |> flatten |> \
             dense(1) as b",
        ],
        &[
            "reshape(x, [8, 1]) |> conv(4, act: relu) as a |> max_pool(8) |> conv(2, kernel: 1, act: relu) as c |> flatten |> \
             dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4, act: relu) as a |> max_pool(4) |> conv(2, act: relu) as c |> flatten |> dense(1) as b",
            "reshape(x, [8, 1]) |> conv(4, act: relu) as a |> max_pool(4) |> conv(2, stride: 2, act: relu) as c |> flatten |> \
             dense(1) as b",
            "reshape(x, [8, 1, 1]) |> conv(4, kernel: [3, 1], act: relu) as a |> flatten |> dense(1) as b",
            "reshape(x, [8, 1]) |> conv(2, kernel: 3, dilation: 3, act: relu) as c |> flatten |> dense(1) as b",
        ],
    );
}

#[test]
fn convolutions_that_change_with_depth_are_told_on_request() {
    let asked = |body: &str| {
        let report = report_with(body, PLAIN);
        assert!(report.problems.is_empty(), "{body}: {:?}", report.problems);
        report.on_request.iter().map(|it| it.code).collect::<Vec<_>>()
    };
    for (code, body) in [
        ("filters-shrink", "conv(8, act: relu) as a |> max_pool |> conv(4, act: relu) as c |> flatten"),
        ("filters-shrink", "conv(8, act: relu) as a |> conv(4, stride: 2, act: relu) as c |> global_max_pool"),
        ("kernels-grow", "conv(4, kernel: 3, act: relu) as a |> conv(4, kernel: 5, act: relu) as c |> flatten"),
        ("kernels-grow", "conv(4, act: relu) as a |> max_pool |> conv(4, kernel: 4, act: relu) as c |> flatten"),
    ] {
        assert_eq!(asked(&format!("reshape(x, [8, 1]) |> {body} |> dense(1) as b")), [code], "{body}");
    }
    for body in [
        "conv(4, act: relu) as a |> max_pool |> conv(8, act: relu) as c |> flatten |> dense(1) as b",
        // On the same image, fewer filters are a choice.
        "conv(8, act: relu) as a |> conv(4, act: relu) as c |> flatten |> dense(1) as b",
        "conv(8, act: relu) as a |> max_pool |> conv(4, kernel: 1, act: relu) as c |> flatten |> dense(1) as b",
        // The last layer gives what is wanted.
        "conv(8, act: relu) as a |> max_pool |> conv(1) as b |> global_avg_pool",
        // Images become larger again.
        "conv(8, act: relu) as a |> max_pool |> conv(2, kernel: 5, act: relu) as c |> upsample |> conv(4, act: relu) as d |> \
         flatten |> dense(1) as b",
        "conv(8, act: relu) as a |> max_pool |> conv(2, act: relu) as c |> conv_transpose(4, stride: 2, act: relu) as d |> \
         flatten |> dense(1) as b",
        "conv(4, kernel: 5, act: relu) as a |> conv(4, kernel: 3, act: relu) as c |> flatten |> dense(1) as b",
        // One place, pieces of the image, and channels one by one.
        "conv(4, kernel: 1, act: relu) as a |> conv(4, kernel: 3, act: relu) as c |> flatten |> dense(1) as b",
        "conv(4, kernel: 2, stride: 2, act: relu) as a |> conv(4, kernel: 3, act: relu) as c |> flatten |> dense(1) as b",
        "conv(4, act: relu) as a |> conv(4, kernel: 5, groups: 4, act: relu) as c |> flatten |> dense(1) as b",
    ] {
        assert_eq!(asked(&format!("reshape(x, [8, 1]) |> {body}")), [""; 0], "{body}");
    }
}

#[test]
fn rates_are_tried_on_the_optimizer() {
    let body = "x |> dense(4, tanh) as a |> dense(1) as b";
    let said = |optimizer: &str| said_with(body, &format!("loss: mae; {optimizer}"));
    for far in [
        "optimizer: adam(lr: 1)",
        "optimizer: lion(lr: 0.5)",
        "optimizer: rmsprop(lr: 0.9)",
        "optimizer: sgd(lr: 10, momentum: 0.9)",
        "optimizer: gradient_descent(lr: 100)",
    ] {
        assert_eq!(said(far), ["rate-too-large"], "{far}");
    }
    for near in ["optimizer: adam(lr: 1e-10)", "optimizer: gradient_descent(lr: 1e-12)"] {
        assert_eq!(said(near), ["rate-too-small"], "{near}");
    }
    for right in [
        "optimizer: adam(lr: 0.1)",
        "optimizer: adagrad(lr: 1)",
        "optimizer: adadelta",
        "optimizer: sgd(lr: 1, momentum: 0.9)",
        "optimizer: adam(lr: 1e-6)",
        "optimizer: lamb",
        "optimizer: radam",
        "optimizer: nadam",
    ] {
        assert_eq!(said(right), [""; 0], "{right}");
    }
    assert_eq!(said_with("x |> dense(1) as a", "loss: mae; optimizer: adam(lr: 1)"), [""; 0]);
}

#[test]
fn two_kinds_of_decay_are_told() {
    let body = "x |> dense(4, tanh) as a |> dense(1) as b";
    let said = |settings: &str| said_with(body, &format!("loss: mae; {settings}"));
    for twice in [
        "optimizer: adamw(lr: 0.01); regularize { l2(1e-3) on *.w }",
        "optimizer: lion(lr: 1e-3, decay: 0.1); regularize { l2(1e-3) }",
    ] {
        assert_eq!(said(twice), ["decay-twice"], "{twice}");
    }
    for once in [
        "optimizer: adam(lr: 0.01); regularize { l2(1e-3) on *.w }",
        "optimizer: adamw(lr: 0.01); regularize { l1(1e-3) on *.w }",
        "optimizer: adamw(lr: 0.01, decay: 0); regularize { l2(1e-3) on *.w }",
        "optimizer: adamw(lr: 0.01); decay 0x on a; regularize { l2(1e-3) on a.w }",
        "optimizer: sgd(lr: 0.01, momentum: 0.9); regularize { l2(1e-3) on *.w }",
    ] {
        assert_eq!(said(once), [""; 0], "{once}");
    }
}

#[test]
fn targets_out_of_reach_are_told() {
    tells(
        "out-of-reach",
        &["x |> dense(4, tanh) as a |> dense(1, relu) as b", "x |> dense(4, tanh) as a |> dense(1, tanh) as b"],
        &["x |> dense(4, tanh) as a |> dense(1) as b", "(x |> dense(4, tanh) as a |> dense(1, relu) as b) * 2 - 6"],
    );
}

/// What is said about four images of 16 pixels whose greatest is `high`, with this formula of them and this model.
fn said_of_pixels(high: u32, formula: &str, body: &str) -> Vec<String> {
    let row =
        |at: u32| (0..16).map(|it| ((it * 7 + at * 5) % 16 * high / 15).to_string()).collect::<Vec<_>>().join(" | ");
    let heading = (0..16).map(|it| format!("p{it}")).collect::<Vec<_>>().join(" | ");
    let rows: String = (0..4).map(|at| format!("    | {} | {at} |\n", row(at))).collect();
    let text = format!(
        "data d {{
  source: table {{
    | {heading} | y |
{rows}  }}
  input  x: f32[4, 4, 1] = {formula}
  target y: number
}}
model m on x: f32[4, 4, 1] -> number {{ {body} }}
train {{ model: m; data: d; loss: mae; optimizer: adam; for: 1 epoch }}"
    );
    checked(&[Block { kind: "dlm", file: None, body: &text }])
}

#[test]
fn pixels_that_nobody_scaled_are_told() {
    let raw = "reshape(columns(\"p*\"), [4, 4, 1])";
    for body in [
        "x |> flatten |> dense(4, tanh) as a |> dense(1) as b",
        "x |> conv(4, act: relu) as a |> flatten |> dense(1) as b",
        "x |> conv(4, stride: 2, pad: none, kernel: 2, act: relu) as a |> flatten |> dense(1) as b",
    ] {
        assert_eq!(said_of_pixels(255, raw, body), ["unscaled-input"], "{body}");
        assert_eq!(said_of_pixels(1, raw, body), [""; 0], "{body}");
        assert_eq!(said_of_pixels(255, &format!("{raw} / 255"), body), [""; 0], "{body}");
    }
    for body in [
        "x / 255 |> conv(4, act: relu) as a |> flatten |> dense(1) as b",
        "x |> instance_norm as n |> conv(4, act: relu) as a |> flatten |> dense(1) as b",
    ] {
        assert_eq!(said_of_pixels(255, raw, body), [""; 0], "{body}");
    }
}

/// What is said about images of 4 by 4 pixels that show these classes, of this type and under this name, varied so.
fn said_of_flips(name: &str, classes: &[&str], ty: &str, augment: &str) -> Vec<String> {
    let heading = (0..16).map(|it| format!("p{it}")).collect::<Vec<_>>().join(" | ");
    let pixels =
        |at: usize| (0..16).map(|it| ((it * 7 + at * 5) % 16 % 10).to_string()).collect::<Vec<_>>().join(" | ");
    let rows: String =
        classes.iter().enumerate().map(|(at, class)| format!("    | {} | {class} |\n", pixels(at))).collect();
    let (result, loss) = match ty.starts_with("set") {
        true => ("logit[K]", "binary_cross_entropy"),
        false => ("logits[K]", "cross_entropy"),
    };
    let text = format!(
        "data d {{
  source: table {{
    | {heading} | {name} |
{rows}  }}
  input  x: image[4, 4, 1] = columns(\"p*\") |> scale |> reshape([4, 4, 1]) |> standardize
  target {name}: {ty}
}}
augmentation transposed on x: image[H, W, C] -> image[H, W, C] {{
  require H == W, \"a square\"
  for i in H, j in W => x[j, i]
}}
augmentation backwards on x: image[H, W, C] -> image[H, W, C] = for i in H, j in W => x[i, W - 1 - j]
model m on x: f32[4, 4, 1] -> {result} {{ x |> flatten |> dense(4, tanh) as a |> dense(K) as b }}
train {{ model: m; data: d; loss: {loss}; optimizer: adam; for: 1 epoch; augment x {{ {augment} }} }}"
    );
    checked(&[Block { kind: "dlm", file: None, body: &text }])
}

#[test]
fn flips_that_change_the_class_are_told() {
    let ten = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let digits = |name: &str, augment: &str| said_of_flips(name, &ten, "class[10]", augment);
    let two = |one: &str, two: &str, augment: &str| {
        said_of_flips("kind", &[one, two, one, two], &format!("class[\"{one}\", \"{two}\"]"), augment)
    };
    const TOLD: [&str; 1] = ["flip-changes-class"];
    for augment in
        ["flip(horizontal)", "flip(vertical)", "flip(horizontal, p: 30%)", "backwards", "rotate(-180deg .. 180deg)"]
    {
        assert_eq!(digits("digit", augment), TOLD, "{augment}");
    }
    for augment in ["rotate(-20deg .. 20deg)", "translate(-1px .. 1px)", "zoom(0.9 .. 1.1)", "shear(-10deg .. 10deg)"] {
        assert_eq!(digits("digit", augment), [""; 0], "{augment}");
        assert_eq!(two("left", "right", augment), [""; 0], "{augment}");
    }
    assert_eq!(digits("digit", "transposed"), [""; 0]);
    // Of what is several at once, too.
    let marks = ["left", "right; stop", "left; stop", "right"];
    let set = "set[\"left\", \"right\", \"stop\"]";
    assert_eq!(said_of_flips("marks", &marks, set, "flip(horizontal)"), TOLD);
    assert_eq!(said_of_flips("marks", &marks, set, "translate(-1px .. 1px)"), [""; 0]);
    // Ten classes of which nobody says that they are digits.
    for name in ["garment", "label", "fashion_mnist", "hand_digit"] {
        assert_eq!(digits(name, "flip(horizontal)"), [""; 0], "{name}");
    }
    for (one, other, augment) in [
        ("left", "right", "flip(horizontal)"),
        ("turn left", "turn right", "flip(horizontal)"),
        ("Left", "Right", "flip(horizontal)"),
        ("up", "down", "flip(vertical)"),
        ("up", "down", "rotate(180deg .. 180deg)"),
        ("b", "d", "flip(horizontal)"),
        ("6", "9", "rotate(170deg .. 190deg)"),
        ("clockwise", "anticlockwise", "flip(vertical)"),
    ] {
        assert_eq!(two(one, other, augment), TOLD, "{one} {other} {augment}");
    }
    for (one, other, augment) in [
        ("left", "right", "flip(vertical)"),
        ("up", "down", "flip(horizontal)"),
        ("cat", "dog", "flip(horizontal)"),
        ("left", "other", "flip(horizontal)"),
        ("bright", "left", "flip(horizontal)"),
        ("B", "D", "flip(horizontal)"),
        ("6", "9", "flip(horizontal)"),
    ] {
        assert_eq!(two(one, other, augment), [""; 0], "{one} {other} {augment}");
    }
}

#[test]
fn groups_that_chance_deals_to_several_splits_are_told() {
    let said = |split: &str, groups: [&str; 8]| {
        let rows: String = groups
            .iter()
            .enumerate()
            .map(|(at, group)| format!("    | {group} | {} | {} | {at} |\n", at * at, ["no", "yes"][at % 2]))
            .collect();
        let text = format!(
            "data d {{
  source: table {{
    | who | x | y | day |
{rows}  }}
  split: {split}
  group  who: text
  time   day: number
  input  x: number
  target y: binary[\"no\", \"yes\"]
}}
model m on x: number -> logit {{ x |> dense(4, tanh) as a |> dense(1) as b }}
train {{ model: m; data: d; loss: binary_cross_entropy; optimizer: adam; for: 1 epoch }}"
        );
        checked(&[Block { kind: "dlm", file: None, body: &text }])
    };
    let shared = ["a", "a", "a", "a", "b", "b", "b", "b"];
    let own = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for split in ["random(train: 4, val: 4)", "stratified(train: 4, val: 4)"] {
        assert_eq!(said(split, shared), ["group-in-two-splits"], "{split}");
        assert_eq!(said(split, own), [""; 0], "{split}");
    }
    for split in ["by_group(train: 4, val: 4)", "by_time(train: 4, val: 4)", "by_position(train: 4, val: 4)"] {
        assert_eq!(said(split, shared), [""; 0], "{split}");
    }
}

#[test]
fn a_minus_at_the_beginning_of_a_line_is_told() {
    let said = |function: &str| {
        let text = format!(
            "data d {{\n source: table {{\n | x | y |\n | 1 | 2 |\n | 3 | 1 |\n }}\n input x: number\n target y: number\n}}
{function}
model m on x: number -> number {{ x |> dense(4) as a |> f |> dense(1) as b }}
train {{ model: m; data: d; loss: mae; optimizer: adam; for: 1 epoch }}"
        );
        checked(&[Block { kind: "dlm", file: None, body: &text }])
    };
    assert_eq!(said("fn f(x) {\n y = x^2\n - tanh(x)\n}"), ["begins-with-minus"]);
    for right in [
        "fn f(x) {\n y = x^2\n -y\n}",
        "fn f(x) {\n y = x^2 -\n tanh(x)\n y\n}",
        "fn f(x) {\n y = (x^2\n - tanh(x))\n y\n}",
        "fn f(x) = -tanh(x)",
    ] {
        assert_eq!(said(right), [""; 0], "{right}");
    }
}

/// A guess that always says the most frequent value scores as well as a model, whatever the values are.
#[test]
fn values_of_which_one_is_frequent_are_told_ordered_or_not() {
    let said = |target: &str, model: &str, loss: &str, metrics: &str, rare: usize| {
        let kind = |at: usize| if at % 20 < rare { ["low", "high"][at % 2] } else { "mid" };
        let rows: String = (0..40).map(|at| format!("    | {} | {} |\n", at * 7 % 11, kind(at))).collect();
        let text = format!(
            "data d {{
  source: table {{
    | x | y |
{rows}  }}
  input  x: number
  target y: {target}[\"low\", \"mid\", \"high\"]
}}
model m on x: number -> {model}
train {{ model: m; data: d; loss: {loss}; optimizer: adam; for: 1 epoch; metrics: [{metrics}] }}"
        );
        checked(&[Block { kind: "dlm", file: None, body: &text }])
    };
    let (scores, beyond) = ("logits[K] = x |> dense(K) as o", "logit[K - 1] = x |> coral(K) as o");
    for (target, model, loss) in
        [("class", scores, "cross_entropy"), ("ordinal", scores, "cross_entropy"), ("ordinal", beyond, "coral")]
    {
        assert_eq!(said(target, model, loss, "accuracy", 2), ["imbalanced-classes"], "{target} {loss}");
        assert_eq!(said(target, model, loss, "accuracy", 9), [""; 0], "{target} {loss}");
    }
    assert_eq!(said("ordinal", beyond, "coral", "accuracy, weighted_kappa", 2), [""; 0]);
}
