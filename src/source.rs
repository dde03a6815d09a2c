//! Files, spans, and [`World`], the one door to the outside.

mod disk;

pub use disk::Disk;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A source file known to a [`Sources`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FileId(pub u32);

/// A range of bytes in one source file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: usize, end: usize) -> Span {
        Span { file, start: start as u32, end: end as u32 }
    }

    /// From the start of `self` to the end of `other`, both of one file.
    pub fn to(self, other: Span) -> Span {
        Span { end: other.end.max(self.end), ..self }
    }

    /// The empty place just behind this span.
    pub fn after(self) -> Span {
        Span { start: self.end, ..self }
    }

    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The text of one file, with the starts of its lines.
#[derive(Clone, Debug)]
pub struct Source {
    /// As the user wrote it: a path relative to the working folder, `std/layers.dlm` for the library, `<override>` for `--set`.
    pub name: String,
    pub text: Arc<str>,
    lines: Vec<u32>,
}

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Source {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at as u32 + 1)).collect();
        Source { name: name.into(), text, lines }
    }

    /// The line (from 1) and the column in characters (from 1) of the byte `at`.
    pub fn place(&self, at: u32) -> (usize, usize) {
        let line = self.lines.partition_point(|&start| start <= at) - 1;
        let mut end = (at as usize).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let column = self.text[self.lines[line] as usize..end].chars().count() + 1;
        (line + 1, column)
    }

    /// The text of line `line` (from 1), without its line break.
    pub fn line(&self, line: usize) -> &str {
        let start = self.lines[line - 1] as usize;
        let end = self.lines.get(line).map_or(self.text.len(), |&next| next as usize);
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }
}

/// All files that take part in one compilation.
#[derive(Clone, Default, Debug)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    pub fn add(&mut self, source: Source) -> FileId {
        self.files.push(source);
        FileId(self.files.len() as u32 - 1)
    }

    pub fn text(&self, span: Span) -> &str {
        &self[span.file].text[span.range()]
    }

    pub fn ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..self.files.len() as u32).map(FileId)
    }
}

impl std::ops::Index<FileId> for Sources {
    type Output = Source;
    fn index(&self, id: FileId) -> &Source {
        &self.files[id.0 as usize]
    }
}

