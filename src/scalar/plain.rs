//! Plain Rust as a back end: [`Single`] is the meaning of a primitive for f32, [`Double`] its mathematics in f64.

use super::{Dtype, Ops, Scalar};

/// f32, i32 and bool as 32 bits. What machine code computes, bit for bit.
#[derive(Clone, Copy)]
pub struct Single;

/// A zero of the same sign, if `x` is denormal.
#[inline(always)]
fn flush(x: f32) -> f32 {
    if x.abs() < f32::MIN_POSITIVE { 0f32.copysign(x) } else { x }
}

/// The result of an operation that rounds. What is below the normal numbers before it is rounded to their grid counts as
/// denormal, though it may have been rounded up to the least of them: processors look at it as if exponents had no end.
/// `exact` is asked only there, and gives the result as a sum of two f64.
#[inline(always)]
fn rounded(value: f32, exact: impl Fn() -> (f64, f64)) -> u32 {
    if value.abs() != f32::MIN_POSITIVE {
        return bits(value);
    }
    // From the middle between the least normal number and the one below it on their grid, 2⁻¹⁵⁰ apart, it is normal.
    let middle = f64::from(f32::MIN_POSITIVE) * (1.0 - 2f64.powi(-25));
    let (high, low) = exact();
    let below = (high.abs() - middle) + low * high.signum() < 0.0;
    if below { 0f32.copysign(value).to_bits() } else { value.to_bits() }
}

/// The operand, as arithmetic takes it.
#[inline(always)]
fn float(bits: u32) -> f32 {
    flush(f32::from_bits(bits))
}

/// The result, as arithmetic gives it.
#[inline(always)]
fn bits(value: f32) -> u32 {
    flush(value).to_bits()
}

impl Ops for Single {
    type V = u32;

