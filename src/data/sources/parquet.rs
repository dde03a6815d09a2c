//! `parquet`: the columns of a file of Parquet. Numbers, texts and times are cells; lists of numbers are tensors.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::record::Field;
use parquet::schema::types::TypePtr;

use self::rows::{Stopped, walk};
use self::values::{Meaning, cell, flatten, is_cells, is_list, shape};
use super::{Call, Opened, Source};
use crate::data::files::{Content, Files, Found};
use crate::data::foreign::{FOREIGN, beside};
use crate::data::frame::{Column, Frame, Head, Heading, Numbers, Places, Texts};
use crate::data::{Watch, Work};
use crate::problem::Problem;
use crate::problem::data::{DataTooLarge, MixedShapes, NoRows, Shown, Spot};
use crate::problem::outside::{NoCells, ParquetUnreadable};

mod claims;
mod rows;
mod values;

pub const SOURCE: Source = Source {
    name: "parquet",
    doc: "The columns of a file of Parquet. `null` is a missing cell; a list of numbers, or of such lists, is a tensor.",
    look,
    open,
};

/// How a file ends.
const MAGIC: &[u8] = b"PAR1";
/// The last bytes: how long what is known of the columns is, and the word of the format.
const FOOTER: usize = 8;

fn find(call: &Call) -> Result<Found, Problem> {
    let (path, span) = call.args.text("path").expect("required");
    call.files.find(path, Some(span))
}

fn look(call: &Call) -> Result<Heading, Vec<Problem>> {
    let found = find(call).map_err(one)?;
    let part = |start, length| call.files.part(&found, start, length);
    let about = about(&found, found.size, &part).map_err(one)?;
    // How long a list is, is known once it is read.
    let (lists, cells): (Vec<&TypePtr>, Vec<&TypePtr>) = fields(&about).iter().partition(|field| is_list(field));
    let columns = cells.into_iter().map(|field| Head::text(field.name())).collect();
    Ok(Heading { shown: found.shown.clone(), columns, rows: Some(rows(&about)), complete: lists.is_empty() })
}

fn open(call: &Call) -> Result<Opened, Vec<Problem>> {
    let content = call.files.read_packed(find(call).map_err(one)?).map_err(one)?;
    open_content(content, call.files)
}

/// Opens a file that has been read.
pub fn open_content(content: Content, files: Files) -> Result<Opened, Vec<Problem>> {
    let Content { found, bytes, hash } = content;
    let part = |start: u64, length: usize| {
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes[start..bytes.len().min(start.saturating_add(length))].to_vec())
    };
    let about = about(&found, bytes.len() as u64, &part).map_err(one)?;
    let rows = rows(&about);
    if rows == 0 {
        return Err(vec![NoRows { shown: found.shown, heading: true, at: found.span }.into()]);
    }
    let fields = fields(&about).to_vec();
    let file = File { found, bytes: Bytes::from(bytes), rows, limit: files.limits.bytes };
    let heads = fields.iter().map(|field| {
        let shape = if is_list(field) && is_cells(field) { file.shape(field, files.watch)? } else { None };
        Ok(Head { name: field.name().into(), shape })
    });
    let heads = heads.collect::<Result<Vec<Head>, Vec<Problem>>>()?;
    let shown = file.found.shown.clone();
    let heading = Heading { shown: shown.clone(), columns: heads.clone(), rows: Some(rows), complete: true };
    let held = file.bytes.len() as u64;
    let read = move |wanted: &[bool], watch: &dyn Watch| {
        let columns = file.columns(&fields, &heads, wanted, watch)?;
        Ok(Frame { shown, columns, rows, places: Places::Numbers, hashes: vec![hash] })
    };
    Ok(Opened { heading, bytes: held, read: Box::new(read) })
}

fn one(problem: Problem) -> Vec<Problem> {
    vec![problem]
}

fn unreadable(found: &Found, why: impl Into<String>) -> Problem {
    ParquetUnreadable { shown: found.shown.clone(), why: why.into(), at: found.span }.into()
}

/// What is said where the reader of others gives up without a word.
const DAMAGED: &str = "it is damaged";

