//! The rewrites of `rules.txt`: reading them, and finding where one applies.

use std::sync::LazyLock;

use super::Rewriter;
use crate::scalar::Scalar;
use crate::tensor::rows::{Term, term};
use crate::tensor::{Dtype, Graph, Id, Op};

/// Which operands a rule is for, and what it keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    Numbers,
    Floats,
    Bools,
    Choices,
    /// As `Floats`, of constants that are powers of two.
    Powers,
    /// As `Floats`, but the result may be rounded differently.
    Rounding,
}

pub struct Rule {
    pub text: &'static str,
    pub section: Section,
    pub left: &'static Term,
    pub right: &'static Term,
}

/// The rules, in the order in which they are tried.
pub fn rules() -> &'static [Rule] {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(read);
    &RULES
}

fn read() -> Vec<Rule> {
    let mut section = Section::Numbers;
    let mut rules = vec![];
    for line in include_str!("rules.txt").lines() {
        match line {
            "[numbers]" => section = Section::Numbers,
            "[floats]" => section = Section::Floats,
            "[bools]" => section = Section::Bools,
            "[choices]" => section = Section::Choices,
            "[powers]" => section = Section::Powers,
            "[rounding]" => section = Section::Rounding,
            _ => {
                if let Some((left, right)) = line.split_once(" => ").filter(|_| !line.starts_with('#')) {
                    rules.push(Rule { text: line, section, left: term(left), right: term(right) });
                }
            }
        }
    }
    rules
}

/// Whether the operands of a row may be exchanged without a change of its value.
pub fn commutes(scalar: Scalar) -> bool {
    matches!(scalar, Scalar::Add | Scalar::Mul | Scalar::Equal | Scalar::And | Scalar::Or)
}

/// What the names of a pattern stand for.
type Bindings<'a> = Vec<(&'a str, Id)>;

/// What the first rule that applies makes of `scalar(args)`.
pub fn apply(rewriter: &mut Rewriter, scalar: Scalar, args: &[Id], dtype: Dtype) -> Option<Id> {
    rules().iter().find_map(|rule| apply_one(rewriter, rule, scalar, args, dtype))
}

fn apply_one(rewriter: &mut Rewriter, rule: &Rule, scalar: Scalar, args: &[Id], dtype: Dtype) -> Option<Id> {
    let Term::Apply(root, pattern) = &rule.left else { unreachable!("a rule rewrites a scalar") };
    if *root != scalar {
        return None;
    }
    let graph = &rewriter.graph;
    let operand = graph[*args.last().expect("an operand")].dtype;
    let fits = match rule.section {
        Section::Numbers => operand != Dtype::Bool,
        Section::Floats | Section::Powers | Section::Rounding => operand == Dtype::F32,
        Section::Bools => operand == Dtype::Bool,
        Section::Choices => true,
    };
    let mut bindings = vec![];
    if !fits || !operands_match(graph, *root, pattern, args, &mut bindings) {
        return None;
    }
    let is_refused = match rule.section {
        Section::Rounding => !constants_are_sound(graph, rule.right, &bindings),
        Section::Powers => !constants_are_sound(graph, rule.right, &bindings) || !are_powers(graph, &bindings),
        Section::Numbers | Section::Floats | Section::Bools | Section::Choices => false,
    };
    if is_refused {
        return None;
    }
    let shape = graph[args[0]].shape.clone();
    let find = |name: &str| bindings.iter().find(|(it, _)| *it == name).expect("a name of the left side").1;
    Some(place(rewriter, rule.right, &find, (&shape, dtype)))
}

/// As [`Term::place`], by way of the rewriter.
fn place(rewriter: &mut Rewriter, term: &Term, find: &dyn Fn(&str) -> Id, of: (&[usize], Dtype)) -> Id {
    match term {
        Term::Apply(scalar, args) => {
            let args: Vec<Id> = args.iter().map(|arg| place(rewriter, arg, find, of)).collect();
            rewriter.map(*scalar, &args)
        }
        leaf => leaf.place(&mut rewriter.graph, find, of, &mut |_, _, _| unreachable!("a leaf")),
    }
}

fn operands_match<'a>(
    graph: &Graph,
    scalar: Scalar,
    patterns: &'a [Term],
    args: &[Id],
    bindings: &mut Bindings<'a>,
) -> bool {
    let known = bindings.len();
    let mut in_order = |args: &mut dyn Iterator<Item = &Id>| {
        bindings.truncate(known);
        patterns.iter().zip(args).all(|(pattern, &arg)| matches(graph, pattern, arg, bindings))
    };
    in_order(&mut args.iter()) || commutes(scalar) && in_order(&mut args.iter().rev())
}

fn matches<'a>(graph: &Graph, pattern: &'a Term, id: Id, bindings: &mut Bindings<'a>) -> bool {
    let node = &graph[id];
    match pattern {
        Term::Name(name) => {
            if matches!(&name[..], "k" | "m") && !matches!(node.op, Op::Const(_)) {
                return false;
            }
            match bindings.iter().find(|(it, _)| it == name) {
                Some(&(_, bound)) => bound == id,
                None => {
                    bindings.push((name, id));
                    true
                }
            }
        }
        Term::Number(number) => match (&node.op, node.dtype) {
            (Op::Const(bits), Dtype::F32) => f32::from_bits(*bits) == *number,
            (Op::Const(bits), Dtype::I32) => *bits as i32 as f32 == *number,
            _ => false,
        },
        Term::Truth(truth) => node.dtype == Dtype::Bool && node.op == Op::Const(u32::from(*truth)),
        Term::Apply(scalar, patterns) => {
            node.op == Op::Map(*scalar) && operands_match(graph, *scalar, patterns, &node.args, bindings)
        }
    }
}

/// Whether all constants that names stand for are powers of two, of any sign.
fn are_powers(graph: &Graph, bindings: &Bindings) -> bool {
    /// The bits of an f32 behind those of its exponent.
    const FRACTION: u32 = (1 << 23) - 1;
    bindings.iter().all(|(_, id)| match graph[*id].op {
        Op::Const(bits) => bits & FRACTION == 0,
        _ => true,
    })
}

/// Whether every part of `term` that is made of constants alone is a number that neither overflowed nor vanished.
fn constants_are_sound(graph: &Graph, term: &Term, bindings: &Bindings) -> bool {
    match (constant(graph, term, bindings), term) {
        (Some(value), _) => value.is_normal(),
        (None, Term::Apply(_, args)) => args.iter().all(|arg| constants_are_sound(graph, arg, bindings)),
        (None, _) => true,
    }
}

/// The value of a term of constants.
fn constant(graph: &Graph, term: &Term, bindings: &Bindings) -> Option<f32> {
    match term {
        Term::Name(name) => match graph[bindings.iter().find(|(it, _)| it == name)?.1].op {
            Op::Const(bits) => Some(f32::from_bits(bits)),
            _ => None,
        },
        Term::Number(number) => Some(*number),
        Term::Truth(_) => None,
        Term::Apply(scalar, args) => {
            let words: Option<Vec<u32>> =
                args.iter().map(|arg| constant(graph, arg, bindings).map(f32::to_bits)).collect();
            Some(f32::from_bits(scalar.eval(&vec![Dtype::F32; args.len()], &words?)))
        }
    }
}
