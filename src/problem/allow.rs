//! `# dlmc: allow(code)`: the warnings that a line of the program itself takes back.

use super::command::UnknownCode;
use super::{Problem, Severity, catalogue};
use crate::source::{FileId, Sources, Span, nearest};

/// The problems without the warnings that the line of their first label allows.
pub fn heed(sources: &Sources, problems: Vec<Problem>) -> Vec<Problem> {
    let mut problems = problems;
    problems.retain(|problem| problem.severity == Severity::Error || !is_allowed(sources, problem));
    problems
}

/// What `file` allows by codes that no problem has.
pub fn unknown(sources: &Sources, file: FileId) -> Vec<Problem> {
    let mut problems = vec![];
    let mut start = 0;
    for line in sources[file].text.split_inclusive('\n') {
        for code in codes(line).filter(|code| catalogue().all(|entry| entry.code != *code)) {
            let at = start + line.rfind(code).expect("a part of the line");
            let near = nearest(code, catalogue().map(|entry| entry.code));
            let at = Some(Span::new(file, at, at + code.len()));
            problems.push(UnknownCode { code: code.into(), near, at }.into());
        }
        start += line.len();
    }
    problems
}

fn is_allowed(sources: &Sources, problem: &Problem) -> bool {
    problem.labels.first().is_some_and(|label| {
        let source = &sources[label.span.file];
        let (line, _) = source.place(label.span.start);
        codes(source.line(line)).any(|code| code == problem.code)
    })
}

/// The codes in `# dlmc: allow(one, two)`.
fn codes(line: &str) -> impl Iterator<Item = &str> {
    let comment = line.rsplit_once('#').map_or("", |(_, comment)| comment.trim());
    let inner = comment.strip_prefix("dlmc:").and_then(|rest| rest.trim().strip_prefix("allow("));
    inner
        .and_then(|rest| rest.split_once(')'))
        .map_or("", |(codes, _)| codes)
        .split(',')
        .map(str::trim)
        .filter(|it| !it.is_empty())
}
