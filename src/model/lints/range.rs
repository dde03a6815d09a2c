//! Between which numbers the elements of a node lie, whatever parameters and inputs are.

use super::constant_value;
use crate::scalar::{Dtype, Scalar};
use crate::tensor::{Graph, Op, View};

/// From the first to the second, both included.
pub type Range = (f64, f64);

const ANY: Range = (f64::NEG_INFINITY, f64::INFINITY);

/// The range of each node of f32.
pub fn ranges(graph: &Graph) -> Vec<Range> {
    let mut all: Vec<Range> = Vec::with_capacity(graph.len());
    for id in graph.ids() {
        let node = &graph[id];
        let of = |at: usize| all[node.args[at].0 as usize];
        let range = match &node.op {
            _ if node.dtype != Dtype::F32 => ANY,
            Op::Const(bits) => (f64::from(f32::from_bits(*bits)), f64::from(f32::from_bits(*bits))),
            Op::View(View::Pad { before: 0, after: 0, between: 0, .. }) => of(0),
            Op::View(View::Pad { .. }) => union(of(0), (0.0, 0.0)),
            Op::View(_) | Op::Max { .. } | Op::Gather { .. } => of(0),
            Op::Map(scalar) => {
                let args: Vec<Range> = (0..node.args.len()).map(of).collect();
                let squared = node.args.len() == 2 && node.args[0] == node.args[1];
                mapped(*scalar, &args, squared, || constant_value(graph, *node.args.last().expect("an operand")))
            }
            // A sum of what is not below 0 is not below 0, and so is one of what is not above it.
            Op::Fold(_) | Op::ScatterAdd { .. } => signed(of(0)),
            Op::Contract { .. } => signed(product(of(0), of(1))),
            Op::Input(_) | Op::Index { .. } | Op::Order { .. } | Op::Random { .. } | Op::Scan { .. } => ANY,
        };
        all.push(if range.0.is_nan() || range.1.is_nan() { ANY } else { range });
    }
    all
}

fn union(a: Range, b: Range) -> Range {
    (a.0.min(b.0), a.1.max(b.1))
}

fn signed(range: Range) -> Range {
    (if range.0 >= 0.0 { 0.0 } else { f64::NEG_INFINITY }, if range.1 <= 0.0 { 0.0 } else { f64::INFINITY })
}

fn product(a: Range, b: Range) -> Range {
    let times = |x: f64, y: f64| if x == 0.0 || y == 0.0 { 0.0 } else { x * y };
    let ends = [times(a.0, b.0), times(a.0, b.1), times(a.1, b.0), times(a.1, b.1)];
    (ends.into_iter().fold(f64::INFINITY, f64::min), ends.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

fn mapped(scalar: Scalar, args: &[Range], squared: bool, last: impl Fn() -> Option<f32>) -> Range {
    let a = args[0];
    let rising = |f: fn(f64) -> f64| (f(a.0), f(a.1));
    match scalar {
        Scalar::Add => (a.0 + args[1].0, a.1 + args[1].1),
        Scalar::Sub => (a.0 - args[1].1, a.1 - args[1].0),
        Scalar::Mul if squared => (0.0, product(a, a).1),
        Scalar::Mul => product(a, args[1]),
        Scalar::Div if args[1].0 > 0.0 || args[1].1 < 0.0 => product(a, (1.0 / args[1].1, 1.0 / args[1].0)),
        Scalar::Neg => (-a.1, -a.0),
        Scalar::Abs => match (a.0 >= 0.0, a.1 <= 0.0) {
            (true, _) => a,
            (_, true) => (-a.1, -a.0),
            _ => (0.0, a.1.max(-a.0)),
        },
        Scalar::Sqrt => (a.0.max(0.0).sqrt(), a.1.max(0.0).sqrt()),
        Scalar::Exp => rising(f64::exp),
        Scalar::Expm1 => rising(f64::exp_m1),
        Scalar::Log if a.0 >= 0.0 => rising(f64::ln),
        Scalar::Log1p if a.0 >= -1.0 => rising(f64::ln_1p),
        Scalar::Sin | Scalar::Cos | Scalar::Erf => (-1.0, 1.0),
        Scalar::Tanh => rising(f64::tanh),
        Scalar::Pow => match last() {
            Some(power) if power > 0.0 && power % 2.0 == 0.0 => (0.0, f64::INFINITY),
            _ if a.0 >= 0.0 => (0.0, f64::INFINITY),
            _ => ANY,
        },
        Scalar::Min => (a.0.min(args[1].0), a.1.min(args[1].1)),
        Scalar::Max => (a.0.max(args[1].0), a.1.max(args[1].1)),
        Scalar::Select => union(args[1], args[2]),
        _ => ANY,
    }
}
