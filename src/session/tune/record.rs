//! What is on the disk of a search: its folder, its log, and what the folders of trials say that the log does not.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use super::event::{Event, Start, Trial};
use crate::model::export::TRIALS;
use crate::model::program::Split;
use crate::problem::Problem;
use crate::problem::run::{Change, NothingToResume, ResumeChanged};
use crate::session::Place;
use crate::session::event;
use crate::session::folder::{ARTIFACT, Folder, LOG, not_written, show};

/// The folder of a search that goes on, with the trials that are over.
pub struct Known {
    pub folder: Folder,
    pub start: Start,
    pub trials: Vec<Trial>,
}

/// The search that is to go on, if one is.
pub fn resume(place: Place, name: &str) -> Result<Option<Known>, Problem> {
    let folder = match place {
        Place::Under(_) | Place::At(_) => return Ok(None),
        Place::ResumeUnder(parent) => Folder::last_logged(parent, name)?,
        Place::ResumeAt(path) => Folder::logged_at(path)?,
    };
    let (mut start, mut trials) = (None, vec![]);
    for event in lines::<Event>(&folder.path().join(LOG)) {
        match event {
            Event::Search(it) => start = Some(it),
            // Were a line lost, what follows would be of another trial than it says.
            Event::Trial(it) if it.trial == trials.len() as u64 + 1 => trials.push(it),
            _ => {}
        }
    }
    match start {
        Some(start) => Ok(Some(Known { folder, start, trials })),
        None => Err(NothingToResume { folder: show(folder.path()) }.into()),
    }
}

impl Known {
    /// A search goes on only as what it was. The number of its trials may change.
    pub fn unchanged(&self, fingerprint: &str, backend: &str) -> Result<(), Problem> {
        let change = match () {
            () if self.start.fingerprint != fingerprint => Change::Program,
            () if self.start.backend != backend => Change::Backend,
            () => return Ok(()),
        };
        Err(ResumeChanged { checkpoint: show(&self.folder.path().join(LOG)), change }.into())
    }

    /// There is nothing to go on with where all of so many trials are over and the best of them is chosen.
    pub fn unfinished(&self, trials: usize) -> Result<(), Problem> {
        match self.folder.artifact().exists() && self.trials.len() >= trials {
            true => Err(NothingToResume { folder: show(self.folder.path()) }.into()),
            false => Ok(()),
        }
    }
}

/// The folder of a trial of the search in `folder`.
pub fn folder_of(folder: &Path, trial: u64) -> PathBuf {
    folder.join(TRIALS).join(trial.to_string())
}

/// How far a trial has come that the search's log does not tell of.
pub enum Begun {
    Not,
    /// There is a checkpoint; the trial was looked at after so many epochs, and its objective was so much.
    Interrupted(Vec<(f64, f64)>),
    /// The process ended right after the trial.
    Done(Vec<(f64, f64)>),
}

impl Begun {
    /// Of the trial in `folder`, judged by a metric of a split.
    pub fn of(folder: &Path, split: Split, metric: &str) -> Begun {
        let looks = |until: u64| -> Vec<(f64, f64)> {
            let events = lines::<event::Event>(&folder.join(LOG));
            let looks = events.filter_map(|it| look(&it, split, metric).filter(|it| it.0 <= until).map(|it| it.1));
            // What was done again after a crash is told again.
            let mut looks: Vec<(f64, f64)> = looks.collect();
            looks.sort_by(|one, other| one.0.total_cmp(&other.0));
            looks.dedup_by_key(|it| it.0);
            looks
        };
        if folder.join(ARTIFACT).exists() {
            return Begun::Done(looks(u64::MAX));
        }
        let checkpoint = Folder::last_step(folder);
        checkpoint.map_or(Begun::Not, |step| Begun::Interrupted(looks(step)))
    }
}

/// What an event says of the objective, if it is a look: after which step; after how many epochs, and how much.
pub fn look(event: &event::Event, split: Split, metric: &str) -> Option<(u64, (f64, f64))> {
    let event::Event::Epoch(epoch) = event else { return None };
    let metrics = match split {
        Split::Train => &epoch.train,
        Split::Val => &epoch.val,
        Split::Test => return None,
    };
    let value = metrics.get(metric)?.number().filter(|it| it.is_finite())?;
    Some((epoch.step, (epoch.epoch, value)))
}

/// The lines of a log that can be read. A crash may have cut off the last one.
fn lines<E: serde::de::DeserializeOwned>(path: &Path) -> impl Iterator<Item = E> + use<E> {
    let lines = File::open(path).into_iter().flat_map(|file| BufReader::new(file).lines());
    lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok())
}

/// Hears of events, and writes those that are to last.
pub struct Log<'a> {
    listener: &'a mut dyn FnMut(&Event),
    file: File,
    path: PathBuf,
}

impl<'a> Log<'a> {
    pub fn open(folder: &Folder, listener: &'a mut dyn FnMut(&Event)) -> Result<Log<'a>, Problem> {
        let (file, path) = folder.log()?;
        Ok(Log { listener, file, path })
    }

    /// Tells of an event. Without its log a search could not go on, so what cannot be written is a problem.
    pub fn tell(&mut self, event: &Event) -> Result<(), Problem> {
        if !matches!(event, Event::Reading { .. } | Event::Step { .. }) {
            let mut line = serde_json::to_vec(event).expect("an event as JSON");
            line.push(b'\n');
            self.file.write_all(&line).map_err(|error| not_written(&self.path, &error))?;
        }
        (self.listener)(event);
        Ok(())
    }

    /// Tells of something that is not to last.
    pub fn mention(&mut self, event: &Event) {
        (self.listener)(event);
    }
}
