//! Views, their folds, and what is taken along an axis: composed, moved past each other, or found to do nothing.

use super::peel::{can_peel, peel};
use super::windows::{self, Windows};
use super::{Rewriter, contractions, places};
use crate::scalar::{Dtype, Scalar};
use crate::tensor::grad::inverse;
use crate::tensor::view::without;
use crate::tensor::{Id, Op, View};

/// A simpler node for `x` seen through `view`, whose result has `shape`.
pub fn view(rewriter: &mut Rewriter, view: &View, x: Id, shape: &[usize]) -> Option<Id> {
    let from = rewriter.shape(x).to_vec();
    if let Some(bits) = rewriter.bits(x)
        && (bits == 0 || !matches!(view, View::Pad { .. }))
    {
        let dtype = rewriter.graph[x].dtype;
        return Some(rewriter.constant(bits, shape, dtype));
    }
    if does_nothing(view, &from) {
        return Some(x);
    }
    if is_reshape(view, &from) {
        return Some(rewriter.reshape(x, shape));
    }
    if let View::Window { axis, size, stride, dilation: 1 } = *view
        && size == stride
    {
        let covered = rewriter.view(View::Slice { axis, start: 0, step: 1, len: shape[axis] * size }, x);
        return Some(rewriter.reshape(covered, shape));
    }
    if let (View::Permute { order }, Op::Contract { a, b, out }) = (view, &rewriter.graph[x].op)
        && !rewriter.shared.contains(&x)
    {
        let out = order.iter().map(|&axis| out[axis]).collect();
        let (labels, args) = ([a.clone(), b.clone(), out], [rewriter.graph[x].args[0], rewriter.graph[x].args[1]]);
        return Some(rewriter.contract(labels, args));
    }
    if let (&View::Slice { step: 1.., len: 1.., .. }, Op::Contract { .. }) = (view, &rewriter.graph[x].op)
        && !rewriter.shared.contains(&x)
    {
        return Some(contractions::sliced(rewriter, view, x));
    }
    let (inner, x) = rewriter.as_view(x)?;
    after(rewriter, view, &inner, x, shape)
}

fn does_nothing(view: &View, from: &[usize]) -> bool {
    match view {
        View::Permute { order } => order.iter().copied().eq(0..order.len()),
        View::Reshape { shape } => shape == from,
        View::Slice { axis, start: 0, step: 1, len } => *len == from[*axis],
        View::Pad { before: 0, after: 0, between: 0, .. } => true,
        View::Slice { .. } | View::Pad { .. } | View::Expand { .. } | View::Window { .. } => false,
    }
}

/// Whether a view that is none by name leaves the elements in their order.
fn is_reshape(view: &View, from: &[usize]) -> bool {
    match view {
        View::Expand { times, .. } => *times == 1,
        View::Permute { order } => order.iter().filter(|&&axis| from[axis] != 1).is_sorted(),
        View::Window { size, stride, .. } => *size == 1 && *stride == 1,
        View::Slice { .. } | View::Pad { .. } | View::Reshape { .. } => false,
    }
}

