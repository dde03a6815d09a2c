//! Settings: values held against the types of what is configured.

use crate::model::lower::{Lower, Outcome, Reported};
use crate::model::modules::Definition;
use crate::model::types::is_variable;
use crate::model::units::Measure;
use crate::model::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::values::*;
use crate::source::{Span, nearest};
use crate::syntax::tree::{ConfigParam, Dim, Expr, ExprKind, Kind, Name, Quantity, Type, TypeKind};

/// What a setting can be.
const SETTING_TYPES: [&str; 17] = [
    "int",
    "real",
    "prob",
    "rate",
    "time",
    "angle",
    "length",
    "padding",
    "bytes",
    "frequency",
    "fn",
    "layer",
    "name",
    "bool",
    "text",
    "range",
    "list",
];

impl Lower<'_> {
    /// A setting of a declared type: its unit and its range are checked, times become updates. Of `int[2]` there are two:
    /// one alone stands for both.
    pub fn setting(&mut self, name: &str, ty: &Type, value: Value, span: Span) -> Outcome<Value> {
        let TypeKind::Named { dims, .. } = &ty.kind else { return Ok(value) };
        let [Dim::Expr(Expr { kind: ExprKind::Number(Quantity { value: count, .. }), .. })] = &dims[..] else {
            return self.one_setting(name, ty, value, span);
        };
        let count = *count as usize;
        let items = match value.settled() {
            Value::List(items) if items.len() == count => items,
            Value::List(items) => {
                let (setting, at) = (name.to_string(), self.blame(span));
                let wanted = format!("{count} values, one for each axis, or one for all");
                let found = format!("a list of {}", items.len());
                let declared = Some(ty.span).filter(|&it| !self.in_library(it));
                return Err(self.report(WrongValue { setting, wanted, found, at, declared, help: None, repair: None }));
            }
            one => vec![one; count],
        };
        let items: Outcome<Vec<Value>> = items.into_iter().map(|it| self.one_setting(name, ty, it, span)).collect();
        items.map(Value::List)
    }

    fn one_setting(&mut self, name: &str, ty: &Type, value: Value, span: Span) -> Outcome<Value> {
        let TypeKind::Named { name: word, .. } = &ty.kind else { return Ok(value) };
        // A stage is a layer that has its parameters.
        if word.as_str() == "layer" && matches!(&value, Value::Stage(stage) if stage.callee.is_some()) {
            return Ok(value);
        }
        let value = value.settled();
        let at = self.blame(span);
        let setting = name.to_string();
        let declared = Some(ty.span).filter(|&it| !self.in_library(it));
        let wrong = |lower: &mut Self, wanted: &str, value: &Value| {
            let found = match value {
                Value::Word(word) if wanted == "a whole number" && is_variable(word) && lower.near(word).is_none() => {
                    return lower.report(SizeUnsolved { name: word.to_string(), at });
                }
                Value::Word(word) if lower.near(word).is_some() => {
                    return lower.unknown_word("value", &word.clone(), span);
                }
                Value::Word(word) => format!("`{word}`"),
                other => other.noun(),
            };
            let (setting, wanted) = (name.to_string(), wanted.to_string());
            if let Value::Number(Number { measure: Some(_), .. }) = value {
                return lower.report(WrongUnit { setting, wanted, found, at, help: None });
            }
            let help = match value {
                Value::Text(text) if text.trim().parse::<f64>().is_ok() => {
                    Some(format!("write {}, without quotes", text.trim()))
                }
                _ => None,
            };
            let repair = match value {
                Value::Text(text) if help.is_some() => Some([format!("{text:?}"), text.trim().to_string()]),
                _ => None,
            };
            lower.report(WrongValue { setting, wanted, found, at, declared, help, repair })
        };
        match word.as_str() {
            "int" => match &value {
                Value::Number(number) if number.measure.is_none() && number.value.fract() == 0.0 => Ok(value),
                Value::Number(Number { inexact: Some(division), .. }) => {
                    let division = self.blame(*division);
                    Err(self.report(InexactDivision { at: division, used: at }))
                }
                // Pixels are counted.
                Value::Number(number) if number.measure == Some(Measure::Length) => Ok(value),
                _ => Err(wrong(self, "a whole number", &value)),
            },
            "real" => match &value {
                Value::Number(number) if matches!(number.measure, None | Some(Measure::Share | Measure::Factor)) => {
                    if !number.value.is_finite() {
                        let (range, value) = ("a finite number".into(), number.value.to_string());
                        return Err(self.report(OutOfRange { setting, range, value, at, help: None }));
                    }
                    Ok(Value::Number(Number { measure: None, ..*number }))
                }
                Value::Tensor(tensor) if tensor.shape.is_empty() => Ok(value),
                _ => Err(wrong(self, "a number", &value)),
            },
            "prob" => match &value {
                Value::Number(number) if matches!(number.measure, None | Some(Measure::Share)) => {
                    if !(0.0..=1.0).contains(&number.value) {
                        let help = (number.value > 1.0 && number.value <= 100.0)
                            .then(|| format!("{}% is {}", number.value, number.value / 100.0));
                        let (range, value) = ("from 0 to 1 (0% to 100%)".into(), number.value.to_string());
                        return Err(self.report(OutOfRange { setting, range, value, at, help }));
                    }
                    Ok(Value::Number(Number { measure: None, ..*number }))
                }
                _ => Err(wrong(self, "a share, like 10%", &value)),
            },
            "rate" => match &value {
                Value::Number(number) if number.measure.is_none() => {
                    if !(number.value.is_finite() && number.value >= 0.0) {
                        let (range, value) = ("0 or more".into(), number.value.to_string());
                        return Err(self.report(OutOfRange { setting, range, value, at, help: None }));
                    }
                    Ok(value)
                }
                Value::Tensor(_) => Ok(value),
                _ => Err(wrong(self, "a learning rate, like 1e-3", &value)),
            },
            "time" => match &value {
                Value::Number(number) => self.updates(name, *number, span).map(Value::Number),
                _ => Err(wrong(self, "a time of the run, like 1 epoch, 100 steps or 5%", &value)),
            },
            "angle" => self.measured(name, &value, Measure::Angle, span),
            "length" => self.measured(name, &value, Measure::Length, span),
            "padding" => match &value {
                Value::Word(word) if matches!(&**word, "same" | "none") => Ok(value),
                Value::Number(number) if number.value < 0.0 || number.value.fract() != 0.0 => {
                    let (range, value) = ("a whole length from 0px on".into(), value.noun());
                    Err(self.report(OutOfRange { setting, range, value, at, help: None }))
                }
                Value::Number(_) => self.measured(name, &value, Measure::Length, span),
                _ => Err(wrong(self, "`same`, `none` or a length, like 1px", &value)),
            },
            "bytes" => self.measured(name, &value, Measure::Bytes, span),
            "frequency" => self.measured(name, &value, Measure::Frequency, span),
            "fn" => match &value {
                Value::Callable(callee) if callee.is_function() => Ok(value),
                // A name that a field's formula took for a column.
                Value::Tensor(Tensor { meaning: Meaning::Column(column), .. }) if self.columns.is_some() => {
                    let plan = &self.columns.as_ref().expect("just seen").plans[*column];
                    let (crate::model::program::Select::Column(name) | crate::model::program::Select::Pattern(name)) =
                        &plan.select;
                    let modules = self.modules;
                    let mut known = modules.names_of(crate::model::modules::LIBRARY, Kind::Fn);
                    known.extend(crate::model::builtins::names().map(|it| -> &str { it }));
                    let (near, name) = (nearest(name, known), name.clone());
                    Err(self.report(UnknownName { kind: "function".into(), name, at, near }))
                }
                Value::Word(word) => match self.unknown_function(&word.clone(), span) {
                    Some(reported) => Err(reported),
                    None => Err(wrong(self, "a function, like `identity`", &value)),
                },
                _ => Err(wrong(self, "a function, like `identity`", &value)),
            },
            "layer" => match &value {
                Value::Callable(_) => Ok(value),
                _ => Err(wrong(self, "a layer, or a stage that has its parameters", &value)),
            },
            "name" => match &value {
                Value::Word(_) => Ok(value),
                Value::Callable(callee) if callee.given.is_empty() => Ok(Value::Word(callee.name().into())),
                _ => Err(wrong(self, "a word", &value)),
            },
            "bool" => match &value {
                Value::Bool(_) => Ok(value),
                _ => Err(wrong(self, "yes or no", &value)),
            },
            "text" => match &value {
                Value::Text(_) => Ok(value),
                _ => Err(wrong(self, "a text in quotes", &value)),
            },
            "range" if matches!(&value, Value::Range(low, high) if low.value > high.value) => {
                Err(wrong(self, "a range that goes up", &value))
            }
            "range" => match (&value, measured_range(ty)) {
                (Value::Range(..), None) => Ok(value),
                (Value::Range(low, high), Some(of)) => {
                    // Both ends are what the range is of; in the body they are plain numbers.
                    let mut end = |it: &Number| match self.one_setting(name, &of, Value::Number(*it), span)? {
                        Value::Number(it) => Ok(Number { measure: None, ..it }),
                        _ => Err(Reported),
                    };
                    Ok(Value::Range(end(low)?, end(high)?))
                }
                (_, None) => Err(wrong(self, "a range, like 0 .. 1", &value)),
                (_, Some(of)) => {
                    let ends = match &of.kind {
                        TypeKind::Named { name, .. } => match name.as_str() {
                            "angle" => "-15deg .. 15deg",
                            "length" => "-4px .. 4px",
                            "prob" => "60% .. 100%",
                            _ => "0.8 .. 1.2",
                        },
                        _ => "0.8 .. 1.2",
                    };
                    Err(wrong(self, &format!("a range, like {ends}"), &value))
                }
            },
            "list" => match &value {
                Value::List(_) => Ok(value),
                _ => Err(wrong(self, "a list", &value)),
            },
            _ => {
                let (kind, name) = ("type".to_string(), word.text.to_string());
                let near = nearest(&name, SETTING_TYPES);
                Err(self.report(UnknownName { kind, name, at: word.span, near }))
            }
        }
    }

    fn measured(&mut self, name: &str, value: &Value, measure: Measure, span: Span) -> Outcome<Value> {
        let (at, setting, wanted) = (self.blame(span), name.to_string(), measure.example().to_string());
        match value {
            Value::Number(number) if number.measure == Some(measure) => Ok(value.clone()),
            Value::Number(number) if number.measure.is_none() => {
                let unit = measure.example().split(char::is_numeric).next_back().expect("an example");
                let (help, unit) = (format!("write {}{unit}", number.value), measure.only_unit());
                let number = Some(number.value.to_string());
                Err(self.report(MissingUnit { setting, wanted, at, help, number, unit }))
            }
            other => {
                let found = other.noun();
                Err(self.report(WrongUnit { setting, wanted, found, at, help: None }))
            }
        }
    }

    /// A time of the run in updates.
    pub fn updates(&mut self, name: &str, number: Number, span: Span) -> Outcome<Number> {
        let (at, setting) = (self.blame(span), name.to_string());
        let wanted = "a time of the run, like 1 epoch, 100 steps or 5%".to_string();
        if number.value < 0.0 || !number.value.is_finite() {
            let (range, value) = ("0 or more".into(), number.value.to_string());
            return Err(self.report(OutOfRange { setting, range, value, at, help: None }));
        }
        let value = match number.measure {
            Some(Measure::Steps) => number.value,
            Some(Measure::Epochs) => number.value * self.setting.epoch as f64,
            Some(Measure::Share) => number.value * self.setting.total as f64,
            None if number.value == 0.0 || number.updates => number.value,
            None => {
                let value = number.value;
                let help = format!("write {value} steps, or {value} epochs");
                return Err(self.report(MissingUnit { setting, wanted, at, help, number: None, unit: None }));
            }
            Some(_) => {
                let found = Value::Number(number).noun();
                return Err(self.report(WrongUnit { setting, wanted, found, at, help: None }));
            }
        };
        // No longer a quantity: a number of updates, which may go on to another setting of type `time`.
        Ok(Number { value, measure: None, whole: false, inexact: None, updates: true })
    }
}

/// How many inputs of a function stand before its settings.
pub fn inputs_of(function: &Definition) -> usize {
    let is_setting = |ty: &Type| matches!(&ty.kind, TypeKind::Named { name, dims } if SETTING_TYPES.contains(&name.as_str()) && dims.is_empty());
    let is_input = |param: &&ConfigParam| param.default.is_none() && !param.ty.as_ref().is_some_and(is_setting);
    function.callable.config.iter().take_while(is_input).count()
}

/// What a range is of: `range[angle]`.
fn measured_range(ty: &Type) -> Option<Type> {
    let TypeKind::Named { dims, .. } = &ty.kind else { return None };
    let [Dim::Expr(Expr { kind: ExprKind::Name(name), span })] = &dims[..] else { return None };
    let kind = TypeKind::Named { name: Name::new(name.clone(), *span), dims: vec![] };
    Some(Type { kind, ..ty.clone() })
}
