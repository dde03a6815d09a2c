//! Where data files are found, and how their bytes come in: whole or only their beginning, unpacked on the way.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use rayon::prelude::*;

use super::{Limits, Unwatched, Watch, Work};
use crate::problem::Problem;
use crate::problem::data::{DataTooLarge, FileMissing, FileUnreadable, FolderMissing, NotUtf8};
use crate::source::{Near, Span, World, nearest};

/// The outside as a data block sees it.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    pub world: &'a dyn World,
    /// The folder that relative paths start from: that of the program.
    pub base: &'a Path,
    pub limits: Limits,
    /// Who is told how far reading has come.
    pub watch: &'a dyn Watch,
    /// Whether what is decoded may be kept for the next run.
    pub keeps: bool,
}

/// A path as the user wrote it, and where it leads.
#[derive(Clone, Debug)]
pub struct Found {
    pub shown: String,
    pub path: PathBuf,
    /// In bytes, as it lies on the disk.
    pub size: u64,
    /// Where the program names it.
    pub span: Option<Span>,
}

/// The content of a file, unpacked.
pub struct Content {
    pub found: Found,
    pub bytes: Vec<u8>,
    /// Of the bytes as they lie on the disk.
    pub hash: blake3::Hash,
}

/// The places where a path was looked for.
struct Looked {
    places: Vec<PathBuf>,
}

impl Looked {
    /// The places in words, and whether a data folder would be one more.
    fn told(&self, path: &str) -> (Vec<String>, bool) {
        let places = self.places.iter().map(|it| it.display().to_string()).collect();
        (places, !Path::new(path).is_absolute() && self.places.len() == 1)
    }
}

/// Of a file that is larger than this somebody may want to know how much has come in.
const LARGE: u64 = 16 << 20;

/// So many files are looked at side by side before anybody is told.
const PORTION: usize = 256;

/// How much of a file is looked at before it is read.
const HEAD: usize = 1 << 20;

