//! What is odd about the values of columns: inputs from which nothing can be learned, or all by heart; groups in pieces.

use std::collections::{BTreeMap, HashSet};

use super::cells::{Cell, tidy};
use super::prepare::Prepared;
use super::split::WAYS;
use crate::model::program::{CellType, ColumnPlan, Select, Split};
use crate::problem::Problem;
use crate::problem::lint::{ConstantColumn, GroupInTwoSplits, UniqueColumn};
use crate::syntax::tree::Role;
use crate::tensor::{Array, Data};

/// Of fewer rows nothing follows.
const FEWEST_ROWS: usize = 8;

/// What is odd about the training rows' values.
pub fn columns(prepared: &Prepared) -> Vec<Problem> {
    let (table, rows) = &prepared.splits[Split::Train as usize];
    let table = &prepared.tables[*table];
    let mut problems = vec![];
    if rows.len() < FEWEST_ROWS {
        return problems;
    }
    for (at, field) in prepared.plan.fields.iter().enumerate().filter(|(_, field)| field.role == Role::Input) {
        for (plan, (values, places)) in field.columns.iter().zip(table.values[at].iter().zip(&table.columns.fields[at]))
        {
            let (Some(values), Select::Column(name), true) = (values, &plan.select, is_scalar(plan)) else { continue };
            let values = values.rows(rows);
            let (column, count, at) = (name.clone(), rows.len(), plan.span);
            if is_constant(&values) {
                let value = match table.frame.column(places[0]).cell(rows[0], 0) {
                    Cell::Missing => "missing".into(),
                    Cell::Text(text) => format!("`{text}`"),
                    Cell::Number(value) => tidy(value),
                };
                problems.push(ConstantColumn { column, value, rows: count, at }.into());
            } else if names_rows(plan, name, &values) {
                problems.push(UniqueColumn { column, rows: count, at }.into());
            }
        }
    }
    problems
}

/// Groups whose rows chance has dealt to several splits of one source.
pub fn groups(prepared: &Prepared) -> Vec<Problem> {
    let split = &prepared.plan.split;
    let (Some(kind), Some(at)) = (&split.kind, split.span) else { return vec![] };
    if !WAYS.iter().any(|way| way.name == kind.as_str() && way.is_by_chance()) {
        return vec![];
    }
    let table = &prepared.tables[0];
    let mut problems = vec![];
    for (field, plan) in prepared.plan.fields.iter().enumerate().filter(|(_, field)| field.role == Role::Group) {
        let [places] = &table.columns.fields[field][..] else { continue };
        let column = table.frame.column(places[0]);
        // For each group a bit for each split.
        let mut groups: BTreeMap<String, u8> = BTreeMap::new();
        for (at, (_, rows)) in prepared.splits.iter().enumerate().filter(|(_, (table, _))| *table == 0) {
            for &row in rows {
                let group = match column.cell(row, 0) {
                    Cell::Missing => continue,
                    Cell::Text(text) => text.to_string(),
                    Cell::Number(value) => tidy(value),
                };
                *groups.entry(group).or_default() |= 1 << at;
            }
        }
        let mut apart = groups.iter().filter(|(_, splits)| splits.count_ones() > 1).map(|(group, _)| group);
        if let Some(example) = apart.next() {
            let (field, split, example) = (plan.name.clone(), kind.as_str().into(), example.clone());
            let (apart, groups) = (1 + apart.count(), groups.len());
            problems.push(GroupInTwoSplits { field, apart, groups, example, split, at, field_at: plan.span }.into());
        }
    }
    problems
}

/// One number or one class for each row.
fn is_scalar(plan: &ColumnPlan) -> bool {
    !matches!(plan.cell, CellType::Array | CellType::Picture(_) | CellType::Set(_) | CellType::Tokens(_))
        && plan.cell != CellType::Text
        && plan.shape.iter().product::<usize>() == 1
}

fn is_constant(values: &Array) -> bool {
    match &values.data {
        // What is missing is no number.
        Data::F32(values) => values.iter().all(|it| *it == values[0] || it.is_nan() && values[0].is_nan()),
        Data::I32(values) => values.iter().all(|it| *it == values[0]),
        Data::Bool(values) => values.iter().all(|it| *it == values[0]),
    }
}

/// Whether each row has a class of its own, or a whole number of its own in a column that is called like a name.
fn names_rows(plan: &ColumnPlan, name: &str, values: &Array) -> bool {
    match (&plan.cell, &values.data) {
        (CellType::Class(_), Data::I32(values)) => values.iter().collect::<HashSet<_>>().len() == values.len(),
        (CellType::Number { .. }, Data::F32(values)) => {
            let whole = values.iter().all(|it| it.fract() == 0.0);
            let own = || values.iter().map(|it| it.to_bits()).collect::<HashSet<_>>().len() == values.len();
            is_called_like_a_name(name) && whole && own()
        }
        _ => false,
    }
}

fn is_called_like_a_name(column: &str) -> bool {
    let lower = column.to_lowercase();
    let last = lower.rsplit(['_', '-', ' ', '.']).next().unwrap_or_default();
    ["id", "index", "uuid", "row"].contains(&last) || column.ends_with("Id") || column.ends_with("ID")
}
