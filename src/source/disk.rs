//! The disk, as a compilation sees it: files, the folder of data, and what earlier processes have kept.

use std::io;
use std::path::{Path, PathBuf};

use super::{Entry, World};

/// The disk.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// The folder in which data files are looked for when they are not beside the program.
    pub data: Option<PathBuf>,
    /// The folder of what can be done without, such as decoded pictures; where there is none, nothing is kept.
    pub memory: Option<PathBuf>,
    /// Whether programs that write rows may be started.
    pub programs: bool,
}

impl Disk {
    /// With the folders that the variables `DLMC_DATA` and those of the system's caches name.
    pub fn of_environment() -> Disk {
        let folder = |name: &str| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
        let caches = if cfg!(windows) {
            folder("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            folder("HOME").map(|home| home.join("Library/Caches"))
        } else {
            folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))
        };
        Disk { data: folder("DLMC_DATA"), memory: caches.map(|caches| caches.join("dlmc")), programs: false }
    }

    /// The same, which recalls nothing and keeps nothing if `forgetful`.
    pub fn forgetful(self, forgetful: bool) -> Disk {
        Disk { memory: self.memory.filter(|_| !forgetful), ..self }
    }

    /// The same, where somebody has `allowed` that programs are started which write rows.
    pub fn starting_programs(self, allowed: bool) -> Disk {
        Disk { programs: allowed, ..self }
    }

    /// The folder of bytes that are kept.
    fn kept_bytes(&self) -> Option<PathBuf> {
        Some(self.memory.as_ref()?.join("decoded"))
    }
}

impl World for Disk {
    fn names(&self, folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(1000);
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let entry = |entry: io::Result<std::fs::DirEntry>| {
            let entry = entry?;
            let ty = entry.file_type()?;
            // A link is what it leads to.
            let is_folder = ty.is_dir() || ty.is_symlink() && entry.path().is_dir();
            let name = entry.file_name().into_string();
            let name = name.map_err(|name| io::Error::other(format!("{name:?} is no text in UTF-8")))?;
            Ok(Entry { name, is_folder })
        };
        std::fs::read_dir(folder)?.map(entry).collect()
    }
    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }
    fn size(&self, path: &Path) -> Option<u64> {
        std::fs::metadata(path).ok().map(|it| it.len())
    }
    fn head(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(std::fs::File::open(path)?, limit as u64), &mut bytes)?;
        Ok(bytes)
    }
    fn part(&self, path: &Path, start: u64, limit: usize) -> io::Result<Vec<u8>> {
        let (mut file, mut bytes) = (std::fs::File::open(path)?, Vec::new());
        io::Seek::seek(&mut file, io::SeekFrom::Start(start))?;
        io::Read::read_to_end(&mut io::Read::take(file, limit as u64), &mut bytes)?;
        Ok(bytes)
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn io::Read + Send>> {
        Ok(Box::new(std::fs::File::open(path)?))
    }
    fn on_disk(&self, path: &Path) -> Option<PathBuf> {
        Some(path.into())
    }
    fn starts_programs(&self) -> bool {
        self.programs
    }
    fn data_root(&self) -> Option<PathBuf> {
        self.data.clone()
    }
    fn changed(&self, path: &Path) -> Option<u128> {
        let changed = std::fs::metadata(path).ok()?.modified().ok()?;
        Some(changed.duration_since(std::time::UNIX_EPOCH).ok()?.as_nanos())
    }
    fn recall(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.memory.as_ref()?.join(name)).ok()
    }
    fn keep(&self, name: &str, text: &str) {
        // Whoever cannot keep it looks again next time.
        let Some(folder) = &self.memory else { return };
        let written = std::fs::create_dir_all(folder).and_then(|()| tempfile::NamedTempFile::new_in(folder));
        let Ok(mut file) = written else { return };
        if io::Write::write_all(&mut file, text.as_bytes()).is_ok() {
            _ = file.persist(folder.join(name));
        }
    }
    fn recall_bytes(&self, name: &str) -> Option<Vec<u8>> {
        let mut file = std::fs::File::open(self.kept_bytes()?.join(name)).ok()?;
        // It was used now: what was used least recently goes first.
        _ = file.set_modified(std::time::SystemTime::now());
        let mut bytes = Vec::with_capacity(file.metadata().ok()?.len() as usize);
        io::Read::read_to_end(&mut file, &mut bytes).ok()?;
        Some(bytes)
    }
    fn keep_bytes(&self, name: &str, pieces: &[&[u8]]) {
        let Some(folder) = self.kept_bytes() else { return };
        if pieces.iter().map(|piece| piece.len() as u64).sum::<u64>() > MOST_KEPT {
            return;
        }
        // Whoever cannot keep them makes them again next time.
        let written = std::fs::create_dir_all(&folder).and_then(|()| tempfile::NamedTempFile::new_in(&folder));
        let Ok(mut file) = written else { return };
        if pieces.iter().all(|piece| io::Write::write_all(&mut file, piece).is_ok()) {
            _ = file.persist(folder.join(name));
            _ = forget(&folder, MOST_KEPT);
        }
    }
}

/// So many bytes are kept beside texts, at the most.
const MOST_KEPT: u64 = 8 << 30;

/// Takes away what was used least recently until no more is left than may be.
fn forget(folder: &Path, most: u64) -> io::Result<()> {
    let mut all = vec![];
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        all.push((about.modified()?, about.len(), entry.path()));
    }
    all.sort();
    let mut whole: u64 = all.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, bytes, path) in all {
        if whole <= most {
            break;
        }
        std::fs::remove_file(path)?;
        whole -= bytes;
    }
    Ok(())
}
