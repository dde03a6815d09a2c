//! `dlmc new`: a project to start from.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::program::unwritable;
use super::terminal::Format;
use super::{Exit, Stop, Terminal};
use crate::ide::templates::TEMPLATES;
use crate::problem::command::FileExists;
use crate::session::folder::write_whole;

/// Start a project: a folder with a program, its data, and how to go on
#[derive(clap::Args)]
pub struct Args {
    /// The folder to make
    name: PathBuf,
    /// What to start from
    #[arg(long, value_name = "NAME", default_value = TEMPLATES[0].name, value_parser = names())]
    template: String,
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(TEMPLATES.iter().map(|it| clap::builder::PossibleValue::new(it.name).help(it.about)))
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let template = TEMPLATES.iter().find(|it| it.name == self.template).expect("one of the names");
        let folder = self.name.display().to_string();
        if self.name.exists() {
            return Err(Stop::because(Exit::Usage, FileExists { path: folder, replaceable: false }));
        }
        let name = self.name.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let files = template.files(&name);
        for (path, text) in &files {
            let path = self.name.join(path);
            write_whole(&Path::new(".").join(&path), text.as_bytes()).map_err(|error| unwritable(&path, &error))?;
        }
        let paths: Vec<String> = files.iter().map(|(path, _)| self.name.join(path).display().to_string()).collect();
        match terminal.format {
            Format::Json => terminal.data(&format!("{}\n", json!({ "folder": folder, "files": paths })))?,
            _ => {
                terminal.data(&paths.iter().map(|path| format!("{path}\n")).collect::<String>())?;
                terminal.talk(&format!("next: cd {folder} && dlmc run {}\n", files[0].0));
            }
        }
        Ok(Exit::Fine)
    }
}
