//! Instructions of vectors as bytes, in the forms of the manual (Intel SDM, volume 2, chapter 2).

use super::Isa;
use super::opcodes::*;
use super::words::Word;

/// A vector register by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vector(pub u8);

/// So many bytes behind what a register points to, and so many more as another register counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    pub base: Word,
    pub bytes: i32,
    /// The register that counts, and the power of two of the bytes that it counts.
    pub index: Option<(Word, u8)>,
}

/// How the lanes of an operand are chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lanes {
    /// All of them.
    All,
    /// Those of the mask; the others are zero, and their memory is not touched.
    Masked,
}

/// One of AVX-512's registers of masks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mask(pub u8);

impl Mask {
    /// The mask of the lanes that are there in a register that is not full.
    pub const TAIL: Mask = Mask(1);
}

/// The last operand of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    Register(Vector),
    Memory(Address),
    /// One element for all lanes.
    Spread(Address),
    /// A constant that stands behind the code, so many bytes from its beginning; one element for all lanes, or each its own.
    Constant {
        at: usize,
        spread: bool,
    },
}

/// What a mask does with the lanes that it leaves out.
#[derive(Clone, Copy)]
enum Out {
    Zero,
    Keep,
}

/// An instruction of vectors.
struct Form {
    opcode: Opcode,
    register: u8,
    second: u8,
    last: Operand,
    mask: Option<(Mask, Out)>,
    /// A byte that follows the operands.
    tail: Option<u8>,
    /// Of 128 bits, whatever the machine has.
    short: bool,
}

impl Form {
    fn new(opcode: Opcode, register: u8, second: u8, last: Operand) -> Form {
        Form { opcode, register, second, last, mask: None, tail: opcode.tail, short: false }
    }

    fn of(opcode: Opcode, to: Vector, a: Vector, b: Operand) -> Form {
        Form::new(opcode, to.0, a.0, b)
    }

    /// With the lanes of a mask alone; the others are zero.
    fn within(self, mask: Mask) -> Form {
        Form { mask: Some((mask, Out::Zero)), ..self }
    }
}

/// Code as far as it is written.
pub struct Assembler {
    isa: Isa,
    pub(super) bytes: Vec<u8>,
    /// What stands behind the code.
    constants: Vec<u8>,
    /// Where in the code the distance to a constant stands, the bytes of the instruction behind it, and the constant.
    distances: Vec<(usize, usize, usize)>,
}

impl Assembler {
    pub fn new(isa: Isa) -> Assembler {
        Assembler { isa, bytes: Vec::with_capacity(1024), constants: vec![], distances: vec![] }
    }

    /// The whole function, with its constants behind it. It leaves the upper halves of the registers clean: instructions of the
    /// older form that follow would wait for them.
    pub fn finish(mut self) -> Vec<u8> {
        // vzeroupper; ret
        self.bytes.extend([0xc5, 0xf8, 0x77, 0xc3]);
        if !self.constants.is_empty() {
            self.bytes.resize(self.bytes.len().next_multiple_of(64), 0xcc);
        }
        let start = self.bytes.len();
        for (place, behind, constant) in self.distances {
            let distance = start + constant - (place + 4 + behind);
            self.bytes[place..place + 4].copy_from_slice(&(distance as u32).to_le_bytes());
        }
        self.bytes.extend(self.constants);
        self.bytes
    }

    /// The same element for all lanes, as an operand. AVX2 reads all of them from memory, AVX-512 one.
    pub fn constant(&mut self, bits: u32) -> Operand {
        match self.isa {
            Isa::Avx2 => self.constants([bits; 16]),
            Isa::Avx512 => Operand::Constant { at: self.stored(&bits.to_le_bytes()), spread: true },
        }
    }

