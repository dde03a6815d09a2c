//! What overlapping windows add to each place: where a contraction says what they give, a contraction over its operand.
//!
//! The windows of a convolution's gradient would be as many times its image as a window has places. Each place of the
//! image is read by few windows, though, and their gradients stand side by side: the image's gradient is a convolution of
//! the padded gradient with the turned weights, and its windows are views. (Dumoulin & Visin, 2016.)

use super::Rewriter;
use super::contractions::{self, letters, stripped};
use crate::scalar::{Dtype, Scalar};
use crate::tensor::{Axes, Id, Op, View};

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

/// A slice of `x` along `axis`, made of slices of what `x` is made of: products, or sums of them that are seen through views.
fn sliced(
    rewriter: &mut Rewriter,
    x: Id,
    axis: usize,
    slice @ (start, step, len): (usize, isize, usize),
) -> Option<Id> {
    let node = rewriter.graph[x].clone();
    match node.op {
        Op::View(view) => {
            let behind = view.behind(axis, rewriter.shape(node.args[0]))?;
            let y = sliced(rewriter, node.args[0], behind, slice)?;
            let mut shape = node.shape.to_vec();
            shape[axis] = len;
            Some(if let View::Reshape { .. } = view { rewriter.reshape(y, &shape) } else { rewriter.view(view, y) })
        }
        Op::Map(scalar @ (Scalar::Add | Scalar::Sub | Scalar::Neg)) => {
            let parts = node.args.iter().map(|&arg| sliced(rewriter, arg, axis, slice));
            let parts: Vec<Id> = parts.collect::<Option<_>>()?;
            Some(rewriter.map(scalar, &parts))
        }
        Op::Map(Scalar::Mul) => {
            let view = View::Slice { axis, start, step, len };
            let parts: Vec<Id> = node.args.iter().map(|&arg| rewriter.view(view.clone(), arg)).collect();
            Some(rewriter.map(Scalar::Mul, &parts))
        }
        Op::Contract { .. } => Some(contractions::sliced(rewriter, &View::Slice { axis, start, step, len }, x)),
        _ => None,
    }
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
            Op::Contract { a, b, out } => {
                let operands = [node.args[0], node.args[1]];
                self.contraction(rewriter, ([a, b, out], operands), [number, within], node.shape[number])
            }
            Op::Map(Scalar::Mul) if node.dtype == Dtype::F32 => {
                let out = letters(node.shape.len());
                let (x, a) = stripped(rewriter, node.args[0], out.clone());
                let (w, b) = stripped(rewriter, node.args[1], out.clone());
                let known = out.iter().all(|label| a.contains(label) || b.contains(label));
                let product = ([a, b, out], [x, w]);
                known.then(|| self.contraction(rewriter, product, [number, within], node.shape[number])).flatten()
            }
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
        if let &View::Slice { axis, start, step, len } = view
            && axis == within
        {
            let sliced = sliced(rewriter, x, axis, (start, step, len))?;
            return self.folded(rewriter, sliced, [number, within]);
        }
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

    /// The fold of a contraction, or of a product of which nothing is summed, of `count` windows of which one operand tells the
    /// windows apart and the other the places within them.
    fn contraction(
        self,
        rewriter: &mut Rewriter,
        ([mut a, mut b, mut out], [mut x, mut w]): ([Axes; 3], [Id; 2]),
        [number, within]: [usize; 2],
        count: usize,
    ) -> Option<Id> {
        let (window, place) = (out[number], out[within]);
        if b.contains(&window) {
            (a, b) = (b, a);
            (x, w) = (w, x);
        }
        let apart = a.contains(&window) && !b.contains(&window) && b.contains(&place) && !a.contains(&place);
        // Where a window is almost all there is, few places are in several, and most of what is read would be padding.
        if !apart || self.reach() >= count {
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
