//! How the processor treats denormal numbers while machine code runs.

/// The processor's floating-point control register, as it was found.
#[derive(Clone, Copy)]
struct Control(u64);

/// Runs `work` with denormal operands and results counting as zero, and sets everything back afterwards.
pub fn flushing<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(Control);
    impl Drop for Restore {
        fn drop(&mut self) {
            self.0.set();
        }
    }
    let found = Control::get();
    let _restore = Restore(found);
    found.flushing().set();
    work()
}

#[cfg(target_arch = "x86_64")]
impl Control {
    fn get() -> Control {
        let mut mxcsr = 0u32;
        // SAFETY: `stmxcsr` writes four bytes to the address that it is given, and `mxcsr` has four.
        unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut mxcsr, options(nostack, preserves_flags)) };
        Control(mxcsr.into())
    }

    fn set(self) {
        let mxcsr = self.0 as u32;
        // SAFETY: `ldmxcsr` reads four bytes. Every value given here was read from the register itself, with the bits for
        // denormals set at most, which mask no exception that was not masked and unmask none.
        unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const mxcsr, options(nostack, preserves_flags)) };
    }

    /// Flush to zero is bit 15, denormals are zero bit 6.
    fn flushing(self) -> Control {
        Control(self.0 | 1 << 15 | 1 << 6)
    }
}

#[cfg(target_arch = "aarch64")]
impl Control {
    fn get() -> Control {
        let fpcr: u64;
        // SAFETY: reading the register changes nothing.
        unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) fpcr, options(nomem, nostack, preserves_flags)) };
        Control(fpcr)
    }

    fn set(self) {
        // SAFETY: every value given here was read from the register itself, with the bit for denormals set at most.
        unsafe { std::arch::asm!("msr fpcr, {}", in(reg) self.0, options(nomem, nostack, preserves_flags)) };
    }

    /// Flush to zero, of operands and results, is bit 24.
    fn flushing(self) -> Control {
        Control(self.0 | 1 << 24)
    }
}
