//! What `check` may know of the data: headings, inline tables in full, the counts that a heading tells.

use std::path::Path;

use super::Limits;
use super::columns::{Columns, Patterns, ignores_nothing, patterns, resolve, review};
use super::facts::{self, Facts};
use super::files::Files;
use super::frame::Heading;
use super::prepare::Prepared;
use super::sources::{self, table};
use super::split::{BY_POSITION, BY_TIME};
use super::windows::Reach;
use super::{selected, split};
use crate::model::program::{DataPlan, FieldPlan, SourcePlan, Split};
use crate::problem::{Problem, Severity};
use crate::source::World;
use crate::syntax::tree::Role;

/// What is known without reading the rows of files.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct DataFacts {
    /// The source's columns, in order.
    pub columns: Vec<String>,
    /// Of the source that is split.
    pub rows: Option<usize>,
    /// The examples of training, validation and test, where they are known.
    pub splits: Option<[usize; 3]>,
    /// For each field the names of its classes, where they are known: declared, counted, or found in an inline table.
    pub classes: Vec<Option<Vec<String>>>,
}

/// Looks at the data for some milliseconds. The paths of `plan` start from the folder `base`.
pub fn inspect(world: &dyn World, base: &Path, plan: &DataPlan) -> (DataFacts, Vec<Problem>) {
    let files = Files::new(world, base, Limits::default());
    let mut problems = vec![];
    let mut known = DataFacts::default();
    let main = look(plan, &plan.source, files, None, &mut problems);
    let patterns = main.as_ref().filter(|it| it.0.complete).map(|(heading, columns)| patterns(plan, heading, columns));
    let test = plan.test.as_ref().map(|test| look(plan, test, files, patterns.as_ref(), &mut problems));
    let Some((heading, columns)) = main else { return (known, problems) };
    match &test {
        None => problems.extend(ignores_nothing(plan, &[&heading])),
        Some(Some((test, _))) => problems.extend(ignores_nothing(plan, &[&heading, test])),
        Some(None) => {}
    }
    known.columns = heading.columns.iter().map(|head| head.name.clone()).collect();
    let recalled = facts::recall(&plan.source, files);
    known.rows = heading.rows.or(recalled.as_ref().map(|it| it.rows));
    known.classes = plan.fields.iter().map(|field| classes(field, recalled.as_ref())).collect();
    let test_rows = match test {
        None => Some(0),
        Some(looked) => looked.and_then(|(heading, _)| {
            heading.rows.or_else(|| facts::recall(plan.test.as_ref().expect("looked at"), files).map(|it| it.rows))
        }),
    };
    known.splits =
        splits(plan, &heading, &columns, known.rows, test_rows, &mut problems).and_then(|rows| examples(plan, rows));
    let is_table = |source: &SourcePlan| source.kind.as_str() == table::SOURCE.name;
    let in_full = is_table(&plan.source) && plan.test.as_ref().is_none_or(is_table);
    if in_full && !problems.iter().any(|it| it.severity == Severity::Error) {
        match Prepared::read(plan, files, None) {
            Ok(prepared) => {
                known.splits = Some([0, 1, 2].map(|split| match &prepared.starts {
                    None => prepared.splits[split].1.len(),
                    Some(starts) => starts[split].len(),
                }));
                known.classes = prepared.class_names();
            }
            Err(more) => problems.extend(more),
        }
    }
    (known, problems)
}

/// The heading of a source, once the problems that it shows are written down.
fn look(
    plan: &DataPlan,
    source: &SourcePlan,
    files: Files,
    patterns: Option<&Patterns>,
    problems: &mut Vec<Problem>,
) -> Option<(Heading, Columns)> {
    let heading = sources::call(source, files).and_then(|(kind, call)| (kind.look)(&call));
    let heading = match heading {
        Ok(heading) => heading,
        Err(more) => {
            problems.extend(more);
            return None;
        }
    };
    match resolve(plan, &heading, patterns) {
        Ok(columns) => {
            let also = split::Plan::of(plan, &heading, &columns).ok().flatten().and_then(|split| split.column());
            let also: Vec<usize> = also.into_iter().collect();
            for problem in review(plan, source, &heading, &columns, &also) {
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
            Some((heading, columns))
        }
        Err(more) => {
            problems.extend(more.into_iter().filter(|it| !problems.contains(it)).collect::<Vec<_>>());
            None
        }
    }
}

/// The examples of splits that have so many rows, if the rows tell.
fn examples(plan: &DataPlan, rows: [usize; 3]) -> Option<[usize; 3]> {
    let Some(reach) = Reach::of(plan) else { return Some(rows) };
    // Groups, and rows that chance has dealt, leave gaps.
    let in_order = plan.fields.iter().all(|field| field.role != Role::Group)
        && plan.split.kind.as_ref().is_none_or(|kind| [BY_POSITION, BY_TIME].contains(&kind.as_str()));
    in_order.then(|| Split::ALL.map(|split| reach.examples(rows[split as usize], split != Split::Train)))
}

fn splits(
    plan: &DataPlan,
    heading: &Heading,
    columns: &Columns,
    rows: Option<usize>,
    test_rows: Option<usize>,
    problems: &mut Vec<Problem>,
) -> Option<[usize; 3]> {
    let mut sizes = match split::Plan::of(plan, heading, columns) {
        Err(more) => {
            problems.extend(more);
            return None;
        }
        Ok(None) if plan.split.kind.is_some() => return None,
        Ok(None) => [rows?, 0, 0],
        Ok(Some(split)) => match split.sizes(rows?)? {
            Ok(sizes) => sizes,
            Err(problem) => {
                problems.push(problem);
                return None;
            }
        },
    };
    if plan.test.is_some() {
        sizes[2] = test_rows?;
    }
    Some(sizes)
}

/// The classes of a field that is a column of classes: declared, or found when the file was read.
fn classes(field: &FieldPlan, recalled: Option<&Facts>) -> Option<Vec<String>> {
    let [column] = &field.columns[..] else { return None };
    let ty = column.cell.classes()?;
    ty.names.clone().or_else(|| recalled?.classes.get(&selected(column)).cloned())
}
