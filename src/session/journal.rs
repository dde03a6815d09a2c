//! Who hears of an event: the log of the run, and whoever listens.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use super::event::Event;
use super::folder::{reason, show};
use crate::problem::Problem;
use crate::problem::run::NotWrittenYet;

pub struct Journal<'a> {
    listener: &'a mut dyn FnMut(&Event),
    /// Nothing once it could not be written: a run does not end for its log.
    log: Option<(File, PathBuf)>,
}

impl<'a> Journal<'a> {
    pub fn new(listener: &'a mut dyn FnMut(&Event), log: (File, PathBuf)) -> Journal<'a> {
        Journal { listener, log: Some(log) }
    }

    pub fn tell(&mut self, event: &Event) {
        if let Some((log, path)) = &mut self.log
            && let Err(error) = write_line(log, event)
        {
            let problem: Problem = NotWrittenYet { path: show(path), reason: reason(&error) }.into();
            self.log = None;
            self.warn(&problem);
        }
        (self.listener)(event);
    }

    pub fn warn(&mut self, problem: &Problem) {
        self.tell(&Event::Warning { code: problem.code.into(), message: problem.message.clone() });
    }
}

fn write_line(log: &mut File, event: &Event) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    log.write_all(&line)
}
