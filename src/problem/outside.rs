//! Problems of rows that come from outside: from programs of others, from databases, from files of other formats.

use super::data::{Shown, Spot};
use super::{Words, count, list, problems, say, ticked};
use crate::source::{Near, Span};

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

    /// A database is asked for neither a table nor a query, or for both.
    "table-or-query" Error TableOrQuery { shown: String, both: bool, tables: Vec<String>, at: Span } => {
        let words = match both {
            true => say("rows are read from a table or by a query, and here are both").at(at, "a table"),
            false => say("rows are read from a table or by a query, and here is neither").at(at, "reads a part of the database"),
        };
        let words = with_tables(words, &shown, &tables);
        match (both, tables.first()) {
            (false, Some(first)) => words.help(format!("say which: `table: {first:?}`, or a `select` as `query`")),
            (false, None) => words.help("put a table in it"),
            (true, _) => words.help("leave one of them out"),
        }
    };

    /// A database does not have a table.
    "table-missing" Error TableMissing { table: String, shown: String, near: Option<Near>, tables: Vec<String>, at: Span } => {
        let words = with_tables(say(format!("{shown} has no table called `{table}`")).at(at, "no such table"), &shown, &tables);
        match near {
            Some(near) if near.is_certain => {
                let (was, text) = (format!("{table:?}"), format!("{:?}", near.name));
                words.help(format!("did you mean `{}`?", near.name)).mend(at, was, text)
            }
            near => words.maybe_help(near.map(|near| format!("did you mean `{}`?", near.name))),
        }
    };

    /// SQLite does not take a query.
    "sql-refused" Error SqlRefused { why: String, at: Span, place: Option<Span> } => match place {
        Some(place) => say(format!("SQLite refuses the query: {why}")).at(place, "from here on"),
        None => say(format!("SQLite refuses the query: {why}")).at(at, "this query"),
    };

    /// A file is not what Parquet says, or packed in a way that is not read.
    "parquet-unreadable" Error ParquetUnreadable { shown: String, why: String, at: Option<Span> } =>
        say(format!("{shown} cannot be read as a file of Parquet"))
            .because(at, why)
            .help("write it anew, packed with snappy, zstd, gzip, LZ4 or not at all");

    /// A column holds what is neither a number nor a text.
    "no-cells" Error NoCells {
        column: String, shown: String, rows: Vec<Shown>, count: usize, query: bool, at: Option<Span>,
    } => {
        let number = super::count(count, "row", "rows");
        let spots = rows.iter().filter_map(|row| if let Spot::Row(row) = row.spot { Some(row.to_string()) } else { None });
        let spots: Vec<String> = spots.collect();
        let first = match (&spots[..], count - spots.len()) {
            ([one], 0) => format!("it is row {one}"),
            (_, 0) => format!("they are the rows {}", list(&spots)),
            (_, more) => format!("they are the rows {} and {more} more", spots.join(", ")),
        };
        say(format!("in {number} of {shown}, `{column}` holds what is no cell, such as bytes"))
            .maybe_at(at, "read here")
            .note(first)
            .help(match query {
                true => format!("read numbers or texts: `cast({column} as text)`, `hex({column})`, or another column"),
                false => "write numbers or texts, or lists of them, or read another column".into(),
            })
    };
}

fn with_tables(words: Words, shown: &str, tables: &[String]) -> Words {
    match tables.len() {
        0 => words.note(format!("{shown} has no tables")),
        few @ 1..=12 => words.note(format!("{shown} has {}: {}", count(few, "table", "tables"), list(&ticked(tables)))),
        many => words.note(format!("{shown} has {many} tables, {} among them", list(&ticked(&tables[..8])))),
    }
}
