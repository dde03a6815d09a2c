//! Ctrl-C and its kin: the first asks the run to stop after its step, the second does not ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::signal::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::Exit;

/// What the signals have said so far.
pub struct Interrupt {
    /// Raised by the first signal.
    pub stop: Arc<AtomicBool>,
    last: Arc<AtomicUsize>,
}

/// From here on the first SIGINT or SIGTERM is a wish, and the next one ends the process.
pub fn watch() -> Interrupt {
    let (stop, last) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    for (signal, exit) in [(SIGINT, Exit::Interrupted), (SIGTERM, Exit::Terminated)] {
        // The order matters: the shutdown looks at the flag before this signal raises it.
        flag::register_conditional_shutdown(signal, exit as i32, Arc::clone(&stop))
            .expect("a signal that may be handled");
        flag::register(signal, Arc::clone(&stop)).expect("a signal that may be handled");
        flag::register_usize(signal, Arc::clone(&last), exit as usize).expect("a signal that may be handled");
    }
    Interrupt { stop, last }
}

impl Interrupt {
    /// How a command ends that stopped because it was asked to.
    pub fn exit(&self) -> Exit {
        if self.last.load(Ordering::Relaxed) == Exit::Terminated as usize {
            Exit::Terminated
        } else {
            Exit::Interrupted
        }
    }
}
