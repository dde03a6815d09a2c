//! Zip files: what lies in one, and its bytes. Members are stored or deflated, as NumPy writes them.

use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};

use zip::ZipArchive;

/// What lies in a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Member {
    pub name: String,
    /// In bytes, unpacked, as the file says.
    pub size: u64,
    number: usize,
}

/// At most so many bytes of a file from one of them on; else why they cannot be read.
pub type At<'a> = &'a dyn Fn(u64, usize) -> Result<Vec<u8>, String>;

/// Whether these bytes begin as a zip file does, be it an empty one.
pub fn is_zip(bytes: &[u8]) -> bool {
    matches!(bytes, [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..])
}

/// What lies in a file of `size` bytes, in its order; else what is wrong with it.
pub fn members(size: u64, at: At) -> Result<Vec<Member>, String> {
    let mut archive = opened(parts(size, at))?;
    let count = archive.len();
    let member = |number: usize| {
        let member = archive.by_index_raw(number).map_err(|why| why.to_string())?;
        let name = member.name().map_err(|why| why.to_string())?.into_owned();
        Ok(Member { name, size: member.size(), number })
    };
    (0..count).map(member).collect()
}

impl Member {
    /// Its first bytes, at most `limit` of them, unpacked, of a file of `size` bytes.
    pub fn head(&self, size: u64, at: At, limit: usize) -> Result<Vec<u8>, String> {
        self.read(parts(size, at), limit as u64)
    }

    /// All of its bytes, of those of the file.
    pub fn bytes(&self, file: &[u8]) -> Result<Vec<u8>, String> {
        // Whoever reads to the end has the sum of its bits held against what was packed.
        let bytes = self.read(Cursor::new(file), self.size.saturating_add(1))?;
        match bytes.len() as u64 == self.size {
            true => Ok(bytes),
            false => Err(format!("`{}` is not what was packed", self.name)),
        }
    }

    fn read(&self, file: impl Read + Seek, limit: u64) -> Result<Vec<u8>, String> {
        let mut archive = opened(file)?;
        let wrong = |why: &dyn std::fmt::Display| format!("`{}` cannot be unpacked: {why}", self.name);
        let member = archive.by_index(self.number).map_err(|why| wrong(&why))?;
        let mut bytes = vec![];
        member.take(limit).read_to_end(&mut bytes).map_err(|why| wrong(&why))?;
        Ok(bytes)
    }
}

fn opened<R: Read + Seek>(file: R) -> Result<ZipArchive<R>, String> {
    ZipArchive::new(file).map_err(|why| why.to_string())
}

/// A file of which parts are asked for.
struct Parts<'a> {
    at: At<'a>,
    size: u64,
    place: u64,
}

/// So many bytes are asked for at once.
const PART: usize = 1 << 16;

fn parts<'a>(size: u64, at: At<'a>) -> BufReader<Parts<'a>> {
    BufReader::with_capacity(PART, Parts { at, size, place: 0 })
}

impl Read for Parts<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let part = (self.at)(self.place, into.len()).map_err(io::Error::other)?;
        into[..part.len()].copy_from_slice(&part);
        self.place += part.len() as u64;
        Ok(part.len())
    }
}

impl Seek for Parts<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(off) => self.size.checked_add_signed(off),
            SeekFrom::Current(off) => self.place.checked_add_signed(off),
        };
        self.place = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.place)
    }
}
