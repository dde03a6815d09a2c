//! What `check` says about a program: each case is a program in `tests/check/*.dlm` with its mistakes marked.
//!
//! `#! check TITLE` begins a case; without a title it belongs to the one before. A line that begins with `#!` speaks of
//! the line above it: carets stand under the place of a problem, dashes under a place that the problem names beside its
//! own; then comes its code, and perhaps words that it must say. One caret marks where the place begins, several mark
//! all of it. All problems are marked, and each once: a program without marks has none. `#! file NAME` begins another
//! file, `#! set PATH=VALUE` is an override (and the code that it gives, after `=>`).
//!
//! Cases that begin with `#! numbers`, `#! classes` or `#! yes_no` are not whole: the model, the data and the settings of
//! `train` that they lack are those of [`BASES`].

use std::fmt::Write;
use std::path::Path;

use dlmc::compile::{self, Checked, Override};
use dlmc::ide::Look;
use dlmc::ide::report;
use dlmc::problem::{Label, Problem};
use dlmc::source::{Memory, Sources};

#[test]
fn every_marked_problem_is_told_and_no_other() {
    let mut complaints = String::new();
    for path in crate::programs("tests/check") {
        let text = std::fs::read_to_string(&path).expect("a file of the folder");
        for (line, title, case) in cases(&text) {
            if let Err(complaint) = verdict(&case) {
                writeln!(complaints, "@@@ {}:{line} {title}\n{complaint}", path.display()).expect("memory");
            }
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

/// Twenty mistakes that other tools let pass, each a program with its data: `check --data` finds each, and nothing else.
#[test]
fn the_twenty_historical_mistakes_are_found() {
    let (mut complaints, mut codes) = (String::new(), Vec::new());
    let paths = crate::programs("tests/check/historical");
    for path in &paths {
        let text = std::fs::read_to_string(path).expect("a file of the folder");
        let case = Case::read(&text);
        codes.push(case.problems[0].code.clone());
        let report = report::look(&case.world(), Path::new(&case.files[0].0), None, &[], Look::Rows);
        let report = report.expect("in memory");
        if let Err(complaint) = compare(&case, &text, &report.problems, &report.checked.sources) {
            writeln!(complaints, "@@@ {}\n{complaint}", path.display()).expect("memory");
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    assert_eq!(paths.len(), 20);
    // One mistake was made in two ways: a probability where a score is wanted.
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 18, "{codes:?}");
}

/// Every single deletion of a character, and every cut, gives problems or a program: nothing panics.
#[test]
fn no_text_is_too_broken() {
    for text in [include_str!("../samples/xor.dlm"), include_str!("../check/whole.dlm")] {
        let broken = text.char_indices().flat_map(|(at, character)| {
            let without = format!("{}{}", &text[..at], &text[at + character.len_utf8()..]);
            [without, text[..at].to_string()]
        });
        for text in broken {
            let checked = compile::check(&Memory::default(), Path::new("test.dlm"), Some(text), &[]);
            let checked = checked.expect("in memory");
            assert!(checked.problems.iter().all(|problem| !problem.labels.is_empty()));
        }
    }
}

/// What is broken is told where it is broken; what a broken block may have lost is not missing.
#[test]
fn nine_mistakes_give_nine_messages() {
    let text = include_str!("../samples/broken.txt").to_string();
    let checked = compile::check(&Memory::default(), Path::new("broken.txt"), Some(text), &[]).expect("in memory");
    assert_eq!(checked.problems.len(), 9, "{:#?}", checked.problems);
}

/// The cases of a file: the line of each, its title, its text.
fn cases(text: &str) -> Vec<(usize, String, String)> {
    let mut cases: Vec<(usize, String, String)> = Vec::new();
    let (mut title, mut base) = (String::new(), None);
    for (number, line) in text.lines().enumerate() {
        let head = line.strip_prefix("#! ").map(|rest| rest.split_once(' ').unwrap_or((rest, "")));
        let begins = head.and_then(|(word, rest)| match word {
            "check" => Some((None, rest)),
            _ => BASES.iter().find(|base| base.name == word).map(|base| (Some(base), rest)),
        });
        match (begins, cases.last_mut()) {
            (Some((new, rest)), last) => {
                if let Some((.., text)) = last {
                    *text = whole(text, base);
                }
                if !rest.is_empty() {
                    title = rest.to_string();
                }
                base = new;
                cases.push((number + 1, title.clone(), String::new()));
            }
            (None, Some((.., text))) => writeln!(text, "{line}").expect("memory"),
            (None, None) => {}
        }
    }
    if let Some((.., text)) = cases.last_mut() {
        *text = whole(text, base);
    }
    cases
}

// ------------------------------------------------------------------------------------------------ one case

/// A problem as it is marked: its code, its place, and what it must say.
#[derive(Clone, PartialEq, Debug)]
struct Mark {
    file: String,
    line: usize,
    column: usize,
    /// The number of characters, where the mark tells it.
    width: Option<usize>,
    code: String,
    words: String,
}

/// A program taken apart: what is checked, and what it should give.
#[derive(Default)]
struct Case {
    /// The program's own file first.
    files: Vec<(String, String)>,
    overrides: Vec<Override>,
    problems: Vec<Mark>,
    /// Places that problems name beside their own.
    others: Vec<Mark>,
}

impl Case {
    fn read(text: &str) -> Case {
        let mut case = Case::default();
        let (mut name, mut content, mut number) = ("test.dlm".to_string(), String::new(), 0);
        for line in text.lines() {
            let Some(mark) = line.strip_prefix("#!") else {
                number += 1;
                writeln!(content, "{line}").expect("memory");
                continue;
            };
            if let Some(file) = mark.strip_prefix(" file ") {
                case.files.push((std::mem::replace(&mut name, file.trim().into()), std::mem::take(&mut content)));
                number = 0;
                continue;
            }
            if let Some(set) = mark.strip_prefix(" set ") {
                let (set, code) = set.split_once("=>").map_or((set, None), |(set, code)| (set, Some(code)));
                let (path, value) = set.trim().split_once('=').expect("a path and a value");
                if let Some(code) = code {
                    let file = format!("--set {path}={value}");
                    case.problems.push(Mark { file, line: 1, column: 0, width: None, ..said(code) });
                }
                case.overrides.push(Override { path: path.into(), value: value.into() });
                continue;
            }
            let sign = mark.trim_start().chars().next().expect("carets or dashes");
            let start = line.find(sign).expect("just seen");
            let column = line[..start].chars().count() + 1;
            let signs = line[start..].chars().take_while(|&it| it == sign).count();
            let width = (signs > 1).then_some(signs);
            let mark = Mark { file: name.clone(), line: number, column, width, ..said(&line[start + signs..]) };
            match sign {
                '^' => case.problems.push(mark),
                '-' => case.others.push(mark),
                _ => panic!("neither carets nor dashes: {line}"),
            }
        }
        case.files.push((name, content));
        case
    }

    fn world(&self) -> Memory {
        self.files.iter().fold(Memory::default(), |world, (name, content)| world.with(name, content))
    }

    fn check(&self) -> Checked {
        compile::check(&self.world(), Path::new(&self.files[0].0), None, &self.overrides).expect("in memory")
    }
}

/// `code: words`
fn said(text: &str) -> Mark {
    let (code, words) = text.split_once(':').unwrap_or((text, ""));
    let (code, words) = (code.trim().to_string(), words.trim().to_string());
    Mark { file: String::new(), line: 0, column: 0, width: None, code, words }
}

/// The program has the problems that are marked in it, and no others.
fn verdict(text: &str) -> Result<(), String> {
    let case = Case::read(text);
    let checked = case.check();
    let mut problems = checked.problems.clone();
    problems.extend(checked.of_searches.iter().cloned());
    if checked.is_sound() {
        let path = Path::new(&case.files[0].0);
        problems.extend(compile::at_the_ends(&case.world(), path, &checked, &case.overrides));
    }
    compare(&case, text, &problems, &checked.sources)?;
    if checked.is_sound() && checked.programs.len() != checked.trains.len() {
        return Err(format!("neither a program nor a problem\n{text}"));
    }
    Ok(())
}

/// What is told is what is marked.
fn compare(case: &Case, text: &str, problems: &[Problem], sources: &Sources) -> Result<(), String> {
    let told = || format!("\n{text}\n{}", render_all(problems, sources));
    let mut open = case.problems.clone();
    for problem in problems {
        let label = problem.labels.first().unwrap_or_else(|| panic!("`{}` has no place{}", problem.code, told()));
        let is_it = |mark: &Mark| {
            let said = render(problem, sources).contains(&mark.words);
            mark.code == problem.code && mark.is_at(label, sources) && said
        };
        let Some(found) = open.iter().position(is_it) else {
            return Err(format!("not expected: `{}`{}", problem.code, told()));
        };
        open.remove(found);
    }
    if !open.is_empty() {
        return Err(format!("not found: {open:?}{}", told()));
    }
    for other in &case.others {
        let named = problems.iter().any(|problem| {
            let mut labels = problem.labels.iter().skip(1);
            problem.code == other.code && labels.any(|label| other.is_at(label, sources))
        });
        if !named {
            return Err(format!("not named: {other:?}{}", told()));
        }
    }
    Ok(())
}

impl Mark {
    fn is_at(&self, label: &Label, sources: &Sources) -> bool {
        let source = &sources[label.span.file];
        if self.column == 0 {
            return source.name == self.file;
        }
        let width = || sources.text(label.span).lines().next().unwrap_or_default().chars().count();
        source.name == self.file
            && source.place(label.span.start) == (self.line, self.column)
            && self.width.is_none_or(|it| it == width())
    }
}

/// A problem as plain text, its labels as marks.
pub fn render(problem: &Problem, sources: &Sources) -> String {
    let mut text = format!("{:?} [{}] {}\n", problem.severity, problem.code, problem.message);
    for (at, label) in problem.labels.iter().enumerate() {
        let source = &sources[label.span.file];
        let (line, column) = source.place(label.span.start);
        let shown = source.line(line);
        let width = sources.text(label.span).lines().next().unwrap_or_default().chars().count();
        let sign = if at == 0 { "^" } else { "-" };
        writeln!(text, "  {}:{line}:{column}\n  | {shown}", source.name).expect("memory");
        writeln!(text, "  | {}{} {}", " ".repeat(column - 1), sign.repeat(width.max(1)), label.text).expect("memory");
    }
    for note in &problem.notes {
        writeln!(text, "  note: {note}").expect("memory");
    }
    for help in &problem.help {
        writeln!(text, "  help: {help}").expect("memory");
    }
    text
}

pub fn render_all(problems: &[Problem], sources: &Sources) -> String {
    problems.iter().map(|problem| render(problem, sources) + "\n").collect()
}

// ------------------------------------------------------------------------------------------------ what cases lack

/// A program of which a case says a part.
struct Base {
    name: &'static str,
    target: &'static str,
    model: &'static str,
    loss: &'static str,
}

const BASES: &[Base] = &[
    Base { name: "numbers", target: "number", model: "-> f32[1] = x |> dense(1)", loss: "mse" },
    Base { name: "classes", target: "class[3]", model: "-> logits[3] = x |> dense(3)", loss: "cross_entropy" },
    Base {
        name: "yes_no",
        target: "binary",
        model: "-> logit = x |> dense(3, tanh) as hidden |> dense(1) as out",
        loss: "binary_cross_entropy",
    },
];

/// `part` with the declarations and the settings that it lacks, behind its own.
fn whole(part: &str, base: Option<&Base>) -> String {
    let Some(base) = base else { return part.to_string() };
    let first = part.find("#! file").unwrap_or(part.len());
    let (part, other_files) = part.split_at(first);
    let settings =
        [("model", "m"), ("data", "points"), ("loss", base.loss), ("optimizer", "adam"), ("for", "3 epochs")];
    let own: Vec<&str> = part.lines().filter(|line| !line.starts_with("#!")).collect();
    let has = |start: &str| own.iter().any(|line| line.trim_start().starts_with(start));
    let rest: Vec<String> = settings
        .iter()
        .filter(|(key, _)| !has(&format!("{key}:")))
        .map(|(key, value)| format!("    {key}: {value}\n"))
        .collect();
    let (mut text, mut within) = (String::new(), false);
    for line in part.lines() {
        within |= line.starts_with("  train");
        if within && line == "  }" {
            text.extend(rest.iter().map(String::as_str));
            within = false;
        }
        writeln!(text, "{line}").expect("memory");
    }
    if !has("model m ") {
        writeln!(text, "  model m on x: f32[4] {}", base.model).expect("memory");
    }
    if !has("data points") {
        let rows = "    | a | b | c | d | y |\n      | 1 | 2 | 3 | 4 | 1 |";
        let fields = format!("input x: f32[4] = [a, b, c, d]\n    target y: {}", base.target);
        writeln!(text, "  data points {{\n    source: table {{\n  {rows}\n    }}\n    {fields}\n  }}").expect("memory");
    }
    if !has("train") {
        writeln!(text, "  train {{\n{}  }}", rest.concat()).expect("memory");
    }
    text + other_files
}
