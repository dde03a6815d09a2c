//! Zip files: what lies in one, and its bytes. Members are stored or deflated, as NumPy writes them.
//!
//! The format is that of PKWARE's APPNOTE 6.3, with its 64-bit sizes. Everything that a file says is held against the file.

use std::borrow::Cow;
use std::io::Read;

use flate2::Crc;
use flate2::read::DeflateDecoder;

/// What lies in a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Member {
    pub name: String,
    /// In bytes, unpacked.
    pub size: u64,
    is_deflated: bool,
    packed: u64,
    crc: u32,
    /// Where its own heading stands.
    heading: u64,
}

/// At most so many bytes of a file from one of them on; else why they cannot be read.
pub type At<'a> = &'a dyn Fn(u64, usize) -> Result<Vec<u8>, String>;

/// How many bytes an entry of the directory, the heading of a member and the end of the directory take at the least.
const ENTRY: usize = 46;
const HEADING: usize = 30;
const END: usize = 22;
const LOCATOR: usize = 20;
const END_64: usize = 56;
/// Behind the end of the directory there may be a remark.
const LONGEST_REMARK: usize = u16::MAX as usize;
/// Far above what anybody writes, far below what would hurt to read.
const LONGEST_DIRECTORY: u64 = 16 << 20;

/// Whether these bytes begin as a zip file does, be it an empty one.
pub fn is_zip(bytes: &[u8]) -> bool {
    matches!(bytes, [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..])
}

/// What lies in a file of `size` bytes, in its order; else what is wrong with it.
pub fn members(size: u64, at: At) -> Result<Vec<Member>, String> {
    let (count, start, length) = directory(size, at)?;
    if length > LONGEST_DIRECTORY || start.checked_add(length).is_none_or(|end| end > size) {
        return Err("its directory is longer than the file".into());
    }
    let bytes = exactly(at, start, length as usize)?;
    let (mut rest, mut members) = (&bytes[..], vec![]);
    for _ in 0..count {
        let ended = || "its directory ends too early".to_string();
        let entry = rest.get(..ENTRY).filter(|it| it.starts_with(b"PK\x01\x02")).ok_or_else(ended)?;
        let [name, extra, remark] = [28, 30, 32].map(|place| usize::from(u16_at(entry, place)));
        let whole = rest.get(..ENTRY + name + extra + remark).ok_or_else(ended)?;
        members.push(member(whole, name, extra)?);
        rest = &rest[whole.len()..];
    }
    Ok(members)
}

/// How many entries the directory has, where it begins and how long it is.
fn directory(size: u64, at: At) -> Result<(u64, u64, u64), String> {
    let tail = (size as usize).min(END + LONGEST_REMARK);
    let bytes = exactly(at, size - tail as u64, tail)?;
    let is_end = |&place: &usize| {
        let end = &bytes[place..];
        end.starts_with(b"PK\x05\x06") && END + usize::from(u16_at(end, 20)) == end.len()
    };
    let Some(place) = (0..(tail + 1).saturating_sub(END)).rev().find(is_end) else {
        return Err("it has no directory at its end".into());
    };
    let end = &bytes[place..];
    let plain = (u64::from(u16_at(end, 10)), u64::from(u32_at(end, 16)), u64::from(u32_at(end, 12)));
    if plain.0 != u64::from(u16::MAX) && plain.1 != u64::from(u32::MAX) && plain.2 != u64::from(u32::MAX) {
        return Ok(plain);
    }
    // What does not fit stands in a longer end, to which a place right before this one leads.
    let before = (size - tail as u64 + place as u64).checked_sub(LOCATOR as u64);
    let locator = before.map(|before| exactly(at, before, LOCATOR)).transpose()?;
    let Some(locator) = locator.filter(|it| it.starts_with(b"PK\x06\x07")) else { return Ok(plain) };
    let end = exactly(at, u64_at(&locator, 8), END_64)?;
    match end.starts_with(b"PK\x06\x06") {
        true => Ok((u64_at(&end, 32), u64_at(&end, 48), u64_at(&end, 40))),
        false => Err("its directory is not where it says".into()),
    }
}

