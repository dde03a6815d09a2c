//! Overrides: values from the command line put in the place of those in the file, before anything is checked.
//!
//! The path is any suffix of a setting's full path that only one setting has. Overrides change values, never structure.

use super::modules::{LIBRARY, Modules};
use super::train::SETTINGS;
use crate::problem::Problem;
use crate::problem::names::{OverrideAmbiguous, OverrideUnmatched};
use crate::problem::syntax::ValueMissing;
use crate::source::{Source, Sources, Span, nearest};
use crate::syntax::tree::{Arg, Body, DataEntry, Expr, ExprKind, File, Item, Kind, Name, Setting, Stmt, TrainEntry};
use std::sync::Arc;

/// A place that an override can fill.
struct Place {
    path: String,
    item: usize,
    /// The key of a block's setting; nothing for a `let` or a stage.
    key: Option<String>,
    /// The stage of a definition.
    stage: Option<String>,
    /// An argument within that setting's call, and its number among the callable's own.
    arg: Option<(String, Option<usize>)>,
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
        if value.trim().is_empty() {
            let at = Span::new(file, offset, offset);
            problems.push(ValueMissing { what: "value", before: text, found: String::new(), at }.into());
            continue;
        }
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
                places.push(Place { path: value.name.text.to_string(), item, key: None, stage: None, arg: None });
            }
            Item::Callable(callable) => {
                visit_stages(&callable.body, &mut |name, call| {
                    for (at, arg) in arguments(call, Kind::Layer, tree, modules).into_iter().enumerate() {
                        let path = format!("{}.{name}.{arg}", callable.name.text);
                        let stage = Some(name.to_string());
                        places.push(Place { path, item, key: None, stage, arg: Some((arg, Some(at))) });
                    }
                });
            }
            Item::Train(block) => {
                for key in SETTINGS {
                    let path = format!("train.{key}");
                    let own = Some(key.to_string());
                    places.push(Place { path: path.clone(), item, key: own.clone(), stage: None, arg: None });
                    let value = block.entries.iter().find_map(|entry| match entry {
                        TrainEntry::Setting(setting) if setting.key.as_str() == *key => Some(&setting.value),
                        _ => None,
                    });
                    let Some(value) = value else { continue };
                    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == *key);
                    let names = kind.map_or_else(|| given(value), |kind| arguments(value, kind, tree, modules));
                    for (at, name) in names.into_iter().enumerate() {
                        let (path, at) = (format!("{path}.{name}"), kind.map(|_| at));
                        places.push(Place { path, item, key: own.clone(), stage: None, arg: Some((name, at)) });
                    }
                }
            }
            Item::Data(block) => {
                for entry in &block.entries {
                    let DataEntry::Setting(setting) = entry else { continue };
                    let path = format!("{}.{}", block.name.text, setting.key.text);
                    let key = Some(setting.key.text.to_string());
                    places.push(Place { path: path.clone(), item, key: key.clone(), stage: None, arg: None });
                    for name in given(&setting.value) {
                        let path = format!("{path}.{name}");
                        places.push(Place { path, item, key: key.clone(), stage: None, arg: Some((name, None)) });
                    }
                }
            }
            _ => {}
        }
    }
    places
}

/// The names of the arguments that a call gives.
fn given(value: &Expr) -> Vec<String> {
    match &value.kind {
        ExprKind::Call { args, .. } => {
            args.iter().filter_map(|arg| arg.name.as_ref()).map(|name| name.text.to_string()).collect()
        }
        _ => vec![],
    }
}

/// The settings that the callable of `kind` in `value` has, in order: given or not.
fn arguments(value: &Expr, kind: Kind, tree: &File, modules: &Modules) -> Vec<String> {
    let callee = match &value.kind {
        ExprKind::Call { callee, .. } => callee,
        _ => value,
    };
    let ExprKind::Name(name) = &callee.kind else { return vec![] };
    let own = tree.items.iter().find_map(|item| match item {
        Item::Callable(callable) if callable.kind == kind && callable.name.text == *name => Some(callable.clone()),
        _ => None,
    });
    let library = || modules.callables(LIBRARY, kind, name).map(|forms| forms[0].callable.clone());
    let config = own.or_else(library).map(|it| it.config.iter().map(|param| param.name.text.to_string()).collect());
    config.unwrap_or_default()
}

