//! Which rows are for training, which for validation, which for the last test.

use std::collections::BTreeMap;

use super::args::{Args, Param, Share};
use super::cells::{Cell, number, tidy};
use super::columns::Columns;
use super::frame::{Frame, Heading};
use super::shuffle::{Purpose, order};
use super::time;
use crate::model::program::{DataPlan, FieldPlan, FieldType, Split};
use crate::model::takes::takes;
use crate::problem::Problem;
use crate::problem::data::{
    EmptySplit, FewInStratum, RowsLeftOver, Shown, SplitCells, SplitColumn, SplitNeeds, SplitTooLarge,
    SplitWithoutShares, TestTwice, UnknownSplit,
};
use crate::source::{Span, nearest};
use crate::syntax::tree::Role;

/// One way to split, for the manual and for completion.
pub struct Way {
    pub name: &'static str,
    pub doc: &'static str,
    rule: Rule,
}

impl Way {
    pub fn params(&self) -> &'static [Param] {
        takes(self.name)
    }

    /// Whether chance alone decides where a row goes, whatever it has in common with others.
    pub fn is_by_chance(&self) -> bool {
        matches!(self.rule, Rule::Random | Rule::Stratified)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    Random,
    Stratified,
    ByGroup,
    ByTime,
    ByPosition,
    Given,
}

/// The split that puts the first rows in training, the last in the test.
pub const BY_POSITION: &str = "by_position";

/// The split that puts the earliest rows in training, the latest in the test.
pub const BY_TIME: &str = "by_time";

/// The column in which a source says itself for what its rows are.
pub const PART: &str = "part";

/// Rows that no share claims go to the first split that is not named, in the order train, val, test.
pub const WAYS: &[Way] = &[
    Way { name: "random", doc: "Rows at random.", rule: Rule::Random },
    Way {
        name: "stratified",
        doc: "At random, every class in each split in the same proportion. By the target if nothing else is said.",

        rule: Rule::Stratified,
    },
    Way {
        name: "by_group",
        doc: "At random, rows of one group together. By the field of the role `group` if nothing else is said.",

        rule: Rule::ByGroup,
    },
    Way {
        name: BY_TIME,
        doc: "The earliest rows for training, the latest for the test. By the field of the role `time` if nothing else is said.",

        rule: Rule::ByTime,
    },
    Way { name: BY_POSITION, doc: "The first rows for training, the last for the test.", rule: Rule::ByPosition },
    Way {
        name: "given",
        doc: "As a column says, in the words train, val and test; of a source that says it, as that does. A share of the rows of training may be for validation.",
        rule: Rule::Given,
    },
];

/// A split whose arguments are sound.
#[derive(Clone, Debug)]
pub struct Plan {
    way: &'static str,
    rule: Rule,
    span: Span,
    shares: Shares,
    /// The column that decides, by its place in the heading.
    by: Option<By>,
    seed: u64,
}

#[derive(Clone, Debug)]
struct Shares {
    given: [Option<Share>; 3],
    /// Whether the test rows have a source of their own.
    test_apart: bool,
    span: Span,
}

/// A column that decides something about rows.
#[derive(Clone, Debug)]
pub struct By {
    pub place: usize,
    pub name: String,
    pub span: Span,
}

/// The rows of each split, in the order of the source.
pub type Rows = [Vec<usize>; 3];

