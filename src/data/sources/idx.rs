//! `idx`: the format of MNIST. Four bytes name the type and the number of axes, then come the extents and the numbers.

use std::sync::Arc;

use super::{Call, Opened, Source};
use crate::data::Watch;
use crate::data::files::{Content, Found};
use crate::data::frame::{Column, Frame, Head, Heading, Numbers, Places};
use crate::problem::Problem;
use crate::problem::data::{IdxDamaged, NoRows, RowCounts};

pub const SOURCE: Source = Source {
    name: "idx",
    doc: "MNIST's format: the columns `images` and `labels`, each a file. Pixels are numbers from 0 to 255.",
    look,
    open,
};

/// What the first bytes say.
struct Layout {
    code: u8,
    /// The number of rows, then the shape of one.
    extents: Vec<usize>,
    /// Where the numbers begin.
    start: usize,
}

fn files(call: &Call) -> Result<Vec<(&'static str, Found)>, Vec<Problem>> {
    let mut found = vec![];
    let mut problems = vec![];
    for param in SOURCE.params() {
        let Some((path, span)) = call.args.text(param.name) else { continue };
        match call.files.find(path, Some(span)) {
            Ok(file) => found.push((param.name, file)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

fn look(call: &Call) -> Result<Heading, Vec<Problem>> {
    let mut layouts = vec![];
    for (name, found) in files(call)? {
        let (bytes, whole) = call.files.head(&found).map_err(|problem| vec![problem])?;
        let layout = layout(&found, &bytes).map_err(|problem| vec![problem])?;
        if whole {
            layout.check(&found, &bytes).map_err(|problem| vec![problem])?;
        }
        layouts.push((name, found, layout));
    }
    heading(&layouts).map_err(|problem| vec![problem])
}

fn open(call: &Call) -> Result<Opened, Vec<Problem>> {
    let mut contents = vec![];
    for (name, found) in files(call)? {
        contents.push((name, call.files.read(found).map_err(|problem| vec![problem])?));
    }
    open_contents(contents)
}

/// Opens a file of images that has been read.
pub fn open_images(content: Content) -> Result<Opened, Vec<Problem>> {
    open_contents(vec![(SOURCE.params()[0].name, content)])
}

fn open_contents(contents: Vec<(&'static str, Content)>) -> Result<Opened, Vec<Problem>> {
    let mut layouts = vec![];
    for (name, content) in &contents {
        let layout = layout(&content.found, &content.bytes).map_err(|problem| vec![problem])?;
        layout.check(&content.found, &content.bytes).map_err(|problem| vec![problem])?;
        layouts.push((*name, content.found.clone(), layout));
    }
    let heading = heading(&layouts).map_err(|problem| vec![problem])?;
    let shown = heading.shown.clone();
    let rows = heading.rows.expect("the heading says how many");
    // Bytes stay where they are; other numbers are read out of them.
    let held = contents.iter().zip(&layouts).filter(|(_, (.., layout))| layout.code != 0x08);
    let bytes = held.map(|((_, content), _)| content.bytes.len() as u64).sum();
    let read = move |wanted: &[bool], _: &dyn Watch| {
        let hashes = contents.iter().map(|(_, content)| content.hash).collect();
        let columns = contents.into_iter().zip(layouts).zip(wanted).map(|(((_, content), (_, _, layout)), &wanted)| {
            let shape = layout.extents[1..].to_vec();
            wanted.then(|| Column::Numbers { shape, data: layout.numbers(content.bytes) })
        });
        Ok(Frame { shown, columns: columns.collect(), rows, places: Places::Numbers, hashes })
    };
    Ok(Opened { heading, bytes, read: Box::new(read) })
}

fn heading(layouts: &[(&'static str, Found, Layout)]) -> Result<Heading, Problem> {
    let (_, first, layout) = &layouts[0];
    let rows = layout.extents[0];
    for (_, other, layout) in &layouts[1..] {
        if layout.extents[0] != rows {
            let (left, right) = (first.shown.clone(), other.shown.clone());
            let rights = layout.extents[0];
            return Err(RowCounts {
                left,
                lefts: rows,
                right,
                rights,
                left_at: first.span,
                right_at: other.span,
                arrays: false,
            }
            .into());
        }
    }
    if rows == 0 {
        return Err(NoRows { shown: first.shown.clone(), heading: true, at: first.span }.into());
    }
    let columns = layouts
        .iter()
        .map(|(name, _, layout)| Head { name: name.to_string(), shape: Some(layout.extents[1..].to_vec()) });
    Ok(Heading { shown: first.shown.clone(), columns: columns.collect(), rows: Some(rows), complete: true })
}

/// Whether these bytes begin as an IDX file does.
pub fn is_idx(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, code, 1..=8, ..] if width(*code).is_some())
}

fn layout(found: &Found, bytes: &[u8]) -> Result<Layout, Problem> {
    let damaged = |why: String| IdxDamaged { shown: found.shown.clone(), why, at: found.span }.into();
    let &[0, 0, code, axes @ 1..=8, ..] = bytes else {
        return Err(damaged("it does not begin with 0, 0, a type and a number of axes".into()));
    };
    if width(code).is_none() {
        return Err(damaged(format!("its type is {code:#04x}, which is none of the six")));
    }
    let start = 4 + 4 * usize::from(axes);
    let Some(extents) = bytes.get(4..start) else {
        return Err(damaged("it ends within its heading".into()));
    };
    let extents = extents.chunks_exact(4).map(|four| u32::from_be_bytes(four.try_into().expect("four")) as usize);
    Ok(Layout { code, extents: extents.collect(), start })
}

/// The bytes of one number.
fn width(code: u8) -> Option<usize> {
    match code {
        0x08 | 0x09 => Some(1),
        0x0B => Some(2),
        0x0C | 0x0D => Some(4),
        0x0E => Some(8),
        _ => None,
    }
}

impl Layout {
    /// The number of bytes must be what the heading says.
    fn check(&self, found: &Found, bytes: &[u8]) -> Result<(), Problem> {
        if self.extents[1..].contains(&0) {
            let why = "its heading says that a row holds no numbers".into();
            return Err(IdxDamaged { shown: found.shown.clone(), why, at: found.span }.into());
        }
        let size =
            self.extents.iter().try_fold(width(self.code).expect("a known type"), |size, &n| size.checked_mul(n));
        let held = bytes.len() - self.start;
        if size == Some(held) {
            return Ok(());
        }
        let extents: Vec<String> = self.extents.iter().map(usize::to_string).collect();
        let why = format!("its heading says {} numbers, and {held} bytes follow", extents.join(" × "));
        Err(IdxDamaged { shown: found.shown.clone(), why, at: found.span }.into())
    }

    fn numbers(&self, bytes: Vec<u8>) -> Numbers {
        let body = &bytes[self.start..];
        let four = |four: &[u8]| -> [u8; 4] { four.try_into().expect("four bytes") };
        match self.code {
            0x08 => {
                let mut bytes = bytes;
                bytes.drain(..self.start);
                Numbers::Bytes(Arc::new(bytes))
            }
            0x09 => Numbers::Integers(body.iter().map(|&byte| i32::from(byte as i8)).collect()),
            0x0B => Numbers::Integers(
                body.chunks_exact(2).map(|two| i32::from(i16::from_be_bytes([two[0], two[1]]))).collect(),
            ),
            0x0C => Numbers::Integers(body.chunks_exact(4).map(|it| i32::from_be_bytes(four(it))).collect()),
            0x0D => Numbers::Floats(body.chunks_exact(4).map(|it| f32::from_be_bytes(four(it))).collect()),
            0x0E => Numbers::Floats(
                body.chunks_exact(8).map(|it| f64::from_be_bytes(it.try_into().expect("eight")) as f32).collect(),
            ),
            other => unreachable!("type {other:#x}"),
        }
    }
}
