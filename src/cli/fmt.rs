//! `dlmc fmt`: programs in their canonical layout.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::files::{Lost, programs, read, replace};
use super::terminal::Format;
use super::{Exit, Stop, Terminal, crash, program, report};
use crate::problem::{self, Problem};
use crate::source::{Source, Sources};
use crate::syntax;

/// Write programs in their canonical layout
#[derive(clap::Args)]
pub struct Args {
    /// Programs, or folders of programs; `-` is standard input, whose layout goes to standard output
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing, name the files that would change, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
    /// The name to show for standard input
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

/// What became of the files.
#[derive(Default)]
struct Tally {
    changed: usize,
    unchanged: usize,
    problems: Vec<Problem>,
    lost: Lost,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let mut tally = Tally::default();
        for named in &self.files {
            match programs(named) {
                Ok(files) => files.iter().try_for_each(|file| self.one(file, &mut tally, terminal))?,
                Err((path, error)) => failed(&mut tally, program::unreadable(&path, &error), &path, terminal)?,
            }
        }
        terminal.sum(&tally.problems);
        if terminal.format == Format::Human && self.files != [Path::new("-")] {
            terminal.talk(&self.sum(&tally));
        }
        let is_wrong = !tally.problems.is_empty() || self.check && tally.changed > 0;
        Ok(tally.lost.exit().unwrap_or(if is_wrong { Exit::Problems } else { Exit::Fine }))
    }

    /// One file, or standard input.
    fn one(&self, file: &Path, tally: &mut Tally, terminal: &Terminal) -> Result<(), Stop> {
        crash::during("formatting", Some(file));
        let piped = file == Path::new("-");
        let name = if piped { self.stdin_filename.as_deref().unwrap_or(Path::new("<stdin>")) } else { file };
        let text = match read(file) {
            Ok(text) => text,
            Err(error) => {
                let shown = if piped { Path::new("standard input") } else { file };
                return failed(tally, program::unreadable(shown, &error), name, terminal);
            }
        };
        let mut sources = Sources::default();
        let id = sources.add(Source::new(name.display().to_string(), text.as_str()));
        let formatted = match syntax::format(id, &text) {
            Ok(formatted) => formatted,
            Err(problems) => {
                match terminal.format {
                    Format::Json => terminal.data(&line(name, false, &problems, &sources, None))?,
                    _ => problems.iter().for_each(|problem| terminal.problem(&sources, problem)),
                }
                tally.problems.extend(problems);
                return Ok(());
            }
        };
        let changed = formatted != text;
        let write = changed && !self.check && !piped;
        if let Err(error) = if write { replace(file, formatted.as_bytes()) } else { Ok(()) } {
            return failed(tally, program::unwritable(file, &error), name, terminal);
        }
        let shown = (piped && !self.check).then_some(formatted.as_str());
        match terminal.format {
            Format::Json => terminal.data(&line(name, changed, &[], &sources, shown))?,
            _ => match shown {
                Some(text) => terminal.data(text)?,
                None if changed && self.check => terminal.data(&format!("{}\n", name.display()))?,
                None if changed => terminal.talk(&format!("formatted {}\n", name.display())),
                None => {}
            },
        }
        *(if changed { &mut tally.changed } else { &mut tally.unchanged }) += 1;
        Ok(())
    }

    /// `2 files formatted, 1 file unchanged`
    fn sum(&self, tally: &Tally) -> String {
        let files = |count| problem::count(count, "file", "files");
        let mut parts = vec![];
        if tally.changed > 0 {
            parts.push(files(tally.changed) + if self.check { " would change" } else { " formatted" });
        }
        if tally.unchanged > 0 || parts.is_empty() && tally.problems.is_empty() && tally.lost.exit().is_none() {
            parts.push(files(tally.unchanged) + " unchanged");
        }
        parts.join(", ") + "\n"
    }
}

fn failed(tally: &mut Tally, stop: Stop, name: &Path, terminal: &Terminal) -> Result<(), Stop> {
    tally.lost.tell(stop, terminal, |problem, sources| line(name, false, std::slice::from_ref(problem), sources, None))
}

/// The object of `--json`; with the text where it is written nowhere else.
fn line(name: &Path, changed: bool, problems: &[Problem], sources: &Sources, text: Option<&str>) -> String {
    let problems: Vec<Value> = problems.iter().map(|it| report::json(sources, it)).collect();
    let mut object = json!({ "file": name.display().to_string(), "changed": changed, "problems": problems });
    if let Some(text) = text {
        object["text"] = text.into();
    }
    format!("{object}\n")
}
