//! Expressions as text of the language, with as few brackets as they need, broken at operators where they are long.

use super::expr::{Expr, Kind, Op};
use crate::tensor::print::number;

/// How tightly an expression holds together; as the language reads it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Open,
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Minus,
    Power,
    Atom,
}

fn level(expr: &Expr) -> Level {
    match &expr.kind {
        Kind::For(..) => Level::Open,
        Kind::Infix(op, ..) => operator(*op),
        Kind::Not(_) => Level::Not,
        Kind::Neg(_) => Level::Minus,
        Kind::Number(value) if *value < 0.0 => Level::Minus,
        Kind::Number(_) | Kind::Name(_) | Kind::List(_) | Kind::Call(..) | Kind::Index(..) => Level::Atom,
        Kind::Range(..) => Level::Open,
    }
}

fn operator(op: Op) -> Level {
    match op {
        Op::Or => Level::Or,
        Op::And => Level::And,
        Op::Equal | Op::Less | Op::LessEqual => Level::Comparison,
        Op::Add | Op::Sub => Level::Sum,
        Op::Mul | Op::Div | Op::MatMul => Level::Product,
        Op::Pow => Level::Power,
    }
}

/// The next tighter level.
fn above(level: Level) -> Level {
    match level {
        Level::Open => Level::Or,
        Level::Or => Level::And,
        Level::And => Level::Not,
        Level::Not => Level::Comparison,
        Level::Comparison => Level::Sum,
        Level::Sum => Level::Product,
        Level::Product => Level::Minus,
        Level::Minus => Level::Power,
        Level::Power | Level::Atom => Level::Atom,
    }
}

/// On one line.
pub fn text(expr: &Expr) -> String {
    let list = |items: &[Expr]| items.iter().map(text).collect::<Vec<_>>().join(", ");
    match &expr.kind {
        Kind::Number(value) => number(*value as f32),
        Kind::Name(name) => name.clone(),
        Kind::List(items) => format!("[{}]", list(items)),
        Kind::Call(name, args) => {
            let args: Vec<String> = args
                .iter()
                .map(|(label, arg)| match label {
                    Some(label) => format!("{label}: {}", text(arg)),
                    None => text(arg),
                })
                .collect();
            format!("{name}({})", args.join(", "))
        }
        // What is compared with nothing is more familiar the other way round.
        Kind::Infix(Op::Less, a, b) if matches!(a.kind, Kind::Number(_)) => {
            format!("{} > {}", at(b, Level::Sum), at(a, Level::Sum))
        }
        Kind::Infix(Op::LessEqual, a, b) if matches!(a.kind, Kind::Number(_)) => {
            format!("{} >= {}", at(b, Level::Sum), at(a, Level::Sum))
        }
        Kind::Infix(op, a, b) => {
            let own = operator(*op);
            let left = match op {
                Op::Pow | Op::Equal | Op::Less | Op::LessEqual => at(a, above(own)),
                // A product of matrices among products of numbers stands in brackets: they are not the same.
                Op::Mul | Op::Div if is(a, Op::MatMul) => at(a, Level::Atom),
                Op::MatMul if level(a) == Level::Product && !is(a, Op::MatMul) => at(a, Level::Atom),
                _ => at(a, own),
            };
            let right = at(b, above(own));
            match op {
                Op::Pow => format!("{left}^{right}"),
                _ => format!("{left} {} {right}", op.sign()),
            }
        }
        Kind::Neg(inner) => format!("-{}", at(inner, Level::Minus)),
        Kind::Not(inner) => format!("not {}", at(inner, Level::Not)),
        Kind::Index(base, indices) => format!("{}[{}]", at(base, Level::Atom), list(indices)),
        Kind::Range(low, high) => format!("{low} .. {high}"),
        Kind::For(vars, body) => {
            let vars: Vec<String> = vars.iter().map(|(name, extent)| format!("{name} in {extent}")).collect();
            format!("for {} => {}", vars.join(", "), text(body))
        }
    }
}

fn is(expr: &Expr, op: Op) -> bool {
    matches!(&expr.kind, Kind::Infix(own, ..) if *own == op)
}

fn at(expr: &Expr, wanted: Level) -> String {
    if level(expr) < wanted { format!("({})", text(expr)) } else { text(expr) }
}

/// The text in lines of at most `width`, as far as it can be broken before an operator or after a comma; the brackets
/// that are open keep it one expression.
pub fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut room = width.saturating_sub(indent);
    loop {
        if rest.chars().count() <= room {
            return out + rest;
        }
        let Some(cut) = best_break(rest, room) else { return out + rest };
        out += rest[..cut].trim_end();
        out += "\n";
        out += &" ".repeat(indent);
        rest = rest[cut..].trim_start();
        room = width.saturating_sub(indent);
    }
}

/// The last place within `room` where the fewest brackets are open.
fn best_break(text: &str, room: usize) -> Option<usize> {
    let (mut depth, mut best): (i32, Option<(i32, usize)>) = (0, None);
    let mut columns = 0;
    for (at, it) in text.char_indices() {
        columns += 1;
        match it {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ' ' => {
                let next = text[at + 1..].split(' ').next().unwrap_or_default();
                let before = text[..at].ends_with(',') || text[..at].ends_with("=>");
                // Outside brackets a line that begins with a minus would be a statement of its own.
                let breaks = before || matches!(next, "+" | "*" | "/" | "@") || next == "-" && depth > 0;
                // Too short a line helps nobody.
                if breaks && columns > room / 3 && columns <= room && best.is_none_or(|(least, _)| depth <= least) {
                    best = Some((depth, at + 1));
                }
            }
            _ => {}
        }
    }
    best.map(|it| it.1)
}
