//! What an example is multiplied with: dense layers, convolutions and whatever else sums products of weights and an
//! example.
//!
//! Lowering writes a `for` that sums products as a product of two expanded tensors and sums over it; only the simplifier
//! makes a contraction of that. Both are read here, where nodes still belong to the layers that made them.

mod convolutions;
mod linear;
mod padding;

use super::{Lowered, Scene, depends, fed};
use crate::problem::Problem;
use crate::scalar::Scalar;
use crate::tensor::{Graph, Id, Op, Slot, View};

/// What the products of a model say together.
pub fn lint(scene: &Scene) -> Vec<Problem> {
    let all = products(&scene.predicting);
    let lints = [linear::lint, padding::lint, convolutions::filters, convolutions::kernels];
    let mut problems: Vec<Problem> = vec![];
    for problem in lints.iter().flat_map(|lint| lint(scene, &all)) {
        // Blocks that are repeated are told once.
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

/// A sum of products of weights with an example.
pub struct Product {
    /// The multiplication.
    pub at: Id,
    /// What it sums to.
    pub sum: Id,
    /// What of an example is multiplied, as it is arranged for that.
    pub example: Id,
    axes: Vec<Axis>,
    /// Which of the axes are those of the sum, in order.
    kept: Vec<usize>,
}

struct Axis {
    extent: usize,
    /// What the example has along it.
    seen: Option<Seen>,
    weights: bool,
    summed: bool,
}

/// What an axis runs along.
#[derive(Clone, Copy)]
enum Seen {
    /// An axis of this node.
    Axis(Id, usize),
    Window(Window),
}

/// The places of a window along one axis of an image.
#[derive(Clone, Copy)]
pub struct Window {
    pub image: Id,
    pub axis: usize,
    /// Of the image, without what is padded.
    pub extent: usize,
    pub size: usize,
    pub stride: usize,
    pub dilation: usize,
    /// Zeros before the image, between its places, and behind it.
    pub before: usize,
    pub between: usize,
    /// How many windows there are.
    pub times: usize,
}

impl Product {
    /// The windows that are larger than a place.
    pub fn windows(&self) -> impl Iterator<Item = Window> {
        self.axes.iter().filter_map(|it| match it.seen {
            Some(Seen::Window(window)) if it.summed && window.size > 1 => Some(window),
            _ => None,
        })
    }

    pub fn is_convolution(&self) -> bool {
        self.windows().next().is_some()
    }

    /// Whether each place of the result has weights of its own, or each channel: groups, depthwise convolutions.
    pub fn is_grouped(&self) -> bool {
        self.size(|it| it.seen.is_some() && it.weights && !it.summed) > 1
    }

    /// Whether zeros stand between the places that are seen, as in a transposed convolution.
    pub fn is_spread(&self) -> bool {
        self.windows().any(|it| it.between > 0)
    }

    /// How many numbers are made for each place.
    pub fn filters(&self) -> usize {
        self.size(|it| it.seen.is_none())
    }

    /// Places of the result: axes along which the same weights are used.
    pub fn places(&self) -> usize {
        self.size(|it| !it.weights)
    }

    /// Places of a window, of all its axes.
    pub fn kernel(&self) -> usize {
        self.windows().map(|it| it.size).product()
    }

    /// Numbers that come in, once for each window that sees them.
    pub fn seen(&self) -> usize {
        self.size(|it| it.seen.is_some())
    }

    /// Numbers that come in.
    pub fn entering(&self, graph: &Graph) -> usize {
        self.windows().next().map_or(self.seen(), |it| graph.shape(it.image).iter().product())
    }

    fn size(&self, of: impl Fn(&Axis) -> bool) -> usize {
        self.axes.iter().filter(|it| of(it)).map(|it| it.extent).product()
    }

    /// Whether `axis` of the result counts places that the same weights see: all, or windows along an axis of the image.
    pub fn is_place(&self, axis: usize) -> bool {
        !self.axes[self.kept[axis]].weights
    }

    /// The window that passes along the image as `axis` of the result does.
    pub fn window_along(&self, axis: usize) -> Option<Window> {
        let Some(Seen::Axis(image, along)) = self.axes[self.kept[axis]].seen else { return None };
        self.windows().find(|it| (it.image, it.axis) == (image, along))
    }
}

/// All products in what a model makes of examples, in order.
pub fn products(lowered: &Lowered) -> Vec<Product> {
    let graph = &lowered.graph;
    let (fed, weights) = (fed(graph), depends(graph, |slot| matches!(slot, Slot::State(_))));
    let forward = lowered.forward();
    let mut readers: Vec<Vec<Id>> = vec![vec![]; graph.len()];
    for &id in &forward {
        graph[id].args.iter().for_each(|arg| readers[arg.0 as usize].push(id));
    }
    let mut all = vec![];
    for at in forward {
        let node = &graph[at];
        let [left, right] = node.args[..] else { continue };
        let is_fixed = |id: Id| !fed[id.0 as usize] && weights[id.0 as usize];
        let sides = match (fed[left.0 as usize], fed[right.0 as usize]) {
            (true, false) if is_fixed(right) => [0, 1],
            (false, true) if is_fixed(left) => [1, 0],
            _ => continue,
        };
        let [example, fixed] = sides.map(|side| node.args[side]);
        match &node.op {
            Op::Contract { a, b, out } => {
                let [of_example, of_fixed] = sides.map(|side| if side == 0 { a } else { b });
                // Labels are summed that stand in both operands and not in the result.
                let labels = out.iter().chain(a.iter().filter(|it| !out.contains(it)));
                let axis = |label: &u8| {
                    let place = |labels: &[u8]| labels.iter().position(|it| it == label);
                    let (mine, theirs) = (place(of_example), place(of_fixed));
                    let extent = match mine {
                        Some(axis) => graph.shape(example)[axis],
                        None => graph.shape(fixed)[theirs.expect("of one of both")],
                    };
                    let seen = mine.and_then(|axis| seen(graph, example, axis));
                    Axis { extent, seen, weights: theirs.is_some(), summed: !out.contains(label) }
                };
                let axes = labels.map(axis).collect();
                all.push(Product { at, sum: at, example, axes, kept: (0..out.len()).collect() });
            }
            Op::Map(Scalar::Mul) => all.extend(summed(graph, &readers, at, [example, fixed])),
            _ => {}
        }
    }
    all
}

/// The multiplication `at`, if what it gives is summed over axes of the weights, and nothing else reads it.
fn summed(graph: &Graph, readers: &[Vec<Id>], at: Id, [example, fixed]: [Id; 2]) -> Option<Product> {
    let mut axes: Vec<Axis> = graph
        .shape(at)
        .iter()
        .enumerate()
        .map(|(axis, &extent)| {
            let (seen, weights) = (seen(graph, example, axis), self::seen(graph, fixed, axis).is_some());
            Axis { extent, seen, weights, summed: false }
        })
        .collect();
    let mut kept: Vec<usize> = (0..axes.len()).collect();
    let mut sum = at;
    while let [reader] = readers[sum.0 as usize][..]
        && let Op::Fold(View::Expand { axis, .. }) = graph[reader].op
        && axes[kept[axis]].weights
    {
        axes[kept.remove(axis)].summed = true;
        sum = reader;
    }
    (sum != at).then_some(Product { at, sum, example, axes, kept })
}

/// What `axis` of a node runs along, behind all views; nothing where a view repeats its operand along it.
fn seen(graph: &Graph, id: Id, axis: usize) -> Option<Seen> {
    let (mut at, mut along) = (id, axis);
    let mut window: Option<Window> = None;
    let mut extent = None;
    while let Op::View(view) = &graph[at].op {
        let from = graph[at].args[0];
        match *view {
            View::Expand { axis, .. } if axis == along && window.is_none() => return None,
            View::Window { axis, size, stride, dilation } if axis + 1 == along && window.is_none() => {
                let times = graph.shape(at)[axis];
                extent = Some(graph.shape(from)[axis]);
                window =
                    Some(Window { image: from, axis, extent: 0, size, stride, dilation, before: 0, between: 0, times });
                along = axis;
            }
            View::Pad { axis, before, between, .. } if axis == along => {
                if let Some(window) = &mut window {
                    window.before += before;
                    window.between += between;
                }
                extent = extent.map(|_| graph.shape(from)[axis]);
            }
            View::Window { axis, .. } if axis == along => {}
            _ => match view.behind(along, graph.shape(from)) {
                Some(behind) => along = behind,
                None => break,
            },
        }
        at = from;
    }
    Some(match window {
        Some(window) => {
            Seen::Window(Window { image: at, axis: along, extent: extent.expect("known of a window"), ..window })
        }
        None => Seen::Axis(at, along),
    })
}

/// The axis of what a node is made of that runs along with `axis` of the node, where that is one thing of an example.
pub fn before(graph: &Graph, fed: &[bool], id: Id, axis: usize) -> Option<(Id, usize)> {
    let node = &graph[id];
    let mut examples = node.args.iter().copied().filter(|arg| fed[arg.0 as usize]);
    let from = examples.next()?;
    if examples.any(|it| it != from) {
        return None;
    }
    let axis = match &node.op {
        Op::Map(_) => axis,
        Op::View(View::Window { axis: cut, .. } | View::Pad { axis: cut, .. } | View::Slice { axis: cut, .. })
            if *cut == axis =>
        {
            axis
        }
        Op::View(view) => view.behind(axis, graph.shape(from))?,
        Op::Fold(View::Expand { axis: lost, .. }) | Op::Max { axis: lost } => axis + usize::from(axis >= *lost),
        Op::Fold(view @ (View::Permute { .. } | View::Reshape { .. })) => view.ahead(axis, &node.shape)?,
        _ => return None,
    };
    Some((from, axis))
}