/// `x` seen through `inner` and then through `outer`.
fn after(rewriter: &mut Rewriter, outer: &View, inner: &View, x: Id, shape: &[usize]) -> Option<Id> {
    if let View::Expand { axis, times } = *inner {
        return past_expansion(rewriter, outer, axis, times, x, shape);
    }
    match (outer, inner) {
        (View::Permute { order }, View::Permute { order: first }) => {
            Some(rewriter.permute(x, order.iter().map(|&axis| first[axis]).collect()))
        }
        (View::Reshape { .. }, View::Reshape { .. }) => Some(rewriter.reshape(x, shape)),
        // A contraction has its axes in any order, and those of one place do not matter to it.
        (View::Permute { order }, View::Reshape { shape: between })
            if matches!(rewriter.graph[x].op, Op::Contract { .. }) && !rewriter.shared.contains(&x) =>
        {
            let (long, short): (Vec<usize>, Vec<usize>) =
                (0..rewriter.shape(x).len()).partition(|&axis| rewriter.shape(x)[axis] != 1);
            let seen: Vec<usize> = (0..between.len()).filter(|&axis| between[axis] != 1).collect();
            if !seen.iter().map(|&axis| between[axis]).eq(long.iter().map(|&axis| rewriter.shape(x)[axis])) {
                return None;
            }
            let place = |axis: &usize| seen.binary_search(axis).ok().map(|at| long[at]);
            let order = order.iter().filter_map(place).chain(short).collect();
            let permuted = rewriter.permute(x, order);
            Some(rewriter.reshape(permuted, shape))
        }
        (&View::Slice { axis, start, step, len }, &View::Slice { axis: same, start: first, step: stride, len: _ })
            if axis == same =>
        {
            let start = (first as isize + stride * start as isize) as usize;
            // Of nothing, the first place need not exist.
            let start = if len == 0 { 0 } else { start };
            Some(rewriter.view(View::Slice { axis, start, step: step * stride, len }, x))
        }
        (&View::Slice { axis, start, step: 1, len: len @ 1.. }, &View::Pad { axis: same, before, between, .. })
            if axis == same =>
        {
            cut(rewriter, axis, (start, start + len), (before, between), x)
        }
        // Every so many of the windows are windows further apart, over what these reach.
        (
            &View::Slice { axis, start, step: step @ 1.., len: len @ 1.. },
            &View::Window { axis: same, size, stride, dilation },
        ) if axis == same => {
            let apart = stride * step as usize;
            let reach = apart * (len - 1) + dilation * (size - 1) + 1;
            let x = rewriter.view(View::Slice { axis, start: start * stride, step: 1, len: reach }, x);
            Some(rewriter.view(View::Window { axis, size, stride: apart, dilation }, x))
        }
        // A contraction need not make what is not seen of it.
        (
            View::Slice { axis, start, step: step @ 1.., len: len @ 1.. },
            View::Reshape { .. } | View::Permute { .. },
        ) if matches!(rewriter.graph[x].op, Op::Contract { .. }) && !rewriter.shared.contains(&x) => {
            let axis = inner.behind(*axis, rewriter.shape(x))?;
            let x = rewriter.view(View::Slice { axis, start: *start, step: *step, len: *len }, x);
            Some(match inner {
                View::Reshape { .. } => rewriter.reshape(x, shape),
                _ => rewriter.view(inner.clone(), x),
            })
        }
        (
            &View::Pad { axis, before, after, between: 0 },
            &View::Pad { axis: same, before: first, after: last, between },
        ) if axis == same => {
            Some(rewriter.view(View::Pad { axis, before: before + first, after: after + last, between }, x))
        }
        // Zeros are put around a tensor, not around its windows.
        (&View::Pad { axis, before, after, between }, View::Window { .. }) => {
            let axis = inner.behind(axis, rewriter.shape(x))?;
            let x = rewriter.view(View::Pad { axis, before, after, between }, x);
            Some(rewriter.view(inner.clone(), x))
        }
        _ => None,
    }
}

/// The places `start..end` along `axis` of `x` with zeros around it and between: fewer zeros, or fewer places. `None` where
/// it would have to begin or end among the zeros between two places.
fn cut(
    rewriter: &mut Rewriter,
    axis: usize,
    (start, end): (usize, usize),
    (before, between): (usize, usize),
    x: Id,
) -> Option<Id> {
    let (count, apart) = (rewriter.shape(x)[axis], between + 1);
    let first = start.saturating_sub(before).div_ceil(apart);
    let last = end.checked_sub(before + 1)? / apart;
    let last = last.min(count.checked_sub(1)?);
    if first > last {
        return None;
    }
    let len = last - first + 1;
    let kept = rewriter.view(View::Slice { axis, start: first, step: 1, len }, x);
    let (from, to) = (before + first * apart, before + last * apart + 1);
    Some(rewriter.view(View::Pad { axis, before: from - start, after: end - to, between }, kept))
}

/// `outer` of an expansion, as an expansion of what `outer` does to the rest. Of two expansions the one of the smaller
/// axis stands outside.
fn past_expansion(
    rewriter: &mut Rewriter,
    outer: &View,
    axis: usize,
    times: usize,
    x: Id,
    shape: &[usize],
) -> Option<Id> {
    // Where the axis of the expansion is found in the result, and the view of the operand.
    let before = |other: usize| other - usize::from(other > axis);
    let (at, view) = match *outer {
        View::Expand { axis: new, times: copies } => {
            if new <= axis {
                return None;
            }
            (axis, View::Expand { axis: new - 1, times: copies })
        }
        View::Permute { ref order } => {
            let at = order.iter().position(|&from| from == axis).expect("an axis of the order");
            (at, View::Permute { order: without(order, at) })
        }
        View::Slice { axis: cut, len, .. } if cut == axis => return Some(rewriter.expand(x, axis, len)),
        View::Slice { axis: cut, start, step, len } => (axis, View::Slice { axis: before(cut), start, step, len }),
        View::Pad { axis: padded, .. } if padded == axis => return None,
        View::Pad { axis: padded, before: low, after, between } => {
            (axis, View::Pad { axis: before(padded), before: low, after, between })
        }
        View::Window { axis: split, size, .. } if split == axis => {
            let x = rewriter.expand(x, axis, size);
            return Some(rewriter.expand(x, axis, shape[axis]));
        }
        View::Window { axis: split, size, stride, dilation } => {
            let at = axis + usize::from(axis > split);
            (at, View::Window { axis: before(split), size, stride, dilation })
        }
        View::Reshape { .. } => {
            let from = rewriter.shape(x);
            let at = aligned(from, axis, times, shape)?;
            let mut shape = shape.to_vec();
            shape.remove(at);
            (at, View::Reshape { shape })
        }
    };
    let x = rewriter.view(view, x);
    Some(rewriter.expand(x, at, times))
}

