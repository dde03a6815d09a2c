//! What stands in a table, column by column: counted, not yet judged.

use std::path::Path;

use indexmap::IndexMap;

use crate::data::Limits;
use crate::data::files::Files;
use crate::data::frame::Column as Cells;
use crate::data::sources;
use crate::data::time;
use crate::model::program::{Constant, Given, SourcePlan};
use crate::problem::Problem;
use crate::source::{FileId, Span, World};
use crate::syntax::tree::Name;

/// A table, and how it is to be read.
pub struct Table {
    /// `csv`, `tsv`, `jsonl`, `parquet`
    pub source: &'static str,
    pub separator: Option<char>,
    /// Whether its first line names the columns.
    pub header: bool,
    /// The texts of missing cells, beside the empty one.
    pub markers: Vec<String>,
    pub rows: usize,
    pub columns: Vec<Column>,
}

pub struct Column {
    pub name: String,
    /// Where each row is a list of numbers.
    pub shape: Option<Vec<usize>>,
    /// The cells, `None` where one is missing.
    pub cells: Vec<Option<String>>,
    /// How often each text stands there, the first one first.
    pub counts: IndexMap<String, usize>,
    /// The numbers, where all cells that are there are numbers.
    pub numbers: Option<Vec<f64>>,
    pub dates: bool,
}

/// What people write where they have nothing to say. In a column of words only the first ones.
const MARKERS: [&str; 13] =
    ["NA", "N/A", "n/a", "?", "NaN", "nan", "null", "NULL", "None", "-", ".", "#N/A", "missing"];
const MARKERS_OF_WORDS: usize = 8;

/// Whether a value of the source says what it is, and that it is missing, by itself.
fn tells_types(source: &str) -> bool {
    ["jsonl", "parquet"].contains(&source)
}

/// A place that nothing points to.
fn nowhere() -> Span {
    Span::new(FileId(0), 0, 0)
}

impl Table {
    pub fn read(world: &dyn World, path: &Path) -> Result<Table, Vec<Problem>> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let plain = name.strip_suffix(".gz").unwrap_or(&name).to_string();
        let files = Files::new(world, Path::new(""), Limits::default());
        let found = files.find(&path.to_string_lossy(), None).map_err(|problem| vec![problem])?;
        let (head, _) = files.head(&found).map_err(|problem| vec![problem])?;
        let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_string();
        let count = |letter: char| line.matches(letter).count();
        let best = [',', ';', '\t', '|'].into_iter().rev().max_by_key(|it| count(*it)).expect("several");
        let (source, separator) = match () {
            () if plain.ends_with(".jsonl") || plain.ends_with(".ndjson") => ("jsonl", None),
            () if plain.ends_with(".parquet") => ("parquet", None),
            () if plain.ends_with(".tsv") || best == '\t' => ("tsv", None),
            () => ("csv", Some(best).filter(|it| *it != ',')),
        };
        let path = path.to_string_lossy().into_owned();
        let open = |unnamed| {
            let table = Table::open(files, source, separator, &path, unnamed);
            table.map_err(|problems| problems.into_iter().map(Problem::without_places).collect::<Vec<_>>())
        };
        let mut table = open(None)?;
        // Numbers are no names.
        let is_number = |column: &Column| column.name.parse::<f64>().is_ok();
        if !tells_types(source) && table.columns.iter().any(is_number) {
            table = open(Some(table.columns.len()))?;
        }
        Ok(table)
    }

    fn open(
        files: Files,
        source: &'static str,
        separator: Option<char>,
        path: &str,
        unnamed: Option<usize>,
    ) -> Result<Table, Vec<Problem>> {
        let span = nowhere();
        let given = |name: Option<&str>, value| Given { name: name.map(|it| Name::new(it, span)), value, span };
        let mut args = vec![given(None, Constant::Text(path.into()))];
        args.extend(separator.map(|it| given(Some("separator"), Constant::Text(it.into()))));
        if let Some(count) = unnamed {
            args.push(given(Some("header"), Constant::Bool(false)));
            let names = (1..=count).map(|at| Constant::Text(format!("c{at}"))).collect();
            args.push(given(Some("names"), Constant::List(names)));
        }
        let plan = SourcePlan { kind: Name::new(source, span), args, table: vec![], span };
        let (row, call) = sources::call(&plan, files)?;
        let opened = (row.open)(&call)?;
        let heading = opened.heading;
        let frame = (opened.read)(&vec![true; heading.columns.len()], files.watch)?;
        let mut columns = vec![];
        for (head, cells) in heading.columns.iter().zip(&frame.columns) {
            let (shape, cells) = match cells.as_ref().expect("wanted") {
                Cells::Numbers { shape, .. } => (Some(shape.clone()), vec![]),
                Cells::Letters(_) => unreachable!("not a source of tables"),
                Cells::Text(texts) => (None, texts.iter().map(|it| it.map(String::from)).collect()),
            };
            columns.push(Column::new(head.name.clone(), shape, cells));
        }
        let present = |marker: &str, among_words: bool| {
            let has =
                |column: &Column| column.counts.contains_key(marker) && (among_words || column.is_mostly_numbers());
            columns.iter().any(has)
        };
        let markers: Vec<String> = match source {
            source if tells_types(source) => vec![],
            _ => {
                let all = MARKERS.iter().enumerate();
                all.filter(|(at, it)| present(it, *at < MARKERS_OF_WORDS)).map(|(_, it)| it.to_string()).collect()
            }
        };
        let columns = columns.into_iter().map(|column| column.without(&markers)).collect();
        Ok(Table { source, separator, header: unnamed.is_none(), markers, rows: frame.rows, columns })
    }

    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|it| it.name == name)
    }
}

