//! Bad cells as they are met: counted, the first few kept, and at the end one problem for each kind.

use std::collections::BTreeSet;

use super::cells::{Bad, Cell, number, tidy};
use super::classes::Classes;
use super::frame::Frame;
use super::labels::other_separator;
use super::selected;
use crate::model::program::{CellType, ColumnPlan, FieldPlan};
use crate::problem::Problem;
use crate::problem::data::{BadCells, MissingCells, MissingKind, Shown, UnknownClass, UnknownLabel, Wanted};
use crate::source::{Near, nearest};
use crate::syntax::tree::Role;
use crate::tensor::Dtype;

#[derive(Default)]
pub struct Trouble {
    missing: Met,
    unfit: Met,
    strangers: Met,
}

#[derive(Default)]
struct Met {
    count: usize,
    first: Vec<(usize, usize, String)>,
    why: Option<Bad>,
    /// Different texts, as long as there are few.
    texts: BTreeSet<String>,
}

/// More different texts than this say nothing about how missing cells are written.
const FEW: usize = 4;

/// Texts that usually stand for a missing cell.
const MISSING: &[&str] =
    &["", "NA", "N/A", "n/a", "na", "NaN", "nan", "NULL", "null", "None", "none", "?", "-", ".", "missing"];

impl Trouble {
    pub fn note(&mut self, bad: Bad, cell: Cell, row: usize, place: usize) {
        let met = match bad {
            Bad::Missing => &mut self.missing,
            Bad::UnknownClass => &mut self.strangers,
            Bad::NotNumber | Bad::NotFinite | Bad::TooLarge | Bad::NotWhole | Bad::NotBinary => &mut self.unfit,
        };
        met.count += 1;
        if met.first.len() >= Shown::MOST && met.texts.len() > FEW {
            return;
        }
        let text = match cell {
            Cell::Missing => String::new(),
            Cell::Text(text) => text.to_string(),
            Cell::Number(value) => tidy(value),
        };
        met.why.get_or_insert(bad);
        if met.first.len() < Shown::MOST {
            met.first.push((row, place, text.clone()));
        }
        if met.texts.len() <= FEW {
            met.texts.insert(text);
        }
    }

    pub fn report(
        self,
        field: &FieldPlan,
        plan: &ColumnPlan,
        frame: &Frame,
        classes: Option<&Classes>,
    ) -> Result<(), Vec<Problem>> {
        let mut problems: Vec<Problem> = vec![];
        let (column, shown, rows) = (selected(plan), frame.shown.clone(), frame.rows);
        let (at, ty_at) = (plan.span, field.ty_span);
        if self.missing.count > 0 {
            let cells = self.missing.shown(frame);
            let count = self.missing.count;
            let kind = match plan.cell {
                CellType::Set(_) => MissingKind::Set,
                _ if field.role == Role::Target => MissingKind::Target,
                CellType::Number { .. } => MissingKind::Number,
                _ => MissingKind::Class,
            };
            let (column, shown) = (column.clone(), shown.clone());
            problems.push(MissingCells { column, shown, cells, count, rows, kind, at, ty_at }.into());
        }
        if self.unfit.count > 0 {
            let why = self.unfit.why.expect("noted with the first");
            let facts = BadCells {
                column: column.clone(),
                shown: shown.clone(),
                wanted: wanted(plan, why),
                hint: self.unfit.hint(why),
                cells: self.unfit.shown(frame),
                count: self.unfit.count,
                at,
                ty_at,
            };
            problems.push(facts.into());
        }
        if self.strangers.count > 0 {
            let names = match (&plan.cell, classes) {
                (CellType::Binary { names: Some(names) }, _) => names.to_vec(),
                (_, Some(classes)) => classes.names().to_vec(),
                (cell, None) => unreachable!("a stranger in {cell:?}"),
            };
            let text = &self.strangers.first[0].2;
            let near = nearest(text, names.iter().map(String::as_str));
            let alike = || names.iter().find(|name| name.eq_ignore_ascii_case(text));
            let near = near.or_else(|| alike().map(|name| Near::certain(name)));
            if let (CellType::Set(set), Some(classes)) = (&plan.cell, classes) {
                let texts = self.strangers.first.iter().map(|(.., text)| text.as_str());
                let facts = UnknownLabel {
                    column,
                    shown,
                    near,
                    other: other_separator(texts, &set.separator, classes),
                    separator: set.separator.clone(),
                    cells: self.strangers.shown(frame),
                    count: self.strangers.count,
                    names,
                    at,
                    ty_at,
                };
                problems.push(facts.into());
                return Err(problems);
            }
            let facts = UnknownClass {
                column,
                shown,
                near,
                integers: classes.is_some_and(Classes::are_integers),
                ordered: plan.cell.classes().is_some_and(|ty| ty.ordered),
                missing: self.strangers.texts.iter().all(|text| MISSING.contains(&text.as_str())),
                cells: self.strangers.shown(frame),
                count: self.strangers.count,
                names,
                at,
                ty_at,
            };
            problems.push(facts.into());
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

impl Met {
    fn shown(&self, frame: &Frame) -> Vec<Shown> {
        let cells = self.first.iter();
        cells.map(|(row, place, text)| Shown { spot: frame.places.spot(*row, *place), text: text.clone() }).collect()
    }

    /// A change that would mend it, guessed from the texts.
    fn hint(&self, why: Bad) -> Option<String> {
        let text = &self.first[0].2;
        if self.texts.len() <= FEW && self.texts.iter().all(|text| MISSING.contains(&text.as_str())) {
            let words: Vec<String> = self.texts.iter().map(|text| format!("{text:?}")).collect();
            return Some(format!("missing: [\"\", {}]", words.join(", ")));
        }
        let number_of = |text: String| number(Cell::Text(&text)).ok().map(|_| text);
        match why {
            Bad::NotNumber
                if text.matches(',').count() == 1 && text.split(',').nth(1).is_none_or(|it| it.len() != 3) =>
            {
                number_of(text.replace(',', ".")).map(|it| format!("a number has a decimal point: {it}"))
            }
            Bad::NotNumber => number_of(text.replace([',', '_', '\'', ' '], ""))
                .map(|it| format!("a number has nothing between its digits: {it}")),
            Bad::NotBinary if self.texts.len() == 2 => {
                let words: Vec<String> = self.texts.iter().map(|text| format!("{text:?}")).collect();
                Some(format!("binary[{}], the second being the positive one", words.join(", ")))
            }
            _ => None,
        }
    }
}

fn wanted(plan: &ColumnPlan, why: Bad) -> Wanted {
    match (&plan.cell, why) {
        (CellType::Binary { .. }, _) => Wanted::Binary,
        (_, Bad::TooLarge) => Wanted::Smaller,
        (_, Bad::NotFinite) => Wanted::Finite,
        (_, Bad::NotWhole) => Wanted::Whole,
        _ if plan.dtype == Dtype::I32 => Wanted::Whole,
        _ => Wanted::Number,
    }
}
