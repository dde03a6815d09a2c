//! `dlmc inspect`: what is inside an artifact, a checkpoint or a safetensors file.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::check::{brought, private};
use super::numbers::{bytes, count};
use super::table::{Align, Table};
use super::terminal::Format;
use super::{Exit, Stop, Terminal, crash};
use crate::session::artifact::Document;
use crate::session::inspection::Inspection;

/// Show what is inside an artifact, a checkpoint or a safetensors file
#[derive(clap::Args)]
pub struct Args {
    /// The file
    file: PathBuf,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        crash::during("inspecting", None);
        let inside = Inspection::read(&self.file).map_err(|problem| Stop::because(Exit::Usage, problem))?;
        let name = self.file.display().to_string();
        let text = match terminal.format {
            Format::Json => format!("{}\n", as_json(&name, &inside)),
            _ => as_text(&name, &inside),
        };
        terminal.data(&text)?;
        Ok(Exit::Fine)
    }
}

fn as_text(name: &str, inside: &Inspection) -> String {
    let mut facts = Table::new(&[("", Align::Left), ("", Align::Left)]);
    let mut row = |what: &str, text: String| facts.row([what.into(), text]);
    row("file", format!("{name}, {}", bytes(inside.bytes)));
    row("sha256", inside.sha256.clone());
    row("kind", inside.kind().into());
    if let Some(document) = &inside.document {
        described(document).into_iter().for_each(|(what, text)| row(what, text));
    }
    inside.metadata.iter().for_each(|(key, text)| row(key, text.clone()));
    let columns = [("tensor", Align::Left), ("type", Align::Left), ("shape", Align::Left), ("numbers", Align::Right)];
    let mut table = Table::new(&columns);
    for tensor in &inside.tensors {
        let shape = tensor.shape.iter().map(|it| it.to_string()).collect::<Vec<_>>().join(" × ");
        table.row([tensor.name.clone(), tensor.dtype.to_lowercase(), shape, count(tensor.numbers())]);
    }
    table.rule();
    let all = inside.tensors.iter().map(|it| it.numbers()).sum();
    table.row([crate::problem::count(inside.tensors.len(), "tensor", "tensors"), "".into(), "".into(), count(all)]);
    format!("{}\n{}", facts.text(), table.text())
}

/// What an artifact says about itself, row by row.
fn described(document: &Document) -> Vec<(&'static str, String)> {
    let Document { dlmc, program, data, training, transfers, serves, progress, .. } = document;
    let mut rows = vec![("written by", format!("dlmc {dlmc}"))];
    let files: Vec<&str> = program.files.iter().map(|it| it.name.as_str()).collect();
    rows.push(("program", files.join(", ")));
    rows.extend(program.train.clone().map(|train| ("train", train)));
    rows.extend(program.overrides.iter().map(|it| ("override", format!("--set {}={}", it.path, it.value))));
    let [train, val, test] = data.examples.map(|it| count(it as u64));
    rows.push(("examples", format!("{train} training, {val} validation, {test} test")));
    for (target, classes) in &data.classes {
        // Among the tokens of a text there may be the end of a line.
        let shown = classes.iter().map(|name| match name.chars().any(char::is_control) {
            true => format!("{name:?}"),
            false => name.clone(),
        });
        let shown: Vec<String> = shown.collect();
        rows.push(("classes", format!("{target}: {}", shown.join(", "))));
    }
    rows.extend(serves.iter().map(|it| ("serves", it.join(", "))));
    rows.extend(transfers.iter().map(|it| ("began with", format!("{}, sha256 {}", brought(it), it.sha256))));
    rows.push(("seed", training.seed.to_string()));
    rows.push(("updates", format!("{}, weights of {}", count(training.step), count(training.kept))));
    if let Some(guarantee) = &training.privacy {
        rows.push(("privacy", private(guarantee)));
        let secret =
            if guarantee.secret { "known to nobody but the run" } else { "known: not for models that are handed out" };
        rows.push(("noise's seed", secret.into()));
    }
    if let Some(progress) = progress {
        rows.push(("place", format!("after {} of this run's updates", count(progress.at.step))));
    }
    for (split, metrics) in &training.metrics {
        let told: Vec<String> =
            metrics.iter().filter_map(|(name, value)| Some(format!("{name} {:.4}", value.number()?))).collect();
        rows.push(("metrics", format!("{split}: {}", told.join(", "))));
    }
    rows
}

fn as_json(name: &str, inside: &Inspection) -> Value {
    let tensors = inside.tensors.iter().map(
        |it| json!({ "name": it.name, "dtype": it.dtype, "shape": it.shape, "bytes": it.bytes, "best": it.is_best() }),
    );
    json!({
        "file": name, "kind": inside.kind(), "bytes": inside.bytes, "sha256": inside.sha256, "document": inside.document,
        "metadata": inside.metadata, "tensors": tensors.collect::<Vec<_>>(),
    })
}