/// Every stage of the pipelines in a body: its name, and what is called there.
fn visit_stages(body: &Body, see: &mut dyn FnMut(&str, &Expr)) {
    walk(body, &mut |stages| {
        for stage in stages {
            if let Some((name, call)) = named(stage) {
                see(&name, call);
            }
        }
    });
}

/// The name of a stage, after `as` or that of its layer, and the call.
fn named(stage: &Expr) -> Option<(String, &Expr)> {
    let (alias, call) = match &stage.kind {
        ExprKind::As { expr, name } => (Some(name.text.to_string()), &**expr),
        _ => (None, stage),
    };
    let callee = match &call.kind {
        ExprKind::Call { callee, .. } => callee,
        _ => call,
    };
    let ExprKind::Name(own) = &callee.kind else { return None };
    Some((alias.unwrap_or_else(|| own.to_string()), call))
}

/// Calls `see` for the stages of each pipeline that is a statement, or the value of one.
fn walk(body: &Body, see: &mut dyn FnMut(&[Expr])) {
    let mut expr = |expr: &Expr| {
        if let ExprKind::Pipe { stages, .. } = &expr.kind {
            see(stages);
        }
    };
    match body {
        Body::Formula(it) => expr(it),
        Body::Block(statements) => statements.iter().for_each(|statement| match statement {
            Stmt::Expr(it) | Stmt::Bind { value: it, .. } => expr(it),
            _ => {}
        }),
    }
}

fn fill(tree: &mut File, place: &Place, expr: &Expr, at: Span) {
    match &mut tree.items[place.item] {
        Item::Let(value) => value.value = expr.clone(),
        Item::Callable(callable) => {
            let callable = Arc::make_mut(callable);
            let exprs: Vec<&mut Expr> = match &mut callable.body {
                Body::Formula(it) => vec![it],
                Body::Block(statements) => statements
                    .iter_mut()
                    .filter_map(|statement| match statement {
                        Stmt::Expr(it) | Stmt::Bind { value: it, .. } => Some(it),
                        _ => None,
                    })
                    .collect(),
            };
            for it in exprs {
                let ExprKind::Pipe { stages, .. } = &mut it.kind else { continue };
                for stage in stages {
                    if named(stage).map(|(name, _)| name) == place.stage {
                        let call = match &mut stage.kind {
                            ExprKind::As { expr, .. } => expr,
                            _ => stage,
                        };
                        fill_call(call, place, expr, at);
                    }
                }
            }
        }
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
    match place.arg {
        Some(_) => fill_call(&mut setting.value, place, expr, at),
        None => setting.value = expr.clone(),
    }
}

/// Gives an argument to a call: in the place where it stands already, by name or by number, else by name.
fn fill_call(call: &mut Expr, place: &Place, expr: &Expr, at: Span) {
    let (name, number) = place.arg.as_ref().expect("an argument");
    let arg = Arg { name: Some(Name::new(name.as_str(), at)), value: expr.clone() };
    match &mut call.kind {
        ExprKind::Call { args, .. } => {
            let by_name = args.iter().position(|it| it.name.as_ref().is_some_and(|it| it.as_str() == name));
            let positional = args.iter().enumerate().filter(|(_, it)| it.name.is_none()).map(|(at, _)| at);
            let by_number = number.and_then(|number| positional.clone().nth(number));
            match by_name.or(by_number) {
                Some(found) => args[found].value = expr.clone(),
                None => args.push(arg),
            }
        }
        _ => {
            let callee = Box::new(call.clone());
            call.kind = ExprKind::Call { callee, args: vec![arg] };
        }
    }
}
