//! The transcendentals, each as one sequence of operations that every back end repeats.
//!
//! The coefficients are minimax fits (Remez), rounded to f32; the error that they leave is a few hundredths of a unit in
//! the last place. What remains is the rounding of the operations themselves, so each function is arranged to end with
//! one rounding of a large exact term plus a small correction.

use super::Ops;

/// ln 2 as the sum of two f32.
const LN_2: (f64, f64) = (0.6931471824645996, -1.9046542121259336e-09);
/// π/2 as the sum of three f32.
const HALF_PI: [f64; 3] = [1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15];
/// Added to a number below 2²², this leaves the nearest whole number in the low bits.
const MAGIC: f64 = 12582912.0;
/// The bits of √½.
const SQRT_HALF: i32 = 0x3f35_04f3;

/// The polynomial with these coefficients, the one of the highest power first.
fn poly<O: Ops + ?Sized>(ops: &O, x: O::V, coefficients: &[f64]) -> O::V {
    let start = ops.float(coefficients[0]);
    coefficients[1..].iter().fold(start, |sum, &next| ops.fma(sum, x, ops.float(next)))
}

/// `low` if `x` is less, `high` if it is more. A NaN stays.
fn clamp<O: Ops + ?Sized>(ops: &O, x: O::V, low: f64, high: f64) -> O::V {
    let (low, high) = (ops.float(low), ops.float(high));
    let x = ops.select(ops.less(x, low), low, x);
    ops.select(ops.less(high, x), high, x)
}

/// The whole number nearest to `x · factor`, as an f32 and as an i32.
fn nearest<O: Ops + ?Sized>(ops: &O, x: O::V, factor: f64) -> (O::V, O::V) {
    let magic = ops.float(MAGIC);
    let shifted = ops.fma(x, ops.float(factor), magic);
    (ops.sub(shifted, magic), ops.int_sub(ops.bits(shifted), ops.bits(magic)))
}

/// `a - b · c`
fn less_product<O: Ops + ?Sized>(ops: &O, a: O::V, b: O::V, c: O::V) -> O::V {
    ops.fma(ops.neg(b), c, a)
}

/// The number of the size of `size`, which is not negative, with the sign of `x`.
fn with_sign<O: Ops + ?Sized>(ops: &O, size: O::V, x: O::V) -> O::V {
    ops.of_bits(ops.int_or(ops.bits(size), ops.int_and(ops.bits(x), ops.int(i32::MIN))))
}

/// `x` if that is 0, with its sign, else `y`.
fn unless_zero<O: Ops + ?Sized>(ops: &O, x: O::V, y: O::V) -> O::V {
    ops.select(ops.equal(x, ops.float(0.0)), ops.mul(x, ops.float(1.0)), y)
}

/// Both factors are powers of two within the range of f32, where 2ⁿ itself need not be.
pub fn scale<O: Ops + ?Sized>(ops: &O, a: O::V, n: O::V) -> O::V {
    let half = ops.int_shr(n, 1);
    ops.mul(ops.mul(a, power_of_two(ops, half)), power_of_two(ops, ops.int_sub(n, half)))
}

/// 2ⁿ for `n` from -126 to 127.
fn power_of_two<O: Ops + ?Sized>(ops: &O, n: O::V) -> O::V {
    ops.of_bits(ops.int_shl(ops.int_add(n, ops.int(127)), 23))
}

/// By halves of 16 bits, so that nothing is lost.
pub fn int_mul_high<O: Ops + ?Sized>(ops: &O, a: O::V, b: O::V) -> O::V {
    let mask = ops.int(0xffff);
    let halves = |x| (ops.int_and(ops.int_shr(x, 16), mask), ops.int_and(x, mask));
    let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
    let (low, _) = halves(ops.int_mul(a_low, b_low));
    let (left, right) = (halves(ops.int_mul(a_high, b_low)), halves(ops.int_mul(a_low, b_high)));
    let (carry, _) = halves(ops.int_add(low, ops.int_add(left.1, right.1)));
    ops.int_add(ops.int_mul(a_high, b_high), ops.int_add(carry, ops.int_add(left.0, right.0)))
}

