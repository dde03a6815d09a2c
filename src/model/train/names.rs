//! Maps of names: what files call the tensors of a layer, declared by `names … of …`, and asked for by a `transfer` block.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::parts::lint_empty;
use super::transfer::{rename, skips};
use super::{Context, Experiment};
use crate::model::lower::{Outcome, Reported};
use crate::model::modules::{Definition, ModuleId};
use crate::model::transfer::{NameMap, Origin, TransferPlan};
use crate::problem::Problem;
use crate::problem::lint::ShadowsLibrary;
use crate::problem::names::{NameTwice, UnknownName};
use crate::problem::transfer::{UnknownNames, Unmapped};
use crate::source::{Span, nearest};
use crate::syntax::tree::{self, Item, Kind, Name, TransferEntry};

/// Looks at the maps that a file declares, whether somebody asks for them or not.
pub fn check(context: &Context, problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<(&str, &str), Span> = BTreeMap::new();
    for item in &context.tree.items {
        let Item::Names(map) = item else { continue };
        _ = read(map, None, problems);
        if map.entries.is_empty() {
            let (block, so) = (format!("names {}", map.name), "no tensor is called otherwise".to_string());
            lint_empty(block, so, map.span, problems);
        }
        for of in &map.of {
            if let Some(first) = seen.insert((map.name.as_str(), of.as_str()), map.name.span) {
                let name = format!("names {} of {of}", map.name);
                problems.push(NameTwice { name, at: map.name.span, first }.into());
            }
            let Some(layer) = layer_of(context, of) else {
                unknown(context, of, problems);
                continue;
            };
            let is_library = |it: &Arc<tree::NameMap>| it.span.file.0 < context.library_files;
            let theirs = context.modules.maps(layer.module, &layer).into_iter().map(|it| it.1);
            if let Some(theirs) = theirs.filter(is_library).find(|it| it.name.text == map.name.text) {
                let (kind, name) = ("map of names".to_string(), map.name.text.to_string());
                problems.push(ShadowsLibrary { kind, name, at: map.name.span, library: theirs.name.span }.into());
            }
        }
    }
}

/// The layer or model that a map speaks of.
fn layer_of(context: &Context, of: &Name) -> Option<Definition> {
    let mut kinds = [Kind::Layer, Kind::Model].into_iter();
    let forms = kinds.find_map(|kind| context.modules.callables(context.module, kind, of.as_str()));
    forms.map(|mut it| it.remove(0))
}

fn unknown(context: &Context, of: &Name, problems: &mut Vec<Problem>) {
    if context.is_broken(of.as_str()) {
        return;
    }
    let known = [Kind::Layer, Kind::Model].into_iter().flat_map(|kind| context.modules.names_of(context.module, kind));
    let near = nearest(of.as_str(), known);
    let (kind, name, at) = ("layer or model".to_string(), of.text.to_string(), of.span);
    problems.push(UnknownName { kind, name, at, near }.into());
}

/// The lines of a map. Where they stand in another file than the block that goes by them, `elsewhere` is the place of that.
fn read(map: &tree::NameMap, elsewhere: Option<Span>, problems: &mut Vec<Problem>) -> Outcome<NameMap> {
    let origin = if elsewhere.is_some() { Origin::Elsewhere } else { Origin::Map };
    let place = |own: Span| elsewhere.unwrap_or(own);
    let mut read = NameMap { name: map.name.text.to_string(), renames: vec![], skips: vec![] };
    let mut sound = true;
    for entry in &map.entries {
        match entry {
            TransferEntry::Rename { from, to, layout, .. } => match rename(from, to, layout.as_ref(), problems) {
                Ok(mut it) => {
                    (it.from_at, it.to_at, it.origin) = (place(it.from_at), place(it.to_at), origin);
                    it.layout = it.layout.map(|(layout, at)| (layout, place(at)));
                    read.renames.push(it);
                }
                Err(Reported) => sound = false,
            },
            TransferEntry::Skip { names, .. } => {
                read.skips.extend(skips(names).map(|mut it| {
                    (it.at, it.origin) = (place(it.at), origin);
                    it
                }));
            }
            _ => sound = false,
        }
    }
    if sound { Ok(read) } else { Err(Reported) }
}

