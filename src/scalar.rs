//! The table of scalar primitives: every fact about each one, in one row.
//!
//! A row gives the name, the operands, the meaning for each type, the gradient and the inverse as texts of the language,
//! and the range in which tests sample it. The interpreters, the code generators, the differentiator, the manual and the
//! tests are loops over [`Scalar::ALL`]; none of them names a primitive to say what it means.

use Dtype::{Bool, F32, I32};

pub mod ops;
pub mod plain;
mod polynomials;

pub use ops::Ops;

/// The type of a scalar.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Dtype {
    F32,
    I32,
    Bool,
}

impl Dtype {
    /// As written in the language.
    pub fn name(self) -> &'static str {
        match self {
            F32 => "f32",
            I32 => "i32",
            Bool => "bool",
        }
    }
}

/// What one scalar primitive is. Its meaning is [`Scalar::apply`].
pub struct Def {
    pub name: &'static str,
    /// The row's own doc comment.
    pub doc: &'static str,
    pub operands: &'static [&'static str],
    /// The types of the operands, and that of the result.
    pub signatures: &'static [(&'static [Dtype], Dtype)],
    /// The gradient of each operand, as a formula over the operands, the result `y` and its gradient `dy`. An empty text
    /// where there is none, an empty list where there is none at all. Holds for operands of type f32.
    pub grad: &'static [&'static str],
    /// The value of each operand, as a formula over `y` and the other operands. Empty where there is none.
    pub inverse: &'static [&'static str],
    /// The range in which tests sample every operand.
    pub sample: (f32, f32),
    /// The greatest error of the f32 meaning in units of the last place; 0 where every result is correctly rounded.
    pub ulp: f32,
}

/// What is to be done with the meaning of a row, a function of its `N` operands. It is compiled once for each row, so that no loop over elements has to
/// ask which row it is about.
pub trait Use<O: Ops> {
    type Out;
    fn with<const N: usize>(self, meaning: impl Fn(&O, [O::V; N]) -> O::V) -> Self::Out;
}

macro_rules! names {
    ([$($name:ident),+]) => { &[$(stringify!($name)),+] };
}

