//! The kernel that computes a group of stored nodes: its core, its body, its stores.

use super::affine::{Affine, Var, flatten};
use super::body::Work;
use super::factors::pays;
use super::grid::Grid;
use super::trace::{Blocked, Trace, axis, chain, reduces};
use super::winograd::{Reader, by_winograd};
use super::{Core, Kernel, Store};
use crate::tensor::{Axes, Graph, Id, Op};

/// An axis of neighbours is cut into no shorter rows.
const ROW: usize = 8;

/// The kernels that compute `members`, which are stored and of one shape, in the order of their numbers; only the first
/// may need a core. Members read one another at the point only. Buffers are still called by the numbers of their nodes.
///
/// Fails with the nodes that have to be stored before this can be done.
pub fn kernels(graph: &Graph, stored: &[bool], members: &[Id]) -> Result<Vec<Kernel>, Vec<Id>> {
    // Where short rows are written out, the axis around them is the last, and may not be cut any more.
    over(graph, stored, members, true).or_else(|_| over(graph, stored, members, false))
}

/// The kernels of `root` alone, which store one value of each buffer at a point.
pub fn looped(graph: &Graph, stored: &[bool], root: Id) -> Result<Vec<Kernel>, Vec<Id>> {
    over(graph, stored, &[root], false)
}

fn over(graph: &Graph, stored: &[bool], members: &[Id], writes_out: bool) -> Result<Vec<Kernel>, Vec<Id>> {
    let first = members[0];
    match &graph[first].op {
        Op::ScatterAdd { axis, batch } => return scatter(graph, stored, first, *axis, *batch),
        Op::Order { axis } => return Ok(vec![order(graph, first, *axis)]),
        Op::Scan { .. } => unreachable!("a recurrence is laid out from its node"),
        _ => {}
    }
    let mut grid = Grid::new(graph.shape(first));
    loop {
        let Blocked { nodes, split } = match kernel(graph, stored, members, &grid) {
            Ok(kernel) => return Ok(vec![kernel]),
            Err(blocked) => blocked,
        };
        // Tiles of a product want their axes whole.
        let is_product = matches!(graph[first].op, Op::Contract { .. });
        let extents = grid.extents();
        let last = extents.iter().rposition(|&extent| extent > 1);
        let may = |&(axis, size): &(usize, usize)| axis < extents.len() && (Some(axis) != last || size >= ROW);
        match split.filter(may) {
            Some((axis, size)) if !is_product => {
                grid.split(axis, size, writes_out && reduces(graph, first).is_none());
            }
            _ => return Err(nodes),
        }
    }
}

/// The kernel that does it in one loop over a grid.
fn kernel(graph: &Graph, stored: &[bool], members: &[Id], grid: &Grid) -> Result<Kernel, Blocked> {
    let first = members[0];
    let (shape, space, points) = (graph.shape(first), grid.extents(), grid.points());
    let core = match &graph[first].op {
        Op::Contract { a, b, out } => product(graph, stored, first, [a, b, out])?,
        _ => match reduces(graph, first) {
            None => Core::Loop,
            Some(how) => {
                let chain = chain(graph, stored, first);
                let mut trace = Trace::new(graph, stored, &[&space[..], &chain.inner].concat());
                let value = trace.met(&chain, &points[0]);
                let body = trace.finish()?;
                Core::Reduce { inner: chain.inner, how, body, value }
            }
        },
    };
    let mut trace = Trace::new(graph, stored, &space);
    let mut stores = Vec::new();
    for &member in members {
        for point in &points {
            let value = match &core {
                Core::Reduce { .. } | Core::Product { .. } | Core::Winograd(_) if member == first => {
                    trace.line(Work::Core, graph[member].dtype)
                }
                _ => trace.compute(member, point, &[]),
            };
            let at = flatten(point, shape);
            trace.know(member, at.clone(), value);
            stores.push(Store { buffer: member.0 as usize, at, value, adds: false });
        }
    }
    Ok(Kernel { space, core, body: trace.finish()?, stores })
}