/// The axis of `to` that is the axis inserted into `from` with this extent, where everything before it and everything
/// after it has as many elements in both.
fn aligned(from: &[usize], axis: usize, times: usize, to: &[usize]) -> Option<usize> {
    let size = |shape: &[usize]| shape.iter().product::<usize>();
    if size(to) == 0 {
        return None;
    }
    (0..to.len()).find(|&at| {
        to[at] == times && size(&to[..at]) == size(&from[..axis]) && size(&to[at + 1..]) == size(&from[axis..])
    })
}

/// A simpler node for the fold of `x` by `view`, which gives `shape`.
pub fn fold(rewriter: &mut Rewriter, view: &View, x: Id, shape: &[usize]) -> Option<Id> {
    let seen = rewriter.shape(x).to_vec();
    match *view {
        View::Reshape { .. } => Some(rewriter.reshape(x, shape)),
        View::Permute { ref order } => Some(rewriter.permute(x, inverse(order))),
        View::Pad { axis, before, between, .. } => {
            let view = View::Slice { axis, start: before, step: between as isize + 1, len: shape[axis] };
            Some(rewriter.view(view, x))
        }
        View::Slice { len: 0, .. } => {
            let dtype = rewriter.graph[x].dtype;
            Some(rewriter.constant(0, shape, dtype))
        }
        View::Slice { axis, start, step, len } if step < 0 => {
            let x = rewriter.view(View::Slice { axis, start: len - 1, step: -1, len }, x);
            let start = (start as isize + step * (len as isize - 1)) as usize;
            let dtype = rewriter.graph[x].dtype;
            Some(rewriter.node(Op::Fold(View::Slice { axis, start, step: -step, len }), &[x], shape.to_vec(), dtype))
        }
        View::Slice { axis, start, step, len } => {
            let step = step as usize;
            let after = shape[axis] - 1 - (start + (len - 1) * step);
            Some(rewriter.view(View::Pad { axis, before: start, after, between: step - 1 }, x))
        }
        View::Window { size: 1, stride: 1, .. } => Some(rewriter.reshape(x, shape)),
        View::Window { axis, size: 1, stride, .. } => {
            let mut apart = seen.to_vec();
            apart.remove(axis + 1);
            let x = rewriter.reshape(x, &apart);
            let after = shape[axis] - ((apart[axis] - 1) * stride + 1);
            Some(rewriter.view(View::Pad { axis, before: 0, after, between: stride - 1 }, x))
        }
        View::Window { axis, size, stride, dilation: 1 } if size == stride => {
            let mut covered = shape.to_vec();
            covered[axis] = seen[axis] * size;
            let x = rewriter.reshape(x, &covered);
            let rest = shape[axis] - covered[axis];
            Some(rewriter.view(View::Pad { axis, before: 0, after: rest, between: 0 }, x))
        }
        View::Window { axis, size, stride, dilation } => {
            windows::fold(rewriter, x, axis, Windows { size, stride, dilation }, shape[axis])
        }
        View::Expand { times: 1, .. } => Some(rewriter.reshape(x, shape)),
        View::Expand { axis, times } => sum(rewriter, x, axis, times),
    }
}