pub fn int_div_floor<O: Ops + ?Sized>(ops: &O, a: O::V, b: O::V) -> O::V {
    let (zero, one) = (ops.int(0), ops.int(1));
    let (is_zero, is_minus) = (ops.int_equal(b, zero), ops.int_equal(b, ops.int(-1)));
    let divisor = ops.select(ops.or(is_zero, is_minus), one, b);
    let quotient = ops.int_div(a, divisor);
    let rest = ops.int_sub(a, ops.int_mul(quotient, divisor));
    let signs_differ = ops.int_less(ops.int_xor(rest, divisor), zero);
    let too_large = ops.and(ops.not(ops.int_equal(rest, zero)), signs_differ);
    let floor = ops.select(too_large, ops.int_sub(quotient, one), quotient);
    ops.select(is_zero, zero, ops.select(is_minus, ops.int_sub(zero, a), floor))
}

// ------------------------------------------------------------------------------------------------ exponentials

/// (exp(r) - 1 - r) / r² for |r| ≤ ln 2 / 2.
const EXP: [f64; 6] = [
    0.00019845894712489098,
    0.0013940646313130856,
    0.008333389647305012,
    0.041666362434625626,
    0.1666666567325592,
    0.5,
];

/// `x = n ln 2 + r`: gives `r` and `n`.
fn exponent<O: Ops + ?Sized>(ops: &O, x: O::V) -> (O::V, O::V) {
    let (n, power) = nearest(ops, x, std::f64::consts::LOG2_E);
    let rest = less_product(ops, x, n, ops.float(LN_2.0));
    (less_product(ops, rest, n, ops.float(LN_2.1)), power)
}

pub fn exp<O: Ops + ?Sized>(ops: &O, x: O::V) -> O::V {
    let (r, n) = exponent(ops, clamp(ops, x, -88.0, 89.0));
    let bend = poly(ops, r, &EXP);
    let power = ops.fma(ops.mul(r, r), bend, ops.add(r, ops.float(1.0)));
    ops.scale(power, n)
}

/// 2ⁿ(eʳ - 1) + (2ⁿ - 1), by half of 2ⁿ, which is always a number of the type. Without a power of two nothing is halved,
/// for half of the smallest number would be zero.
pub fn expm1<O: Ops + ?Sized>(ops: &O, x: O::V) -> O::V {
    let (r, n) = exponent(ops, clamp(ops, x, -18.0, 89.0));
    let power = ops.fma(ops.mul(r, r), poly(ops, r, &EXP), r);
    let half = power_of_two(ops, ops.int_sub(n, ops.int(1)));
    let y = ops.fma(power, half, ops.sub(half, ops.float(0.5)));
    let y = ops.select(ops.int_equal(n, ops.int(0)), power, ops.add(y, y));
    unless_zero(ops, x, y)
}

/// For small numbers an odd polynomial, for others 1 - 2 / (exp(2x) + 1).
pub fn tanh<O: Ops + ?Sized>(ops: &O, x: O::V) -> O::V {
    /// (tanh(x) - x) / x³ in x², for |x| ≤ 5/8.
    const SMALL: [f64; 6] = [
        0.0021429380867630243,
        -0.008177371695637703,
        0.021700691431760788,
        -0.053946759551763535,
        0.1333320587873459,
        -0.3333333134651184,
    ];
    let size = ops.abs(x);
    let square = ops.mul(size, size);
    let small = ops.fma(ops.mul(size, square), poly(ops, square, &SMALL), size);
    let growth = ops.exp(ops.add(size, size));
    let one = ops.float(1.0);
    let large = ops.sub(one, ops.div(ops.float(2.0), ops.add(growth, one)));
    with_sign(ops, ops.select(ops.less(size, ops.float(0.625)), small, large), x)
}

