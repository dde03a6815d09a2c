//! The squares of rows: what the elements of each row of a tensor come to, squared and added up.
//!
//! A row of an outer product, or of a table into which a few values are added, is larger than what it is made of. Of these
//! the squares are known from the parts, and nobody has to write the row down (Goodfellow, "Efficient per-example gradient
//! computations", 2015). Only sums of squares are taken, so nothing is lost to cancellation that was not lost before.

use super::{Graph, Id, Op, View};
use crate::scalar::Scalar;

/// For each place of the first axis of `x`, an f32, the sum of the squares of all that is there: `[n, ..]` to `[n]`.
pub fn squares(graph: &mut Graph, x: Id) -> Id {
    let node = graph[x].clone();
    let arg = node.args.first().copied();
    let keeps = |graph: &Graph, arg: Id| graph.shape(arg).first() == node.shape.first();
    match (&node.op, arg) {
        // The same elements in another order, under other signs, or among zeros.
        (Op::View(View::Permute { order }) | Op::Fold(View::Permute { order }), Some(arg)) if order[0] == 0 => {
            squares(graph, arg)
        }
        (Op::View(View::Reshape { .. }) | Op::Fold(View::Reshape { .. }), Some(arg)) if keeps(graph, arg) => {
            squares(graph, arg)
        }
        (Op::View(View::Pad { axis: 1.., .. }) | Op::Fold(View::Slice { axis: 1.., .. }), Some(arg)) => {
            squares(graph, arg)
        }
        (Op::Map(Scalar::Neg), Some(arg)) => squares(graph, arg),
        (Op::Contract { a, b, out }, _) if is_outer([a, b, out]) => {
            of_outer(graph, [a, b, out], [node.args[0], node.args[1]])
        }
        (&Op::ScatterAdd { axis, batch: 1 }, _) => {
            let places = graph.shape(node.args[1])[1..].iter().product::<usize>();
            match 2 * places * places <= node.shape[1..].iter().product() {
                true => of_scattered(graph, axis, &node.shape, [node.args[0], node.args[1]]),
                false => plain(graph, x),
            }
        }
        _ => plain(graph, x),
    }
}

/// Each element squared.
fn plain(graph: &mut Graph, x: Id) -> Id {
    let mut sum = graph.map(Scalar::Mul, &[x, x]);
    while graph.shape(sum).len() > 1 {
        let last = graph.shape(sum).len() - 1;
        sum = graph.sum(sum, last);
    }
    sum
}

/// Whether a contraction sums nothing, and both of its operands have the rows and axes that the other has not.
fn is_outer([a, b, out]: [&[u8]; 3]) -> bool {
    let kept = |of: &[u8]| of.contains(&out[0]) && of.iter().all(|label| out.contains(label));
    let own = |of: &[u8], other: &[u8]| of.iter().any(|label| !other.contains(label));
    kept(a) && kept(b) && own(a, b) && own(b, a)
}

/// ‖x yᵀ‖² = ‖x‖² ‖y‖², for each place of what both have.
fn of_outer(graph: &mut Graph, [a, b, out]: [&[u8]; 3], [x, w]: [Id; 2]) -> Id {
    let both: Vec<u8> = out.iter().copied().filter(|label| a.contains(label) && b.contains(label)).collect();
    let left = graph.contract_axes(a, a, &both, x, x);
    let right = graph.contract_axes(b, b, &both, w, w);
    graph.contract_axes(&both, &both, &both[..1], left, right)
}

/// Of values that are added at few places of a table: the sum of those that share a place, once for each of them, by how many
/// they are.
fn of_scattered(graph: &mut Graph, axis: usize, table: &[usize], [values, index]: [Id; 2]) -> Id {
    let rows = table[0];
    let among = graph.shape(index).len() - 1;
    let places: usize = graph.shape(index)[1..].iter().product();
    let rest: usize = table[1..].iter().product::<usize>() / table[axis];
    // The places right behind the rows.
    let rank = graph.shape(values).len();
    let order: Vec<usize> =
        std::iter::once(0).chain(axis..axis + among).chain(1..axis).chain(axis + among..rank).collect();
    let values = graph.permute(values, &order);
    let values = graph.reshape(values, &[rows, places, rest]);
    // What lies outside of the table is at its edge.
    let index = graph.reshape(index, &[rows, places]);
    let (first, last) = (graph.integer(0, &[rows, places]), graph.integer(table[axis] as i32 - 1, &[rows, places]));
    let index = graph.map(Scalar::Max, &[index, first]);
    let index = graph.map(Scalar::Min, &[index, last]);
    let (one, other) = (graph.expand(index, 2, places), graph.expand(index, 1, places));
    let same = graph.map(Scalar::Equal, &[one, other]);
    let same = graph.map(Scalar::ToF32, &[same]);
    let sums = graph.contract("nts,nsr->ntr", same, values);
    let (each, how_many) = (graph.map(Scalar::Mul, &[sums, sums]), graph.sum(same, 2));
    let each = graph.sum(each, 2);
    let share = graph.map(Scalar::Div, &[each, how_many]);
    graph.sum(share, 1)
}
