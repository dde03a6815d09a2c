//! The formula of a field: columns by name, fields by name, and what is fitted on the training rows.

use std::sync::Arc;

use super::Received;
use super::declared::of_a_row;
use crate::model::eval::Scope;
use crate::model::lower::{Fits, Lower, Outcome};
use crate::model::modules::ModuleId;
use crate::model::program::{CellType, ColumnPlan, FieldType, SEPARATOR, Select, SetCell, TokenCell, Window};
use crate::model::types::{describe, dims};
use crate::model::value::{AxisName, BATCH, Callee, Meaning, Tensor, Value};
use crate::problem::names::*;
use crate::problem::sequences::{TokensUncut, WindowMisplaced};
use crate::problem::shapes::*;
use crate::problem::values::*;
use crate::scalar::Dtype;
use crate::source::Span;
use crate::syntax::tree::{Expr, ExprKind, FieldDecl};
use crate::tensor::Slot;

impl Lower<'_> {
    /// A name in the formula of a field: the column of the field's own name, or another field.
    pub fn field_named(&mut self, name: &Arc<str>, span: Span, scope: &mut Scope) -> Outcome<Option<Value>> {
        let columns = self.columns.as_ref().expect("in a field");
        let decls = columns.decls.clone();
        if decls[columns.current].name.text == *name {
            return self.column(name, span).map(|it| Some(Value::Tensor(it)));
        }
        let Some(at) = decls.iter().position(|decl| decl.name.text == *name) else { return Ok(None) };
        self.field_value(at, span, scope.module).map(|it| Some(Value::Tensor(it)))
    }

    /// Whether a function that stands where a value is wanted is the column of its name: it is named in the formula of the
    /// field itself, and not called there.
    pub fn means_column(&self, callee: &Callee) -> bool {
        let formula = self.columns.as_ref().and_then(|it| Some(it.decls[it.current].value.as_ref()?.span));
        let within = |formula: Span| {
            let Span { file, start, end } = callee.span;
            file == formula.file && formula.start <= start && end <= formula.end
        };
        // The name of a thing in another file is no column's.
        let is_own = !callee.name().contains('.');
        is_own && callee.given.is_empty() && formula.is_some_and(within)
    }

    /// A field as the model receives it.
    pub(super) fn field_value(&mut self, at: usize, span: Span, module: ModuleId) -> Outcome<Tensor> {
        let columns = self.columns.as_mut().expect("in a field");
        let decls = columns.decls.clone();
        let decl = &decls[at];
        if columns.open.contains(&at) {
            let name = decl.name.text.to_string();
            return Err(self.report(EndlessDefinition { name, at: span, parts: false }));
        }
        columns.open.push(at);
        let outer = std::mem::replace(&mut columns.current, at);
        let mut scope = Scope::new(module, "");
        scope.is_field = true;
        let value = match &decl.value {
            Some(expr) => self.evaluate(expr, &mut scope).and_then(|value| self.tensor_of(value, expr.span)),
            None => self.column(&decl.name.text, decl.name.span),
        };
        let columns = self.columns.as_mut().expect("in a field");
        columns.current = outer;
        columns.open.pop();
        let (window, whole) = (columns.window, columns.open.is_empty());
        let mut value = value?;
        let wanted = self.columns.as_ref().expect("in a field").types[at].clone();
        let place = decl.value.as_ref().map_or(decl.name.span, |expr| expr.span);
        if let Some((window, of)) = window {
            if !whole || of != value.id {
                return Err(self.report(WindowMisplaced { at: window.span }));
            }
            return self.windowed(value, window, wanted, decl);
        }
        if let Some(at) = self.uncut(&value) {
            return Err(self.report(TokensUncut { field: decl.name.text.to_string(), at, ty_at: decl.ty.span }));
        }
        // One number is a row of one.
        if value.shape.is_empty() && wanted.shape == [1] {
            value = self.reshape(&value, &[1]);
        }
        if value.shape != wanted.shape || self.dtype(&value) != wanted.dtype {
            let callee = format!("the field `{}`", decl.name.text);
            let (wanted, found) = (format!("{}{}", wanted.meaning.word(), dims(&wanted.shape)), describe(&value));
            return Err(self.report(ResultMismatch {
                callee,
                wanted,
                found,
                at: place,
                declared: decl.ty.span,
                help: None,
            }));
        }
        // What may still be missing must say so.
        let missing = match value.meaning {
            Meaning::Column(it) => {
                matches!(self.columns.as_ref().expect("in a field").plans[it].cell, CellType::Number { optional: true })
            }
            _ => value.optional,
        };
        if missing && !wanted.optional {
            let (callee, input) = (format!("the field `{}`", decl.name.text), decl.name.text.to_string());
            let is_class = value.is_class();
            return Err(self.report(OptionalAsPresent { callee, input, is_class, at: place, declared: decl.ty.span }));
        }
        Ok(Tensor { meaning: wanted.meaning, optional: wanted.optional, ..value })
    }

    /// The rows of a window: each is what `value` is, and together they are what the field is declared to be.
    fn windowed(&mut self, mut value: Tensor, window: Window, wanted: Received, decl: &FieldDecl) -> Outcome<Tensor> {
        // Of one number, or in a window of one row, an axis of extent 1 need not be written.
        let number = value.shape.iter().product::<usize>() == 1;
        if value.shape.is_empty() && (wanted.shape.len() == 2 || wanted.shape == [1]) && wanted.dtype == Dtype::F32 {
            value = self.reshape(&value, &[1]);
        }
        let side_by_side = [&[window.length][..], &value.shape].concat();
        let fits = wanted.shape == side_by_side
            || number && wanted.shape == [window.length]
            || window.length == 1 && wanted.shape == value.shape;
        if !fits || self.dtype(&value) != wanted.dtype || value.optional {
            let callee = format!("the field `{}`", decl.name.text);
            let names = vec![AxisName::default(); side_by_side.len()];
            let found = describe(&Tensor { shape: side_by_side, names, ..value });
            let wanted = format!("{}{}", wanted.meaning.word(), dims(&wanted.shape));
            let (at, declared) = (window.span, decl.ty.span);
            return Err(self.report(ResultMismatch { callee, wanted, found, at, declared, help: None }));
        }
        Ok(Tensor { meaning: wanted.meaning, optional: wanted.optional, ..value })
    }

    /// A column whose text is to become tokens, where nothing says of what.
    fn uncut(&self, value: &Tensor) -> Option<Span> {
        let plans = &self.columns.as_ref()?.plans;
        let Meaning::Class { padded: true, .. } = value.meaning else { return None };
        let uncut = |it: &&ColumnPlan| matches!(&it.cell, CellType::Tokens(cell) if cell.units.is_none());
        plans.iter().find(uncut).map(|it| it.span)
    }

    /// A column as a tensor, one element for each row.
    pub fn column(&mut self, name: &str, span: Span) -> Outcome<Tensor> {
        let columns = self.columns.as_ref().expect("in a field");
        let decl = &columns.decls[columns.current];
        let it = columns.types[columns.current].clone();
        // A column on its own is what the field's type says; within a formula it is a number, or an image's pixels.
        let direct = match &decl.value {
            None => true,
            Some(expr) => match &of_a_row(expr).kind {
                ExprKind::Name(_) => true,
                ExprKind::Call { callee, .. } => matches!(&callee.kind, ExprKind::Name(name) if &**name == "column"),
                _ => false,
            },
        };
        let (cell, shape, dtype, meaning) = match &it.ty {
            FieldType::Binary { names } if direct => {
                (CellType::Binary { names: names.clone() }, vec![1], Dtype::F32, Meaning::Binary)
            }
            FieldType::Class(class) if direct => (CellType::Class(class.clone()), vec![], Dtype::I32, it.meaning),
            // Side by side, each column says yes or no of one label.
            FieldType::Set(_) if matches!(&decl.value, Some(Expr { kind: ExprKind::List(_), .. })) => {
                (CellType::Binary { names: None }, vec![1], Dtype::F32, Meaning::Binary)
            }
            FieldType::Set(labels) => {
                let cell = SetCell { labels: labels.clone(), separator: SEPARATOR.into(), empty: false };
                (CellType::Set(cell), it.shape.clone(), Dtype::F32, Meaning::Set)
            }
            FieldType::Class(_) | FieldType::Binary { .. } => {
                let what = "formulas on the way to a class".to_string();
                return Err(self.report(NotInThisVersion { what, at: span, help: None }));
            }
            FieldType::Text => (CellType::Text, vec![], Dtype::I32, Meaning::Plain),
            FieldType::Tokens(tokens) => {
                let length = tokens.padded.then_some(tokens.length);
                let cell = TokenCell { values: tokens.values, length, lower: false, units: None };
                (CellType::Tokens(cell), length.into_iter().collect(), Dtype::I32, it.meaning)
            }
            FieldType::Tensor if direct && it.windowed && it.row() == 1 => {
                (CellType::Number { optional: false }, vec![1], Dtype::F32, Meaning::Plain)
            }
            FieldType::Tensor if direct && it.windowed => {
                (CellType::Array, it.shape[1..].to_vec(), Dtype::F32, Meaning::Plain)
            }
            FieldType::Tensor if it.meaning == Meaning::Image => {
                (CellType::Array, it.shape.clone(), Dtype::F32, Meaning::Image)
            }
            FieldType::Tensor if direct => (CellType::Array, it.shape.clone(), Dtype::F32, Meaning::Plain),
            FieldType::Number | FieldType::Tensor => {
                let optional = direct && it.optional;
                (CellType::Number { optional }, vec![1], Dtype::F32, Meaning::Column(0))
            }
        };
        self.feed(ColumnPlan { select: Select::Column(name.to_string()), span, cell, shape, dtype }, meaning)
    }

    /// Columns side by side, as many as the field has numbers.
    pub fn column_pattern(&mut self, pattern: &str, span: Span) -> Outcome<Tensor> {
        let columns = self.columns.as_ref().expect("in a field");
        let it = columns.types[columns.current].clone();
        let shape = vec![it.row()];
        let cell = match it.ty {
            FieldType::Set(_) => CellType::Binary { names: None },
            _ => CellType::Number { optional: it.optional },
        };
        let select = Select::Pattern(pattern.to_string());
        self.feed(ColumnPlan { select, span, cell, shape, dtype: Dtype::F32 }, Meaning::Column(0))
    }

    pub(super) fn feed(&mut self, plan: ColumnPlan, meaning: Meaning) -> Outcome<Tensor> {
        let columns = self.columns.as_mut().expect("in a field");
        let known = columns.plans.iter().position(|it| it.select == plan.select);
        let at = known.unwrap_or_else(|| {
            columns.plans.push(plan.clone());
            columns.plans.len() - 1
        });
        let plan = columns.plans[at].clone();
        let meaning = if let Meaning::Column(_) = meaning { Meaning::Column(at) } else { meaning };
        let shape = [&[self.setting.batch][..], &plan.shape].concat();
        let id = self.graph.input(Slot::Feed(at as u32), &shape, plan.dtype);
        let optional = matches!(&plan.cell, CellType::Class(class) if class.optional);
        let mut column = self.tensor(id, vec![BATCH]);
        if let (Meaning::Class { padded, .. }, Some(places)) = (meaning, column.names.first_mut()) {
            places.padded = padded;
        }
        Ok(Tensor { meaning, optional, ..column })
    }

    /// `fit m = formula`: computed from the training rows, or read from what was.
    pub fn fitted(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Tensor> {
        match &mut self.fits {
            Fits::None => {
                let at = self.blame(expr.span);
                Err(self.report(FitOutsideEncoder { at }))
            }
            Fits::Given(fits) => {
                let (slot, shape, dtype) = fits.next().expect("as many as were fitted");
                let id = self.graph.input(slot, &shape, dtype);
                Ok(self.whole(id))
            }
            Fits::Fit(_) => {
                let outer = std::mem::replace(&mut self.fitting, true);
                let value = self.evaluate(expr, scope);
                self.fitting = outer;
                let tensor = self.tensor_of(value?, expr.span)?;
                if !tensor.lead.is_empty() {
                    let at = self.blame(expr.span);
                    let (wanted, found) = ("one value for all rows".into(), "one for each row".into());
                    let help = Some("reduce it: `mean(x, over: rows)`".into());
                    return Err(self.report(WrongKind { wanted, found, at, help }));
                }
                if let Fits::Fit(list) = &mut self.fits {
                    list.push(tensor.id);
                }
                Ok(tensor)
            }
        }
    }
}