impl Plan {
    /// Judges a split by its arguments and the heading alone. `None` where there is none, or where the column that decides
    /// may yet be found.
    pub fn of(data: &DataPlan, heading: &Heading, columns: &Columns) -> Result<Option<Plan>, Vec<Problem>> {
        let (Some(kind), Some(span)) = (&data.split.kind, data.split.span) else { return Ok(None) };
        let Some(way) = WAYS.iter().find(|way| way.name == kind.as_str()) else {
            let names = WAYS.iter().map(|way| way.name);
            let near = nearest(kind.as_str(), names.clone());
            let known = names.map(String::from).collect();
            return Err(vec![UnknownSplit { split: kind.as_str().into(), near, known, at: kind.span }.into()]);
        };
        let args = Args::read(kind, &data.split.args, way.params())?;
        let given = match way.rule {
            Rule::Given => [None, args.share(Split::Val.word()), None],
            _ => Split::ALL.map(|split| args.share(split.word())),
        };
        let shares = Shares { given, test_apart: data.test.is_some(), span };
        if way.rule != Rule::Given {
            shares.check(way, &args).map_err(|problem| vec![problem])?;
        }
        let by = match way.rule {
            Rule::Random | Rule::ByPosition => None,
            Rule::Stratified | Rule::ByGroup | Rule::ByTime | Rule::Given => {
                let (name, at) = match args.text("by") {
                    Some((name, at)) => (name.to_string(), at),
                    // A source may say itself which rows are for the test.
                    None if way.rule == Rule::Given && heading.columns.iter().any(|head| head.name == PART) => {
                        (PART.to_string(), span)
                    }
                    None => default_by(data, way, span).map_err(|problem| vec![problem])?,
                };
                match place(data, heading, columns, way, &name, at) {
                    Ok(place) => Some(By { place, name, span: at }),
                    Err(_) if !heading.complete => return Ok(None),
                    Err(problem) => return Err(vec![problem]),
                }
            }
        };
        Ok(Some(Plan { way: way.name, rule: way.rule, span, shares, by, seed: data.seed }))
    }

    /// The column that decides, if there is one.
    pub fn column(&self) -> Option<usize> {
        self.by.as_ref().map(|by| by.place)
    }

    /// How many rows each split gets of `rows`, where that does not depend on what stands in them.
    pub fn sizes(&self, rows: usize) -> Option<Result<[usize; 3], Problem>> {
        match self.rule {
            Rule::Random | Rule::Stratified | Rule::ByTime | Rule::ByPosition => Some(self.shares.sizes(rows)),
            Rule::ByGroup | Rule::Given => None,
        }
    }

    /// Deals out the rows of a frame.
    pub fn assign(&self, frame: &Frame) -> Result<Rows, Problem> {
        let rows = match self.rule {
            Rule::Random => {
                let order = order(frame.rows, self.seed, Purpose::Split, 0);
                cut(order.into_iter().map(|row| row as usize).collect(), self.shares.sizes(frame.rows)?)
            }
            Rule::ByPosition => cut((0..frame.rows).collect(), self.shares.sizes(frame.rows)?),
            Rule::ByTime => cut(self.in_time(frame)?, self.shares.sizes(frame.rows)?),
            Rule::Stratified => self.stratified(frame)?,
            Rule::ByGroup => self.grouped(frame)?,
            Rule::Given => self.given(frame)?,
        };
        debug_assert_eq!(rows.iter().map(Vec::len).sum::<usize>(), frame.rows);
        for split in Split::ALL {
            let wanted = match (split, self.rule) {
                (Split::Train, _) => true,
                (_, Rule::Given) => false,
                _ => self.shares.wants(split, frame.rows),
            };
            if wanted && rows[split as usize].is_empty() {
                let (split, total, at) = (split.word(), frame.rows, self.span);
                let groups =
                    (self.rule == Rule::ByGroup).then(|| self.buckets(frame, &(0..total).collect::<Vec<_>>()).len());
                return Err(EmptySplit { split, rows: total, groups, shown: frame.shown.clone(), at }.into());
            }
        }
        Ok(rows)
    }

    fn by(&self) -> &By {
        self.by.as_ref().expect("a split that is decided by a column")
    }

    /// The rows in `order`, sorted into buckets by what the deciding column says.
    fn buckets(&self, frame: &Frame, order: &[usize]) -> BTreeMap<String, Vec<usize>> {
        let column = frame.column(self.by().place);
        let mut buckets: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &row in order {
            let key = match column.cell(row, 0) {
                Cell::Missing => String::new(),
                Cell::Text(text) => text.to_string(),
                Cell::Number(value) => value.to_string(),
            };
            buckets.entry(key).or_default().push(row);
        }
        buckets
    }

    fn shuffled(&self, frame: &Frame) -> Vec<usize> {
        order(frame.rows, self.seed, Purpose::Split, 0).into_iter().map(|row| row as usize).collect()
    }

