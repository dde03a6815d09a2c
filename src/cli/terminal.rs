//! Where words go: what the streams are, which of them have colours, and in which form problems are wanted.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;

use anstream::{AutoStream, ColorChoice};
use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use super::{report, sarif};
use crate::compile::{Backend, Machine};
use crate::problem::{Problem, Severity};
use crate::source::Sources;

/// What can be said to every command about how it looks and runs.
#[derive(Args)]
pub struct Look {
    /// Whether to use colours; `auto` asks FORCE_COLOR, NO_COLOR and the terminal
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    color: Color,
    /// The form of what is said: human, concise, json, github or sarif
    #[arg(long, global = true, value_name = "FORM", default_value = "human", hide_possible_values = true)]
    output_format: Format,
    /// Short for --output-format json
    #[arg(long, global = true, conflicts_with = "output_format")]
    json: bool,
    /// Say nothing but problems and results
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    verbose: bool,
    /// Who computes: native, kernels or interpreter
    #[arg(long, global = true, value_name = "NAME", default_value = "native", hide_possible_values = true)]
    backend: BackendName,
    /// How many threads share the work of a step; the results do not depend on it [default: as many
    /// as there are cores, at most 16]
    #[arg(long, global = true, value_name = "N", env = "DLMC_THREADS", hide_env = true)]
    threads: Option<NonZeroUsize>,
    /// The widest registers that machine code uses: avx512, avx2 or portable; the results do not
    /// depend on it [default: the widest that there are]
    #[arg(long, global = true, value_name = "NAME", env = "DLMC_ISA", hide_env = true, value_parser = registers)]
    isa: Option<usize>,
    /// Start the programs from which data blocks read rows: they can do whatever you can. `check`
    /// starts none
    #[arg(long, global = true, env = "DLMC_ALLOW_COMMANDS", hide_env = true, value_parser = BoolishValueParser::new())]
    allow_commands: bool,
    /// Do not show warnings of this code
    #[arg(long, global = true, value_name = "CODE")]
    pub allow: Vec<String>,
    /// Show warnings of this code that are off by default
    #[arg(long, global = true, value_name = "CODE")]
    pub warn: Vec<String>,
    /// `--deny warnings` makes every warning an error
    #[arg(long, global = true, value_name = "WHAT", hide_possible_values = true)]
    deny: Option<Deny>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// For people: in full.
    Human,
    /// A line for each problem.
    Concise,
    /// A JSON object for each line.
    Json,
    /// Annotations of GitHub's workflows.
    Github,
    /// One document of the static analysis results interchange format.
    Sarif,
}

#[derive(Clone, Copy, ValueEnum)]
enum BackendName {
    Native,
    Kernels,
    Interpreter,
}

#[derive(Clone, Copy, ValueEnum)]
enum Deny {
    Warnings,
}

/// The two streams, and the user's taste.
pub struct Terminal {
    pub format: Format,
    pub quiet: bool,
    pub verbose: bool,
    pub backend: Backend,
    /// Whether programs that write rows may be started.
    pub commands: bool,
    pub allow: Vec<String>,
    /// Warnings that are off by default, and were asked for.
    pub warn: Vec<String>,
    pub deny_warnings: bool,
    /// Whether a line on standard error may be drawn again and again.
    pub live: bool,
    out: ColorChoice,
    err: ColorChoice,
    width: usize,
    /// What goes into the document at the end, where one is wanted.
    results: RefCell<Vec<sarif::Found>>,
    /// The first failure to say a problem on standard output.
    lost: RefCell<Option<io::Error>>,
}

/// More threads than this gain nothing that is worth their barriers.
const MOST_THREADS: usize = 16;

impl Look {
    /// How many threads share the work.
    pub fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_THREADS);
        self.threads.map_or_else(cores, NonZeroUsize::get)
    }

    /// The widest registers to use, in bytes.
    pub fn registers(&self) -> usize {
        self.isa.unwrap_or(usize::MAX)
    }
}

/// The registers of each name, in bytes, the widest first.
pub const REGISTERS: [(&str, usize); 3] = [("avx512", 64), ("avx2", 32), ("portable", 16)];

fn registers(text: &str) -> Result<usize, String> {
    let known = REGISTERS.iter().find(|(name, _)| *name == text);
    let &(_, bytes) = known.ok_or("write avx512, avx2 or portable")?;
    let found = Machine::found().vector;
    match REGISTERS.iter().find(|(_, widest)| *widest <= found) {
        Some((widest, _)) if bytes > found => Err(format!("this machine has no such registers; it has {widest}")),
        _ => Ok(bytes),
    }
}