    /// An element for each lane, as an operand.
    pub fn constants(&mut self, bits: [u32; 16]) -> Operand {
        let bytes: Vec<u8> = bits[..self.isa.lanes()].iter().flat_map(|bits| bits.to_le_bytes()).collect();
        Operand::Constant { at: self.stored(&bytes), spread: false }
    }

    fn stored(&mut self, bytes: &[u8]) -> usize {
        let known = self.constants.chunks_exact(bytes.len()).position(|it| it == bytes);
        known.map(|at| at * bytes.len()).unwrap_or_else(|| {
            self.constants.resize(self.constants.len().next_multiple_of(bytes.len()), 0);
            self.constants.extend(bytes);
            self.constants.len() - bytes.len()
        })
    }

    // ---------------------------------------------------------------------------------------------- vectors

    pub fn zero(&mut self, to: Vector) {
        let opcode = if self.isa == Isa::Avx2 { XORPS } else { PXOR };
        self.vector(Form::of(opcode, to, to, Operand::Register(to)));
    }

    /// Reads a register full of floats, or those of the mask: with AVX2 it stands in `mask`.
    pub fn load(&mut self, to: Vector, from: Address, lanes: Lanes, mask: Vector) {
        let form = match (self.isa, lanes) {
            (Isa::Avx2, Lanes::Masked) => Form::of(MASKMOVPS_LOAD, to, mask, Operand::Memory(from)),
            (Isa::Avx512, Lanes::Masked) => Form::new(MOVUPS_LOAD, to.0, 0, Operand::Memory(from)).within(Mask::TAIL),
            (_, Lanes::All) => Form::new(MOVUPS_LOAD, to.0, 0, Operand::Memory(from)),
        };
        self.vector(form);
    }

    /// Reads the lanes of a mask; the others are zero, and their memory is not touched. Of AVX-512.
    pub fn load_within(&mut self, to: Vector, from: Address, mask: Mask) {
        self.vector(Form::new(MOVUPS_LOAD, to.0, 0, Operand::Memory(from)).within(mask));
    }

    pub fn store(&mut self, from: Vector, to: Address) {
        self.vector(Form::new(MOVUPS_STORE, from.0, 0, Operand::Memory(to)));
    }

    /// Writes the first lane.
    pub fn store_first(&mut self, from: Vector, to: Address) {
        self.vector(Form::new(MOVSS_STORE, from.0, 0, Operand::Memory(to)));
    }

    /// The lanes that stand `by` lanes further up, a power of two, in the place of the first ones; what the others are says nobody.
    pub fn down(&mut self, to: Vector, from: Vector, by: usize) {
        let last = Operand::Register(from);
        let (form, order) = match (self.isa, by) {
            (Isa::Avx512, 8) => (Form::of(SHUFF32X4, to, from, last), 0b1110),
            (Isa::Avx512, 4) => (Form::of(SHUFF32X4, to, from, last), 0b01),
            (Isa::Avx2, 4) => (Form::of(PERM2F128, to, from, last), 0b01),
            (_, 2) => (Form::new(PERMILPS, to.0, 0, last), 0b1110),
            (_, 1) => (Form::new(PERMILPS, to.0, 0, last), 0b01),
            _ => unreachable!("half of the lanes that are left"),
        };
        self.vector(Form { tail: Some(order), ..form });
    }

    /// Writes the lanes of the mask alone: with AVX2 it stands in `mask`.
    pub fn store_masked(&mut self, from: Vector, to: Address, mask: Vector) {
        let keep = Some((Mask::TAIL, Out::Keep));
        let form = match self.isa {
            Isa::Avx2 => Form::of(MASKMOVPS_STORE, from, mask, Operand::Memory(to)),
            Isa::Avx512 => Form { mask: keep, ..Form::new(MOVUPS_STORE, from.0, 0, Operand::Memory(to)) },
        };
        self.vector(form);
    }

