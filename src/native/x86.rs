//! Machine code of x86 that Cranelift does not write: registers of 256 and of 512 bits.

mod encode;
mod hold;
mod opcodes;
mod strip;
mod tile;
mod trace;
mod weave;
mod words;

pub use strip::{Around, Each, Sink, Strip};
pub use tile::{Ahead, Factor, LINE, Rows, Tile, Tiles, panel, sums};
pub use trace::{Op, Trace, Unit, Wide};

use crate::kernel::Machine;

/// How wide a register is, and which instructions there are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Isa {
    /// AVX2 with FMA: sixteen registers of eight floats.
    Avx2,
    /// AVX-512F: thirty-two registers of sixteen floats, and masks.
    Avx512,
}

impl Isa {
    /// The widest that a machine has.
    pub fn of(machine: &Machine) -> Option<Isa> {
        match machine.vector {
            _ if !cfg!(target_arch = "x86_64") || !machine.fma => None,
            64.. => Some(Isa::Avx512),
            32.. => Some(Isa::Avx2),
            _ => None,
        }
    }

    /// The floats in a register.
    pub fn lanes(self) -> usize {
        match self {
            Isa::Avx2 => 8,
            Isa::Avx512 => 16,
        }
    }

    pub fn registers(self) -> usize {
        match self {
            Isa::Avx2 => 16,
            Isa::Avx512 => 32,
        }
    }
}
