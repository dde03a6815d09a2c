//! The table of scalar primitives: every fact about each one, in one row.

/// The type of a scalar.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Dtype {
    F32,
    I32,
    Bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Scalar {
    Add,
    Sub,
    Mul,
    Div,
    Neg,
    Abs,
    Sqrt,
    Exp,
    Log,
    Sin,
    Cos,
    Tanh,
    Erf,
    Pow,
    Floor,
    Ceil,
    Round,
    Min,
    Max,
    Mod,
    Less,
    LessEqual,
    Equal,
    And,
    Or,
    Not,
    Select,
    ToF32,
    ToI32,
}

impl Scalar {
    /// The type of the result for operands of these types, if there is one.
    pub fn dtype(self, _operands: &[Dtype]) -> Option<Dtype> {
        None
    }
}
