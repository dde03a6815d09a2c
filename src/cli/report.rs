//! How a problem looks: drawn for people, in a line, as JSON, as an annotation.

use std::fmt;

use anstyle::{AnsiColor, Style};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents,
};
use serde_json::{Value, json};

use crate::problem::{self, Label, Problem, Severity};
use crate::source::{FileId, Source, Sources, Span};

/// What the paper can carry.
#[derive(Clone, Copy)]
pub struct Drawing {
    /// Colours and lines that join.
    pub fancy: bool,
    pub width: usize,
}

/// The headline, the places that it is about, and what would mend it.
pub fn human(sources: &Sources, problem: &Problem, drawing: Drawing) -> String {
    let colour = match problem.severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
    };
    let loud = Style::new().bold().fg_color(Some(colour.into()));
    let (dim, bold, cyan) =
        (Style::new().dimmed(), Style::new().bold(), Style::new().fg_color(Some(AnsiColor::Cyan.into())));
    let word = word(problem.severity);
    let mut out = format!("{loud}{word}{loud:#}{bold}: {}{bold:#}  {dim}[{}]{dim:#}\n", problem.message, problem.code);
    for snippet in snippets(sources, problem) {
        out += &draw(&snippet, drawing);
    }
    for note in &problem.notes {
        out += &indented(&format!("{cyan}note{cyan:#}: "), 6, note);
    }
    for help in &problem.help {
        out += &indented(&format!("{cyan}help{cyan:#}: "), 6, help);
    }
    out
}

/// A remark under the drawing; its further lines stand under its first.
fn indented(head: &str, width: usize, text: &str) -> String {
    let gap = " ".repeat(2 + width);
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    format!("  {head}{}\n", lines.join(&format!("\n{gap}")))
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

// ------------------------------------------------------------------------------------------------ drawn

/// The labels of one file, for miette to draw: whole lines, and no others.
#[derive(Debug)]
struct Snippet<'a> {
    source: &'a Source,
    labels: Vec<LabeledSpan>,
    severity: Severity,
}

/// The file of the first label comes first.
fn snippets<'a>(sources: &'a Sources, problem: &Problem) -> Vec<Snippet<'a>> {
    let mut files: Vec<FileId> = vec![];
    for label in &problem.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files.into_iter().map(|file| snippet(sources, problem, file)).collect()
}

fn snippet<'a>(sources: &'a Sources, problem: &Problem, file: FileId) -> Snippet<'a> {
    let source = &sources[file];
    let labels = problem.labels.iter().enumerate().filter(|(_, label)| label.span.file == file);
    let labels = labels.map(|(order, Label { span, text })| {
        let text = (!text.is_empty()).then(|| text.clone());
        let span = drawable(&source.text, *span);
        if order == 0 { LabeledSpan::new_primary_with_span(text, span) } else { LabeledSpan::new_with_span(text, span) }
    });
    Snippet { source, labels: labels.collect(), severity: problem.severity }
}

/// The part of a span that shows: no white space at its end, nothing outside the text. What is missing at the very end of
/// a text is shown at its last character.
fn drawable(text: &str, span: Span) -> std::ops::Range<usize> {
    let end = (span.end as usize).min(text.len());
    let start = (span.start as usize).min(end);
    match text.char_indices().next_back() {
        Some((last, letter)) if start == text.len() && letter != '\n' => last..start,
        _ => start..start + text[start..end].trim_end().len(),
    }
}

impl SourceCode for Snippet<'_> {
    fn read_span<'s>(
        &'s self,
        span: &SourceSpan,
        _before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'s> + 's>, MietteError> {
        let text = &self.source.text;
        let start = text[..span.offset()].rfind('\n').map_or(0, |at| at + 1);
        let end = span.offset() + span.len();
        // With the line break: a label may stand there, where something is missing.
        let end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        let (line, column) = self.source.place(span.offset() as u32);
        let lines = text[start..end].lines().count();
        let (name, data) = (self.source.name.clone(), &text.as_bytes()[start..end]);
        let whole = (start, end - start).into();
        Ok(Box::new(MietteSpanContents::new_named(name, data, whole, line - 1, column - 1, lines)))
    }
}

