//! Cranelift as a back end of the scalars: one element, or four side by side.

use std::cell::RefCell;

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{Endianness, InstBuilder, MemFlagsData, Type, Value, types};
use cranelift_frontend::{FuncInstBuilder, FunctionBuilder};

use crate::scalar::{Dtype, Ops};

/// A function being written. Its formulas nest, so they share it.
pub struct Code<'f>(RefCell<FunctionBuilder<'f>>);

/// How many elements a value holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    One,
    Four,
}

/// The number of elements of a wide value.
pub const WIDE: usize = 4;

/// A bool is an i8, 0 or 1; four of them are an i32 each, 0 or -1.
pub fn type_of(dtype: Dtype, width: Width) -> Type {
    match (dtype, width) {
        (Dtype::F32, Width::One) => types::F32,
        (Dtype::I32, Width::One) => types::I32,
        (Dtype::Bool, Width::One) => types::I8,
        (Dtype::F32, Width::Four) => types::F32X4,
        (Dtype::I32 | Dtype::Bool, Width::Four) => types::I32X4,
    }
}

impl<'f> Code<'f> {
    pub fn new(builder: FunctionBuilder<'f>) -> Code<'f> {
        Code(RefCell::new(builder))
    }

    pub fn into_builder(self) -> FunctionBuilder<'f> {
        self.0.into_inner()
    }

    /// Does something with the builder for which instructions are not enough.
    pub fn with<T>(&self, work: impl FnOnce(&mut FunctionBuilder<'f>) -> T) -> T {
        work(&mut self.0.borrow_mut())
    }

    /// Appends an instruction.
    pub fn ins<T>(&self, write: impl FnOnce(FuncInstBuilder<'_, 'f>) -> T) -> T {
        write(self.0.borrow_mut().ins())
    }

    pub fn type_of(&self, value: Value) -> Type {
        self.0.borrow().func.dfg.value_type(value)
    }

    /// The same bits as another type of the same size.
    pub fn cast(&self, to: Type, value: Value) -> Value {
        if self.type_of(value) == to {
            return value;
        }
        let flags = match to.is_vector() {
            true => MemFlagsData::new().with_endianness(Endianness::Little),
            false => MemFlagsData::new(),
        };
        self.ins(|ins| ins.bitcast(to, flags, value))
    }

    pub fn index(&self, value: i64) -> Value {
        self.ins(|ins| ins.iconst(types::I64, value))
    }

    /// Four times the same element.
    pub fn splat(&self, dtype: Dtype, value: Value) -> Value {
        let value = match dtype {
            Dtype::Bool => self.ins(|ins| ins.bmask(types::I32, value)),
            Dtype::F32 | Dtype::I32 => value,
        };
        self.ins(|ins| ins.splat(type_of(dtype, Width::Four), value))
    }

    /// Four elements side by side.
    pub fn gather(&self, dtype: Dtype, elements: [Value; WIDE]) -> Value {
        let mut wide = self.splat(dtype, elements[0]);
        for (lane, element) in elements.into_iter().enumerate().skip(1) {
            let element = match dtype {
                Dtype::Bool => self.ins(|ins| ins.bmask(types::I32, element)),
                Dtype::F32 | Dtype::I32 => element,
            };
            wide = self.ins(|ins| ins.insertlane(wide, element, lane as u8));
        }
        wide
    }

    /// The bits of four elements as a constant.
    pub fn four(&self, kind: Type, bits: [u32; WIDE]) -> Value {
        let bytes: Vec<u8> = bits.into_iter().flat_map(u32::to_le_bytes).collect();
        let constant = self.with(|builder| builder.func.dfg.constants.insert(bytes.into()));
        self.ins(|ins| ins.vconst(kind, constant))
    }
}

/// The operations of the scalars, written as instructions on values of one width.
pub struct Lanes<'c, 'f> {
    pub code: &'c Code<'f>,
    pub width: Width,
}

impl Lanes<'_, '_> {
    fn is_wide(&self) -> bool {
        self.width == Width::Four
    }

    /// An element with these bits, everywhere.
    pub fn bits_of(&self, dtype: Dtype, bits: u32) -> Value {
        match (dtype, self.width) {
            (Dtype::F32, Width::One) => self.code.ins(|ins| ins.f32const(f32::from_bits(bits))),
            (Dtype::I32, Width::One) => self.code.ins(|ins| ins.iconst(types::I32, i64::from(bits as i32 as u32))),
            (Dtype::Bool, Width::One) => self.code.ins(|ins| ins.iconst(types::I8, i64::from(bits))),
            (Dtype::Bool, Width::Four) => self.code.four(types::I32X4, [bits.wrapping_neg(); WIDE]),
            (_, Width::Four) => self.code.four(type_of(dtype, Width::Four), [bits; WIDE]),
        }
    }

    fn compare(&self, condition: FloatCC, a: Value, b: Value) -> Value {
        self.code.ins(|ins| ins.fcmp(condition, a, b))
    }

    fn int_compare(&self, condition: IntCC, a: Value, b: Value) -> Value {
        self.code.ins(|ins| ins.icmp(condition, a, b))
    }
}

/// Operations that are one instruction whatever the width.
macro_rules! instructions {
    ($($name:ident($($operand:ident),+) = $instruction:ident;)+) => {
        $(fn $name(&self, $($operand: Value),+) -> Value {
            self.code.ins(|ins| ins.$instruction($($operand),+))
        })+
    };
}

impl Ops for Lanes<'_, '_> {
    type V = Value;

