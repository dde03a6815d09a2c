//! The line that is drawn again and again while a command works, and what is said above it; or events as JSON.

use std::cell::RefCell;
use std::io;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Stop;
use super::numbers::{bytes, count};
use super::terminal::{Format, Terminal};
use crate::data::{Watch, Work};

/// Shows how far the reading of data has come, for commands that do nothing else for long.
pub struct Shown<'a>(RefCell<Live<'a>>);

impl<'a> Shown<'a> {
    pub fn new(terminal: &'a Terminal) -> Shown<'a> {
        Shown(RefCell::new(Live::new(terminal)))
    }

    /// Takes the line away.
    pub fn clear(&self) {
        self.0.borrow().clear();
    }
}

impl Watch for Shown<'_> {
    fn goes_on(&self, work: Work, done: usize, of: usize) -> bool {
        self.0.borrow_mut().reading(work, done, of);
        true
    }
}

/// A line on a terminal; nothing where there is none.
pub struct Live<'a> {
    pub terminal: &'a Terminal,
    bar: ProgressBar,
    /// The first failure to write.
    failure: Option<io::Error>,
}

impl<'a> Live<'a> {
    pub fn new(terminal: &'a Terminal) -> Live<'a> {
        let style = ProgressStyle::with_template("  {bar:20.cyan/dim} {wide_msg}").expect("a template");
        let bar = ProgressBar::hidden();
        bar.set_style(style.progress_chars("━━─"));
        Live { terminal, bar, failure: None }
    }

    /// Writes an event where events are wanted; says whether they are.
    pub fn is_told(&mut self, event: &impl serde::Serialize) -> bool {
        let wanted = self.terminal.format == Format::Json;
        if wanted {
            let line = serde_json::to_string(event).expect("an event as JSON");
            if let Err(error) = self.terminal.data(&(line + "\n")) {
                self.failure.get_or_insert(error);
            }
        }
        wanted
    }

    /// Says something above the line.
    pub fn say(&self, text: &str) {
        self.bar.suspend(|| self.terminal.talk(text));
    }

    /// Draws the line, of so much that is to be done, from now on.
    pub fn show(&mut self, of: u64, done: u64) {
        self.bar.set_length(of);
        self.bar.set_position(done);
        if self.terminal.live && self.bar.is_hidden() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        }
    }

    /// How much is done.
    pub fn advance(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// What the line says beside its bar.
    pub fn words(&self, words: String) {
        self.bar.set_message(words);
    }

    /// `preparing rows · 512/1,797`
    pub fn reading(&mut self, work: Work, done: usize, of: usize) {
        let (done, of) = (done as u64, of as u64);
        self.show(if of == 0 { u64::MAX } else { of }, done);
        self.words(match work {
            Work::Bytes => format!("reading · {}/{}", bytes(done), bytes(of)),
            Work::Command => format!("reading what a program writes · {}", bytes(done)),
            Work::Query => format!("reading rows of a database · {}", count(done)),
            Work::Columns => format!("reading columns · {}/{} rows", count(done), count(of)),
            Work::Files => format!("reading files · {}/{}", count(done), count(of)),
            Work::Pictures => format!("decoding pictures · {}/{}", count(done), count(of)),
            Work::Rows => format!("preparing rows · {}/{}", count(done), count(of)),
        });
    }

    /// Takes the line away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// The same for good; fails if events could not be written.
    pub fn finish(self) -> Result<(), Stop> {
        self.clear();
        self.failure.map_or(Ok(()), |error| Err(error.into()))
    }
}
