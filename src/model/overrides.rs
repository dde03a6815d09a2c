//! Overrides: values from the command line put in the place of those in the file, before anything is checked.
//!
//! The path is any suffix of a setting's full path that only one setting has. Overrides change values, never structure.

use super::modules::{ModuleId, Modules};
use super::settings::{Slot, Walk};
use crate::problem::Problem;
use crate::problem::names::{OverrideAmbiguous, OverrideUnmatched};
use crate::problem::syntax::ValueMissing;
use crate::source::{Source, Sources, Span, nearest};
use crate::syntax::tree::{Arg, DataEntry, Expr, ExprKind, File, Name, Setting, TrainEntry};

/// An override that has a place.
pub struct Set {
    /// The setting's full path.
    pub path: String,
    /// Where it is said.
    pub at: Span,
}

/// Puts each override in its place. Those that have one, in order.
pub fn apply(
    tree: &mut File,
    (modules, module): (&Modules, ModuleId),
    sources: &mut Sources,
    overrides: &[(String, String)],
    problems: &mut Vec<Problem>,
) -> Vec<Set> {
    let mut applied = vec![];
    for (path, value) in overrides {
        let text = format!("{path}={value}");
        let offset = path.len() + 1;
        let file = sources.add(Source::new(format!("--set {text}"), text.clone()));
        let at = Span::new(file, 0, path.len());
        if value.trim().is_empty() {
            let at = Span::new(file, offset, offset);
            problems.push(ValueMissing { what: "value", before: text, found: String::new(), at }.into());
            continue;
        }
        let expr = match crate::syntax::expression_for(tree, file, &format!("{}{value}", " ".repeat(offset))) {
            Ok(expr) => expr,
            Err(mut found) => {
                problems.append(&mut found);
                continue;
            }
        };
        let paths = paths(tree, (modules, module));
        let found = meant(path, &paths);
        match found[..] {
            [] => {
                let near = near(path, &paths);
                problems.push(OverrideUnmatched { path: path.clone(), at, near }.into());
            }
            [only] => {
                put(tree, (modules, module), only, &expr, at);
                applied.push(Set { path: only.clone(), at });
            }
            [..] => {
                let matches = found.iter().map(|name| format!("`{name}`")).collect();
                problems.push(OverrideAmbiguous { path: path.clone(), at, matches }.into());
            }
        }
    }
    applied
}

/// The paths of all settings, in alphabetical order.
pub fn paths(tree: &mut File, (modules, module): (&Modules, ModuleId)) -> Vec<String> {
    let mut paths = vec![];
    visit(tree, modules, module, &mut |path, _| paths.push(path.to_string()));
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// Gives the setting whose full path is `path` a value, said at `at`. Whether there is such a setting.
pub fn put(tree: &mut File, (modules, module): (&Modules, ModuleId), path: &str, value: &Expr, at: Span) -> bool {
    let mut found = false;
    visit(tree, modules, module, &mut |it, slot| {
        if it == path {
            fill(slot, value, at);
            found = true;
        }
    });
    found
}

/// The paths that end in `path`; one that is `path` is the only one.
pub fn meant<'p>(path: &str, paths: &'p [String]) -> Vec<&'p String> {
    match paths.iter().find(|it| *it == path) {
        Some(whole) => vec![whole],
        None => paths.iter().filter(|it| it.ends_with(&format!(".{path}"))).collect(),
    }
}

/// The paths whose last name is nearest to that of `path`: three at most.
pub fn near(path: &str, paths: &[String]) -> Vec<String> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_string();
    let ends: Vec<String> = paths.iter().map(|path| last(path)).collect();
    let near = nearest(&last(path), ends.iter().map(String::as_str)).map(|near| near.name);
    let near = paths.iter().zip(&ends).filter(|(_, end)| Some(*end) == near.as_ref());
    near.map(|(path, _)| format!("`{path}`")).take(3).collect()
}

/// Shows everything that can be overridden, with its path. The same setting of several train blocks has one path: it is
/// set in all of them.
fn visit(tree: &mut File, modules: &Modules, module: ModuleId, see: &mut dyn FnMut(&str, Slot)) {
    Walk::new(modules, module, &|_| None, &mut |seen, slot| see(seen.path, slot)).file(tree);
}

fn fill(slot: Slot, expr: &Expr, at: Span) {
    let setting = |key: &str| Setting { key: Name::new(key, at), value: expr.clone(), span: expr.span };
    match slot {
        Slot::Value(value) => *value = expr.clone(),
        Slot::Train(block, key) => block.entries.push(TrainEntry::Setting(setting(key))),
        Slot::Data(block, key) => block.entries.push(DataEntry::Setting(setting(key))),
        Slot::Block(block, key) => block.settings.push(setting(key)),
        Slot::Argument { call, name, at: place, .. } => {
            let arg = Arg { name: Some(Name::new(name, at)), value: expr.clone() };
            match (&mut call.kind, place) {
                (ExprKind::Call { args, .. }, Some(place)) => args[place].value = expr.clone(),
                (ExprKind::Call { args, .. }, None) => args.push(arg),
                _ => {
                    let callee = Box::new(call.clone());
                    call.kind = ExprKind::Call { callee, args: vec![arg] };
                }
            }
        }
    }
}
