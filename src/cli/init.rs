//! `dlmc init`: a program proposed for a table.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::program::unwritable;
use super::terminal::Format;
use super::{Exit, Stop, Terminal, crash};
use crate::ide::propose::propose;
use crate::problem::command::FileExists;
use crate::session::folder::write_whole;
use crate::session::{Cause, Failure};
use crate::source::{Disk, Sources};

/// Propose a program for a table, with the reason for each guess
#[derive(clap::Args)]
pub struct Args {
    /// The table: csv, tsv, jsonl or parquet
    data: PathBuf,
    /// Where to write the program; `-` is standard output [default: the table's name with `.dlm`, here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The column to predict
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        crash::during("proposing", Some(&self.data));
        let name = self.data.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = name.split('.').next().unwrap_or_default().to_string();
        let to_stdout = self.out.as_deref() == Some(Path::new("-"));
        let out = self.out.filter(|_| !to_stdout).unwrap_or_else(|| format!("{stem}.dlm").into());
        if !to_stdout && out.exists() {
            let facts = FileExists { path: out.display().to_string(), replaceable: false };
            return Err(Stop::because(Exit::Usage, facts));
        }
        let shown = seen_from(&out, &self.data);
        let text =
            propose(&Disk::of_environment(), &self.data, &shown, self.target.as_deref()).map_err(|problems| {
                Stop::Failure(Failure { cause: Cause::Unreadable, sources: Sources::default(), problems })
            })?;
        if to_stdout {
            terminal.data(&text)?;
            return Ok(Exit::Fine);
        }
        // A bare name stands in the folder `.`.
        write_whole(&Path::new(".").join(&out), text.as_bytes()).map_err(|error| unwritable(&out, &error))?;
        let path = out.display().to_string();
        match terminal.format {
            Format::Json => terminal.data(&format!("{}\n", json!({ "file": path, "text": text })))?,
            _ => {
                terminal.data(&format!("{path}\n"))?;
                terminal.talk(&format!("wrote {path}; read it, change what you know better, and `dlmc run {path}`\n"));
            }
        }
        Ok(Exit::Fine)
    }
}

/// The path of the table, as a program at `out` must say it.
fn seen_from(out: &Path, data: &Path) -> String {
    let folder = out.parent().filter(|it| !it.as_os_str().is_empty());
    let path = match folder {
        None => data.to_owned(),
        Some(folder) => match data.strip_prefix(folder) {
            Ok(inside) => inside.to_owned(),
            Err(_) => std::path::absolute(data).unwrap_or_else(|_| data.to_owned()),
        },
    };
    path.display().to_string()
}
