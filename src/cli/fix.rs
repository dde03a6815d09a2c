//! `dlmc fix`: programs with the repairs that are certain.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::files::{Lost, programs, replace};
use super::terminal::Format;
use super::{Exit, Stop, Terminal, crash, program, report};
use crate::ide::Look;
use crate::ide::fix::{Fixed, fix};
use crate::problem::command::RepairRefused;
use crate::problem::{self, Problem, Severity};
use crate::source::{Disk, Sources};

/// Make the repairs of programs that are certain
#[derive(clap::Args)]
pub struct Args {
    /// Programs, or folders of programs; `-` is standard input, whose repaired text goes to standard output
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing, name the files that would change, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
    /// Change nothing, show what would change, and exit with 1 if anything would
    #[arg(long, conflicts_with = "check")]
    diff: bool,
    /// Read all rows of the data too
    #[arg(long)]
    data: bool,
    /// The name to show for standard input, and the folder to look in for what it names
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

/// What became of the files.
#[derive(Default)]
struct Tally {
    repairs: usize,
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
        if terminal.format == Format::Human {
            terminal.talk(&self.sum(&tally));
        }
        let is_wrong = tally.problems.iter().any(|it| it.severity == Severity::Error);
        let is_left = is_wrong || self.is_trial() && tally.repairs > 0;
        Ok(tally.lost.exit().unwrap_or(if is_left { Exit::Problems } else { Exit::Fine }))
    }

    fn is_trial(&self) -> bool {
        self.check || self.diff
    }

    /// One file, or standard input.
    fn one(&self, file: &Path, tally: &mut Tally, terminal: &Terminal) -> Result<(), Stop> {
        let opened = program::open(file, self.stdin_filename.as_deref())?;
        let (piped, name) = (opened.text.is_some(), opened.path.as_path());
        crash::during("fixing", Some(name));
        let look = if self.data { Look::Rows } else { Look::Glance };
        let mut fixed = match fix(&Disk::of_environment(), name, opened.text.clone(), look) {
            Ok(fixed) => fixed,
            Err(error) => return failed(tally, program::unreadable(name, &error), name, terminal),
        };
        let refused = refused(name, &fixed);
        if refused.is_some() && !self.diff {
            fixed.text.clone_from(&fixed.before);
            fixed.repairs.clear();
        }
        let changed = fixed.text != fixed.before;
        if changed
            && !self.is_trial()
            && !piped
            && let Err(error) = replace(file, fixed.text.as_bytes())
        {
            return failed(tally, program::unwritable(file, &error), name, terminal);
        }
        // What is left: of the repaired text, or that it stays as it is.
        let (sources, problems) = match refused {
            Some(refused) => (Sources::default(), vec![refused]),
            None => (fixed.report.checked.sources.clone(), terminal.judge(fixed.report.with(&terminal.warn))),
        };
        let shown = (piped && !self.is_trial()).then_some(fixed.text.as_str());
        let diff = if self.diff { unified(name, &fixed) } else { String::new() };
        match terminal.format {
            Format::Json => terminal.data(&self.line(name, &fixed, &problems, &sources, shown))?,
            _ => {
                match shown {
                    Some(text) => terminal.data(text)?,
                    None if self.check && changed => terminal.data(&format!("{}\n", name.display()))?,
                    None => terminal.data(&diff)?,
                }
                fixed.repairs.iter().for_each(|repair| {
                    let verb = if self.is_trial() { "would fix" } else { "fixed" };
                    let ((line, column), problem) = (repair.place, &repair.problem);
                    let place = format!("{}:{line}:{column}", name.display());
                    terminal.talk(&format!("{verb} {place} {}: {}\n", problem.code, problem.message));
                });
                // Beside a text on standard output, nothing else can stand there.
                let say = |problem| match shown {
                    Some(_) => terminal.draw(&sources, problem),
                    None => terminal.problem(&sources, problem),
                };
                problems.iter().for_each(say);
            }
        }
        tally.repairs += fixed.repairs.len();
        tally.problems.extend(problems);
        Ok(())
    }

    /// `3 problems fixed, 1 error left`
    fn sum(&self, tally: &Tally) -> String {
        let number = problem::count(tally.repairs, "problem", "problems");
        let done = match tally.repairs {
            0 => "nothing to fix".to_string(),
            _ => format!("{number} {}", if self.is_trial() { "would be fixed" } else { "fixed" }),
        };
        match &tally.problems[..] {
            [] => done + "\n",
            left => format!("{done}, {} left\n", report::sum(left)),
        }
    }

    /// The object of `--json`; with the text where it is written nowhere else.
    fn line(&self, name: &Path, fixed: &Fixed, problems: &[Problem], sources: &Sources, text: Option<&str>) -> String {
        let repairs = fixed.repairs.iter().map(|repair| {
            let ((line, column), problem) = (repair.place, &repair.problem);
            json!({ "code": problem.code, "message": problem.message, "line": line, "column": column })
        });
        let repairs: Vec<Value> = repairs.collect();
        let mut object = object(name, fixed.text != fixed.before, repairs, problems, sources);
        if let Some(text) = text {
            object["text"] = text.into();
        }
        if self.diff {
            object["diff"] = unified(name, fixed).into();
        }
        format!("{object}\n")
    }
}

fn failed(tally: &mut Tally, stop: Stop, name: &Path, terminal: &Terminal) -> Result<(), Stop> {
    tally.lost.tell(stop, terminal, |problem, sources| {
        format!("{}\n", object(name, false, vec![], std::slice::from_ref(problem), sources))
    })
}

fn object(name: &Path, changed: bool, fixed: Vec<Value>, problems: &[Problem], sources: &Sources) -> Value {
    let problems: Vec<Value> = problems.iter().map(|it| report::json(sources, it)).collect();
    json!({ "file": name.display().to_string(), "changed": changed, "fixed": fixed, "problems": problems })
}

/// That the repairs are not to be made, where they leave the program with other errors.
fn refused(name: &Path, fixed: &Fixed) -> Option<Problem> {
    let sources = &fixed.report.checked.sources;
    let errors: Vec<String> = fixed.fresh.iter().map(|it| report::concise(sources, it)).collect();
    let (path, repairs) = (name.display().to_string(), fixed.repairs.len());
    (!errors.is_empty()).then(|| RepairRefused { path, repairs, errors }.into())
}

/// What changes, as `patch` takes it.
fn unified(name: &Path, fixed: &Fixed) -> String {
    let diff = similar::TextDiff::from_lines(&fixed.before, &fixed.text);
    let (old, new) = (format!("a/{}", name.display()), format!("b/{}", name.display()));
    diff.unified_diff().header(&old, &new).to_string()
}
