//! Windows: which rows follow one another, and at which an example may begin.

use std::collections::BTreeMap;

use super::cells::Cell;
use super::frame::Frame;
use super::part::Windows;
use super::split::{By, moments};
use crate::model::program::{DataPlan, FieldPlan, Split};
use crate::problem::Problem;
use crate::problem::sequences::NoWindow;
use crate::syntax::tree::Role;

/// The rows of one split, in the order in which they follow one another, and where examples begin.
pub struct Laid {
    /// By their places in the frame.
    pub rows: Vec<usize>,
    /// Places among `rows`.
    pub starts: Vec<u32>,
}

/// How far the windows of a plan reach: rows from the first of an example to behind its last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reach {
    pub rows: usize,
    /// From one example to the next, where each value is to be predicted once: the longest window of a target.
    pub apart: usize,
}

impl Reach {
    /// Of the fields that a model reads; `None` where each example is a row.
    pub fn of(plan: &DataPlan) -> Option<Reach> {
        let fields = || plan.fields.iter();
        fields().any(|field| field.window.is_some()).then(|| Reach {
            rows: fields().map(end).max().expect("a field with a window"),
            apart: fields()
                .filter(|field| field.role == Role::Target)
                .map(|field| field.window.map_or(1, |window| window.length))
                .max()
                .unwrap_or(1),
        })
    }

    /// Of the inputs alone: what a prediction needs.
    pub fn of_inputs(plan: &DataPlan) -> Option<Reach> {
        let whole = Reach::of(plan)?;
        let inputs = plan.fields.iter().filter(|field| field.role == Role::Input);
        Some(Reach { rows: inputs.map(end).max().unwrap_or(1), ..whole })
    }

    /// How many examples `rows` give that follow one another: all that fit, or each value once.
    pub fn examples(self, rows: usize, once: bool) -> usize {
        let all = (rows + 1).saturating_sub(self.rows);
        if once { all.div_ceil(self.apart) } else { all }
    }
}

fn end(field: &FieldPlan) -> usize {
    field.window.map_or(1, |window| window.end())
}

/// What examples of the plan's fields see.
pub fn windows(plan: &DataPlan, starts: Vec<u32>) -> Windows {
    let of = plan.fields.iter().map(|field| field.window.map(|window| (window, field.shape.clone()))).collect();
    Windows { starts, of }
}

/// The order of a frame's rows: by group, and in each by time. Rows that follow one another in it are neighbours, unless they
/// are of different groups.
pub struct Order {
    rows: Vec<usize>,
    /// For each place in `rows` whether it begins a group.
    begins: Vec<bool>,
}

impl Order {
    /// `columns` are for each field the places of its columns in the frame.
    pub fn of(plan: &DataPlan, frame: &Frame, columns: &[Vec<Vec<usize>>]) -> Result<Order, Problem> {
        let by = |role: Role| {
            let (at, field) = plan.fields.iter().enumerate().find(|(_, field)| field.role == role)?;
            let place = *columns[at].first()?.first()?;
            Some(By { place, name: field.name.clone(), span: field.span })
        };
        let mut rows: Vec<usize> = (0..frame.rows).collect();
        if let Some(time) = by(Role::Time) {
            let moments = moments(frame, &time, "window")?;
            rows.sort_by(|&a, &b| moments[a].total_cmp(&moments[b]));
        }
        let mut begins = vec![false; frame.rows];
        if let Some(first) = begins.first_mut() {
            *first = true;
        }
        if let Some(group) = by(Role::Group) {
            let column = frame.column(group.place);
            let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for row in rows {
                let name = match column.cell(row, 0) {
                    Cell::Missing => String::new(),
                    Cell::Text(text) => text.to_string(),
                    Cell::Number(value) => value.to_string(),
                };
                groups.entry(name).or_default().push(row);
            }
            rows = vec![];
            for group in groups.into_values() {
                begins[rows.len()] = true;
                rows.extend(group);
            }
        }
        Ok(Order { rows, begins })
    }

    /// Of `own` rows of the frame, in ascending order, all windows that lie among them.
    pub fn lay(&self, own: &[usize], reach: Reach) -> Laid {
        let mut is_own = vec![false; self.rows.len()];
        own.iter().for_each(|&row| is_own[row] = true);
        let (mut rows, mut starts) = (vec![], vec![]);
        // Where the rows begin that are neighbours of the last.
        let mut run = 0;
        let mut end_run = |run: usize, end: usize| {
            let last = (end + 1).saturating_sub(reach.rows);
            starts.extend((run..last).map(|it| it as u32));
        };
        for (place, &row) in self.rows.iter().enumerate() {
            let joins = place > 0 && !self.begins[place] && is_own[self.rows[place - 1]];
            if is_own[row] && !joins {
                end_run(run, rows.len());
                run = rows.len();
            }
            if is_own[row] {
                rows.push(row);
            }
        }
        end_run(run, rows.len());
        Laid { rows, starts }
    }
}

impl Laid {
    /// Those in which each value of a target is told once.
    pub fn once(self, reach: Reach) -> Laid {
        let starts = once(&self.starts, reach).into_iter().map(|at| self.starts[at as usize]).collect();
        Laid { starts, ..self }
    }
}

/// Of windows that begin at `starts` those, by their places, in which each value of a target is told once.
pub fn once(starts: &[u32], reach: Reach) -> Vec<u32> {
    let (mut next, mut before) = (0, None);
    let mut is_next = |start: u32| {
        // Behind a gap, windows begin anew.
        let begins = before.is_none_or(|before| before + 1 != start);
        before = Some(start);
        let is_next = begins || start == next;
        if is_next {
            next = start + reach.apart as u32;
        }
        is_next
    };
    (0..).zip(starts).filter(|&(_, &start)| is_next(start)).map(|(at, _)| at).collect()
}

/// Says so where a split has rows and no window of them.
pub fn none_in(plan: &DataPlan, split: Split, rows: usize, reach: Reach, shown: &str) -> Problem {
    let window = plan.fields.iter().filter_map(|field| field.window).max_by_key(|window| window.end());
    let at = window.expect("the plan has windows").span;
    let (split, shown, split_at) = (split.word(), shown.to_string(), plan.split.span);
    NoWindow { split, rows, reach: reach.rows, shown, at, split_at }.into()
}
