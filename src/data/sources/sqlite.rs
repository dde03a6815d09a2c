//! `sqlite`: the rows of a table or of a query, as SQLite gives them. Nothing in the database is changed.

use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, Statement};

use super::{Call, Opened, Source};
use crate::data::cells::shortest;
use crate::data::files::Found;
use crate::data::foreign::beside;
use crate::data::frame::{Column, Frame, Head, Heading, Places, Texts};
use crate::data::{Watch, Work};
use crate::problem::Problem;
use crate::problem::data::{DataTooLarge, FileUnreadable, NoRows, Shown, Spot};
use crate::problem::outside::{NoCells, SqlRefused, TableMissing, TableOrQuery};
use crate::source::{Span, nearest};

pub const SOURCE: Source = Source {
    name: "sqlite",
    doc: "A table of a database of SQLite, or what a query gives. `null` is a missing cell.",
    look,
    open,
};

/// What is asked of a database.
struct Asked<'a> {
    found: Found,
    what: What<'a>,
    /// Where the program says it.
    at: Span,
}

enum What<'a> {
    Table(&'a str),
    Query(&'a str),
}

impl Asked<'_> {
    fn sql(&self) -> String {
        match self.what {
            What::Table(name) => format!("select * from \"{}\"", name.replace('"', "\"\"")),
            What::Query(sql) => sql.into(),
        }
    }

    /// What is read, as it is called in problems.
    fn shown(&self) -> String {
        match self.what {
            What::Table(name) => format!("the table `{name}` of {}", self.found.shown),
            What::Query(_) => format!("the query on {}", self.found.shown),
        }
    }

    fn unreadable(&self, why: String) -> Problem {
        FileUnreadable { path: self.found.shown.clone(), why, packed: None, at: self.found.span }.into()
    }

    fn refused(&self, why: impl Into<String>) -> Problem {
        SqlRefused { why: why.into(), at: self.at, place: None }.into()
    }

    /// What SQLite says, as a problem of the file or of the query.
    fn told(&self, error: Error) -> Problem {
        use ErrorCode::*;
        match &error {
            Error::SqlInputError { error, msg, sql, offset } => match error.code {
                NotADatabase | DatabaseCorrupt => self.unreadable(msg.clone()),
                _ => SqlRefused { why: msg.clone(), at: self.at, place: self.place(sql, *offset) }.into(),
            },
            Error::SqliteFailure(failure, message) => {
                let why = message.clone().unwrap_or_else(|| failure.to_string());
                match failure.code {
                    NotADatabase
                    | DatabaseCorrupt
                    | CannotOpen
                    | DatabaseBusy
                    | DatabaseLocked
                    | SystemIoFailure
                    | PermissionDenied
                    | ReadOnly
                    | FileLockingProtocolFailed => self.unreadable(why),
                    _ => self.refused(why),
                }
            }
            Error::MultipleStatement => self.refused("there is more than one statement in it"),
            Error::Empty => self.refused("there is no statement in it"),
            other => self.refused(other.to_string()),
        }
    }

    /// Where in the program the word stands that begins at a byte of the query: known where its text stands as it is.
    fn place(&self, sql: &str, offset: i32) -> Option<Span> {
        let as_it_is =
            matches!(self.what, What::Query(query) if query == sql) && self.at.range().len() == sql.len() + 2;
        let start = usize::try_from(offset).ok().filter(|&start| as_it_is && start < sql.len())?;
        let word = sql.get(start..)?.split(|it: char| !(it.is_alphanumeric() || "_.".contains(it))).next()?;
        let length = word.len().max(sql[start..].chars().next()?.len_utf8());
        let start = self.at.range().start + 1 + start;
        Some(Span::new(self.at.file, start, start + length))
    }
}

fn look(call: &Call) -> Result<Heading, Vec<Problem>> {
    let (asked, connection) = connect(call, GLANCE).map_err(one)?;
    let sql = asked.sql();
    let statement = prepare(&asked, &connection, &sql).map_err(one)?;
    Ok(Heading { shown: asked.shown(), columns: heads(&statement), rows: None, complete: true })
}

