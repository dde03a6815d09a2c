//! The tree as text: an expression on one line, a file as an indented outline.

mod outline;

use std::fmt::{Display, Formatter, Result};

use super::tree::*;
use super::units;

pub use outline::print_tree;

/// The canonical text of an expression, on one line and with as few brackets as it needs.
pub fn print_expr(expr: &Expr) -> String {
    expr.to_string()
}

/// How tightly an expression holds together; its parts hold at least as tightly or stand in parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// `if`, `for` and pipes reach as far right as they can.
    Open,
    As,
    Or,
    And,
    Not,
    Comparison,
    Range,
    Sum,
    Product,
    Minus,
    Power,
    On,
    Postfix,
    Atom,
}

fn operator_level(op: Binary) -> Level {
    match op {
        Binary::Or => Level::Or,
        Binary::And => Level::And,
        Binary::Eq | Binary::Ne | Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => Level::Comparison,
        Binary::Range => Level::Range,
        Binary::Add | Binary::Sub => Level::Sum,
        Binary::Mul | Binary::Div | Binary::MatMul => Level::Product,
        Binary::Pow => Level::Power,
        Binary::On => Level::On,
    }
}

fn level(expr: &Expr) -> Level {
    match &expr.kind {
        ExprKind::Pipe { .. } | ExprKind::If { .. } | ExprKind::For { .. } => Level::Open,
        ExprKind::As { .. } => Level::As,
        ExprKind::Binary { op, .. } => operator_level(*op),
        ExprKind::Unary { op: Unary::Not, .. } => Level::Not,
        ExprKind::Unary { op: Unary::Neg, .. } => Level::Minus,
        ExprKind::Call { .. } | ExprKind::Index { .. } | ExprKind::Field { .. } | ExprKind::Next(_) => Level::Postfix,
        ExprKind::Number(quantity) if quantity.value < 0.0 => Level::Minus,
        ExprKind::Number(_)
        | ExprKind::Text(_)
        | ExprKind::Bool(_)
        | ExprKind::Name(_)
        | ExprKind::List(_)
        | ExprKind::Tuple(_)
        | ExprKind::Table(_)
        | ExprKind::Broken => Level::Atom,
    }
}

/// An expression where at least this level is wanted.
struct At<'a>(Level, &'a Expr);

impl Display for At<'_> {
    fn fmt(&self, f: &mut Formatter) -> Result {
        let At(wanted, expr) = self;
        if level(expr) < *wanted { write!(f, "({expr})") } else { write!(f, "{expr}") }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter) -> Result {
        match &self.kind {
            ExprKind::Number(quantity) => write!(f, "{quantity}"),
            ExprKind::Text(text) => write_text(f, text),
            ExprKind::Bool(yes) => f.write_str(if *yes { "yes" } else { "no" }),
            ExprKind::Name(name) => f.write_str(name),
            ExprKind::Call { callee, args } => {
                write!(f, "{}(", At(Level::Postfix, callee))?;
                commas(f, args)?;
                f.write_str(")")
            }
            ExprKind::Index { base, dims } => {
                write!(f, "{}[", At(Level::Postfix, base))?;
                commas(f, dims)?;
                f.write_str("]")
            }
            ExprKind::Field { base, name } => write!(f, "{}.{}", At(Level::Postfix, base), name.text),
            ExprKind::Next(base) => write!(f, "{}'", At(Level::Postfix, base)),
            ExprKind::Unary { op: Unary::Neg, operand } => write!(f, "-{}", At(Level::Minus, operand)),
            ExprKind::Unary { op: Unary::Not, operand } => write!(f, "not {}", At(Level::Not, operand)),
            ExprKind::Binary { op, left, right, .. } => {
                let own = operator_level(*op);
                let (left_level, right_level, space) = match op {
                    Binary::Pow => (above(own), own, ""),
                    _ => (own, above(own), " "),
                };
                write!(f, "{}{space}{}{space}{}", At(left_level, left), op.symbol(), At(right_level, right))
            }
            ExprKind::Pipe { head, stages } => {
                write!(f, "{}", At(Level::As, head))?;
                stages.iter().try_for_each(|it| write!(f, " |> {}", At(Level::As, it)))
            }
            ExprKind::As { expr, name } => write!(f, "{} as {}", At(Level::Or, expr), name.text),
            ExprKind::If { condition, then, otherwise } => {
                write!(f, "if {condition} then {then} else {otherwise}")
            }
            ExprKind::For { binders, body } => {
                f.write_str("for ")?;
                commas(f, binders)?;
                write!(f, " => {body}")
            }
            ExprKind::List(items) => {
                f.write_str("[")?;
                commas(f, items)?;
                f.write_str("]")
            }
            ExprKind::Tuple(items) => {
                f.write_str("(")?;
                commas(f, items)?;
                f.write_str(")")
            }
            ExprKind::Table(_) => f.write_str("table { … }"),
            ExprKind::Broken => f.write_str("…"),
        }
    }
}

