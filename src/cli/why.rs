//! `dlmc why`: where the value of a setting came from.

use std::path::PathBuf;

use serde_json::json;

use super::table::{Align, Table};
use super::terminal::Format;
use super::{Exit, Overrides, Stop, Terminal, program};
use crate::ide::settings::{self, Origin, Place, Setting};
use crate::ide::{Look, Report};
use crate::problem::Severity;
use crate::source::Disk;

/// Show where the value of a setting came from, or list all settings
#[derive(clap::Args)]
pub struct Args {
    /// The program; `-` is standard input
    file: PathBuf,
    /// The setting: the end of a path that only one has, like `optimizer.lr`. All of them where none is given
    path: Option<String>,
    #[command(flatten)]
    overrides: Overrides,
    /// The name to show for standard input, and the folder to look in for what it names
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

/// The most columns of a value in the list.
const WIDTH: usize = 44;

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let opened = program::open(&self.file, self.stdin_filename.as_deref())?;
        let overrides = self.overrides.all();
        let report = sound(program::report(&opened, &overrides, Look::Glance)?, terminal)?;
        let source = &report.checked.sources[report.checked.file];
        let all = settings::settings(&Disk::of_environment(), &opened.path, &source.text, &overrides, &report);
        let found: Vec<&Setting> = match &self.path {
            None => all.iter().collect(),
            Some(path) => settings::at(&all, path).map_err(|(sources, problem)| Stop::Problem {
                exit: Exit::Usage,
                sources,
                problem: Box::new(problem),
            })?,
        };
        let text = match (terminal.format, &self.path) {
            (Format::Json, _) => found.iter().map(|it| as_json(it)).collect(),
            (_, None) => list(&found),
            (_, Some(_)) => found.iter().map(|it| told(it)).collect::<Vec<_>>().join("\n"),
        };
        terminal.data(&text)?;
        Ok(Exit::Fine)
    }
}

/// A report without errors; its problems are shown.
fn sound(report: Report, terminal: &Terminal) -> Result<Report, Stop> {
    let problems = terminal.judge(report.with(&terminal.warn));
    problems.iter().for_each(|problem| terminal.problem(&report.checked.sources, problem));
    if problems.iter().any(|it| it.severity == Severity::Error) {
        terminal.sum(&problems);
        return Err(Stop::Told(Exit::Problems));
    }
    Ok(report)
}

/// A line for each setting.
fn list(found: &[&Setting]) -> String {
    let mut table = Table::new(&[("setting", Align::Left), ("value", Align::Left), ("from", Align::Left)]);
    for setting in found {
        table.row([named(setting), cut(setting.value.as_deref().unwrap_or("–")), origin(setting)]);
    }
    table.text()
}

/// The path, and which `train` block where there may be several.
fn named(setting: &Setting) -> String {
    match &setting.train {
        Some(train) => format!("{} ({train})", setting.path),
        None => setting.path.clone(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((at, _)) => format!("{} …", text[..at].trim_end()),
        None => text.to_string(),
    }
}

fn origin(setting: &Setting) -> String {
    match &setting.origin {
        Origin::Written(place) => line(place),
        Origin::Override(words) => words.clone(),
        Origin::Default => match &setting.declared {
            Some(place) => format!("default in {}", line(place)),
            None => "default".into(),
        },
        Origin::Derived(from, _) => format!("from {from}"),
        Origin::Absent => "not given".into(),
    }
}

fn line(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

/// All that is known of one setting.
fn told(setting: &Setting) -> String {
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left)]);
    let mut row = |what: &str, text: String| table.row([what.into(), text]);
    match &setting.origin {
        Origin::Written(place) => row("written", format!("{}: {}", line(place), place.text)),
        Origin::Override(words) => row("override", words.clone()),
        Origin::Default => row("default", "it is not given".into()),
        Origin::Derived(from, None) => row("derived", format!("from {from}")),
        Origin::Derived(from, Some(place)) => {
            row("derived", format!("from {from}, {}: {}", line(place), place.text));
        }
        Origin::Absent => row("absent", "it is not given, and nothing stands for it".into()),
    }
    if let (Some(default), Origin::Written(_) | Origin::Override(_)) = (&setting.default, &setting.origin) {
        row("instead of", default.clone());
    }
    if let Some(place) = &setting.declared {
        row("declared", format!("{}: {}", line(place), place.text.trim_end_matches(" {")));
    }
    if !setting.ty.is_empty() {
        row("type", setting.ty.clone());
    }
    let doc = setting.doc.replace('\n', " ");
    if let Some(sentence) = doc.split_inclusive(". ").next().filter(|it| !it.is_empty()) {
        row("about", sentence.trim().into());
    }
    let value = setting.value.as_deref().map_or("is not set".into(), |value| format!("= {value}"));
    format!("{} {value}\n{}", named(setting), table.text())
}

fn as_json(setting: &Setting) -> String {
    let (origin, from, place) = match &setting.origin {
        Origin::Written(place) => ("written", None, Some(place)),
        Origin::Override(words) => ("override", Some(words), None),
        Origin::Default => ("default", None, setting.declared.as_ref()),
        Origin::Derived(from, place) => ("derived", Some(from), place.as_ref()),
        Origin::Absent => ("absent", None, None),
    };
    let object = json!({
        "path": setting.path, "train": setting.train, "value": setting.value, "origin": origin, "from": from,
        "file": place.map(|it| &it.file), "line": place.map(|it| it.line),
        "default": setting.default, "type": setting.ty, "doc": setting.doc,
    });
    format!("{object}\n")
}