fn open(call: &Call) -> Result<Opened, Vec<Problem>> {
    let (asked, connection) = connect(call, PATIENCE).map_err(one)?;
    let Read { heads, columns, rows, bytes, hash } = read(&asked, connection, call)?;
    if rows == 0 {
        return Err(vec![NoRows { shown: asked.shown(), heading: false, at: Some(asked.at) }.into()]);
    }
    let (shown, at) = (asked.shown(), asked.at);
    let heading = Heading { shown: shown.clone(), columns: heads.clone(), rows: Some(rows), complete: true };
    let read = move |wanted: &[bool], _: &dyn Watch| {
        let (mut taken, mut problems) = (vec![], vec![]);
        for ((cells, head), &wanted) in columns.into_iter().zip(heads).zip(wanted) {
            if wanted && cells.odd.count > 0 {
                let (column, shown, Odd { first: rows, count }) = (head.name, shown.clone(), cells.odd);
                problems.push(NoCells { column, shown, rows, count, query: true, at: Some(at) }.into());
            }
            taken.push(wanted.then_some(Column::Text(cells.texts)));
        }
        match problems.is_empty() {
            true => Ok(Frame { shown, columns: taken, rows, places: Places::Numbers, hashes: vec![hash] }),
            false => Err(problems),
        }
    };
    Ok(Opened { heading, bytes, read: Box::new(read) })
}

fn one(problem: Problem) -> Vec<Problem> {
    vec![problem]
}

/// How long somebody else may hold the database.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same for a glance.
const GLANCE: Duration = Duration::from_millis(20);

/// The database, opened to be read alone, and what is asked of it.
fn connect<'a>(call: &Call<'a>, patience: Duration) -> Result<(Asked<'a>, Connection), Problem> {
    let (path, span) = call.args.text("path").expect("required");
    let found = call.files.find(path, Some(span))?;
    let (what, at) = match (call.args.text("table"), call.args.text("query")) {
        (Some((name, at)), None) => (What::Table(name), at),
        (None, Some((sql, at))) => (What::Query(sql), at),
        (table, _) => {
            let both = table.map(|(_, at)| at);
            let shown = found.shown.clone();
            let asked = Asked { found, what: What::Query(""), at: span };
            let tables = tables(&open_file(call, &asked, patience)?, &asked)?;
            return Err(TableOrQuery { shown, both: both.is_some(), tables, at: both.unwrap_or(call.plan.span) }.into());
        }
    };
    let asked = Asked { found, what, at };
    let connection = open_file(call, &asked, patience)?;
    let tables = tables(&connection, &asked)?;
    if let What::Table(name) = asked.what
        && !tables.iter().any(|table| table.eq_ignore_ascii_case(name))
    {
        let near = nearest(name, tables.iter().map(String::as_str));
        return Err(TableMissing { table: name.into(), shown: asked.found.shown, near, tables, at }.into());
    }
    Ok((asked, connection))
}

fn open_file(call: &Call, asked: &Asked, patience: Duration) -> Result<Connection, Problem> {
    let Some(path) = call.files.world.on_disk(&asked.found.path) else {
        return Err(asked.unreadable("it is on no disk".into()));
    };
    let opened = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        // A name that begins with `file:` would be taken for an address.
        let connection = Connection::open_with_flags(Path::new(".").join(&path), flags)?;
        connection.busy_timeout(patience)?;
        // What the database says of itself is not trusted more than any other data.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        Ok(connection)
    };
    opened().map_err(|error| asked.told(error))
}

/// The tables and views, in the order of their names. All names of the database are texts in UTF-8 from here on.
fn tables(connection: &Connection, asked: &Asked) -> Result<Vec<String>, Problem> {
    let failed = |error| asked.told(error);
    let mut statement =
        connection.prepare("select type, name, sql from sqlite_schema order by name").map_err(failed)?;
    let (mut all, mut tables) = (statement.raw_query(), vec![]);
    while let Some(row) = all.next().map_err(failed)? {
        let text = |place| match row.get_ref(place).map_err(failed)? {
            ValueRef::Text(letters) => str::from_utf8(letters)
                .map_err(|_| asked.unreadable("a name in it, or how a table was made, is no text in UTF-8".into())),
            _ => Ok(""),
        };
        let (kind, name, _) = (text(0)?, text(1)?, text(2)?);
        if ["table", "view"].contains(&kind) && !name.starts_with("sqlite_") {
            tables.push(name.to_string());
        }
    }
    Ok(tables)
}

/// The query, understood and not yet run.
fn prepare<'c>(asked: &Asked, connection: &'c Connection, sql: &str) -> Result<Statement<'c>, Problem> {
    let statement = connection.prepare(sql).map_err(|error| asked.told(error))?;
    match () {
        () if statement.column_count() == 0 => Err(asked.refused("it gives no columns; a `select` does")),
        () if !statement.readonly() => Err(asked.refused("it would change the database")),
        () if statement.parameter_count() > 0 => Err(asked.refused("nothing fills its `?`")),
        () => Ok(statement),
    }
}

