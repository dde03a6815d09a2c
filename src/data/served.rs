//! What an artifact goes without that serves some fields only: the inputs that its model does not read, and what names rows.

use super::fitted::{Fitted, FittedField};
use crate::model::program::{Constant, DataPlan, FieldPlan, Select};
use crate::syntax::tree::Role;

/// Whether a field is one of which an artifact that serves `served` knows nothing. Targets and weights stay, by which it is
/// measured, and so does what says which rows belong together.
fn goes(field: &FieldPlan, served: &[String]) -> bool {
    matches!(field.role, Role::Input | Role::Id) && !served.contains(&field.name)
}

/// Forgets what was fitted to fields that are not served.
pub fn forget(fitted: &mut Fitted, plan: &DataPlan, served: &[String]) {
    for (fitted, field) in fitted.fields.iter_mut().zip(&plan.fields).filter(|(_, field)| goes(field, served)) {
        let (fits, classes, tokens, columns) = (vec![], vec![], vec![], vec![]);
        *fitted = FittedField { name: field.name.clone(), fits, classes, tokens, columns, scale: None };
    }
}

/// Takes from a plan the columns of fields that are not served: no row needs them.
pub fn leave_out(plan: &mut DataPlan, served: &[String]) {
    let DataPlan { fields, split, .. } = plan;
    for field in fields.iter_mut().filter(|field| goes(field, served)) {
        // A split that goes by such a field goes by its column.
        let column = field.columns.first().map(|it| &it.select);
        if let Some(Select::Column(column)) = column {
            for arg in &mut split.args {
                if matches!(&arg.value, Constant::Word(name) | Constant::Text(name) if *name == field.name) {
                    arg.value = Constant::Text(column.clone());
                }
            }
        }
        (field.columns, field.fits, field.encoded) = (vec![], 0, false);
        (field.window, field.halfway) = (None, None);
    }
}