/// A simpler node for the sum of `x` over `axis`, which has `times` places.
fn sum(rewriter: &mut Rewriter, x: Id, axis: usize, times: usize) -> Option<Id> {
    let node = rewriter.graph[x].clone();
    if can_peel(rewriter, x, axis) {
        let x = peel(rewriter, x, axis);
        let shape = rewriter.shape(x).to_vec();
        let bits = if node.dtype == Dtype::F32 { (times as f32).to_bits() } else { times as u32 };
        let count = rewriter.constant(bits, &shape, node.dtype);
        return Some(rewriter.map(Scalar::Mul, &[x, count]));
    }
    // A contraction that somebody else reads too is made in any case.
    if rewriter.shared.contains(&x) && is_contraction(rewriter, x) {
        return None;
    }
    match node.op {
        Op::View(View::Expand { axis: repeated, times }) => {
            let sum = rewriter.sum(node.args[0], axis - usize::from(axis > repeated));
            Some(rewriter.expand(sum, repeated - usize::from(repeated > axis), times))
        }
        Op::View(View::Permute { order }) => {
            let sum = rewriter.sum(node.args[0], order[axis]);
            Some(rewriter.permute(sum, without(&order, axis)))
        }
        Op::View(View::Reshape { .. }) => {
            let mut shape = node.shape.clone();
            shape.remove(axis);
            let from = rewriter.shape(node.args[0]).to_vec();
            let merged = merged(&from, &node.shape, axis)?;
            let sum = merged.rev().fold(node.args[0], |x, axis| rewriter.sum(x, axis));
            Some(rewriter.reshape(sum, &shape))
        }
        Op::Map(scalar @ (Scalar::Mul | Scalar::Div)) if node.dtype == Dtype::F32 => {
            let factors = [node.args[0], node.args[1]];
            without_factor(rewriter, scalar, factors, x, axis).or_else(|| match scalar {
                Scalar::Mul if !rewriter.shared.contains(&x) => {
                    contractions::recognise(rewriter, factors[0], factors[1], axis)
                }
                _ => None,
            })
        }
        _ if rewriter.shared.contains(&x) => None,
        Op::Contract { a, b, out } => contractions::sum(rewriter, [a, b, out], [node.args[0], node.args[1]], axis),
        Op::ScatterAdd { axis: indexed, batch } => {
            let args = [node.args[0], node.args[1]];
            places::sum_of_scattered(rewriter, (indexed, batch), args, &node.shape, axis)
        }
        Op::Map(Scalar::Neg) => {
            let sum = rewriter.sum(node.args[0], axis);
            Some(rewriter.map(Scalar::Neg, &[sum]))
        }
        _ => None,
    }
}

/// Whether `x` is a contraction, perhaps with its axes in another order or shape.
fn is_contraction(rewriter: &Rewriter, x: Id) -> bool {
    match &rewriter.graph[x].op {
        Op::Contract { .. } => true,
        Op::View(View::Permute { .. } | View::Reshape { .. }) => is_contraction(rewriter, rewriter.graph[x].args[0]),
        _ => false,
    }
}

/// The sum of `x = a · b` (or `a / b`) with what is the same all along the axis taken out of it. What somebody else reads too is
/// there in any case: then this is less only if the rest is.
fn without_factor(rewriter: &mut Rewriter, scalar: Scalar, [a, b]: [Id; 2], x: Id, axis: usize) -> Option<Id> {
    let pays =
        |rewriter: &Rewriter, whole: Id, rest: Id| !rewriter.shared.contains(&whole) || rewriter.shared.contains(&rest);
    let divides = scalar == Scalar::Div;
    let pairs: &[(Id, Id)] = if divides { &[(b, a)] } else { &[(a, b), (b, a)] };
    for &(same, rest) in pairs {
        if can_peel(rewriter, same, axis) && pays(rewriter, x, rest) {
            let sum = rewriter.sum(rest, axis);
            let factor = peel(rewriter, same, axis);
            let args = if same == a { [factor, sum] } else { [sum, factor] };
            return Some(rewriter.map(scalar, &args));
        }
    }
    // The same of a factor that is a product itself.
    let pairs: &[(Id, Id)] = if divides { &[] } else { &[(a, b), (b, a)] };
    for &(product, beside) in pairs {
        let Op::Map(inner @ (Scalar::Mul | Scalar::Div)) = rewriter.graph[product].op else { continue };
        let [c, d] = [rewriter.graph[product].args[0], rewriter.graph[product].args[1]];
        let choices: &[(Id, Id)] = if inner == Scalar::Div { &[(d, c)] } else { &[(c, d), (d, c)] };
        let found =
            choices.iter().find(|&&(same, rest)| can_peel(rewriter, same, axis) && pays(rewriter, product, rest));
        if let Some(&(same, rest)) = found {
            let args = if product == a { [rest, beside] } else { [beside, rest] };
            let both = rewriter.map(Scalar::Mul, &args);
            let sum = rewriter.sum(both, axis);
            let factor = peel(rewriter, same, axis);
            return Some(rewriter.map(inner, &[sum, factor]));
        }
    }
    None
}

