//! `dlmc tune`: searches settings, shows each trial, and says which values were best.

use std::path::PathBuf;

use super::again::{Again, quoted, set};
use super::numbers::{measure, seconds};
use super::run::{handed_out, place, results, use_of};
use super::terminal::Format;
use super::{Exit, Overrides, Stop, Terminal, crash, interrupt, program};
use crate::compile::{Override, TunePlan};
use crate::model::Program;
use crate::problem;
use crate::session::tune::{self, Best, Found, Reason, Values};
use crate::session::{Cause, Request, Wall};
use crate::source::Disk;

mod progress;

use progress::Progress;

/// Search the settings that a `tune` block names: many short runs, and the best of them
#[derive(clap::Args)]
pub struct Args {
    /// The program; `-` is standard input
    file: PathBuf,
    /// Which of its `tune` blocks, where there are several
    tune: Option<String>,
    #[command(flatten)]
    overrides: Overrides,
    /// The folder of this search, instead of the next free one under runs/
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Go on with the last search, or with that in --out: the same trials as without the interruption
    #[arg(long)]
    resume: bool,
    /// Read and decode all pictures anew, and keep nothing of them for the next run
    #[arg(long)]
    no_cache: bool,
    /// The name to show for standard input, and the folder to look in for what it names
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let overrides = self.overrides.all();
        let opened = program::open(&self.file, self.stdin_filename.as_deref())?;
        let checked = program::sound(&opened, &overrides, terminal)?;
        program::sound_searches(&opened, &checked, &overrides, terminal)?;
        let (plan, chosen) = program::choose_search(&checked, self.tune.as_deref())?;
        let interrupt = interrupt::watch();
        let mut progress = Progress::new(terminal, plan);
        let request = Request {
            checked: &checked,
            program: chosen,
            overrides: &overrides,
            world: &Disk::of_environment().forgetful(self.no_cache).starting_programs(terminal.commands),
            base: opened.folder(),
            backend: terminal.backend,
            place: place(self.out.as_deref(), self.resume),
            stopwatch: &Wall::start(),
            objective: None,
        };
        crash::during("tuning", None);
        let found = tune::search(&request, plan, &mut |event| progress.hear(event), &interrupt.stop);
        progress.finish()?;
        let found = match found {
            Err(failure) if failure.cause == Cause::Interrupted => {
                terminal.insist("interrupted while the data was read; nothing was written\n");
                return Ok(interrupt.exit());
            }
            found => found.map_err(Stop::Failure)?,
        };
        let again = Again {
            verb: "tune",
            file: &self.file,
            name: self.tune.as_deref(),
            overrides: &overrides,
            stdin_filename: self.stdin_filename.as_deref(),
            no_cache: self.no_cache,
            commands: terminal.commands,
            backend: terminal.backend,
        };
        if found.end.reason == Reason::Interrupted {
            let trials = problem::count(over(&found) as usize, "trial", "trials");
            terminal.insist(&format!("interrupted after {trials}; go on with: {}\n", again.resuming(&found.folder)));
            return Ok(interrupt.exit());
        }
        if terminal.format != Format::Json {
            match &found.end.best {
                Some(best) => {
                    terminal.data(&format!("{}\n{}\n", results([&best.train, &best.val, &best.test]), lines(best)))?;
                    // Values that were given for all trials come first, as they did there.
                    let given = tune::of_all_trials(&checked, &overrides).into_iter();
                    let overrides: Vec<Override> = given.chain(sets(&best.values)).collect();
                    let run = Again { verb: "run", name: plan.train.as_deref(), overrides: &overrides, ..again };
                    terminal.talk(&farewell(&found, best, plan, &checked.programs[chosen], &run.command()));
                }
                None => terminal.talk(&format!("\n  {}, and no trial has come to its end\n", why(&found))),
            }
        }
        Ok(Exit::Fine)
    }
}

/// The best values, to be pasted behind `dlmc run FILE`.
fn lines(best: &Best) -> String {
    sets(&best.values).iter().map(set).collect::<Vec<_>>().join(" ")
}

fn sets(values: &Values) -> Vec<Override> {
    values.iter().map(|(path, value)| Override { path: path.clone(), value: value.clone() }).collect()
}

fn over(found: &Found) -> u64 {
    found.end.done + found.end.stopped + found.end.failed
}

fn why(found: &Found) -> &'static str {
    match found.end.reason {
        Reason::Done | Reason::Interrupted => "all trials done",
        Reason::Time => "stopped: the time is up",
    }
}

/// Why it ended, how far apart the trials were, where the artifact is, and what to type next.
fn farewell(found: &Found, best: &Best, plan: &TunePlan, program: &Program, run: &str) -> String {
    let end = &found.end;
    let others = [(end.stopped, "stopped early"), (end.failed, "failed")];
    let others = others.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!(", {n} {what}"));
    let others: String = others.collect();
    let trials = problem::count(over(found) as usize, "trial", "trials");
    let mut out = format!("\n  {}: {trials}{others} ({})\n", why(found), seconds(end.seconds));
    if let Some(spread) = &end.spread {
        let [worst, middle, most] = [spread.worst, spread.median, spread.best].map(measure);
        out +=
            &format!("  {}: {most} in trial {}, {middle} in the middle, {worst} at worst\n", plan.metric, best.trial);
    }
    if let Some(artifact) = &best.artifact {
        let name = quoted(artifact);
        out += &format!("  wrote {artifact}\n{}", handed_out(&best.exports));
        out += &format!("  next: {}\n        {run}\n", use_of(program, &name));
    }
    out
}