    instructions! {
        add(a, b) = fadd;
        sub(a, b) = fsub;
        mul(a, b) = fmul;
        div(a, b) = fdiv;
        fma(a, b, c) = fma;
        neg(a) = fneg;
        abs(a) = fabs;
        sqrt(a) = sqrt;
        floor(a) = floor;
        ceil(a) = ceil;
        round(a) = nearest;
        int_add(a, b) = iadd;
        int_sub(a, b) = isub;
        int_mul(a, b) = imul;
        int_and(a, b) = band;
        int_or(a, b) = bor;
        int_xor(a, b) = bxor;
        and(a, b) = band;
        or(a, b) = bor;
    }

    fn float(&self, value: f64) -> Value {
        self.bits_of(Dtype::F32, (value as f32).to_bits())
    }

    fn int(&self, value: i32) -> Value {
        self.bits_of(Dtype::I32, value as u32)
    }

    fn truth(&self, value: bool) -> Value {
        self.bits_of(Dtype::Bool, value.into())
    }

    fn less(&self, a: Value, b: Value) -> Value {
        self.compare(FloatCC::LessThan, a, b)
    }

    fn less_equal(&self, a: Value, b: Value) -> Value {
        self.compare(FloatCC::LessThanOrEqual, a, b)
    }

    fn equal(&self, a: Value, b: Value) -> Value {
        self.compare(FloatCC::Equal, a, b)
    }

    fn int_mul_high(&self, a: Value, b: Value) -> Value {
        if !self.is_wide() {
            let [a, b] = [a, b].map(|value| self.code.ins(|ins| ins.uextend(types::I64, value)));
            let product = self.code.ins(|ins| ins.imul(a, b));
            let high = self.code.ins(|ins| ins.ushr_imm_u(product, 32));
            return self.code.ins(|ins| ins.ireduce(types::I32, high));
        }
        let product = |widen: fn(&Code, Value) -> Value| {
            let [a, b] = [a, b].map(|value| widen(self.code, value));
            self.code.cast(types::I8X16, self.code.ins(|ins| ins.imul(a, b)))
        };
        let low = product(|code, value| code.ins(|ins| ins.uwiden_low(value)));
        let high = product(|code, value| code.ins(|ins| ins.uwiden_high(value)));
        // The upper four bytes of each of the four products.
        let bytes = [4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31];
        let halves = self.code.with(|builder| {
            let bytes = builder.func.dfg.immediates.push(bytes.to_vec().into());
            builder.ins().shuffle(low, high, bytes)
        });
        self.code.cast(types::I32X4, halves)
    }

    /// There is no vector instruction for it.
    fn int_div(&self, a: Value, b: Value) -> Value {
        if !self.is_wide() {
            return self.code.ins(|ins| ins.sdiv(a, b));
        }
        let quotients = std::array::from_fn(|lane| {
            let [a, b] = [a, b].map(|wide| self.code.ins(|ins| ins.extractlane(wide, lane as u8)));
            self.code.ins(|ins| ins.sdiv(a, b))
        });
        self.code.gather(Dtype::I32, quotients)
    }

    fn int_shl(&self, a: Value, by: u32) -> Value {
        self.code.ins(|ins| ins.ishl_imm_u(a, i64::from(by)))
    }

    fn int_shr(&self, a: Value, by: u32) -> Value {
        self.code.ins(|ins| ins.sshr_imm_u(a, i64::from(by)))
    }

    fn int_less(&self, a: Value, b: Value) -> Value {
        self.int_compare(IntCC::SignedLessThan, a, b)
    }

    fn int_equal(&self, a: Value, b: Value) -> Value {
        self.int_compare(IntCC::Equal, a, b)
    }

    fn not(&self, a: Value) -> Value {
        match self.width {
            Width::One => self.code.ins(|ins| ins.bxor_imm_u(a, 1)),
            Width::Four => self.code.ins(|ins| ins.bnot(a)),
        }
    }

    /// As integers, lest Cranelift make a minimum of it, which takes denormals for zeros.
    fn select(&self, c: Value, a: Value, b: Value) -> Value {
        let kind = self.code.type_of(a);
        let moved = match kind {
            types::F32 => types::I32,
            types::F32X4 => types::I32X4,
            _ => kind,
        };
        let [a, b] = [a, b].map(|value| self.code.cast(moved, value));
        let value = match self.width {
            Width::One => self.code.ins(|ins| ins.select(c, a, b)),
            Width::Four => self.code.ins(|ins| ins.bitselect(c, a, b)),
        };
        self.code.cast(kind, value)
    }

    fn to_float(&self, a: Value) -> Value {
        self.code.ins(|ins| ins.fcvt_from_sint(type_of(Dtype::F32, self.width), a))
    }

    fn to_int(&self, a: Value) -> Value {
        self.code.ins(|ins| ins.fcvt_to_sint_sat(type_of(Dtype::I32, self.width), a))
    }

    fn bits(&self, a: Value) -> Value {
        self.code.cast(type_of(Dtype::I32, self.width), a)
    }

    fn of_bits(&self, a: Value) -> Value {
        self.code.cast(type_of(Dtype::F32, self.width), a)
    }
}
