//! The settings of a program: what fills each, who gave it, and which of several forms of a callable is meant.

use std::collections::BTreeMap;
use std::path::Path;

use super::edits::{Edits, fill};
use super::report::{Report, Steps};
use crate::compile::Override;
use crate::model::Program;
use crate::model::check::{Outline, outline};
use crate::model::overrides::{meant, near};
use crate::model::program::{Batch, FieldType};
use crate::model::settings::{Seen, Slot, Walk, arguments_of};
use crate::model::types::follows_target;
use crate::problem::Problem;
use crate::problem::names::{OverrideAmbiguous, OverrideUnmatched};
use crate::source::{Source, Sources, Span, World};
use crate::syntax::print_expr;
use crate::syntax::tree::{Dim, Expr, ExprKind, Item, Kind, Type, TypeKind};

/// A setting, and where its value came from.
#[derive(Clone, PartialEq, Debug)]
pub struct Setting {
    pub path: String,
    /// The `train` block in which it stands, where that has a name.
    pub train: Option<String>,
    /// As the language writes it; nothing where nothing stands for it.
    pub value: Option<String>,
    pub origin: Origin,
    /// What would stand for it if it were not given.
    pub default: Option<String>,
    /// Where the default is written, if it is in the language.
    pub declared: Option<Place>,
    /// What it holds, in the words of the language or the manual.
    pub ty: String,
    /// What is said about it, or about what it belongs to.
    pub doc: String,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Origin {
    Written(Place),
    /// Given on the command line, in these words.
    Override(String),
    Default,
    /// Computed, from what.
    Derived(String, Option<Place>),
    /// Not given, and nothing stands for it.
    Absent,
}

/// A line of a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Place {
    pub file: String,
    pub line: usize,
    pub text: String,
}

/// Which of the forms that differ in their settings is meant at a path.
pub type Forms = BTreeMap<String, usize>;

/// Everything that fills a setting of a sound program.
pub fn settings(world: &dyn World, path: &Path, text: &str, overrides: &[Override], report: &Report) -> Vec<Setting> {
    let set = pairs(overrides);
    let forms = forms(world, path, &overridden(world, path, text, overrides));
    let outline = outline(world, path, text, &set, &mut vec![]);
    let mut found: Vec<Setting> = vec![];
    walk(&outline, &forms, &mut |seen, slot| {
        let setting = setting(&outline, seen, slot);
        if !found.contains(&setting) {
            found.push(setting);
        }
    });
    for (program, train) in report.checked.programs.iter().zip(&report.trains) {
        for size in sizes(&outline, program) {
            if !found.contains(&size) {
                found.push(size);
            }
        }
        let (value, steps) = match &train.steps {
            Steps::Known(steps) => (steps.to_string(), true),
            Steps::Formula(formula) => (formula.clone(), false),
        };
        let batch = match program.train.batch {
            Batch::All => "all at once".to_string(),
            Batch::Size(size) => match program.train.accumulate {
                1 => format!("in batches of {size}"),
                several => format!("in batches of {size}, {several} in a step"),
            },
        };
        let rows = match train.rows {
            Some([rows, ..]) if steps => format!("{rows} training rows, {batch}"),
            _ => format!("the training rows, {batch}"),
        };
        let derived = format!("`for` and {rows}");
        found.push(Setting {
            train: program.name.clone(),
            doc: "Updates in the whole run.".into(),
            ..derived_setting("train.steps".into(), value, derived, None)
        });
    }
    found
}

/// The settings that a path means: the end of a full path that only one setting has.
pub fn at<'s>(settings: &'s [Setting], path: &str) -> Result<Vec<&'s Setting>, (Sources, Problem)> {
    let mut paths: Vec<String> = settings.iter().map(|it| it.path.clone()).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut sources = Sources::default();
    let at = Span::new(sources.add(Source::new("the path", path)), 0, path.len());
    match meant(path, &paths)[..] {
        [only] => Ok(settings.iter().filter(|it| it.path == *only).collect()),
        [] => {
            let near = near(path, &paths);
            Err((sources, OverrideUnmatched { path: path.into(), at, near }.into()))
        }
        [..] => {
            let matches = meant(path, &paths).iter().map(|name| format!("`{name}`")).collect();
            Err((sources, OverrideAmbiguous { path: path.into(), at, matches }.into()))
        }
    }
}

pub fn pairs(overrides: &[Override]) -> Vec<(String, String)> {
    overrides.iter().map(|it| (it.path.clone(), it.value.clone())).collect()
}

/// Shows every setting of an outline, with its overrides.
pub fn walk(outline: &Outline, forms: &Forms, see: &mut dyn FnMut(Seen, Slot)) {
    let form = |path: &str| forms.get(path).copied();
    Walk::new(&outline.modules, outline.module, &form, see).file(&mut outline.tree.clone());
}

/// The text of a program with the overrides written into it. Those that have no place change nothing.
pub fn overridden(world: &dyn World, path: &Path, text: &str, overrides: &[Override]) -> String {
    let mut text = text.to_string();
    for set in overrides {
        let outline = outline(world, path, &text, &[], &mut vec![]);
        let mut paths = vec![];
        walk(&outline, &Forms::new(), &mut |seen, _| paths.push(seen.path.to_string()));
        paths.sort_unstable();
        paths.dedup();
        let [only] = meant(&set.path, &paths)[..] else { continue };
        let value = match crate::syntax::expression(outline.file, &set.value) {
            Ok(value) if set.value.contains(['\n', '#']) => print_expr(&value),
            _ => set.value.trim().to_string(),
        };
        let mut edits = Edits::new(&text);
        walk(&outline, &Forms::new(), &mut |seen, slot| {
            if seen.path == only {
                edits.set(slot, &value);
            }
        });
        text = edits.apply();
    }
    text
}

