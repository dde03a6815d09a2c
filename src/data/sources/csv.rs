//! `csv` and `tsv`: tables as text, as RFC 4180 describes them and people write them.
//!
//! The reader is our own because it must say on which line each row begins, and must not guess where a quote ends.

use std::borrow::Cow;

use super::{Call, Opened, Source};
use crate::data::Watch;
use crate::data::files::{self, Content, Found};
use crate::data::frame::{Column, Frame, Head, Heading, Places, Texts};
use crate::problem::Problem;
use crate::problem::data::{ColumnNames, CsvQuote, DataSettingMissing, NoRows, RaggedRows, Shown, Spot};
use crate::source::Span;

pub const SOURCE: Source = Source {
    name: "csv",
    doc: "A table as text, its first line naming the columns. Spaces around a cell do not count unless it is quoted; \
          blank lines are no rows.",
    look,
    open,
};

pub const TABS: Source = Source { name: "tsv", doc: "As `csv`, the cells separated by tabs.", look, open };

/// How a file is to be read.
#[derive(Clone, Debug)]
pub struct Dialect {
    pub separator: u8,
    /// The names of the columns, where the file does not give them.
    pub names: Names,
    pub missing: Vec<String>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Names {
    FirstLine,
    Given(Vec<String>, Span),
}

impl Dialect {
    /// As a file is written whose data block says nothing else.
    pub fn plain(separator: u8) -> Dialect {
        Dialect { separator, names: Names::FirstLine, missing: vec![String::new()] }
    }

    pub fn of(call: &Call) -> Result<Dialect, Vec<Problem>> {
        let letter = call.args.text("separator").map(|(text, _)| text.as_bytes()[0]);
        let tabs = call.plan.kind.as_str() == TABS.name;
        let names = match (call.args.flag("header").unwrap_or(true), call.args.texts("names")) {
            (true, None) => Names::FirstLine,
            (true, Some(_)) => {
                let at = call.args.span("names").expect("given");
                return Err(vec![ColumnNames { header: true, names: 0, columns: 0, shown: String::new(), at }.into()]);
            }
            (false, Some(names)) => {
                let span = call.args.span("names").expect("given");
                Names::Given(names.into_iter().map(String::from).collect(), span)
            }
            (false, None) => {
                let callee = call.plan.kind.as_str().to_string();
                let at = call.args.span("header").expect("given");
                let param = SOURCE.params().iter().find(|param| param.name == "names").expect("a parameter");
                let what = param.kind.words();
                let facts = DataSettingMissing { callee, setting: param.name, what, doc: param.doc, at };
                return Err(vec![facts.into()]);
            }
        };
        let missing = call.args.texts("missing").unwrap_or(vec![""]);
        Ok(Dialect {
            separator: letter.unwrap_or(if tabs { b'\t' } else { b',' }),
            names,
            missing: missing.into_iter().map(String::from).collect(),
        })
    }
}

fn find(call: &Call) -> Result<Found, Problem> {
    let (path, span) = call.args.text("path").expect("required");
    call.files.find(path, Some(span))
}

fn look(call: &Call) -> Result<Heading, Vec<Problem>> {
    let dialect = Dialect::of(call)?;
    let found = find(call).map_err(one)?;
    let (bytes, whole) = call.files.head(&found).map_err(one)?;
    let text = files::text(&found, &bytes, !whole).map_err(one)?;
    let start = heading(&found, text, &dialect).map_err(one)?;
    if whole && start.rest.is_done() {
        return Err(vec![NoRows { shown: found.shown, heading: true, at: found.span }.into()]);
    }
    Ok(Heading { shown: found.shown, columns: start.columns, rows: None, complete: true })
}

fn open(call: &Call) -> Result<Opened, Vec<Problem>> {
    let dialect = Dialect::of(call)?;
    let content = call.files.read(find(call).map_err(one)?).map_err(one)?;
    open_content(content, dialect)
}

/// Opens a file that has been read, or standard input.
pub fn open_content(content: Content, dialect: Dialect) -> Result<Opened, Vec<Problem>> {
    let text = files::text(&content.found, &content.bytes, false).map_err(one)?;
    let columns = heading(&content.found, text, &dialect).map_err(one)?.columns;
    let heading = Heading { shown: content.found.shown.clone(), columns, rows: None, complete: true };
    let bytes = content.bytes.len() as u64;
    let read = move |wanted: &[bool], _: &dyn Watch| read(&content, &dialect, wanted).map_err(one);
    Ok(Opened { heading, bytes, read: Box::new(read) })
}

fn one(problem: Problem) -> Vec<Problem> {
    vec![problem]
}

struct Start<'t> {
    columns: Vec<Head>,
    /// Where the rows begin.
    rest: Records<'t>,
}

fn heading<'t>(found: &Found, text: &'t str, dialect: &Dialect) -> Result<Start<'t>, Problem> {
    let mut records = Records::new(text, dialect.separator);
    let before = records.clone();
    let mut fields = vec![];
    let first = records.next(&mut fields).map_err(|why| quote(found, why))?;
    if first.is_none() {
        return Err(NoRows { shown: found.shown.clone(), heading: false, at: found.span }.into());
    }
    match &dialect.names {
        Names::FirstLine => {
            let columns = fields.iter().map(|field| Head::text(field.trim())).collect();
            Ok(Start { columns, rest: records })
        }
        Names::Given(names, _) if names.len() == fields.len() => {
            Ok(Start { columns: names.iter().map(Head::text).collect(), rest: before })
        }
        Names::Given(names, span) => {
            let shown = found.shown.clone();
            Err(ColumnNames { header: false, names: names.len(), columns: fields.len(), shown, at: *span }.into())
        }
    }
}

/// Rows that show how long the cells of a column are.
const SAMPLE: usize = 1000;