/// For small numbers an odd polynomial, for others 1 - exp(-x p(x)).
pub fn erf<O: Ops + ?Sized>(ops: &O, x: O::V) -> O::V {
    /// erf(x) / x - 1 in x², for |x| ≤ 0.8.
    const SMALL: [f64; 6] = [
        -0.0006535238935612142,
        0.00508513068780303,
        -0.02682080678641796,
        0.11283113062381744,
        -0.3761260211467743,
        0.12837916612625122,
    ];
    /// -ln(1 - erf(x)) / x, for x from 0.79 to 3.93, beyond which erf rounds to 1.
    const LARGE: [f64; 7] = [
        5.10510835738387e-06,
        -0.0002634559932630509,
        0.003409489756450057,
        -0.02328755334019661,
        0.10570766776800156,
        0.6354579925537109,
        1.1285762786865234,
    ];
    let size = ops.abs(x);
    let small = ops.fma(size, poly(ops, ops.mul(size, size), &SMALL), size);
    let within = clamp(ops, size, 0.0, 3.93);
    let rest = ops.exp(ops.neg(ops.mul(within, poly(ops, within, &LARGE))));
    let large = ops.sub(ops.float(1.0), rest);
    with_sign(ops, ops.select(ops.less(size, ops.float(0.8)), small, large), x)
}

// ------------------------------------------------------------------------------------------------ logarithms

/// `x = 2ᵉ m` with `m` from √½ to √2: gives `m` and `e`.
fn mantissa<O: Ops + ?Sized>(ops: &O, x: O::V) -> (O::V, O::V) {
    let bits = ops.bits(x);
    let e = ops.int_shr(ops.int_sub(bits, ops.int(SQRT_HALF)), 23);
    (ops.of_bits(ops.int_sub(bits, ops.int_shl(e, 23))), ops.to_float(e))
}

/// ln(x + rest), where `rest` is small beside `x`, at most half of its last place.
fn log_of_sum<O: Ops + ?Sized>(ops: &O, x: O::V, rest: Option<O::V>) -> O::V {
    /// (ln(1 + f) - f + f²/2) / f³ for f from √½ - 1 to √2 - 1.
    const LOG: [f64; 9] = [
        0.0674666315317154,
        -0.11675640195608139,
        0.11888144910335541,
        -0.1240558922290802,
        0.14219555258750916,
        -0.1666799634695053,
        0.2000211924314499,
        -0.25000008940696716,
        0.3333331346511841,
    ];
    let (zero, infinity) = (ops.float(0.0), ops.float(f64::INFINITY));
    let (m, e) = mantissa(ops, x);
    let f = ops.sub(m, ops.float(1.0));
    let square = ops.mul(f, f);
    let mut small = ops.mul(ops.mul(f, square), poly(ops, f, &LOG));
    small = ops.fma(square, ops.float(-0.5), small);
    small = ops.fma(e, ops.float(LN_2.1), small);
    if let Some(rest) = rest {
        small = ops.add(small, ops.div(rest, x));
    }
    let y = ops.fma(e, ops.float(LN_2.0), ops.add(f, small));
    let positive = ops.select(ops.less(x, infinity), y, x);
    let defined = ops.select(ops.less(x, zero), ops.float(f64::NAN), positive);
    ops.select(ops.equal(x, zero), ops.float(f64::NEG_INFINITY), defined)
}

pub fn log<O: Ops + ?Sized>(ops: &O, x: O::V) -> O::V {
    log_of_sum(ops, x, None)
}

/// ln(1 + x), with what the rounding of 1 + x loses.
pub fn log1p<O: Ops + ?Sized>(ops: &O, x: O::V) -> O::V {
    let one = ops.float(1.0);
    let sum = ops.add(x, one);
    let of_large = ops.sub(one, ops.sub(sum, x));
    let of_small = ops.sub(x, ops.sub(sum, one));
    let lost = ops.select(ops.less(one, x), of_large, of_small);
    // Far out nothing is lost, and infinity less infinity would be no number.
    let lost = ops.select(ops.less(x, ops.float(1e9)), lost, ops.float(0.0));
    unless_zero(ops, x, log_of_sum(ops, sum, Some(lost)))
}

