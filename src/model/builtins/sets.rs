//! How a cell names several labels: what stands between them, and what a missing cell means. In the graph it is the column
//! alone: whoever reads the data goes by this.

use super::pictures::column_of;
use super::*;
use crate::model::program::CellType;
use crate::problem::values::{SeparatesNoSet, WrongValue};

pub(super) fn separated(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let [by, missing] = arguments.named(lower, ["by", "missing"])?;
    let span = arguments.span;
    if arguments.all.len() == 1 && by.is_none() && missing.is_some() {
        arguments.all.extend(Some(Given { name: None, value: Value::Text(SEPARATOR.into()), span }));
    }
    arguments.all.extend(by);
    let [cell, by] = arguments.exactly::<2>(lower)?;
    let tensor = lower.tensor_of(cell.value, cell.span)?;
    let column = column_of(lower, &tensor);
    let plan = column.and_then(|at| lower.columns.as_ref().map(|columns| &columns.plans[at]));
    let Some(mut set) = plan.and_then(|plan| match &plan.cell {
        CellType::Set(set) => Some(set.clone()),
        _ => None,
    }) else {
        let at = lower.blame(span);
        let ty_at = lower.columns.as_ref().map(|columns| columns.declared());
        return Err(lower.report(SeparatesNoSet { at, ty_at }));
    };
    set.separator = match by.value.settled() {
        Value::Text(text) if !text.is_empty() => text.to_string(),
        other => return Err(lower.not_a("what stands between two labels, a text", &other, by.span)),
    };
    if let Some(missing) = missing {
        if !matches!(&missing.value, Value::Word(word) if &**word == "empty") {
            return Err(lower.not_a("`empty`", &missing.value, missing.span));
        }
        if set.labels.optional {
            let (setting, wanted) = ("missing".to_string(), "a type without `?`".to_string());
            let (found, at) =
                ("one whose missing cells are a label of their own".to_string(), lower.blame(missing.span));
            let declared = lower.columns.as_ref().map(|columns| columns.declared());
            let wrong = WrongValue { setting, wanted, found, at, declared, help: None, repair: None };
            return Err(lower.report(wrong));
        }
        set.empty = true;
    }
    let columns = lower.columns.as_mut().expect("it has the column");
    columns.plans[column.expect("its plan was found")].cell = CellType::Set(set);
    Ok(Value::Tensor(tensor))
}
