//! What a `transfer` block asks for: which tensors of a file become which tensors of the model.

pub mod layout;
pub mod leaves;
pub mod pattern;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use layout::Layout;
pub use pattern::{Caught, Pattern};

use crate::source::Span;
use crate::syntax::tree::{Name, Selector};

/// `transfer backbone from "file.safetensors" { … }`, read and sound in itself.
#[derive(Clone, Debug)]
pub struct TransferPlan {
    /// The word `transfer`.
    pub at: Span,
    /// All of the clause, for repairs that add a line to it.
    pub whole: Span,
    /// The part of the model that is filled; all of it where none is named.
    pub part: Option<Selector>,
    pub from: Arc<str>,
    pub from_at: Span,
    /// What the file's bytes must hash to, in lower-case hexadecimal, and where that is said.
    pub sha256: Option<(String, Span)>,
    /// The map of names that the block asks for, and where.
    pub names: Option<Name>,
    /// The maps of names that there are for the part.
    pub maps: Vec<NameMap>,
    /// Those of the block, then those of the map that it asks for.
    pub renames: Vec<Rename>,
    pub skips: Vec<Skip>,
    /// What starts as the model says, whatever the file holds. Relative to the part.
    pub fresh: Vec<Selector>,
}

/// `rename "conv1.*" -> stem.conv.* as oihw`
#[derive(Clone, Debug)]
pub struct Rename {
    /// Names of the file.
    pub from: Pattern,
    pub from_at: Span,
    /// Names of the model, relative to the part.
    pub to: Pattern,
    pub to_at: Span,
    pub layout: Option<(Layout, Span)>,
    pub origin: Origin,
}

/// `skip "fc.*"`
#[derive(Clone, Debug)]
pub struct Skip {
    pub what: Pattern,
    pub at: Span,
    pub origin: Origin,
}

/// Where a line stands that a block goes by. Of two that say something else of one tensor the block's own counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    Block,
    /// In a map of names in the file of the block.
    Map,
    /// In a map of names in another file; its places are the one where the block asks for the map.
    Elsewhere,
}

/// What files call the tensors of a layer: a declaration of `names`.
#[derive(Clone, Debug)]
pub struct NameMap {
    pub name: String,
    pub renames: Vec<Rename>,
    pub skips: Vec<Skip>,
}

impl TransferPlan {
    /// The same with the lines of a map behind its own.
    pub fn with(mut self, map: &NameMap) -> TransferPlan {
        self.renames.extend(map.renames.iter().cloned());
        self.skips.extend(map.skips.iter().cloned());
        self
    }

    /// The name of a tensor of the model within the part; none where it lies outside.
    pub fn within<'p>(&self, path: &'p str) -> Option<&'p str> {
        let Some(part) = &self.part else { return Some(path) };
        let rest = path.strip_prefix(&*part.pattern)?;
        match rest.strip_prefix('.') {
            Some(rest) => Some(rest),
            None => rest.starts_with('[').then_some(rest),
        }
    }

    /// Whether a tensor, named within the part, starts as the model says.
    pub fn is_fresh(&self, name: &str) -> bool {
        self.fresh.iter().any(|it| super::train::selects(&it.pattern, name))
    }
}

/// The place of a tensor that a pattern of the model names: itself, or with what other frameworks write for an index and
/// for the names of a layer's own tensors, where `*` stood for them. `find` knows the names that there are.
pub fn resolve(to: &Pattern, caught: &Caught, find: &dyn Fn(&str) -> bool) -> Option<String> {
    let exact = to.fill(caught);
    if find(&exact) {
        return Some(exact);
    }
    if !to.ends_in_star() {
        return None;
    }
    let indexed = to.fill(&Caught { stars: caught.stars.iter().map(|it| bracketed(it)).collect(), ..caught.clone() });
    let (owner, leaf) = match indexed.rsplit_once('.') {
        Some((owner, leaf)) => (format!("{owner}."), leaf),
        None => (String::new(), &*indexed),
    };
    // What two tensors of one layer could be meant by is nobody's to guess.
    let leaves = leaves::own(leaf).chain([leaf]);
    let names = leaves.map(|leaf| format!("{owner}{leaf}"));
    let found: BTreeSet<String> = names.filter(|name| find(name)).collect();
    found.first().filter(|_| found.len() == 1).cloned()
}

/// `blocks.0.a` as the language writes it: `blocks[0].a`. Slashes part names, too.
fn bracketed(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in text.split(['.', '/']).enumerate() {
        match part.bytes().all(|it| it.is_ascii_digit()) && !part.is_empty() {
            true => out += &format!("[{part}]"),
            false if at == 0 => out += part,
            false => out += &format!(".{part}"),
        }
    }
    out
}
