//! What a file of Parquet claims of its own sizes, held against its bytes before anything is reserved for them.

use std::io::{self, Read};
use std::ops::Range;

use flate2::read::MultiGzDecoder;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::Page;

/// Columns of columns of columns: deeper than this nobody writes them, and whoever walks them does so by recursion.
const DEEPEST: usize = 60;

/// What tells of the columns: well-formed, with no more columns than it has bytes for, and none of them nested deeply.
pub fn about(bytes: &[u8]) -> Result<(), &'static str> {
    let mut thrift = Thrift { bytes };
    let mut depth = Ok(());
    let read = thrift.fields(FILE, 0, &mut |thrift, id| match id {
        2 => {
            depth = schema(thrift)?;
            Some(true)
        }
        _ => Some(false),
    });
    // What has been refused was not read to its end.
    depth?;
    read.ok_or("what it tells of its columns is damaged")
}

/// Pages of a column, from a place in the file to another: the bytes of the largest of them once it is unpacked.
pub fn pages(file: &[u8], at: Range<usize>, packing: Compression) -> Result<u64, &'static str> {
    let mut thrift = Thrift { bytes: file.get(at).ok_or("it ends before its columns do")? };
    let mut largest = 0;
    while !thrift.bytes.is_empty() {
        let (mut unpacked, mut packed) = (None, None);
        let read = thrift.fields(PAGE, 0, &mut |thrift, id| match id {
            2 => thrift.size().map(|size| unpacked = Some(size)).map(|()| true),
            3 => thrift.size().map(|size| packed = Some(size)).map(|()| true),
            _ => Some(false),
        });
        let (Some(()), Some(unpacked), Some(packed)) = (read, unpacked, packed) else { return Err(DAMAGED_PAGE) };
        let page = thrift.take(packed).ok_or(DAMAGED_PAGE)?;
        if let Some(times) = at_most(packing)
            && unpacked > packed.saturating_mul(times) + SPARE
        {
            return Err("a page of it would be larger, unpacked, than its packing can make it");
        }
        // All else is unpacked into as much room as the page says that it takes.
        if matches!(packing, Compression::GZIP(_)) && packed > TRUSTED {
            let mut all = MultiGzDecoder::new(page).take(unpacked as u64 + 1);
            let length = io::copy(&mut all, &mut io::sink()).map_err(|_| DAMAGED_PAGE)?;
            if length > unpacked as u64 {
                return Err("a page of it is larger, unpacked, than it says");
            }
        }
        largest = largest.max(unpacked as u64);
    }
    Ok(largest)
}

const DAMAGED_PAGE: &str = "a page of it is damaged";
/// So many bytes of gzip are unpacked without another look at what they hold.
const TRUSTED: usize = 1 << 19;
/// What an empty page may hold beside its packing.
const SPARE: usize = 64;

/// How many bytes can come of one at most; nothing where the page is as it is.
fn at_most(packing: Compression) -> Option<usize> {
    match packing {
        Compression::SNAPPY => Some(32),
        Compression::LZ4 | Compression::LZ4_RAW => Some(256),
        Compression::GZIP(_) => Some(1 << 11),
        Compression::ZSTD(_) => Some(1 << 16),
        Compression::UNCOMPRESSED | Compression::BROTLI(_) | Compression::LZO => None,
    }
}