// ------------------------------------------------------------------------------------------------ circular functions

/// (sin(r) - r) / r³ in r², for |r| ≤ π/4.
const SIN: [f64; 4] = [2.718025825743098e-06, -0.00019839302694890648, 0.008333329111337662, -0.1666666716337204];
/// (cos(r) - 1 + r²/2) / r⁴ in r², for |r| ≤ π/4.
const COS: [f64; 3] = [2.4432209102087654e-05, -0.0013887308305129409, 0.04166664555668831];

/// The sine of `x` + `quarters` · π/2. With fused steps the first subtraction is exact, so three parts of π/2 suffice.
fn circular<O: Ops + ?Sized>(ops: &O, x: O::V, quarters: i32) -> O::V {
    let known = ops.less_equal(ops.abs(x), ops.float(4194304.0));
    let x = ops.select(known, x, ops.float(f64::NAN));
    let (n, quadrant) = nearest(ops, x, std::f64::consts::FRAC_2_PI);
    let r = HALF_PI.iter().fold(x, |r, &part| less_product(ops, r, n, ops.float(part)));
    let square = ops.mul(r, r);
    let sine = ops.fma(ops.mul(r, square), poly(ops, square, &SIN), r);
    let straight = ops.fma(square, ops.float(-0.5), ops.float(1.0));
    let cosine = ops.fma(ops.mul(square, square), poly(ops, square, &COS), straight);
    let quadrant = ops.int_add(quadrant, ops.int(quarters));
    let bit = |mask| ops.int_equal(ops.int_and(quadrant, ops.int(mask)), ops.int(0));
    let y = ops.select(bit(1), sine, cosine);
    ops.select(bit(2), y, ops.neg(y))
}

pub fn sin<O: Ops + ?Sized>(ops: &O, x: O::V) -> O::V {
    unless_zero(ops, x, circular(ops, x, 0))
}

pub fn cos<O: Ops + ?Sized>(ops: &O, x: O::V) -> O::V {
    circular(ops, x, 1)
}

// ------------------------------------------------------------------------------------------------ powers

/// A number as the sum of two f32, the second at most half a last place of the first.
struct Sum<V>(V, V);

/// `a + b` exactly, where `a` is the larger or 0.
fn sum<O: Ops + ?Sized>(ops: &O, a: O::V, b: O::V) -> Sum<O::V> {
    let high = ops.add(a, b);
    Sum(high, ops.sub(b, ops.sub(high, a)))
}

/// `a · b` to about 48 bits.
fn product<O: Ops + ?Sized>(ops: &O, a: &Sum<O::V>, b: &Sum<O::V>) -> Sum<O::V> {
    let high = ops.mul(a.0, b.0);
    let low = ops.fma(a.0, b.0, ops.neg(high));
    Sum(high, ops.fma(a.0, b.1, ops.fma(a.1, b.0, low)))
}

/// ln(x) of a positive, finite `x` to about 36 bits: 2 atanh(q) with q = (m - 1) / (m + 1).
fn long_log<O: Ops + ?Sized>(ops: &O, x: O::V) -> Sum<O::V> {
    /// ((2 atanh(q) - 2q) / q³ - 2/3) / q² in q².
    const ATANH: [f64; 4] = [0.1933489441871643, 0.2219325304031372, 0.2857171297073364, 0.4000000059604645];
    let one = ops.float(1.0);
    let (m, e) = mantissa(ops, x);
    let f = ops.sub(m, one);
    let Sum(divisor, divisor_low) = sum_of_two(ops, m, one);
    let q = ops.div(f, divisor);
    let rest = less_product(ops, less_product(ops, f, q, divisor), q, divisor_low);
    let q = Sum(q, ops.div(rest, divisor));
    let square = product(ops, &q, &q);
    let bend = ops.fma(square.0, poly(ops, square.0, &ATANH), ops.float(-1.9868215517249155e-08));
    let cubic = product(ops, &product(ops, &q, &square), &sum(ops, ops.float(0.6666666865348816), bend));
    // This first part of ln 2 has so few bits that e times it is exact.
    let Sum(high, low_1) = sum(ops, ops.mul(e, ops.float(0.693359375)), ops.add(q.0, q.0));
    let Sum(high, low_2) = sum(ops, high, cubic.0);
    let low = ops.add(ops.add(low_1, low_2), ops.add(cubic.1, ops.add(q.1, q.1)));
    sum(ops, high, ops.fma(e, ops.float(-0.00021219444170128554), low))
}

