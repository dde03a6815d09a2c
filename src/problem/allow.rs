//! `# dlmc: allow(code)` and `# dlmc: warn(code)`: the warnings that a program itself takes back, and those that it asks for.
//!
//! Behind other text such a comment speaks of its line, alone in a line of the whole file.

use super::command::UnknownCode;
use super::{Problem, Severity, catalogue};
use crate::source::{FileId, Sources, Span, nearest};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// Takes a warning back.
    Allow,
    /// Asks for a warning that is off by default.
    Warn,
}

impl Word {
    const ALL: [Word; 2] = [Word::Allow, Word::Warn];

    fn text(self) -> &'static str {
        match self {
            Word::Allow => "allow",
            Word::Warn => "warn",
        }
    }
}

/// The problems without the warnings that the program allows.
pub fn heed(sources: &Sources, problems: Vec<Problem>) -> Vec<Problem> {
    let mut problems = problems;
    problems.retain(|problem| problem.severity == Severity::Error || !is_said(sources, problem, Word::Allow));
    problems
}

/// Whether the program asks for a warning that is off by default.
pub fn is_asked_for(sources: &Sources, problem: &Problem) -> bool {
    is_said(sources, problem, Word::Warn)
}

/// What `file` allows or asks for by codes that no problem has.
pub fn unknown(sources: &Sources, file: FileId) -> Vec<Problem> {
    let mut problems = vec![];
    let mut start = 0;
    for line in sources[file].text.split_inclusive('\n') {
        for word in Word::ALL {
            for code in codes(line, word).filter(|code| catalogue().all(|entry| entry.code != *code)) {
                let at = start + line.rfind(code).expect("a part of the line");
                let near = nearest(code, catalogue().map(|entry| entry.code));
                let at = Some((Span::new(file, at, at + code.len()), word.text()));
                problems.push(UnknownCode { code: code.into(), near, at }.into());
            }
        }
        start += line.len();
    }
    problems
}

/// Whether the line of a problem's first label, or its whole file, says `word` of it.
fn is_said(sources: &Sources, problem: &Problem, word: Word) -> bool {
    problem.labels.first().is_some_and(|label| {
        let source = &sources[label.span.file];
        let (line, _) = source.place(label.span.start);
        let says = |line: &str| codes(line, word).any(|code| code == problem.code);
        says(source.line(line)) || source.text.lines().any(|it| it.trim_start().starts_with('#') && says(it))
    })
}

/// The codes in `# dlmc: allow(one, two)`, or in the same of another word.
fn codes(line: &str, word: Word) -> impl Iterator<Item = &str> {
    let comment = line.rsplit_once('#').map_or("", |(_, comment)| comment.trim());
    let inner = comment.strip_prefix("dlmc:").and_then(|rest| rest.trim().strip_prefix(word.text()));
    inner
        .and_then(|rest| rest.strip_prefix('(')?.split_once(')'))
        .map_or("", |(codes, _)| codes)
        .split(',')
        .map(str::trim)
        .filter(|it| !it.is_empty())
}
