//! Linearity: of what degree an output is in its inputs and in its parameters, read off the graph.

use super::lints::constant_value;
use crate::scalar::Scalar;
use crate::tensor::{Graph, Id, Op, Slot, View};

/// The degree of `root` as a polynomial in the inputs that `varies` names; `None` where it is none.
pub fn degree(graph: &Graph, root: Id, varies: impl Fn(Slot) -> bool) -> Option<u32> {
    let mut degrees: Vec<Option<u32>> = Vec::with_capacity(root.0 as usize + 1);
    for id in graph.ids().take(root.0 as usize + 1) {
        let node = &graph[id];
        let of = |at: usize| degrees[node.args[at].0 as usize];
        let most = || node.args.iter().try_fold(0, |most, arg| degrees[arg.0 as usize].map(|it| most.max(it)));
        let constant = || most().filter(|&it| it == 0);
        let degree = match &node.op {
            Op::Input(slot) => Some(u32::from(varies(*slot))),
            Op::Const(_) | Op::Index { .. } | Op::Random { .. } => Some(0),
            Op::View(_) | Op::Fold(_) => of(0),
            Op::Map(Scalar::Add | Scalar::Sub | Scalar::Neg) => most(),
            Op::Map(Scalar::Mul) | Op::Contract { .. } => of(0).zip(of(1)).map(|(a, b)| a + b),
            Op::Map(Scalar::Div) => of(1).filter(|&it| it == 0).and(of(0)),
            // A constant power.
            Op::Map(Scalar::Pow) => match constant_value(graph, node.args[1]) {
                Some(power) => {
                    let small = power >= 0.0 && power.fract() == 0.0 && power <= 16.0;
                    of(0).filter(|_| small).map(|it| it * power as u32).or_else(constant)
                }
                None => constant(),
            },
            Op::Gather { .. } | Op::ScatterAdd { .. } => of(1).filter(|&it| it == 0).and(of(0)),
            Op::Map(_) | Op::Max { .. } | Op::Order { .. } | Op::Scan { .. } => constant(),
        };
        degrees.push(degree);
    }
    degrees[root.0 as usize]
}

/// Whether a value is seen through windows.
pub fn slides(graph: &Graph, id: Id) -> bool {
    match &graph[id].op {
        Op::View(View::Window { size, .. }) => *size > 1 || slides(graph, graph[id].args[0]),
        Op::View(_) => slides(graph, graph[id].args[0]),
        _ => false,
    }
}
