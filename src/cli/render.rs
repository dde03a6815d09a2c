//! `dlmc render`: a program with every default written out.

use std::path::PathBuf;

use serde_json::json;

use super::terminal::Format;
use super::{Exit, Overrides, Stop, Terminal, program};
use crate::ide::render::render;
use crate::source::Disk;

/// Show a program with every default written out
#[derive(clap::Args)]
pub struct Args {
    /// The program; `-` is standard input
    file: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// The name to show for standard input, and the folder to look in for what it names
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let opened = program::open(&self.file, self.stdin_filename.as_deref())?;
        let overrides = self.overrides.all();
        let checked = program::sound(&opened, &overrides, terminal)?;
        let source = &checked.sources[checked.file];
        let text = render(&Disk::of_environment(), &opened.path, &source.text, &overrides)
            .expect("a sound program has a layout");
        match terminal.format {
            Format::Json => terminal.data(&format!("{}\n", json!({ "file": source.name, "text": text })))?,
            _ => terminal.data(&text)?,
        }
        Ok(Exit::Fine)
    }
}
