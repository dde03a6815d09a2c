//! What a plan may know of the machine that will run it.

/// Found once, or made by hand: a plan for a machine that is not at hand is as good as any.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machine {
    /// Multiplies and adds with one rounding in one instruction.
    pub fma: bool,
    /// The bytes of a vector register.
    pub vector: usize,
    /// The bytes of the caches of one core.
    pub l1: usize,
    pub l2: usize,
}

impl Machine {
    /// The machine that this program runs on.
    pub fn host() -> Machine {
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
        Machine { fma: false, vector: 16, l1: 32 << 10, l2: 512 << 10 }
    }
}
