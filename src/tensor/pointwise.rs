//! Which functions make each element of their result of the one element of their feed at the same place, and of nothing else
//! that is fed: they are known from what they make of few values.

use super::{Dtype, Function, Id, Node, Op, Slot, View};

/// What a value is made of.
#[derive(Clone)]
enum Made {
    /// Each element of that of the feed at its place in row-major order, and of constants that come again after so many places.
    Own { period: usize },
    /// Of no feed; the axes along which it may change.
    Fixed { varies: Vec<bool> },
}

/// After how many places a function does with its one feed the same again, if each element of its one result, in row-major
/// order, is made of the feed's element at its place alone. The first axis is that of rows, which are all treated alike.
pub fn pointwise(function: &Function) -> Option<usize> {
    let Function { graph, feeds, results, updates, .. } = function;
    let (&[result], [(rows, Dtype::F32)]) = (&results[..], &feeds[..]) else { return None };
    let size: usize = rows.iter().product();
    if !updates.is_empty() || graph[result].dtype != Dtype::F32 || graph[result].size() != size {
        return None;
    }
    let mut made: Vec<Option<Made>> = vec![None; graph.len()];
    for id in function.needed() {
        let node = &graph[id];
        let args: Vec<&Made> = node.args.iter().map(|arg| made[arg.0 as usize].as_ref().expect("known")).collect();
        let own = made_of(node, &args, |arg| &graph[arg].shape)?;
        made[id.0 as usize] = Some(own);
    }
    let row = size / rows[0].max(1);
    match made[result.0 as usize] {
        Some(Made::Own { period }) if row.is_multiple_of(period) => Some(period),
        _ => None,
    }
}

fn made_of<'g>(node: &Node, args: &[&Made], shape: impl Fn(Id) -> &'g [usize]) -> Option<Made> {
    let all = || Made::Fixed { varies: node.shape.iter().map(|&extent| extent > 1).collect() };
    let is_fixed = args.iter().all(|arg| matches!(arg, Made::Fixed { .. }));
    Some(match &node.op {
        Op::Input(Slot::Feed(_)) => Made::Own { period: 1 },
        Op::Input(Slot::State(_)) => all(),
        Op::Const(_) => Made::Fixed { varies: vec![false; node.shape.len()] },
        Op::Map(_) if is_fixed => {
            let varies = |axis: usize| args.iter().any(|arg| matches!(arg, Made::Fixed { varies } if varies[axis]));
            Made::Fixed { varies: (0..node.shape.len()).map(varies).collect() }
        }
        Op::Map(_) => {
            let mut whole = 1;
            for arg in args {
                let period = match arg {
                    Made::Own { period } => *period,
                    Made::Fixed { varies } => period(varies, &node.shape),
                };
                // Each is a product of the last extents; where the shape has changed in between, they may not be nested.
                let (less, more) = (whole.min(period), whole.max(period));
                if !more.is_multiple_of(less) {
                    return None;
                }
                whole = more;
            }
            Made::Own { period: whole }
        }
        Op::View(view) => match (view, args[0]) {
            (View::Reshape { .. } | View::Expand { times: 1, .. }, own @ Made::Own { .. }) => own.clone(),
            (_, Made::Own { .. }) => return None,
            (View::Expand { axis, .. }, Made::Fixed { varies }) => {
                let mut varies = varies.clone();
                varies.insert(*axis, false);
                Made::Fixed { varies }
            }
            (View::Permute { order }, Made::Fixed { varies }) => {
                Made::Fixed { varies: order.iter().map(|&axis| varies[axis]).collect() }
            }
            (View::Slice { .. }, fixed @ Made::Fixed { .. }) => fixed.clone(),
            (View::Reshape { shape: to }, Made::Fixed { varies }) => reshaped(shape(node.args[0]), to, varies),
            (View::Pad { .. } | View::Window { .. }, Made::Fixed { .. }) => all(),
        },
        Op::Fold(_) | Op::Contract { .. } | Op::Max { .. } | Op::Gather { .. } | Op::ScatterAdd { .. } if is_fixed => {
            all()
        }
        _ => return None,
    })
}

/// After how many places what varies along these axes comes again.
fn period(varies: &[bool], shape: &[usize]) -> usize {
    varies.iter().position(|&it| it).map_or(1, |first| shape[first..].iter().product())
}

/// The same elements under other extents: axes of extent 1 come and go, and where more changes, anything may vary.
fn reshaped(from: &[usize], to: &[usize], varies: &[bool]) -> Made {
    let long = |shape: &[usize]| shape.iter().copied().filter(|&extent| extent != 1).collect::<Vec<_>>();
    if !varies.contains(&true) {
        return Made::Fixed { varies: vec![false; to.len()] };
    }
    if long(from) != long(to) {
        return Made::Fixed { varies: to.iter().map(|&extent| extent > 1).collect() };
    }
    let mut known = from.iter().zip(varies).filter(|(extent, _)| **extent != 1).map(|(_, varies)| *varies);
    Made::Fixed { varies: to.iter().map(|&extent| extent != 1 && known.next().expect("as many axes")).collect() }
}