/// The axes of `from` that a reshape to `to` makes into the one axis `axis`.
fn merged(from: &[usize], to: &[usize], axis: usize) -> Option<std::ops::Range<usize>> {
    let size = |shape: &[usize]| shape.iter().product::<usize>();
    if size(to) == 0 {
        return None;
    }
    (0..from.len()).filter(|&start| size(&from[..start]) == size(&to[..axis])).find_map(|start| {
        let end = (start + 1..=from.len()).find(|&end| size(&from[start..end]) == to[axis])?;
        Some(start..end)
    })
}

/// A simpler node for the largest of `x` along `axis`.
pub fn largest(rewriter: &mut Rewriter, axis: usize, x: Id, shape: &[usize]) -> Option<Id> {
    if can_peel(rewriter, x, axis) {
        return Some(peel(rewriter, x, axis));
    }
    if rewriter.shape(x)[axis] == 1 {
        return Some(rewriter.reshape(x, shape));
    }
    let largest = |rewriter: &mut Rewriter, inner: Id, axis: usize| {
        let mut shape = rewriter.shape(inner).to_vec();
        shape.remove(axis);
        let dtype = rewriter.graph[inner].dtype;
        rewriter.node(Op::Max { axis }, &[inner], shape, dtype)
    };
    match rewriter.as_view(x) {
        Some((View::Expand { axis: repeated, times }, inner)) => {
            let y = largest(rewriter, inner, axis - usize::from(axis > repeated));
            Some(rewriter.expand(y, repeated - usize::from(repeated > axis), times))
        }
        Some((View::Permute { order }, inner)) => {
            let y = largest(rewriter, inner, order[axis]);
            Some(rewriter.permute(y, without(&order, axis)))
        }
        _ => largest_of_few(rewriter, axis, x, shape),
    }
}

/// The most places of a maximum that are compared one by one.
const FEW: usize = 4;

/// The fewest results that are worth it.
const WORTH: usize = 1024;

/// The largest along an axis of few places, where there are many such: a chain of comparisons, which can be computed together
/// with whatever comes before and after.
fn largest_of_few(rewriter: &mut Rewriter, axis: usize, x: Id, shape: &[usize]) -> Option<Id> {
    let places = rewriter.shape(x)[axis];
    if places > FEW || shape.iter().product::<usize>() < WORTH {
        return None;
    }
    let mut most = at_place(rewriter, x, axis, 0);
    for place in 1..places {
        let next = at_place(rewriter, x, axis, place);
        most = larger(rewriter, most, next);
    }
    Some(most)
}

/// The larger of two; one that is no number wins, as in a maximum along an axis.
fn larger(rewriter: &mut Rewriter, a: Id, b: Id) -> Id {
    let larger = rewriter.map(Scalar::Max, &[a, b]);
    if rewriter.graph[a].dtype != Dtype::F32 {
        return larger;
    }
    let is_number = rewriter.map(Scalar::Equal, &[b, b]);
    rewriter.map(Scalar::Select, &[is_number, larger, b])
}

/// What is at one place of an axis, which disappears. Flags and indices are computed for that place; numbers are seen there.
fn at_place(rewriter: &mut Rewriter, x: Id, axis: usize, place: usize) -> Id {
    if can_peel(rewriter, x, axis) {
        return peel(rewriter, x, axis);
    }
    let node = rewriter.graph[x].clone();
    let mut shape = node.shape.to_vec();
    shape.remove(axis);
    match node.op {
        Op::Map(scalar) if node.dtype != Dtype::F32 => {
            let args: Vec<Id> = node.args.iter().map(|&arg| at_place(rewriter, arg, axis, place)).collect();
            rewriter.map(scalar, &args)
        }
        Op::Index { axis: counted } if counted == axis => rewriter.constant(place as u32, &shape, Dtype::I32),
        Op::View(view)
            if node.dtype != Dtype::F32
                && let Some(inner) = view.behind(axis, rewriter.shape(node.args[0])) =>
        {
            let x = at_place(rewriter, node.args[0], inner, place);
            rewriter.node(Op::View(view.without(axis)), &[x], shape, node.dtype)
        }
        _ => {
            let seen = rewriter.view(View::Slice { axis, start: place, step: 1, len: 1 }, x);
            rewriter.reshape(seen, &shape)
        }
    }
}
