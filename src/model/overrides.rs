//! Overrides: values from the command line put in the place of those in the file, before anything is checked.
//!
//! The path is any suffix of a setting's full path that only one setting has. Overrides change values, never structure.

use super::modules::{LIBRARY, Modules};
use super::train::SETTINGS;
use crate::problem::Problem;
use crate::problem::names::{OverrideAmbiguous, OverrideUnmatched};
use crate::source::{Source, Sources, Span, nearest};
use crate::syntax::tree::{Arg, DataEntry, Expr, ExprKind, File, Item, Kind, Name, Setting, TrainEntry};

/// A place that an override can fill.
struct Place {
    path: String,
    item: usize,
    /// The key of a block's setting; nothing for a `let`.
    key: Option<String>,
    /// An argument within that setting's call.
    arg: Option<String>,
}

/// Puts each override in its place.
pub fn apply(
    tree: &mut File,
    modules: &Modules,
    sources: &mut Sources,
    overrides: &[(String, String)],
    problems: &mut Vec<Problem>,
) {
    for (path, value) in overrides {
        let text = format!("{path}={value}");
        let offset = path.len() + 1;
        let file = sources.add(Source::new(format!("--set {text}"), text.clone()));
        let at = Span::new(file, 0, path.len());
        let expr = match crate::syntax::expression(file, &format!("{}{value}", " ".repeat(offset))) {
            Ok(expr) => expr,
            Err(mut found) => {
                problems.append(&mut found);
                continue;
            }
        };
        let places = places(tree, modules);
        let fits = |place: &&Place| place.path == *path || place.path.ends_with(&format!(".{path}"));
        let found: Vec<&Place> = places.iter().filter(fits).collect();
        let mut names: Vec<&str> = found.iter().map(|place| place.path.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        match names[..] {
            [] => {
                let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_string();
                let wanted = last(path);
                let ends: Vec<String> = places.iter().map(|place| last(&place.path)).collect();
                let near = nearest(&wanted, ends.iter().map(String::as_str));
                let mut near: Vec<String> = places
                    .iter()
                    .filter(|place| Some(last(&place.path).as_str()) == near)
                    .map(|place| format!("`{}`", place.path))
                    .collect();
                near.dedup();
                near.truncate(3);
                problems.push(OverrideUnmatched { path: path.clone(), at, near }.into());
            }
            [_] => found.iter().for_each(|place| fill(tree, place, &expr, at)),
            [..] => {
                let matches = names.iter().map(|name| format!("`{name}`")).collect();
                problems.push(OverrideAmbiguous { path: path.clone(), at, matches }.into());
            }
        }
    }
}

/// Everything that can be overridden. The same setting of several train blocks has one path: it is set in all of them.
fn places(tree: &File, modules: &Modules) -> Vec<Place> {
    let mut places = Vec::new();
    for (item, it) in tree.items.iter().enumerate() {
        match it {
            Item::Let(value) => {
                places.push(Place { path: value.name.text.to_string(), item, key: None, arg: None });
            }
            Item::Train(block) => {
                for key in SETTINGS {
                    let path = format!("train.{key}");
                    places.push(Place { path: path.clone(), item, key: Some(key.to_string()), arg: None });
                    let value = block.entries.iter().find_map(|entry| match entry {
                        TrainEntry::Setting(setting) if setting.key.as_str() == *key => Some(&setting.value),
                        _ => None,
                    });
                    for name in value.map(|value| arguments(value, key, tree, modules)).unwrap_or_default() {
                        let path = format!("{path}.{name}");
                        places.push(Place { path, item, key: Some(key.to_string()), arg: Some(name) });
                    }
                }
            }
            Item::Data(block) => {
                for entry in &block.entries {
                    let DataEntry::Setting(setting) = entry else { continue };
                    let path = format!("{}.{}", block.name.text, setting.key.text);
                    places.push(Place { path: path.clone(), item, key: Some(setting.key.text.to_string()), arg: None });
                    if let ExprKind::Call { args, .. } = &setting.value.kind {
                        for name in args.iter().filter_map(|arg| arg.name.as_ref()) {
                            let (path, key) = (format!("{path}.{}", name.text), Some(setting.key.text.to_string()));
                            places.push(Place { path, item, key, arg: Some(name.text.to_string()) });
                        }
                    }
                }
            }
            _ => {}
        }
    }
    places
}

/// The settings that the callable in `value` has: those given, and those that have a default.
fn arguments(value: &Expr, key: &str, tree: &File, modules: &Modules) -> Vec<String> {
    let (name, given): (&str, Vec<String>) = match &value.kind {
        ExprKind::Name(name) => (name, vec![]),
        ExprKind::Call { callee, args } => match &callee.kind {
            ExprKind::Name(name) => {
                (name, args.iter().filter_map(|arg| arg.name.as_ref()).map(|name| name.text.to_string()).collect())
            }
            _ => return vec![],
        },
        _ => return vec![],
    };
    let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.word() == key) else { return given };
    let own = tree.items.iter().find_map(|item| match item {
        Item::Callable(callable) if callable.kind == kind && callable.name.as_str() == name => Some(callable.clone()),
        _ => None,
    });
    let library = || modules.callables(LIBRARY, kind, name).map(|forms| forms[0].callable.clone());
    let config = own.or_else(library).map(|it| it.config.iter().map(|param| param.name.text.to_string()).collect());
    let mut names: Vec<String> = config.unwrap_or_default();
    names.extend(given.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
    names
}

fn fill(tree: &mut File, place: &Place, expr: &Expr, at: Span) {
    match &mut tree.items[place.item] {
        Item::Let(value) => value.value = expr.clone(),
        Item::Train(block) => {
            let key = place.key.as_deref().expect("a block's setting");
            let found = block.entries.iter_mut().find_map(|entry| match entry {
                TrainEntry::Setting(setting) if setting.key.as_str() == key => Some(setting),
                _ => None,
            });
            match found {
                Some(setting) => fill_setting(setting, place, expr, at),
                None => {
                    let setting = Setting { key: Name::new(key, at), value: expr.clone(), span: expr.span };
                    block.entries.push(TrainEntry::Setting(setting));
                }
            }
        }
        Item::Data(block) => {
            let key = place.key.as_deref().expect("a block's setting");
            for entry in &mut block.entries {
                if let DataEntry::Setting(setting) = entry
                    && setting.key.as_str() == key
                {
                    fill_setting(setting, place, expr, at);
                }
            }
        }
        _ => unreachable!("places are lets and blocks"),
    }
}

fn fill_setting(setting: &mut Setting, place: &Place, expr: &Expr, at: Span) {
    let Some(name) = &place.arg else {
        setting.value = expr.clone();
        return;
    };
    let arg = Arg { name: Some(Name::new(name.as_str(), at)), value: expr.clone() };
    match &mut setting.value.kind {
        ExprKind::Call { args, .. } => {
            match args.iter_mut().find(|it| it.name.as_ref().is_some_and(|it| it.as_str() == name)) {
                Some(given) => given.value = expr.clone(),
                None => args.push(arg),
            }
        }
        _ => {
            let callee = Box::new(setting.value.clone());
            setting.value.kind = ExprKind::Call { callee, args: vec![arg] };
        }
    }
}