/// What a compilation may ask of the outside. Tests answer from memory, the command line from the disk.
pub trait World: Sync {
    /// The whole text of a program file.
    fn read(&self, path: &Path) -> io::Result<String>;
    /// Whether a data file is there, and its size in bytes.
    fn size(&self, path: &Path) -> Option<u64>;
    /// At most the first `limit` bytes of a data file.
    fn head(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>>;
    /// At most `limit` bytes of a data file from the byte `start` on.
    fn part(&self, path: &Path, start: u64, limit: usize) -> io::Result<Vec<u8>> {
        let (mut file, mut bytes) = (self.open(path)?, Vec::new());
        io::copy(&mut io::Read::take(&mut file, start), &mut io::sink())?;
        io::Read::read_to_end(&mut io::Read::take(file, limit as u64), &mut bytes)?;
        Ok(bytes)
    }
    /// A data file, to be read from its start.
    fn open(&self, path: &Path) -> io::Result<Box<dyn io::Read + Send>>;
    /// Where a data file lies on a disk, for who opens it by its path; nothing where it is on none.
    fn on_disk(&self, _path: &Path) -> Option<PathBuf> {
        None
    }
    /// Whether programs that write rows may be started. They can do whatever their user can.
    fn starts_programs(&self) -> bool {
        false
    }
    /// The folder in which data files are looked for when they are not beside the program.
    fn data_root(&self) -> Option<PathBuf>;
    /// What lies in a folder; nothing where nobody can say.
    fn names(&self, _folder: &Path) -> Vec<String> {
        vec![]
    }
    /// All that lies in a folder, in any order.
    fn list(&self, _folder: &Path) -> io::Result<Vec<Entry>> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// When a data file was changed last, in some unit of time; `None` where nobody knows.
    fn changed(&self, _path: &Path) -> Option<u128> {
        None
    }
    /// What an earlier process has kept under a name.
    fn recall(&self, _name: &str) -> Option<String> {
        None
    }
    /// Keeps a text for later processes, where there is a place for it. Only speed may depend on it.
    fn keep(&self, _name: &str, _text: &str) {}
    /// What an earlier process has kept as bytes under a name. They may be damaged.
    fn recall_bytes(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }
    /// Keeps pieces of bytes one behind the other, as `keep` does. What was used least recently goes when there is too much.
    fn keep_bytes(&self, _name: &str, _pieces: &[&[u8]]) {}
}

/// What lies in a folder.
pub struct Entry {
    pub name: String,
    pub is_folder: bool,
}

/// Files held in memory.
#[derive(Default)]
pub struct Memory(pub BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    pub fn with(mut self, path: &str, text: &str) -> Memory {
        self.0.insert(path.into(), text.as_bytes().to_vec());
        self
    }

    fn get(&self, path: &Path) -> io::Result<&Vec<u8>> {
        self.0.get(path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl World for Memory {
    fn names(&self, folder: &Path) -> Vec<String> {
        let inside = self.0.keys().filter_map(|path| path.strip_prefix(folder).ok()?.components().next());
        inside.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = BTreeMap::new();
        for path in self.0.keys() {
            let Ok(below) = path.strip_prefix(folder) else { continue };
            let mut parts = below.components();
            if let Some(first) = parts.next() {
                entries.insert(first.as_os_str().to_string_lossy().into_owned(), parts.next().is_some());
            }
        }
        match entries.is_empty() {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(entries.into_iter().map(|(name, is_folder)| Entry { name, is_folder }).collect()),
        }
    }
    fn read(&self, path: &Path) -> io::Result<String> {
        String::from_utf8(self.get(path)?.clone()).map_err(io::Error::other)
    }
    fn size(&self, path: &Path) -> Option<u64> {
        self.0.get(path).map(|it| it.len() as u64)
    }
    fn head(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let bytes = self.get(path)?;
        Ok(bytes[..limit.min(bytes.len())].to_vec())
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn io::Read + Send>> {
        Ok(Box::new(io::Cursor::new(self.get(path)?.clone())))
    }
    fn data_root(&self) -> Option<PathBuf> {
        None
    }
}

/// What a person may have meant by a name that nothing has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Near {
    pub name: String,
    /// No other candidate is as near, and most of the letters are right.
    pub is_certain: bool,
}

impl Near {
    /// What a word of another language is called here.
    pub fn certain(name: &str) -> Near {
        Near { name: name.into(), is_certain: true }
    }

    pub fn likely(name: &str) -> Near {
        Near { name: name.into(), is_certain: false }
    }
}

impl std::ops::Deref for Near {
    type Target = str;
    fn deref(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Display for Near {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// The candidate nearest to `name`, if a person could have meant it: at most two edits away.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<Near> {
    let length = name.chars().count();
    // Of a short name nothing would be left.
    let limit = match length {
        0 | 1 => 0,
        2 | 3 => 1,
        _ => 2,
    };
    let mut candidates: Vec<&str> = candidates.into_iter().collect();
    // `CrossEntropy`, `batchnorm` and `Adam` differ in how they are written only.
    let squashed = |it: &str| it.chars().filter(|it| *it != '_').flat_map(char::to_lowercase).collect::<String>();
    let plain = squashed(name);
    if let Some(same) = candidates.iter().find(|it| squashed(it) == plain || squashed(it) + "loss" == plain) {
        return Some(Near::certain(same));
    }
    // Of equally near ones, the one that begins alike.
    let alike = |it: &str| name.chars().zip(it.chars()).take_while(|(a, b)| a == b).count();
    let ranked = candidates.iter().copied().map(|it| (edit_distance(name, it), std::cmp::Reverse(alike(it)), it));
    if let Some((distance, _, near)) = ranked.filter(|&(distance, ..)| distance <= limit).min() {
        let is_rival = |it: &&str| *it != near && edit_distance(name, it) == distance;
        let is_certain = 2 * distance < length && !candidates.iter().any(is_rival);
        return Some(Near { name: near.into(), is_certain });
    }
    // A word cut short: `sep` for `separator`.
    candidates.retain(|it| name.len() > 2 && it.starts_with(name));
    match candidates[..] {
        [one] => Some(Near::likely(one)),
        _ => None,
    }
}

/// The number of insertions, deletions, exchanges and swaps of neighbours between two words (optimal string alignment).
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let exchange = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = exchange.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}