    /// Class after class, each row to the split that is furthest behind its share.
    fn stratified(&self, frame: &Frame) -> Result<Rows, Problem> {
        let sizes = self.shares.sizes(frame.rows)?;
        let strata = self.buckets(frame, &self.shuffled(frame));
        let splits = sizes.iter().filter(|&&size| size > 0).count();
        let few: Vec<(String, usize)> = strata
            .iter()
            .filter(|(_, rows)| rows.len() < splits)
            .map(|(key, rows)| (key.clone(), rows.len()))
            .collect();
        if !few.is_empty() {
            let (by, classes, at) = (self.by().name.clone(), strata.len(), self.span);
            return Err(FewInStratum { by, few, classes, splits, shown: frame.shown.clone(), at }.into());
        }
        let mut rows = Rows::default();
        for (done, row) in strata.into_values().flatten().enumerate() {
            let open = (0..3).filter(|&split| rows[split].len() < sizes[split]);
            let split = furthest_behind(open, &sizes, &rows, done + 1, frame.rows);
            rows[split].push(row);
        }
        Ok(sorted(rows))
    }

    /// Group after group in a random order, each to the split that is furthest behind its share.
    fn grouped(&self, frame: &Frame) -> Result<Rows, Problem> {
        let sizes = self.shares.sizes(frame.rows)?;
        let column = frame.column(self.by().place);
        self.all_cells(frame, "the name of a group", |row| column.cell(row, 0) != Cell::Missing)?;
        let groups: Vec<Vec<usize>> = self.buckets(frame, &(0..frame.rows).collect::<Vec<_>>()).into_values().collect();
        let (mut rows, mut done) = (Rows::default(), 0);
        for (turn, group) in order(groups.len(), self.seed, Purpose::Split, 0).into_iter().enumerate() {
            let group = &groups[group as usize];
            done += group.len();
            let used: Vec<usize> = (0..3).filter(|&split| sizes[split] > 0).collect();
            let empty: Vec<usize> = used.iter().copied().filter(|&split| rows[split].is_empty()).collect();
            // The last groups go where there is nothing yet.
            let open = if groups.len() - turn <= empty.len() { empty } else { used };
            let split = furthest_behind(open.into_iter(), &sizes, &rows, done, frame.rows);
            rows[split].extend(group);
        }
        Ok(sorted(rows))
    }

    /// The rows from the earliest to the latest; those of one time stay in the order of the file.
    fn in_time(&self, frame: &Frame) -> Result<Vec<usize>, Problem> {
        let moments = moments(frame, self.by(), self.way)?;
        let mut rows: Vec<usize> = (0..frame.rows).collect();
        rows.sort_by(|&a, &b| moments[a].total_cmp(&moments[b]));
        Ok(rows)
    }

    fn given(&self, frame: &Frame) -> Result<Rows, Problem> {
        let column = frame.column(self.by().place);
        let share = self.shares.given[Split::Val as usize];
        let shared = share.is_some();
        let split = |row| match column.cell(row, 0) {
            Cell::Text(text) => match text.to_ascii_lowercase().as_str() {
                "train" | "training" => Some(Split::Train),
                "val" | "valid" | "validation" if !shared => Some(Split::Val),
                "test" if !self.shares.test_apart => Some(Split::Test),
                _ => None,
            },
            Cell::Missing | Cell::Number(_) => None,
        };
        let what = match (self.shares.test_apart, shared) {
            (true, true) => "`train`",
            (true, false) => "`train` or `val`",
            (false, true) => "`train` or `test`",
            (false, false) => "`train`, `val` or `test`",
        };
        self.all_cells(frame, what, |row| split(row).is_some())?;
        let mut rows = Rows::default();
        for (row, split) in (0..frame.rows).filter_map(|row| split(row).map(|split| (row, split))) {
            rows[split as usize].push(row);
        }
        if shared {
            // A share of the rows of training.
            let of_train = Shares { given: self.shares.given, test_apart: true, span: self.span };
            let train = std::mem::take(&mut rows[Split::Train as usize]);
            let order = order(train.len(), self.seed, Purpose::Split, 0).into_iter();
            let dealt = cut(order.map(|at| train[at as usize]).collect(), of_train.sizes(train.len())?);
            let [train, val, _] = dealt;
            (rows[Split::Train as usize], rows[Split::Val as usize]) = (train, val);
        }
        Ok(rows)
    }

