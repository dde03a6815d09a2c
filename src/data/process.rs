//! Programs of others, started to hear what they write.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::native::end_with_us;

/// A program, what it is given, and the folder in which it works.
pub struct Process<'a> {
    /// With a slash in it a path from the folder, else a name among those of the system.
    pub program: &'a str,
    /// Word by word; no shell reads them.
    pub arguments: &'a [&'a str],
    pub folder: &'a Path,
}

/// What a program has written until its end.
pub struct Ended {
    pub output: Vec<u8>,
    /// The end of what it said on its standard error.
    pub said: Vec<u8>,
    /// How it ended, unless well.
    pub failure: Option<Failure>,
}

/// How a program ends that has failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    Code(i32),
    /// Something ended it.
    Signal(i32),
}

/// Why a program has not come to its end.
#[derive(Debug)]
pub enum Refused {
    /// It cannot be started.
    Unstarted(io::Error),
    /// It has written more than may be read.
    TooLong,
    /// It was ended from here.
    Stopped,
}

/// So often somebody is asked whether to go on.
const PAUSE: Duration = Duration::from_millis(100);
/// How long the rest is waited for of what a program said that has ended. What it has started may go on and hold the line.
const LAST_WORDS: Duration = Duration::from_secs(1);
const CHUNK: usize = 1 << 16;
/// How many bytes are kept of what a program says on its standard error.
const KEPT: usize = 1 << 14;

impl Process<'_> {
    /// Starts the program and reads what it writes, at most `most` bytes of it. `goes_on` hears at least ten times a second how
    /// many there are by now, and ends the program by a no. Whatever comes of it, the program does not outlive the call.
    pub fn run(&self, most: u64, goes_on: &mut dyn FnMut(usize) -> bool) -> Result<Ended, Refused> {
        let mut child = Running(self.start().map_err(Refused::Unstarted)?);
        let (written, said) = (child.0.stdout.take().expect("piped"), child.0.stderr.take().expect("piped"));
        // Both are read at once, by threads of their own: a program that waits for one of them to be read writes to neither.
        let (chunks, output) = mpsc::sync_channel(4);
        thread::spawn(move || pass_on(written, &mut |chunk| chunks.send(chunk.to_vec()).is_ok()));
        let (words, last_words) = mpsc::channel();
        thread::spawn(move || {
            let mut kept = vec![];
            pass_on(said, &mut |chunk| {
                kept.extend_from_slice(chunk);
                kept.drain(..kept.len().saturating_sub(KEPT));
                true
            });
            _ = words.send(kept);
        });
        let (mut all, mut asked) = (vec![], None::<Instant>);
        let mut ended = None;
        while ended.is_none_or(|(status, at)| failure(status).is_none() || Instant::elapsed(&at) < LAST_WORDS) {
            if asked.is_none_or(|at| at.elapsed() >= PAUSE) {
                asked = Some(Instant::now());
                if !goes_on(all.len()) {
                    return Err(Refused::Stopped);
                }
                let status = child.0.try_wait().map_err(Refused::Unstarted)?;
                ended = ended.or(status.map(|status| (status, Instant::now())));
            }
            match output.recv_timeout(PAUSE) {
                Ok(chunk) => all.extend(chunk),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if all.len() as u64 > most {
                return Err(Refused::TooLong);
            }
        }
        // What it wrote is at an end, it itself perhaps not yet.
        let status = loop {
            match child.0.try_wait().map_err(Refused::Unstarted)? {
                Some(status) => break status,
                None if goes_on(all.len()) => thread::sleep(PAUSE / 20),
                None => return Err(Refused::Stopped),
            }
        };
        let failure = failure(status);
        // Ctrl-C reaches the program as well, and may reach it first.
        if let Some(Failure::Signal(_)) = failure {
            thread::sleep(PAUSE);
        }
        if failure.is_some() && !goes_on(all.len()) {
            return Err(Refused::Stopped);
        }
        let said = last_words.recv_timeout(LAST_WORDS).unwrap_or_default();
        Ok(Ended { output: all, said, failure })
    }

    /// The file of the program, where a path leads to it.
    pub fn file(&self) -> io::Result<Option<PathBuf>> {
        // Systems do not agree from which folder a relative path begins.
        let path = || std::path::absolute(self.place().join(self.program));
        self.program.contains('/').then(path).transpose()
    }

    /// The folder in which it works, which has no name where the program of the data lies in the folder of the command.
    pub fn place(&self) -> &Path {
        if self.folder == Path::new("") { Path::new(".") } else { self.folder }
    }

    fn start(&self) -> io::Result<Child> {
        let mut command = Command::new(self.file()?.unwrap_or_else(|| self.program.into()));
        command.args(self.arguments).current_dir(self.place());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        end_with_us(&mut command);
        command.spawn()
    }
}

/// A program that ends with whoever reads it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail where it has ended by itself.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Hands on what comes in until it ends or nobody wants it.
fn pass_on(mut from: impl Read, hear: &mut dyn FnMut(&[u8]) -> bool) {
    let mut chunk = vec![0; CHUNK];
    loop {
        match from.read(&mut chunk) {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Ok(count) if count > 0 && hear(&chunk[..count]) => {}
            Ok(_) | Err(_) => return,
        }
    }
}

fn failure(status: ExitStatus) -> Option<Failure> {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Some(Failure::Signal(signal));
    }
    status.code().filter(|code| *code != 0).map(Failure::Code)
}
