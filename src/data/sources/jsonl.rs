//! `jsonl`: one JSON object on each line, its keys the columns.

use std::fmt;

use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use super::{Call, Opened, Source};
use crate::data::Watch;
use crate::data::files::{self, Content, Found};
use crate::data::frame::{Column, Frame, Head, Heading, Numbers, Places, Texts};
use crate::problem::Problem;
use crate::problem::data::{JsonLines, MixedShapes, NoRows, Shown, Spot};

pub const SOURCE: Source = Source {
    name: "jsonl",
    doc: "One JSON object a line. An absent key and `null` are missing cells; a list of numbers, or of such lists, is a tensor.",
    look,
    open,
};

/// How many lines tell what the columns are when the whole file is not read.
const LOOKED_AT: usize = 100;

/// How the message begins that a key comes twice.
const TWICE: &str = "names the key";

fn find(call: &Call) -> Result<Found, Problem> {
    let (path, span) = call.args.text("path").expect("required");
    call.files.find(path, Some(span))
}

fn look(call: &Call) -> Result<Heading, Vec<Problem>> {
    let found = find(call).map_err(one)?;
    let (bytes, whole) = call.files.head(&found).map_err(one)?;
    let mut text = files::text(&found, &bytes, !whole).map_err(one)?;
    if !whole {
        // The last line may have been cut.
        text = &text[..text.rfind('\n').unwrap_or(0)];
    }
    let complete = whole && text.lines().count() <= LOOKED_AT;
    let lines = parse(&found, text, LOOKED_AT).map_err(one)?;
    if lines.is_empty() && whole {
        return Err(vec![NoRows { shown: found.shown, heading: false, at: found.span }.into()]);
    }
    let rows = complete.then_some(lines.len());
    Ok(Heading { columns: columns(&lines), shown: found.shown, rows, complete })
}

fn open(call: &Call) -> Result<Opened, Vec<Problem>> {
    open_content(call.files.read(find(call).map_err(one)?).map_err(one)?)
}

