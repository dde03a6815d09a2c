//! Threads that help with a step: its caller goes through the kernels in their order, and others take parts of those that are
//! shared. Nobody waits for a thread that has taken nothing, so a step is done even where the others never get to run.

use std::hint::spin_loop;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use super::mode;
use super::module::Part;

/// What one call of a step is called with.
#[derive(Clone, Copy)]
pub struct Arguments {
    pub arena: *mut u8,
    pub table: *const *mut u8,
    pub seed: u64,
    pub step: u32,
}

/// The phases of a step, one after the other; each is a range of its parts, which may run at the same time.
#[derive(Clone)]
pub struct Phases {
    pub ranges: Arc<[Range<usize>]>,
    pub parts: Arc<[Part]>,
}

/// A step that is being run, as helpers see it.
#[derive(Clone)]
struct Job {
    /// The number of its first phase; the others follow it.
    first: u64,
    phases: Phases,
    arguments: Arguments,
}

// SAFETY: a helper uses these addresses only while it has taken a part of one of the job's phases and not said that it is done;
// for so long `Team::run`, whose caller vouches for them, does not return.
unsafe impl Send for Job {}

/// What the threads of a team share.
struct Shared {
    /// The phase whose parts can be taken, and above [`TAKEN`] bits of it how many have been.
    open: AtomicU64,
    /// How many of its parts are done.
    done: AtomicUsize,
    /// Helpers that sleep.
    asleep: AtomicUsize,
    job: Mutex<Work>,
    news: Condvar,
}

enum Work {
    None,
    /// The last job.
    Job(Job),
    /// There will be no more.
    Over,
}

/// The bits that count the parts of a phase that were taken.
const TAKEN: u32 = 16;

/// Turns of waiting after which a thread lets others run, or sleeps: about as long as it takes to wake up.
const PATIENCE: u32 = 1000;

/// Threads that wait for work.
pub struct Team {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
}

impl Team {
    /// A team of so many threads, the caller among them.
    pub fn new(threads: usize) -> Team {
        let shared = Arc::new(Shared {
            // Nobody finds anything in phase 0, which belongs to no job.
            open: AtomicU64::new(0),
            done: AtomicUsize::new(0),
            asleep: AtomicUsize::new(0),
            job: Mutex::new(Work::None),
            news: Condvar::new(),
        });
        let helpers = (1..threads).map(|number| {
            let shared = shared.clone();
            let builder = thread::Builder::new().name(format!("helper {number}"));
            builder.spawn(move || help(&shared)).expect("a thread")
        });
        Team { helpers: helpers.collect(), shared }
    }

    /// Runs the phases of a step one after the other.
    ///
    /// # Safety
    /// The parts can be called with these arguments until this returns, those of one phase by different threads.
    pub unsafe fn run(&self, phases: &Phases, arguments: Arguments) {
        let first = (self.shared.open.load(Ordering::Relaxed) >> TAKEN) + 1;
        *self.shared.lock() = Work::Job(Job { first, phases: phases.clone(), arguments });
        let parts = &phases.parts;
        for (number, phase) in (first..).zip(phases.ranges.iter()) {
            if phase.len() > 1 {
                self.shared.done.store(0, Ordering::Relaxed);
                // Whoever takes a part sees what was written before it could be taken.
                self.shared.open.store(number << TAKEN, Ordering::SeqCst);
                self.shared.wake();
                while let Some(part) = self.shared.take(number, phase.len()) {
                    // SAFETY: the caller promised it, and nobody else has taken this part.
                    unsafe { call(parts[phase.start + part], arguments) };
                    self.shared.done.fetch_add(1, Ordering::Release);
                }
                self.shared.wait_for(phase.len());
            } else if let Some(&part) = parts.get(phase.start) {
                // SAFETY: the caller promised it.
                unsafe { call(part, arguments) };
            }
        }
        // Of the phases after the last shared one nobody has heard.
        let last = first + phases.ranges.len() as u64;
        self.shared.open.store(last << TAKEN | ((1 << TAKEN) - 1), Ordering::SeqCst);
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        *self.shared.lock() = Work::Over;
        self.shared.news.notify_all();
        for helper in self.helpers.drain(..) {
            // A thread that panicked has been heard of.
            _ = helper.join();
        }
    }
}

/// Calls a part of a step.
///
/// # Safety
/// As the part wants it.
unsafe fn call(part: Part, Arguments { arena, table, seed, step }: Arguments) {
    // SAFETY: the caller's promise.
    unsafe { part(arena, table, seed, step) }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Work> {
        self.job.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Takes a part of a phase of `count`, if that phase is still open and there is one left.
    fn take(&self, phase: u64, count: usize) -> Option<usize> {
        let mut open = self.open.load(Ordering::Acquire);
        loop {
            let taken = (open & ((1 << TAKEN) - 1)) as usize;
            if open >> TAKEN != phase || taken >= count {
                return None;
            }
            match self.open.compare_exchange_weak(open, open + 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(taken),
                Err(now) => open = now,
            }
        }
    }

    /// Waits until so many parts are done, and sees what was written in them.
    fn wait_for(&self, count: usize) {
        let mut turns = 0;
        while self.done.load(Ordering::Acquire) < count {
            turns += 1;
            if turns < PATIENCE { spin_loop() } else { thread::yield_now() }
        }
    }

    fn wake(&self) {
        if self.asleep.load(Ordering::SeqCst) > 0 {
            // Between a helper's last look and its sleep there is the lock.
            drop(self.lock());
            self.news.notify_all();
        }
    }
}

/// The life of a helper.
fn help(shared: &Shared) {
    // The last phase of which it knows that there is nothing left.
    let mut over = 0;
    let mut turns = 0;
    loop {
        let phase = shared.open.load(Ordering::Acquire) >> TAKEN;
        if phase == over {
            turns += 1;
            if turns < PATIENCE {
                spin_loop();
                continue;
            }
            let mut job = shared.lock();
            shared.asleep.fetch_add(1, Ordering::SeqCst);
            while !matches!(*job, Work::Over) && shared.open.load(Ordering::SeqCst) >> TAKEN == over {
                job = shared.news.wait(job).unwrap_or_else(|poisoned| poisoned.into_inner());
            }
            shared.asleep.fetch_sub(1, Ordering::SeqCst);
            if matches!(*job, Work::Over) {
                return;
            }
            continue;
        }
        turns = 0;
        let job = match &*shared.lock() {
            Work::None => None,
            Work::Job(job) => Some(job.clone()),
            Work::Over => return,
        };
        // A job that is newer than the phase is done with it.
        let place = job.as_ref().and_then(|job| phase.checked_sub(job.first));
        if let (Some(job), Some(place)) = (job, place)
            && let Some(range) = job.phases.ranges.get(place as usize)
        {
            help_with(shared, &job, phase, range.clone());
        }
        over = phase;
    }
}

/// Does parts of a phase, which are the `range` of all, until there are none left.
fn help_with(shared: &Shared, job: &Job, phase: u64, range: Range<usize>) {
    mode::flushing(|| {
        while let Some(part) = shared.take(phase, range.len()) {
            // SAFETY: a part of this phase was taken, so the job goes on until it is done and its arguments hold; and nobody
            // else has taken this part.
            unsafe { call(job.phases.parts[range.start + part], job.arguments) };
            shared.done.fetch_add(1, Ordering::Release);
        }
    });
}
