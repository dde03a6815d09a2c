//! Whether a graph is well typed, asked of each node again from its operands.

use super::{Dtype, Function, Graph, Id, Op, Scan, Slot, View};

/// # Panics
/// With the node printed, if its shape or type does not follow from its operands, a door is not the one declared, or a
/// state would get a value of another type. All of these are mistakes of ours.
pub fn verify(function: &Function) {
    let graph = &function.graph;
    for id in graph.ids() {
        if let Err(why) = node(function, id) {
            panic!("{id} = {}\n{why}\n{graph}", graph[id]);
        }
    }
    let mut seen = vec![false; function.states.len()];
    for &(state, id) in &function.updates {
        let declared = &function.states[state as usize];
        assert!(!std::mem::replace(&mut seen[state as usize], true), "state {state} gets two values");
        assert_eq!((graph.shape(id), graph[id].dtype), (&declared.0[..], declared.1), "the new value of state {state}");
    }
    assert!(function.results.iter().all(|id| (id.0 as usize) < graph.len()), "a result that is no node");
}

fn node(function: &Function, id: Id) -> Result<(), String> {
    let graph = &function.graph;
    let node = &graph[id];
    if node.args.iter().any(|arg| arg.0 >= id.0) {
        return Err("an operand comes after its user".into());
    }
    let arity = match &node.op {
        Op::Input(_) | Op::Const(_) | Op::Index { .. } | Op::Random { .. } => 0,
        Op::Map(scalar) => scalar.def().operands.len(),
        Op::View(_) | Op::Fold(_) | Op::Max { .. } | Op::Order { .. } => 1,
        Op::Contract { .. } | Op::Gather { .. } | Op::ScatterAdd { .. } => 2,
        Op::Scan { scan, .. } => scan.turn.feeds.len(),
    };
    if node.args.len() != arity {
        return Err(format!("{} operands instead of {arity}", node.args.len()));
    }
    let args: Vec<(&[usize], Dtype)> = node.args.iter().map(|&arg| (graph.shape(arg), graph[arg].dtype)).collect();
    let (shape, dtype) = expected(function, graph, id, &args)?;
    if shape[..] != node.shape[..] || dtype != node.dtype {
        return Err(format!("its operands make it {dtype:?} {shape:?}"));
    }
    Ok(())
}

/// The shape and type that follow from the operands; those of the node itself where they are free.
fn expected(
    function: &Function,
    graph: &Graph,
    id: Id,
    args: &[(&[usize], Dtype)],
) -> Result<(Vec<usize>, Dtype), String> {
    let node = &graph[id];
    let own = || node.shape.to_vec();
    let within = |axis: usize, shape: &[usize]| match axis < shape.len() {
        true => Ok(()),
        false => Err(format!("no axis {axis}")),
    };
    Ok(match &node.op {
        Op::Input(Slot::Step) => (vec![], Dtype::I32),
        Op::Input(Slot::State(at)) => function.states.get(*at as usize).cloned().ok_or("no such state")?,
        Op::Input(Slot::Feed(at)) => function.feeds.get(*at as usize).cloned().ok_or("no such feed")?,
        Op::Input(Slot::Carry(_)) => return Err("a carried value without its recurrence".into()),
        Op::Const(bits) if node.dtype == Dtype::Bool && *bits > 1 => {
            return Err("a bool that is neither 0 nor 1".into());
        }
        Op::Const(_) => (own(), node.dtype),
        Op::Random { .. } => (own(), Dtype::F32),
        Op::Map(scalar) => {
            if args.iter().any(|(shape, _)| *shape != args[0].0) {
                return Err("operands of unequal shapes".into());
            }
            let types: Vec<Dtype> = args.iter().map(|&(_, dtype)| dtype).collect();
            (args[0].0.to_vec(), scalar.dtype(&types).ok_or("no such operands")?)
        }
        Op::View(view) => (view_shape(view, args[0].0)?, args[0].1),
        Op::Fold(view) => {
            if view_shape(view, &node.shape)? != args[0].0 || args[0].1 == Dtype::Bool {
                return Err("the operand is not what the view shows".into());
            }
            (own(), args[0].1)
        }
        Op::Contract { a, b, out } => (contraction(a, b, out, args)?, Dtype::F32),
        Op::Max { axis } => {
            within(*axis, args[0].0)?;
            let mut shape = args[0].0.to_vec();
            if shape.remove(*axis) == 0 {
                return Err("the largest of nothing".into());
            }
            (shape, args[0].1)
        }
        Op::Gather { axis, batch } => {
            within(*axis, args[0].0)?;
            (gathered(args[0].0, args[1], *axis, *batch)?, args[0].1)
        }
        Op::ScatterAdd { axis, batch } => {
            within(*axis, &node.shape)?;
            if gathered(&node.shape, args[1], *axis, *batch)? != args[0].0 || args[0].1 != Dtype::F32 {
                return Err("the values are not what the index would read".into());
            }
            (own(), Dtype::F32)
        }
        Op::Index { axis } => {
            within(*axis, &node.shape)?;
            (own(), Dtype::I32)
        }
        Op::Order { axis } => {
            within(*axis, args[0].0)?;
            (args[0].0.to_vec(), Dtype::I32)
        }
        Op::Scan { scan, at } => {
            recurrence(scan, args)?;
            let (shape, dtype) = &scan.turn.feeds[*at];
            ([&[scan.turns], &shape[..]].concat(), *dtype)
        }
    })
}

