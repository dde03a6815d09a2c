//! What decoding has given, kept for the next run: found again by the files' paths, sizes and times, and by what was made of
//! them.

use std::fmt::Write;

use super::Work;
use super::files::Files;

/// Fewer pictures are decoded at once.
const FEWEST: usize = 256;

/// Begins what is kept; another version of this program keeps other bytes under other names.
const FORM: &str = concat!("dlmc ", env!("CARGO_PKG_VERSION"), " 1");

/// What is made of many files, where it may be kept.
pub struct Decoded<'a> {
    files: Files<'a>,
    name: String,
}

impl<'a> Decoded<'a> {
    /// `what` is made of the files at `paths`, one after the other. `None` where nothing of it is kept: there are few, nobody
    /// wants it, one of them is missing, or nobody knows when it was changed.
    pub fn of(files: Files<'a>, paths: &[Option<&str>], what: &str) -> Option<Decoded<'a>> {
        if !files.keeps || paths.len() < FEWEST {
            return None;
        }
        // A world without times keeps nothing.
        files.world.changed(&files.find(paths[0]?, None).ok()?.path)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{FORM}\n{what}\n").as_bytes());
        let stamp = |files: Files, path: &Option<&str>| {
            let found = files.find((*path)?, None).ok()?;
            let (changed, path) = (files.world.changed(&found.path)?, std::path::absolute(&found.path).ok()?);
            let mut stamp = String::new();
            write!(stamp, "{}\n{} {changed}\n", path.display(), found.size).expect("a text");
            Some(stamp)
        };
        let mut all = true;
        files.side_by_side(Work::Files, paths, stamp, |_, stamp| match stamp {
            Some(stamp) => _ = hasher.update(stamp.as_bytes()),
            None => all = false,
        })?;
        all.then(|| Decoded { files, name: hasher.finalize().to_hex().to_string() })
    }

    /// So many bytes, if they were kept and are whole.
    pub fn recall(&self, size: usize) -> Option<Vec<u8>> {
        let mut bytes = self.files.world.recall_bytes(&self.name)?;
        let hash = bytes.split_off(bytes.len().checked_sub(blake3::OUT_LEN)?);
        (bytes.len() == size && blake3::hash(&bytes).as_bytes()[..] == hash[..]).then_some(bytes)
    }

    /// Keeps them.
    pub fn keep(&self, bytes: &[u8]) {
        self.files.world.keep_bytes(&self.name, &[bytes, blake3::hash(bytes).as_bytes()]);
    }
}
