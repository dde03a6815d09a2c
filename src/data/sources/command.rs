//! `command`: what another program writes to its standard output, a JSON object a line.
//!
//! A program can do whatever its user can, so it is started where rows are read and the world allows it, and never for a glance.

use super::{Call, Opened, Source, jsonl};
use crate::data::Work;
use crate::data::args::Args;
use crate::data::files::{Content, Found};
use crate::data::frame::Heading;
use crate::data::process::{Ended, Failure, Process, Refused};
use crate::model::program::{DataPlan, SourcePlan};
use crate::model::takes::takes;
use crate::problem::Problem;
use crate::problem::command::reason;
use crate::problem::data::DataTooLarge;
use crate::problem::outside::{CommandFailed, CommandMissing, CommandNotAllowed, How, NotFound, OUTPUT};

pub const SOURCE: Source = Source {
    name: "command",
    doc: "What another program writes to its standard output, one JSON object a line. It is started with --allow-commands only.",
    look,
    open,
};

/// The programs that write rows of a data block, as a person would type them; none where its arguments do not fit.
pub fn programs(plan: &DataPlan) -> Vec<String> {
    let program = |source: &SourcePlan| {
        let args = Args::read(&source.kind, &source.args, takes(SOURCE.name)).ok()?;
        Some(typed(&words(&args)))
    };
    let sources = std::iter::once(&plan.source).chain(&plan.test);
    sources.filter(|source| source.kind.as_str() == SOURCE.name).filter_map(program).collect()
}

/// Nothing is known of what a program writes before it has written it.
fn look(call: &Call) -> Result<Heading, Vec<Problem>> {
    Ok(Heading { shown: shown(&typed(&words(&call.args))), columns: vec![], rows: None, complete: false })
}

/// What it writes, as it is called in problems.
fn shown(command: &str) -> String {
    format!("{OUTPUT}`{command}`")
}

/// The program, and what it is given.
fn words<'a>(args: &Args<'a>) -> Vec<&'a str> {
    let program = args.text("program").expect("required").0;
    std::iter::once(program).chain(args.rest().map(|(word, _)| word)).collect()
}

/// Words as a person would type them.
fn typed(words: &[&str]) -> String {
    let is_plain =
        |word: &str| !word.is_empty() && word.chars().all(|it| it.is_alphanumeric() || "-_./=:,+@%".contains(it));
    let words = words.iter().map(|word| if is_plain(word) { word.to_string() } else { format!("{word:?}") });
    words.collect::<Vec<_>>().join(" ")
}

fn open(call: &Call) -> Result<Opened, Vec<Problem>> {
    let (program, span) = call.args.text("program").expect("required");
    let (words, files) = (words(&call.args), call.files);
    let (command, at) = (typed(&words), Some(span));
    let process = Process { program, arguments: &words[1..], folder: files.base };
    let folder = process.place().display().to_string();
    if !files.world.starts_programs() {
        return Err(vec![CommandNotAllowed { command, folder, at: span }.into()]);
    }
    let mut goes_on = |bytes: usize| files.watch.goes_on(Work::Command, bytes, 0);
    let Ended { output, said, failure } = match process.run(files.limits.bytes, &mut goes_on) {
        Ok(ended) => ended,
        Err(Refused::Unstarted(why)) => {
            let problem = match missing(&process, &why) {
                Some(what) => CommandMissing { program: program.into(), what, at: span }.into(),
                None => CommandFailed { command, how: unstarted(&process, &why), said: vec![], at: span }.into(),
            };
            return Err(vec![problem]);
        }
        Err(Refused::TooLong) => {
            return Err(vec![DataTooLarge { what: shown(&command), limit: files.limits.bytes, at }.into()]);
        }
        // No problem at all says that somebody has ended it.
        Err(Refused::Stopped) => return Err(vec![]),
    };
    let said = last_lines(&said);
    if let Some(failure) = failure {
        let how = match failure {
            Failure::Code(code) => How::Code(code),
            Failure::Signal(signal) => How::Signal(signal),
        };
        return Err(vec![CommandFailed { command, how, said, at: span }.into()]);
    }
    let (size, hash) = (output.len() as u64, blake3::hash(&output));
    let found = Found { shown: shown(&command), path: program.into(), size, span: at };
    let opened = jsonl::open_content(Content { found, bytes: output, hash });
    opened.map_err(|problems| {
        let told = problems.into_iter().map(|mut problem| {
            problem.notes.extend(said.iter().map(|line| CommandFailed::words(line)));
            problem
        });
        told.collect()
    })
}

/// What is not there, if that is why the program cannot be started.
fn missing(process: &Process, why: &std::io::Error) -> Option<NotFound> {
    if why.kind() != std::io::ErrorKind::NotFound {
        return None;
    }
    let folder = process.place();
    Some(match process.file().ok()? {
        _ if !folder.is_dir() => NotFound::Folder(folder.display().to_string()),
        Some(file) if file.is_file() => NotFound::Interpreter,
        Some(_) => NotFound::File(folder.display().to_string()),
        // A script whose first line names what is not there ends as one does that nobody has.
        None => NotFound::Name { beside: folder.join(process.program).is_file() },
    })
}

/// Why a program that is there cannot be started.
fn unstarted(process: &Process, why: &std::io::Error) -> How {
    let file = process.file().ok().flatten();
    match why.kind() {
        std::io::ErrorKind::PermissionDenied => match file.is_some_and(|it| it.is_dir()) {
            true => How::Unstarted { why: "it is a folder".into(), barred: false },
            false => How::Unstarted { why: "you may not run it".into(), barred: true },
        },
        _ => How::Unstarted { why: reason(why), barred: false },
    }
}

/// Of what a program says on its standard error, so many lines are shown, and so many characters of each.
const LINES: usize = 5;
const WIDTH: usize = 160;

/// The last lines that say something, as they can be printed.
fn last_lines(said: &[u8]) -> Vec<String> {
    let said = String::from_utf8_lossy(said);
    let printable = |line: &str| {
        let line = line.rsplit('\r').next().unwrap_or_default();
        let mut plain: String = line.chars().take(WIDTH).map(|it| if it.is_control() { ' ' } else { it }).collect();
        if line.chars().nth(WIDTH).is_some() {
            plain.push('…');
        }
        plain
    };
    let lines = said.lines().map(|line| line.trim_end()).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.rev().take(LINES).map(printable).collect();
    lines.into_iter().rev().collect()
}
