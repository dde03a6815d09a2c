//! Which edges of dlmc a run has passed: LLVM counts at each of them, and this reads the counters.
//!
//! The only unsafe code of the fuzzer: the counters are bytes that compiled code writes to without asking.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

static START: AtomicUsize = AtomicUsize::new(0);
static LENGTH: AtomicUsize = AtomicUsize::new(0);

/// Called before `main` by what LLVM has put into dlmc, with the place of its counters.
///
/// # Safety
/// From `start` to `stop` lie bytes that live as long as the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, stop: *mut u8) {
    START.store(start as usize, Ordering::Relaxed);
    LENGTH.store(stop as usize - start as usize, Ordering::Relaxed);
}

fn counters() -> &'static [AtomicU8] {
    let length = LENGTH.load(Ordering::Relaxed);
    assert!(length > 0, "dlmc is without counters: start the fuzzer with `fuzz/run`");
    // SAFETY: the bytes are there by the contract above, for as long as the process. An atomic byte has the layout of a
    // byte. Compiled code writes to them without atomic instructions, but on the thread that reads them here.
    unsafe { std::slice::from_raw_parts(START.load(Ordering::Relaxed) as *const AtomicU8, length) }
}

/// How many edges there are.
pub fn edges() -> usize {
    counters().len()
}

/// Forgets what was passed.
pub fn reset() {
    counters().iter().for_each(|it| it.store(0, Ordering::Relaxed));
}

/// An edge and how often it was passed, roughly: once, twice, three times, up to 7, 15, 31, 127 times, more often.
pub fn features(mut feature: impl FnMut(u32)) {
    for (edge, count) in counters().iter().enumerate() {
        let size = match count.load(Ordering::Relaxed) {
            0 => continue,
            count @ 1..=3 => u32::from(count) - 1,
            4..=7 => 3,
            8..=15 => 4,
            16..=31 => 5,
            32..=127 => 6,
            128.. => 7,
        };
        feature(edge as u32 * 8 + size);
    }
}
