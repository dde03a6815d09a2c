//! Which columns of a source each field reads, and what can be wrong with that before a row is read.

use super::frame::Heading;
use crate::model::program::{CellType, ColumnPlan, DataPlan, FieldPlan, FieldType, Select, SourcePlan};
use crate::problem::Problem;
use crate::problem::data::{
    CellsAreNumbers, ColumnCount, DuplicateColumn, IgnoresNothing, NumbersAreCells, OddHeading, PatternWithoutColumns,
    ShapeOfColumn, TargetAmongInputs, UnknownColumn, UnusedColumn,
};
use crate::source::{Near, Span, nearest};
use crate::syntax::tree::Role;

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

/// For each field and each of its column plans that is a pattern, the names that it has selected, in their order. What is
/// read later, another file or rows to predict, must have these columns, and gives them in this order.
pub type Patterns = Vec<Vec<Option<Vec<String>>>>;

/// Finds the columns of all fields. Patterns select what `patterns` says, if it says anything.
pub fn resolve(plan: &DataPlan, heading: &Heading, patterns: Option<&Patterns>) -> Result<Columns, Vec<Problem>> {
    let mut problems: Vec<Problem> = vec![];
    let mut fields = vec![];
    for (at, field) in plan.fields.iter().enumerate() {
        match of_field(plan, field, heading, patterns.map(|patterns| &patterns[at][..])) {
            Ok(columns) => fields.push(columns),
            // What a longer look may still find is no problem yet.
            Err(_) if !heading.complete => fields.push(vec![]),
            Err(more) => problems.extend(more.into_iter().filter(|it| !problems.contains(it)).collect::<Vec<_>>()),
        }
    }
    if problems.is_empty() { Ok(Columns { fields }) } else { Err(told_together(plan, heading, problems)) }
}

/// Columns that are missing without another name that they could have are missing for one reason.
fn told_together(plan: &DataPlan, heading: &Heading, problems: Vec<Problem>) -> Vec<Problem> {
    let is_lost =
        |it: &Problem| it.code == UnknownColumn::CODE && (it.help.is_empty() || odd(plan, heading) != OddHeading::No);
    if problems.iter().filter(|it| is_lost(it)).count() < 2 {
        return problems;
    }
    let mut missing: Vec<(String, Span)> = vec![];
    for column in plan.fields.iter().flat_map(|field| &field.columns) {
        let Select::Column(name) = &column.select else { continue };
        let is_told = problems.iter().any(|it| is_lost(it) && it.labels[0].span == column.span);
        if is_told && missing.iter().all(|it| it.1 != column.span) {
            missing.push((name.clone(), column.span));
        }
    }
    let all = UnknownColumn {
        missing,
        shown: heading.shown.clone(),
        near: None,
        repair: None,
        columns: names(heading),
        heading: odd(plan, heading),
        source_at: source_place(plan),
    };
    let first = problems.iter().position(is_lost).expect("counted above");
    let mut all = Some(all.into());
    let told = problems.iter().enumerate().filter_map(|(at, it)| match () {
        _ if at == first => all.take(),
        _ if is_lost(it) => None,
        _ => Some(it.clone()),
    });
    told.collect()
}

/// What is odd about a heading, where columns are missing.
fn odd(plan: &DataPlan, heading: &Heading) -> OddHeading {
    let names: Vec<&str> = heading.columns.iter().map(|head| head.name.as_str()).collect();
    if let [one] = names[..]
        && let Some(separator) = [';', '\t', '|', ','].into_iter().find(|it| one.contains(*it))
    {
        return OddHeading::Separated(separator);
    }
    match names.iter().any(|name| name.parse::<f64>().is_ok()) {
        true => OddHeading::Values { table: !plan.source.table.is_empty() },
        false => OddHeading::No,
    }
}

