//! The table of sources: one row for each, with what it takes and how it is opened.

use super::Watch;
use super::args::{Args, Param};
use super::files::Files;
use super::frame::{Frame, Heading};
use crate::model::program::SourcePlan;
use crate::model::takes::takes;
use crate::problem::Problem;
use crate::problem::data::{SourceLeftOut, SourceNotAvailable, UnknownSource};
use crate::source::nearest;

mod arrays;
pub mod cifar;
pub mod command;
pub mod csv;
pub mod idx;
pub mod image_folder;
pub mod jsonl;
pub mod npy;
pub mod npz;
#[cfg(feature = "parquet")]
pub mod parquet;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod table;
pub mod text_file;

/// One kind of source.
pub struct Source {
    pub name: &'static str,
    /// What it reads, in one sentence.
    pub doc: &'static str,
    /// What can be said in milliseconds, whatever the size of the data.
    pub look: fn(&Call) -> Result<Heading, Vec<Problem>>,
    /// The heading, and a way to the rest.
    pub open: fn(&Call) -> Result<Opened, Vec<Problem>>,
}

impl Source {
    pub fn params(&self) -> &'static [Param] {
        takes(self.name)
    }
}

/// A source as called, with arguments that fit.
pub struct Call<'a> {
    pub plan: &'a SourcePlan,
    pub args: Args<'a>,
    pub files: Files<'a>,
}

/// A source whose heading has been read.
pub struct Opened {
    pub heading: Heading,
    /// The bytes of the files, unpacked, that are held until the rows are read.
    pub bytes: u64,
    /// Reads the columns that are wanted, by their place in the heading. No problem at all says that the watch has ended it.
    pub read: Reading,
}

pub type Reading = Box<dyn FnOnce(&[bool], &dyn Watch) -> Result<Frame, Vec<Problem>>>;

pub const SOURCES: &[Source] = &[
    table::SOURCE,
    csv::SOURCE,
    csv::TABS,
    jsonl::SOURCE,
    npy::SOURCE,
    npz::SOURCE,
    idx::SOURCE,
    cifar::SOURCE,
    image_folder::SOURCE,
    text_file::SOURCE,
    command::SOURCE,
    #[cfg(feature = "sqlite")]
    sqlite::SOURCE,
    #[cfg(feature = "parquet")]
    parquet::SOURCE,
];

/// Sources that only some builds have, each by a feature of its name. They are the last of all.
const FEATURES: &[&str] = &["sqlite", "parquet"];

/// Sources of the language that this version does not read.
const LATER: &[&str] = &["audio_folder"];

/// The row of a source, and its call.
pub fn call<'a>(plan: &'a SourcePlan, files: Files<'a>) -> Result<(&'static Source, Call<'a>), Vec<Problem>> {
    let name = plan.kind.as_str();
    let everywhere = SOURCES.iter().map(|source| source.name).filter(|name| !FEATURES.contains(name));
    let readable = everywhere.chain(FEATURES.iter().copied());
    let Some(source) = SOURCES.iter().find(|source| source.name == name) else {
        let at = plan.kind.span;
        if FEATURES.contains(&name) {
            return Err(vec![SourceLeftOut { source: name.into(), at }.into()]);
        }
        if LATER.contains(&name) {
            let known = readable.map(String::from).collect();
            return Err(vec![SourceNotAvailable { source: name.into(), known, at }.into()]);
        }
        let near = nearest(name, readable.clone().chain(LATER.iter().copied()));
        return Err(vec![
            UnknownSource { source: name.into(), near, known: readable.map(String::from).collect(), at }.into(),
        ]);
    };
    let args = Args::read(&plan.kind, &plan.args, source.params())?;
    Ok((source, Call { plan, args, files }))
}
