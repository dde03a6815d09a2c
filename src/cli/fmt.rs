//! `dlmc fmt`: programs in their canonical layout.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::files::{programs, read, replace};
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
    unreadable: bool,
    unwritable: bool,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let mut tally = Tally::default();
        for named in &self.files {
            match programs(named) {
                Ok(files) => files.iter().try_for_each(|file| self.one(file, &mut tally, terminal))?,
                Err((path, error)) => tally.failed(program::unreadable(&path, &error), &path, terminal)?,
            }
        }
        terminal.sum(&tally.problems);
        if terminal.format == Format::Human && self.files != [Path::new("-")] {
            terminal.talk(&self.sum(&tally));
        }
        Ok(match () {
            () if tally.unwritable => Exit::Failed,
            () if tally.unreadable => Exit::Usage,
            () if !tally.problems.is_empty() || self.check && tally.changed > 0 => Exit::Problems,
            () => Exit::Fine,
        })
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
                return tally.failed(program::unreadable(shown, &error), name, terminal);
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
            return tally.failed(program::unwritable(file, &error), name, terminal);
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
        if tally.unchanged > 0 || parts.is_empty() && tally.problems.is_empty() && !tally.unreadable {
            parts.push(files(tally.unchanged) + " unchanged");
        }
        parts.join(", ") + "\n"
    }
}

impl Tally {
    /// A file that cannot be read or written: the others are formatted all the same.
    fn failed(&mut self, stop: Stop, name: &Path, terminal: &Terminal) -> Result<(), Stop> {
        let Stop::Problem { exit, sources, problem } = stop else { return Err(stop) };
        match terminal.format {
            Format::Json => terminal.data(&line(name, false, std::slice::from_ref(&problem), &sources, None))?,
            _ => terminal.problem(&sources, &problem),
        }
        match exit {
            Exit::Failed => self.unwritable = true,
            _ => self.unreadable = true,
        }
        Ok(())
    }
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
