//! The static analysis results interchange format, SARIF 2.1.0: all problems of a command in one document, for the hosts of
//! code that show them beside it.

use serde_json::{Value, json};

use crate::problem::pages::page;
use crate::problem::{Edit, Label, Problem, Severity, catalogue};
use crate::source::{Sources, Span};

/// A problem in the words of the format, and its code.
pub struct Found {
    code: &'static str,
    result: Value,
}

/// One problem: where it is, what else belongs to it, and what would mend it.
pub fn found(sources: &Sources, problem: &Problem) -> Found {
    let mut text = problem.message.clone();
    for (head, lines) in [("note", &problem.notes), ("help", &problem.help)] {
        lines.iter().for_each(|line| text += &format!("\n{head}: {line}"));
    }
    let mut result = json!({
        "ruleId": problem.code,
        "level": level(problem.severity),
        "message": { "text": text },
        "locations": problem.labels.first().map(|label| location(sources, label)).into_iter().collect::<Vec<_>>(),
    });
    if let [_, others @ ..] = &problem.labels[..]
        && !others.is_empty()
    {
        let others = others.iter().enumerate().map(|(at, label)| {
            let mut other = location(sources, label);
            other["id"] = (at + 1).into();
            other
        });
        result["relatedLocations"] = others.collect();
    }
    if !problem.edits.is_empty() {
        result["fixes"] = json!([fix(sources, problem)]);
    }
    Found { code: problem.code, result }
}

/// The document of one run, with the rules that were broken in it.
pub fn document(found: &[Found]) -> Value {
    let broken: Vec<_> = catalogue().filter(|entry| found.iter().any(|it| it.code == entry.code)).collect();
    let rules = broken.iter().map(|entry| {
        let page = page(entry.code).expect("a page for every problem");
        json!({
            "id": entry.code,
            "shortDescription": { "text": entry.summary },
            "help": { "text": page, "markdown": page },
            "defaultConfiguration": { "level": level(entry.severity) },
        })
    });
    let results = found.iter().map(|it| {
        let mut result = it.result.clone();
        result["ruleIndex"] = broken.iter().position(|entry| entry.code == it.code).into();
        result
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "dlmc",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn location(sources: &Sources, label: &Label) -> Value {
    let place = json!({
        "artifactLocation": artifact(sources, label.span),
        "region": region(sources, label.span),
    });
    match &*label.text {
        "" => json!({ "physicalLocation": place }),
        text => json!({ "physicalLocation": place, "message": { "text": text } }),
    }
}

/// The repair: what is taken out of each file, and what is put there.
fn fix(sources: &Sources, problem: &Problem) -> Value {
    let changes = problem.edits.chunk_by(|a, b| a.span.file == b.span.file).map(|edits| {
        let replacements = edits.iter().map(|Edit { span, text, .. }| {
            json!({ "deletedRegion": region(sources, *span), "insertedContent": { "text": text } })
        });
        json!({
            "artifactLocation": artifact(sources, edits[0].span),
            "replacements": replacements.collect::<Vec<_>>(),
        })
    });
    let words = problem.help.first().unwrap_or(&problem.message);
    json!({ "description": { "text": words }, "artifactChanges": changes.collect::<Vec<_>>() })
}

/// Lines and columns count from 1, columns in characters; the end is behind the last character.
fn region(sources: &Sources, span: Span) -> Value {
    let source = &sources[span.file];
    let ((line, column), (end_line, end_column)) = (source.place(span.start), source.place(span.end));
    json!({
        "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
        "byteOffset": span.start, "byteLength": span.end - span.start,
    })
}

fn artifact(sources: &Sources, span: Span) -> Value {
    json!({ "uri": uri(&sources[span.file].name) })
}

/// A path as a reference: relative ones stay so.
fn uri(path: &str) -> String {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(byte.into()),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}
