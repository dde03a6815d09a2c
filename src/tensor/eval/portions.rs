//! Functions that make few numbers of many rows, computed from some of the rows at a time.

use std::ops::Range;

use super::kinds;
use super::value::{Value, shared};
use crate::tensor::{Array, Clock, Dtype, Function, Id, Node, Op, Slot, View};

/// What a node is, where rows come in portions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It has no rows, and is made of what has none.
    Fixed,
    /// Each row of it is made of the row of what it is made of.
    Rows,
    /// It is a sum over the rows.
    Sum,
    /// It is the largest of the rows.
    Largest,
}

/// Draws nothing, and makes no step.
const STILL: Clock = Clock { seed: 0, step: 0 };

/// Whether the results of a function of so many rows can be computed from portions of them.
pub fn takes_portions(function: &Function, rows: usize) -> bool {
    kinds_of(function, rows).is_some()
}

/// The results of a function without states, whose feeds have so many rows; `feeds` gives some of them, several times if
/// need be. Sums go over the rows in their order. `None` where something needs all rows at once.
pub fn evaluate_in_portions(
    function: &Function,
    rows: usize,
    portion: usize,
    feeds: &mut dyn FnMut(Range<usize>) -> Vec<Array>,
) -> Option<Vec<Array>> {
    let graph = &function.graph;
    let kinds = kinds_of(function, rows)?;
    let needed = function.needed();
    let mut known: Vec<Option<Value<f32>>> = vec![None; graph.len()];
    loop {
        for &id in needed.iter().filter(|id| kinds[id.0 as usize] == Some(Kind::Fixed)) {
            let args: Option<Vec<_>> = graph[id].args.iter().map(|arg| known[arg.0 as usize].clone()).collect();
            if let Some(args) = args.filter(|_| known[id.0 as usize].is_none()) {
                known[id.0 as usize] = Some(kinds::value(&graph[id], args, STILL));
            }
        }
        let results: Option<Vec<_>> = function.results.iter().map(|id| known[id.0 as usize].clone()).collect();
        if let Some(results) = results {
            return Some(results.into_iter().map(Value::into_array).collect());
        }
        // Over the rows goes what can be computed of each of them by now.
        let mut ready = vec![false; graph.len()];
        for &id in &needed {
            let is_ready = |arg: &Id| match kinds[arg.0 as usize] {
                Some(Kind::Rows) => ready[arg.0 as usize],
                _ => known[arg.0 as usize].is_some(),
            };
            ready[id.0 as usize] = known[id.0 as usize].is_none()
                && kinds[id.0 as usize] != Some(Kind::Fixed)
                && graph[id].args.iter().all(is_ready);
        }
        let over = |id: &&Id| ready[id.0 as usize] && kinds[id.0 as usize] != Some(Kind::Rows);
        let over: Vec<Id> = needed.iter().filter(over).copied().collect();
        assert!(!over.is_empty(), "a sum over rows that waits for nothing");
        let of_rows: Vec<Id> = graph.needed(over.iter().copied());
        let of_rows: Vec<Id> = of_rows.into_iter().filter(|id| kinds[id.0 as usize] == Some(Kind::Rows)).collect();
        let mut sums: Vec<Option<Vec<f32>>> = vec![None; over.len()];
        for start in (0..rows).step_by(portion) {
            let some = start..rows.min(start + portion);
            let columns = feeds(some.clone());
            let mut values: Vec<Option<Value<f32>>> = vec![None; graph.len()];
            let args = |node: &Node, values: &[Option<Value<f32>>]| -> Vec<Value<f32>> {
                let value = |arg: &Id| values[arg.0 as usize].as_ref().or(known[arg.0 as usize].as_ref());
                node.args.iter().map(|arg| value(arg).expect("operands come first").clone()).collect()
            };
            for &id in &of_rows {
                let node = &graph[id];
                values[id.0 as usize] = Some(match node.op {
                    Op::Input(Slot::Feed(at)) => Value::of_array(&columns[at as usize]),
                    _ => kinds::value(&of_so_many(node, some.len()), args(node, &values), STILL),
                });
            }
            for (&id, sum) in over.iter().zip(&mut sums) {
                take(&graph[id], kinds[id.0 as usize].expect("it is needed"), args(&graph[id], &values), sum);
            }
        }
        for (id, sum) in over.into_iter().zip(sums) {
            known[id.0 as usize] = Some(Value::Float(shared(&graph[id].shape, sum.expect("some rows"))));
        }
    }
}

