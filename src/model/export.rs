//! A second artifact: an `export` block, checked against the train block whose model it holds.

use std::path::{Component, Path};

use super::blocks::Own;
use super::lower::{Outcome, Reported};
use super::plan::Reader;
use super::program::{DataPlan, FieldPlan, Program, Select};
use super::train::{Context, Row, row, selects};
use crate::problem::Problem;
use crate::problem::names::{UnknownName, UnknownSetting};
use crate::problem::serving::*;
use crate::source::{Span, nearest};
use crate::syntax::tree::{Block, Expr, ExprKind, Name, Role};

/// An artifact that a run writes beside its own, for whoever predicts.
#[derive(Clone, Debug)]
pub struct ExportPlan {
    /// The name of the `export` block, if it has one.
    pub name: Option<String>,
    pub span: Span,
    /// The name of the train block whose model it holds, if that has one.
    pub train: Option<String>,
    /// Below the folder of the run.
    pub file: String,
    /// Where that is said.
    pub file_at: Span,
    /// The fields that it serves, in the order in which they are named: all inputs that the model reads, and what names a row.
    pub serves: Vec<String>,
}

/// The settings of an export block.
pub const SETTINGS: &[Row] = &[
    row("train", None, "Which train block's model it holds, where there are several."),
    row("file", None, "Where it is written, in the folder of the run."),
    row(
        "serve",
        None,
        "Which fields rows to predict have; without it those that the model reads, and what names a row.",
    ),
];

/// The artifact of a run, in its folder.
pub const ARTIFACT: &str = "model.dlmx";
/// The checkpoints of a run, in its folder.
pub const CHECKPOINTS: &str = "checkpoints";
/// The trials of a search, in its folder.
pub const TRIALS: &str = "trials";

/// How the file of an artifact ends.
const ENDING: &str = ".dlmx";

/// Reads an export block. `programs` are those of the file's train blocks that are sound, `trains` the names of all, `others`
/// the exports that have been read.
pub fn read(
    context: &Context,
    block: &Block,
    (programs, trains): (&[Program], &[Option<String>]),
    others: &[ExportPlan],
    is_whole: bool,
    problems: &mut Vec<Problem>,
) -> Outcome<ExportPlan> {
    let (own, others_settings) = Own::part(block, ("export", SETTINGS), is_whole, problems)?;
    for setting in &others_settings {
        let (block, name, at) = ("`export`".to_string(), setting.key.text.to_string(), setting.key.span);
        let near = nearest(&name, SETTINGS.iter().map(|row| row.name));
        problems.push(UnknownSetting { block, name, at, belongs: None, near, help: None, edits: vec![] }.into());
    }
    let none = |at| NothingToExport { at }.into();
    let train = own.train(context, trains, ("is meant", none), problems);
    let file = match own.get("file") {
        Some(expr) => file(context, expr, problems).map(|file| (file, expr.span)),
        None => Err(own.missing("file", "say what it is called: `file: \"served.dlmx\"`".into(), problems)),
    };
    let train = train?;
    // What is wrong with the train block itself has been told.
    let program = programs.iter().find(|program| program.name == train).ok_or(Reported)?;
    let serves = match own.get("serve") {
        Some(expr) => serves(context, program, expr, problems),
        None => Ok(by_default(program)),
    };
    let (file, file_at) = file?;
    if let Some(other) = others.iter().find(|it| it.train == train && meet(&it.file, &file)) {
        problems.push(ExportFile { file, what: Misplaced::Twice { first: other.file_at }, at: file_at }.into());
        return Err(Reported);
    }
    let (name, span) = (block.name.as_ref().map(|name| name.text.to_string()), block.span);
    let serves = serves?;
    match others_settings.is_empty() {
        true => Ok(ExportPlan { name, span, train, file, file_at, serves }),
        false => Err(Reported),
    }
}

/// Whether the model reads the field.
fn is_read(program: &Program, field: &FieldPlan) -> bool {
    program.feeds[..program.inputs].iter().any(|&at| program.data.fields[at].name == field.name)
}

fn by_default(program: &Program) -> Vec<String> {
    let fields = program.data.fields.iter().filter(|it| it.role == Role::Id || is_read(program, it));
    fields.map(|field| field.name.clone()).collect()
}

