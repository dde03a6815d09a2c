//! Lines as LaTeX, to be pasted into a paper: an `align*` environment for the package amsmath.

use super::expr::{Expr, Kind, Op};
use super::{Line, Role};
use crate::tensor::Draw;
use crate::tensor::print::number;

/// How tightly a piece holds together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Open,
    Truth,
    Comparison,
    Sum,
    Product,
    Minus,
    Power,
    Atom,
}

pub fn latex(lines: &[Line]) -> String {
    let words = Words { lines };
    let rows: Vec<String> = lines.iter().map(|line| words.row(line)).collect();
    format!("\\begin{{align*}}\n{}\n\\end{{align*}}\n", rows.join(" \\\\\n"))
}

/// One formula by itself.
pub fn formula(expr: &Expr) -> String {
    Words { lines: &[] }.text(expr)
}

/// What the names of the lines stand for.
struct Words<'a> {
    lines: &'a [Line],
}

impl Words<'_> {
    fn row(&self, line: &Line) -> String {
        let name = match line.role {
            Role::Loss => "L".to_string(),
            Role::Gradient => {
                format!("\\frac{{\\partial L}}{{\\partial {}}}", self.symbol(&line.name, line.shape.len()))
            }
            _ => self.symbol(&line.name, line.shape.len().min(1)),
        };
        match line.role {
            Role::Draw(Draw::Uniform, _) => format!("{name} &\\sim \\mathcal{{U}}(0, 1)"),
            Role::Draw(Draw::Normal, _) => format!("{name} &\\sim \\mathcal{{N}}(0, 1)"),
            _ => format!("{name} &= {}", self.text(&line.expr)),
        }
    }

    /// `hidden.w` is a matrix of `hidden`; what stands for a gradient is a delta.
    fn symbol(&self, name: &str, rank: usize) -> String {
        let partial = self.lines.iter().any(|it| it.role == Role::Partial && it.name == name);
        if let Some(stage) = name.strip_prefix("d_").filter(|_| partial) {
            return format!("\\delta_{{{}}}", word(stage));
        }
        let Some((stage, own)) = name.rsplit_once('.') else { return capital(name, rank) };
        format!("{}_{{{}}}", capital(own, rank), word(stage))
    }

    fn text(&self, expr: &Expr) -> String {
        match &expr.kind {
            Kind::Number(value) => figure(*value as f32),
            Kind::Name(name) => {
                let is_value = self.lines.iter().any(|it| it.role == Role::Value && it.name == *name);
                self.symbol(name, if is_value { expr.rank.min(1) } else { expr.rank })
            }
            Kind::List(items) => format!("[{}]", self.list(items)),
            Kind::Call(name, args) => self.call(name, args),
            Kind::Infix(op, a, b) => self.infix(*op, a, b),
            Kind::Neg(inner) => format!("-{}", self.at(inner, Level::Minus)),
            Kind::Not(inner) => format!("\\neg {}", self.at(inner, Level::Atom)),
            Kind::Index(base, indices) => format!("{}[{}]", self.at(base, Level::Atom), self.list(indices)),
            Kind::Range(low, high) => format!("{low} {{:}} {high}"),
            Kind::For(vars, body) => {
                let names: Vec<&str> = vars.iter().map(|it| it.0.as_str()).collect();
                format!("\\left({}\\right)_{{{}}}", self.text(body), names.join(", "))
            }
        }
    }

    fn list(&self, items: &[Expr]) -> String {
        items.iter().map(|it| self.text(it)).collect::<Vec<_>>().join(", ")
    }

    fn infix(&self, op: Op, a: &Expr, b: &Expr) -> String {
        let sides =
            |left: Level, sign: &str, right: Level| format!("{} {sign} {}", self.at(a, left), self.at(b, right));
        match op {
            Op::Or => sides(Level::Comparison, "\\lor", Level::Comparison),
            Op::And => sides(Level::Comparison, "\\land", Level::Comparison),
            Op::Equal => sides(Level::Sum, "=", Level::Sum),
            Op::Less if matches!(a.kind, Kind::Number(_)) => {
                format!("{} > {}", self.at(b, Level::Sum), self.at(a, Level::Sum))
            }
            Op::Less => sides(Level::Sum, "<", Level::Sum),
            Op::LessEqual => sides(Level::Sum, "\\le", Level::Sum),
            Op::Add => sides(Level::Sum, "+", Level::Sum),
            Op::Sub => sides(Level::Sum, "-", Level::Product),
            Op::Mul if a.rank > 0 && b.rank > 0 => sides(Level::Product, "\\odot", Level::Minus),
            Op::Mul if matches!(a.kind, Kind::Number(_)) && !matches!(b.kind, Kind::Number(_)) => {
                sides(Level::Product, "\\,", Level::Minus)
            }
            Op::Mul => sides(Level::Product, "\\cdot", Level::Minus),
            Op::Div => format!("\\frac{{{}}}{{{}}}", self.text(a), self.text(b)),
            Op::MatMul => sides(Level::Minus, "\\,", Level::Minus),
            Op::Pow => format!("{}^{{{}}}", self.base(a), self.text(b)),
        }
    }

    /// What is raised to a power: a name with an index is one already.
    fn base(&self, expr: &Expr) -> String {
        match &expr.kind {
            Kind::Call(..) => format!("\\left({}\\right)", self.text(expr)),
            _ => self.at(expr, Level::Atom),
        }
    }

    fn call(&self, name: &str, args: &[(Option<String>, Expr)]) -> String {
        let arg = |at: usize| self.text(&args[at].1);
        let over = args.iter().find(|it| it.0.as_deref() == Some("over")).map(|it| &it.1.kind);
        match (name, args.len(), over) {
            ("mean", 2, Some(Kind::Name(axis))) if axis == "batch" => {
                format!("\\frac{{1}}{{N}} \\sum_{{n=1}}^{{N}} {}", self.at(&args[0].1, Level::Product))
            }
            ("sum", 2, Some(Kind::Name(axis))) if axis == "batch" => {
                format!("\\sum_{{n=1}}^{{N}} {}", self.at(&args[0].1, Level::Product))
            }
            ("outer", 2, _) => {
                format!("{} \\otimes {}", self.at(&args[0].1, Level::Atom), self.at(&args[1].1, Level::Atom))
            }
            ("transpose", 1, _) => format!("{}^\\top", self.at(&args[0].1, Level::Atom)),
            ("one_hot", 2, _) => format!("e_{{{}}}", arg(0)),
            ("expand" | "cast", ..) => arg(0),
            ("concat", ..) => {
                let parts: Vec<String> = args.iter().filter(|it| it.0.is_none()).map(|it| self.text(&it.1)).collect();
                format!("\\left[{}\\right]", parts.join(",\\; "))
            }
            ("where", 3, _) => format!(
                "\\begin{{cases}} {} & \\text{{if }} {} \\\\ {} & \\text{{otherwise}} \\end{{cases}}",
                arg(1),
                arg(0),
                arg(2)
            ),
            ("sqrt", 1, _) => format!("\\sqrt{{{}}}", arg(0)),
            ("abs", 1, _) => format!("\\left|{}\\right|", arg(0)),
            _ => {
                let plain: Vec<String> = args.iter().filter(|it| it.0.is_none()).map(|it| self.text(&it.1)).collect();
                let own = match name {
                    "exp" | "log" | "sin" | "cos" | "tanh" | "max" | "min" => format!("\\{name}"),
                    _ => format!("\\operatorname{{{}}}", escaped(name)),
                };
                format!("{own}\\left({}\\right)", plain.join(", "))
            }
        }
    }

    fn at(&self, expr: &Expr, wanted: Level) -> String {
        if level(expr) < wanted { format!("\\left({}\\right)", self.text(expr)) } else { self.text(expr) }
    }
}

