//! All that is known of the rows before a formula runs: cells as numbers, classes, and who is in which split.

use indexmap::IndexMap;

use super::cells::{self, Values};
use super::classes::{self, Classes};
use super::columns::{Columns, Patterns, ignores_nothing, patterns, resolve, review};
use super::facts::{self, Facts};
use super::files::Files;
use super::fitted::Fitted;

use super::frame::{Frame, Heading};
use super::sources::{self, Reading};
use super::{selected, split};
use crate::model::program::{CellType, DataPlan, FieldPlan, SourcePlan, Split};
use crate::problem::{Problem, Severity};

/// Rows that have been read, and how they are split.
pub struct Prepared<'a> {
    pub plan: &'a DataPlan,
    /// The source, and the source of the test rows if they have one.
    pub tables: Vec<Typed>,
    /// For each split the table it is in, and its rows there.
    pub splits: [(usize, Vec<usize>); 3],
    /// For each field and each of its columns the classes, where it holds classes.
    pub classes: Vec<Vec<Option<Classes>>>,
    pub patterns: Patterns,
    /// The most bytes that were held until now.
    pub reading: u64,
}

/// A frame and what its cells mean.
pub struct Typed {
    pub frame: Frame,
    pub columns: Columns,
    /// For each field and each of its columns; `None` for text, and for what is not there.
    pub values: Vec<Vec<Option<Values>>>,
}

/// A source whose heading fits the plan.
struct Ready {
    heading: Heading,
    columns: Columns,
    bytes: u64,
    read: Reading,
}