/// Opens a file that has been read, or standard input.
pub fn open_content(content: Content) -> Result<Opened, Vec<Problem>> {
    let Content { found, bytes, hash } = content;
    let text = files::text(&found, &bytes, false).map_err(one)?;
    let lines = parse(&found, text, usize::MAX).map_err(one)?;
    if lines.is_empty() {
        return Err(vec![NoRows { shown: found.shown, heading: false, at: found.span }.into()]);
    }
    let columns = columns(&lines);
    let heads = columns.clone();
    let held = lines.iter().map(Line::bytes).sum();
    let heading = Heading { shown: found.shown.clone(), columns, rows: Some(lines.len()), complete: true };
    let read = move |wanted: &[bool], _: &dyn Watch| {
        let (mut columns, mut problems) = (vec![], vec![]);
        for (head, &wanted) in heads.iter().zip(wanted) {
            match wanted.then(|| column(&found, &lines, head)).transpose() {
                Ok(column) => columns.push(column),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let places = Places::Lines(lines.iter().map(|line| line.number).collect());
        Ok(Frame { shown: found.shown, columns, rows: lines.len(), places, hashes: vec![hash] })
    };
    Ok(Opened { heading, bytes: held, read: Box::new(read) })
}

fn one(problem: Problem) -> Vec<Problem> {
    vec![problem]
}

struct Line {
    number: u32,
    cells: Cells,
}

impl Line {
    /// The bytes that it takes, about: an allocation is a multiple of 16 and 8 more.
    fn bytes(&self) -> u64 {
        fn of(value: &Value) -> usize {
            match value {
                Value::Array(items) => items.len() * size_of::<Value>() + 16 + items.iter().map(of).sum::<usize>(),
                Value::String(text) => text.len() + 16,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => 0,
            }
        }
        let entry = size_of::<(usize, String, Value)>() + size_of::<usize>() + 1;
        let cells = self.cells.0.iter().map(|(key, value)| entry + key.len() + 16 + of(value));
        (size_of::<Line>() + cells.sum::<usize>()) as u64
    }
}

/// The values of one object by key, in order. A key that comes twice is a mistake, not the later one.
struct Cells(IndexMap<String, Value>);

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Cells, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Cells;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object: {\"column\": value, …}")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cells, A::Error> {
                let mut cells = IndexMap::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if let Some(twice) = cells.insert(key.clone(), value) {
                        let _: Value = twice;
                        return Err(serde::de::Error::custom(format!("{TWICE} `{key}` twice")));
                    }
                }
                Ok(Cells(cells))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// At most `limit` lines that are not blank.
fn parse(found: &Found, text: &str, limit: usize) -> Result<Vec<Line>, Problem> {
    let (mut lines, mut bad, mut count) = (vec![], vec![], 0);
    let numbered = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    for (number, line) in numbered.take(limit) {
        match serde_json::from_str(line) {
            Ok(cells) => lines.push(Line { number, cells }),
            Err(why) => {
                count += 1;
                if bad.len() < Shown::MOST {
                    bad.push(Shown { spot: Spot::Line(number), text: fault(&why) });
                }
            }
        }
    }
    match count {
        0 => Ok(lines),
        _ => Err(JsonLines { shown: found.shown.clone(), lines: bad, count, at: found.span }.into()),
    }
}

/// What is wrong with a line, in a few words.
fn fault(why: &serde_json::Error) -> String {
    match why.classify() {
        Category::Data => match why.to_string().split(" at line ").next() {
            Some(text) if text.starts_with(TWICE) => text.into(),
            _ => "holds something else".into(),
        },
        Category::Eof => "ends too early".into(),
        Category::Syntax | Category::Io => format!("is no JSON from column {} on", why.column()),
    }
}

/// Every key, in order of appearance, with the shape of its first value that is not null.
fn columns(lines: &[Line]) -> Vec<Head> {
    let mut heads: IndexMap<&str, Option<Option<Vec<usize>>>> = IndexMap::new();
    for line in lines {
        for (key, value) in &line.cells.0 {
            let head = heads.entry(key).or_insert(None);
            if head.is_none() && !value.is_null() {
                *head = Some(shape(value));
            }
        }
    }
    heads.into_iter().map(|(name, shape)| Head { name: name.into(), shape: shape.flatten() }).collect()
}

/// The shape of a tensor of numbers; `None` for anything else, a single number included.
fn shape(value: &Value) -> Option<Vec<usize>> {
    let Value::Array(items) = value else { return None };
    let inner = match items.first()? {
        Value::Number(_) => vec![],
        first => shape(first)?,
    };
    let alike = items.iter().all(|item| match item {
        Value::Number(_) => inner.is_empty(),
        item => !inner.is_empty() && shape(item).as_ref() == Some(&inner),
    });
    alike.then(|| [vec![items.len()], inner].concat())
}

fn column(found: &Found, lines: &[Line], head: &Head) -> Result<Column, Problem> {
    let Some(expected) = &head.shape else {
        let mut texts = Texts::default();
        for line in lines {
            match line.cells.0.get(&head.name) {
                None | Some(Value::Null) => texts.push(None),
                Some(Value::String(text)) => texts.push(Some(text)),
                Some(other) => texts.push(Some(&other.to_string())),
            }
        }
        return Ok(Column::Text(texts));
    };
    let mut data = vec![];
    let (mut odd, mut count) = (vec![], 0);
    for line in lines {
        let value = line.cells.0.get(&head.name).unwrap_or(&Value::Null);
        if shape(value).as_ref() == Some(expected) {
            flatten(value, &mut data);
        } else {
            count += 1;
            if odd.len() < Shown::MOST {
                let text =
                    shape(value).map_or_else(|| "something else".into(), |it| format!("a tensor of shape {it:?}"));
                odd.push(Shown { spot: Spot::Line(line.number), text });
            }
        }
    }
    if count > 0 {
        let (shown, column) = (found.shown.clone(), head.name.clone());
        return Err(MixedShapes { shown, column, expected: expected.clone(), rows: odd, count, at: found.span }.into());
    }
    Ok(Column::Numbers { shape: expected.clone(), data: Numbers::Floats(data) })
}

fn flatten(value: &Value, data: &mut Vec<f32>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| flatten(item, data)),
        Value::Number(number) => data.push(number.as_f64().unwrap_or(f64::NAN) as f32),
        other => unreachable!("{other} in a tensor of numbers"),
    }
}
