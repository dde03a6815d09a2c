//! Contractions: recognised where a product is summed, and freed of views, of axes that one operand repeats, and of sums
//! that they need not make.

use super::Rewriter;
use super::peel::{can_peel, peel};
use crate::scalar::Scalar;
use crate::tensor::{Axes, Id, Op, View};

/// The sum over `axis` of `a · b`, as a contraction. A product of two tensors that have the same axes stays a sum: it is
/// made in one pass over both, together with whatever makes them.
pub fn recognise(rewriter: &mut Rewriter, a: Id, b: Id, axis: usize) -> Option<Id> {
    let all = letters(rewriter.shape(a).len());
    let (x, left) = stripped(rewriter, a, all.clone());
    let (w, right) = stripped(rewriter, b, all.clone());
    let mut out = all;
    let summed = out.remove(axis);
    let in_one = |label: &u8| left.contains(label) != right.contains(label);
    let in_both = left.contains(&summed) && right.contains(&summed);
    if !in_both || !out.iter().any(in_one) || out.iter().any(|label| !left.contains(label) && !right.contains(label)) {
        return None;
    }
    Some(rewriter.contract([left, right, out], [x, w]))
}

fn letter(axis: usize) -> u8 {
    b'a' + axis as u8
}

/// A label for each axis of a tensor.
pub fn letters(rank: usize) -> Axes {
    (0..rank).map(letter).collect()
}

/// The shape of the contraction with the labels `[a, b, out]`.
pub fn shape_of(rewriter: &Rewriter, [a, b, out]: [&Axes; 3], [x, w]: [Id; 2]) -> Vec<usize> {
    let extent = |label: &u8| match a.iter().position(|it| it == label) {
        Some(at) => rewriter.shape(x)[at],
        None => rewriter.shape(w)[b.iter().position(|it| it == label).expect("a label of an operand")],
    };
    out.iter().map(extent).collect()
}

/// What `id`, with these labels, is an expanded or permuted view of, and its labels.
pub fn stripped(rewriter: &Rewriter, id: Id, mut labels: Axes) -> (Id, Axes) {
    match rewriter.as_view(id) {
        Some((View::Expand { axis, .. }, inner)) => {
            labels.remove(axis);
            stripped(rewriter, inner, labels)
        }
        Some((View::Permute { order }, inner)) => {
            let mut from = labels.clone();
            order.iter().zip(&labels).for_each(|(&axis, &label)| from[axis] = label);
            stripped(rewriter, inner, from)
        }
        _ => (id, labels),
    }
}

/// The sum over `axis` of a contraction.
pub fn sum(rewriter: &mut Rewriter, [a, b, mut out]: [Axes; 3], [x, w]: [Id; 2], axis: usize) -> Option<Id> {
    let label = out.remove(axis);
    Some(match (a.iter().position(|&l| l == label), b.iter().position(|&l| l == label)) {
        (Some(_), Some(_)) => rewriter.contract([a, b, out], [x, w]),
        (Some(at), None) => {
            let x = rewriter.sum(x, at);
            rewriter.contract([dropped(a, at), b, out], [x, w])
        }
        (None, Some(at)) => {
            let w = rewriter.sum(w, at);
            rewriter.contract([a, dropped(b, at), out], [x, w])
        }
        (None, None) => unreachable!("a label of no operand"),
    })
}

/// The contraction `y`, seen through a slice: made of slices.
pub fn sliced(rewriter: &mut Rewriter, slice: &View, y: Id) -> Id {
    let node = rewriter.graph[y].clone();
    let (&View::Slice { axis, start, step, len }, Op::Contract { a, b, out }) = (slice, node.op) else {
        unreachable!("asked before")
    };
    let mut part = |x: Id, labels: &Axes| match labels.iter().position(|&label| label == out[axis]) {
        Some(axis) => rewriter.view(View::Slice { axis, start, step, len }, x),
        None => x,
    };
    let (x, w) = (part(node.args[0], &a), part(node.args[1], &b));
    rewriter.contract([a, b, out], [x, w])
}

fn dropped(mut labels: Axes, at: usize) -> Axes {
    labels.remove(at);
    labels
}

/// A simpler node for a contraction with the labels `[a, b, out]`.
pub fn rewrite(rewriter: &mut Rewriter, labels: [&Axes; 3], args: [Id; 2]) -> Option<Id> {
    without_ones(rewriter, labels, args)
        .or_else(|| unpermuted(rewriter, labels, args))
        .or_else(|| peeled(rewriter, labels, args))
        .or_else(|| exchanged(rewriter, labels, args))
        .or_else(|| product(rewriter, labels, args))
}