/// For each of the field's column plans its places in the heading.
pub fn of_field(
    plan: &DataPlan,
    field: &FieldPlan,
    heading: &Heading,
    patterns: Option<&[Option<Vec<String>>]>,
) -> Result<Vec<Vec<usize>>, Vec<Problem>> {
    let (mut columns, mut problems) = (vec![], vec![]);
    for (at, column) in field.columns.iter().enumerate() {
        let names = patterns.and_then(|patterns| patterns[at].as_ref());
        match select(plan, column, heading, names).and_then(|places| fit(field, column, heading, places)) {
            Ok(places) => columns.push(places),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(columns) } else { Err(problems) }
}

/// What the patterns of a plan have selected.
pub fn patterns(plan: &DataPlan, heading: &Heading, columns: &Columns) -> Patterns {
    let of_field = |(field, columns): (&FieldPlan, &Vec<Vec<usize>>)| {
        let names = |places: &Vec<usize>| places.iter().map(|&at| heading.columns[at].name.clone()).collect();
        let selected = field.columns.iter().zip(columns).map(|(column, places)| match column.select {
            Select::Column(_) => None,
            Select::Pattern(_) => Some(names(places)),
        });
        selected.collect()
    };
    plan.fields.iter().zip(&columns.fields).map(of_field).collect()
}

/// The places of the columns that `plan` selects: of `names`, where a pattern has been resolved before.
fn select(
    data: &DataPlan,
    plan: &ColumnPlan,
    heading: &Heading,
    names: Option<&Vec<String>>,
) -> Result<Vec<usize>, Problem> {
    match (&plan.select, names) {
        (Select::Column(name), _) => Ok(vec![one(data, plan, name, heading)?]),
        (Select::Pattern(_), Some(names)) => names.iter().map(|name| one(data, plan, name, heading)).collect(),
        (Select::Pattern(pattern), None) => {
            let fits = |&at: &usize| matches(pattern, &heading.columns[at].name);
            let found: Vec<usize> = (0..heading.columns.len()).filter(fits).collect();
            if !found.is_empty() {
                return Ok(found);
            }
            let (pattern, shown) = (pattern.clone(), heading.shown.clone());
            Err(PatternWithoutColumns { pattern, shown, columns: self::names(heading), at: plan.span }.into())
        }
    }
}

/// The place of the column `name`.
fn one(data: &DataPlan, plan: &ColumnPlan, name: &str, heading: &Heading) -> Result<usize, Problem> {
    let mut places = (0..heading.columns.len()).filter(|&at| heading.columns[at].name == name);
    let Some(place) = places.next() else { return Err(unknown(data, name, heading, plan)) };
    match places.count() {
        0 => Ok(place),
        more => {
            let (column, shown) = (name.to_string(), heading.shown.clone());
            Err(DuplicateColumn { column, times: more + 1, shown, at: plan.span }.into())
        }
    }
}

fn unknown(data: &DataPlan, name: &str, heading: &Heading, plan: &ColumnPlan) -> Problem {
    // What another field reads is not what was meant.
    let is_taken = |other: &str| {
        let mut columns = data.fields.iter().flat_map(|field| &field.columns);
        columns.any(|column| matches!(&column.select, Select::Column(name) if name == other))
    };
    let free = heading.columns.iter().map(|head| head.name.as_str()).filter(|other| !is_taken(other));
    let alike = free.clone().find(|other| other.to_lowercase() == name.to_lowercase());
    let near = alike.map(Near::certain).or_else(|| nearest(name, free.clone()));
    let (missing, shown) = (vec![(name.to_string(), plan.span)], heading.shown.clone());
    let heading_is = if near.is_some() { OddHeading::No } else { odd(data, heading) };
    // The one column that nobody wants may be the one that nobody has.
    let is_ignored = |other: &&str| data.ignored.iter().any(|ignored| matches(ignored.as_str(), other));
    let mut unwanted = free.filter(|other| !is_ignored(other) && !other.is_empty());
    let left = unwanted.next().filter(|_| unwanted.next().is_none() && heading_is == OddHeading::No).map(Near::likely);
    let source_at = source_place(data);
    let repair = near.as_ref().filter(|near| near.is_certain).and_then(|near| {
        let text = crate::problem::data::column(near);
        let field = data.fields.iter().find(|field| field.columns.iter().any(|it| it.span == plan.span))?;
        // A field without a formula reads the column of its own name: it gets a formula, and keeps its name.
        match field.span == plan.span {
            true => Some((
                Span::new(field.span.file, field.ty_span.range().end, field.ty_span.range().end),
                String::new(),
                format!(" = {text}"),
            )),
            false => Some((plan.span, name.to_string(), text)),
        }
    });
    let (near, columns, heading) = (near.or(left), names(heading), heading_is);
    UnknownColumn { missing, shown, near, columns, heading, source_at, repair }.into()
}

/// Where the columns come from, if that can be shown in a line.
fn source_place(data: &DataPlan) -> Option<Span> {
    (data.test.is_none() && data.source.table.is_empty()).then_some(data.source.span)
}

fn names(heading: &Heading) -> Vec<String> {
    heading.columns.iter().map(|head| head.name.clone()).collect()
}

/// Whether the columns hold what the field wants: as many, numbers where numbers are wanted, of the right shape.
fn fit(field: &FieldPlan, plan: &ColumnPlan, heading: &Heading, places: Vec<usize>) -> Result<Vec<usize>, Problem> {
    let head = &heading.columns[places[0]];
    let size: usize = plan.shape.iter().product();
    let (shown, at) = (heading.shown.clone(), plan.span);
    let is_set = matches!(plan.cell, CellType::Set(_));
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
        (CellType::Binary { .. } | CellType::Class(_) | CellType::Set(_), Some(shape)) if places.len() == 1 => {
            if squeezed(shape).is_empty() {
                return Ok(places);
            }
            Err(NumbersAreCells { column: head.name.clone(), shown, held: shape.clone(), is_set, at }.into())
        }
        (CellType::Picture(_) | CellType::Set(_), None) if places.len() == 1 => Ok(places),
        (CellType::Text | CellType::Picture(_) | CellType::Tokens(_), Some(shape))
            if places.len() == 1 && !squeezed(shape).is_empty() =>
        {
            Err(NumbersAreCells { column: head.name.clone(), shown, held: shape.clone(), is_set, at }.into())
        }
        (CellType::Tokens(_), _) if places.len() == 1 => Ok(places),
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
    let read = columns.wanted(heading.columns.len(), also);
    let names = || heading.columns.iter().map(|head| head.name.as_str());
    let patterns = plan.ignored.iter().map(|ignored| ignored.as_str());
    let (sound, idle): (Vec<&str>, Vec<&str>) =
        patterns.partition(|pattern| names().any(|name| matches(pattern, name)));
    // A misspelt `ignore` is a mistake of its own, and what it means is not unused as well.
    let meant: Vec<Near> = idle.iter().filter_map(|pattern| nearest(pattern, names())).collect();
    let is_ignored =
        |name: &str| meant.iter().any(|it| it.name == name) || sound.iter().any(|pattern| matches(pattern, name));
    let unused = heading.columns.iter().zip(read).filter(|(head, read)| !read && !is_ignored(&head.name));
    let unused: Vec<String> = unused.map(|(head, _)| head.name.clone()).collect();
    if !unused.is_empty() {
        let (data, at) = (plan.name.clone(), source.span);
        problems.push(UnusedColumn { data, shown: heading.shown.clone(), columns: unused, at }.into());
    }
    problems
}

/// What `ignore` names and no source has.
pub fn ignores_nothing(plan: &DataPlan, headings: &[&Heading]) -> Vec<Problem> {
    if !headings.iter().all(|heading| heading.complete) {
        return vec![];
    }
    let names = || headings.iter().flat_map(|heading| &heading.columns).map(|head| head.name.as_str());
    let idle = plan.ignored.iter().filter(|ignored| !names().any(|name| matches(ignored.as_str(), name)));
    let told = idle.map(|ignored| {
        let near = nearest(ignored.as_str(), names());
        let (pattern, shown) = (ignored.as_str().to_string(), headings[0].shown.clone());
        IgnoresNothing { pattern, shown, near, at: ignored.span }.into()
    });
    told.collect()
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
            // Of rows that follow one another, those behind the inputs may be what is to be told.
            if !covers(input, target) {
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
            // A formula that names the field reads its column where the field is declared.
            let through_target = target.columns.iter().any(|column| column.span == input.columns[place].span);
            let facts = TargetAmongInputs {
                column: heading.columns[shared].name.clone(),
                input: input.name.clone(),
                target: target.name.clone(),
                pattern,
                at: if through_target { input.span } else { input.columns[place].span },
                target_at: target.span,
            };
            problems.push(facts.into());
        }
    }
    problems
}

/// Whether the rows of an input are among them all rows of a target.
fn covers(input: &FieldPlan, target: &FieldPlan) -> bool {
    let rows = |field: &FieldPlan| field.window.map_or(0..1, |window| window.offset..window.end());
    let (input, target) = (rows(input), rows(target));
    input.start <= target.start && target.end <= input.end
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
