//! Instructions of general registers as bytes: addresses, counters, jumps (Intel SDM, volume 2, chapter 2).

use super::encode::{Address, Assembler, Operand};

/// A general register by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word(pub(super) u8);

impl Word {
    pub const RAX: Word = Word(0);
    pub const RCX: Word = Word(1);
    pub const RDX: Word = Word(2);
    pub const RBX: Word = Word(3);
    /// The stack. In the place of an index its number says that there is none.
    pub const RSP: Word = Word(4);
    pub const RBP: Word = Word(5);
    pub const RSI: Word = Word(6);
    pub const RDI: Word = Word(7);
    pub const R8: Word = Word(8);
    pub const R9: Word = Word(9);
    pub const R10: Word = Word(10);
    pub const R11: Word = Word(11);
    pub const R12: Word = Word(12);
    pub const R13: Word = Word(13);
    pub const R14: Word = Word(14);
    pub const R15: Word = Word(15);

    /// Whether a function has to leave it as it found it, in the System V convention.
    pub fn is_kept(self) -> bool {
        matches!(self, Word::RBX | Word::RBP | Word::R12 | Word::R13 | Word::R14 | Word::R15)
    }
}

/// A place to which a loop jumps back.
#[derive(Clone, Copy)]
pub struct Label(usize);

impl Assembler {
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
        self.jump_unless_equal(to);
    }

    /// Jumps back while a register is not yet `end`.
    pub fn until(&mut self, counter: Word, end: i32, to: Label) {
        // cmp r64, imm32
        self.bytes.extend([0x48 | counter.0 >> 3, 0x81, 0xf8 | counter.0 & 7]);
        self.bytes.extend(end.to_le_bytes());
        self.jump_unless_equal(to);
    }

    fn jump_unless_equal(&mut self, to: Label) {
        // jnz rel32
        self.bytes.extend([0x0f, 0x85]);
        let distance = to.0 as i64 - (self.bytes.len() as i64 + 4);
        self.bytes.extend(i32::try_from(distance).expect("code that is near").to_le_bytes());
    }

    pub fn push(&mut self, word: Word) {
        if word.0 >= 8 {
            self.bytes.push(0x41);
        }
        self.bytes.push(0x50 | word.0 & 7);
    }

    pub fn pop(&mut self, word: Word) {
        if word.0 >= 8 {
            self.bytes.push(0x41);
        }
        self.bytes.push(0x58 | word.0 & 7);
    }

    /// Reads eight bytes.
    pub fn load_word(&mut self, to: Word, from: Address) {
        // mov r64, m64
        self.bytes.extend([0x48 | to.0 >> 3 << 2 | from.base.0 >> 3, 0x8b]);
        self.operand(to.0 & 7, Operand::Memory(from), 1, 0);
    }

    /// Asks for a line of the cache, to be read or to be written. Nothing is touched, so any address will do.
    pub fn ahead(&mut self, at: Address, written: bool) {
        // prefetcht0 m8, prefetchw m8
        let index = at.index.map_or(0, |(index, _)| index.0 >> 3);
        if at.base.0 >= 8 || index > 0 {
            self.bytes.push(0x40 | index << 1 | at.base.0 >> 3);
        }
        self.bytes.extend([0x0f, if written { 0x0d } else { 0x18 }]);
        self.operand(1, Operand::Memory(at), 1, 0);
    }

    /// Writes four bytes.
    pub fn store_word(&mut self, to: Address, bits: u32) {
        // mov m32, imm32
        self.bytes.extend([0x40 | to.base.0 >> 3, 0xc7]);
        self.operand(0, Operand::Memory(to), 1, 4);
        self.bytes.extend(bits.to_le_bytes());
    }

    /// Adds to the eight bytes in memory.
    pub fn add_to_word(&mut self, to: Address, value: i32) {
        // add m64, imm32
        self.bytes.extend([0x48 | to.base.0 >> 3, 0x81]);
        self.operand(0, Operand::Memory(to), 1, 4);
        self.bytes.extend(value.to_le_bytes());
    }

    /// Counts the four bytes in memory down, and jumps back until there is nothing left.
    pub fn count_down_word(&mut self, counter: Address, to: Label) {
        // dec m32
        self.bytes.extend([0x40 | counter.base.0 >> 3, 0xff]);
        self.operand(1, Operand::Memory(counter), 1, 0);
        self.jump_unless_equal(to);
    }
}
