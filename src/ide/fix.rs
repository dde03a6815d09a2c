//! The certain repairs of a program, made one upon the other until none is left.

use std::io;
use std::path::Path;

use super::report::{Look, Report, look};
use crate::problem::{Edit, Problem, Severity};
use crate::source::{Span, World};

/// A program after its repairs.
pub struct Fixed {
    pub before: String,
    pub text: String,
    /// What was repaired, in the order in which it was.
    pub repairs: Vec<Repair>,
    /// Of the text with the repairs.
    pub report: Report,
    /// Errors that only the repaired program has: those that the repairs bring, and those that the mistakes hid.
    pub fresh: Vec<Problem>,
}

/// A problem that is gone.
pub struct Repair {
    pub problem: Problem,
    /// The line and the column of its first edit, in the text as it was then.
    pub place: (usize, usize),
}

/// How often repairs may bring further ones to light.
const ROUNDS: usize = 50;

/// Repairs the program at `path` where the repair is certain. `text` takes the place of the file's own; nothing is written.
pub fn fix(world: &dyn World, path: &Path, text: Option<String>, at_data: Look) -> io::Result<Fixed> {
    let mut report = look(world, path, text, &[], at_data)?;
    let before = text_of(&report);
    let known: Vec<Problem> = report.problems.clone();
    let (mut repairs, mut useless) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        let taken = apart(&report, &useless);
        if taken.is_empty() {
            break;
        }
        let edits: Vec<&Edit> = taken.iter().flat_map(|problem| &problem.edits).collect();
        let text = apply(&text_of(&report), &edits);
        let next = look(world, path, Some(text), &[], at_data)?;
        // What an edit does not mend is not for its edit to mend, and would be edited for ever.
        let stays = |problem: &&&Problem| number(&next.problems, problem) >= number(&report.problems, problem);
        let idle: Vec<Problem> = taken.iter().filter(stays).map(|&problem| problem.clone()).collect();
        if !idle.is_empty() {
            useless.extend(idle);
            continue;
        }
        let source = &report.checked.sources[report.checked.file];
        let placed = taken.iter().map(|&problem| {
            let first = problem.edits.iter().map(|edit| edit.span.start).min().expect("it has edits");
            Repair { problem: problem.clone(), place: source.place(first) }
        });
        repairs.extend(placed);
        report = next;
    }
    let text = text_of(&report);
    let fresh = fresh(&known, &report.problems);
    Ok(Fixed { before, text, repairs, report, fresh })
}

fn text_of(report: &Report) -> String {
    report.checked.sources[report.checked.file].text.to_string()
}

/// How many problems say the same.
fn number(problems: &[Problem], like: &Problem) -> usize {
    problems.iter().filter(|it| is_same(it, like)).count()
}

/// Places move from text to text, words stay.
fn is_same(a: &Problem, b: &Problem) -> bool {
    a.code == b.code && a.message == b.message
}

/// The problems that can be repaired in this file at once: of two whose edits meet, the first.
fn apart<'r>(report: &'r Report, useless: &[Problem]) -> Vec<&'r Problem> {
    let mut spans: Vec<Span> = vec![];
    let mut taken = vec![];
    for problem in report.problems.iter().filter(|it| !it.edits.is_empty() && number(useless, it) == 0) {
        let own: Vec<Span> = problem.edits.iter().map(|edit| edit.span).collect();
        let is_here = own.iter().all(|span| span.file == report.checked.file);
        // Two insertions at one place meet too: nobody knows which comes first.
        let meets = |a: &Span| spans.iter().any(|b| a.start <= b.end && b.start <= a.end);
        if is_here && !own.iter().any(meets) {
            spans.extend(own);
            taken.push(problem);
        }
    }
    taken
}

/// The text with edits that do not overlap.
fn apply(text: &str, edits: &[&Edit]) -> String {
    let mut edits = edits.to_vec();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        let range = edit.span.range();
        assert!(done <= range.start, "edits overlap at byte {}", range.start);
        out += &text[done..range.start];
        out += &edit.text;
        done = range.end;
    }
    out + &text[done..]
}

/// The errors of `now` that were not there before, each as often as it came.
fn fresh(before: &[Problem], now: &[Problem]) -> Vec<Problem> {
    let mut old: Vec<&Problem> = before.iter().collect();
    let mut fresh = vec![];
    for problem in now.iter().filter(|it| it.severity == Severity::Error) {
        match old.iter().position(|it| is_same(it, problem)) {
            Some(at) => _ = old.swap_remove(at),
            None => fresh.push(problem.clone()),
        }
    }
    fresh
}
