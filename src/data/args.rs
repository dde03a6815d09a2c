//! How the arguments of a source or a split are matched with what it takes.

use crate::model::program::{Constant, Given};
use crate::problem::Problem;
use crate::problem::data::{DataSettingMissing, DataSettingTwice, DataSettingValue, UnknownDataSetting};
use crate::source::{Span, nearest};
use crate::syntax::tree::Name;

pub use crate::model::takes::{Kind, Param};

/// A share of the rows.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Share {
    Percent(f64),
    Rows(usize),
}

/// Arguments that fit: each is one of the parameters and of its kind.
pub struct Args<'a> {
    params: &'static [Param],
    values: Vec<Option<&'a Given>>,
    /// What stands behind all that has a name.
    rest: Vec<&'a Given>,
}

impl<'a> Args<'a> {
    /// Positional arguments come in the order of `params`.
    pub fn read(callee: &Name, given: &'a [Given], params: &'static [Param]) -> Result<Args<'a>, Vec<Problem>> {
        let mut values: Vec<Option<&Given>> = params.iter().map(|_| None).collect();
        let mut problems: Vec<Problem> = vec![];
        let (all, rest) = match params {
            [named @ .., last] if last.kind == Kind::Rest => (named, Some(last)),
            all => (all, None),
        };
        let (mut positional, mut more) = (0..all.len(), vec![]);
        for one in given {
            let place = match &one.name {
                Some(name) => all.iter().position(|param| param.name == name.as_str()),
                None => positional.next(),
            };
            let Some(place) = place else {
                match rest.filter(|_| one.name.is_none()) {
                    Some(rest) if rest.kind.holds(&one.value) => more.push(one),
                    Some(rest) => problems.push(mistyped(callee, one, rest)),
                    None => problems.push(unknown(callee, one, all)),
                }
                continue;
            };
            let param = &params[place];
            if let Some(before) = values[place] {
                problems.push(DataSettingTwice { setting: param.name, at: one.span, before: before.span }.into());
            } else if param.kind.holds(&one.value) {
                values[place] = Some(one);
            } else {
                values[place] = Some(one);
                problems.push(mistyped(callee, one, param));
            }
        }
        // What is missing may be what was misspelt.
        let is_misspelt = !problems.is_empty();
        for (param, value) in params.iter().zip(&values) {
            if !is_misspelt && param.required && value.is_none() {
                let (callee, at) = (callee.as_str().to_string(), callee.span);
                problems.push(
                    DataSettingMissing { callee, setting: param.name, what: param.kind.words(), doc: param.doc, at }
                        .into(),
                );
            }
        }
        if problems.is_empty() { Ok(Args { params, values, rest: more }) } else { Err(problems) }
    }

    fn given(&self, name: &str) -> Option<&'a Given> {
        let place = self.params.iter().position(|param| param.name == name);
        self.values[place.expect("a parameter of this table")]
    }

    pub fn span(&self, name: &str) -> Option<Span> {
        self.given(name).map(|it| it.span)
    }

    /// A path, a letter, a name.
    pub fn text(&self, name: &str) -> Option<(&'a str, Span)> {
        self.given(name).map(|it| match &it.value {
            Constant::Text(text) | Constant::Word(text) => (text.as_str(), it.span),
            other => unreachable!("{other:?} for a text"),
        })
    }

    /// One path, or several.
    pub fn paths(&self, name: &str) -> Option<Vec<(&'a str, Span)>> {
        self.given(name).map(|it| match &it.value {
            Constant::List(items) => items.iter().map(|item| (text_of(item), it.span)).collect(),
            one => vec![(text_of(one), it.span)],
        })
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.given(name).map(|it| match it.value {
            Constant::Bool(flag) => flag,
            ref other => unreachable!("{other:?} for a flag"),
        })
    }

    pub fn texts(&self, name: &str) -> Option<Vec<&'a str>> {
        self.given(name).map(|it| match &it.value {
            Constant::List(items) => items.iter().map(text_of).collect(),
            other => unreachable!("{other:?} for a list"),
        })
    }

    /// The texts that stand behind all that has a name.
    pub fn rest(&self) -> impl Iterator<Item = (&'a str, Span)> {
        self.rest.iter().map(|it| (text_of(&it.value), it.span))
    }

    pub fn share(&self, name: &str) -> Option<Share> {
        self.given(name).map(|it| match &it.value {
            Constant::Number { value, unit: Some(_) } => Share::Percent(*value),
            Constant::Number { value, unit: None } => Share::Rows(*value as usize),
            other => unreachable!("{other:?} for a share"),
        })
    }
}

fn text_of(item: &Constant) -> &str {
    match item {
        Constant::Text(text) => text,
        other => unreachable!("{other:?} among texts"),
    }
}

fn unknown(callee: &Name, given: &Given, params: &'static [Param]) -> Problem {
    let name = given.name.as_ref();
    let names = params.iter().map(|param| param.name);
    let near = name.and_then(|name| nearest(name.as_str(), names.clone()));
    UnknownDataSetting {
        callee: callee.as_str().to_string(),
        setting: name.map(|name| name.as_str().to_string()),
        near,
        known: names.map(String::from).collect(),
        at: name.map_or(given.span, |name| name.span),
    }
    .into()
}

/// A value in the words of a person.
fn told(value: &Constant) -> String {
    match value {
        Constant::Bool(true) => "`yes`".into(),
        Constant::Bool(false) => "`no`".into(),
        Constant::Number { value, unit: _ } if value.abs() >= 1e15 => format!("{value:e}"),
        Constant::Number { value, unit: Some(unit) } if unit == "%" => format!("{}%", super::cells::tidy(*value)),
        Constant::Number { value, unit: Some(unit) } => format!("{} {unit}", super::cells::tidy(*value)),
        Constant::Number { value, unit: None } => super::cells::tidy(*value),
        Constant::Text(text) => format!("the text {text:?}"),
        Constant::Word(word) => format!("`{word}`"),
        Constant::List(_) => "a list".into(),
    }
}

fn mistyped(callee: &Name, given: &Given, param: &Param) -> Problem {
    let fraction = match given.value {
        Constant::Number { value, unit: None } if param.kind == Kind::Share && value > 0.0 && value < 1.0 => {
            Some(format!("{}: {}%", param.name, super::cells::tidy(value * 100.0)))
        }
        _ => None,
    };
    let example = fraction.unwrap_or_else(|| match param.kind {
        Kind::Rest => format!("{callee}(…, {})", param.kind.example(), callee = callee.as_str()),
        kind => format!("{}: {}", param.name, kind.example()),
    });
    DataSettingValue {
        callee: callee.as_str().to_string(),
        setting: param.name,
        what: param.kind.words(),
        found: told(&given.value),
        example,
        at: given.span,
    }
    .into()
}
