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
use super::windows::{self, Order, Reach};
use super::{selected, split, tokens};
use crate::model::program::{CellType, ColumnPlan, DataPlan, FieldPlan, SourcePlan, Split, TokenCell};
use crate::problem::{Problem, Severity};
use crate::tensor::Array;

/// Rows that have been read, and how they are split.
pub struct Prepared<'a> {
    pub plan: &'a DataPlan,
    /// The source, and the source of the test rows if they have one.
    pub tables: Vec<Typed>,
    /// For each split the table it is in, and its rows there.
    pub splits: [(usize, Vec<usize>); 3],
    /// For each split the rows at which its examples begin, by their places in it, where examples have several rows.
    pub starts: Option<[Vec<u32>; 3]>,
    /// For each field and each of its columns the classes, where it holds classes.
    pub classes: Vec<Vec<Option<Classes>>>,
    /// For each field and each of its columns the tokens of the training rows, where it holds tokens.
    pub tokens: Tokens,
    pub patterns: Patterns,
    /// The most bytes that were held until now.
    pub reading: u64,
}

/// A frame and what its cells mean.
pub struct Typed {
    pub frame: Frame,
    pub columns: Columns,
    /// For each field and each of its columns; `None` for text, and for what is not there. Tokens come when their vocabulary
    /// is known.
    pub values: Vec<Vec<Option<Values>>>,
}

