//! Views: ways to see the elements of one tensor in another arrangement.
//!
//! A view is a partial map from the places of the result to the places of the operand. That one map is its whole
//! meaning: the interpreter reads through it, machine code turns it into index arithmetic, and its adjoint is the same
//! map run backwards, adding up what lands on one place.

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum View {
    /// Inserts `axis`, with `times` equal copies of the operand along it.
    Expand { axis: usize, times: usize },
    /// Result axis `i` is operand axis `order[i]`.
    Permute { order: Vec<usize> },
    /// Every `step`th place of `axis` from `start`, `len` of them. A negative step goes backwards.
    Slice { axis: usize, start: usize, step: isize, len: usize },
    /// Zeros (or `false`) around `axis`, and `between` of them between neighbours.
    Pad { axis: usize, before: usize, after: usize, between: usize },
    /// Splits `axis` into overlapping windows: the number of the window stays at `axis`, the place within it comes next.
    Window { axis: usize, size: usize, stride: usize, dilation: usize },
    /// The same elements in row-major order under other extents.
    Reshape { shape: Vec<usize> },
}

impl View {
    /// The extents of the result.
    pub fn shape(&self, from: &[usize]) -> Vec<usize> {
        let mut shape = from.to_vec();
        match *self {
            View::Expand { axis, times } => shape.insert(axis, times),
            View::Permute { ref order } => {
                assert_eq!(order.len(), from.len());
                shape = order.iter().map(|&axis| from[axis]).collect();
            }
            View::Slice { axis, start, step, len } => {
                let last = start as isize + step * (len as isize - 1);
                assert!(
                    len == 0 || (start < from[axis] && last >= 0 && (last as usize) < from[axis]),
                    "{self:?} of {from:?}"
                );
                shape[axis] = len;
            }
            View::Pad { axis, before, after, between } => {
                shape[axis] = before + from[axis] + between * from[axis].saturating_sub(1) + after;
            }
            View::Window { axis, size, stride, dilation } => {
                let span = dilation * (size - 1) + 1;
                assert!(from[axis] >= span, "{self:?} of {from:?}");
                shape[axis] = (from[axis] - span) / stride + 1;
                shape.insert(axis + 1, size);
            }
            View::Reshape { shape: ref to } => {
                assert_eq!(to.iter().product::<usize>(), from.iter().product::<usize>(), "{self:?} of {from:?}");
                shape = to.clone();
            }
        }
        shape
    }

    /// The place of the operand that the result's place `at` shows, or `None` where it shows a zero.
    pub fn source(&self, at: &[usize], from: &[usize]) -> Option<Vec<usize>> {
        let mut source = at.to_vec();
        match *self {
            View::Expand { axis, .. } => _ = source.remove(axis),
            View::Permute { ref order } => order.iter().zip(at).for_each(|(&axis, &i)| source[axis] = i),
            View::Slice { axis, start, step, .. } => {
                source[axis] = (start as isize + step * at[axis] as isize) as usize
            }
            View::Pad { axis, before, between, .. } => {
                let inside = at[axis].checked_sub(before)?;
                if inside % (between + 1) != 0 || inside / (between + 1) >= from[axis] {
                    return None;
                }
                source[axis] = inside / (between + 1);
            }
            View::Window { axis, stride, dilation, .. } => {
                let within = source.remove(axis + 1);
                source[axis] = at[axis] * stride + within * dilation;
            }
            View::Reshape { ref shape } => source = place(offset(at, shape), from),
        }
        Some(source)
    }

    /// The operand's axis that runs along with the result's `axis`, and nothing else does. `None` where there is none.
    pub fn behind(&self, axis: usize, from: &[usize]) -> Option<usize> {
        match *self {
            View::Expand { axis: new, .. } => (axis != new).then(|| axis - usize::from(axis > new)),
            View::Permute { ref order } => Some(order[axis]),
            View::Slice { axis: changed, .. } | View::Pad { axis: changed, .. } => (axis != changed).then_some(axis),
            View::Window { axis: cut, .. } => (axis != cut && axis != cut + 1).then(|| axis - usize::from(axis > cut)),
            View::Reshape { ref shape } => aligned(shape, axis, from),
        }
    }