/// Adds what `node` is of some rows to what it is of those before.
fn take(node: &Node, kind: Kind, mut args: Vec<Value<f32>>, sum: &mut Option<Vec<f32>>) {
    match (&node.op, kind) {
        (Op::Fold(_), _) => {
            let rows = args.remove(0).into_array();
            let sum = sum.get_or_insert_with(|| vec![0.0; node.size()]);
            // Row after row, as if there were no portions.
            for row in rows.floats().chunks_exact(node.size().max(1)) {
                sum.iter_mut().zip(row).for_each(|(sum, next)| *sum += next);
            }
        }
        (_, kind) => {
            let part = kinds::value(node, args, STILL).into_array();
            let Some(sum) = sum else {
                *sum = Some(part.floats().to_vec());
                return;
            };
            for (sum, &next) in sum.iter_mut().zip(part.floats()) {
                *sum = match kind {
                    Kind::Largest if next > *sum || next.is_nan() => next,
                    Kind::Largest => *sum,
                    Kind::Fixed | Kind::Rows | Kind::Sum => *sum + next,
                };
            }
        }
    }
}

/// The same node with another number of rows.
fn of_so_many(node: &Node, rows: usize) -> Node {
    let mut node = node.clone();
    node.shape[0] = rows;
    match &mut node.op {
        Op::View(View::Expand { axis: 0, times }) => *times = rows,
        Op::View(View::Reshape { shape }) => shape[0] = rows,
        _ => {}
    }
    node
}

/// For each node that is needed what it is; nothing where one of them can not be computed from portions.
fn kinds_of(function: &Function, rows: usize) -> Option<Vec<Option<Kind>>> {
    let graph = &function.graph;
    let mut kinds: Vec<Option<Kind>> = vec![None; graph.len()];
    for id in function.needed() {
        let node = &graph[id];
        let of_args: Vec<bool> = node.args.iter().map(|arg| kinds[arg.0 as usize] == Some(Kind::Rows)).collect();
        let kind = kind_of(node, &of_args, rows)?;
        let is_float = node.dtype == Dtype::F32 || matches!(kind, Kind::Fixed | Kind::Rows);
        kinds[id.0 as usize] = Some(Some(kind).filter(|_| is_float)?);
    }
    let has_rows = |id: &Id| kinds[id.0 as usize] == Some(Kind::Rows);
    (function.updates.is_empty() && !function.results.iter().any(has_rows)).then_some(kinds)
}

/// `of_args` is for each operand whether it has rows.
fn kind_of(node: &Node, of_args: &[bool], rows: usize) -> Option<Kind> {
    let spread = || if node.shape.first() == Some(&rows) { Kind::Rows } else { Kind::Fixed };
    let keeps = |view: &View| match view {
        View::Expand { axis, .. } | View::Slice { axis, .. } | View::Pad { axis, .. } | View::Window { axis, .. } => {
            *axis > 0
        }
        View::Permute { order } => order[0] == 0,
        View::Reshape { shape } => shape.first() == Some(&rows),
    };
    if !of_args.contains(&true) {
        return match &node.op {
            Op::Input(Slot::Feed(_)) => Some(Kind::Rows),
            Op::Input(_) | Op::Random { .. } | Op::Scan { .. } | Op::Index { .. } => None,
            // What is the same in all rows is the same in some.
            Op::Const(_) | Op::View(View::Expand { axis: 0, .. }) => Some(spread()),
            _ => Some(Kind::Fixed),
        };
    }
    match &node.op {
        Op::Map(_) => of_args.iter().all(|&it| it).then_some(Kind::Rows),
        Op::View(view) => keeps(view).then_some(Kind::Rows),
        Op::Fold(View::Expand { axis: 0, .. }) => Some(Kind::Sum),
        Op::Fold(View::Expand { axis, .. }) if *axis > 0 => Some(Kind::Rows),
        Op::Max { axis: 0 } => Some(Kind::Largest),
        Op::Max { .. } => Some(Kind::Rows),
        Op::Contract { a, b, out } => {
            let label = |at: usize, of: &[u8]| of_args[at].then(|| of.first().copied());
            match (label(0, a), label(1, b)) {
                (Some(one), Some(other)) if one != other => None,
                (Some(_), Some(label)) if label.is_some_and(|it| !out.contains(&it)) => Some(Kind::Sum),
                (Some(label), _) | (None, Some(label)) if label.is_some() && out.first().copied() == label => {
                    Some(Kind::Rows)
                }
                _ => None,
            }
        }
        _ => None,
    }
}
