//! Expressions of the language as they will be written: names, operators, calls, and how many axes each has.

use super::ratio::Ratio;

#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    pub kind: Kind,
    /// The number of axes, of one example.
    pub rank: usize,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    Number(f64),
    Name(String),
    List(Vec<Expr>),
    Call(String, Vec<(Option<String>, Expr)>),
    Infix(Op, Box<Expr>, Box<Expr>),
    Neg(Box<Expr>),
    Not(Box<Expr>),
    Index(Box<Expr>, Vec<Expr>),
    Range(i64, i64),
    /// The variables with their extents, and the body.
    For(Vec<(String, u32)>, Box<Expr>),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Op {
    Or,
    And,
    Equal,
    Less,
    LessEqual,
    Add,
    Sub,
    Mul,
    Div,
    MatMul,
    Pow,
}

impl Op {
    pub fn sign(self) -> &'static str {
        match self {
            Op::Or => "or",
            Op::And => "and",
            Op::Equal => "==",
            Op::Less => "<",
            Op::LessEqual => "<=",
            Op::Add => "+",
            Op::Sub => "-",
            Op::Mul => "*",
            Op::Div => "/",
            Op::MatMul => "@",
            Op::Pow => "^",
        }
    }
}

impl Expr {
    pub fn number(value: f64) -> Expr {
        Expr { kind: Kind::Number(value), rank: 0 }
    }

    pub fn name(name: &str, rank: usize) -> Expr {
        Expr { kind: Kind::Name(name.into()), rank }
    }

    pub fn ratio(ratio: Ratio) -> Expr {
        match ratio.den {
            1.0 => Expr::number(ratio.num),
            den => Expr::infix(Op::Div, Expr::number(ratio.num), Expr::number(den)),
        }
    }

    pub fn range(low: i64, high: i64) -> Expr {
        Expr { kind: Kind::Range(low, high), rank: 0 }
    }

    pub fn call(name: &str, args: Vec<Expr>, rank: usize) -> Expr {
        Expr { kind: Kind::Call(name.into(), args.into_iter().map(|it| (None, it)).collect()), rank }
    }

    /// `mean(x, over: axis)`
    pub fn over(name: &str, arg: Expr, axis: Expr, rank: usize) -> Expr {
        Expr { kind: Kind::Call(name.into(), vec![(None, arg), (Some("over".into()), axis)]), rank }
    }

    pub fn infix(op: Op, a: Expr, b: Expr) -> Expr {
        let rank = a.rank.max(b.rank);
        Expr { kind: Kind::Infix(op, Box::new(a), Box::new(b)), rank }
    }

    pub fn with_rank(self, rank: usize) -> Expr {
        Expr { rank, ..self }
    }

    pub fn negated(self) -> Expr {
        let rank = self.rank;
        match self.kind {
            Kind::Number(value) => Expr::number(-value),
            // -(a * b) is read as (-a) * b, which is the same.
            Kind::Infix(op @ (Op::Mul | Op::Div | Op::MatMul), a, b) => {
                Expr { kind: Kind::Infix(op, Box::new(a.negated()), b), rank }
            }
            kind => Expr { kind: Kind::Neg(Box::new(Expr { kind, rank })), rank },
        }
    }

    /// How long it is to read.
    pub fn length(&self) -> usize {
        super::text::text(self).len()
    }
}
