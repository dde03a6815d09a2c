//! The last axis of a product's space, along which it is computed in registers full of elements.

use super::affine::{Affine, Var};
use super::collapse::each_number;
use super::{Core, Kernel};

/// Has the space of a product end with an axis along which its factors are rows or stay the same, if it does not yet: as the
/// channels of the weights' gradient of a depthwise convolution, which stand first there.
pub fn across(kernel: &mut Kernel) {
    let Core::Product { left, right, .. } = &kernel.core else { return };
    let strides = |axis: usize| [left, right].map(|load| load.at.factor(Var::Axis(axis as u32)));
    let fits = |axis: usize| strides(axis).iter().all(|stride| [0, 1].contains(stride)) && strides(axis) != [0, 0];
    let Some(last) = kernel.space.len().checked_sub(1).filter(|&last| !fits(last)) else { return };
    let Some(axis) = (0..last).filter(|&axis| fits(axis)).max_by_key(|&axis| kernel.space[axis]) else { return };
    let extent = kernel.space.remove(axis);
    kernel.space.push(extent);
    each_number(kernel, &mut |number| {
        *number = number.replace(|var| match var {
            Var::Axis(at) if at as usize == axis => Affine::var(Var::Axis(last as u32)),
            Var::Axis(at) if at as usize > axis && at as usize <= last => Affine::var(Var::Axis(at - 1)),
            var => Affine::var(var),
        });
    });
}
