//! Which tables are warned about, and which look like them and are not.

use crate::pages::{Block, checked};

/// What is said about rows with these columns, of which the model reads `input`, and which train like this.
fn said(columns: &str, rows: &[String], fields: &str, result: &str, train: &str) -> Vec<String> {
    let rows: String = rows.iter().map(|row| format!("    | {row} |\n")).collect();
    let text = format!(
        "data d {{
  source: table {{
    | {columns} |
{rows}  }}
{fields}
}}
model m on x: number -> {result} = x |> dense(4, tanh) as a |> dense({last}) as b
train {{\n  model: m\n  data: d\n  optimizer: adam\n  for: 1 epoch\n{train}\n}}",
        last = if result.starts_with("logits") { "K" } else { "1" }
    );
    checked(&[Block { kind: "dlm", file: None, body: &text }])
}

/// `many` rows of one kind and `few` of another, in turns that end soon.
fn mixed(many: (usize, &str), few: (usize, &str)) -> Vec<String> {
    let kinds = (0..many.0 + few.0).map(|at| if at % 3 == 1 && at / 3 < few.0 { few.1 } else { many.1 });
    kinds.enumerate().map(|(at, kind)| format!("{} | {kind}", at * at)).collect()
}

/// What is said where a metric is all that is measured of these rows.
fn measured(rows: &[String], target: &str, result: &str, metrics: &str) -> Vec<String> {
    let fields = format!("  input  x: number = x |> standardize\n  target y: {target}");
    let loss = if result == "logit" { "binary_cross_entropy" } else { "cross_entropy" };
    said("x | y", rows, &fields, result, &format!("  loss: {loss}\n  metrics: [{metrics}]"))
}

const YES_NO: &str = "binary[\"no\", \"yes\"]";
const THREE: &str = "class[\"red\", \"green\", \"blue\"]";

#[test]
fn a_metric_that_the_most_frequent_class_satisfies_is_told() {
    let told = ["imbalanced-classes"];
    for (many, few) in [((18, "no"), (2, "yes")), ((18, "yes"), (2, "no")), ((54, "no"), (6, "yes"))] {
        assert_eq!(measured(&mixed(many, few), YES_NO, "logit", "accuracy"), told, "{many:?}, {few:?}");
    }
    for class in ["red", "green", "blue"] {
        let other = if class == "red" { "blue" } else { "red" };
        let rows = mixed((36, class), (3, other));
        // Of the third class there are two rows.
        let third = ["red", "green", "blue"].into_iter().find(|it| *it != class && *it != other).expect("one");
        let rows = [rows, vec![format!("1 | {third}"), format!("2 | {third}")]].concat();
        assert_eq!(measured(&rows, THREE, "logits[K]", "accuracy"), told, "{class}");
    }
    // As long as every score that there is does so; an error says nothing of a guess.
    let rows = mixed((18, "no"), (2, "yes"));
    assert_eq!(measured(&rows, YES_NO, "logit", "accuracy, log_loss"), told);
    assert_eq!(measured(&rows, YES_NO, "logit", "accuracy, accuracy as again"), told);
}

#[test]
fn metrics_that_weigh_classes_and_classes_that_are_even_are_not() {
    let rows = mixed((18, "no"), (2, "yes"));
    for metrics in ["f1", "auroc", "accuracy, f1", "recall, accuracy", "log_loss", "brier"] {
        assert_eq!(measured(&rows, YES_NO, "logit", metrics), [""; 0], "{metrics}");
    }
    for (what, rows) in [
        ("sixteen of twenty", mixed((16, "no"), (4, "yes"))),
        ("as many of each", mixed((12, "no"), (12, "yes"))),
        ("of fewer rows no share is known", mixed((17, "no"), (2, "yes"))),
    ] {
        assert_eq!(measured(&rows, YES_NO, "logit", "accuracy"), [""; 0], "{what}");
    }
    // A number is no class, however often it is the same.
    let fields = "  input  x: number = x |> standardize\n  target y: number";
    let same = mixed((18, "0"), (2, "1"));
    assert_eq!(said("x | y", &same, fields, "number", "  loss: mae\n  metrics: [r2]"), [""; 0]);
    // Only the training rows are counted: here they are even, and the others of one class.
    let kinds = (0..60).map(|at| if at % 2 == 0 || at >= 20 { "no" } else { "yes" });
    let rows: Vec<String> = kinds.enumerate().map(|(at, kind)| format!("{} | {kind}", at * at)).collect();
    let fields = "  split: by_position(train: 20, val: 40)\n  input  x: number = x |> standardize\n  target y: binary[\"no\", \"yes\"]";
    let train = "  loss: binary_cross_entropy\n  metrics: [accuracy]";
    assert_eq!(said("x | y", &rows, fields, "logit", train), [""; 0]);
}

/// What is said where the model reads a column `name` with these cells, as `ty`.
fn read(name: &str, cells: &[String], ty: &str, formula: &str) -> Vec<String> {
    let rows: Vec<String> = cells.iter().enumerate().map(|(at, cell)| format!("{cell} | {}", at % 3)).collect();
    let quoted = format!("column({name:?})");
    let fields = format!("  input  x: {ty} = {quoted}{formula}\n  target y: number");
    said(&format!("{name} | y"), &rows, &fields, "number", "  loss: mae")
}

fn numbers(count: usize, of: impl Fn(usize) -> f64) -> Vec<String> {
    (0..count).map(|at| of(at).to_string()).collect()
}

