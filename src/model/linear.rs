//! Linearity: of what degree an output is in its inputs and in its parameters, and how many matrices follow each other
//! without anything between them, read off the graph.

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

/// What a value is made of, for [`matrices_in_a_row`].
#[derive(Clone, Copy)]
enum Made {
    /// Of constants alone.
    Constant,
    /// Of weights, and constants.
    Fixed,
    /// Of an example: since its last non-linearity it has passed `matrices`, and `entered` numbers entered the last one.
    Example { matrices: usize, entered: usize },
}

/// The most matrices of weights that an example passes one after the other where one would do: nothing but linear formulas
/// between them, and no bottleneck that makes the pair say less than one matrix could.
pub fn matrices_in_a_row(graph: &Graph) -> usize {
    const FRESH: Made = Made::Example { matrices: 0, entered: 0 };
    let mut all: Vec<Made> = Vec::with_capacity(graph.len());
    let mut most = 0;
    let mut readers = vec![0; graph.len()];
    graph.ids().flat_map(|id| &graph[id].args).for_each(|arg| readers[arg.0 as usize] += 1);
    for id in graph.ids() {
        let node = &graph[id];
        let args: Vec<Made> = node.args.iter().map(|arg| all[arg.0 as usize]).collect();
        let size = |id: Id| graph[id].shape.iter().product::<usize>();
        let examples = args.iter().filter(|it| matches!(it, Made::Example { .. })).count();
        // Beside a way that is no matrix, another way is not one matrix with what follows.
        let shortest = args.iter().copied().filter(|it| matches!(it, Made::Example { .. })).min_by_key(|it| match it {
            Made::Constant | Made::Fixed => None,
            Made::Example { matrices, .. } => Some(*matrices),
        });
        let made = match &node.op {
            Op::Input(Slot::Feed(_)) => FRESH,
            Op::Input(_) => Made::Fixed,
            Op::Const(_) | Op::Index { .. } | Op::Random { .. } => Made::Constant,
            _ if args.iter().all(|it| matches!(it, Made::Constant)) => Made::Constant,
            _ if examples == 0 => Made::Fixed,
            Op::View(_) | Op::Fold(_) | Op::Map(Scalar::Add | Scalar::Sub | Scalar::Neg) => {
                shortest.expect("an operand")
            }
            Op::Map(Scalar::Mul) if examples == 1 => shortest.expect("an operand"),
            Op::Map(Scalar::Div) if !matches!(args[1], Made::Example { .. }) => args[0],
            Op::Contract { .. } if args.iter().any(|it| matches!(it, Made::Constant)) => shortest.expect("an operand"),
            Op::Contract { .. } if examples == 1 => {
                let at = usize::from(matches!(args[0], Made::Fixed));
                // Two small filters say less than the one large filter that does the same.
                if slides(graph, node.args[at]) {
                    all.push(FRESH);
                    continue;
                }
                let Made::Example { matrices, entered } = args[at] else { unreachable!("the one of an example") };
                let (inner, outer) = (size(node.args[at]), size(id));
                let repeats = matrices > 0 && inner >= entered.min(outer);
                Made::Example { matrices: if repeats { matrices + 1 } else { 1 }, entered: inner }
            }
            Op::Map(_) | Op::Contract { .. } | Op::Max { .. } | Op::Gather { .. } | Op::ScatterAdd { .. } => FRESH,
            Op::Order { .. } | Op::Scan { .. } => FRESH,
        };
        if let Made::Example { matrices, .. } = made {
            most = most.max(matrices);
        }
        // What is read in several places is not there for the next matrix alone.
        let shared = readers[id.0 as usize] > 1 && matches!(made, Made::Example { .. });
        all.push(if shared { FRESH } else { made });
    }
    most
}

/// Whether a value is seen through windows.
pub fn slides(graph: &Graph, id: Id) -> bool {
    match &graph[id].op {
        Op::View(View::Window { size, .. }) => *size > 1 || slides(graph, graph[id].args[0]),
        Op::View(_) => slides(graph, graph[id].args[0]),
        _ => false,
    }
}
