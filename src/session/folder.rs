//! The folder of a run: who may write in it, and how its files come to be there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

pub use crate::model::export::ARTIFACT;
use crate::model::export::CHECKPOINTS;
use crate::problem::Problem;
use crate::problem::run::{FolderBusy, FolderUsed, NotWritten, NothingToResume};

/// The folder of one run, held by this process until it is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    lock: File,
}

pub const LOG: &str = "log.jsonl";
const LOCK: &str = ".lock";
/// Older checkpoints end in a step; this one holds what was there before the loss left the finite numbers.
const BROKEN: &str = "before-not-finite.dlmx";

impl Folder {
    /// Makes `parent/<name>-<n>` with a number above all that are there.
    pub fn create(parent: &Path, name: &str) -> Result<Folder, Problem> {
        fs::create_dir_all(parent).map_err(|error| not_written(parent, &error))?;
        let mut number = runs(parent, name).last().map_or(1, |&(number, _)| number + 1);
        loop {
            let path = parent.join(format!("{name}-{number}"));
            match fs::create_dir(&path) {
                Ok(()) => return Folder::hold(&path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(not_written(&path, &error)),
            }
        }
    }

    /// Takes `path`, which must hold no run.
    pub fn create_at(path: &Path) -> Result<Folder, Problem> {
        fs::create_dir_all(path).map_err(|error| not_written(path, &error))?;
        let folder = Folder::hold(path)?;
        let used = [ARTIFACT, LOG, CHECKPOINTS].iter().any(|file| path.join(file).exists());
        if used { Err(FolderUsed { folder: show(path) }.into()) } else { Ok(folder) }
    }

    /// Takes the folder of the last run called `name` under `parent`, to go on with it.
    pub fn resume(parent: &Path, name: &str) -> Result<Folder, Problem> {
        match runs(parent, name).pop() {
            Some((_, path)) => Folder::resume_at(&path),
            None => Err(NothingToResume { folder: show(parent) }.into()),
        }
    }

    /// Takes the folder of an unfinished run, to go on with it.
    pub fn resume_at(path: &Path) -> Result<Folder, Problem> {
        if !path.is_dir() {
            return Err(NothingToResume { folder: show(path) }.into());
        }
        let folder = Folder::hold(path)?;
        let unfinished = !path.join(ARTIFACT).exists() && folder.last_checkpoint().is_some();
        if unfinished { Ok(folder) } else { Err(NothingToResume { folder: show(path) }.into()) }
    }

    /// Takes the folder of the last search called `name` under `parent`, to go on with it.
    pub fn last_logged(parent: &Path, name: &str) -> Result<Folder, Problem> {
        match runs(parent, name).pop() {
            Some((_, path)) => Folder::logged_at(&path),
            None => Err(NothingToResume { folder: show(parent) }.into()),
        }
    }

    /// Takes a folder that has a log, to go on with what it tells of.
    pub fn logged_at(path: &Path) -> Result<Folder, Problem> {
        if !path.join(LOG).is_file() {
            return Err(NothingToResume { folder: show(path) }.into());
        }
        Folder::hold(path)
    }

    fn hold(path: &Path) -> Result<Folder, Problem> {
        let lock = path.join(LOCK);
        let file = File::create(&lock).map_err(|error| not_written(&lock, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Folder { path: path.into(), lock: file }),
            Err(fs::TryLockError::WouldBlock) => Err(FolderBusy { folder: show(path) }.into()),
            Err(fs::TryLockError::Error(error)) => Err(not_written(&lock, &error)),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn artifact(&self) -> PathBuf {
        self.path.join(ARTIFACT)
    }

    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.path.join(CHECKPOINTS).join(format!("step-{step}.dlmx"))
    }

    pub fn broken(&self) -> PathBuf {
        self.path.join(CHECKPOINTS).join(BROKEN)
    }

    pub fn last_checkpoint(&self) -> Option<PathBuf> {
        checkpoints(&self.path).pop().map(|(_, path)| path)
    }

    /// The step of the last checkpoint in a folder that may be nobody's.
    pub fn last_step(path: &Path) -> Option<u64> {
        checkpoints(path).pop().map(|(step, _)| step)
    }

    /// Removes all checkpoints but the last `keep` ones.
    pub fn prune_checkpoints(&self, keep: usize) {
        let all = checkpoints(&self.path);
        for (_, path) in &all[..all.len().saturating_sub(keep)] {
            // One checkpoint too many does no harm, so a file that stays is no problem.
            _ = fs::remove_file(path);
        }
    }

    /// The log, to be written at its end.
    pub fn log(&self) -> Result<(File, PathBuf), Problem> {
        let path = self.path.join(LOG);
        let file = File::options().read(true).create(true).append(true).open(&path);
        let file = file.and_then(|mut file| end_last_line(&mut file).map(|()| file));
        file.map(|file| (file, path.clone())).map_err(|error| not_written(&path, &error))
    }
}

impl Drop for Folder {
    /// A process that is being started at this moment holds whatever this one has open, for a while: the lock goes by itself.
    fn drop(&mut self) {
        _ = self.lock.unlock();
    }
}

/// A crash may have cut off the last line.
fn end_last_line(log: &mut File) -> io::Result<()> {
    if log.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    log.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    log.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { log.write_all(b"\n") }
}

/// Puts a file of these bytes at `path`, whole or not at all, and on the disk before this returns.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().expect("a file stands in a folder");
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".part");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The name is on the disk only when its folder is.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

pub fn not_written(path: &Path, error: &io::Error) -> Problem {
    NotWritten { path: show(path), reason: reason(error) }.into()
}

/// What happened, without the number that the system gives it.
pub fn reason(error: &io::Error) -> String {
    let words = error.to_string();
    match words.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => words,
    }
}

pub fn show(path: &Path) -> String {
    path.display().to_string()
}

/// The name of a run's folder without its number.
pub fn run_name(program: &str, train: Option<&str>) -> String {
    let stem = Path::new(program).file_stem().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
    let words = match train {
        Some(train) => format!("{stem}-{train}"),
        None => stem,
    };
    let tidy: String = words.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    if tidy.is_empty() { "run".into() } else { tidy }
}

/// The folders `parent/<name>-<n>` by their number.
fn runs(parent: &Path, name: &str) -> Vec<(u64, PathBuf)> {
    numbered(parent, &format!("{name}-"), "")
}

/// The checkpoints in the folder of a run by their steps.
fn checkpoints(folder: &Path) -> Vec<(u64, PathBuf)> {
    numbered(&folder.join(CHECKPOINTS), "step-", ".dlmx")
}

/// What in `folder` is called `<before><n><after>`, by its number. Nothing where the folder cannot be read.
fn numbered(folder: &Path, before: &str, after: &str) -> Vec<(u64, PathBuf)> {
    let number = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        name.strip_prefix(before)?.strip_suffix(after)?.parse().ok()
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<(u64, PathBuf)> = entries.filter_map(|path| Some((number(&path)?, path))).collect();
    found.sort();
    found
}