    fn all_cells(&self, frame: &Frame, what: &'static str, fits: impl Fn(usize) -> bool) -> Result<(), Problem> {
        self.by().all_cells(self.way, frame, what, fits)
    }
}

/// What a column says of time: seconds, or numbers that grow with it.
pub fn moments(frame: &Frame, by: &By, way: &'static str) -> Result<Vec<f64>, Problem> {
    let column = frame.column(by.place);
    let numeric = match column.cell(0, 0) {
        Cell::Missing => false,
        cell => number(cell).is_ok(),
    };
    let moment = |row| match column.cell(row, 0) {
        Cell::Text(text) if !numeric => time::moment(text),
        cell => number(cell).ok().filter(|_| numeric),
    };
    let what = if numeric { "a number, as in the first row" } else { "a date such as 2026-11-24" };
    by.all_cells(way, frame, what, |row| moment(row).is_some())?;
    Ok((0..frame.rows).filter_map(moment).collect())
}

impl By {
    /// The column must hold `what` in every row, for what `way` does.
    fn all_cells(
        &self,
        way: &'static str,
        frame: &Frame,
        what: &'static str,
        fits: impl Fn(usize) -> bool,
    ) -> Result<(), Problem> {
        let bad: Vec<usize> = (0..frame.rows).filter(|&row| !fits(row)).collect();
        if bad.is_empty() {
            return Ok(());
        }
        let By { place, name, span } = self;
        let cells = bad.iter().take(Shown::MOST).map(|&row| {
            let text = match frame.column(*place).cell(row, 0) {
                Cell::Missing => String::new(),
                Cell::Text(text) => text.to_string(),
                Cell::Number(value) => value.to_string(),
            };
            Shown { spot: frame.places.spot(row, *place), text }
        });
        let (cells, count) = (cells.collect(), bad.len());
        Err(SplitCells { way, by: name.clone(), shown: frame.shown.clone(), what, cells, count, at: *span }.into())
    }
}

impl Shares {
    /// What is wrong whatever the number of rows.
    fn check(&self, way: &Way, args: &Args) -> Result<(), Problem> {
        let percent = self.given.iter().flatten().fold(0.0, |sum, share| match share {
            Share::Percent(percent) => sum + percent,
            Share::Rows(_) => sum,
        });
        let all_percent = !self.given.iter().flatten().any(|share| matches!(share, Share::Rows(_)));
        if self.test_apart && self.given[Split::Test as usize].is_some() {
            return Err(TestTwice { at: args.span("test").expect("given") }.into());
        }
        if self.given.iter().all(Option::is_none) {
            let (split, at) = (way.name, self.span);
            return Err(SplitWithoutShares { split, at }.into());
        }
        if percent > 100.0 + SLACK {
            return Err(SplitTooLarge { percent: Some(tidy(percent)), rows: None, at: self.span }.into());
        }
        if all_percent && percent < 100.0 - SLACK && self.heir().is_none() {
            return Err(RowsLeftOver {
                left: format!("{} %", tidy(100.0 - percent)),
                test_apart: self.test_apart,
                at: self.span,
            }
            .into());
        }
        Ok(())
    }

    /// Who gets the rows that no share claims.
    fn heir(&self) -> Option<Split> {
        Split::ALL
            .into_iter()
            .find(|&split| self.given[split as usize].is_none() && !(split == Split::Test && self.test_apart))
    }

    /// Whether a split is meant to have rows.
    fn wants(&self, split: Split, rows: usize) -> bool {
        match self.given[split as usize] {
            Some(Share::Percent(percent)) => percent > 0.0,
            Some(Share::Rows(count)) => count > 0,
            None => self.sizes(rows).is_ok_and(|sizes| sizes[split as usize] > 0),
        }
    }