fn above(level: Level) -> Level {
    match level {
        Level::Open => Level::As,
        Level::As => Level::Or,
        Level::Or => Level::And,
        Level::And => Level::Not,
        Level::Not => Level::Comparison,
        Level::Comparison => Level::Range,
        Level::Range => Level::Sum,
        Level::Sum => Level::Product,
        Level::Product => Level::Minus,
        Level::Minus => Level::Power,
        Level::Power => Level::On,
        Level::On => Level::Postfix,
        Level::Postfix | Level::Atom => Level::Atom,
    }
}

fn commas<T: Display>(f: &mut Formatter, items: &[T]) -> Result {
    for (place, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if place == 0 { "" } else { ", " })?;
    }
    Ok(())
}

pub(super) fn write_text(f: &mut Formatter, text: &str) -> Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(f, "\\{character}")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            _ => write!(f, "{character}")?,
        }
    }
    f.write_str("\"")
}

impl Display for Quantity {
    fn fmt(&self, f: &mut Formatter) -> Result {
        let size = self.value.abs();
        // As people write them: 1e-3 and 0.05, 1e10 and 5000000.
        let plain = if self.whole { 1e-2..1e15 } else { 1e-2..1e7 };
        if size != 0.0 && !plain.contains(&size) {
            write!(f, "{:e}", self.value)?;
        } else {
            let point = if !self.whole && self.value.fract() == 0.0 { ".0" } else { "" };
            write!(f, "{}{point}", self.value)?;
        }
        match &self.unit {
            Some(unit) if units::is_spaced(unit) => write!(f, " {unit}"),
            Some(unit) => f.write_str(unit),
            None => Ok(()),
        }
    }
}

impl Display for Arg {
    fn fmt(&self, f: &mut Formatter) -> Result {
        match &self.name {
            Some(name) => write!(f, "{}: {}", name.text, self.value),
            None => write!(f, "{}", self.value),
        }
    }
}

impl Display for Dim {
    fn fmt(&self, f: &mut Formatter) -> Result {
        match self {
            Dim::Rest(_) => f.write_str(".."),
            Dim::Named { name, value } => write!(f, "{} = {value}", name.text),
            Dim::Expr(expr) => write!(f, "{expr}"),
        }
    }
}

impl Display for Binder {
    fn fmt(&self, f: &mut Formatter) -> Result {
        match self {
            Binder::Over { name, range } => write!(f, "{} in {range}", name.text),
            Binder::Carry { name, init } => write!(f, "{} ~ {init}", name.text),
        }
    }
}

impl Display for ForBody {
    fn fmt(&self, f: &mut Formatter) -> Result {
        match self {
            ForBody::Expr(expr) => write!(f, "{expr}"),
            ForBody::Block(statements) => {
                f.write_str("{ ")?;
                for statement in statements {
                    write!(f, "{statement}; ")?;
                }
                f.write_str("}")
            }
        }
    }
}

impl Display for Stmt {
    fn fmt(&self, f: &mut Formatter) -> Result {
        match self {
            Stmt::Param(place) => write!(f, "param {place}"),
            Stmt::State(place) => write!(f, "state {place}"),
            Stmt::Fit { name, value, .. } => write!(f, "fit {} = {value}", name.text),
            Stmt::Require { condition, message, .. } => {
                write!(f, "require {condition}")?;
                match message {
                    Some(message) => {
                        f.write_str(", ")?;
                        write_text(f, &message.value)
                    }
                    None => Ok(()),
                }
            }
            Stmt::Bind { pattern, value, .. } => write!(f, "{pattern} = {value}"),
            Stmt::Expr(expr) => write!(f, "{expr}"),
            Stmt::Broken(_) => f.write_str("…"),
        }
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter) -> Result {
        f.write_str(&self.name.text)?;
        if let Some(ty) = &self.ty {
            write!(f, ": {ty}")?;
        }
        match &self.init {
            Some(init) => write!(f, " ~ {init}"),
            None => Ok(()),
        }
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter) -> Result {
        match self {
            Pattern::One(target) => write!(f, "{target}"),
            Pattern::Tuple(targets) => {
                f.write_str("(")?;
                commas(f, targets)?;
                f.write_str(")")
            }
        }
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter) -> Result {
        write!(f, "{}{}", self.name.text, if self.next { "'" } else { "" })
    }
}

impl Display for Type {
    fn fmt(&self, f: &mut Formatter) -> Result {
        match &self.kind {
            TypeKind::Named { name, dims } => {
                f.write_str(&name.text)?;
                if !dims.is_empty() {
                    f.write_str("[")?;
                    commas(f, dims)?;
                    f.write_str("]")?;
                }
            }
            TypeKind::Tuple(fields) => {
                f.write_str("(")?;
                for (place, (name, ty)) in fields.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { ", " })?;
                    if let Some(name) = name {
                        write!(f, "{}: ", name.text)?;
                    }
                    write!(f, "{ty}")?;
                }
                f.write_str(")")?;
            }
            TypeKind::Broken => f.write_str("…")?,
        }
        f.write_str(if self.optional { "?" } else { "" })
    }
}