    /// Reads as many bytes as there are lanes, each as an i32 without a sign.
    pub fn load_bytes(&mut self, to: Vector, from: Address, mask: Option<Mask>) {
        let form = Form::new(PMOVZXBD, to.0, 0, Operand::Memory(from));
        self.vector(Form { mask: mask.map(|mask| (mask, Out::Zero)), ..form });
    }

    /// Writes the lowest byte of each lane, or of each lane of the tail's mask. With AVX2 lanes are below 256, and the register is lost.
    pub fn store_bytes(&mut self, from: Vector, to: Address, lanes: Lanes, scratch: Vector) {
        match self.isa {
            Isa::Avx512 => {
                let mask = (lanes == Lanes::Masked).then_some((Mask::TAIL, Out::Keep));
                self.vector(Form { mask, ..Form::new(PMOVDB_STORE, from.0, 0, Operand::Memory(to)) });
            }
            Isa::Avx2 => {
                assert_eq!(lanes, Lanes::All, "AVX2 masks no bytes");
                let short = |form| Form { short: true, ..form };
                let half = Form::new(EXTRACTI128, from.0, 0, Operand::Register(scratch));
                self.vector(Form { tail: Some(1), ..half });
                self.vector(short(Form::of(PACKUSDW, from, from, Operand::Register(scratch))));
                self.vector(short(Form::of(PACKUSWB, from, from, Operand::Register(from))));
                self.vector(short(Form::new(MOVQ_STORE, from.0, 0, Operand::Memory(to))));
            }
        }
    }

    /// The same element in all lanes, from memory.
    pub fn broadcast(&mut self, to: Vector, from: Address) {
        self.vector(Form::new(BROADCASTSS, to.0, 0, Operand::Spread(from)));
    }

    /// The same i32 in all lanes.
    pub fn spread(&mut self, to: Vector, from: Word) {
        let form = |opcode, from| Form::new(opcode, to.0, 0, Operand::Register(Vector(from)));
        match self.isa {
            Isa::Avx512 => self.vector(form(BROADCAST_WORD, from.0)),
            Isa::Avx2 => {
                self.vector(Form { short: true, ..form(MOVD, from.0) });
                self.vector(form(BROADCASTD, to.0));
            }
        }
    }

    /// The lanes of an operand.
    pub fn copy(&mut self, to: Vector, from: Operand) {
        match from {
            Operand::Spread(_) | Operand::Constant { spread: true, .. } => {
                self.vector(Form::new(BROADCASTSS, to.0, 0, from));
            }
            Operand::Memory(_) | Operand::Constant { .. } => self.vector(Form::new(MOVUPS_LOAD, to.0, 0, from)),
            Operand::Register(from) if from == to => {}
            Operand::Register(_) => self.vector(Form::new(MOVAPS, to.0, 0, from)),
        }
    }

    /// The lanes of the tail's mask; the others stay as they are. With AVX2 the mask stands in `mask`.
    pub fn copy_masked(&mut self, to: Vector, from: Vector, mask: Vector) {
        match self.isa {
            Isa::Avx512 => {
                let form = Form::new(MOVAPS, to.0, 0, Operand::Register(from));
                self.vector(Form { mask: Some((Mask::TAIL, Out::Keep)), ..form });
            }
            Isa::Avx2 => self.blend(to, mask, Operand::Register(from), to),
        }
    }

    pub fn two(&mut self, what: Two, to: Vector, a: Vector, b: Operand) {
        self.vector(Form::of(what.opcode(), to, a, b));
    }

    pub fn one(&mut self, what: One, to: Vector, a: Operand) {
        self.vector(Form::new(what.opcode(), to.0, 0, a));
    }

    pub fn shift(&mut self, what: Shift, to: Vector, from: Vector, by: u8) {
        let form = Form::new(SHIFTD, what.digit(), to.0, Operand::Register(from));
        self.vector(Form { tail: Some(by), ..form });
    }