    /// Percentages are laid end to end and each border is rounded to a row, so that together they are exact.
    fn sizes(&self, rows: usize) -> Result<[usize; 3], Problem> {
        let (mut sizes, mut so_far) = ([0; 3], 0.0);
        for split in Split::ALL {
            let border = |percent: f64| (percent * rows as f64 / 100.0).round() as usize;
            sizes[split as usize] = match self.given[split as usize] {
                None => 0,
                Some(Share::Rows(count)) => count,
                Some(Share::Percent(percent)) => {
                    let start = border(so_far);
                    so_far += percent;
                    border(so_far) - start
                }
            };
        }
        let claimed = sizes.iter().fold(0, |sum: usize, &size| sum.saturating_add(size));
        if claimed > rows {
            return Err(SplitTooLarge { percent: None, rows: Some((claimed, rows)), at: self.span }.into());
        }
        let left = rows - claimed;
        match self.heir() {
            _ if left == 0 => {}
            Some(heir) => sizes[heir as usize] = left,
            None => {
                let left = crate::problem::count(left, "row", "rows");
                return Err(RowsLeftOver { left, test_apart: self.test_apart, at: self.span }.into());
            }
        }
        Ok(sizes)
    }
}

/// Percentages that add up to 100 but for the last bits of their sum.
const SLACK: f64 = 1e-9;

fn furthest_behind(
    open: impl Iterator<Item = usize>,
    sizes: &[usize; 3],
    rows: &Rows,
    done: usize,
    all: usize,
) -> usize {
    let behind = |split: usize| sizes[split] as i128 * done as i128 - rows[split].len() as i128 * all as i128;
    // Of equals the first.
    open.min_by_key(|&split| (-behind(split), split)).expect("the sizes add up to all rows")
}

fn cut(rows: Vec<usize>, sizes: [usize; 3]) -> Rows {
    let (train, rest) = rows.split_at(sizes[0]);
    let (val, test) = rest.split_at(sizes[1]);
    sorted([train.to_vec(), val.to_vec(), test.to_vec()])
}

fn sorted(mut rows: Rows) -> Rows {
    rows.iter_mut().for_each(|rows| rows.sort_unstable());
    rows
}

/// The field that decides where the split does not say.
fn default_by(data: &DataPlan, way: &Way, span: Span) -> Result<(String, Span), Problem> {
    let is_class = |field: &&FieldPlan| matches!(field.ty, FieldType::Class(_) | FieldType::Binary { .. });
    let role = |role: Role| data.fields.iter().find(|field| field.role == role);
    let (field, what) = match way.rule {
        Rule::Stratified => {
            let targets = || data.fields.iter().filter(|field| field.role == Role::Target);
            (targets().find(is_class), "a target that is a class")
        }
        Rule::ByGroup => (role(Role::Group), "a field of the role `group`"),
        Rule::ByTime => (role(Role::Time), "a field of the role `time`"),
        Rule::Given => (None, "a column that says it"),
        Rule::Random | Rule::ByPosition => unreachable!("decided by no field"),
    };
    match field {
        Some(field) => Ok((field.name.clone(), span)),
        None => Err(SplitNeeds { way: way.name, what, by: None, at: span }.into()),
    }
}

/// The column of the field `name`, or else the column of that name.
fn place(
    data: &DataPlan,
    heading: &Heading,
    columns: &Columns,
    way: &Way,
    name: &str,
    at: Span,
) -> Result<usize, Problem> {
    if let Some(field) = data.fields.iter().position(|field| field.name == name) {
        let numeric = matches!(data.fields[field].ty, FieldType::Number | FieldType::Tensor);
        if way.rule == Rule::Stratified && numeric {
            let what = "a field that is a class";
            return Err(SplitNeeds { way: way.name, what, by: Some(name.into()), at }.into());
        }
        if let Some(&place) = columns.fields[field].iter().flatten().next() {
            return Ok(place);
        }
    }
    let by_name = heading.columns.iter().position(|head| head.name == name);
    let place = by_name.ok_or_else(|| {
        let fields = data.fields.iter().map(|field| field.name.as_str());
        let known: Vec<&str> = fields.chain(heading.columns.iter().map(|head| head.name.as_str())).collect();
        let near = nearest(name, known);
        SplitColumn { way: way.name, by: name.to_string(), shown: heading.shown.clone(), near, at }
    })?;
    match &heading.columns[place].shape {
        Some(shape) if shape.iter().product::<usize>() != 1 => {
            Err(SplitNeeds { way: way.name, what: "a column of single values", by: Some(name.into()), at }.into())
        }
        _ => Ok(place),
    }
}