/// Whether the operands are those of the recurrence, and a turn carries on what it is given.
fn recurrence(scan: &Scan, args: &[(&[usize], Dtype)]) -> Result<(), String> {
    let turn = &scan.turn;
    verify(turn);
    let operand = |(at, (shape, dtype)): (usize, &(&[usize], Dtype))| scan.operand(at) == (shape.to_vec(), *dtype);
    let carried = |(&id, feed): (&Id, &(Vec<usize>, Dtype))| {
        (turn.graph.shape(id), turn.graph[id].dtype) == (&feed.0[..], feed.1)
    };
    let outside = |id: Id| matches!(turn.graph[id].op, Op::Random { .. } | Op::Input(Slot::Step));
    let sound = scan.turns > 0
        && scan.carried() > 0
        && scan.carried() + scan.sliced <= turn.feeds.len()
        && args.iter().enumerate().all(operand)
        && turn.results.iter().zip(&turn.feeds).all(carried)
        && turn.states.is_empty()
        && turn.updates.is_empty()
        && !turn.graph.ids().any(outside);
    if sound { Ok(()) } else { Err(format!("no such recurrence:\n{turn}")) }
}

fn view_shape(view: &View, from: &[usize]) -> Result<Vec<usize>, String> {
    let sound = match *view {
        View::Expand { axis, .. } => axis <= from.len(),
        View::Permute { ref order } => {
            let mut sorted = order.clone();
            sorted.sort();
            sorted.into_iter().eq(0..from.len())
        }
        View::Slice { axis, step, .. } => axis < from.len() && step != 0,
        View::Pad { axis, .. } => axis < from.len(),
        View::Window { axis, size, stride, dilation } => axis < from.len() && size > 0 && stride > 0 && dilation > 0,
        View::Reshape { .. } => true,
    };
    if sound { Ok(view.shape(from)) } else { Err("no such view".into()) }
}

fn contraction(a: &[u8], b: &[u8], out: &[u8], args: &[(&[usize], Dtype)]) -> Result<Vec<usize>, String> {
    let [(x, Dtype::F32), (w, Dtype::F32)] = *args else { return Err("a contraction of f32".into()) };
    if (a.len(), b.len()) != (x.len(), w.len()) {
        return Err("one label for each axis".into());
    }
    let twice = |labels: &[u8]| (1..labels.len()).any(|at| labels[..at].contains(&labels[at]));
    let lost = |of: &[u8], other: &[u8]| of.iter().any(|label| !other.contains(label) && !out.contains(label));
    if [a, b, out].into_iter().any(twice) || lost(a, b) || lost(b, a) {
        return Err("a label twice, or one that is summed alone".into());
    }
    let extent = |of: &[u8], shape: &[usize], label: &u8| of.iter().position(|l| l == label).map(|at| shape[at]);
    out.iter()
        .chain(a)
        .map(|label| match (extent(a, x, label), extent(b, w, label)) {
            (Some(left), Some(right)) if left != right => Err("two extents of a label".to_string()),
            (left, right) => left.or(right).ok_or("a label of no operand".to_string()),
        })
        .collect::<Result<Vec<usize>, String>>()
        .map(|all| all[..out.len()].to_vec())
}

fn gathered(
    table: &[usize],
    (index, dtype): (&[usize], Dtype),
    axis: usize,
    batch: usize,
) -> Result<Vec<usize>, String> {
    if axis < batch
        || index.len() < batch
        || table[..batch] != index[..batch]
        || dtype != Dtype::I32
        || table[axis] == 0
    {
        return Err("the index does not fit the table".into());
    }
    Ok([&table[..axis], &index[batch..], &table[axis + 1..]].concat())
}
