//! The names that a body sees, and what stands behind each.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::modules::ModuleId;
use crate::model::types;
use crate::model::value::*;
use crate::source::Span;
use crate::syntax::tree::Place;

/// The names that a body sees, beside those of its module.
pub struct Scope {
    pub module: ModuleId,
    pub(super) vars: Vec<(Arc<str>, Bound)>,
    /// Where the body's parameters live: empty for a model, `blocks[0].a` for a layer within one.
    pub path: String,
    /// Stages of this body that own parameters, for finding twins.
    pub(super) stages: BTreeMap<Arc<str>, Span>,
    /// In an optimizer: the shape of the parameter, which its states take.
    pub owner: Option<Vec<usize>>,
    /// In the formula of a field: names may be columns.
    pub is_field: bool,
    /// Sizes that the inputs so far do not tell.
    pub open: Vec<types::AxisFact>,
    /// Where a type here has named an axis, and the name that the axis has outside.
    pub outside: Vec<(Span, Option<Label>)>,
}

#[derive(Clone)]
pub(super) enum Bound {
    Value(Value),
    /// Declared, and made when it is first read.
    Place {
        place: Arc<Place>,
        trained: bool,
    },
    /// About its value something has been said.
    Unknown,
}

impl Scope {
    pub fn new(module: ModuleId, path: &str) -> Scope {
        Scope {
            module,
            vars: Vec::new(),
            path: path.to_string(),
            stages: BTreeMap::new(),
            owner: None,
            is_field: false,
            open: vec![],
            outside: vec![],
        }
    }

    pub fn bind(&mut self, name: &str, value: Value) {
        self.vars.push((name.into(), Bound::Value(value)));
    }

    pub(super) fn find(&self, name: &str) -> Option<&Bound> {
        self.vars.iter().rev().find(|(it, _)| &**it == name).map(|(_, bound)| bound)
    }

    /// The value of a name, if it has one already.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self.find(name)? {
            Bound::Value(value) => Some(value),
            Bound::Place { .. } | Bound::Unknown => None,
        }
    }

    pub fn mark(&self) -> usize {
        self.vars.len()
    }

    /// Forgets what was bound since `mark`.
    pub fn release(&mut self, mark: usize) {
        self.vars.truncate(mark);
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.vars.iter().map(|(name, _)| name)
    }
}

/// `outer.inner`, where there is an outer.
pub fn join(outer: &str, inner: &str) -> String {
    if outer.is_empty() { inner.to_string() } else { format!("{outer}.{inner}") }
}

/// Whether a name in scope is one that people write: hidden ones are not.
pub(super) fn is_word(name: &str) -> bool {
    !name.ends_with('\'') && name != types::REST
}