    #[inline(always)]
    fn float(&self, value: f64) -> u32 {
        (value as f32).to_bits()
    }
    #[inline(always)]
    fn int(&self, value: i32) -> u32 {
        value as u32
    }
    #[inline(always)]
    fn truth(&self, value: bool) -> u32 {
        u32::from(value)
    }
    #[inline(always)]
    fn add(&self, a: u32, b: u32) -> u32 {
        bits(float(a) + float(b))
    }
    #[inline(always)]
    fn sub(&self, a: u32, b: u32) -> u32 {
        bits(float(a) - float(b))
    }
    #[inline(always)]
    fn mul(&self, a: u32, b: u32) -> u32 {
        let (a, b) = (float(a), float(b));
        rounded(a * b, || (f64::from(a) * f64::from(b), 0.0))
    }
    #[inline(always)]
    fn div(&self, a: u32, b: u32) -> u32 {
        let (a, b) = (float(a), float(b));
        rounded(a / b, || (f64::from(a) / f64::from(b), 0.0))
    }
    #[inline(always)]
    fn fma(&self, a: u32, b: u32, c: u32) -> u32 {
        let (a, b, c) = (float(a), float(b), float(c));
        rounded(a.mul_add(b, c), || {
            let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
            let sum = product + c;
            let rest = sum - product;
            (sum, (product - (sum - rest)) + (c - rest))
        })
    }
    #[inline(always)]
    fn neg(&self, a: u32) -> u32 {
        a ^ 0x8000_0000
    }
    #[inline(always)]
    fn abs(&self, a: u32) -> u32 {
        a & 0x7fff_ffff
    }
    #[inline(always)]
    fn sqrt(&self, a: u32) -> u32 {
        bits(float(a).sqrt())
    }
    #[inline(always)]
    fn floor(&self, a: u32) -> u32 {
        bits(float(a).floor())
    }
    #[inline(always)]
    fn ceil(&self, a: u32) -> u32 {
        bits(float(a).ceil())
    }
    #[inline(always)]
    fn round(&self, a: u32) -> u32 {
        bits(float(a).round_ties_even())
    }
    #[inline(always)]
    fn less(&self, a: u32, b: u32) -> u32 {
        u32::from(float(a) < float(b))
    }
    #[inline(always)]
    fn less_equal(&self, a: u32, b: u32) -> u32 {
        u32::from(float(a) <= float(b))
    }
    #[inline(always)]
    fn equal(&self, a: u32, b: u32) -> u32 {
        u32::from(float(a) == float(b))
    }
    #[inline(always)]
    fn int_add(&self, a: u32, b: u32) -> u32 {
        a.wrapping_add(b)
    }
    #[inline(always)]
    fn int_sub(&self, a: u32, b: u32) -> u32 {
        a.wrapping_sub(b)
    }
    #[inline(always)]
    fn int_mul(&self, a: u32, b: u32) -> u32 {
        a.wrapping_mul(b)
    }
    #[inline(always)]
    fn int_div(&self, a: u32, b: u32) -> u32 {
        (a as i32 / b as i32) as u32
    }
    #[inline(always)]
    fn int_and(&self, a: u32, b: u32) -> u32 {
        a & b
    }
    #[inline(always)]
    fn int_or(&self, a: u32, b: u32) -> u32 {
        a | b
    }
    #[inline(always)]
    fn int_xor(&self, a: u32, b: u32) -> u32 {
        a ^ b
    }
    #[inline(always)]
    fn int_shl(&self, a: u32, by: u32) -> u32 {
        a << by
    }
    #[inline(always)]
    fn int_shr(&self, a: u32, by: u32) -> u32 {
        (a as i32 >> by) as u32
    }
    #[inline(always)]
    fn int_less(&self, a: u32, b: u32) -> u32 {
        u32::from((a as i32) < b as i32)
    }
    #[inline(always)]
    fn int_equal(&self, a: u32, b: u32) -> u32 {
        u32::from(a == b)
    }
    #[inline(always)]
    fn and(&self, a: u32, b: u32) -> u32 {
        a & b
    }
    #[inline(always)]
    fn or(&self, a: u32, b: u32) -> u32 {
        a | b
    }
    #[inline(always)]
    fn not(&self, a: u32) -> u32 {
        a ^ 1
    }
    #[inline(always)]
    fn select(&self, c: u32, a: u32, b: u32) -> u32 {
        if c != 0 { a } else { b }
    }
    #[inline(always)]
    fn to_float(&self, a: u32) -> u32 {
        (a as i32 as f32).to_bits()
    }
    #[inline(always)]
    fn to_int(&self, a: u32) -> u32 {
        f32::from_bits(a) as i32 as u32
    }
    fn int_mul_high(&self, a: u32, b: u32) -> u32 {
        ((u64::from(a) * u64::from(b)) >> 32) as u32
    }
    #[inline(always)]
    fn bits(&self, a: u32) -> u32 {
        a
    }
    #[inline(always)]
    fn of_bits(&self, a: u32) -> u32 {
        a
    }
}

/// f64 for f32; an i32 and a bool as the f64 of the same value, which holds either exactly. Transcendentals are `libm`'s.
#[derive(Clone, Copy)]
pub struct Double;

#[inline(always)]
fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}

impl Ops for Double {
    type V = f64;