macro_rules! scalars {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident $name:literal $operands:tt {
            $(($($from:ident),+) -> $to:ident = |$ops:ident| $body:expr;)+
            grad: $grad:expr,
            inverse: $inverse:expr,
            sample: $sample:expr,
            ulp: $ulp:expr,
        }
    )+) => {
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Scalar { $($(#[doc = $doc])+ $variant,)+ }

        impl Scalar {
            pub const ALL: &[Scalar] = &[$(Scalar::$variant,)+];

            pub fn def(self) -> &'static Def {
                match self {
                    $(Scalar::$variant => {
                        const DEF: Def = Def {
                            name: $name,
                            doc: concat!($($doc, "\n"),+).trim_ascii(),
                            operands: names!($operands),
                            signatures: &[$((&[$($from),+], $to)),+],
                            grad: &$grad,
                            inverse: &$inverse,
                            sample: $sample,
                            ulp: $ulp,
                        };
                        &DEF
                    })+
                }
            }

            /// Hands the meaning for operands of these types to `user`.
            pub fn with<O: Ops, U: Use<O>>(self, operands: &[Dtype], user: U) -> U::Out {
                match (self, operands) {
                    $($((Scalar::$variant, [$($from),+]) => user.with(|$ops: &O, $operands| $body),)+)+
                    _ => panic!("{self:?} of {operands:?}"),
                }
            }
        }
    };
}

scalars! {
    /// The sum of `a` and `b`. Integers wrap.
    Add "add" [a, b] {
        (F32, F32) -> F32 = |ops| ops.add(a, b);
        (I32, I32) -> I32 = |ops| ops.int_add(a, b);
        grad: ["dy", "dy"],
        inverse: ["y - b", "y - a"],
        sample: (-2.0, 2.0),
        ulp: 0.0,
    }
    /// The difference of `a` and `b`. Integers wrap.
    Sub "sub" [a, b] {
        (F32, F32) -> F32 = |ops| ops.sub(a, b);
        (I32, I32) -> I32 = |ops| ops.int_sub(a, b);
        grad: ["dy", "-dy"],
        inverse: ["y + b", "a - y"],
        sample: (-2.0, 2.0),
        ulp: 0.0,
    }
    /// The product of `a` and `b`. Integers wrap.
    Mul "mul" [a, b] {
        (F32, F32) -> F32 = |ops| ops.mul(a, b);
        (I32, I32) -> I32 = |ops| ops.int_mul(a, b);
        grad: ["dy * b", "dy * a"],
        inverse: ["y / b", "y / a"],
        sample: (-2.0, 2.0),
        ulp: 0.0,
    }
    /// The quotient of `a` and `b`. Of integers the next smaller whole number, and 0 if `b` is 0.
    Div "div" [a, b] {
        (F32, F32) -> F32 = |ops| ops.div(a, b);
        (I32, I32) -> I32 = |ops| ops.int_div_floor(a, b);
        grad: ["dy / b", "-dy * y / b"],
        inverse: ["y * b", "a / y"],
        sample: (0.5, 2.0),
        ulp: 0.0,
    }
    /// What `a` has above the next smaller whole multiple of `b`: 0, or of the sign of `b`. Of integers 0 if `b` is 0.
    Mod "mod" [a, b] {
        (F32, F32) -> F32 = |ops| {
            let rest = ops.fma(ops.neg(ops.floor(ops.div(a, b))), b, a);
            // The rounded quotient may be a whole number too large; then the rest has the wrong sign.
            let negative = |x| ops.less(x, ops.float(0.0));
            let positive = |x| ops.less(ops.float(0.0), x);
            let wrong = ops.or(ops.and(negative(rest), positive(b)), ops.and(positive(rest), negative(b)));
            ops.select(wrong, ops.add(rest, b), rest)
        };
        (I32, I32) -> I32 = |ops| {
            let rest = ops.int_sub(a, ops.int_mul(ops.int_div_floor(a, b), b));
            ops.select(ops.int_equal(b, ops.int(0)), ops.int(0), rest)
        };
        grad: ["dy", "-dy * floor(a / b)"],
        inverse: [],
        sample: (0.5, 4.0),
        ulp: 0.0,
    }
    /// `a` with its sign changed.
    Neg "neg" [a] {
        (F32) -> F32 = |ops| ops.neg(a);
        (I32) -> I32 = |ops| ops.int_sub(ops.int(0), a);
        grad: ["-dy"],
        inverse: ["-y"],
        sample: (-2.0, 2.0),
        ulp: 0.0,
    }
    /// `a`, through which no gradient goes.
    StopGradient "stop_gradient" [a] {
        (F32) -> F32 = |_ops| a;
        grad: [],
        inverse: ["y"],
        sample: (-2.0, 2.0),
        ulp: 0.0,
    }
    /// `a` without its sign. The gradient at 0 is 0.
    Abs "abs" [a] {
        (F32) -> F32 = |ops| ops.abs(a);
        (I32) -> I32 = |ops| ops.select(ops.int_less(a, ops.int(0)), ops.int_sub(ops.int(0), a), a);
        grad: ["select(0 < a, dy, select(a < 0, -dy, 0))"],
        inverse: [],
        sample: (-2.0, 2.0),
        ulp: 0.0,
    }
    /// The square root of `a`.
    Sqrt "sqrt" [a] {
        (F32) -> F32 = |ops| ops.sqrt(a);
        grad: ["dy / (2 * y)"],
        inverse: ["y * y"],
        sample: (0.5, 4.0),
        ulp: 0.0,
    }
    /// e to the power `a`.
    Exp "exp" [a] {
        (F32) -> F32 = |ops| ops.exp(a);
        grad: ["dy * y"],
        inverse: ["log(y)"],
        sample: (-2.0, 2.0),
        ulp: 2.0,
    }
    /// e to the power `a`, less 1, exact where `a` is near 0.
    Expm1 "expm1" [a] {
        (F32) -> F32 = |ops| ops.expm1(a);
        grad: ["dy * (y + 1)"],
        inverse: ["log1p(y)"],
        sample: (-2.0, 2.0),
        ulp: 2.0,
    }
    /// The natural logarithm of `a`.
    Log "log" [a] {
        (F32) -> F32 = |ops| ops.log(a);
        grad: ["dy / a"],
        inverse: ["exp(y)"],
        sample: (0.5, 4.0),
        ulp: 2.0,
    }
    /// The natural logarithm of 1 + `a`, exact where `a` is near 0.
    Log1p "log1p" [a] {
        (F32) -> F32 = |ops| ops.log1p(a);
        grad: ["dy / (1 + a)"],
        inverse: ["expm1(y)"],
        sample: (-0.5, 4.0),
        ulp: 2.0,
    }
    /// The sine of `a`, an angle in radians. Nothing (NaN) beyond 2²², where neighbouring numbers are half a radian apart.
    Sin "sin" [a] {
        (F32) -> F32 = |ops| ops.sin(a);
        grad: ["dy * cos(a)"],
        inverse: [],
        sample: (-4.0, 4.0),
        ulp: 2.0,
    }
    /// The cosine of `a`, an angle in radians. Nothing (NaN) beyond 2²², where neighbouring numbers are half a radian apart.
    Cos "cos" [a] {
        (F32) -> F32 = |ops| ops.cos(a);
        grad: ["-dy * sin(a)"],
        inverse: [],
        sample: (-4.0, 4.0),
        ulp: 2.0,
    }
    /// The hyperbolic tangent of `a`.
    Tanh "tanh" [a] {
        (F32) -> F32 = |ops| ops.tanh(a);
        grad: ["dy * (1 - y * y)"],
        inverse: ["log1p(2 * y / (1 - y)) / 2"],
        sample: (-2.0, 2.0),
        ulp: 2.0,
    }
    /// The error function of `a`: 2/√π times the integral of exp(-t²) from 0 to `a`.
    Erf "erf" [a] {
        (F32) -> F32 = |ops| ops.erf(a);
        grad: ["dy * 1.1283791670955126 * exp(-a * a)"],
        inverse: [],
        sample: (-2.0, 2.0),
        ulp: 2.0,
    }
    /// `a` to the power `b`; a negative `a` has whole powers only. Exact wherever the power is a number of the type.
    Pow "pow" [a, b] {
        (F32, F32) -> F32 = |ops| ops.pow(a, b);
        grad: [
            "select(b == 0, 0, dy * b * a ^ (b - 1))",
            "select(0 < a, dy * y * log(select(0 < a, a, 1)), 0)",
        ],
        inverse: ["y ^ (1 / b)", "log(y) / log(a)"],
        sample: (0.5, 2.0),
        ulp: 2.0,
    }
    /// The greatest whole number that is not above `a`.
    Floor "floor" [a] {
        (F32) -> F32 = |ops| ops.floor(a);
        grad: [],
        inverse: [],
        sample: (-4.0, 4.0),
        ulp: 0.0,
    }
    /// The least whole number that is not below `a`.
    Ceil "ceil" [a] {
        (F32) -> F32 = |ops| ops.ceil(a);
        grad: [],
        inverse: [],
        sample: (-4.0, 4.0),
        ulp: 0.0,
    }
    /// The whole number nearest to `a`, of two the even one.
    Round "round" [a] {
        (F32) -> F32 = |ops| ops.round(a);
        grad: [],
        inverse: [],
        sample: (-4.0, 4.0),
        ulp: 0.0,
    }
    /// The smaller of `a` and `b`; `a` if that is no number. Where they are equal, the gradient goes to `b`.
    Min "min" [a, b] {
        (F32, F32) -> F32 = |ops| ops.select(ops.less(b, a), b, a);
        (I32, I32) -> I32 = |ops| ops.select(ops.int_less(b, a), b, a);
        grad: ["select(y < b, dy, 0)", "select(y < b, 0, dy)"],
        inverse: [],
        sample: (-2.0, 2.0),
        ulp: 0.0,
    }
    /// The larger of `a` and `b`; `a` if that is no number. Where they are equal, the gradient goes to `b`.
    Max "max" [a, b] {
        (F32, F32) -> F32 = |ops| ops.select(ops.less(a, b), b, a);
        (I32, I32) -> I32 = |ops| ops.select(ops.int_less(a, b), b, a);
        grad: ["select(b < y, dy, 0)", "select(b < y, 0, dy)"],
        inverse: [],
        sample: (-2.0, 2.0),
        ulp: 0.0,
    }
    /// Whether `a` is less than `b`.
    Less "less" [a, b] {
        (F32, F32) -> Bool = |ops| ops.less(a, b);
        (I32, I32) -> Bool = |ops| ops.int_less(a, b);
        grad: [],
        inverse: [],
        sample: (-2.0, 2.0),
        ulp: 0.0,
    }
    /// Whether `a` is less than `b` or equal to it.
    LessEqual "less_equal" [a, b] {
        (F32, F32) -> Bool = |ops| ops.less_equal(a, b);
        (I32, I32) -> Bool = |ops| ops.not(ops.int_less(b, a));
        grad: [],
        inverse: [],
        sample: (-2.0, 2.0),
        ulp: 0.0,
    }
    /// Whether `a` and `b` are equal. What is no number equals nothing, not even itself.
    Equal "equal" [a, b] {
        (F32, F32) -> Bool = |ops| ops.equal(a, b);
        (I32, I32) -> Bool = |ops| ops.int_equal(a, b);
        (Bool, Bool) -> Bool = |ops| ops.or(ops.and(a, b), ops.not(ops.or(a, b)));
        grad: [],
        inverse: [],
        sample: (-2.0, 2.0),
        ulp: 0.0,
    }
    /// Whether both hold.
    And "and" [a, b] {
        (Bool, Bool) -> Bool = |ops| ops.and(a, b);
        grad: [],
        inverse: [],
        sample: (0.0, 1.0),
        ulp: 0.0,
    }
    /// Whether at least one holds.
    Or "or" [a, b] {
        (Bool, Bool) -> Bool = |ops| ops.or(a, b);
        grad: [],
        inverse: [],
        sample: (0.0, 1.0),
        ulp: 0.0,
    }
    /// Whether `a` does not hold.
    Not "not" [a] {
        (Bool) -> Bool = |ops| ops.not(a);
        grad: [],
        inverse: ["not y"],
        sample: (0.0, 1.0),
        ulp: 0.0,
    }
    /// `a` where `c` holds, else `b`. Nothing of the other one is seen, not even that it is no number.
    Select "select" [c, a, b] {
        (Bool, F32, F32) -> F32 = |ops| ops.select(c, a, b);
        (Bool, I32, I32) -> I32 = |ops| ops.select(c, a, b);
        (Bool, Bool, Bool) -> Bool = |ops| ops.or(ops.and(c, a), ops.and(ops.not(c), b));
        grad: ["", "select(c, dy, 0)", "select(c, 0, dy)"],
        inverse: [],
        sample: (-2.0, 2.0),
        ulp: 0.0,
    }
    /// `a` as an f32, rounded to the nearest; a bool as 0 or 1.
    ToF32 "to_f32" [a] {
        (F32) -> F32 = |_ops| a;
        (I32) -> F32 = |ops| ops.to_float(a);
        (Bool) -> F32 = |ops| ops.select(a, ops.float(1.0), ops.float(0.0));
        grad: ["dy"],
        inverse: [],
        sample: (-2.0, 2.0),
        ulp: 0.0,
    }
    /// `a` as an i32: without its fraction, at the nearer end of the range if outside, 0 if no number; a bool as 0 or 1.
    ToI32 "to_i32" [a] {
        (F32) -> I32 = |ops| {
            let (low, high) = (ops.float(-2147483648.0), ops.float(2147483648.0));
            let inside = ops.and(ops.less_equal(low, a), ops.less(a, high));
            let within = ops.to_int(ops.select(inside, a, ops.float(0.0)));
            let above = ops.select(ops.less_equal(high, a), ops.int(i32::MAX), within);
            ops.select(ops.less(a, low), ops.int(i32::MIN), above)
        };
        (I32) -> I32 = |_ops| a;
        (Bool) -> I32 = |ops| ops.select(a, ops.int(1), ops.int(0));
        grad: [],
        inverse: [],
        sample: (-4.0, 4.0),
        ulp: 0.0,
    }
}

impl Scalar {
    pub fn named(name: &str) -> Option<Scalar> {
        Scalar::ALL.iter().copied().find(|scalar| scalar.def().name == name)
    }

    /// The type of the result for operands of these types, if there is one.
    pub fn dtype(self, operands: &[Dtype]) -> Option<Dtype> {
        self.def().signatures.iter().find(|(from, _)| *from == operands).map(|&(_, to)| to)
    }

    /// The value for operands `x` of the types `operands`, as `ops` computes it.
    pub fn apply<O: Ops>(self, operands: &[Dtype], ops: &O, x: &[O::V]) -> O::V {
        struct Once<'a, O: Ops>(&'a O, &'a [O::V]);
        impl<O: Ops> Use<O> for Once<'_, O> {
            type Out = O::V;
            fn with<const N: usize>(self, meaning: impl Fn(&O, [O::V; N]) -> O::V) -> O::V {
                meaning(self.0, self.1.try_into().expect("an operand for each type"))
            }
        }
        self.with(operands, Once(ops, x))
    }
}
