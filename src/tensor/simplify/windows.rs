//! What overlapping windows add to each place: where a contraction says what they give, a contraction over its operand.
//!
//! The windows of a convolution's gradient would be as many times its image as a window has places. Each place of the
//! image is read by few windows, though, and their gradients stand side by side: the image's gradient is a convolution of
//! the padded gradient with the turned weights, and its windows are views. (Dumoulin & Visin, 2016.)

use super::Rewriter;
use crate::scalar::Scalar;
use crate::tensor::{Id, Op, View};

/// Windows `stride` apart, of `size` places `dilation` apart.
#[derive(Clone, Copy)]
pub struct Windows {
    pub size: usize,
    pub stride: usize,
    pub dilation: usize,
}

/// More copies of a kernel than this are not worth their loops: windows so far apart hardly overlap.
const MOST_PHASES: usize = 4;

/// The fold of `x` by windows over `extent` places of `axis`, if it can be had without the windows.
///
/// The place `a` of window number `i` is place `stride · i + dilation · a`. Windows `stride` apart fall into phases: with
/// `c = stride / gcd(stride, dilation)`, the places `a = r + c · b` of a window are those of windows that are 1 apart, over
/// every `stride`th place from `dilation · r` on. No place belongs to two phases.
pub fn fold(rewriter: &mut Rewriter, x: Id, axis: usize, windows: Windows, extent: usize) -> Option<Id> {
    let Windows { size, stride, dilation } = windows;
    let count = rewriter.shape(x)[axis];
    let phases = stride / gcd(stride, dilation);
    if size <= phases || phases > MOST_PHASES || count == 0 {
        return None;
    }
    let mut all: Option<Id> = None;
    for phase in 0..phases {
        let size = (size - phase).div_ceil(phases);
        let places = if phases == 1 {
            x
        } else {
            let step = phases as isize;
            rewriter.view(View::Slice { axis: axis + 1, start: phase, step, len: size }, x)
        };
        let near = Near { size, dilation: dilation * phases / stride };
        let sums = near.folded(rewriter, places, [axis, axis + 1])?;
        let before = dilation * phase;
        let covered = (rewriter.shape(sums)[axis] - 1) * stride + 1;
        let after = extent - before - covered;
        let spread = rewriter.view(View::Pad { axis, before, after, between: stride - 1 }, sums);
        all = Some(match all {
            Some(others) => rewriter.map(Scalar::Add, &[others, spread]),
            None => spread,
        });
    }
    all
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Windows 1 apart.
#[derive(Clone, Copy)]
struct Near {
    size: usize,
    dilation: usize,
}

impl Near {
    /// How many places more the windows reach than they are.
    fn reach(self) -> usize {
        self.dilation * (self.size - 1)
    }

    /// The fold of `x`, which has the numbers of the windows at axis `number` and the places within them at axis `within`.
    /// The result lacks the second, and has at the first all places that the windows reach.
    fn folded(self, rewriter: &mut Rewriter, x: Id, [number, within]: [usize; 2]) -> Option<Id> {
        let node = rewriter.graph[x].clone();
        if rewriter.shared.contains(&x) {
            return None;
        }
        match node.op {
            Op::View(view) => self.behind(rewriter, &view, node.args[0], [number, within]),
            Op::Contract { .. } => self.contraction(rewriter, x, [number, within]),
            Op::Map(scalar @ (Scalar::Add | Scalar::Sub | Scalar::Neg)) => {
                let parts = node.args.iter().map(|&arg| self.folded(rewriter, arg, [number, within]));
                let parts: Vec<Id> = parts.collect::<Option<_>>()?;
                Some(rewriter.map(scalar, &parts))
            }
            _ => None,
        }
    }

    /// The fold of `x` seen through a view that leaves the windows alone.
    fn behind(self, rewriter: &mut Rewriter, view: &View, x: Id, [number, within]: [usize; 2]) -> Option<Id> {
        let from = rewriter.shape(x).to_vec();
        let shape = view.shape(&from);
        let axes = [view.behind(number, &from)?, view.behind(within, &from)?];
        if axes[0] == axes[1] {
            return None;
        }
        let sums = self.folded(rewriter, x, axes)?;
        let view = match view.without(within) {
            View::Reshape { shape: mut to } => {
                to[number - usize::from(number > within)] = shape[number] + self.reach();
                View::Reshape { shape: to }
            }
            view => view,
        };
        Some(rewriter.view(view, sums))
    }

    /// The fold of a contraction of which one operand tells the windows apart and the other the places within them.
    fn contraction(self, rewriter: &mut Rewriter, x: Id, [number, within]: [usize; 2]) -> Option<Id> {
        let node = rewriter.graph[x].clone();
        let Op::Contract { mut a, mut b, mut out } = node.op else { unreachable!("asked before") };
        let (window, place) = (out[number], out[within]);
        let [mut x, mut w] = [node.args[0], node.args[1]];
        if b.contains(&window) {
            (a, b) = (b, a);
            (x, w) = (w, x);
        }
        let apart = a.contains(&window) && !b.contains(&window) && b.contains(&place) && !a.contains(&place);
        // Where a window is almost all there is, few places are in several, and most of what is read would be padding.
        if !apart || self.reach() >= node.shape[number] {
            return None;
        }
        let axis = a.iter().position(|&label| label == window).expect("a label of this operand");
        let [before, after] = [self.reach(); 2];
        let padded = rewriter.view(View::Pad { axis, before, after, between: 0 }, x);
        let seen = rewriter.view(View::Window { axis, size: self.size, stride: 1, dilation: self.dilation }, padded);
        a.insert(axis + 1, place);
        let axis = b.iter().position(|&label| label == place).expect("a label of this operand");
        let turned = rewriter.view(View::Slice { axis, start: self.size - 1, step: -1, len: self.size }, w);
        out.remove(within);
        Some(rewriter.contract([a, b, out], [seen, turned]))
    }
}
