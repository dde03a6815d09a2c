//! `dlmc export`: the weights of an artifact as a file for other tools, and for `transfer`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::numbers::count;
use super::program::unwritable;
use super::terminal::Format;
use super::{Exit, Stop, Terminal, crash};
use crate::problem::Severity;
use crate::problem::command::FileExists;
use crate::session::artifact::Artifact;
use crate::session::export::Weights;
use crate::session::folder::write_whole;

/// Write the weights of an artifact as safetensors, under their names in the program
#[derive(clap::Args)]
pub struct Args {
    /// What a training wrote: `model.dlmx`, or a checkpoint
    artifact: PathBuf,
    /// Where to write [default: the artifact's name with `.safetensors`, here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file if it is there already
    #[arg(long)]
    force: bool,
    /// Add to each weight what adapts it, for programs and tools that know nothing of adapters
    #[arg(long)]
    merged: bool,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        crash::during("exporting", None);
        let stem = self.artifact.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let out = self.out.unwrap_or_else(|| format!("{stem}.safetensors").into());
        let artifact = Artifact::read(&self.artifact).map_err(|problem| Stop::because(Exit::Usage, problem))?;
        // A link that leads nowhere is there, too.
        if let Ok(there) = fs::symlink_metadata(&out) {
            // Of an artifact more would be lost than its weights.
            let is_itself = same(&out, &self.artifact);
            let replaceable = !there.is_dir() && !is_itself;
            if !(self.force && replaceable) {
                let facts = FileExists { path: out.display().to_string(), replaceable };
                return Err(Stop::because(Exit::Usage, facts));
            }
        }
        let weights = if self.merged { merged(&artifact, terminal)? } else { Weights::of(&artifact) };
        // A bare name stands in the folder `.`.
        write_whole(&Path::new(".").join(&out), &weights.bytes).map_err(|error| unwritable(&out, &error))?;
        let (from, path) = (self.artifact.display().to_string(), out.display().to_string());
        let Weights { tensors, numbers, sha256, bytes } = weights;
        match terminal.format {
            Format::Json => {
                let facts = json!({
                    "artifact": from, "file": path, "tensors": tensors, "numbers": numbers, "bytes": bytes.len(),
                    "sha256": sha256,
                });
                terminal.data(&format!("{facts}\n"))?;
            }
            _ => {
                terminal.data(&format!("{path}\n"))?;
                let tensors = crate::problem::count(tensors, "tensor", "tensors");
                terminal.talk(&format!("{tensors}, {} numbers, sha256 {sha256}\n", count(numbers)));
            }
        }
        Ok(Exit::Fine)
    }
}

/// The weights as the program of the artifact reads them.
fn merged(artifact: &Artifact, terminal: &Terminal) -> Result<Weights, Stop> {
    let unreadable = |problem| Stop::because(Exit::Usage, problem);
    let (checked, program, warnings) = artifact.program().map_err(unreadable)?;
    let warnings = terminal.judge(warnings);
    warnings.iter().for_each(|warning| terminal.problem(&checked.sources, warning));
    if warnings.iter().any(|it| it.severity == Severity::Error) {
        return Err(Stop::Told(Exit::Problems));
    }
    Weights::merged(artifact, &checked.programs[program]).map_err(unreadable)
}

/// Whether two paths lead to one file.
fn same(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}