impl Column {
    fn new(name: String, shape: Option<Vec<usize>>, cells: Vec<Option<String>>) -> Column {
        let mut counts: IndexMap<String, usize> = IndexMap::new();
        cells.iter().flatten().for_each(|cell| *counts.entry(cell.clone()).or_default() += 1);
        let number = |text: &String| text.parse::<f64>().ok().filter(|it| it.is_finite());
        let dates = !counts.is_empty() && counts.keys().all(|it| time::moment(it).is_some());
        let numbers: Option<Vec<f64>> = cells.iter().flatten().map(number).collect();
        let numbers = numbers.filter(|it| !it.is_empty());
        Column { name, shape, cells, counts, numbers, dates }
    }

    fn without(self, markers: &[String]) -> Column {
        if !markers.iter().any(|it| self.counts.contains_key(it)) {
            return self;
        }
        let cells = self.cells.into_iter().map(|cell| cell.filter(|it| !markers.contains(it))).collect();
        Column::new(self.name, self.shape, cells)
    }

    fn is_mostly_numbers(&self) -> bool {
        let numbers = self.counts.iter().filter(|(text, _)| text.parse::<f64>().is_ok()).map(|(_, count)| count);
        2 * numbers.sum::<usize>() > self.cells.len()
    }

    pub fn missing(&self) -> usize {
        self.cells.iter().filter(|it| it.is_none()).count()
    }

    /// The texts in the order of their letters, or of their size where they are numbers.
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.counts.keys().cloned().collect();
        match self.numbers {
            Some(_) => words.sort_by(|a, b| a.parse::<f64>().ok().partial_cmp(&b.parse().ok()).expect("finite")),
            None => words.sort(),
        }
        words
    }

    pub fn is_whole(&self) -> bool {
        self.numbers.as_ref().is_some_and(|it| it.iter().all(|it| it.fract() == 0.0))
    }

    pub fn range(&self) -> (f64, f64) {
        let numbers = self.numbers.iter().flatten();
        numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &it| (low.min(it), high.max(it)))
    }
}
