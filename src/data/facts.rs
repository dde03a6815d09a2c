//! What reading a file has shown, kept for the next glance at it: how many rows there are, and which classes.
//!
//! Facts are found again by the paths and arguments of the source, and hold for files of the same size and time only.

use std::fmt::Write;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::args::Kind;
use super::files::Files;
use super::sources;
use crate::model::program::SourcePlan;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Facts {
    pub rows: usize,
    /// By column, where they were found and not declared.
    pub classes: IndexMap<String, Vec<String>>,
}

/// As it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    files: Vec<Stamp>,
    #[serde(flatten)]
    facts: Facts,
}

#[derive(PartialEq, Serialize, Deserialize)]
struct Stamp {
    bytes: u64,
    /// In nanoseconds: more than a JSON number holds.
    changed: String,
}

/// What is known of the files of `source`, if they are what they were.
pub fn recall(source: &SourcePlan, files: Files) -> Option<Facts> {
    let (name, stamps) = stamps(source, files)?;
    let kept: Kept = serde_json::from_str(&files.world.recall(&name)?).ok()?;
    (kept.files == stamps).then_some(kept.facts)
}

pub fn keep(source: &SourcePlan, files: Files, facts: Facts) {
    if let Some((name, stamps)) = stamps(source, files) {
        let kept = Kept { files: stamps, facts };
        files.world.keep(&name, &serde_json::to_string(&kept).expect("numbers and texts"));
    }
}

/// A name for what the source reads and how, and what its files look like from outside. `None` where there are no files, or
/// nobody knows when they were changed.
fn stamps(source: &SourcePlan, files: Files) -> Option<(String, Vec<Stamp>)> {
    let (kind, call) = sources::call(source, files).ok()?;
    let (mut what, mut stamps) = (kind.name.to_string(), vec![]);
    let paths = kind.params().iter().filter(|param| matches!(param.kind, Kind::Path | Kind::Paths));
    for (path, span) in paths.filter_map(|param| call.args.paths(param.name)).flatten() {
        let found = files.find(path, Some(span)).ok()?;
        let changed = files.world.changed(&found.path)?.to_string();
        stamps.push(Stamp { bytes: found.size, changed });
        // What a database has not taken into its file yet lies beside it.
        let mut beside = found.path.clone().into_os_string();
        beside.push("-wal");
        if let Some(bytes) = files.world.size(beside.as_ref()) {
            let changed = files.world.changed(beside.as_ref())?.to_string();
            stamps.push(Stamp { bytes, changed });
        }
        write!(what, "\n{}", std::path::absolute(&found.path).ok()?.display()).expect("a text");
    }
    for given in &source.args {
        write!(what, "\n{:?} {:?}", given.name.as_ref().map(|name| name.as_str()), given.value).expect("a text");
    }
    (!stamps.is_empty()).then(|| (format!("facts-{}", &blake3::hash(what.as_bytes()).to_hex()[..32]), stamps))
}
