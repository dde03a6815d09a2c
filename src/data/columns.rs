//! Which columns of a source each field reads, and what can be wrong with that before a row is read.

use super::frame::{Head, Heading};
use crate::model::program::{CellType, ColumnPlan, DataPlan, FieldPlan, FieldType, Select, SourcePlan};
use crate::problem::Problem;
use crate::problem::data::{
    CellsAreNumbers, ColumnCount, DuplicateColumn, IgnoresNothing, NumbersAreCells, PatternWithoutColumns,
    ShapeOfColumn, TargetAmongInputs, UnknownColumn, UnusedColumn,
};
use crate::source::nearest;
use crate::syntax::tree::{Name, Role};

/// For each field and each of its column plans, places in the heading.
#[derive(Clone, PartialEq, Debug)]
pub struct Columns {
    pub fields: Vec<Vec<Vec<usize>>>,
}

impl Columns {
    /// Which columns of a heading of `count` are read at all. `also` are columns that a split reads.
    pub fn wanted(&self, count: usize, also: &[usize]) -> Vec<bool> {
        let mut wanted = vec![false; count];
        self.fields.iter().flatten().flatten().chain(also).for_each(|&at| wanted[at] = true);
        wanted
    }
}

/// Finds the columns of all fields.
pub fn resolve(plan: &DataPlan, heading: &Heading) -> Result<Columns, Vec<Problem>> {
    let mut problems: Vec<Problem> = vec![];
    let mut fields = vec![];
    for field in &plan.fields {
        match of_field(field, heading) {
            Ok(columns) => fields.push(columns),
            // What a longer look may still find is no problem yet.
            Err(_) if !heading.complete => fields.push(vec![]),
            Err(more) => problems.extend(more.into_iter().filter(|it| !problems.contains(it)).collect::<Vec<_>>()),
        }
    }
    if problems.is_empty() { Ok(Columns { fields }) } else { Err(problems) }
}

