//! The scalars of a loop's body as a list of operations on registers full of elements, each of which uses earlier ones.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use smallvec::{SmallVec, smallvec};

use super::opcodes::{Compare, One, Shift, Two};
use crate::scalar::Ops;

/// What the operation of that number computed: f32, i32, or of a bool all bits or none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Wide(pub u32);

/// How many bytes an element in memory takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unit {
    /// An f32 or an i32.
    Four,
    /// A bool: 0 or 1.
    One,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Op {
    /// The same bits in all lanes.
    Const(u32),
    /// The same element in all lanes, which is not known before the loop is entered; by its number.
    Known(u32),
    /// How many elements stand before this one in the row, an i32.
    Column,
    /// What was folded so far.
    SoFar,
    /// What was folded in other lanes.
    Beside,
    /// The elements from the pointer of that number on; where a mask says so, and else zero.
    Load {
        pointer: u32,
        unit: Unit,
        mask: Option<Wide>,
    },
    /// The elements so many bytes behind those of the pointer, read wherever they are needed.
    At {
        pointer: u32,
        bytes: i32,
    },
    /// The element that the pointer shows, in all lanes.
    Spread {
        pointer: u32,
    },
    Two(Two, Wide, Wide),
    One(One, Wide),
    Shift(Shift, u8, Wide),
    Compare(Compare, Wide, Wide),
    /// `a · b + c`, or `c - a · b`.
    MulAdd {
        negated: bool,
        factors: [Wide; 2],
        term: Wide,
    },
    Select([Wide; 3]),
    /// The first of `then` where the comparison of `of` holds, else the second: a comparison and a selection in one, of AVX-512.
    Choose {
        what: Compare,
        of: [Wide; 2],
        then: [Wide; 2],
    },
}

impl Op {
    pub fn operands(&self) -> SmallVec<[Wide; 4]> {
        match *self {
            Op::Const(_) | Op::Known(_) | Op::Column | Op::SoFar | Op::Beside | Op::At { .. } | Op::Spread { .. } => {
                smallvec![]
            }
            Op::Load { mask, .. } => mask.into_iter().collect(),
            Op::One(_, a) | Op::Shift(_, _, a) => smallvec![a],
            Op::Two(_, a, b) | Op::Compare(_, a, b) => smallvec![a, b],
            Op::MulAdd { factors: [a, b], term, .. } => smallvec![a, b, term],
            Op::Select(operands) => operands.into_iter().collect(),
            Op::Choose { of, then, .. } => of.into_iter().chain(then).collect(),
        }
    }
}

impl Op {
    /// The same operation on other operands.
    pub fn with_operands(&self, to: impl Fn(Wide) -> Wide) -> Op {
        match *self {
            Op::Const(_) | Op::Known(_) | Op::Column | Op::SoFar | Op::Beside | Op::At { .. } | Op::Spread { .. } => {
                *self
            }
            Op::Load { pointer, unit, mask } => Op::Load { pointer, unit, mask: mask.map(to) },
            Op::One(what, a) => Op::One(what, to(a)),
            Op::Shift(what, by, a) => Op::Shift(what, by, to(a)),
            Op::Two(what, a, b) => Op::Two(what, to(a), to(b)),
            Op::Compare(what, a, b) => Op::Compare(what, to(a), to(b)),
            Op::MulAdd { negated, factors, term } => Op::MulAdd { negated, factors: factors.map(&to), term: to(term) },
            Op::Select(operands) => Op::Select(operands.map(to)),
            Op::Choose { what, of, then } => Op::Choose { what, of: of.map(&to), then: then.map(&to) },
        }
    }
}

/// The same operations, where what is compared for one selection only is chosen at once.
pub fn chosen(ops: &[Op]) -> Vec<Op> {
    let mut uses = vec![0; ops.len()];
    ops.iter().flat_map(Op::operands).for_each(|it| uses[it.0 as usize] += 1);
    let choice = |op: &Op| match *op {
        Op::Select([c, a, b]) if uses[c.0 as usize] == 1 => match ops[c.0 as usize] {
            Op::Compare(what, x, y) => Op::Choose { what, of: [x, y], then: [a, b] },
            _ => *op,
        },
        op => op,
    };
    ops.iter().map(choice).collect()
}

/// The bit of the sign.
const SIGN: u32 = 1 << 31;

/// Operations as far as they are written, none of them twice.
#[derive(Default)]
pub struct Trace {
    ops: RefCell<Vec<Op>>,
    known: RefCell<HashMap<Op, Wide>>,
    /// Whether something was asked for that vectors cannot do.
    failed: Cell<bool>,
}

impl Trace {
    pub fn push(&self, op: Op) -> Wide {
        *self.known.borrow_mut().entry(op).or_insert_with(|| {
            let mut ops = self.ops.borrow_mut();
            ops.push(op);
            Wide(ops.len() as u32 - 1)
        })
    }