fn read(content: &Content, dialect: &Dialect, wanted: &[bool]) -> Result<Frame, Problem> {
    let found = &content.found;
    let text = files::text(found, &content.bytes, false)?;
    let mut records = heading(found, text, dialect)?.rest;
    let mut columns: Vec<Option<Texts>> = wanted.iter().map(|&wanted| wanted.then(Texts::default)).collect();
    let (mut lines, mut fields) = (vec![], vec![]);
    let (mut ragged, mut ragged_count) = (vec![], 0);
    while let Some(line) = records.next(&mut fields).map_err(|why| quote(found, why))? {
        if fields.len() != columns.len() {
            ragged_count += 1;
            if ragged.len() < Shown::MOST {
                ragged.push(Shown { spot: Spot::Line(line), text: fields.len().to_string() });
            }
            continue;
        }
        lines.push(line);
        if lines.len() == SAMPLE {
            let rows = text.bytes().filter(|&it| it == b'\n').count();
            lines.reserve_exact(rows.saturating_sub(SAMPLE));
            columns.iter_mut().flatten().for_each(|column| column.make_room(rows));
        }
        for (column, field) in columns.iter_mut().zip(&fields) {
            if let Some(column) = column {
                column.push(Some(&**field).filter(|&cell| !dialect.missing.iter().any(|word| word == cell)));
            }
        }
    }
    let shown = found.shown.clone();
    if ragged_count > 0 {
        let columns = columns.len();
        return Err(RaggedRows { shown, columns, rows: ragged, count: ragged_count, at: found.span }.into());
    }
    if lines.is_empty() {
        return Err(NoRows { shown, heading: true, at: found.span }.into());
    }
    Ok(Frame {
        shown,
        columns: columns.into_iter().map(|texts| texts.map(Column::Text)).collect(),
        rows: lines.len(),
        places: Places::Lines(lines),
        hashes: vec![content.hash],
    })
}

fn quote(found: &Found, why: BadQuote) -> Problem {
    CsvQuote { shown: found.shown.clone(), line: why.line, closed: why.closed, at: found.span }.into()
}

/// The records of a text, one after the other.
#[derive(Clone)]
pub struct Records<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    separator: u8,
}

/// A quote that never closes, or text behind a closing one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BadQuote {
    pub line: u32,
    pub closed: bool,
}

impl<'t> Records<'t> {
    pub fn new(text: &'t str, separator: u8) -> Records<'t> {
        Records { text, at: 0, line: 1, separator }
    }

    /// Reads the next record into `fields`: the line on which it begins, or nothing at the end.
    pub fn next(&mut self, fields: &mut Vec<Cow<'t, str>>) -> Result<Option<u32>, BadQuote> {
        fields.clear();
        self.skip_blank_lines();
        if self.at == self.text.len() {
            return Ok(None);
        }
        let line = self.line;
        loop {
            fields.push(self.field()?);
            if self.peek() == Some(self.separator) {
                self.at += 1;
            } else {
                self.line_break();
                return Ok(Some(line));
            }
        }
    }

    fn is_done(&self) -> bool {
        let mut rest = self.clone();
        rest.skip_blank_lines();
        rest.at == rest.text.len()
    }

    /// One cell, up to a separator, a line break or the end.
    fn field(&mut self) -> Result<Cow<'t, str>, BadQuote> {
        self.spaces();
        if self.peek() == Some(b'"') {
            return self.quoted();
        }
        let rest = &self.text.as_bytes()[self.at..];
        let separator = self.separator;
        let end = rest.iter().position(|&byte| byte == separator || byte == b'\n' || byte == b'\r');
        let field = &self.text[self.at..self.at + end.unwrap_or(rest.len())];
        self.at += field.len();
        Ok(Cow::Borrowed(field.trim_end_matches(|c| self.is_space(c))))
    }

    fn quoted(&mut self) -> Result<Cow<'t, str>, BadQuote> {
        let opened = self.line;
        self.at += 1;
        let mut field = Cow::Borrowed("");
        loop {
            let start = self.at;
            while self.peek().is_some_and(|byte| byte != b'"') {
                self.step();
            }
            match &mut field {
                Cow::Borrowed("") => field = Cow::Borrowed(&self.text[start..self.at]),
                more => more.to_mut().push_str(&self.text[start..self.at]),
            }
            if self.peek().is_none() {
                return Err(BadQuote { line: opened, closed: false });
            }
            self.at += 1;
            if self.peek() != Some(b'"') {
                break;
            }
            field.to_mut().push('"');
            self.at += 1;
        }
        self.spaces();
        match self.peek() {
            Some(byte) if byte != self.separator && byte != b'\n' && byte != b'\r' => {
                Err(BadQuote { line: self.line, closed: true })
            }
            _ => Ok(field),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn is_space(&self, letter: char) -> bool {
        letter == ' ' || letter == '\t' && self.separator != b'\t'
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(|byte| self.is_space(char::from(byte)) && byte != self.separator) {
            self.at += 1;
        }
    }

    /// One byte of a quoted cell, counting lines.
    fn step(&mut self) {
        if !self.line_break() {
            self.at += 1;
        }
    }

    /// `\n`, `\r\n` or `\r`.
    fn line_break(&mut self) -> bool {
        let length = match self.text.as_bytes()[self.at..] {
            [b'\r', b'\n', ..] => 2,
            [b'\n' | b'\r', ..] => 1,
            _ => return false,
        };
        self.at += length;
        self.line += 1;
        true
    }

    fn skip_blank_lines(&mut self) {
        loop {
            let before = self.clone();
            self.spaces();
            if self.line_break() {
                continue;
            }
            if self.at < self.text.len() {
                *self = before;
            }
            return;
        }
    }
}
