//! Texts that nobody would write: an answer within seconds, whatever they are.

use std::path::Path;
use std::time::{Duration, Instant};

use dlmc::compile::{self, Checked};
use dlmc::source::{FileId, Memory};

/// Long enough for a build without optimisation on a busy machine; what grows with the square of its length takes minutes.
const SECONDS: Duration = Duration::from_secs(60);

/// Checks a text, and formats it if it is not that long, on a stack as small as that of a thread.
fn answered(name: &str, text: String) -> Checked {
    let start = Instant::now();
    let checked =
        compile::check(&Memory::default(), Path::new("extreme.dlm"), Some(text.clone()), &[]).expect("in memory");
    eprintln!("{name}: checked in {:?}, {} problems", start.elapsed(), checked.problems.len());
    if text.len() < 200_000 {
        let formatted = dlmc::syntax::format(FileId(0), &text);
        let again = formatted.as_ref().map(|it| dlmc::syntax::format(FileId(0), it));
        assert!(again.is_err() || again.as_ref() == Ok(&formatted), "{name} is laid out twice");
    }
    eprintln!("{name}: all in {:?}", start.elapsed());
    assert!(start.elapsed() < SECONDS, "{name}: {:?}", start.elapsed());
    assert!(checked.problems.iter().all(|it| !it.labels.is_empty()), "{name}");
    checked
}

/// A program around a model's body and the declarations before it.
fn program(items: &str, body: &str) -> String {
    format!(
        "dlm 1\ndata rows {{\n  source: jsonl(\"rows.jsonl\")\n  input x: f32[2]\n  target y: f32[2]\n}}\n{items}
model m on x: f32[2] -> f32[2] {{\n{body}\n}}
train {{\n  model: m\n  data: rows\n  loss: mse\n  optimizer: adam\n  for: 3 steps\n}}\n"
    )
}

#[test]
fn a_million_brackets_are_told_once() {
    for (open, close) in
        [("", ")"), ("(", ")"), ("[", "]"), ("{", "}"), ("f(", ")"), ("-", ""), ("if x then 1 else ", "")]
    {
        let count = 1_000_000 / open.len().max(1);
        let body = format!("  param w: f32[2] ~ zeros\n  {}1{} + w + x", open.repeat(count), close.repeat(count));
        let checked = answered(open, program("", &body));
        assert!((1..=2).contains(&checked.problems.len()), "{open}: {}", checked.problems.len());
    }
}

#[test]
fn a_line_of_ten_megabytes_is_read() {
    let long = 10_000_000;
    for (name, text) in [
        ("a comment", format!("# {}", "x".repeat(long))),
        ("a name", format!("let {} = 1", "x".repeat(long))),
        ("a text", format!("let a = \"{}\"", "x".repeat(long))),
        ("a number", format!("let a = {}", "1".repeat(long))),
        ("blanks", format!("let a ={}1", " ".repeat(long))),
        ("an open text", format!("let a = \"{}", "x ".repeat(long / 2))),
    ] {
        answered(name, text);
    }
    // What has to be taken apart.
    answered("a list", format!("let a = [{}]", "1, ".repeat(60_000)));
    let checked = answered("a sum", format!("let a = 1{}", " + 1".repeat(long / 4)));
    assert_eq!(checked.problems.iter().map(|it| it.code).collect::<Vec<_>>(), ["nested-too-deep"]);
}

#[test]
fn a_hundred_thousand_layers_are_declared() {
    let layers: String = (0..100_000).map(|at| format!("layer l{at} on x: f32[N] -> f32[N] = x + {at}\n")).collect();
    let checked = answered("layers", program(&layers, "  param w: f32[2] ~ zeros\n  x |> l99999 + w"));
    assert!(checked.problems.len() < 3, "{}", checked.problems.len());
}

#[test]
fn a_pipe_of_many_stages_and_a_chain_of_many_definitions_are_answered() {
    let stages = " |> relu".repeat(2_000);
    let checked = answered("stages", program("", &format!("  x |> dense(2) as d{stages}")));
    assert!(checked.is_sound(), "{:?}", checked.problems);
    let chain = |count: usize, of: &dyn Fn(usize) -> String| (1..count).map(of).collect::<String>();
    let deep = |name: &str, text: String| {
        let checked = answered(name, text);
        assert_eq!(checked.problems.iter().map(|it| it.code).collect::<Vec<_>>(), ["defined-too-deep"], "{name}");
    };
    let functions = chain(5_000, &|at| format!("fn f{at}(x) = f{}(x) + 1\n", at - 1));
    deep("functions", program(&format!("fn f0(x) = x\n{functions}"), "  x |> dense(2) as d |> f4999"));
    let lets = chain(5_000, &|at| format!("let a{at} = a{} + 1\n", at - 1));
    deep("lets", program(&format!("let a0 = 1\n{lets}"), "  y = x |> dense(2) as d\n  y * a4999"));
    // Deep formulas in deep definitions.
    let (open, close) = ("-(1 + ".repeat(120), ")".repeat(120));
    let both = chain(50, &|at| format!("fn f{at}(x) = {open}f{}(x){close}\n", at - 1));
    deep("formulas in functions", program(&format!("fn f0(x) = x\n{both}"), "  x |> dense(2) as d |> f49"));
    let layers =
        chain(50, &|at| format!("layer l{at} on x: f32[N] -> f32[N] {{\n  {open}(x |> l{}){close}\n}}\n", at - 1));
    deep(
        "formulas in layers",
        program(&format!("layer l0 on x: f32[N] -> f32[N] = x\n{layers}"), "  x |> dense(2) as d |> l49"),
    );
}

#[test]
fn many_equal_layers_are_counted() {
    let checked = answered("repeat", program("", "  x |> repeat(1000, dense(2, tanh)) as r"));
    assert!(checked.is_sound());
    assert_eq!(checked.programs[0].parameters(), 1000 * 6);
}

#[test]
fn every_character_may_stand_anywhere() {
    let all: Vec<char> =
        ('\0'..=char::MAX).filter(|it| it.is_alphanumeric() || !it.is_control() || *it < '\u{a0}').collect();
    // Every plane, a few of each block, and all that is near ASCII.
    let some: Vec<char> =
        all.iter().copied().filter(|&it| (it as u32) < 0x300 || (it as u32).is_multiple_of(97)).collect();
    for few in some.chunks(200) {
        let text: String = few.iter().collect();
        let spaced: Vec<String> = few.iter().map(|it| format!("x{it}y {it} ")).collect();
        let spaced = spaced.concat();
        answered("bare", text.clone());
        answered("in a formula", program("", &format!("  {spaced}")));
        answered("in a comment and a text", format!("# {text}\nlet a = \"{spaced}\"\n"));
    }
}
