//! Fewer and longer loops: neighbouring axes that every access walks through in one stride become one axis.

use super::affine::{Affine, Var};
use super::{Body, Core, Kernel, Work};

/// The kernel with as few axes as it can have. Axes of its space and of its core stay apart.
pub fn collapse(kernel: &mut Kernel) {
    if matches!(kernel.core, Core::Order { .. } | Core::Scan(_) | Core::Winograd(_)) {
        return;
    }
    let mut axis = 0;
    while axis < kernel.axes().len() {
        let extents = kernel.axes();
        let together = axis + 1 < extents.len() && axis + 1 != kernel.space.len();
        if extents[axis] == 1 && !is_only_lane(kernel, axis) {
            // Nothing depends on an axis of one place.
            remove(kernel, axis);
        } else if together && is_one_stride(kernel, axis, extents[axis + 1]) {
            *extent(kernel, axis + 1) *= extents[axis];
            remove(kernel, axis);
        } else {
            axis += 1;
        }
    }
}

/// Whether a reduction would be left without an axis for its lanes.
fn is_only_lane(kernel: &Kernel, axis: usize) -> bool {
    matches!(&kernel.core, Core::Reduce { inner, .. } if inner.len() == 1 && axis == kernel.space.len())
}

/// Whether a step along `axis` is always as long as the whole of the axis after it.
fn is_one_stride(kernel: &mut Kernel, axis: usize, extent: usize) -> bool {
    let [outer, inner] = [axis, axis + 1].map(|axis| Var::Axis(axis as u32));
    let mut all = true;
    each_number(kernel, &mut |number| all &= number.factor(outer) == number.factor(inner) * extent as i64);
    all
}

fn extent(kernel: &mut Kernel, axis: usize) -> &mut usize {
    let rank = kernel.space.len();
    match &mut kernel.core {
        Core::Reduce { inner, .. } | Core::Product { inner, .. } if axis >= rank => &mut inner[axis - rank],
        _ => &mut kernel.space[axis],
    }
}

/// Drops an axis; the later ones move up.
fn remove(kernel: &mut Kernel, axis: usize) {
    each_number(kernel, &mut |number| {
        *number = number.replace(|var| match var {
            Var::Axis(at) if at as usize == axis => Affine::default(),
            Var::Axis(at) if at as usize > axis => Affine::var(Var::Axis(at - 1)),
            Var::Axis(_) | Var::Inside(_) | Var::Place(_) => Affine::var(var),
        });
    });
    let rank = kernel.space.len();
    match &mut kernel.core {
        Core::Reduce { inner, .. } | Core::Product { inner, .. } if axis >= rank => _ = inner.remove(axis - rank),
        _ => _ = kernel.space.remove(axis),
    }
}

/// Visits every number that a kernel is made of.
pub fn each_number(kernel: &mut Kernel, visit: &mut dyn FnMut(&mut Affine)) {
    match &mut kernel.core {
        Core::Loop | Core::Order { .. } | Core::Scan(_) => {}
        Core::Reduce { body, .. } => in_body(body, visit),
        Core::Product { left, right, .. } => [left, right].into_iter().for_each(|load| visit(&mut load.at)),
        Core::Winograd(winograd) => {
            in_body(&mut winograd.image.body, visit);
            visit(&mut winograd.other.at);
        }
    }
    in_body(&mut kernel.body, visit);
    kernel.stores.iter_mut().for_each(|store| visit(&mut store.at));
}

fn in_body(body: &mut Body, visit: &mut dyn FnMut(&mut Affine)) {
    body.guards.iter_mut().for_each(|guard| visit(&mut guard.value));
    for line in &mut body.lines {
        match &mut line.work {
            Work::Load(load) => visit(&mut load.at),
            Work::Index(at) | Work::Random { at, .. } => visit(at),
            Work::Core | Work::Const(_) | Work::Map(..) | Work::Mask(..) | Work::Step => {}
        }
    }
}
