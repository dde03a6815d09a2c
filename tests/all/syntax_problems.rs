//! What is said about broken text, word for word.

use dlmc::problem::{Problem, pages, syntax};
use dlmc::source::{FileId, Source};

use crate::syntax::sample;

/// Problems as plain text: code, headline, places with what stands there, help and edits.
pub fn render(text: &str, problems: &[Problem]) -> String {
    let source = Source::new("", text);
    let mut out = String::new();
    for problem in problems {
        out += &format!("{} [{}]\n", problem.message, problem.code);
        for label in &problem.labels {
            let (line, column) = source.place(label.span.start);
            out += &format!("  {line}:{column} `{}`: {}\n", &text[label.span.range()], label.text);
        }
        for help in &problem.help {
            out += &format!("  help: {help}\n");
        }
        for edit in &problem.edits {
            out += &format!("  edit: `{}` becomes `{}`\n", &text[edit.span.range()], edit.text);
        }
    }
    out
}

fn problems(text: &str) -> Vec<Problem> {
    dlmc::syntax::parse(FileId(0), text).1
}

#[test]
fn nine_mistakes_give_nine_messages() {
    let text = sample("broken.txt");
    let found = problems(&text);
    insta::assert_snapshot!(render(&text, &found));
    assert_eq!(found.len(), 9);
}

/// The text of the first code block below a heading.
fn example<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, below) = page.split_once(heading).unwrap_or_else(|| panic!("no `{heading}` in:\n{page}"));
    let (_, code) = below.split_once("```dlm\n").expect("a block of code");
    code.split_once("```").expect("the end of the block").0
}

#[test]
fn every_page_shows_its_problem_and_nothing_else() {
    for entry in syntax::ENTRIES {
        let page = pages::page(entry.code).unwrap_or_else(|| panic!("`{}` has no page", entry.code));
        assert!(page.starts_with(&format!("# {}\n", entry.code)), "{page}");
        let codes: Vec<&str> = problems(example(page, "## Wrong")).iter().map(|it| it.code).collect();
        assert_eq!(codes, [entry.code], "{page}");
        assert_eq!(problems(example(page, "## Right")), [], "{page}");
    }
}

#[test]
fn a_certain_repair_mends_the_text() {
    for entry in syntax::ENTRIES {
        let text = example(pages::page(entry.code).expect("a page"), "## Wrong");
        for problem in problems(text) {
            let mut mended = text.to_string();
            for edit in problem.edits.iter().rev() {
                mended.replace_range(edit.span.range(), &edit.text);
            }
            assert!(problem.edits.is_empty() || problems(&mended).is_empty(), "{mended}");
        }
    }
}

#[test]
fn the_page_of_units_lists_them_all() {
    let page = pages::page("unknown-unit").expect("a page");
    for unit in dlmc::syntax::units::words() {
        assert!(page.contains(unit), "`{unit}`");
    }
}

/// A mistake that people make, in the smallest program that has it; the snapshot holds what is said.
const MISTAKES: &[&str] = &[
    "let a = 5foo",
    "let a = 3 epoks",
    "let a = 1e",
    "let a = .5",
    "let a = x ** 2",
    "let a = x && y",
    "let a = !x",
    "let a = “text”",
    "let a = x % 2",
    "let a = if x then 1",
    "let a = if x 1 else 2",
    "let a = for i n => x[i]",
    "let a = for i in n x[i]",
    "let a = f(x y)",
    "let a = f(x: 1 y: 2)",
    "let a = f(x, , y)",
    "let a = f(x,\n  y",
    "let a = (x + ) * 2",
    "let a = [1, 2",
    "let a: = 3",
    "let a 3",
    "let for = 3",
    "let = 3",
    "x = 3",
    "learning_rate: 3",
    "def f(x) = x",
    "model m on x -> logit",
    "model m on x -> logit\n  x |> dense(1)\n}",
    "model m on x -> logit {\n  x |> dense(1)\n",
    "model m on x {\n  y = x\n  == 3\n  y\n}",
    "model m on x {\n  return x\n}",
    "model m on x {\n  h =\n}",
    "model m on x {\n  h = x +\n  y = 3\n  y\n}",
    "model m on x {\n  h : x\n  h\n}",
    "model m on x {\n  f(x)) |> g\n}",
    "model m on x {\n  parm w: f32[3]\n  x @ w\n}",
    "fn f(x) x",
    "train {\n  model: m\n  l2(1e-4) on *.w\n}",
    "data d {\n  augment photo {\n    flip(horizontal)\n  }\n}",
    "train {\n  model net\n  loss: mse\n}",
    "train {\n  regularise {\n    l2(1e-4) on *.w\n  }\n}",
    "train {\n  freeze stem untl 3 epochs\n}",
    "train {\n  lr 10x head\n}",
    "train {\n  transfer stem form \"a.safetensors\"\n}",
    "train {\n  transfer stem from \"a\" {\n    rename \"a\" > b\n  }\n}",
    "data d {\n  source: table {\n    | a | b |\n    1 | 2\n  }\n}",
    "data d {\n  input: number\n  inptu x: number\n}",
    "data d {\n  source: csv(\"a.csv, header: no)\n}",
    "data d {\n  input x: class[\"a\" \"b\"]\n}",
    "train a b {\n  model: m\n}",
    "use blocks.dlm { a b }",
    "model m on x {\n  x\n\nmodel n on x = x",
];

#[test]
fn mistakes_are_put_into_words() {
    let told: Vec<String> =
        MISTAKES.iter().map(|text| format!("{text}\n\n{}", render(text, &problems(text)))).collect();
    insta::assert_snapshot!(told.join("\n----\n"));
    for text in MISTAKES {
        assert_eq!(problems(text).len(), 1, "{text}");
    }
}
