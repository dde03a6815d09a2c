//! Peeling: a tensor that is the same all along an axis, without that axis.

use super::Rewriter;
use crate::tensor::view::without;
use crate::tensor::{Id, Op, View};

/// Whether `id` is seen to be the same all along `axis`.
pub fn can_peel(rewriter: &Rewriter, id: Id, axis: usize) -> bool {
    let node = &rewriter.graph[id];
    match &node.op {
        Op::Const(_) => true,
        Op::Index { axis: counted } => *counted != axis,
        Op::View(View::Expand { axis: repeated, .. }) => {
            *repeated == axis || can_peel(rewriter, node.args[0], axis - usize::from(axis > *repeated))
        }
        Op::View(View::Permute { order }) => can_peel(rewriter, node.args[0], order[axis]),
        _ => false,
    }
}

/// `id` without `axis`, along which it can be peeled.
pub fn peel(rewriter: &mut Rewriter, id: Id, axis: usize) -> Id {
    let node = rewriter.graph[id].clone();
    let mut shape = node.shape.clone();
    shape.remove(axis);
    match node.op {
        Op::Const(bits) => rewriter.constant(bits, &shape, node.dtype),
        Op::Index { axis: counted } => {
            let counted = counted - usize::from(counted > axis);
            rewriter.graph.index(counted, &shape)
        }
        Op::View(View::Expand { axis: repeated, .. }) if repeated == axis => node.args[0],
        Op::View(View::Expand { axis: repeated, times }) => {
            let inner = peel(rewriter, node.args[0], axis - usize::from(axis > repeated));
            rewriter.expand(inner, repeated - usize::from(repeated > axis), times)
        }
        Op::View(View::Permute { order }) => {
            let inner = peel(rewriter, node.args[0], order[axis]);
            rewriter.permute(inner, without(&order, axis))
        }
        op => unreachable!("{op:?} cannot be peeled"),
    }
}