/// Without axes of one place, where an operand whose axes were exchanged was given such afterwards: that it was is seen then.
fn without_ones(rewriter: &mut Rewriter, [a, b, out]: [&Axes; 3], [x, w]: [Id; 2]) -> Option<Id> {
    let is_one = |rewriter: &Rewriter, id: Id, labels: &Axes, label: u8| {
        labels.iter().position(|&it| it == label).is_none_or(|at| rewriter.shape(id)[at] == 1)
    };
    let ones = |label: &u8| is_one(rewriter, x, a, *label) && is_one(rewriter, w, b, *label);
    let ones: Vec<u8> = a.iter().chain(b).copied().filter(ones).collect();
    let hides = |id: Id| match rewriter.as_view(id) {
        Some((View::Reshape { .. }, inner)) => matches!(rewriter.as_view(inner), Some((View::Permute { .. }, _))),
        _ => false,
    };
    let kept = |labels: &Axes| labels.iter().copied().filter(|label| !ones.contains(label)).collect::<Axes>();
    let labels = [kept(a), kept(b), kept(out)];
    if ones.is_empty() || !(hides(x) || hides(w)) || labels.iter().any(|it| it.is_empty()) {
        return None;
    }
    let shape = shape_of(rewriter, [a, b, out], [x, w]);
    let args = [(x, a), (w, b)].map(|(id, all)| {
        let kept = rewriter.shape(id).iter().zip(all).filter(|(_, label)| !ones.contains(label));
        let shape: Vec<usize> = kept.map(|(&extent, _)| extent).collect();
        rewriter.reshape(id, &shape)
    });
    let y = rewriter.contract(labels, args);
    Some(rewriter.reshape(y, &shape))
}

/// Operands without their permutations.
fn unpermuted(rewriter: &mut Rewriter, [a, b, out]: [&Axes; 3], [x, w]: [Id; 2]) -> Option<Id> {
    let plain = |id: Id, labels: &Axes| match rewriter.as_view(id) {
        Some((View::Permute { order }, inner)) => {
            let mut from = labels.clone();
            order.iter().zip(labels).for_each(|(&axis, &label)| from[axis] = label);
            Some((inner, from))
        }
        _ => None,
    };
    let (left, right) = (plain(x, a), plain(w, b));
    if left.is_none() && right.is_none() {
        return None;
    }
    let (x, a) = left.unwrap_or((x, a.clone()));
    let (w, b) = right.unwrap_or((w, b.clone()));
    Some(rewriter.contract([a, b, out.clone()], [x, w]))
}

/// Without an axis along which an operand is the same everywhere. If the other has the axis, it is summed there or kept
/// there; if not, the result is the same along it too.
fn peeled(rewriter: &mut Rewriter, [a, b, out]: [&Axes; 3], [x, w]: [Id; 2]) -> Option<Id> {
    for (at, label) in a.iter().enumerate() {
        if can_peel(rewriter, x, at) {
            let extent = rewriter.shape(x)[at];
            let x = peel(rewriter, x, at);
            let a = dropped(a.clone(), at);
            let kept = out.iter().position(|l| l == label);
            return Some(match (b.iter().position(|l| l == label), kept) {
                (Some(_), Some(_)) => rewriter.contract([a, b.clone(), out.clone()], [x, w]),
                (Some(other), None) => {
                    let w = rewriter.sum(w, other);
                    rewriter.contract([a, dropped(b.clone(), other), out.clone()], [x, w])
                }
                (None, Some(kept)) => {
                    let y = rewriter.contract([a, b.clone(), dropped(out.clone(), kept)], [x, w]);
                    rewriter.expand(y, kept, extent)
                }
                (None, None) => unreachable!("a label that is summed alone"),
            });
        }
    }
    let twin = [b, a, out];
    (0..b.len()).any(|at| can_peel(rewriter, w, at)).then(|| peeled(rewriter, twin, [w, x])).flatten()
}

/// The same contraction with exchanged operands, if that is there already.
fn exchanged(rewriter: &Rewriter, [a, b, out]: [&Axes; 3], [x, w]: [Id; 2]) -> Option<Id> {
    let op = Op::Contract { a: b.clone(), b: a.clone(), out: out.clone() };
    let shape = shape_of(rewriter, [a, b, out], [x, w]);
    rewriter.graph.find(op, &[w, x], &shape, crate::scalar::Dtype::F32)
}

/// Where nothing is summed, a product of elements.
fn product(rewriter: &mut Rewriter, [a, b, out]: [&Axes; 3], [x, w]: [Id; 2]) -> Option<Id> {
    if a.iter().chain(b).any(|label| !out.contains(label)) {
        return None;
    }
    let extents = shape_of(rewriter, [a, b, out], [x, w]);
    let x = spread(rewriter, x, a, out, &extents);
    let w = spread(rewriter, w, b, out, &extents);
    Some(rewriter.map(Scalar::Mul, &[x, w]))
}

/// `x` permuted and expanded to the labels `out`.
fn spread(rewriter: &mut Rewriter, x: Id, labels: &Axes, out: &Axes, extents: &[usize]) -> Id {
    let order = out.iter().filter_map(|label| labels.iter().position(|l| l == label)).collect();
    let x = rewriter.permute(x, order);
    let missing = (0..out.len()).filter(|&axis| !labels.contains(&out[axis]));
    missing.fold(x, |x, axis| rewriter.expand(x, axis, extents[axis]))
}