/// What the end of a file tells of its columns.
fn about(
    found: &Found,
    size: u64,
    part: &dyn Fn(u64, usize) -> Result<Vec<u8>, String>,
) -> Result<ParquetMetaData, Problem> {
    let failed = |why: String| unreadable(found, why);
    let end = part(size.saturating_sub(FOOTER as u64), FOOTER).map_err(failed)?;
    let [a, b, c, d, ref word @ ..] = end[..] else { return Err(unreadable(found, "it is too short")) };
    if word == b"PARE" {
        return Err(unreadable(found, "it is encrypted"));
    }
    if word != MAGIC {
        return Err(unreadable(found, "it does not end as such a file does"));
    }
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    let Some(start) = (size - FOOTER as u64).checked_sub(length) else {
        return Err(unreadable(found, "it is only a part of one"));
    };
    let bytes = part(start, length as usize).map_err(failed)?;
    claims::about(&bytes).map_err(|why| unreadable(found, why))?;
    let read = || ParquetMetaDataReader::decode_metadata(&bytes).map_err(|why| why.to_string());
    let about = beside(FOREIGN, read, || {}).unwrap_or_else(|_| Err(DAMAGED.into())).map_err(failed)?;
    let groups = about.row_groups();
    let counted =
        groups.iter().try_fold(0_i64, |sum, group| sum.checked_add(group.num_rows()).filter(|_| group.num_rows() >= 0));
    if counted != Some(about.file_metadata().num_rows()) || counted >= Some(i64::from(u32::MAX)) {
        return Err(unreadable(found, "it does not say how many rows it has"));
    }
    Ok(about)
}

fn rows(about: &ParquetMetaData) -> usize {
    about.file_metadata().num_rows() as usize
}

fn fields(about: &ParquetMetaData) -> &[TypePtr] {
    about.file_metadata().schema_descr().root_schema().get_fields()
}

struct File {
    found: Found,
    bytes: Bytes,
    rows: usize,
    limit: u64,
}

/// A column as it is read.
enum Kept {
    Cells(Texts),
    Tensors { shape: Vec<usize>, data: Vec<f32> },
}

/// A column with what in it does not fit.
struct Filled {
    kept: Kept,
    meaning: Meaning,
    odd: Vec<Shown>,
    count: usize,
}

impl File {
    /// Calls `see` with the values of each row in these columns, until it says no. No problem at all says that somebody has
    /// ended it.
    fn walk(
        &self,
        fields: Vec<TypePtr>,
        watch: &dyn Watch,
        see: &mut (dyn FnMut(Vec<(String, Field)>) -> bool + Send),
    ) -> Result<(), Vec<Problem>> {
        let (seen, is_ended) = (AtomicUsize::new(0), AtomicBool::new(false));
        let mut see = |row| {
            seen.fetch_add(1, Ordering::Relaxed);
            see(row) && !is_ended.load(Ordering::Relaxed)
        };
        let walked = beside(
            FOREIGN,
            || walk(&self.bytes, fields, self.limit, &mut see),
            || {
                let done = seen.load(Ordering::Relaxed);
                if !is_ended.load(Ordering::Relaxed) && !watch.goes_on(Work::Columns, done, self.rows) {
                    is_ended.store(true, Ordering::Relaxed);
                }
            },
        );
        match walked {
            _ if is_ended.into_inner() => Err(vec![]),
            Ok(Ok(())) => Ok(()),
            Ok(Err(Stopped::Damaged(why))) => Err(vec![unreadable(&self.found, why)]),
            Ok(Err(Stopped::TooLong)) => Err(vec![self.too_large()]),
            Err(_) => Err(vec![unreadable(&self.found, DAMAGED)]),
        }
    }

    fn too_large(&self) -> Problem {
        let what = format!("what {} holds", self.found.shown);
        DataTooLarge { what, limit: self.limit, at: self.found.span }.into()
    }

    /// Of a list the shape of the first that is there.
    fn shape(&self, field: &TypePtr, watch: &dyn Watch) -> Result<Option<Vec<usize>>, Vec<Problem>> {
        let (mut found, meaning) = (None, Meaning::of(field));
        self.walk(vec![field.clone()], watch, &mut |row| match row.first() {
            None | Some((_, Field::Null)) => true,
            Some((_, value)) => {
                found = shape(value, meaning);
                false
            }
        })?;
        Ok(found)
    }

