//! Programs on the disk: which were named, what they hold, and how another text takes the place of theirs.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::terminal::Format;
use super::{Exit, Stop, Terminal};
use crate::problem::Problem;
use crate::source::Sources;

/// A file itself; of a folder all `.dlm` files in it and in its folders, in order, but nothing hidden.
pub fn programs(path: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    if path == Path::new("-") || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let said = |error| (path.to_owned(), error);
    let mut entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(said)?;
    entries.sort_by_key(|it| it.file_name());
    let mut files = vec![];
    for entry in entries.iter().filter(|it| !it.file_name().as_encoded_bytes().starts_with(b".")) {
        let path = entry.path();
        // A link to a folder may lead back here.
        if entry.file_type().map_err(said)?.is_dir() {
            files.append(&mut programs(&path)?);
        } else if path.extension().is_some_and(|it| it == "dlm") && path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}

/// Puts other bytes into a file, whole or not at all. A link stays a link, and the file keeps its owner and permissions.
pub fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = fs::canonicalize(file)?;
    let known = fs::metadata(&file)?;
    // A new file could take the place of one that nobody may write to.
    fs::OpenOptions::new().append(true).open(&file)?;
    let folder = file.parent().expect("a file stands in a folder");
    let mut new = tempfile::Builder::new().prefix(".").suffix(".part").tempfile_in(folder)?;
    new.write_all(bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        // Only the system's administrator can give a file away; others own what they may replace, or will from now on.
        _ = fchown(new.as_file(), Some(known.uid()), Some(known.gid()));
    }
    new.as_file().set_permissions(known.permissions())?;
    new.as_file().sync_all()?;
    new.persist(&file).map_err(|error| error.error)?;
    Ok(())
}

/// Which sorts of files were lost on the way: the others are done all the same.
#[derive(Default)]
pub struct Lost {
    unreadable: bool,
    unwritable: bool,
}

impl Lost {
    /// Tells of a file that cannot be read or written; `line` makes the line of `--json` of its problem.
    pub fn tell(
        &mut self,
        stop: Stop,
        terminal: &Terminal,
        line: impl FnOnce(&Problem, &Sources) -> String,
    ) -> Result<(), Stop> {
        let Stop::Problem { exit, sources, problem } = stop else { return Err(stop) };
        match terminal.format {
            Format::Json => terminal.data(&line(&problem, &sources))?,
            _ => terminal.problem(&sources, &problem),
        }
        match exit {
            Exit::Failed => self.unwritable = true,
            _ => self.unreadable = true,
        }
        Ok(())
    }

    /// How the command ends, if a file was lost.
    pub fn exit(&self) -> Option<Exit> {
        match self {
            Lost { unwritable: true, .. } => Some(Exit::Failed),
            Lost { unreadable: true, .. } => Some(Exit::Usage),
            Lost { .. } => None,
        }
    }
}

/// The text of a file, or of standard input.
pub fn read(file: &Path) -> io::Result<String> {
    if file != Path::new("-") {
        return fs::read_to_string(file);
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text)
}