    fn float(&self, value: f64) -> f64 {
        value
    }
    fn int(&self, value: i32) -> f64 {
        value.into()
    }
    fn truth(&self, value: bool) -> f64 {
        truth(value)
    }
    fn add(&self, a: f64, b: f64) -> f64 {
        a + b
    }
    fn sub(&self, a: f64, b: f64) -> f64 {
        a - b
    }
    fn mul(&self, a: f64, b: f64) -> f64 {
        a * b
    }
    fn div(&self, a: f64, b: f64) -> f64 {
        a / b
    }
    fn fma(&self, a: f64, b: f64, c: f64) -> f64 {
        a.mul_add(b, c)
    }
    fn neg(&self, a: f64) -> f64 {
        -a
    }
    fn abs(&self, a: f64) -> f64 {
        a.abs()
    }
    fn sqrt(&self, a: f64) -> f64 {
        a.sqrt()
    }
    fn floor(&self, a: f64) -> f64 {
        a.floor()
    }
    fn ceil(&self, a: f64) -> f64 {
        a.ceil()
    }
    fn round(&self, a: f64) -> f64 {
        a.round_ties_even()
    }
    fn less(&self, a: f64, b: f64) -> f64 {
        truth(a < b)
    }
    fn less_equal(&self, a: f64, b: f64) -> f64 {
        truth(a <= b)
    }
    fn equal(&self, a: f64, b: f64) -> f64 {
        truth(a == b)
    }
    fn int_add(&self, a: f64, b: f64) -> f64 {
        (a as i32).wrapping_add(b as i32).into()
    }
    fn int_sub(&self, a: f64, b: f64) -> f64 {
        (a as i32).wrapping_sub(b as i32).into()
    }
    fn int_mul(&self, a: f64, b: f64) -> f64 {
        (a as i32).wrapping_mul(b as i32).into()
    }
    fn int_div(&self, a: f64, b: f64) -> f64 {
        (a as i32 / b as i32).into()
    }
    fn int_and(&self, a: f64, b: f64) -> f64 {
        (a as i32 & b as i32).into()
    }
    fn int_or(&self, a: f64, b: f64) -> f64 {
        (a as i32 | b as i32).into()
    }
    fn int_xor(&self, a: f64, b: f64) -> f64 {
        (a as i32 ^ b as i32).into()
    }
    fn int_shl(&self, a: f64, by: u32) -> f64 {
        ((a as i32) << by).into()
    }
    fn int_shr(&self, a: f64, by: u32) -> f64 {
        (a as i32 >> by).into()
    }
    fn int_less(&self, a: f64, b: f64) -> f64 {
        truth(a < b)
    }
    fn int_equal(&self, a: f64, b: f64) -> f64 {
        truth(a == b)
    }
    fn and(&self, a: f64, b: f64) -> f64 {
        a * b
    }
    fn or(&self, a: f64, b: f64) -> f64 {
        a.max(b)
    }
    fn not(&self, a: f64) -> f64 {
        1.0 - a
    }
    fn select(&self, c: f64, a: f64, b: f64) -> f64 {
        if c != 0.0 { a } else { b }
    }
    fn to_float(&self, a: f64) -> f64 {
        a
    }
    fn to_int(&self, a: f64) -> f64 {
        a.trunc()
    }
    fn bits(&self, _: f64) -> f64 {
        unreachable!("the bits of an f32, in f64")
    }
    fn of_bits(&self, _: f64) -> f64 {
        unreachable!("the bits of an f32, in f64")
    }

    fn scale(&self, a: f64, n: f64) -> f64 {
        libm::scalbn(a, n as i32)
    }
    fn exp(&self, a: f64) -> f64 {
        libm::exp(a)
    }
    fn expm1(&self, a: f64) -> f64 {
        libm::expm1(a)
    }
    fn log(&self, a: f64) -> f64 {
        libm::log(a)
    }
    fn log1p(&self, a: f64) -> f64 {
        libm::log1p(a)
    }
    fn sin(&self, a: f64) -> f64 {
        libm::sin(a)
    }
    fn cos(&self, a: f64) -> f64 {
        libm::cos(a)
    }
    fn tanh(&self, a: f64) -> f64 {
        libm::tanh(a)
    }
    fn erf(&self, a: f64) -> f64 {
        libm::erf(a)
    }
    fn pow(&self, a: f64, b: f64) -> f64 {
        libm::pow(a, b)
    }
}

impl Scalar {
    /// The value in f32 arithmetic. Everything is 32 bits: those of an f32 or an i32, 0 or 1 for a bool.
    pub fn eval(self, operands: &[Dtype], x: &[u32]) -> u32 {
        self.apply(operands, &Single, x)
    }

    /// The value in f64 arithmetic; i32 and bool as the f64 of the same value.
    pub fn eval_f64(self, operands: &[Dtype], x: &[f64]) -> f64 {
        self.apply(operands, &Double, x)
    }
}