/// `m + 1` exactly, whichever is the larger; `one` is 1.
fn sum_of_two<O: Ops + ?Sized>(ops: &O, m: O::V, one: O::V) -> Sum<O::V> {
    let high = ops.add(m, one);
    let of_large = ops.sub(one, ops.sub(high, m));
    let of_small = ops.sub(m, ops.sub(high, one));
    Sum(high, ops.select(ops.less(one, m), of_large, of_small))
}

/// exp(b ln |a|), logarithm and product to so many bits that only the last rounding is seen, then IEEE's special cases.
pub fn pow<O: Ops + ?Sized>(ops: &O, a: O::V, b: O::V) -> O::V {
    let (zero, one, infinity) = (ops.float(0.0), ops.float(1.0), ops.float(f64::INFINITY));
    let size = ops.abs(a);
    let (is_zero, is_infinite) = (ops.equal(size, zero), ops.equal(size, infinity));
    let log = long_log(ops, size);
    let high = ops.select(is_zero, ops.float(f64::NEG_INFINITY), ops.select(is_infinite, infinity, log.0));
    // A NaN's bits may look like a number.
    let high = ops.select(ops.equal(a, a), high, a);
    let exact = product(ops, &Sum(high, log.1), &Sum(b, zero));
    let far = ops.less(ops.float(110.0), ops.abs(exact.0));
    let y = clamp(ops, exact.0, -110.0, 110.0);
    let y_low = ops.select(far, zero, exact.1);
    let power = long_exp(ops, y, y_low);
    let trivial = ops.or(ops.equal(b, zero), ops.equal(size, one));
    let power = ops.select(trivial, one, power);
    signed_power(ops, a, b, power)
}

/// exp(x + low) to within 0.6 units of the last place.
fn long_exp<O: Ops + ?Sized>(ops: &O, x: O::V, low: O::V) -> O::V {
    let (n, power) = nearest(ops, x, std::f64::consts::LOG2_E);
    let rest = less_product(ops, x, n, ops.float(LN_2.0));
    let r = sum(ops, rest, less_product(ops, low, n, ops.float(LN_2.1)));
    let Sum(high, lost) = sum(ops, ops.float(1.0), r.0);
    let small = ops.add(lost, r.1);
    let y = ops.add(high, ops.fma(ops.mul(r.0, r.0), poly(ops, r.0, &EXP), small));
    ops.scale(y, power)
}

/// |a| to the power `b`, made that of `a`.
fn signed_power<O: Ops + ?Sized>(ops: &O, a: O::V, b: O::V, power: O::V) -> O::V {
    let whole = |x| ops.equal(ops.floor(x), x);
    let odd = ops.and(whole(b), ops.not(whole(ops.mul(b, ops.float(0.5)))));
    let negative = ops.int_less(ops.bits(a), ops.int(0));
    let signed = ops.select(ops.and(negative, odd), ops.neg(power), power);
    let (zero, low) = (ops.float(0.0), ops.float(f64::NEG_INFINITY));
    let undefined = ops.and(ops.less(a, zero), ops.and(ops.less(low, a), ops.not(whole(b))));
    ops.select(undefined, ops.float(f64::NAN), signed)
}
