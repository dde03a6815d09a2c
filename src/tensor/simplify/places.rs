//! Tables that are looked up: one that is the same for many is looked up once for all, and so is it added to.

use super::Rewriter;
use super::peel::{can_peel, peel};
use crate::tensor::{Id, Op};

/// A simpler node for what is looked up in a table that is the same all along an axis.
pub fn gather(rewriter: &mut Rewriter, axis: usize, batch: usize, [table, index]: [Id; 2]) -> Option<Id> {
    let same = (0..axis).rev().find(|&it| can_peel(rewriter, table, it))?;
    let extent = rewriter.shape(table)[same];
    let table = peel(rewriter, table, same);
    if same >= batch {
        let found = gathered(rewriter, axis - 1, batch, [table, index]);
        return Some(rewriter.expand(found, same, extent));
    }
    // The rows of the table are the same, so those of the index are no more than further places.
    let index = rewriter.permute(index, own_last(rewriter.shape(index).len(), same, batch));
    let found = gathered(rewriter, axis - 1, batch - 1, [table, index]);
    let rank = rewriter.shape(found).len();
    let mut order: Vec<usize> = (0..rank).collect();
    let moved = order.remove(axis - 1);
    order.insert(same, moved);
    Some(rewriter.permute(found, order))
}

/// The sum over `along` of a table to which values are added, where the table has that axis in front of the one that is
/// indexed: another table, to which more is added.
pub fn sum_of_scattered(
    rewriter: &mut Rewriter,
    (axis, batch): (usize, usize),
    [values, index]: [Id; 2],
    shape: &[usize],
    along: usize,
) -> Option<Id> {
    if along >= axis {
        return None;
    }
    let mut shape = shape.to_vec();
    shape.remove(along);
    if along >= batch {
        let values = rewriter.sum(values, along);
        return Some(scattered(rewriter, axis - 1, batch, [values, index], shape));
    }
    let index = rewriter.permute(index, own_last(rewriter.shape(index).len(), along, batch));
    let mut order: Vec<usize> = (0..rewriter.shape(values).len()).collect();
    let moved = order.remove(along);
    order.insert(axis - 1, moved);
    let values = rewriter.permute(values, order);
    Some(scattered(rewriter, axis - 1, batch - 1, [values, index], shape))
}

/// The order of the axes of an index in which the batch axis `own` stands behind the others.
fn own_last(rank: usize, own: usize, batch: usize) -> Vec<usize> {
    (0..batch).filter(|&it| it != own).chain([own]).chain(batch..rank).collect()
}

fn gathered(rewriter: &mut Rewriter, axis: usize, batch: usize, [table, index]: [Id; 2]) -> Id {
    let (from, at) = (rewriter.shape(table), rewriter.shape(index));
    let shape = [&from[..axis], &at[batch..], &from[axis + 1..]].concat();
    let dtype = rewriter.graph[table].dtype;
    rewriter.node(Op::Gather { axis, batch }, &[table, index], shape, dtype)
}

fn scattered(rewriter: &mut Rewriter, axis: usize, batch: usize, args: [Id; 2], shape: Vec<usize>) -> Id {
    let dtype = rewriter.graph[args[0]].dtype;
    rewriter.node(Op::ScatterAdd { axis, batch }, &args, shape, dtype)
}
