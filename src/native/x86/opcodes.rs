//! The opcodes of instructions of vectors (Intel SDM, volume 2, chapters 3 to 5).

/// An opcode with its map and its prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opcode {
    pub map: u8,
    pub prefix: u8,
    pub byte: u8,
    /// How much memory its last operand takes.
    pub size: Size,
    /// The byte behind the operands, where the instruction always has the same.
    pub tail: Option<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    Whole,
    /// A byte for each lane of four.
    Quarter,
    Element,
}

/// The prefixes that stand for 0x66 and 0xf3.
const P66: u8 = 1;
const PF3: u8 = 2;

/// The maps of opcodes behind 0F, 0F 38 and 0F 3A.
const M0F: u8 = 1;
const M0F38: u8 = 2;
const M0F3A: u8 = 3;

const fn opcode(map: u8, prefix: u8, byte: u8) -> Opcode {
    Opcode { map, prefix, byte, size: Size::Whole, tail: None }
}

const fn with_tail(opcode: Opcode, tail: u8) -> Opcode {
    Opcode { tail: Some(tail), ..opcode }
}

const fn of_size(opcode: Opcode, size: Size) -> Opcode {
    Opcode { size, ..opcode }
}

pub const MOVUPS_LOAD: Opcode = opcode(M0F, 0, 0x10);
pub const MOVUPS_STORE: Opcode = opcode(M0F, 0, 0x11);
pub const MOVSS_STORE: Opcode = of_size(opcode(M0F, PF3, 0x11), Size::Element);
pub const SHUFF32X4: Opcode = opcode(M0F3A, P66, 0x23);
pub const PERM2F128: Opcode = opcode(M0F3A, P66, 0x06);
pub const PERMILPS: Opcode = opcode(M0F3A, P66, 0x04);
pub const MOVAPS: Opcode = opcode(M0F, 0, 0x28);
pub const XORPS: Opcode = opcode(M0F, 0, 0x57);
pub const PXOR: Opcode = opcode(M0F, P66, 0xef);
pub const BROADCASTSS: Opcode = of_size(opcode(M0F38, P66, 0x18), Size::Element);
pub const BROADCASTD: Opcode = of_size(opcode(M0F38, P66, 0x58), Size::Element);
pub const BROADCAST_WORD: Opcode = opcode(M0F38, P66, 0x7c);
pub const MOVD: Opcode = of_size(opcode(M0F, P66, 0x6e), Size::Element);
pub const MASKMOVPS_LOAD: Opcode = opcode(M0F38, P66, 0x2c);
pub const MASKMOVPS_STORE: Opcode = opcode(M0F38, P66, 0x2e);
pub const PMOVZXBD: Opcode = of_size(opcode(M0F38, P66, 0x31), Size::Quarter);
pub const PMOVDB_STORE: Opcode = of_size(opcode(M0F38, PF3, 0x31), Size::Quarter);
pub const EXTRACTI128: Opcode = opcode(M0F3A, P66, 0x39);
pub const PACKUSDW: Opcode = opcode(M0F38, P66, 0x2b);
pub const PACKUSWB: Opcode = opcode(M0F, P66, 0x67);
pub const MOVQ_STORE: Opcode = opcode(M0F, P66, 0xd6);
pub const BLENDVPS: Opcode = opcode(M0F3A, P66, 0x4a);
pub const BLENDMPS: Opcode = opcode(M0F38, P66, 0x65);
pub const PTERNLOGD: Opcode = opcode(M0F3A, P66, 0x25);
pub const PTESTMD: Opcode = opcode(M0F38, P66, 0x27);
/// The shifts by a number that is known; which, says the digit in the place of the first register.
pub const SHIFTD: Opcode = opcode(M0F, P66, 0x72);

/// Of two operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Two {
    Add,
    Sub,
    Mul,
    Div,
    IntAdd,
    IntSub,
    IntMul,
    And,
    Or,
    Xor,
}

impl Two {
    pub fn opcode(self) -> Opcode {
        match self {
            Two::Add => opcode(M0F, 0, 0x58),
            Two::Sub => opcode(M0F, 0, 0x5c),
            Two::Mul => opcode(M0F, 0, 0x59),
            Two::Div => opcode(M0F, 0, 0x5e),
            Two::IntAdd => opcode(M0F, P66, 0xfe),
            Two::IntSub => opcode(M0F, P66, 0xfa),
            Two::IntMul => opcode(M0F38, P66, 0x40),
            Two::And => opcode(M0F, P66, 0xdb),
            Two::Or => opcode(M0F, P66, 0xeb),
            Two::Xor => PXOR,
        }
    }

    /// Whether operands can change places.
    pub fn commutes(self) -> bool {
        !matches!(self, Two::Sub | Two::Div | Two::IntSub)
    }
}

/// Of one operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum One {
    Sqrt,
    Floor,
    Ceil,
    Round,
    /// An i32 to the nearest f32.
    ToFloat,
    /// An f32 to an i32, without its fraction.
    ToInt,
}

impl One {
    pub fn opcode(self) -> Opcode {
        // ROUNDPS, which with AVX-512 is RNDSCALEPS with a scale of 1. The fourth bit: no exception.
        let rounded = |how: u8| with_tail(opcode(M0F3A, P66, 0x08), 8 | how);
        match self {
            One::Sqrt => opcode(M0F, 0, 0x51),
            One::Round => rounded(0),
            One::Floor => rounded(1),
            One::Ceil => rounded(2),
            One::ToFloat => opcode(M0F, 0, 0x5b),
            One::ToInt => opcode(M0F, PF3, 0x5b),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Shift {
    Left,
    /// With copies of the sign.
    Right,
}

impl Shift {
    pub fn digit(self) -> u8 {
        match self {
            Shift::Left => 6,
            Shift::Right => 4,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Compare {
    Less,
    LessEqual,
    Equal,
    IntGreater,
    IntEqual,
}

impl Compare {
    pub fn opcode(self) -> Opcode {
        // CMPPS: ordered, so that nothing holds of a NaN.
        let floats = |how: u8| with_tail(opcode(M0F, 0, 0xc2), how);
        match self {
            Compare::Equal => floats(0),
            Compare::Less => floats(1),
            Compare::LessEqual => floats(2),
            Compare::IntGreater => opcode(M0F, P66, 0x66),
            Compare::IntEqual => opcode(M0F, P66, 0x76),
        }
    }

    pub fn commutes(self) -> bool {
        matches!(self, Compare::Equal | Compare::IntEqual)
    }
}

/// In which places of a fused multiply-add its operands stand: the digits name the factors, and then what is added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The first times the third, and the second.
    Add132,
    /// The second times the first, and the third.
    Add213,
    /// The second times the third, and the first.
    Add231,
}

impl Order {
    pub fn opcode(self, negated: bool) -> Opcode {
        let byte = match self {
            Order::Add132 => 0x98,
            Order::Add213 => 0xa8,
            Order::Add231 => 0xb8,
        };
        // FNMADD stands four behind FMADD.
        opcode(M0F38, P66, if negated { byte + 4 } else { byte })
    }
}
