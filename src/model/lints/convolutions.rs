//! Convolutions one after the other: what their windows see, what stands between them, how many filters they have.
//!
//! A convolution is a contraction of weights with windows of something that depends on an example.

use super::{Lowered, Scene, depends, fed};
use crate::problem::Problem;
use crate::problem::lint::{FiltersShrink, KernelsGrow, LinearConvolutions, NothingButPadding};
use crate::scalar::Scalar;
use crate::tensor::{Graph, Id, Op, Slot, View};

/// One convolution of the model as it predicts.
struct Convolution {
    id: Id,
    windows: Vec<Window>,
    /// Results for each place.
    filters: usize,
    /// Whether each filter sees but some of the channels.
    grouped: bool,
    /// The convolution before it, as a place in the list.
    before: Option<usize>,
}

/// A window along one axis.
#[derive(Clone, Copy)]
struct Window {
    /// Which axis of what is looked at, and its extent without padding.
    axis: usize,
    extent: usize,
    size: usize,
    /// Whether zeros stand between the places that are looked at.
    spread: bool,
}

/// A kernel that looks at one place and padding around it: all its other weights see zeros.
pub fn padding(scene: &Scene) -> Vec<Problem> {
    let lowered = &scene.predicting;
    let graph = &lowered.graph;
    let (fed, weights) = (fed(graph), depends(graph, |slot| matches!(slot, Slot::State(_))));
    // Behind what is smaller than it came: an image that is a point from the start is one on purpose.
    let mut smaller = vec![false; graph.len()];
    let mut problems: Vec<Problem> = vec![];
    for id in lowered.forward() {
        let node = &graph[id];
        smaller[id.0 as usize] =
            matches!(node.op, Op::Max { .. } | Op::Fold(_)) || node.args.iter().any(|arg| smaller[arg.0 as usize]);
        if !matches!(node.op, Op::Contract { .. }) || !node.args.iter().any(|arg| weights[arg.0 as usize]) {
            continue;
        }
        for &image in node.args.iter().filter(|arg| fed[arg.0 as usize] && smaller[arg.0 as usize]) {
            let padded = paddings(graph, image);
            if !padded.is_empty() && padded.iter().all(|(extent, _)| *extent == 1) {
                let (at, layer) = lowered.place(id);
                let weights = padded.iter().map(|(_, padded)| padded).product();
                let problem = NothingButPadding { layer, weights, at }.into();
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
        }
    }
    problems
}

/// The extents before and after padding, along each axis that is padded, of what is seen at a node through views.
fn paddings(graph: &Graph, id: Id) -> Vec<(usize, usize)> {
    let (mut found, mut at) = (vec![], id);
    while let Op::View(view) = &graph[at].op {
        let from = graph[at].args[0];
        if let View::Pad { axis, before, after, between: 0 } = view
            && before + after > 0
        {
            found.push((graph.shape(from)[*axis], graph.shape(at)[*axis]));
        }
        at = from;
    }
    found
}

/// Two convolutions along the same axis with nothing but linear formulas between them.
pub fn activation(scene: &Scene) -> Vec<Problem> {
    let lowered = &scene.predicting;
    let all = convolutions(lowered);
    let straight = straight(lowered, &all);
    let mut problems: Vec<Problem> = vec![];
    for (second, first) in all.iter().zip(straight) {
        let Some(first) = first.map(|at| &all[at]) else { continue };
        let wide = |it: &Convolution, axis: usize| it.windows.iter().any(|it| it.axis == axis && it.size > 1);
        let along = first.windows.iter().any(|it| wide(first, it.axis) && wide(second, it.axis));
        let plain = |it: &Convolution| !it.grouped && it.windows.iter().all(|window| !window.spread);
        if along && plain(first) && plain(second) {
            let ((first_at, _), (at, _)) = (lowered.place(first.id), lowered.place(second.id));
            let problem = LinearConvolutions { at: first_at, next_at: at }.into();
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    problems
}

/// Fewer filters than before on a smaller image.
pub fn filters(scene: &Scene) -> Vec<Problem> {
    pairs(&scene.predicting, |first, second| second.filters < first.filters && second.places() < first.places())
        .into_iter()
        .map(|(first, second, before_at, at)| {
            FiltersShrink { before: first.filters, filters: second.filters, at, before_at }.into()
        })
        .collect()
}

/// A larger kernel than before.
pub fn kernels(scene: &Scene) -> Vec<Problem> {
    let largest = |it: &Convolution| it.windows.iter().map(|window| window.size).max().unwrap_or(1);
    pairs(&scene.predicting, |first, second| largest(first) > 1 && largest(second) > largest(first))
        .into_iter()
        .map(|(first, second, before_at, at)| {
            KernelsGrow { before: largest(&first), kernel: largest(&second), at, before_at }.into()
        })
        .collect()
}

impl Convolution {
    /// How many places the image has.
    fn places(&self) -> usize {
        self.windows.iter().map(|it| it.extent).product()
    }
}

/// The neighbours that are `odd`, and where they stand: the first, then the second.
fn pairs(
    lowered: &Lowered,
    odd: impl Fn(&Convolution, &Convolution) -> bool,
) -> Vec<(Convolution, Convolution, crate::source::Span, crate::source::Span)> {
    let all = convolutions(lowered);
    let copy = |it: &Convolution| Convolution { windows: it.windows.clone(), ..*it };
    let neighbours = all.iter().filter_map(|second| Some((&all[second.before?], second)));
    let found = neighbours.filter(|(first, second)| {
        let plain = |it: &Convolution| it.windows.iter().all(|window| !window.spread && window.size >= 1);
        plain(first) && plain(second) && odd(first, second)
    });
    found
        .map(|(first, second)| (copy(first), copy(second), lowered.place(first.id).0, lowered.place(second.id).0))
        .collect()
}

/// The convolutions of the model, in order.
fn convolutions(lowered: &Lowered) -> Vec<Convolution> {
    let graph = &lowered.graph;
    let (fed, weights) = (fed(graph), depends(graph, |slot| matches!(slot, Slot::State(_))));
    let mut last: Vec<Option<usize>> = vec![None; graph.len()];
    let mut all: Vec<Convolution> = vec![];
    for id in lowered.forward() {
        let node = &graph[id];
        let before = node.args.iter().filter_map(|arg| last[arg.0 as usize]).max();
        last[id.0 as usize] = before;
        let Op::Contract { a, b, out } = &node.op else { continue };
        let is = |at: usize, of: &[bool]| of[node.args[at].0 as usize];
        let (image, kernel, seen, labels) = match (is(0, &fed), is(1, &fed)) {
            (true, false) if is(1, &weights) => (node.args[0], node.args[1], a, b),
            (false, true) if is(0, &weights) => (node.args[1], node.args[0], b, a),
            _ => continue,
        };
        let windows = windows(graph, image);
        if windows.is_empty() {
            continue;
        }
        let own = labels.iter().enumerate().filter(|(_, label)| out.contains(label));
        let (shared, own): (Vec<_>, Vec<_>) = own.partition(|(_, label)| seen.contains(label));
        let extents = |axes: &[(usize, &u8)]| axes.iter().map(|(at, _)| graph.shape(kernel)[*at]).product::<usize>();
        let (groups, filters) = (extents(&shared), extents(&own));
        last[id.0 as usize] = Some(all.len());
        all.push(Convolution { id, windows, filters: groups * filters, grouped: groups > 1, before });
    }
    all
}

/// The windows through which a value is seen.
fn windows(graph: &Graph, id: Id) -> Vec<Window> {
    let mut found = vec![];
    let mut at = id;
    while let Op::View(view) = &graph[at].op {
        let from = graph[at].args[0];
        if let View::Window { axis, size, .. } = view {
            found.push(behind(graph, from, *axis, *size));
        }
        at = from;
    }
    found
}

/// A window along `axis` of the node, with what lies behind padding and other views.
fn behind(graph: &Graph, id: Id, axis: usize, size: usize) -> Window {
    let (mut at, mut axis, mut spread) = (id, axis, false);
    while let Op::View(view) = &graph[at].op {
        let from = graph[at].args[0];
        match view {
            View::Pad { axis: padded, between, .. } if *padded == axis => spread |= *between > 0,
            _ => match view.behind(axis, graph.shape(from)) {
                Some(behind) => axis = behind,
                None => break,
            },
        }
        at = from;
    }
    Window { axis, extent: graph.shape(at)[axis], size, spread }
}

/// For each convolution the one of which it sees a linear function and nothing else, if there is one.
fn straight(lowered: &Lowered, all: &[Convolution]) -> Vec<Option<usize>> {
    let graph = &lowered.graph;
    let fed = fed(graph);
    let forward = lowered.forward();
    let mut readers = vec![0; graph.len()];
    forward.iter().flat_map(|id| &graph[*id].args).for_each(|arg| readers[arg.0 as usize] += 1);
    let mut of: Vec<Option<usize>> = vec![None; graph.len()];
    let mut found = vec![None; all.len()];
    for id in forward {
        let node = &graph[id];
        let examples: Vec<Id> = node.args.iter().copied().filter(|arg| fed[arg.0 as usize]).collect();
        let own = all.iter().position(|it| it.id == id);
        let linear = match &node.op {
            Op::View(_) | Op::Fold(_) | Op::Map(Scalar::Add | Scalar::Sub | Scalar::Neg | Scalar::Mul) => true,
            Op::Map(Scalar::Div) => !fed[node.args[1].0 as usize],
            _ => false,
        };
        let from = match examples[..] {
            [one] if readers[one.0 as usize] == 1 => of[one.0 as usize],
            _ => None,
        };
        if let Some(own) = own {
            found[own] = from;
        }
        of[id.0 as usize] = own.or(from.filter(|_| linear));
    }
    found
}