/// For each field and each of its columns a vocabulary, where it holds tokens.
pub type Tokens = Vec<Vec<Option<Vec<String>>>>;

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
        // What is trained on is read again and again.
        let files = Files { keeps: true, ..files };
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
            (ready.read)(&wanted, files.watch).map(|frame| (frame, ready.columns))
        }))?;
        let classes = class_lists(plan, &frames, fitted)?;
        for (source, (frame, _)) in [Some(&plan.source), plan.test.as_ref()].into_iter().flatten().zip(&frames) {
            facts::keep(source, files, Facts { rows: frame.rows, classes: found(plan, &classes) });
        }
        let mut tables =
            gather(frames.into_iter().map(|(frame, columns)| typed(plan, frame, columns, &classes, files)))?;
        let splits = match &splitting {
            None => [(0..tables[0].frame.rows).collect(), vec![], vec![]],
            Some(splitting) => splitting.assign(&tables[0].frame).map_err(|problem| vec![problem])?,
        };
        let mut splits = splits.map(|rows| (0, rows));
        if let Some(test) = tables.get(1) {
            splits[Split::Test as usize] = (1, (0..test.frame.rows).collect());
        }
        let tokens = vocabularies(plan, &tables[0], &splits[Split::Train as usize].1, fitted)?;
        gather(tables.iter_mut().map(|table| tokenise(plan, table, &tokens)))?;
        let starts = match Reach::of(plan) {
            None => None,
            Some(reach) => Some(laid(plan, &tables, &mut splits, reach).map_err(|problem| vec![problem])?),
        };
        let frames = tables.iter().map(|table| table.frame.bytes()).sum::<u64>();
        let mut prepared = Prepared { plan, tables, splits, starts, classes, tokens, patterns, reading: 0 };
        prepared.reading = prepared.bytes().max(files_bytes + frames);
        Ok(prepared)
    }

    /// The bytes that are held.
    pub fn bytes(&self) -> u64 {
        let values = |table: &Typed| table.values.iter().flatten().flatten().map(Values::bytes).sum::<u64>();
        let rows: usize = self.splits.iter().map(|(_, rows)| rows.len() * size_of::<usize>()).sum();
        let starts = self.starts.iter().flatten().map(|starts| starts.len() * size_of::<u32>()).sum::<usize>();
        (rows + starts) as u64 + self.tables.iter().map(|table| table.frame.bytes() + values(table)).sum::<u64>()
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

/// All of the results, or all of their problems; none where a watch has ended it.
fn gather<T>(results: impl Iterator<Item = Result<T, Vec<Problem>>>) -> Result<Vec<T>, Vec<Problem>> {
    let (mut sound, mut problems) = (vec![], vec![]);
    for result in results {
        match result {
            Ok(one) => sound.push(one),
            Err(more) if more.is_empty() => return Err(more),
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

/// The vocabularies of all columns of tokens: of `rows` of a table, unless they have been fitted before.
fn vocabularies<'p>(
    plan: &'p DataPlan,
    table: &Typed,
    rows: &[usize],
    fitted: Option<&Fitted>,
) -> Result<Tokens, Vec<Problem>> {
    // What has been fitted, to which column and how; one that cannot be is told once.
    let mut done: Vec<(&TokenCell, usize, Option<Vec<String>>)> = vec![];
    let mut problems = vec![];
    let mut all = vec![];
    for (at, field) in plan.fields.iter().enumerate() {
        let of_column = |(place, column): (usize, &'p ColumnPlan)| {
            let CellType::Tokens(cell) = &column.cell else { return None };
            if let Some(fitted) = fitted {
                return fitted.fields[at].vocabulary(place).map(<[String]>::to_vec);
            }
            let place = table.columns.fields[at][place][0];
            let known = done.iter().position(|it| (it.0, it.1) == (cell, place)).unwrap_or_else(|| {
                let found = tokens::fit(field, column, cell, &table.frame, place, rows);
                done.push((cell, place, found.map_err(|problem| problems.push(problem)).ok()));
                done.len() - 1
            });
            done[known].2.clone()
        };
        all.push(field.columns.iter().enumerate().map(of_column).collect());
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// Reads the tokens of a table.
pub fn tokenise(plan: &DataPlan, table: &mut Typed, tokens: &Tokens) -> Result<(), Vec<Problem>> {
    let mut problems = vec![];
    // What has been read, of which column and how; a column that cannot be read is told once.
    let mut done: Vec<(&TokenCell, usize, Option<Array>)> = vec![];
    for (at, field) in plan.fields.iter().enumerate() {
        for (column, places) in table.columns.fields[at].iter().enumerate() {
            let plan = &field.columns[column];
            let CellType::Tokens(cell) = &plan.cell else { continue };
            let known = done.iter().position(|it| (it.0, it.1) == (cell, places[0]));
            let known = known.unwrap_or_else(|| {
                let own = tokens[at][column].as_ref().expect("the vocabulary of a column of tokens");
                let read = tokens::read(field, plan, cell, &table.frame, places[0], own);
                done.push((cell, places[0], read.map_err(|problem| problems.push(problem)).ok()));
                done.len() - 1
            });
            table.values[at][column] = done[known].2.clone().map(Values::Array);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Puts the rows of all splits into the order in which they follow one another. Where their examples begin.
fn laid(
    plan: &DataPlan,
    tables: &[Typed],
    splits: &mut [(usize, Vec<usize>); 3],
    reach: Reach,
) -> Result<[Vec<u32>; 3], Problem> {
    let orders = tables.iter().map(|table| Order::of(plan, &table.frame, &table.columns.fields));
    let orders = orders.collect::<Result<Vec<_>, Problem>>()?;
    let mut starts = [vec![], vec![], vec![]];
    for (split, (table, rows)) in Split::ALL.into_iter().zip(splits) {
        let laid = orders[*table].lay(rows, reach);
        let laid = if split == Split::Train { laid } else { laid.once(reach) };
        if laid.starts.is_empty() && (split == Split::Train || !rows.is_empty()) {
            return Err(windows::none_in(plan, split, rows.len(), reach, &tables[*table].frame.shown));
        }
        (*rows, starts[split as usize]) = (laid.rows, laid.starts);
    }
    Ok(starts)
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
            CellType::Text | CellType::Tokens(_) => Ok(None),
            _ => cells::read(field, column, &frame, places, classes.as_ref(), files).map(Some),
        }))
    };
    let values = gather(plan.fields.iter().enumerate().map(of_field))?;
    Ok(Typed { frame, columns, values })
}