impl Terminal {
    pub fn new(look: &Look) -> Terminal {
        let format = if look.json { Format::Json } else { look.output_format };
        let on_terminal = io::stderr().is_terminal();
        let width = terminal_size::terminal_size_of(io::stderr()).map_or(100, |(width, _)| usize::from(width.0));
        Terminal {
            format,
            quiet: look.quiet,
            verbose: look.verbose,
            backend: match look.backend {
                BackendName::Native => Backend::Native,
                BackendName::Kernels => Backend::Kernels,
                BackendName::Interpreter => Backend::Interpreter,
            },
            commands: look.allow_commands,
            allow: look.allow.clone(),
            warn: look.warn.clone(),
            deny_warnings: look.deny.is_some(),
            live: on_terminal && format == Format::Human && !look.quiet,
            out: colours(look.color, io::stdout().is_terminal()),
            err: colours(look.color, on_terminal),
            width: width.clamp(40, 120),
            results: RefCell::new(vec![]),
            lost: RefCell::new(None),
        }
    }

    /// Results: to standard output.
    pub fn data(&self, text: &str) -> io::Result<()> {
        let mut out = AutoStream::new(io::stdout().lock(), self.out);
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// How wide a page may be where it is drawn; nothing where plain text is wanted.
    pub fn page_width(&self) -> Option<usize> {
        (self.out == ColorChoice::Always).then_some(self.width.min(100))
    }

    /// Why a problem did not reach standard output, if one did not.
    pub fn lost(&self) -> Option<io::Error> {
        self.lost.take()
    }

    /// Words about the work: to standard error, where nobody listening is no failure.
    pub fn talk(&self, text: &str) {
        if !self.quiet {
            self.insist(text);
        }
    }

    /// Words that even a quiet user must hear.
    pub fn insist(&self, text: &str) {
        let mut err = AutoStream::new(io::stderr().lock(), self.err);
        _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }

    /// One problem, in the form that was asked for: to standard error for people, to standard output for programs.
    pub fn problem(&self, sources: &Sources, problem: &Problem) {
        let text = match self.format {
            Format::Human => return self.draw(sources, problem),
            Format::Concise => report::concise(sources, problem),
            Format::Json => serde_json::json!({ "problems": [report::json(sources, problem)] }).to_string(),
            Format::Github => report::github(sources, problem),
            Format::Sarif => return self.results.borrow_mut().push(sarif::found(sources, problem)),
        };
        self.say(&(text + "\n"));
    }

    /// Says what can be said only when all is known: the document of all problems.
    pub fn close(&self) {
        if self.format == Format::Sarif {
            self.say(&format!("{:#}\n", sarif::document(&self.results.take())));
        }
    }

    /// Problems for programs, on standard output.
    fn say(&self, text: &str) {
        if let Err(error) = self.data(text) {
            self.lost.borrow_mut().get_or_insert(error);
        }
    }

    /// One problem for people, whatever the form of the results.
    pub fn draw(&self, sources: &Sources, problem: &Problem) {
        let drawing = report::Drawing { fancy: self.err == ColorChoice::Always, width: self.width };
        self.insist(&(report::human(sources, problem, drawing) + "\n"));
    }

    /// `2 errors, 1 warning`, where there are any.
    pub fn sum(&self, problems: &[Problem]) {
        if self.format == Format::Human && !problems.is_empty() {
            self.insist(&format!("{}\n", report::sum(problems)));
        }
    }

    /// Problems as this user wants to see them: without what is allowed, warnings raised to errors where denied.
    pub fn judge(&self, problems: Vec<Problem>) -> Vec<Problem> {
        let mut problems = problems;
        problems.retain(|it| it.severity == Severity::Error || !self.allow.iter().any(|code| code == it.code));
        if self.deny_warnings {
            problems.iter_mut().for_each(|it| it.severity = Severity::Error);
        }
        problems
    }
}

/// The flag, then FORCE_COLOR, NO_COLOR, then what the stream is.
fn colours(flag: Color, terminal: bool) -> ColorChoice {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let wanted = match flag {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("FORCE_COLOR") => std::env::var_os("FORCE_COLOR").is_some_and(|value| value != "0"),
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto => terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    };
    if wanted { ColorChoice::Always } else { ColorChoice::Never }
}
