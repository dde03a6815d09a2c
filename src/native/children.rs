//! Programs that are started from here and must not go on alone.

use std::process::Command;

/// Has the system end the program that `command` starts as soon as this process ends, however that comes: also by a signal that
/// nobody handles. Whoever starts it must be a thread that waits for it. Where no system does so (it is Linux that does), the
/// program ends when it next writes to a pipe that nobody reads any more.
pub fn end_with_us(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        let us = std::process::id();
        let before = move || {
            // SAFETY: both ask the kernel alone: they take no lock, and no memory of this process. What `prctl` sets is of the
            // process that calls it, the new one.
            let still_there = unsafe {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                libc::getppid()
            };
            // It may have ended before this was said.
            if still_there.unsigned_abs() == us { Ok(()) } else { Err(std::io::ErrorKind::BrokenPipe.into()) }
        };
        // SAFETY: `before` runs in the new process before its program does, where only what is sound in a handler of signals may
        // be done: it makes two such calls, and its error is a plain number.
        unsafe { std::os::unix::process::CommandExt::pre_exec(command, before) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}
