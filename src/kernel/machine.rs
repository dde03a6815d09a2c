//! What a plan may know of the machine that will run it.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Found once, or made by hand: a plan for a machine that is not at hand is as good as any.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Machine {
    /// Multiplies and adds with one rounding in one instruction.
    pub fma: bool,
    /// The bytes of a vector register.
    pub vector: usize,
    /// The bytes of the caches of one core.
    pub l1: usize,
    pub l2: usize,
    /// How many threads share the work.
    pub threads: usize,
}

/// How many threads plans for this machine are for.
static THREADS: AtomicUsize = AtomicUsize::new(1);

/// The widest registers that they may use, in bytes.
static WIDEST: AtomicUsize = AtomicUsize::new(usize::MAX);

/// Has every plan that is made from now on for this machine share its work among so many threads. The results are the same bits
/// for any number of them.
pub fn use_threads(threads: usize) {
    THREADS.store(threads.max(1), Ordering::Relaxed);
}

/// Has every plan that is made from now on for this machine do without registers of more bytes. The results are the same bits.
pub fn use_registers(bytes: usize) {
    WIDEST.store(bytes, Ordering::Relaxed);
}

impl Machine {
    /// The machine that this program runs on, as far as it may be used.
    pub fn host() -> Machine {
        let (threads, widest) = (THREADS.load(Ordering::Relaxed), WIDEST.load(Ordering::Relaxed));
        let found = Machine::found();
        Machine { threads, vector: found.vector.min(widest), ..found }
    }

    /// What this machine has, for one thread.
    pub fn found() -> Machine {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            let vector = match () {
                () if has!("avx512f") && has!("avx512vl") => 64,
                () if has!("avx2") => 32,
                () => 16,
            };
            Machine { fma: has!("fma"), vector, ..Machine::portable() }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Machine { fma: cfg!(target_arch = "aarch64"), ..Machine::portable() }
    }

    /// What every machine is at least.
    pub fn portable() -> Machine {
        Machine { fma: false, vector: 16, l1: 32 << 10, l2: 512 << 10, threads: 1 }
    }
}