/// Which forms are meant in a sound program where several differ in their settings. The one whose settings, all of them
/// written out by name, the checker takes.
pub fn forms(world: &dyn World, path: &Path, text: &str) -> Forms {
    let outline = outline(world, path, text, &[], &mut vec![]);
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    walk(&outline, &Forms::new(), &mut |seen, _| {
        if seen.forms > 1 {
            open.insert(seen.owner.to_string(), seen.forms);
        }
    });
    let mut found = Forms::new();
    for (owner, count) in open {
        let takes = |form: &usize| {
            let forms = Forms::from([(owner.clone(), *form)]);
            let mut edits = Edits::new(text);
            walk(&outline, &forms, &mut |seen, slot| {
                if seen.owner == owner {
                    fill(&mut edits, &seen, slot, true);
                }
            });
            let checked = crate::compile::check(world, path, Some(edits.apply()), &[]);
            checked.is_ok_and(|it| it.is_sound())
        };
        if let Some(form) = (0..count).find(takes) {
            found.insert(owner, form);
        }
    }
    found
}

fn setting(outline: &Outline, seen: Seen, slot: Slot) -> Setting {
    let value: Option<Expr> = match slot {
        Slot::Value(value) => Some(value.clone()),
        Slot::Argument { call, at: Some(at), .. } => Some(arguments_of(call)[at].value.clone()),
        Slot::Argument { at: None, .. } | Slot::Train(..) | Slot::Data(..) | Slot::Block(..) => None,
    };
    let declared = seen.declared;
    let default = declared.as_ref().and_then(|it| it.default.clone());
    let origin = match (&value, &default) {
        (Some(value), _) => {
            let name = &outline.sources[value.span.file].name;
            match name.strip_prefix("--set ") {
                Some(_) if value.span.file != outline.file => Origin::Override(name.clone()),
                _ => Origin::Written(place(&outline.sources, value.span)),
            }
        }
        (None, Some(_)) => Origin::Default,
        (None, None) => Origin::Absent,
    };
    let default = default.as_ref().map(print_expr);
    Setting {
        path: seen.path.into(),
        train: seen.train.map(String::from),
        value: value.as_ref().map(shown).or_else(|| default.clone()),
        origin,
        declared: declared.as_ref().and_then(|it| it.at).map(|at| place(&outline.sources, at)),
        ty: declared.as_ref().map_or(String::new(), |it| it.ty.clone()),
        doc: declared.map_or(String::new(), |it| it.doc),
        default,
    }
}

/// A value on one line.
fn shown(value: &Expr) -> String {
    match &value.kind {
        ExprKind::Table(rows) => format!("table {{ {} rows }}", rows.len().saturating_sub(1)),
        _ => print_expr(value),
    }
}

pub fn place(sources: &Sources, span: Span) -> Place {
    let source = &sources[span.file];
    let (line, _) = source.place(span.start);
    Place { file: source.name.clone(), line, text: source.line(line).trim().to_string() }
}

fn derived_setting(path: String, value: String, from: String, place: Option<Place>) -> Setting {
    let origin = Origin::Derived(from, place);
    let (train, default, declared) = (None, None, None);
    Setting { path, train, value: Some(value), origin, default, declared, ty: String::new(), doc: String::new() }
}

/// The sizes of a model that its data and its targets decide.
fn sizes(outline: &Outline, program: &Program) -> Vec<Setting> {
    let callable = outline.tree.items.iter().find_map(|item| match item {
        Item::Callable(it) if it.kind == Kind::Model && *it.name.text == *program.model => Some(it),
        _ => None,
    });
    let Some(callable) = callable else { return vec![] };
    let mut found: Vec<Setting> = vec![];
    let mut add = |name: &str, size: usize, from: String, at: Span| {
        let path = format!("{}.{name}", program.model);
        if found.iter().all(|it| it.path != path) {
            let place = (at.file == outline.file).then(|| place(&outline.sources, at));
            found.push(derived_setting(path, size.to_string(), from, place));
        }
    };
    for input in &callable.inputs {
        let Some(field) = program.data.fields.iter().find(|it| it.name == input.name.as_str()) else { continue };
        let from = format!("the field `{}`", field.name);
        match (&field.ty, input.ty.as_ref().map(variables).unwrap_or_default()) {
            (FieldType::Class(class), names) => {
                names.iter().flatten().for_each(|(name, _)| add(name, class.values(), from.clone(), field.span));
            }
            (_, names) => {
                let sizes = names.iter().rev().zip(field.shape.iter().rev());
                sizes.filter_map(|(name, &size)| Some((name.as_ref()?, size))).for_each(|((name, less), size)| {
                    add(name, size + less, from.clone(), field.span);
                });
            }
        }
    }
    let result = callable.result.as_ref().map(variables).unwrap_or_default();
    if let [output] = &program.outputs[..] {
        let target = output.target.map(|at| &program.data.fields[at]);
        for (name, &size) in result.iter().rev().zip(output.shape.iter().rev()) {
            let Some((name, less)) = name else { continue };
            match target {
                Some(field) => add(name, size + less, format!("the target `{}`", field.name), field.span),
                None => add(name, size + less, "what the model gives".into(), callable.head),
            }
        }
    }
    found
}

/// The names among the sizes of a type, and by how much a size is less than what it names: 1 in `logit[K - 1]`.
fn variables(ty: &Type) -> Vec<Option<(String, usize)>> {
    let TypeKind::Named { dims, .. } = &ty.kind else { return vec![] };
    let name = |dim: &Dim| match dim {
        Dim::Expr(size) => follows_target(size).map(|(name, less)| (name.to_string(), less)),
        Dim::Named { .. } | Dim::Rest(_) => None,
    };
    dims.iter().map(name).collect()
}