/// Every label of the operands that the result lacks is summed over, in the order of the left operand.
fn product(graph: &Graph, stored: &[bool], id: Id, [a, b, out]: [&Axes; 3]) -> Result<Core, Blocked> {
    let node = &graph[id];
    let summed: Axes = a.iter().copied().filter(|label| !out.contains(label)).collect();
    let shape = graph.shape(node.args[0]);
    let inner: Vec<usize> = (0..a.len()).filter(|&at| summed.contains(&a[at])).map(|at| shape[at]).collect();
    let labels = [&out[..], &summed].concat();
    let axes = [&node.shape[..], &inner].concat();
    let mut trace = Trace::new(graph, stored, &axes);
    let number = |label: u8| labels.iter().position(|&l| l == label).expect("a label of the result or a summed one");
    let place = |operand: &Axes| -> Vec<Affine> { operand.iter().map(|label| axis(&axes, number(*label))).collect() };
    let [left, right] = [(a, node.args[0]), (b, node.args[1])].map(|(operand, id)| trace.operand(id, &place(operand)));
    let bordered = trace.bordered.first().copied();
    let border = trace.finish();
    let last = Var::Axis(node.shape.len().saturating_sub(1) as u32);
    let loads = [(&left, a, node.args[0]), (&right, b, node.args[1])];
    let apart = loads.into_iter().filter(|(load, labels, id)| {
        !stored[id.0 as usize]
            && load.as_ref().is_some_and(|load| load.at.factor(last) > 1)
            && labels.last() == out.last()
            && pays(graph, &node.shape, labels, out, *id)
    });
    let apart: Vec<Id> = apart.map(|(.., id)| id).collect();
    if !apart.is_empty() {
        return Err(Blocked { nodes: apart, split: None });
    }
    for (image, other) in [(0, &right), (1, &left)] {
        let Some(other) = other.as_ref().filter(|other| other.guards.is_empty()) else { continue };
        let (_, labels, id) = loads[image];
        let mut trace = Trace::new(graph, stored, &axes);
        let value = trace.value(id, &place(labels), &[]);
        let Ok(body) = trace.finish() else { continue };
        if let Some(winograd) = by_winograd(&node.shape, &inner, Reader { body, value }, other) {
            return Ok(Core::Winograd(Box::new(winograd)));
        }
    }
    border?;
    // Chains read what is there alone.
    match (left, right, bordered) {
        (Some(left), Some(right), None) => Ok(Core::Product { inner, left, right, panels: None, blocks: None }),
        (.., Some(outermost)) => Err(Blocked { nodes: vec![outermost], split: None }),
        _ => unreachable!("what blocks an operand is known"),
    }
}

/// Zeros, and then the values added one by one.
fn scatter(graph: &Graph, stored: &[bool], id: Id, axis: usize, batch: usize) -> Result<Vec<Kernel>, Vec<Id>> {
    let node = &graph[id];
    let buffer = id.0 as usize;
    let mut zeros = Trace::new(graph, stored, &node.shape);
    let value = zeros.line(Work::Const(0), node.dtype);
    let at = flatten(&point(&node.shape), &node.shape);
    let zeros = Kernel {
        space: node.shape.to_vec(),
        core: Core::Loop,
        body: zeros.finish().map_err(|it| it.nodes)?,
        stores: vec![Store { buffer, at, value, adds: false }],
    };
    let space = graph.shape(node.args[0]).to_vec();
    let mut trace = Trace::new(graph, stored, &space);
    let point = point(&space);
    let value = trace.value(node.args[0], &point, &[]);
    let place = trace.gathered(&point, axis, batch, (id, node.args[1]), &[]);
    let at = flatten(&place, &node.shape);
    let stores = vec![Store { buffer, at, value, adds: true }];
    Ok(vec![zeros, Kernel { space, core: Core::Loop, body: trace.finish().map_err(|it| it.nodes)?, stores }])
}

fn order(graph: &Graph, id: Id, axis: usize) -> Kernel {
    let shape = graph.shape(id);
    let space = vec![shape[..axis].iter().product(), shape[axis], shape[axis + 1..].iter().product()];
    let source = graph[id].args[0].0 as usize;
    // The scratch memory is found when memory is laid out.
    let core = Core::Order { source, target: id.0 as usize, scratch: usize::MAX };
    Kernel { space, core, body: Default::default(), stores: Vec::new() }
}

/// A point of a space, as the place of a tensor that has its extents.
fn point(space: &[usize]) -> Vec<Affine> {
    (0..space.len()).map(|at| axis(space, at)).collect()
}