/// A page once unpacked, of a column of these deepest levels of repetition and definition.
pub fn page(page: &Page, levels: (i16, i16)) -> Result<(), &'static str> {
    let wrong = "a page of it counts more values than it holds";
    let (start, count, encoding) = match page {
        // A value takes a byte at least.
        Page::DictionaryPage { buf, num_values, .. } if *num_values as usize > buf.len() => return Err(wrong),
        Page::DictionaryPage { .. } => return Ok(()),
        Page::DataPageV2 { num_values, encoding, def_levels_byte_len, rep_levels_byte_len, .. } => {
            ((*def_levels_byte_len as usize).saturating_add(*rep_levels_byte_len as usize), *num_values, *encoding)
        }
        Page::DataPage { buf, num_values, encoding, def_level_encoding, rep_level_encoding, .. } => {
            let mut start = 0_usize;
            for (most, levels) in [(levels.0, rep_level_encoding), (levels.1, def_level_encoding)] {
                start = start.saturating_add(match (most, levels) {
                    (0, _) => 0,
                    (_, Encoding::RLE) => {
                        let length = buf.get(start..).and_then(|rest| rest.first_chunk::<4>()).ok_or(DAMAGED_PAGE)?;
                        (u32::from_le_bytes(*length) as usize).saturating_add(4)
                    }
                    (most, _) => (*num_values as usize * (16 - most.leading_zeros()) as usize).div_ceil(8),
                });
            }
            (start, *num_values, *encoding)
        }
    };
    let is_counted = matches!(encoding, Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY);
    if !is_counted {
        return Ok(());
    }
    let rest = page.buffer().get(start..).ok_or(DAMAGED_PAGE)?;
    let (found, end) = deltas(rest).ok_or(DAMAGED_PAGE)?;
    let mut all = found;
    if encoding == Encoding::DELTA_BYTE_ARRAY {
        let (found, _) = rest.get(end..).and_then(deltas).ok_or(DAMAGED_PAGE)?;
        all = all.max(found);
    }
    if all > u64::from(count) { Err(wrong) } else { Ok(()) }
}

/// Numbers kept by their differences: how many there are, and where they end.
fn deltas(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut thrift = Thrift { bytes };
    let (block, parts, count, _) = (thrift.varint()?, thrift.varint()?, thrift.varint()?, thrift.varint()?);
    let (each, mut left) = (block.checked_div(parts)?, count.saturating_sub(1));
    while left > 0 && each > 0 {
        thrift.varint()?;
        let widths = thrift.take(usize::try_from(parts).ok()?)?;
        let mut size = 0_u64;
        for width in widths {
            if left > 0 {
                size = size.checked_add(u64::from(*width).checked_mul(each)? / 8)?;
            }
            left = left.saturating_sub(each);
        }
        // The last may be cut short.
        let size = usize::try_from(size).ok()?.min(thrift.bytes.len());
        thrift.take(size)?;
    }
    Some((count, bytes.len() - thrift.bytes.len()))
}

/// The columns, each before those in it: how many they are said to be, and how deep they lie.
fn schema(thrift: &mut Thrift) -> Option<Result<(), &'static str>> {
    let (count, STRUCT) = thrift.list()? else { return None };
    // Of each column that is open, how many are still to come in it.
    let mut open: Vec<usize> = vec![];
    for left in (0..count).rev() {
        let mut inner = 0;
        thrift.fields(COLUMN, 0, &mut |thrift, id| match id {
            5 => thrift.size().map(|size| inner = size).map(|()| true),
            _ => Some(false),
        })?;
        if let Some(last) = open.last_mut() {
            *last -= 1;
        }
        if inner > left {
            return Some(Err("it says that it has more columns than it tells of"));
        }
        if inner > 0 {
            open.push(inner);
        }
        while open.last() == Some(&0) {
            open.pop();
        }
        if open.len() > DEEPEST {
            return Some(Err("its columns are nested too deeply"));
        }
    }
    Some(Ok(()))
}

const BOOL: u8 = 2;
const BYTE: u8 = 3;
const I32: u8 = 5;
const I64: u8 = 6;
const BYTES: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// What the fields of a struct are, from 1 on, and of those which are structs what is in them. Whoever reads them takes each for
/// what it should be, and not for what it says it is: it must be the same.
type Kinds = &'static [Kind];

#[derive(Clone, Copy)]
struct Kind {
    kind: u8,
    inner: Kinds,
}

const fn of(kind: u8) -> Kind {
    Kind { kind, inner: &[] }
}

const fn with(inner: Kinds) -> Kind {
    Kind { kind: STRUCT, inner }
}