/// A path below the folder of the run.
fn file(context: &Context, expr: &Expr, problems: &mut Vec<Problem>) -> Outcome<String> {
    let ExprKind::Text(text) = &expr.kind else {
        return Err(Reader::new(context, &[], problems).wrong("file", "a name in quotes, like \"served.dlmx\"", expr));
    };
    let (file, at) = (text.to_string(), expr.span);
    let parts: Vec<Component> = Path::new(&file).components().collect();
    let is_below = !parts.is_empty() && parts.iter().all(|it| matches!(it, Component::Normal(_) | Component::CurDir));
    let plain = plain(&file);
    let taken = || [CHECKPOINTS, TRIALS].iter().any(|it| plain.starts_with(&format!("{it}/"))) || plain == ARTIFACT;
    let what = match () {
        _ if !is_below => Misplaced::Outside,
        _ if file.ends_with('/') || !file.to_lowercase().ends_with(ENDING) => Misplaced::Ending,
        _ if taken() => Misplaced::Taken,
        _ => return Ok(file),
    };
    problems.push(ExportFile { file, what, at }.into());
    Err(Reported)
}

/// One form for all ways to write a path, where a system makes no difference between large letters and small ones.
fn plain(file: &str) -> String {
    let parts: Vec<&str> = file.split('/').filter(|it| !matches!(*it, "" | ".")).collect();
    parts.join("/").to_lowercase()
}

/// Whether two files cannot both be there.
fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (plain(one), plain(other));
    one == other || one.starts_with(&format!("{other}/")) || other.starts_with(&format!("{one}/"))
}

/// The fields that are named: all that the model reads, and nothing that no prediction needs.
fn serves(context: &Context, program: &Program, expr: &Expr, problems: &mut Vec<Problem>) -> Outcome<Vec<String>> {
    let wanted = "a list of fields, like [age, income]";
    let ExprKind::List(items) = &expr.kind else {
        return Err(Reader::new(context, &[], problems).wrong("serve", wanted, expr));
    };
    let (mut served, mut sound): (Vec<(&str, Span)>, bool) = (vec![], true);
    for item in items {
        let ExprKind::Name(name) = &item.kind else {
            _ = Reader::new(context, &[], problems).wrong("serve", wanted, item);
            sound = false;
            continue;
        };
        let twice = served.iter().find(|it| it.0 == &**name).map(|it| it.1);
        served.push((name, item.span));
        if let Some(problem) = unserved(program, &Name { text: name.clone(), span: item.span }, twice) {
            problems.push(problem);
            sound = false;
        }
    }
    // A name that is none may be that of a field which seems to be missing.
    if !sound {
        return Err(Reported);
    }
    let inputs = program.feeds[..program.inputs].iter().map(|&at| &program.data.fields[at]);
    let lacking: Vec<&FieldPlan> = inputs.filter(|field| served.iter().all(|it| it.0 != field.name)).collect();
    if let Some(first) = lacking.first() {
        let fields = lacking.iter().map(|field| field.name.clone()).collect();
        let (model, at, field_at) = (program.model.clone(), expr.span, first.span);
        problems.push(ServedWithout { fields, model, at, field_at }.into());
        return Err(Reported);
    }
    Ok(served.iter().map(|it| it.0.to_string()).collect())
}

/// Why a name of `serve` cannot be served, if it cannot.
fn unserved(program: &Program, name: &Name, twice: Option<Span>) -> Option<Problem> {
    let DataPlan { fields, ignored, .. } = &program.data;
    let at = name.span;
    let problem = |what, other: Option<Span>| NotServed { name: name.text.to_string(), what, at, other }.into();
    if let Some(first) = twice {
        return Some(problem(Unserved::Twice, Some(first)));
    }
    if let Some(field) = fields.iter().find(|field| field.name == name.as_str()) {
        return match field.role {
            Role::Id => None,
            Role::Input if is_read(program, field) => None,
            Role::Input => Some(problem(Unserved::Unread { model: program.model.clone() }, Some(field.span))),
            role => Some(problem(Unserved::Role(role.word()), Some(field.span))),
        };
    }
    let reads = |field: &&FieldPlan| {
        let mut columns = field.columns.iter();
        columns.any(|it| matches!(&it.select, Select::Column(column) if column == name.as_str()))
    };
    let mut readers = fields.iter().filter(|it| is_read(program, it) || it.role == Role::Id).filter(reads);
    if let Some(field) = readers.next() {
        return Some(problem(Unserved::Column { field: field.name.clone() }, Some(field.span)));
    }
    if let Some(pattern) = ignored.iter().find(|it| selects(it.as_str(), name.as_str())) {
        return Some(problem(Unserved::Ignored, Some(pattern.span)));
    }
    let known = fields.iter().filter(|it| is_read(program, it) || it.role == Role::Id).map(|it| it.name.as_str());
    let (kind, near) = ("field".to_string(), nearest(name.as_str(), known));
    Some(UnknownName { kind, name: name.text.to_string(), at, near }.into())
}