    /// All bits of a lane that are set, or none. Of AVX-512, with `ones` a register whose bits are all set.
    pub fn compare(&mut self, what: Compare, to: Vector, a: Vector, b: Operand, ones: Vector) {
        match self.isa {
            Isa::Avx2 => self.vector(Form::of(what.opcode(), to, a, b)),
            Isa::Avx512 => {
                let mask = Mask(2);
                self.compare_to(what, mask, a, b);
                self.vector(Form::new(MOVAPS, to.0, 0, Operand::Register(ones)).within(mask));
            }
        }
    }

    /// The mask of the lanes in which a comparison holds; of AVX-512.
    pub fn compare_to(&mut self, what: Compare, to: Mask, a: Vector, b: Operand) {
        assert_eq!(self.isa, Isa::Avx512, "masks came with AVX-512");
        self.vector(Form::new(what.opcode(), to.0, a.0, b));
    }

    /// `a` in the lanes of the mask, else `b`; of AVX-512.
    pub fn choose(&mut self, to: Vector, mask: Mask, a: Operand, b: Vector) {
        self.vector(Form { mask: Some((mask, Out::Keep)), ..Form::of(BLENDMPS, to, b, a) });
    }

    /// Sets all bits.
    pub fn ones(&mut self, to: Vector) {
        assert_eq!(self.isa, Isa::Avx512, "what is compared takes ones with AVX-512 alone");
        self.ternary(0xff, to, to, Operand::Register(to));
    }

    /// `a` in the lanes whose bits are set in `c`, else `b`; of AVX2.
    pub fn blend(&mut self, to: Vector, c: Vector, a: Operand, b: Vector) {
        self.vector(Form { tail: Some(c.0 << 4), ..Form::of(BLENDVPS, to, b, a) });
    }

    /// The function of three bits that a table of eight gives, of `to`, `b` and `c`; of AVX-512.
    pub fn ternary(&mut self, table: u8, to: Vector, b: Vector, c: Operand) {
        self.vector(Form { tail: Some(table), ..Form::of(PTERNLOGD, to, b, c) });
    }

    /// The mask of the lanes in which bits are set, among those of another mask; of AVX-512.
    pub fn mask_of(&mut self, to: Mask, lanes: Vector, among: Option<Mask>) {
        let form = Form::new(PTESTMD, to.0, lanes.0, Operand::Register(lanes));
        // A result that is a mask is zero elsewhere in any case.
        self.vector(Form { mask: among.map(|mask| (mask, Out::Keep)), ..form });
    }

    /// `sum + a * b` with one rounding.
    pub fn fma(&mut self, sum: Vector, a: Vector, b: Vector) {
        self.multiply(Order::Add231, false, sum, a, Operand::Register(b));
    }

    /// The same with a register full of floats from memory.
    pub fn fma_load(&mut self, sum: Vector, a: Vector, b: Address) {
        self.multiply(Order::Add231, false, sum, a, Operand::Memory(b));
    }

    /// The same with one float from memory for all lanes; of AVX-512.
    pub fn fma_broadcast(&mut self, sum: Vector, a: Vector, b: Address) {
        self.multiply(Order::Add231, false, sum, a, Operand::Spread(b));
    }

