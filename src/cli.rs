//! The command line: which command was asked for, and how it ends.
//!
//! This is the only floor that prints. Standard output is data, standard error is talk.

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::compile::{use_registers, use_threads};
use crate::problem::command::{UnwritableFile, reason};
use crate::problem::{Problem, catalogue};
use crate::session::{Cause, Failure};
use crate::source::Sources;

mod again;
mod bench;
mod check;
mod completions;
pub mod crash;
mod diff;
mod doc;
mod emit;
mod eval;
mod explain;
mod export;
mod files;
mod fix;
mod fmt;
mod generate;
mod grad;
mod init;
mod inspect;
mod interrupt;
mod live;
mod new;
mod numbers;
mod predict;
mod preview;
mod program;
mod render;
mod report;
mod run;
mod sarif;
mod table;
mod terminal;
mod tune;
mod why;

use program::Overrides;
use terminal::{Look, Terminal};

/// Declares the table of commands: a row for each, which is a file with `Args` and how they run.
macro_rules! commands {
    ($($name:ident => $module:ident),* $(,)?) => {
        #[derive(clap::Subcommand)]
        enum Command { $($name($module::Args)),* }

        impl Command {
            fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
                match self { $(Command::$name(args) => args.run(terminal)),* }
            }
        }
    };
}

commands! {
    Run => run,
    Tune => tune,
    Check => check,
    Predict => predict,
    Eval => eval,
    Generate => generate,
    Fix => fix,
    Fmt => fmt,
    Emit => emit,
    Grad => grad,
    Preview => preview,
    Bench => bench,
    Render => render,
    Why => why,
    Diff => diff,
    Inspect => inspect,
    Export => export,
    New => new,
    Init => init,
    Explain => explain,
    Doc => doc,
    Completions => completions,
}

/// Deep learning from one file: `.dlm` in, a trained model out.
#[derive(Parser)]
#[command(name = "dlmc", version, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
    #[command(flatten, next_help_heading = "Everywhere")]
    look: Look,
}

/// How a command ends, as the shell sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Exit {
    Fine = 0,
    /// The program or the data has problems.
    Problems = 1,
    /// Wrong usage, an unreadable file.
    Usage = 2,
    /// The run failed.
    Failed = 3,
    /// By SIGINT, after a checkpoint.
    Interrupted = 130,
    /// By SIGTERM, after a checkpoint.
    Terminated = 143,
}

/// Why a command cannot go on.
enum Stop {
    /// Standard output cannot be written. That whoever read it has gone away is no reason to complain.
    Unheard(io::Error),
    /// Everything has been said.
    Told(Exit),
    /// What a run or an artifact complained about.
    Failure(Failure),
    /// One problem, and the sources that it points into.
    Problem { exit: Exit, sources: Sources, problem: Box<Problem> },
}

impl Stop {
    /// A problem without a place in a program.
    fn because(exit: Exit, problem: impl Into<Problem>) -> Stop {
        Stop::Problem { exit, sources: Sources::default(), problem: Box::new(problem.into()) }
    }

    /// Says why, and how to exit.
    fn told(self, terminal: &Terminal) -> Exit {
        match self {
            Stop::Unheard(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Fine,
            Stop::Unheard(error) => {
                let facts = UnwritableFile { path: "standard output".into(), reason: reason(&error) };
                terminal.draw(&Sources::default(), &facts.into());
                Exit::Failed
            }
            Stop::Told(exit) => exit,
            Stop::Problem { exit, sources, problem } => {
                terminal.problem(&sources, &problem);
                exit
            }
            Stop::Failure(failure) => {
                let problems = terminal.judge(failure.problems);
                problems.iter().for_each(|problem| terminal.problem(&failure.sources, problem));
                terminal.sum(&problems);
                match failure.cause {
                    Cause::Program => Exit::Problems,
                    Cause::Unreadable => Exit::Usage,
                    Cause::Run => Exit::Failed,
                    Cause::Interrupted => Exit::Interrupted,
                }
            }
        }
    }
}

/// Output that cannot be written.
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Unheard(error)
    }
}

/// Reads the command line, obeys it, and says how that went.
pub fn main() -> ExitCode {
    crash::watch();
    let line = Line::parse();
    use_threads(line.look.threads());
    use_registers(line.look.registers());
    let terminal = Terminal::new(&line.look);
    let mut named = line.look.allow.iter().chain(&line.look.warn);
    let unknown = named.find(|code| catalogue().all(|entry| entry.code != **code));
    let done = match unknown {
        Some(code) => Err(explain::unknown(code)),
        None => line.command.run(&terminal),
    };
    let exit = done.unwrap_or_else(|stop| stop.told(&terminal));
    terminal.close();
    let lost = terminal.lost().filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
    ExitCode::from(lost.map_or(exit, |error| Stop::from(error).told(&terminal)) as u8)
}

/// The whole command line as clap knows it: for completions.
fn grammar() -> clap::Command {
    Line::command()
}