impl<'a> Files<'a> {
    /// Read without anybody who is told.
    pub fn new(world: &'a dyn World, base: &'a Path, limits: Limits) -> Files<'a> {
        Files { world, base, limits, watch: &Unwatched, keeps: false }
    }

    /// Looks beside the program, then under the data folder.
    pub fn find(&self, path: &str, span: Option<Span>) -> Result<Found, Problem> {
        let looked = self.looked(path);
        for path_here in &looked.places {
            if let Some(size) = self.world.size(path_here) {
                return Ok(Found { shown: path.into(), path: path_here.clone(), size, span });
            }
        }
        let near =
            std::iter::once(self.base).chain(self.world.data_root().as_deref()).find_map(|it| self.near(it, path));
        let (places, root_unset) = looked.told(path);
        Err(FileMissing { path: path.into(), places, root_unset, near, at: span }.into())
    }

    /// A folder, looked for as a file is.
    pub fn find_folder(&self, path: &str, span: Option<Span>) -> Result<Found, Problem> {
        let looked = self.looked(path);
        if let Some(here) = looked.places.iter().find(|it| self.world.list(it).is_ok()) {
            return Ok(Found { shown: path.into(), path: here.clone(), size: 0, span });
        }
        let (places, root_unset) = looked.told(path);
        Err(FolderMissing { path: path.into(), places, root_unset, at: span }.into())
    }

    /// Where a path may lead: beside the program, then under the data folder.
    fn looked(&self, path: &str) -> Looked {
        let beside = self.base.join(path);
        let below = self.world.data_root().map(|root| root.join(path)).filter(|below| *below != beside);
        Looked { places: std::iter::once(beside).chain(below).collect() }
    }

    /// Whether a file is as its size says: no packing hides what it holds.
    pub fn is_plain(&self, found: &Found) -> Result<bool, Problem> {
        let raw = self.world.head(&found.path, 8).map_err(|why| unreadable(found, &why))?;
        Ok(matches!(packing(&raw), Packing::None))
    }

    /// The path of a file that is there under `root`, if one part of `path` is misspelt.
    fn near(&self, root: &Path, path: &str) -> Option<Near> {
        let parts: Vec<&str> = path.split('/').collect();
        let mut folder = root.to_path_buf();
        for (at, part) in parts.iter().enumerate() {
            let names = self.world.names(&folder);
            if !names.iter().any(|name| name == part) {
                let near = nearest(part, names.iter().map(String::as_str))?;
                let mended = [&parts[..at], &[&*near], &parts[at + 1..]].concat().join("/");
                let size = self.world.size(&root.join(&mended));
                return size.map(|_| Near { name: mended, is_certain: near.is_certain });
            }
            folder.push(part);
        }
        None
    }

    /// All of a file.
    pub fn read(&self, found: Found) -> Result<Content, Problem> {
        let Content { found, bytes, hash } = self.read_packed(found)?;
        let bytes = match packing(&bytes) {
            Packing::None => bytes,
            Packing::Gzip => self.unpack(&found, &bytes)?,
            Packing::Other(name) => return Err(packed(&found, name)),
        };
        Ok(Content { found, bytes, hash })
    }

    /// All of a file as it lies on the disk.
    pub fn read_packed(&self, found: Found) -> Result<Content, Problem> {
        if found.size > self.limits.bytes {
            return Err(self.too_large(&found));
        }
        let mut raw = Vec::new();
        let opened = self.world.open(&found.path).map_err(|why| unreadable(&found, &why))?;
        let mut opened = opened.take(self.limits.bytes + 1);
        // Whoever ends it ends it where the next rows would be read.
        while opened.by_ref().take(LARGE).read_to_end(&mut raw).map_err(|why| unreadable(&found, &why))? > 0 {
            if found.size > LARGE {
                self.watch.goes_on(Work::Bytes, raw.len(), found.size as usize);
            }
        }
        if raw.len() as u64 > self.limits.bytes {
            return Err(self.too_large(&found));
        }
        let hash = blake3::hash(&raw);
        Ok(Content { found, bytes: raw, hash })
    }

    /// At most `limit` bytes of a file from one of them on, as it lies on the disk; else why they cannot be read.
    pub fn part(&self, found: &Found, start: u64, limit: usize) -> Result<Vec<u8>, String> {
        self.world.part(&found.path, start, limit).map_err(|why| why.to_string())
    }

    /// What `each` gives for all items, in their order; many at a time are looked at side by side, by which nothing changes.
    /// Nothing where the watch has ended it.
    pub fn side_by_side<T: Sync, R: Send>(
        &self,
        work: Work,
        items: &[T],
        each: impl Fn(Files, &T) -> R + Sync,
        mut take: impl FnMut(usize, R),
    ) -> Option<()> {
        // The watch is told by this thread alone.
        let (world, base, limits) = (self.world, self.base, self.limits);
        for (portion, some) in items.chunks(PORTION).enumerate() {
            let found: Vec<R> = some.par_iter().map(|item| each(Files::new(world, base, limits), item)).collect();
            found.into_iter().enumerate().for_each(|(at, found)| take(portion * PORTION + at, found));
            let done = portion * PORTION + some.len();
            if items.len() > PORTION && !self.watch.goes_on(work, done, items.len()) {
                return None;
            }
        }
        Some(())
    }

    /// The beginning of a file, unpacked, and whether it is all of it.
    pub fn head(&self, found: &Found) -> Result<(Vec<u8>, bool), Problem> {
        let raw = self.world.head(&found.path, HEAD).map_err(|why| unreadable(found, &why))?;
        match packing(&raw) {
            Packing::None => {
                let whole = raw.len() < HEAD;
                Ok((raw, whole))
            }
            Packing::Gzip => {
                let mut bytes = Vec::new();
                let ended = MultiGzDecoder::new(&raw[..]).take(HEAD as u64).read_to_end(&mut bytes);
                // A beginning that was cut off ends in an error of its own: what came before it is sound.
                match ended {
                    Err(why) if bytes.is_empty() && raw.len() < HEAD => Err(unreadable(found, &why)),
                    _ => Ok((bytes, false)),
                }
            }
            Packing::Other(name) => Err(packed(found, name)),
        }
    }

    fn unpack(&self, found: &Found, raw: &[u8]) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        let unpacked = MultiGzDecoder::new(raw).take(self.limits.bytes + 1).read_to_end(&mut bytes);
        unpacked.map_err(|why| unreadable(found, &why))?;
        if bytes.len() as u64 > self.limits.bytes {
            return Err(self.too_large(found));
        }
        Ok(bytes)
    }

    fn too_large(&self, found: &Found) -> Problem {
        DataTooLarge { what: format!("the file {:?}", found.shown), limit: self.limits.bytes, at: found.span }.into()
    }
}

/// The text in `bytes`, without a byte-order mark. `cut` is whether the bytes end somewhere in the middle.
pub fn text<'b>(found: &Found, bytes: &'b [u8], cut: bool) -> Result<&'b str, Problem> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(why) if cut && why.error_len().is_none() => {
            std::str::from_utf8(&bytes[..why.valid_up_to()]).expect("valid up to here")
        }
        Err(why) => {
            let line = bytes[..why.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
            let wide = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
            return Err(NotUtf8 { shown: found.shown.clone(), line, wide, at: found.span }.into());
        }
    };
    Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text))
}

enum Packing {
    None,
    Gzip,
    Other(&'static str),
}

/// Told by the first bytes, whatever the name says.
fn packing(bytes: &[u8]) -> Packing {
    match bytes {
        [0x1F, 0x8B, ..] => Packing::Gzip,
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Packing::Other("zstd"),
        [b'P', b'K', 3, 4, ..] => Packing::Other("zip"),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..] => Packing::Other("bzip2"),
        [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Packing::Other("xz"),
        _ => Packing::None,
    }
}

fn unreadable(found: &Found, why: &io::Error) -> Problem {
    FileUnreadable { path: found.shown.clone(), why: why.to_string(), packed: None, at: found.span }.into()
}

fn packed(found: &Found, name: &'static str) -> Problem {
    FileUnreadable { path: found.shown.clone(), why: String::new(), packed: Some(name), at: found.span }.into()
}
