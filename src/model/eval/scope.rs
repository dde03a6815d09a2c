//! The names that a body sees, and what stands behind each.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::modules::ModuleId;
use crate::model::types;
use crate::model::value::*;
use crate::source::Span;
use crate::syntax::tree::Place;

/// The names that a body sees, beside those of its module.
pub struct Scope {
    pub module: ModuleId,
    vars: Vec<(Arc<str>, Bound)>,
    /// Where among them each name is bound, the last place last; empty while they are few.
    places: FxHashMap<Arc<str>, Vec<usize>>,
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

/// So many names are looked through one by one.
const FEW: usize = 64;

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
            places: FxHashMap::default(),
            path: path.to_string(),
            stages: BTreeMap::new(),
            owner: None,
            is_field: false,
            open: vec![],
            outside: vec![],
        }
    }

    pub fn bind(&mut self, name: &str, value: Value) {
        self.push(name.into(), Bound::Value(value));
    }

    pub(super) fn push(&mut self, name: Arc<str>, bound: Bound) {
        let at = self.vars.len();
        match at {
            ..FEW => {}
            FEW => {
                for (at, (name, _)) in self.vars.iter().enumerate() {
                    self.places.entry(name.clone()).or_default().push(at);
                }
                self.places.entry(name.clone()).or_default().push(at);
            }
            _ => self.places.entry(name.clone()).or_default().push(at),
        }
        self.vars.push((name, bound));
    }

    pub(super) fn find(&self, name: &str) -> Option<&Bound> {
        let at = match self.vars.len() {
            ..=FEW => self.vars.iter().rposition(|(it, _)| &**it == name)?,
            _ => *self.places.get(name)?.last()?,
        };
        Some(&self.vars[at].1)
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
        if mark <= FEW {
            self.places.clear();
        } else {
            for (name, _) in &self.vars[mark.min(self.vars.len())..] {
                let places = self.places.get_mut(name).expect("a place for each binding");
                places.pop();
            }
        }
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
