//! Instructions as bytes: the few that are needed, in the forms of the manual (Intel SDM, volume 2, chapter 2).

use super::Isa;

/// A vector register by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vector(pub u8);

/// A general register by its number: those that a called function may use freely.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word(u8);

impl Word {
    pub const RAX: Word = Word(0);
    pub const RCX: Word = Word(1);
    pub const RDX: Word = Word(2);
    /// The stack. The 128 bytes below it are a function's own that calls no other.
    pub const RSP: Word = Word(4);
    pub const RSI: Word = Word(6);
    pub const RDI: Word = Word(7);
    pub const R8: Word = Word(8);
    pub const R9: Word = Word(9);
    pub const R10: Word = Word(10);
    pub const R11: Word = Word(11);
}

/// So many bytes behind what a register points to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    pub base: Word,
    pub bytes: i32,
}

/// How the lanes of an operand are chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lanes {
    /// All of them.
    All,
    /// Those of the mask; the others are zero, and their memory is not touched.
    Masked,
}

/// Code as far as it is written.
pub struct Assembler {
    isa: Isa,
    bytes: Vec<u8>,
}

/// A place to which a loop jumps back.
#[derive(Clone, Copy)]
pub struct Label(usize);

/// The prefix that stands for 0x66.
const P66: u8 = 1;
/// The map of opcodes behind 0F, and that behind 0F 38.
const M0F: u8 = 1;
const M0F38: u8 = 2;

/// An opcode with its map and prefix.
#[derive(Clone, Copy)]
struct Opcode {
    map: u8,
    prefix: u8,
    byte: u8,
}

const MOVUPS_LOAD: Opcode = Opcode { map: M0F, prefix: 0, byte: 0x10 };
const MOVUPS_STORE: Opcode = Opcode { map: M0F, prefix: 0, byte: 0x11 };
const XORPS: Opcode = Opcode { map: M0F, prefix: 0, byte: 0x57 };
const PXORD: Opcode = Opcode { map: M0F, prefix: P66, byte: 0xef };
const BROADCASTSS: Opcode = Opcode { map: M0F38, prefix: P66, byte: 0x18 };
const MASKMOVPS_LOAD: Opcode = Opcode { map: M0F38, prefix: P66, byte: 0x2c };
const FMADD231PS: Opcode = Opcode { map: M0F38, prefix: P66, byte: 0xb8 };

/// The last operand of an instruction.
#[derive(Clone, Copy)]
enum Operand {
    Register(Vector),
    Memory(Address),
    /// One float for all lanes.
    Broadcast(Address),
}

impl Assembler {
    pub fn new(isa: Isa) -> Assembler {
        Assembler { isa, bytes: Vec::with_capacity(1024) }
    }

    /// The whole function. It leaves the upper halves of the registers clean: instructions of the older form that follow
    /// would wait for them.
    pub fn finish(mut self) -> Vec<u8> {
        // vzeroupper; ret
        self.bytes.extend([0xc5, 0xf8, 0x77, 0xc3]);
        self.bytes
    }

    // ---------------------------------------------------------------------------------------------- vectors

    pub fn zero(&mut self, to: Vector) {
        match self.isa {
            Isa::Avx2 => self.vector(XORPS, to.0, to.0, Operand::Register(to), Lanes::All),
            Isa::Avx512 => self.vector(PXORD, to.0, to.0, Operand::Register(to), Lanes::All),
        }
    }

    /// Reads a register full of floats, or those of the mask: with AVX2 it stands in `mask`.
    pub fn load(&mut self, to: Vector, from: Address, lanes: Lanes, mask: Vector) {
        match (self.isa, lanes) {
            (Isa::Avx2, Lanes::Masked) => {
                self.vector(MASKMOVPS_LOAD, to.0, mask.0, Operand::Memory(from), Lanes::All);
            }
            _ => self.vector(MOVUPS_LOAD, to.0, 0, Operand::Memory(from), lanes),
        }
    }

    pub fn store(&mut self, from: Vector, to: Address) {
        self.vector(MOVUPS_STORE, from.0, 0, Operand::Memory(to), Lanes::All);
    }

    pub fn broadcast(&mut self, to: Vector, from: Address) {
        // A scalar is read: its displacement counts in floats.
        self.vector(BROADCASTSS, to.0, 0, Operand::Broadcast(from), Lanes::All);
    }

    /// `sum + a * b` with one rounding.
    pub fn fma(&mut self, sum: Vector, a: Vector, b: Vector) {
        self.vector(FMADD231PS, sum.0, a.0, Operand::Register(b), Lanes::All);
    }

    /// The same with a register full of floats from memory.
    pub fn fma_load(&mut self, sum: Vector, a: Vector, b: Address) {
        self.vector(FMADD231PS, sum.0, a.0, Operand::Memory(b), Lanes::All);
    }

    /// The same with one float from memory for all lanes; of AVX-512.
    pub fn fma_broadcast(&mut self, sum: Vector, a: Vector, b: Address) {
        assert_eq!(self.isa, Isa::Avx512, "operands that are broadcast came with AVX-512");
        self.vector(FMADD231PS, sum.0, a.0, Operand::Broadcast(b), Lanes::All);
    }