/// For each of the field's column plans its places in the heading.
pub fn of_field(field: &FieldPlan, heading: &Heading) -> Result<Vec<Vec<usize>>, Vec<Problem>> {
    let (mut columns, mut problems) = (vec![], vec![]);
    for column in &field.columns {
        match select(column, heading).and_then(|places| fit(field, column, heading, places)) {
            Ok(places) => columns.push(places),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(columns) } else { Err(problems) }
}

/// The places of the columns that `plan` selects.
fn select(plan: &ColumnPlan, heading: &Heading) -> Result<Vec<usize>, Problem> {
    let places = |fits: &dyn Fn(&Head) -> bool| -> Vec<usize> {
        (0..heading.columns.len()).filter(|&at| fits(&heading.columns[at])).collect()
    };
    match &plan.select {
        Select::Column(name) => {
            let found = places(&|head| head.name == *name);
            match found.len() {
                1 => Ok(found),
                0 => Err(unknown(name, heading, plan)),
                times => {
                    Err(DuplicateColumn { column: name.clone(), times, shown: heading.shown.clone(), at: plan.span }
                        .into())
                }
            }
        }
        Select::Pattern(pattern) => {
            let found = places(&|head| matches(pattern, &head.name));
            if !found.is_empty() {
                return Ok(found);
            }
            let (pattern, shown) = (pattern.clone(), heading.shown.clone());
            Err(PatternWithoutColumns { pattern, shown, columns: names(heading), at: plan.span }.into())
        }
    }
}

fn unknown(name: &str, heading: &Heading, plan: &ColumnPlan) -> Problem {
    let names = heading.columns.iter().map(|head| head.name.as_str());
    let alike = names.clone().find(|other| other.to_lowercase() == name.to_lowercase());
    let near = alike.or_else(|| nearest(name, names)).map(String::from);
    let (column, shown) = (name.to_string(), heading.shown.clone());
    UnknownColumn { column, shown, near, columns: self::names(heading), at: plan.span }.into()
}

fn names(heading: &Heading) -> Vec<String> {
    heading.columns.iter().map(|head| head.name.clone()).collect()
}

/// Whether the columns hold what the field wants: as many, numbers where numbers are wanted, of the right shape.
fn fit(field: &FieldPlan, plan: &ColumnPlan, heading: &Heading, places: Vec<usize>) -> Result<Vec<usize>, Problem> {
    let head = &heading.columns[places[0]];
    let size: usize = plan.shape.iter().product();
    let (shown, at) = (heading.shown.clone(), plan.span);
    match (&plan.cell, &head.shape) {
        (CellType::Array, None) if places.len() == 1 && size != 1 => {
            Err(CellsAreNumbers { column: head.name.clone(), shown, wanted: plan.shape.clone(), at }.into())
        }
        // Columns of text side by side may stand for a tensor too.
        (CellType::Array | CellType::Number { .. }, None) if places.len() == size => Ok(places),
        (CellType::Array | CellType::Number { .. }, Some(shape)) if places.len() == 1 => {
            if squeezed(shape) == squeezed(&plan.shape) {
                return Ok(places);
            }
            let (column, held) = (head.name.clone(), shape.clone());
            let (wanted, ty_at) = (plan.shape.clone(), field.ty_span);
            Err(ShapeOfColumn { column, shown, held, wanted, at, ty_at }.into())
        }
        (CellType::Binary { .. } | CellType::Class(_), Some(shape)) if places.len() == 1 => {
            if squeezed(shape).is_empty() {
                return Ok(places);
            }
            Err(NumbersAreCells { column: head.name.clone(), shown, held: shape.clone(), at }.into())
        }
        (CellType::Text, Some(shape)) if places.len() == 1 && !squeezed(shape).is_empty() => {
            Err(NumbersAreCells { column: head.name.clone(), shown, held: shape.clone(), at }.into())
        }
        (CellType::Text | CellType::Binary { .. } | CellType::Class(_), _) if places.len() == size.max(1) => Ok(places),
        _ => {
            let pattern = match &plan.select {
                Select::Column(name) | Select::Pattern(name) => name.clone(),
            };
            let (found, wanted) = (places.len(), size.max(1));
            let some = places.iter().map(|&at| heading.columns[at].name.clone()).collect();
            let ty_at = field.ty_span;
            Err(ColumnCount { pattern, shown, found, wanted, columns: some, at, ty_at }.into())
        }
    }
}

/// A shape without its axes of extent 1: `[28, 28]` and `[28, 28, 1]` hold the same.
fn squeezed(shape: &[usize]) -> Vec<usize> {
    shape.iter().copied().filter(|&extent| extent != 1).collect()
}

/// What is odd about the columns as a whole: a target among the inputs, columns that nobody reads.
/// `also` are columns that a split reads.
pub fn review(
    plan: &DataPlan,
    source: &SourcePlan,
    heading: &Heading,
    columns: &Columns,
    also: &[usize],
) -> Vec<Problem> {
    let mut problems = leaks(plan, heading, columns);
    for ignored in &plan.ignored {
        if heading.complete && !heading.columns.iter().any(|head| matches(ignored.as_str(), &head.name)) {
            problems.push(ignores_nothing(ignored, heading));
        }
    }
    let read = columns.wanted(heading.columns.len(), also);
    let ignored = |head: &Head| plan.ignored.iter().any(|pattern| matches(pattern.as_str(), &head.name));
    let unused = heading.columns.iter().zip(read).filter(|(head, read)| !read && !ignored(head));
    let unused: Vec<String> = unused.map(|(head, _)| head.name.clone()).collect();
    if !unused.is_empty() {
        let (data, at) = (plan.name.clone(), source.span);
        problems.push(UnusedColumn { data, shown: heading.shown.clone(), columns: unused, at }.into());
    }
    problems
}

fn ignores_nothing(ignored: &Name, heading: &Heading) -> Problem {
    let names = heading.columns.iter().map(|head| head.name.as_str());
    let near = nearest(ignored.as_str(), names).map(String::from);
    let (pattern, shown) = (ignored.as_str().to_string(), heading.shown.clone());
    IgnoresNothing { pattern, shown, near, at: ignored.span }.into()
}

/// A column that a target reads and an input reads too, unless the target is the input: then it is a copy on purpose.
fn leaks(plan: &DataPlan, heading: &Heading, columns: &Columns) -> Vec<Problem> {
    let of = |role: Role| plan.fields.iter().zip(&columns.fields).filter(move |(field, _)| field.role == role);
    let mut problems = vec![];
    for (target, goal) in of(Role::Target) {
        for (input, given) in of(Role::Input) {
            if target.ty == FieldType::Tensor && input.ty == FieldType::Tensor && goal == given {
                continue;
            }
            let Some(&shared) = goal.iter().flatten().find(|at| given.iter().flatten().any(|other| other == *at))
            else {
                continue;
            };
            let place = given.iter().position(|places| places.contains(&shared)).expect("found above");
            let pattern = match &input.columns[place].select {
                Select::Pattern(pattern) => Some(pattern.clone()),
                Select::Column(_) => None,
            };
            let facts = TargetAmongInputs {
                column: heading.columns[shared].name.clone(),
                input: input.name.clone(),
                target: target.name.clone(),
                pattern,
                at: input.columns[place].span,
                target_at: target.span,
            };
            problems.push(facts.into());
        }
    }
    problems
}

/// Whether `name` fits `pattern`, in which `*` stands for anything.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().expect("split gives one at least");
    for piece in pieces {
        let Some(at) = name.find(piece) else { return false };
        name = &name[at + piece.len()..];
    }
    name.ends_with(last)
}
