//! Overrides: values from the command line put in the place of those in the file, before anything is checked.
//!
//! The path is any suffix of a setting's full path that only one setting has. Overrides change values, never structure.

use super::modules::{LIBRARY, Modules};
use super::train::SETTINGS;
use crate::problem::Problem;
use crate::problem::names::{OverrideAmbiguous, OverrideUnmatched};
use crate::problem::syntax::ValueMissing;
use crate::source::{Source, Sources, Span, nearest};
use crate::syntax::tree::{
    Arg, Body, Callable, DataEntry, Expr, ExprKind, FieldDecl, File, Item, Kind, Name, Setting, Stmt, TrainEntry,
};
use std::sync::Arc;

/// What an override can fill.
enum Slot<'a> {
    Value(&'a mut Expr),
    /// A setting that a `train` block does not give.
    Unset(&'a mut Vec<TrainEntry>, &'a str),
    /// An argument of a call: its name, and its number among the callable's own.
    Argument(&'a mut Expr, &'a str, Option<usize>),
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
        let mut paths = vec![];
        visit(tree, modules, &mut |path, _| paths.push(path.to_string()));
        paths.sort_unstable();
        paths.dedup();
        let found: Vec<&String> = paths.iter().filter(|it| *it == path || it.ends_with(&format!(".{path}"))).collect();
        match found[..] {
            [] => {
                let near = near(path, &paths);
                problems.push(OverrideUnmatched { path: path.clone(), at, near }.into());
            }
            [only] => visit(tree, modules, &mut |path, slot| {
                if path == only {
                    fill(slot, &expr, at);
                }
            }),
            [..] => {
                let matches = found.iter().map(|name| format!("`{name}`")).collect();
                problems.push(OverrideAmbiguous { path: path.clone(), at, matches }.into());
            }
        }
    }
}

/// The paths whose last name is nearest to that of `path`: three at most.
fn near(path: &str, paths: &[String]) -> Vec<String> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_string();
    let ends: Vec<String> = paths.iter().map(|path| last(path)).collect();
    let near = nearest(&last(path), ends.iter().map(String::as_str));
    let near = paths.iter().zip(&ends).filter(|(_, end)| Some(end.as_str()) == near);
    near.map(|(path, _)| format!("`{path}`")).take(3).collect()
}

/// Shows everything that can be overridden, with its path. The same setting of several train blocks has one path: it is
/// set in all of them.
fn visit(tree: &mut File, modules: &Modules, see: &mut dyn FnMut(&str, Slot)) {
    let own: Vec<Arc<Callable>> = tree
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Callable(callable) => Some(callable.clone()),
            _ => None,
        })
        .collect();
    let arguments = |value: &Expr, kind| arguments(value, kind, &own, modules);
    for item in &mut tree.items {
        match item {
            Item::Let(it) => see(&it.name.text, Slot::Value(&mut it.value)),
            Item::Callable(callable) => {
                let callable = Arc::make_mut(callable);
                let of = callable.name.text.clone();
                visit_pipelines(&mut callable.body, &mut |stages| {
                    visit_stages(stages, &of, &|stage| arguments(stage, Kind::Layer), see);
                });
            }
            Item::Train(block) => {
                for key in SETTINGS {
                    let path = format!("train.{key}");
                    let setting = block.entries.iter_mut().find_map(|entry| match entry {
                        TrainEntry::Setting(setting) if setting.key.as_str() == *key => Some(setting),
                        _ => None,
                    });
                    let Some(setting) = setting else {
                        see(&path, Slot::Unset(&mut block.entries, key));
                        continue;
                    };
                    see(&path, Slot::Value(&mut setting.value));
                    match Kind::ALL.into_iter().find(|kind| kind.word() == *key) {
                        Some(kind) => {
                            let names = arguments(&setting.value, kind);
                            visit_arguments(&mut setting.value, &path, &names, see);
                        }
                        None => visit_arguments(&mut setting.value, &path, &[], see),
                    }
                }
                let terms = block.entries.iter_mut().filter_map(|entry| match entry {
                    TrainEntry::Regularize { terms, .. } => Some(terms),
                    _ => None,
                });
                let mut terms: Vec<&mut Expr> = terms.flatten().map(|term| &mut term.value).collect();
                let names: Vec<Option<String>> = terms.iter().map(|term| called(term)).collect();
                for (at, term) in terms.iter_mut().enumerate() {
                    let Some(name) = &names[at] else { continue };
                    // Twins are told apart by their number, as the blocks of a `repeat` are.
                    let same = |it: &&Option<String>| it.as_ref() == Some(name);
                    let number = match names.iter().filter(same).count() {
                        1 => String::new(),
                        _ => format!("[{}]", names[..at].iter().filter(same).count()),
                    };
                    let settings = arguments(term, Kind::Regularizer);
                    visit_arguments(term, &format!("train.regularize.{name}{number}"), &settings, see);
                }
            }
            Item::Data(block) => {
                for entry in &mut block.entries {
                    match entry {
                        DataEntry::Setting(setting) => {
                            let path = format!("{}.{}", block.name.text, setting.key.text);
                            see(&path, Slot::Value(&mut setting.value));
                            visit_arguments(&mut setting.value, &path, &[], see);
                        }
                        DataEntry::Field(FieldDecl { name, value: Some(value), .. }) => {
                            if let ExprKind::Pipe { stages, .. } = &mut value.kind {
                                let path = format!("{}.{}", block.name.text, name.text);
                                visit_stages(stages, &path, &|stage| arguments(stage, Kind::Encoder), see);
                            }
                        }
                        DataEntry::Field(_) | DataEntry::Ignore { .. } | DataEntry::Broken(_) => {}
                    }
                }
            }
            _ => {}
        }
    }
}