    /// Makes the first `lanes` lanes the mask. With AVX2 it goes to the register `mask`; `scratch` is lost.
    pub fn mask(&mut self, lanes: usize, mask: Vector, scratch: Word) {
        match self.isa {
            Isa::Avx512 => {
                self.set(scratch, (1 << lanes) - 1);
                // kmovw k1, scratch
                self.bytes.extend([0xc4, 0xe1 ^ (scratch.0 >> 3) << 5, 0x78, 0x92, 0xc8 | scratch.0 & 7]);
            }
            Isa::Avx2 => {
                let room = Address { base: Word::RSP, bytes: -64 };
                for lane in 0..self.isa.lanes() {
                    let bits: u32 = if lane < lanes { u32::MAX } else { 0 };
                    self.store_word(room.behind(4 * lane as i32), bits);
                }
                self.load(mask, room, Lanes::All, mask);
            }
        }
    }

    fn vector(&mut self, opcode: Opcode, register: u8, second: u8, last: Operand, lanes: Lanes) {
        let (low, high) = match last {
            Operand::Register(Vector(number)) => (number >> 3 & 1, number >> 4 & 1),
            Operand::Memory(address) | Operand::Broadcast(address) => (address.base.0 >> 3, 0),
        };
        let scalar = opcode.byte == BROADCASTSS.byte && opcode.map == M0F38;
        match self.isa {
            Isa::Avx2 => {
                assert!(register < 16 && second < 16 && high == 0 && lanes == Lanes::All, "registers that AVX2 has");
                self.bytes.extend([
                    0xc4,
                    (register >> 3 ^ 1) << 7 | 1 << 6 | (low ^ 1) << 5 | opcode.map,
                    (!second & 15) << 3 | 1 << 2 | opcode.prefix,
                ]);
            }
            Isa::Avx512 => {
                let mask = if lanes == Lanes::Masked { 0x81 } else { 0 };
                let broadcast = u8::from(matches!(last, Operand::Broadcast(_)) && !scalar) << 4;
                self.bytes.extend([
                    0x62,
                    (register >> 3 & 1 ^ 1) << 7
                        | (high ^ 1) << 6
                        | (low ^ 1) << 5
                        | (register >> 4 ^ 1) << 4
                        | opcode.map,
                    (!second & 15) << 3 | 1 << 2 | opcode.prefix,
                    2 << 5 | broadcast | (second >> 4 ^ 1) << 3 | mask,
                ]);
            }
        }
        self.bytes.push(opcode.byte);
        // AVX-512 counts short displacements in operands.
        let unit = match (self.isa, last) {
            (Isa::Avx2, _) => 1,
            (Isa::Avx512, Operand::Broadcast(_)) => 4,
            (Isa::Avx512, _) => 64,
        };
        self.operand(register & 7, last, unit);
    }

    // --------------------------------------------------------------------------------------- general registers

    /// Sets the lower half of a register; the upper is zero.
    pub fn set(&mut self, to: Word, value: u32) {
        // mov r32, imm32
        if to.0 >= 8 {
            self.bytes.push(0x41);
        }
        self.bytes.push(0xb8 | to.0 & 7);
        self.bytes.extend(value.to_le_bytes());
    }

    pub fn add(&mut self, to: Word, value: i32) {
        if value != 0 {
            // add r64, imm32
            self.bytes.extend([0x48 | to.0 >> 3, 0x81, 0xc0 | to.0 & 7]);
            self.bytes.extend(value.to_le_bytes());
        }
    }

    /// Here, to be jumped back to.
    pub fn label(&self) -> Label {
        Label(self.bytes.len())
    }

    /// Counts down, and jumps back until there is nothing left.
    pub fn count_down(&mut self, counter: Word, to: Label) {
        // dec r32
        if counter.0 >= 8 {
            self.bytes.push(0x41);
        }
        self.bytes.extend([0xff, 0xc8 | counter.0 & 7]);
        // jnz rel32
        self.bytes.extend([0x0f, 0x85]);
        let distance = to.0 as i64 - (self.bytes.len() as i64 + 4);
        self.bytes.extend(i32::try_from(distance).expect("code that is near").to_le_bytes());
    }

    /// Writes four bytes to memory near one of the first eight registers.
    fn store_word(&mut self, to: Address, bits: u32) {
        assert!(to.base.0 < 8, "a base that needs no prefix");
        // mov dword [to], imm32
        self.bytes.push(0xc7);
        self.operand(0, Operand::Memory(to), 1);
        self.bytes.extend(bits.to_le_bytes());
    }

    /// The byte that names the operands, and a displacement, which counts in `unit`s where it is short.
    fn operand(&mut self, register: u8, operand: Operand, unit: i32) {
        match operand {
            Operand::Register(Vector(number)) => self.bytes.push(0xc0 | register << 3 | number & 7),
            Operand::Memory(address) | Operand::Broadcast(address) => {
                let base = address.base.0 & 7;
                let short = i8::try_from(address.bytes / unit).ok().filter(|_| address.bytes % unit == 0);
                self.bytes.push(if short.is_some() { 0x40 } else { 0x80 } | register << 3 | base);
                if base == Word::RSP.0 {
                    // This base takes a byte more, which says that there is no index.
                    self.bytes.push(0x24);
                }
                match short {
                    Some(short) => self.bytes.push(short as u8),
                    None => self.bytes.extend(address.bytes.to_le_bytes()),
                }
            }
        }
    }
}

impl Address {
    pub fn behind(self, bytes: i32) -> Address {
        Address { bytes: self.bytes + bytes, ..self }
    }
}