impl<'a> Prepared<'a> {
    /// Reads all rows. Classes and the columns of patterns are those of `fitted`, if there is one.
    pub fn read(plan: &'a DataPlan, files: Files, fitted: Option<&Fitted>) -> Result<Prepared<'a>, Vec<Problem>> {
        let main = open(plan, &plan.source, files, fitted.map(Fitted::patterns).as_ref())?;
        let patterns = patterns(plan, &main.heading, &main.columns);
        let mut ready = vec![main];
        if let Some(test) = &plan.test {
            ready.push(open(plan, test, files, Some(&patterns))?);
        }
        let idle = ignores_nothing(plan, &ready.iter().map(|it| &it.heading).collect::<Vec<_>>());
        if !idle.is_empty() {
            return Err(idle);
        }
        let splitting = split::Plan::of(plan, &ready[0].heading, &ready[0].columns)?;
        let also: Vec<usize> = splitting.iter().filter_map(split::Plan::column).collect();
        let files_bytes: u64 = ready.iter().map(|it| it.bytes).sum();
        let frames = gather(ready.into_iter().enumerate().map(|(place, ready)| {
            let also: &[usize] = if place == 0 { &also } else { &[] };
            let wanted = ready.columns.wanted(ready.heading.columns.len(), also);
            (ready.read)(&wanted).map(|frame| (frame, ready.columns))
        }))?;
        let classes = class_lists(plan, &frames, fitted)?;
        for (source, (frame, _)) in [Some(&plan.source), plan.test.as_ref()].into_iter().flatten().zip(&frames) {
            facts::keep(source, files, Facts { rows: frame.rows, classes: found(plan, &classes) });
        }
        let tables = gather(frames.into_iter().map(|(frame, columns)| typed(plan, frame, columns, &classes, files)))?;
        let splits = match &splitting {
            None => [(0..tables[0].frame.rows).collect(), vec![], vec![]],
            Some(splitting) => splitting.assign(&tables[0].frame).map_err(|problem| vec![problem])?,
        };
        let mut splits = splits.map(|rows| (0, rows));
        if let Some(test) = tables.get(1) {
            splits[Split::Test as usize] = (1, (0..test.frame.rows).collect());
        }
        let frames = tables.iter().map(|table| table.frame.bytes()).sum::<u64>();
        let mut prepared = Prepared { plan, tables, splits, classes, patterns, reading: 0 };
        prepared.reading = prepared.bytes().max(files_bytes + frames);
        Ok(prepared)
    }

    /// The bytes that are held.
    pub fn bytes(&self) -> u64 {
        let values = |table: &Typed| table.values.iter().flatten().flatten().map(Values::bytes).sum::<u64>();
        let rows: usize = self.splits.iter().map(|(_, rows)| rows.len() * size_of::<usize>()).sum();
        rows as u64 + self.tables.iter().map(|table| table.frame.bytes() + values(table)).sum::<u64>()
    }

    /// For each field the names of its classes, where it holds classes as they are.
    pub fn class_names(&self) -> Vec<Option<Vec<String>>> {
        let names = self.classes.iter().map(|columns| columns.iter().flatten().next().map(|it| it.names().to_vec()));
        names.collect()
    }

    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for hash in self.tables.iter().flat_map(|table| &table.frame.hashes) {
            hasher.update(hash.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// All of the results, or all of their problems.
fn gather<T>(results: impl Iterator<Item = Result<T, Vec<Problem>>>) -> Result<Vec<T>, Vec<Problem>> {
    let (mut sound, mut problems) = (vec![], vec![]);
    for result in results {
        match result {
            Ok(one) => sound.push(one),
            Err(more) => problems.extend(more.into_iter().filter(|it| !problems.contains(it)).collect::<Vec<_>>()),
        }
    }
    if problems.is_empty() { Ok(sound) } else { Err(problems) }
}

fn open(
    plan: &DataPlan,
    source: &SourcePlan,
    files: Files,
    patterns: Option<&Patterns>,
) -> Result<Ready, Vec<Problem>> {
    let (kind, call) = sources::call(source, files)?;
    let opened = (kind.open)(&call)?;
    let columns = resolve(plan, &opened.heading, patterns)?;
    let problems = review(plan, source, &opened.heading, &columns, &[]);
    let errors: Vec<Problem> = problems.into_iter().filter(|it| it.severity == Severity::Error).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Ready { heading: opened.heading, columns, bytes: opened.bytes, read: opened.read })
}

/// The classes of every column that holds classes.
fn class_lists(
    plan: &DataPlan,
    frames: &[(Frame, Columns)],
    fitted: Option<&Fitted>,
) -> Result<Vec<Vec<Option<Classes>>>, Vec<Problem>> {
    let lists = plan.fields.iter().enumerate().map(|(at, field)| {
        let lists = field.columns.iter().enumerate().map(|(place, column)| {
            let Some(ty) = column.cell.classes() else { return Ok(None) };
            if let Some(names) = fitted.and_then(|fitted| fitted.fields[at].classes[place].clone()) {
                return Ok(Some(Classes::new(names)));
            }
            let places = frames.iter().map(|(frame, columns)| (frame, &columns.fields[at][place][..]));
            let places: Vec<_> = places.collect();
            classes::find(field, column, ty, &places).map(Some).map_err(|problem| vec![problem])
        });
        gather(lists)
    });
    gather(lists)
}

/// The classes that were not declared, by column.
fn found(plan: &DataPlan, classes: &[Vec<Option<Classes>>]) -> IndexMap<String, Vec<String>> {
    let columns = plan.fields.iter().zip(classes).flat_map(|(field, classes)| field.columns.iter().zip(classes));
    let found = columns.filter_map(|(column, classes)| {
        let is_declared = column.cell.classes()?.names.is_some();
        classes.as_ref().filter(|_| !is_declared).map(|classes| (selected(column), classes.names().to_vec()))
    });
    found.collect()
}

/// Reads the cells of a frame, whichever of the fields' columns it has.
pub fn typed(
    plan: &DataPlan,
    frame: Frame,
    columns: Columns,
    classes: &[Vec<Option<Classes>>],
    files: Files,
) -> Result<Typed, Vec<Problem>> {
    let of_field = |(at, field): (usize, &FieldPlan)| {
        let values = columns.fields[at].iter().zip(&field.columns).zip(&classes[at]);
        gather(values.map(|((places, column), classes)| match column.cell {
            CellType::Text => Ok(None),
            _ => cells::read(field, column, &frame, places, classes.as_ref(), files).map(Some),
        }))
    };
    let values = gather(plan.fields.iter().enumerate().map(of_field))?;
    Ok(Typed { frame, columns, values })
}