fn heads(statement: &Statement) -> Vec<Head> {
    statement.column_names().map(Head::text).collect()
}

/// What was read: all columns, since nobody knows yet which are wanted.
struct Read {
    heads: Vec<Head>,
    columns: Vec<Cells>,
    rows: usize,
    bytes: u64,
    /// Of the names, and of each cell with its type: the file holds more than was asked for, and not all that it holds is in it.
    hash: blake3::Hash,
}

#[derive(Default)]
struct Cells {
    texts: Texts,
    odd: Odd,
}

/// What is no cell: bytes, and texts that are none.
#[derive(Default)]
struct Odd {
    first: Vec<Shown>,
    count: usize,
}

/// Why not all was read.
enum Stopped {
    Refused(Problem),
    /// More than the limit.
    TooLong,
}

/// Runs the query, which may take long before its first row comes: in a thread of its own, so that somebody can end it.
fn read(asked: &Asked, connection: Connection, call: &Call) -> Result<Read, Vec<Problem>> {
    let (rows, limit, interrupt) = (AtomicUsize::new(0), call.files.limits.bytes, connection.get_interrupt_handle());
    let mut goes_on = true;
    let counted = &rows;
    let read = beside(
        "query",
        move || rows_of(asked, &connection, limit, counted),
        || {
            goes_on = goes_on && call.files.watch.goes_on(Work::Query, rows.load(Ordering::Relaxed), 0);
            if !goes_on {
                interrupt.interrupt();
            }
        },
    );
    let read = read.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    match read {
        // No problem at all says that somebody has ended it.
        _ if !goes_on => Err(vec![]),
        Ok(read) => Ok(read),
        Err(Stopped::Refused(problem)) => Err(vec![problem]),
        Err(Stopped::TooLong) => Err(vec![DataTooLarge { what: asked.shown(), limit, at: Some(asked.at) }.into()]),
    }
}

fn rows_of(asked: &Asked, connection: &Connection, limit: u64, count: &AtomicUsize) -> Result<Read, Stopped> {
    let failed = |error| Stopped::Refused(asked.told(error));
    let sql = asked.sql();
    let mut statement = prepare(asked, connection, &sql).map_err(Stopped::Refused)?;
    let heads = heads(&statement);
    let mut columns: Vec<Cells> = heads.iter().map(|_| Cells::default()).collect();
    let mut hasher = blake3::Hasher::new();
    heads.iter().for_each(|head| hash(&mut hasher, b'c', head.name.as_bytes()));
    let (mut found, mut text, mut bytes, mut number) = (statement.raw_query(), String::new(), 0, 0);
    while let Some(row) = found.next().map_err(failed)? {
        number += 1;
        for (place, cells) in columns.iter_mut().enumerate() {
            text.clear();
            let is_odd = match row.get_ref(place).map_err(failed)? {
                ValueRef::Null => {
                    hash(&mut hasher, b'n', b"");
                    cells.texts.push(None);
                    continue;
                }
                ValueRef::Integer(value) => {
                    hash(&mut hasher, b'i', &value.to_le_bytes());
                    write!(text, "{value}").expect("a text");
                    false
                }
                ValueRef::Real(value) => {
                    hash(&mut hasher, b'r', &value.to_bits().to_le_bytes());
                    text.push_str(&shortest(value));
                    false
                }
                ValueRef::Text(letters) => {
                    hash(&mut hasher, b't', letters);
                    str::from_utf8(letters).map(|letters| text.push_str(letters)).is_err()
                }
                ValueRef::Blob(blob) => {
                    hash(&mut hasher, b'b', blob);
                    true
                }
            };
            if is_odd {
                cells.odd.count += 1;
                if cells.odd.first.len() < Shown::MOST {
                    cells.odd.first.push(Shown { spot: Spot::Row(number), text: String::new() });
                }
            }
            cells.texts.push(Some(&text));
            bytes += text.len() as u64;
        }
        bytes += (5 * heads.len()) as u64;
        if bytes > limit || number == u32::MAX {
            return Err(Stopped::TooLong);
        }
        count.store(number as usize, Ordering::Relaxed);
    }
    Ok(Read { heads, columns, rows: number as usize, bytes, hash: hasher.finalize() })
}

/// A cell, so that no other cells give the same bytes.
fn hash(hasher: &mut blake3::Hasher, kind: u8, bytes: &[u8]) {
    hasher.update(&[kind]).update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
}