    /// A product and a sum with one rounding, in the places that `order` says; the product is taken away if `negated`.
    pub fn multiply(&mut self, order: Order, negated: bool, to: Vector, b: Vector, c: Operand) {
        self.vector(Form::of(order.opcode(negated), to, b, c));
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
                let bits = std::array::from_fn(|lane| if lane < lanes { u32::MAX } else { 0 });
                let all = self.constants(bits);
                self.copy(mask, all);
            }
        }
    }

    fn vector(&mut self, form: Form) {
        let Form { opcode, register, second, last, mask, tail, short } = form;
        let (low, high) = match last {
            Operand::Register(Vector(number)) => (number >> 3 & 1, number >> 4 & 1),
            Operand::Memory(address) | Operand::Spread(address) => {
                (address.base.0 >> 3, address.index.map_or(0, |(index, _)| index.0 >> 3))
            }
            Operand::Constant { .. } => (0, 0),
        };
        let spread = matches!(last, Operand::Spread(_) | Operand::Constant { spread: true, .. });
        match self.isa {
            Isa::Avx2 => {
                let of_memory = !matches!(last, Operand::Register(_));
                assert!(register < 16 && second < 16 && mask.is_none(), "registers that AVX2 has");
                assert!(of_memory || high == 0, "registers that AVX2 has");
                assert!(!spread || opcode.size == Size::Element, "an operand that AVX2 has");
                self.bytes.extend([
                    0xc4,
                    (register >> 3 ^ 1) << 7 | (high ^ 1) << 6 | (low ^ 1) << 5 | opcode.map,
                    (!second & 15) << 3 | u8::from(!short) << 2 | opcode.prefix,
                ]);
            }
            Isa::Avx512 => {
                assert!(!short, "all registers are wide");
                let masked = mask.map_or(0, |(mask, out)| mask.0 | u8::from(matches!(out, Out::Zero)) << 7);
                let broadcast = u8::from(spread && opcode.size != Size::Element) << 4;
                self.bytes.extend([
                    0x62,
                    (register >> 3 & 1 ^ 1) << 7
                        | (high ^ 1) << 6
                        | (low ^ 1) << 5
                        | (register >> 4 ^ 1) << 4
                        | opcode.map,
                    (!second & 15) << 3 | 1 << 2 | opcode.prefix,
                    2 << 5 | broadcast | (second >> 4 ^ 1) << 3 | masked,
                ]);
            }
        }
        self.bytes.push(opcode.byte);
        // AVX-512 counts short displacements in operands.
        let unit = match (self.isa, opcode.size) {
            (Isa::Avx2, _) => 1,
            (Isa::Avx512, _) if spread => 4,
            (Isa::Avx512, Size::Element) => 4,
            (Isa::Avx512, Size::Quarter) => 16,
            (Isa::Avx512, Size::Whole) => 64,
        };
        self.operand(register & 7, last, unit, usize::from(tail.is_some()));
        self.bytes.extend(tail);
    }

    /// The byte that names the operands, and a displacement, which counts in `unit`s where it is short. So many bytes of the
    /// instruction come `behind` it.
    pub(super) fn operand(&mut self, register: u8, operand: Operand, unit: i32, behind: usize) {
        match operand {
            Operand::Register(Vector(number)) => self.bytes.push(0xc0 | register << 3 | number & 7),
            Operand::Constant { at, .. } => {
                self.bytes.push(register << 3 | 5);
                self.distances.push((self.bytes.len(), behind, at));
                self.bytes.extend([0; 4]);
            }
            Operand::Memory(address) | Operand::Spread(address) => {
                let base = address.base.0 & 7;
                let short = i8::try_from(address.bytes / unit).ok().filter(|_| address.bytes % unit == 0);
                let needs_more = address.index.is_some() || base == Word::RSP.0;
                let named = if needs_more { Word::RSP.0 } else { base };
                self.bytes.push(if short.is_some() { 0x40 } else { 0x80 } | register << 3 | named);
                if needs_more {
                    // Without an index its place holds the number of the stack.
                    let (index, power) = address.index.unwrap_or((Word::RSP, 0));
                    self.bytes.push(power << 6 | (index.0 & 7) << 3 | base);
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
    pub fn of(base: Word) -> Address {
        Address { base, bytes: 0, index: None }
    }

    pub fn behind(self, bytes: i32) -> Address {
        Address { bytes: self.bytes + bytes, ..self }
    }

    /// With as many times `2^power` bytes more as a register counts.
    pub fn indexed(self, counter: Word, power: u8) -> Address {
        Address { index: Some((counter, power)), ..self }
    }
}
