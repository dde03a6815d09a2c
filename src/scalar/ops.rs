//! The operations out of which every scalar primitive is made, and the transcendentals made out of them.
//!
//! A back end is an instance of [`Ops`]: plain Rust, Cranelift's scalars and vectors, the vector emitter. The provided
//! methods are the same sequence of operations in each of them, so each computes the same bits.

use super::polynomials;

/// A value is an f32, an i32 or a bool (in a vector: as many of them as it has lanes); who asks knows which.
///
/// Denormal numbers count as zero: every operation that rounds or compares takes a denormal operand for a zero of its
/// sign, and gives such a zero for a denormal result. `neg`, `abs` and `select` move bits and nothing else. Methods take
/// `&self`, so that formulas nest; an instance that writes code keeps its buffer in a cell.
pub trait Ops {
    type V: Copy;

    /// The nearest f32.
    fn float(&self, value: f64) -> Self::V;
    fn int(&self, value: i32) -> Self::V;
    fn truth(&self, value: bool) -> Self::V;

    // f32 to f32, correctly rounded.
    fn add(&self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(&self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(&self, a: Self::V, b: Self::V) -> Self::V;
    fn div(&self, a: Self::V, b: Self::V) -> Self::V;
    /// `a · b + c`, rounded once.
    fn fma(&self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    fn neg(&self, a: Self::V) -> Self::V;
    fn abs(&self, a: Self::V) -> Self::V;
    fn sqrt(&self, a: Self::V) -> Self::V;
    fn floor(&self, a: Self::V) -> Self::V;
    fn ceil(&self, a: Self::V) -> Self::V;
    /// To the nearest whole number, of two the even one.
    fn round(&self, a: Self::V) -> Self::V;

    // f32 to bool; with a NaN, false.
    fn less(&self, a: Self::V, b: Self::V) -> Self::V;
    fn less_equal(&self, a: Self::V, b: Self::V) -> Self::V;
    fn equal(&self, a: Self::V, b: Self::V) -> Self::V;

    // i32 to i32, wrapping.
    fn int_add(&self, a: Self::V, b: Self::V) -> Self::V;
    fn int_sub(&self, a: Self::V, b: Self::V) -> Self::V;
    fn int_mul(&self, a: Self::V, b: Self::V) -> Self::V;
    /// The quotient without its fraction. Asked only of divisors that are neither 0 nor -1.
    fn int_div(&self, a: Self::V, b: Self::V) -> Self::V;
    fn int_and(&self, a: Self::V, b: Self::V) -> Self::V;
    fn int_or(&self, a: Self::V, b: Self::V) -> Self::V;
    fn int_xor(&self, a: Self::V, b: Self::V) -> Self::V;
    /// To the left, zeros coming in. `by` is less than 32.
    fn int_shl(&self, a: Self::V, by: u32) -> Self::V;
    /// To the right, copies of the sign coming in.
    fn int_shr(&self, a: Self::V, by: u32) -> Self::V;
    fn int_less(&self, a: Self::V, b: Self::V) -> Self::V;
    fn int_equal(&self, a: Self::V, b: Self::V) -> Self::V;

    // bool to bool.
    fn and(&self, a: Self::V, b: Self::V) -> Self::V;
    fn or(&self, a: Self::V, b: Self::V) -> Self::V;
    fn not(&self, a: Self::V) -> Self::V;

    /// `a` where the bool `c` holds, else `b`: two f32 or two i32.
    fn select(&self, c: Self::V, a: Self::V, b: Self::V) -> Self::V;
    /// i32 to the nearest f32.
    fn to_float(&self, a: Self::V) -> Self::V;
    /// f32 to i32, without the fraction. Asked only of numbers in the range of i32.
    fn to_int(&self, a: Self::V) -> Self::V;
    /// The bits of an f32 as an i32.
    fn bits(&self, a: Self::V) -> Self::V;
    /// The f32 of these bits.
    fn of_bits(&self, a: Self::V) -> Self::V;

    // ------------------------------------------------------------------------------------------- made of the above

    /// `a · 2ⁿ` for the whole number `n`, an i32 from -253 to 254, rounded once.
    fn scale(&self, a: Self::V, n: Self::V) -> Self::V {
        polynomials::scale(self, a, n)
    }
    /// The upper 32 bits of the product of `a` and `b`, taken as numbers without a sign.
    fn int_mul_high(&self, a: Self::V, b: Self::V) -> Self::V {
        polynomials::int_mul_high(self, a, b)
    }
    /// The quotient rounded down; 0 if `b` is 0; `-a`, wrapping, if `b` is -1.
    fn int_div_floor(&self, a: Self::V, b: Self::V) -> Self::V {
        polynomials::int_div_floor(self, a, b)
    }
    fn exp(&self, a: Self::V) -> Self::V {
        polynomials::exp(self, a)
    }
    fn expm1(&self, a: Self::V) -> Self::V {
        polynomials::expm1(self, a)
    }
    fn log(&self, a: Self::V) -> Self::V {
        polynomials::log(self, a)
    }
    fn log1p(&self, a: Self::V) -> Self::V {
        polynomials::log1p(self, a)
    }
    fn sin(&self, a: Self::V) -> Self::V {
        polynomials::sin(self, a)
    }
    fn cos(&self, a: Self::V) -> Self::V {
        polynomials::cos(self, a)
    }
    fn tanh(&self, a: Self::V) -> Self::V {
        polynomials::tanh(self, a)
    }
    fn erf(&self, a: Self::V) -> Self::V {
        polynomials::erf(self, a)
    }
    fn pow(&self, a: Self::V, b: Self::V) -> Self::V {
        polynomials::pow(self, a, b)
    }
}