    fn op(&self, wide: Wide) -> Op {
        self.ops.borrow()[wide.0 as usize]
    }

    fn two(&self, what: Two, a: Wide, b: Wide) -> Wide {
        self.push(Op::Two(what, a, b))
    }

    fn compare(&self, what: Compare, a: Wide, b: Wide) -> Wide {
        self.push(Op::Compare(what, a, b))
    }

    /// All operations; `None` if something was asked for that vectors cannot do.
    pub fn finish(self) -> Option<Vec<Op>> {
        (!self.failed.get()).then(|| self.ops.into_inner())
    }
}

/// Operations that are one instruction.
macro_rules! instructions {
    ($($name:ident = $what:ident;)+) => {
        $(fn $name(&self, a: Wide, b: Wide) -> Wide {
            self.two(Two::$what, a, b)
        })+
    };
}

impl Ops for Trace {
    type V = Wide;

    instructions! {
        add = Add;
        sub = Sub;
        mul = Mul;
        div = Div;
        int_add = IntAdd;
        int_sub = IntSub;
        int_mul = IntMul;
        int_and = And;
        int_or = Or;
        int_xor = Xor;
        and = And;
        or = Or;
    }

    fn float(&self, value: f64) -> Wide {
        self.push(Op::Const((value as f32).to_bits()))
    }

    fn int(&self, value: i32) -> Wide {
        self.push(Op::Const(value as u32))
    }

    fn truth(&self, value: bool) -> Wide {
        self.push(Op::Const(if value { u32::MAX } else { 0 }))
    }

    fn fma(&self, a: Wide, b: Wide, c: Wide) -> Wide {
        let negative = |wide: Wide| match self.op(wide) {
            Op::Two(Two::Xor, of, sign) if self.op(sign) == Op::Const(SIGN) => Some(of),
            _ => None,
        };
        let (negated, factors) = match (negative(a), negative(b)) {
            (Some(a), None) => (true, [a, b]),
            (None, Some(b)) => (true, [a, b]),
            (Some(a), Some(b)) => (false, [a, b]),
            (None, None) => (false, [a, b]),
        };
        self.push(Op::MulAdd { negated, factors, term: c })
    }

    fn neg(&self, a: Wide) -> Wide {
        self.two(Two::Xor, a, self.push(Op::Const(SIGN)))
    }

    fn abs(&self, a: Wide) -> Wide {
        self.two(Two::And, a, self.push(Op::Const(!SIGN)))
    }

    fn sqrt(&self, a: Wide) -> Wide {
        self.push(Op::One(One::Sqrt, a))
    }

    fn floor(&self, a: Wide) -> Wide {
        self.push(Op::One(One::Floor, a))
    }

    fn ceil(&self, a: Wide) -> Wide {
        self.push(Op::One(One::Ceil, a))
    }

    fn round(&self, a: Wide) -> Wide {
        self.push(Op::One(One::Round, a))
    }

    fn less(&self, a: Wide, b: Wide) -> Wide {
        self.compare(Compare::Less, a, b)
    }

    fn less_equal(&self, a: Wide, b: Wide) -> Wide {
        self.compare(Compare::LessEqual, a, b)
    }

    fn equal(&self, a: Wide, b: Wide) -> Wide {
        self.compare(Compare::Equal, a, b)
    }

    /// There is no vector instruction for it.
    fn int_div(&self, a: Wide, _: Wide) -> Wide {
        self.failed.set(true);
        a
    }

    fn int_shl(&self, a: Wide, by: u32) -> Wide {
        self.push(Op::Shift(Shift::Left, by as u8, a))
    }

    fn int_shr(&self, a: Wide, by: u32) -> Wide {
        self.push(Op::Shift(Shift::Right, by as u8, a))
    }

    fn int_less(&self, a: Wide, b: Wide) -> Wide {
        self.compare(Compare::IntGreater, b, a)
    }

    fn int_equal(&self, a: Wide, b: Wide) -> Wide {
        self.compare(Compare::IntEqual, a, b)
    }

    fn not(&self, a: Wide) -> Wide {
        self.two(Two::Xor, a, self.truth(true))
    }

    fn select(&self, c: Wide, a: Wide, b: Wide) -> Wide {
        self.push(Op::Select([c, a, b]))
    }

    fn to_float(&self, a: Wide) -> Wide {
        self.push(Op::One(One::ToFloat, a))
    }

    fn to_int(&self, a: Wide) -> Wide {
        self.push(Op::One(One::ToInt, a))
    }

    fn bits(&self, a: Wide) -> Wide {
        a
    }

    fn of_bits(&self, a: Wide) -> Wide {
        a
    }
}