    fn columns(
        &self,
        fields: &[TypePtr],
        heads: &[Head],
        wanted: &[bool],
        watch: &dyn Watch,
    ) -> Result<Vec<Option<Column>>, Vec<Problem>> {
        let chosen: Vec<usize> = (0..fields.len()).filter(|&at| wanted[at]).collect();
        let (shown, at) = (|| self.found.shown.clone(), self.found.span);
        let no_cells = |place: usize, rows: Vec<Shown>, count: usize| -> Problem {
            NoCells { column: heads[place].name.clone(), shown: shown(), rows, count, query: false, at }.into()
        };
        let none = chosen.iter().filter(|&&place| !is_cells(&fields[place])).map(|&place| {
            let first =
                (1..=self.rows.min(Shown::MOST) as u32).map(|row| Shown { spot: Spot::Row(row), text: String::new() });
            no_cells(place, first.collect(), self.rows)
        });
        let mut problems: Vec<Problem> = none.collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        // A cell takes as much, and a number of a tensor about as much.
        if (self.rows as u64).saturating_mul(5 * chosen.len() as u64) > self.limit {
            return Err(vec![self.too_large()]);
        }
        let mut columns: Vec<Option<Column>> = fields.iter().map(|_| None).collect();
        if chosen.is_empty() {
            return Ok(columns);
        }
        let mut filled: Vec<Filled> = chosen.iter().map(|&place| Filled::new(&heads[place], &fields[place])).collect();
        let (mut number, mut bytes) = (0, 0);
        self.walk(chosen.iter().map(|&place| fields[place].clone()).collect(), watch, &mut |row| {
            number += 1;
            for (filled, (_, value)) in filled.iter_mut().zip(&row) {
                bytes += filled.push(value, number);
            }
            bytes <= self.limit
        })?;
        if bytes > self.limit {
            return Err(vec![self.too_large()]);
        }
        if number as usize != self.rows {
            return Err(vec![unreadable(&self.found, "it holds other rows than it says")]);
        }
        for (place, Filled { kept, odd: rows, count, .. }) in chosen.into_iter().zip(filled) {
            match (kept, count) {
                (Kept::Cells(texts), 0) => columns[place] = Some(Column::Text(texts)),
                (Kept::Tensors { shape, data }, 0) => {
                    columns[place] = Some(Column::Numbers { shape, data: Numbers::Floats(data) });
                }
                (Kept::Cells(_), _) => problems.push(no_cells(place, rows, count)),
                (Kept::Tensors { shape: expected, .. }, _) => {
                    let column = heads[place].name.clone();
                    problems.push(MixedShapes { shown: shown(), column, expected, rows, count, at }.into());
                }
            }
        }
        if problems.is_empty() { Ok(columns) } else { Err(problems) }
    }
}

impl Filled {
    fn new(head: &Head, field: &TypePtr) -> Filled {
        let kept = match &head.shape {
            Some(shape) => Kept::Tensors { shape: shape.clone(), data: vec![] },
            None => Kept::Cells(Texts::default()),
        };
        Filled { kept, meaning: Meaning::of(field), odd: vec![], count: 0 }
    }

    /// Takes in the value of a row, and says how many bytes that is.
    fn push(&mut self, value: &Field, number: u32) -> u64 {
        let (odd, bytes) = match &mut self.kept {
            Kept::Cells(texts) => {
                let text = cell(value, self.meaning);
                texts.push(text.as_ref().and_then(|it| it.as_deref()));
                let bytes = text.as_ref().map_or(0, |it| it.as_ref().map_or(0, String::len));
                (text.is_none().then(String::new), bytes + 5)
            }
            Kept::Tensors { shape: wanted, data } => match shape(value, self.meaning) {
                Some(found) if found == *wanted => {
                    flatten(value, self.meaning, data);
                    (None, 4 * wanted.iter().product::<usize>())
                }
                Some(found) => (Some(format!("a tensor of shape {found:?}")), 0),
                None if *value == Field::Null => (Some("no tensor, but `null`".into()), 0),
                None => (Some("something else".into()), 0),
            },
        };
        if let Some(text) = odd {
            self.count += 1;
            if self.odd.len() < Shown::MOST {
                self.odd.push(Shown { spot: Spot::Row(number), text });
            }
        }
        bytes as u64
    }
}