/// An entry of the directory with its name and what follows that.
fn member(entry: &[u8], name: usize, extra: usize) -> Result<Member, String> {
    let (name, extra) = (&entry[ENTRY..ENTRY + name], &entry[ENTRY + name..ENTRY + name + extra]);
    let name = String::from_utf8(name.to_vec()).map_err(|_| "a name in it is no UTF-8".to_string())?;
    let is_deflated = match (u16_at(entry, 8) & 1, u16_at(entry, 10)) {
        (1, _) => return Err(format!("`{name}` is locked by a password")),
        (_, 0) => false,
        (_, 8) => true,
        (_, other) => return Err(format!("`{name}` is packed in a way that is not known here: number {other}")),
    };
    let mut numbers = [24, 20, 42].map(|place| u64::from(u32_at(entry, place)));
    // Those that do not fit stand behind the name, in this order.
    let mut long = long_numbers(extra);
    for number in numbers.iter_mut().filter(|it| **it == u64::from(u32::MAX)) {
        if let Some((first, rest)) = long.split_first_chunk::<8>() {
            (*number, long) = (u64::from_le_bytes(*first), rest);
        }
    }
    let [size, packed, heading] = numbers;
    if !is_deflated && size != packed {
        return Err(format!("`{name}` is not packed, and has two sizes"));
    }
    Ok(Member { name, size, is_deflated, packed, crc: u32_at(entry, 16), heading })
}

/// What the piece with the number 1 holds.
fn long_numbers(mut extra: &[u8]) -> &[u8] {
    while extra.len() >= 4 {
        let (number, length) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let Some(piece) = extra.get(4..4 + length) else { break };
        if number == 1 {
            return piece;
        }
        extra = &extra[4 + length..];
    }
    &[]
}

impl Member {
    /// Its first bytes, at most `limit` of them, unpacked.
    pub fn head(&self, at: At, limit: usize) -> Result<Vec<u8>, String> {
        let start = self.start(at)?;
        // What is packed may be longer than what it holds, by a little.
        let room = if self.is_deflated { limit + limit / 8 + 64 } else { limit };
        let packed = at(start, (self.packed as usize).min(room))?;
        if !self.is_deflated {
            return Ok(packed);
        }
        let mut bytes = vec![];
        // A beginning that was cut off ends in an error of its own: what came before it is sound.
        match DeflateDecoder::new(&packed[..]).take(limit as u64).read_to_end(&mut bytes) {
            Err(why) if bytes.is_empty() => Err(format!("`{}` cannot be unpacked: {why}", self.name)),
            _ => Ok(bytes),
        }
    }

    /// All of its bytes, of those of the file.
    pub fn bytes<'b>(&self, file: &'b [u8]) -> Result<Cow<'b, [u8]>, String> {
        let at = |start: u64, limit: usize| {
            let start = (start as usize).min(file.len());
            Ok(file[start..file.len().min(start.saturating_add(limit))].to_vec())
        };
        let start = self.start(&at)? as usize;
        let end = start.checked_add(self.packed as usize).filter(|&end| end <= file.len());
        let packed = &file[start..end.ok_or_else(|| format!("`{}` is longer than the file", self.name))?];
        let bytes = match self.is_deflated {
            false => Cow::Borrowed(packed),
            true => {
                let mut bytes = vec![];
                let unpacked = DeflateDecoder::new(packed).take(self.size.saturating_add(1)).read_to_end(&mut bytes);
                unpacked.map_err(|why| format!("`{}` cannot be unpacked: {why}", self.name))?;
                Cow::Owned(bytes)
            }
        };
        let mut crc = Crc::new();
        crc.update(&bytes);
        match bytes.len() as u64 == self.size && crc.sum() == self.crc {
            true => Ok(bytes),
            false => Err(format!("`{}` is not what was packed", self.name)),
        }
    }

    /// Where its bytes begin.
    fn start(&self, at: At) -> Result<u64, String> {
        let heading = exactly(at, self.heading, HEADING)?;
        if !heading.starts_with(b"PK\x03\x04") {
            return Err(format!("`{}` is not where the directory says", self.name));
        }
        let [name, extra] = [26, 28].map(|place| u64::from(u16_at(&heading, place)));
        Ok(self.heading + HEADING as u64 + name + extra)
    }
}

fn exactly(at: At, start: u64, length: usize) -> Result<Vec<u8>, String> {
    let bytes = at(start, length)?;
    if bytes.len() == length { Ok(bytes) } else { Err("it ends too early".into()) }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