const FILE: Kinds = &[of(I32), of(LIST), of(I64), of(LIST), of(LIST), of(BYTES), of(LIST), of(STRUCT), of(BYTES)];
const COLUMN: Kinds =
    &[of(I32), of(I32), of(I32), of(BYTES), of(I32), of(I32), of(I32), of(I32), of(I32), with(MEANING)];
const MEANING: Kinds = &[
    of(STRUCT),
    of(STRUCT),
    of(STRUCT),
    of(STRUCT),
    with(&[of(I32), of(I32)]),
    of(STRUCT),
    with(&[of(BOOL), of(STRUCT)]),
    with(&[of(BOOL), of(STRUCT)]),
    of(STRUCT),
    with(&[of(BYTE), of(BOOL)]),
    of(STRUCT),
    of(STRUCT),
    of(STRUCT),
    of(STRUCT),
    of(STRUCT),
    with(&[of(BYTE)]),
    with(&[of(BYTES)]),
    with(&[of(BYTES), of(I32)]),
];
const PAGE: Kinds = &[
    of(I32),
    of(I32),
    of(I32),
    of(I32),
    with(&[of(I32), of(I32), of(I32), of(I32), of(STRUCT)]),
    of(STRUCT),
    with(&[of(I32), of(I32), of(BOOL)]),
    with(&[of(I32), of(I32), of(I32), of(I32), of(I32), of(I32), of(BOOL), of(STRUCT)]),
];

/// Bytes in the compact protocol of Thrift.
struct Thrift<'b> {
    bytes: &'b [u8],
}

impl<'b> Thrift<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|it| it[0])
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A number that is no less than 0, of 32 bits.
    fn size(&mut self) -> Option<usize> {
        let value = self.varint()?;
        (value & 1 == 0).then_some(value >> 1).filter(|it| *it <= i32::MAX as u64).map(|it| it as usize)
    }

    /// How many values of which kind follow: no more than there are bytes.
    fn list(&mut self) -> Option<(usize, u8)> {
        let byte = self.byte()?;
        let count = if byte >> 4 == 15 { usize::try_from(self.varint()?).ok()? } else { usize::from(byte >> 4) };
        (count <= self.bytes.len()).then_some((count, byte & 15))
    }

    /// The fields of a struct: `see` is asked about each, and reads it or leaves it to be stepped over.
    fn fields(
        &mut self,
        kinds: Kinds,
        depth: usize,
        see: &mut dyn FnMut(&mut Thrift<'b>, usize) -> Option<bool>,
    ) -> Option<()> {
        let mut id = 0;
        loop {
            let byte = self.byte()?;
            if byte & 15 == 0 {
                return Some(());
            }
            id = match byte >> 4 {
                // Fields come in their order, one time each.
                0 => usize::try_from(self.varint()? >> 1).ok().filter(|next| *next > id && *next < 1 << 15)?,
                more => id + usize::from(more),
            };
            let kind = if byte & 15 == 1 { BOOL } else { byte & 15 };
            let Kind { kind: wanted, inner } = kinds.get(id - 1).copied().unwrap_or(of(kind));
            if kind != wanted {
                return None;
            }
            if see(self, id)? {
                continue;
            }
            match inner {
                [] => self.skip(kind, depth + 1)?,
                inner => self.fields(inner, depth + 1, &mut |_, _| Some(false))?,
            }
        }
    }

    /// Steps over a value.
    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match kind {
            BOOL => Some(()),
            BYTE => self.byte().map(|_| ()),
            4..=I64 => self.varint().map(|_| ()),
            7 => self.take(8).map(|_| ()),
            BYTES => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.take(length).map(|_| ())
            }
            // Lists of truth values are read in two ways, and stand nowhere here.
            LIST | 10 => match self.list()? {
                (0, _) => Some(()),
                (_, 1 | BOOL) => None,
                (count, kind) => (0..count).try_for_each(|_| self.skip(kind, depth + 1)),
            },
            STRUCT => self.fields(&[], depth + 1, &mut |_, _| Some(false)),
            // Maps stand nowhere here either.
            _ => None,
        }
    }
}