fn level(expr: &Expr) -> Level {
    match &expr.kind {
        Kind::Infix(op, ..) => match op {
            Op::Or | Op::And => Level::Truth,
            Op::Equal | Op::Less | Op::LessEqual => Level::Comparison,
            Op::Add | Op::Sub => Level::Sum,
            Op::Mul | Op::MatMul => Level::Product,
            Op::Div => Level::Minus,
            Op::Pow => Level::Power,
        },
        Kind::Neg(_) => Level::Minus,
        Kind::Number(value) if *value < 0.0 => Level::Minus,
        Kind::Not(_) | Kind::Range(..) => Level::Open,
        Kind::Call(name, args) => match (name.as_str(), args.len()) {
            ("mean" | "sum", 2) => Level::Product,
            ("outer", _) => Level::Product,
            ("where", 3) => Level::Open,
            ("expand" | "cast", _) => level(&args[0].1),
            _ => Level::Atom,
        },
        Kind::Name(_) | Kind::Number(_) | Kind::List(_) | Kind::Index(..) | Kind::For(..) => Level::Atom,
    }
}

/// A matrix is a capital where its name is a letter.
fn capital(name: &str, rank: usize) -> String {
    let mut letters = name.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if rank > 1 => letter.to_uppercase().to_string(),
        _ => word(name),
    }
}

/// A letter is itself, a word stands upright.
fn word(name: &str) -> String {
    if name.chars().count() == 1 { name.to_string() } else { format!("\\mathrm{{{}}}", escaped(name)) }
}

fn escaped(name: &str) -> String {
    name.replace('_', "\\_")
}

/// `1.5 \cdot 10^{-5}`
fn figure(value: f32) -> String {
    match number(value).split_once('e') {
        Some(("1", power)) => format!("10^{{{power}}}"),
        Some(("-1", power)) => format!("-10^{{{power}}}"),
        Some((digits, power)) => format!("{digits} \\cdot 10^{{{power}}}"),
        None => number(value),
    }
}
