//! Work in a thread of its own: what may take long, and code of others that may panic where a file is damaged.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// The name of the threads in which a panic is no bug of dlmc.
pub const FOREIGN: &str = "foreign code";

/// So often `look` is called.
const PAUSE: Duration = Duration::from_millis(100);

/// What `work` gives in a thread of this name, while this one calls `look` again and again; an error where it panics.
pub fn beside<T: Send>(name: &str, work: impl FnOnce() -> T + Send, mut look: impl FnMut()) -> thread::Result<T> {
    let (ended, end) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let work = move || {
            let done = work();
            drop(ended);
            done
        };
        let worker = thread::Builder::new().name(name.into()).spawn_scoped(scope, work).expect("a thread");
        while let Err(RecvTimeoutError::Timeout) = end.recv_timeout(PAUSE) {
            look();
        }
        worker.join()
    })
}