#[test]
fn a_column_that_is_one_number_is_told() {
    let told = ["constant-column"];
    assert_eq!(read("size", &numbers(8, |_| 3.0), "number", ""), told);
    assert_eq!(read("size", &numbers(8, |_| 0.0), "number", ""), told);
    assert_eq!(read("size", &numbers(40, |_| -0.5), "number", " / 2"), told);
    assert_eq!(read("size", &vec![String::new(); 9], "number", " |> impute(0)"), told);
    for (what, cells) in [
        ("of seven rows nothing follows", numbers(7, |_| 3.0)),
        ("one is another", numbers(8, |at| if at == 5 { 3.5 } else { 3.0 })),
        ("they all are", numbers(8, |at| at as f64 / 2.0)),
    ] {
        assert_eq!(read("size", &cells, "number", ""), [""; 0], "{what}");
    }
    // Where a value is missing, that says something.
    let mut cells = numbers(8, |_| 3.0);
    cells[4].clear();
    assert_eq!(read("size", &cells, "number", " |> impute(0)"), [""; 0]);
}

#[test]
fn what_the_model_does_not_read_or_learn_from_may_be_one_number() {
    let rows: Vec<String> = (0..9).map(|at| format!("{} | 4 | 1", at * at)).collect();
    let fields = "  input  x: number\n  input  spare: number\n  target y: number";
    assert_eq!(
        said("x | spare | y", &rows, fields, "number", "  loss: mae"),
        ["constant-column"],
        "declared as an input"
    );
    for fields in [
        "  input  x: number\n  target y: number\n  ignore spare",
        "  id     spare: text\n  input  x: number\n  target y: number",
        "  weight spare: number\n  input  x: number\n  target y: number",
    ] {
        assert_eq!(said("x | spare | y", &rows, fields, "number", "  loss: mae"), [""; 0], "{fields}");
    }
    // The training rows are what counts.
    let rows: Vec<String> = (0..16).map(|at| format!("{} | {}", if at < 8 { 1 } else { at }, at % 3)).collect();
    for (split, told) in [("train: 8, val: 8", &["constant-column"][..]), ("train: 12, val: 4", &[])] {
        let fields = format!("  split: by_position({split})\n  input  x: number\n  target y: number");
        assert_eq!(said("x | y", &rows, &fields, "number", "  loss: mae"), told, "{split}");
    }
}

#[test]
fn a_column_that_names_its_rows_is_told() {
    let told = ["unique-column"];
    for name in ["id", "row", "index", "customer_id", "customerId", "user ID", "ROW-INDEX", "uuid"] {
        assert_eq!(read(name, &numbers(8, |at| 100.0 + at as f64), "number", ""), told, "{name}");
    }
    // It need not count up.
    assert_eq!(read("id", &numbers(8, |at| (at * 37 % 11) as f64), "number", " |> standardize"), told);
    for (name, what, cells) in [
        ("size", "is not called like a name", numbers(8, |at| at as f64)),
        ("width", "ends in other letters", numbers(8, |at| at as f64)),
        ("grid", "is another word", numbers(8, |at| at as f64)),
        ("id", "occurs twice", numbers(8, |at| if at == 7 { 0.0 } else { at as f64 })),
        ("id", "is no whole number", numbers(8, |at| at as f64 + 0.5)),
        ("id", "has too few rows", numbers(7, |at| at as f64)),
    ] {
        assert_eq!(read(name, &cells, "number", ""), [""; 0], "{name} {what}");
    }
}

#[test]
fn a_class_for_each_row_is_told() {
    let named = |names: &[&str]| {
        let rows: Vec<String> = names.iter().enumerate().map(|(at, name)| format!("{name} | {}", at % 3)).collect();
        let mut classes: Vec<String> = names.iter().map(|it| format!("{it:?}")).collect();
        classes.sort();
        classes.dedup();
        let rows: String = rows.iter().map(|row| format!("    | {row} |\n")).collect();
        let text = format!(
            "data d {{
  source: table {{
    | who | y |
{rows}  }}
  input  who: class[{}]
  target y: number
}}
model m on who: class[K] -> number = who |> embed(3) as names |> dense(1) as b
train {{ model: m; data: d; loss: mae; optimizer: adam; for: 1 epoch }}",
            classes.join(", ")
        );
        checked(&[Block { kind: "dlm", file: None, body: &text }])
    };
    let own = ["ann", "ben", "cat", "dan", "eve", "fay", "gus", "hal"];
    assert_eq!(named(&own), ["unique-column"]);
    assert_eq!(named(&own[..7]), [""; 0], "too few rows");
    assert_eq!(named(&[&own[..7], &["ann"]].concat()), [""; 0], "one has two rows");
    assert_eq!(named(&["ann"; 8]), ["constant-column"]);
}

#[test]
fn more_batches_than_an_epoch_has_are_told() {
    let rows: Vec<String> = (0..10).map(|at| format!("{} | {}", at * at, at % 3)).collect();
    let of = |train: &str| {
        let fields = "  input  x: number = x |> standardize\n  target y: number";
        said("x | y", &rows, fields, "number", &format!("  loss: mae\n{train}"))
    };
    let told = ["accumulate-beyond-epoch"];
    for train in
        ["  batch: 3\n  accumulate: 5 batches", "  batch: 10\n  accumulate: 2 batches", "  accumulate: 2 batches"]
    {
        assert_eq!(of(train), told, "{train}");
    }
    for train in [
        "  batch: 3\n  accumulate: 4 batches",
        "  batch: 3\n  accumulate: 3 batches",
        "  batch: 10\n  accumulate: 1 batch",
        "  batch: 1\n  accumulate: 10 batches",
    ] {
        assert_eq!(of(train), [""; 0], "{train}");
    }
    // What is told of the batch is not told again.
    assert_eq!(of("  batch: 16\n  accumulate: 2 batches"), ["batch-larger-than-data"]);
}
