//! Problems of rows that come from outside: from programs of others.

use super::{problems, say};
use crate::source::Span;

/// How what a program writes is called: no file, whose lines could be named by its name.
pub const OUTPUT: &str = "the output of ";

/// What is not there of a program that is to be started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotFound {
    /// Its file, looked for from this folder.
    File(String),
    /// A program of this name; there may be a file of the name beside the data block.
    Name { beside: bool },
    /// What its first line names.
    Interpreter,
    /// The folder in which it would work.
    Folder(String),
}

/// How a program has failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum How {
    /// Why it cannot be started; it may be a file that nobody may run.
    Unstarted {
        why: String,
        barred: bool,
    },
    Code(i32),
    Signal(i32),
}

impl CommandFailed {
    /// A line of what a program said on its standard error, as a note.
    pub fn words(line: &str) -> String {
        format!("it said: {line}")
    }
}

problems! {
    /// A data block names a program that writes rows, and nobody has allowed that it is started.
    "command-not-allowed" Error CommandNotAllowed { command: String, folder: String, at: Span } =>
        say(format!("the rows come from the program `{command}`, and nobody has allowed that it is started"))
            .at(at, "can do whatever you can")
            .note(format!("it would be started in the folder {folder:?}, without a shell"))
            .help("look at what it does; then let it be started by `--allow-commands`, or by DLMC_ALLOW_COMMANDS=yes in the environment");

    /// A program that is to write rows is not there.
    "command-missing" Error CommandMissing { program: String, what: NotFound, at: Span } => {
        let words = say(format!("the program `{program}` is not there")).at(at, "no such program");
        match what {
            NotFound::File(folder) => words
                .note(format!("looked for it from the folder {folder:?}"))
                .help("correct the path, which begins where this file lies"),
            NotFound::Name { beside: false } => words
                .note("looked for in the folders of the environment variable PATH")
                .help("correct the name; a path has a slash in it: `./reader` lies beside this file"),
            NotFound::Name { beside: true } => words
                .note("looked for in the folders of the environment variable PATH")
                .help(format!("did you mean `./{program}`, which lies beside this file?"))
                .mend(at, format!("{program:?}"), format!("\"./{program}\"")),
            NotFound::Interpreter => say(format!("what runs the program `{program}` is not there"))
                .at(at, "this file is there")
                .help("correct the first line of the file, which names what runs it: `#!/usr/bin/env python3`"),
            NotFound::Folder(folder) => say(format!("the folder {folder:?} is not there"))
                .at(at, "would be started in it")
                .help("give a folder that is there: a program works where its data block lies"),
        }
    };

    /// A program that was to write rows has failed.
    "command-failed" Error CommandFailed { command: String, how: How, said: Vec<String>, at: Span } => {
        let words = match how {
            How::Unstarted { why, barred } => {
                let words = say(format!("the program `{command}` cannot be started: {why}")).at(at, "named here");
                if barred { words.help("let its file be run: `chmod +x FILE`") } else { words }
            }
            How::Code(code) => say(format!("the program `{command}` has failed")).at(at, format!("ended with the exit code {code}")),
            How::Signal(signal) => say(format!("the program `{command}` was ended before it was done"))
                .at(at, format!("ended by the signal {signal}")),
        };
        said.iter().fold(words, |words, line| words.note(CommandFailed::words(line)))
    };
}