impl fmt::Display for Snippet<'_> {
    /// Nothing: the headline is ours.
    fn fmt(&self, _: &mut fmt::Formatter) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Snippet<'_> {}

impl miette::Diagnostic for Snippet<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

fn draw(snippet: &Snippet, drawing: Drawing) -> String {
    let theme = if drawing.fancy { GraphicalTheme::unicode() } else { GraphicalTheme::none() };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(drawing.width).with_context_lines(0).with_links(false);
    let mut out = String::new();
    handler.render_report(&mut out, snippet).expect("writing into a string");
    // miette's own headline is one line, and empty.
    let (_, below) = out.split_once('\n').expect("a headline");
    below.to_owned()
}

// ------------------------------------------------------------------------------------------------ for programs

/// `x.dlm:7:12: error[axis-mismatch]: the model gives …`
pub fn concise(sources: &Sources, problem: &Problem) -> String {
    let word = word(problem.severity);
    let place = problem.labels.first().map(|label| {
        let (line, column) = sources[label.span.file].place(label.span.start);
        format!("{}:{line}:{column}: ", sources[label.span.file].name)
    });
    format!("{}{word}[{}]: {}", place.unwrap_or_default(), problem.code, problem.message)
}

/// The object of `--json`. Offsets are bytes, lines and columns count from 1, columns in characters.
pub fn json(sources: &Sources, problem: &Problem) -> Value {
    let labels = problem.labels.iter().enumerate().map(|(order, Label { span, text })| {
        let source = &sources[span.file];
        let ((line, column), (end_line, end_column)) = (source.place(span.start), source.place(span.end));
        json!({
            "file": source.name, "start": span.start, "end": span.end,
            "line": line, "column": column, "end_line": end_line, "end_column": end_column,
            "text": text, "primary": order == 0,
        })
    });
    let edits = problem.edits.iter().map(|edit| {
        json!({
            "file": sources[edit.span.file].name, "start": edit.span.start, "end": edit.span.end, "text": edit.text,
        })
    });
    json!({
        "code": problem.code,
        "severity": word(problem.severity),
        "message": problem.message,
        "labels": labels.collect::<Vec<_>>(),
        "notes": problem.notes,
        "help": problem.help,
        "edits": edits.collect::<Vec<_>>(),
    })
}

/// `::error file=x.dlm,line=7,endLine=7,col=12,endColumn=15,title=axis-mismatch::the model gives …`
pub fn github(sources: &Sources, problem: &Problem) -> String {
    let mut properties = vec![];
    if let Some(Label { span, .. }) = problem.labels.first() {
        let source = &sources[span.file];
        let ((line, column), (end_line, end_column)) = (source.place(span.start), source.place(span.end));
        properties.push(format!("file={}", escaped(&source.name, true)));
        properties.push(format!("line={line},endLine={end_line}"));
        if line == end_line {
            properties.push(format!("col={column},endColumn={end_column}"));
        }
    }
    properties.push(format!("title={}", problem.code));
    let mut text = problem.message.clone();
    for (head, lines) in [("note", &problem.notes), ("help", &problem.help)] {
        lines.iter().for_each(|line| text += &format!("\n{head}: {line}"));
    }
    format!("::{} {}::{}", word(problem.severity), properties.join(","), escaped(&text, false))
}

/// GitHub's own escapes for workflow commands.
fn escaped(text: &str, property: bool) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    if property { text.replace(':', "%3A").replace(',', "%2C") } else { text }
}

/// `2 errors, 1 warning`
pub fn sum(problems: &[Problem]) -> String {
    let number = |severity| problems.iter().filter(|it| it.severity == severity).count();
    let parts = [(number(Severity::Error), "error", "errors"), (number(Severity::Warning), "warning", "warnings")];
    let parts = parts.into_iter().filter(|&(n, ..)| n > 0);
    parts.map(|(n, one, many)| problem::count(n, one, many)).collect::<Vec<_>>().join(", ")
}
