//! `dlmc diff`: what differs between two programs, and which weights survive.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::numbers::{count, short};
use super::program::{self, Opened};
use super::table::{Align, Table};
use super::terminal::Format;
use super::{Exit, Stop, Terminal, crash};
use crate::compile::Override;
use crate::ide::diff::{Change, Diff, Side, Stage, Weight, Weights};
use crate::source::{Disk, Memory};

/// Show what differs between two programs, and which weights survive
///
/// Ends with 0 where nothing differs, and with 1 where something does.
#[derive(clap::Args)]
pub struct Args {
    /// A program or an artifact
    before: PathBuf,
    /// Another one
    after: PathBuf,
    /// Which `train` block of the first, where there are several; and of the second, unless it is told too
    #[arg(long, value_name = "TRAIN")]
    train: Vec<String>,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        crash::during("comparing", None);
        let [first, second] = [self.train.first(), self.train.get(1).or(self.train.first())];
        let before = side(&self.before, first.map(String::as_str), terminal)?;
        let after = side(&self.after, second.map(String::as_str), terminal)?;
        let diff = Diff::of(&before, &after);
        let text = match terminal.format {
            Format::Json => format!("{}\n", as_json(&diff)),
            _ => as_text(&diff),
        };
        terminal.data(&text)?;
        Ok(if diff.is_empty() { Exit::Fine } else { Exit::Problems })
    }
}

/// A program, or that of an artifact.
fn side(path: &Path, train: Option<&str>, terminal: &Terminal) -> Result<Side, Stop> {
    let unreadable = |error: std::io::Error| program::unreadable(path, &error);
    if path.extension().is_some_and(|it| it == "dlmx") {
        let trained = program::trained(path, terminal)?;
        let record = &trained.document.program;
        let files = record.files.iter().map(|it| (it.name.clone().into(), it.text.as_bytes().to_vec()));
        let world = Memory(files.collect());
        let overrides = record.overrides.iter().map(|it| Override { path: it.path.clone(), value: it.value.clone() });
        let (overrides, file): (Vec<Override>, _) = (overrides.collect(), &record.files[0]);
        return Side::new(&world, Path::new(&file.name), &file.text, &overrides, trained.program).map_err(unreadable);
    }
    let opened: Opened = program::open(path, None)?;
    let checked = program::sound(&opened, &[], terminal)?;
    let at = program::choose(&checked, train)?;
    let text = &checked.sources[checked.file].text;
    Side::new(&Disk::of_environment(), &opened.path, text, &[], at).map_err(unreadable)
}

fn as_text(diff: &Diff) -> String {
    if diff.is_empty() {
        let all = crate::problem::count(diff.weights.survive.len(), "weight", "weights");
        return format!("nothing differs; all {all} survive\n");
    }
    use Align::{Left, Right};
    let mut parts = vec![];
    let mut totals = Table::new(&[("", Left), ("before", Right), ("after", Right)]);
    totals.row(["parameters".into(), count(diff.parameters[0]), count(diff.parameters[1])]);
    totals.row(["operations".into(), short(diff.operations[0]), short(diff.operations[1])]);
    parts.push(totals.text());
    if !diff.stages.is_empty() {
        let mut table =
            Table::new(&[("", Left), ("stage", Left), ("layer", Left), ("gives", Left), ("parameters", Right)]);
        for change in &diff.stages {
            let of = |get: &dyn Fn(&Stage) -> String| both(change, get);
            let parameters = of(&|it| count(it.parameters as u64));
            table.row([
                mark(change),
                change.name.clone(),
                of(&|it| it.layer.clone()),
                of(&|it| it.ty.clone()),
                parameters,
            ]);
        }
        parts.push(table.text());
    }
    if !diff.settings.is_empty() {
        let mut table = Table::new(&[("", Left), ("setting", Left), ("before", Left), ("after", Left)]);
        for change in &diff.settings {
            let of = |side: &Option<String>| side.clone().unwrap_or_else(|| "–".into());
            table.row([mark(change), change.name.clone(), of(&change.before), of(&change.after)]);
        }
        parts.push(table.text());
    }
    parts.push(weights(&diff.weights));
    parts.join("\n")
}

/// `+` for what is new, `-` for what is gone.
fn mark<T>(change: &Change<T>) -> String {
    match (&change.before, &change.after) {
        (None, _) => "+".into(),
        (_, None) => "-".into(),
        _ => "~".into(),
    }
}

/// `old → new` where they differ.
fn both(change: &Change<Stage>, get: &dyn Fn(&Stage) -> String) -> String {
    match (change.before.as_ref().map(get), change.after.as_ref().map(get)) {
        (Some(before), Some(after)) if before != after => format!("{before} → {after}"),
        (Some(only), _) | (None, Some(only)) => only,
        (None, None) => String::new(),
    }
}

fn weights(weights: &Weights) -> String {
    let shape = |shape: &[usize]| shape.iter().map(|it| it.to_string()).collect::<Vec<_>>().join(" × ");
    let Weights { survive, reshaped, lost, new } = weights;
    let old = survive.len() + reshaped.len() + lost.len();
    let numbers = |all: &mut dyn Iterator<Item = &Weight>| all.map(Weight::numbers).sum::<u64>();
    let kept = numbers(&mut survive.iter());
    let before = kept + numbers(&mut reshaped.iter().map(|(it, _)| it)) + numbers(&mut lost.iter().map(|(it, _)| it));
    let mut table =
        Table::new(&[("", Align::Left), ("weight", Align::Left), ("shape", Align::Left), ("", Align::Left)]);
    for (weight, after) in reshaped {
        let shapes = format!("{} → {}", shape(&weight.shape), shape(after));
        table.row(["~".into(), weight.name.clone(), shapes, String::new()]);
    }
    for (weight, renamed) in lost {
        let hint = renamed.as_ref().map_or(String::new(), |name| format!("perhaps {name} now"));
        table.row(["-".into(), weight.name.clone(), shape(&weight.shape), hint]);
    }
    for weight in new {
        table.row(["+".into(), weight.name.clone(), shape(&weight.shape), String::new()]);
    }
    let rows = if table.len() > 0 { table.text() } else { String::new() };
    format!("  {} of {old} weights survive, {} of {} numbers\n{rows}", survive.len(), count(kept), count(before))
}

fn as_json(diff: &Diff) -> Value {
    let stage = |it: &Option<Stage>| {
        it.as_ref().map(|it| json!({ "layer": it.layer, "type": it.ty, "parameters": it.parameters }))
    };
    let stages = diff
        .stages
        .iter()
        .map(|it| json!({ "stage": it.name, "before": stage(&it.before), "after": stage(&it.after) }));
    let settings = diff.settings.iter().map(|it| json!({ "path": it.name, "before": it.before, "after": it.after }));
    let weight = |it: &Weight| json!({ "name": it.name, "shape": it.shape });
    let Weights { survive, reshaped, lost, new } = &diff.weights;
    json!({
        "same": diff.is_empty(), "parameters": diff.parameters, "operations": diff.operations,
        "stages": stages.collect::<Vec<_>>(), "settings": settings.collect::<Vec<_>>(),
        "weights": {
            "survive": survive.iter().map(weight).collect::<Vec<_>>(),
            "reshaped": reshaped.iter().map(|(it, after)| json!({ "name": it.name, "before": it.shape, "after": after })).collect::<Vec<_>>(),
            "lost": lost.iter().map(|(it, now)| json!({ "name": it.name, "shape": it.shape, "perhaps": now })).collect::<Vec<_>>(),
            "new": new.iter().map(weight).collect::<Vec<_>>(),
        },
    })
}