impl Experiment {
    /// Gives each `transfer` block the maps that there are for its part, and the lines of the one that it asks for. `layers` are
    /// those of the model, by their paths.
    pub fn map_names(&mut self, layers: &[(String, Definition)], problems: &mut Vec<Problem>) -> Outcome<()> {
        let mut plans = std::mem::take(&mut self.transfers);
        let mut sound = true;
        for plan in &mut plans {
            let maps = self.layer(plan, layers).map_or(vec![], |layer| self.modules.maps(self.module, layer));
            let asked = plan.names.clone();
            let at = asked.as_ref().map_or(plan.at, |it| it.span);
            let found = asked.as_ref().map(|asked| maps.iter().find(|it| it.1.name.text == asked.text));
            match found {
                // What else there is only mends what does not fit.
                None => plan.maps.extend(maps.iter().filter_map(|it| self.map_read(it, at, &mut vec![]).ok())),
                Some(Some(map)) => match self.map_read(map, at, problems) {
                    Ok(map) => {
                        *plan = plan.clone().with(&map);
                        plan.maps.push(map);
                    }
                    Err(Reported) => sound = false,
                },
                // Of a file that lacks it something has been said.
                Some(None) if asked.as_ref().is_some_and(|it| self.modules.is_broken(self.module, it.as_str())) => {
                    sound = false;
                }
                Some(None) => {
                    problems.extend(self.unmapped(plan, &maps, layers));
                    sound = false;
                }
            }
        }
        self.transfers = plans;
        if sound { Ok(()) } else { Err(Reported) }
    }

    /// The layer that a block fills, or the model.
    fn layer<'a>(&'a self, plan: &TransferPlan, layers: &'a [(String, Definition)]) -> Option<&'a Definition> {
        match &plan.part {
            None => self.model.first(),
            Some(part) => layers.iter().find(|(path, _)| **path == *part.pattern).map(|it| &it.1),
        }
    }

    fn map_read(
        &self,
        (module, map): &(ModuleId, Arc<tree::NameMap>),
        at: Span,
        problems: &mut Vec<Problem>,
    ) -> Outcome<NameMap> {
        read(map, (*module != self.module).then_some(at), problems)
    }

    /// What is said of a map that there is not for the part of a block; nothing where the part itself is not there.
    fn unmapped(
        &self,
        plan: &TransferPlan,
        maps: &[(ModuleId, Arc<tree::NameMap>)],
        layers: &[(String, Definition)],
    ) -> Option<Problem> {
        let asked = plan.names.as_ref().expect("a block asks for it");
        let part = plan.part.as_ref().map(|it| it.pattern.to_string());
        if part.is_some() && !self.declared.iter().any(|it| plan.within(&it.path).is_some()) {
            // Of this the transfer itself tells.
            return None;
        }
        let known: Vec<String> = maps.iter().map(|it| it.1.name.text.to_string()).collect();
        // A part within it that has such a map.
        let within = layers.iter().find(|(path, layer)| {
            let is_within = plan.within(path).is_some_and(|it| !it.is_empty());
            is_within && self.modules.maps(self.module, layer).iter().any(|it| it.1.name.text == asked.text)
        });
        let layer = self.layer(plan, layers).map(|it| (it.callable.kind.noun(), it.callable.name.text.to_string()));
        let near = nearest(asked.as_str(), known.iter().map(String::as_str));
        let inner = within.map(|(path, layer)| (path.clone(), layer.callable.name.text.to_string()));
        let unmapped = Unmapped { layer, part, known, inner };
        Some(UnknownNames { names: asked.text.to_string(), unmapped, near, at: asked.span }.into())
    }
}
