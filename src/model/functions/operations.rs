//! What a node costs.

use crate::tensor::{Graph, Id};

/// Operations of one node: a fused multiply-add counts two.
pub fn operations(graph: &Graph, id: Id) -> u64 {
    use crate::tensor::{Op, View};
    let node = &graph[id];
    let size = node.size() as u64;
    let of = |at: usize| graph[node.args[at]].size() as u64;
    match &node.op {
        Op::Input(_) | Op::Const(_) | Op::View(_) | Op::Index { .. } | Op::Gather { .. } => 0,
        Op::Map(_) | Op::Random { .. } => size,
        Op::Fold(View::Permute { .. } | View::Reshape { .. }) => 0,
        Op::Fold(_) | Op::Max { .. } | Op::ScatterAdd { .. } | Op::Order { .. } => of(0),
        Op::Contract { a, b, .. } => {
            let only_b = b.iter().enumerate().filter(|(_, label)| !a.contains(label));
            let extra: u64 = only_b.map(|(axis, _)| graph[node.args[1]].shape[axis] as u64).product();
            2 * of(0) * extra
        }
    }
}