/// Shows the settings `names` of what is called in `call`, given or not, and those of its other forms that are given.
fn visit_arguments(call: &mut Expr, path: &str, names: &[String], see: &mut dyn FnMut(&str, Slot)) {
    for (at, name) in names.iter().enumerate() {
        see(&format!("{path}.{name}"), Slot::Argument(call, name, Some(at)));
    }
    for name in given(call).into_iter().filter(|name| !names.contains(name)) {
        see(&format!("{path}.{name}"), Slot::Argument(call, &name, None));
    }
}

/// Shows the settings of the stages of a pipeline, each under the stage's name.
fn visit_stages(
    stages: &mut [Expr],
    path: &str,
    settings: &dyn Fn(&Expr) -> Vec<String>,
    see: &mut dyn FnMut(&str, Slot),
) {
    for stage in stages {
        let (alias, call) = match &mut stage.kind {
            ExprKind::As { expr, name } => (Some(name.text.to_string()), &mut **expr),
            _ => (None, stage),
        };
        let Some(name) = alias.or_else(|| called(call)) else { continue };
        let settings = settings(call);
        visit_arguments(call, &format!("{path}.{name}"), &settings, see);
    }
}

/// Calls `see` for the stages of each pipeline that is a statement, or the value of one.
fn visit_pipelines(body: &mut Body, see: &mut dyn FnMut(&mut [Expr])) {
    let mut expr = |expr: &mut Expr| {
        if let ExprKind::Pipe { stages, .. } = &mut expr.kind {
            see(stages);
        }
    };
    match body {
        Body::Formula(it) => expr(it),
        Body::Block(statements) => statements.iter_mut().for_each(|statement| match statement {
            Stmt::Expr(it) | Stmt::Bind { value: it, .. } => expr(it),
            _ => {}
        }),
    }
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

/// What is called in `expr`, with arguments or without.
fn called(expr: &Expr) -> Option<String> {
    let callee = match &expr.kind {
        ExprKind::Call { callee, .. } => callee,
        _ => expr,
    };
    match &callee.kind {
        ExprKind::Name(name) => Some(name.to_string()),
        _ => None,
    }
}

/// The settings that the callable of `kind` in `value` has, in order: given or not. The file's `own` come first.
fn arguments(value: &Expr, kind: Kind, own: &[Arc<Callable>], modules: &Modules) -> Vec<String> {
    let Some(name) = called(value) else { return vec![] };
    let own = own.iter().find(|callable| callable.kind == kind && *callable.name.text == *name).cloned();
    let library = || modules.callables(LIBRARY, kind, &name).map(|forms| forms[0].callable.clone());
    let config = own.or_else(library).map(|it| it.config.iter().map(|param| param.name.text.to_string()).collect());
    config.unwrap_or_default()
}

fn fill(slot: Slot, expr: &Expr, at: Span) {
    match slot {
        Slot::Value(value) => *value = expr.clone(),
        Slot::Unset(entries, key) => {
            let setting = Setting { key: Name::new(key, at), value: expr.clone(), span: expr.span };
            entries.push(TrainEntry::Setting(setting));
        }
        Slot::Argument(call, name, number) => fill_call(call, name, number, expr, at),
    }
}

/// Gives an argument to a call: in the place where it stands already, by name or by number, else by name.
fn fill_call(call: &mut Expr, name: &str, number: Option<usize>, expr: &Expr, at: Span) {
    let arg = Arg { name: Some(Name::new(name, at)), value: expr.clone() };
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