    /// The inverse of [`View::behind`]: the result's axis that runs along with the operand's `axis`.
    pub fn ahead(&self, axis: usize, from: &[usize]) -> Option<usize> {
        match *self {
            View::Expand { axis: new, .. } => Some(axis + usize::from(axis >= new)),
            View::Permute { ref order } => order.iter().position(|&it| it == axis),
            View::Slice { axis: changed, .. } | View::Pad { axis: changed, .. } => (axis != changed).then_some(axis),
            View::Window { axis: cut, .. } => (axis != cut).then(|| axis + usize::from(axis > cut)),
            View::Reshape { ref shape } => aligned(from, axis, shape),
        }
    }

    /// The view of one place along the result's `axis`, which has an operand's axis [behind](View::behind) it.
    pub fn without(&self, axis: usize) -> View {
        let less = |changed: usize| changed - usize::from(changed > axis);
        match *self {
            View::Expand { axis: new, times } => View::Expand { axis: less(new), times },
            View::Permute { ref order } => View::Permute { order: without(order, axis) },
            View::Slice { axis: changed, start, step, len } => View::Slice { axis: less(changed), start, step, len },
            View::Pad { axis: changed, before, after, between } => {
                View::Pad { axis: less(changed), before, after, between }
            }
            View::Window { axis: cut, size, stride, dilation } => {
                View::Window { axis: less(cut), size, stride, dilation }
            }
            View::Reshape { ref shape } => {
                let mut shape = shape.clone();
                shape.remove(axis);
                View::Reshape { shape }
            }
        }
    }

    /// The same view of many operands side by side: of each of the `times` places of a new first axis.
    pub fn of_each(&self, times: usize) -> View {
        match *self {
            View::Expand { axis, times } => View::Expand { axis: axis + 1, times },
            View::Permute { ref order } => {
                View::Permute { order: std::iter::once(0).chain(order.iter().map(|axis| axis + 1)).collect() }
            }
            View::Slice { axis, start, step, len } => View::Slice { axis: axis + 1, start, step, len },
            View::Pad { axis, before, after, between } => View::Pad { axis: axis + 1, before, after, between },
            View::Window { axis, size, stride, dilation } => View::Window { axis: axis + 1, size, stride, dilation },
            View::Reshape { ref shape } => View::Reshape { shape: [&[times], &shape[..]].concat() },
        }
    }
}

/// The axis of `to` that has the same places as `axis` of `from`, where both have the same elements in row-major order.
pub fn aligned(from: &[usize], axis: usize, to: &[usize]) -> Option<usize> {
    let size = |shape: &[usize]| shape.iter().product::<usize>();
    if size(to) == 0 {
        return None;
    }
    let fits = |at: &usize| to[*at] == from[axis] && size(&to[..*at]) == size(&from[..axis]);
    (0..to.len()).find(fits)
}

/// The order of the axes that are left of `order` when the result loses `axis`.
pub fn without(order: &[usize], axis: usize) -> Vec<usize> {
    let lost = order[axis];
    order.iter().filter(|&&from| from != lost).map(|&from| from - usize::from(from > lost)).collect()
}

/// The row-major position of `place`.
pub fn offset(place: &[usize], shape: &[usize]) -> usize {
    place.iter().zip(shape).fold(0, |at, (i, extent)| at * extent + i)
}

/// The place at the row-major position `offset`.
pub fn place(mut offset: usize, shape: &[usize]) -> Vec<usize> {
    let mut place = vec![0; shape.len()];
    for axis in (0..shape.len()).rev() {
        place[axis] = offset % shape[axis];
        offset /= shape[axis];
    }
    place
}

/// Every place of `shape`, in row-major order.
pub fn places(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    let shape = shape.to_vec();
    (0..shape.iter().product()).map(move |at| place(at, &shape))
}
