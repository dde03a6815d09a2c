//! Pooling by the largest: places are compared one by one, and what is computed there and back again is few passes.

use dlmc::kernel::{Core, Machine, plan};
use dlmc::native;
use dlmc::scalar::{Dtype, Scalar};
use dlmc::tensor::{Function, Slot, View, eval, grad, simplify};

use crate::kernels::outcome;
use crate::native::{bits, check};

/// The largest of each window of `size` by `size` places of what is positive of images, and the gradient of the images where that
/// of the result is given.
fn pooled(images: usize, extent: usize, channels: usize, size: usize) -> Function {
    let shape = vec![images, extent, extent, channels];
    let across = extent / size;
    let result = vec![images, across, across, channels];
    let feeds = vec![(shape.clone(), Dtype::F32), (result.clone(), Dtype::F32)];
    let mut function = Function { feeds, ..Default::default() };
    let g = &mut function.graph;
    let image = g.input(Slot::Feed(0), &shape, Dtype::F32);
    let weights = g.input(Slot::Feed(1), &result, Dtype::F32);
    let zero = g.constant(0.0, &shape);
    // Half of all places are zero, so that windows have several largest.
    let positive = g.map(Scalar::Max, &[image, zero]);
    let down = g.view(View::Window { axis: 1, size, stride: size, dilation: 1 }, positive);
    let down = g.max(down, 2);
    let across = g.view(View::Window { axis: 2, size, stride: size, dilation: 1 }, down);
    let largest = g.max(across, 3);
    let mut loss = g.map(Scalar::Mul, &[largest, weights]);
    while !g.shape(loss).is_empty() {
        loss = g.sum(loss, 0);
    }
    let back = grad(g, loss, &[image])[0];
    function.results = vec![largest, back];
    function
}

#[test]
fn what_is_compared_one_by_one_is_the_same_largest_and_the_same_first_of_them() {
    // More places than are compared one by one, few results, images that windows do not cover.
    for (images, extent, channels, size) in
        [(8, 8, 16, 2), (16, 9, 8, 2), (4, 12, 16, 3), (2, 20, 16, 4), (2, 20, 12, 5), (1, 4, 3, 2)]
    {
        let function = pooled(images, extent, channels, size);
        let simple = simplify(&function);
        for wild in [false, true] {
            let mut meaning = eval::Interpreter::new(function.clone());
            let mut simpler = eval::Interpreter::new(simple.clone());
            let meant = outcome(&mut meaning, &function, 1, wild);
            let found = outcome(&mut simpler, &simple, 1, wild);
            for (meant, found) in meant.iter().zip(&found) {
                // Scalars make a zero of what is too small to be normal; a maximum along an axis may keep it. A zero of either
                // sign may be the first of several.
                let near = |bits: u32| {
                    if f32::from_bits(bits).is_normal() || !f32::from_bits(bits).is_finite() { bits } else { 0 }
                };
                let [meant, found] =
                    [bits(meant), bits(found)].map(|all| all.into_iter().map(near).collect::<Vec<_>>());
                let apart = meant.iter().zip(&found).position(|(meant, found)| meant != found);
                assert_eq!(apart, None, "{images}×{extent}×{extent}×{channels} by {size}, wild: {wild}");
            }
        }
        check(&simple, 1, &Machine::host());
        check(&simple, 1, &Machine { threads: 2, ..Machine::host() });
    }
}

#[test]
fn there_and_back_are_loops_that_store_no_windows() {
    let function = simplify(&pooled(16, 16, 32, 2));
    let plan = plan(&function, &Machine::host());
    assert!(plan.kernels.iter().all(|kernel| matches!(kernel.core, Core::Loop)), "{}", function);
    // The largest of two rows, the largest of two of these, and the way back in one.
    let large = plan.kernels.iter().filter(|kernel| kernel.space.iter().product::<usize>() > 64);
    assert_eq!(large.count(), 3);
    // What the rows give is all that is kept.
    assert!(plan.arena <= 4 * 16 * 8 * 16 * 32 + 1024, "{} bytes", plan.arena);
}

#[test]
fn threads_share_what_is_written_out() {
    let function = simplify(&pooled(32, 16, 32, 2));
    let shared = plan(&function, &Machine { threads: 3, ..Machine::host() });
    assert!(shared.together.contains(&3), "{:?}", shared.together);
    let outcomes = [plan(&function, &Machine::host()), shared].map(|plan| {
        let mut step = native::compile(plan);
        outcome(&mut step, &function, 2, false)
    });
    let [alone, together] = outcomes.map(|all| all.iter().map(bits).collect::<Vec<_>>());
    assert_eq!(alone, together);
}
