//! One turn: what depends on the carried values, without the axis of the turns.

use std::collections::BTreeMap;

use super::place::{Source, one_place, place_of};
use super::{Carry, Nested};
use crate::tensor::{Function, Graph, Id, Node, Op, Slot, View};

/// What a turn reads beside the carried values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// The place of the turn along `axis`.
    Turn {
        id: Id,
        axis: usize,
    },
    Whole {
        id: Id,
    },
}

/// The function of one turn. Its feeds are the carried values, then the operands.
pub fn taken_out(graph: &mut Graph, axis: usize, carries: &[Carry]) -> Result<(Function, Vec<Operand>), Nested> {
    let carried = dependent(graph, carries);
    // Where the turns are, of what has to be in the turn: users before operands.
    let mut along: BTreeMap<Id, usize> = BTreeMap::new();
    let mut open: Vec<Id> = Vec::new();
    let demand = |along: &mut BTreeMap<Id, usize>, open: &mut Vec<Id>, id: Id, axis: usize| {
        if carried[id.0 as usize] {
            match along.insert(id, axis) {
                Some(known) => assert_eq!(known, axis, "one axis of the turns"),
                None => open.push(id),
            }
        }
    };
    for carry in carries {
        demand(&mut along, &mut open, carry.next, axis);
    }
    while let Some(id) = open.pop() {
        let (node, at) = (&graph[id], along[&id]);
        if let Op::Scan { scan, at: number } = &node.op {
            let within = at.checked_sub(1).ok_or(Nested)?;
            for source in one_place(scan, &BTreeMap::from([(*number, within)]))?.operands {
                let Source::Operand { at, axis } = source else { continue };
                match axis {
                    Some(axis) => demand(&mut along, &mut open, node.args[at], axis),
                    None if carried[node.args[at].0 as usize] => return Err(Nested),
                    None => {}
                }
            }
            continue;
        }
        for (operand, &arg) in node.args.iter().enumerate() {
            if carried[arg.0 as usize] {
                let axis = behind(graph, node, at, operand)?;
                let axis =
                    axis.unwrap_or_else(|| panic!("{node} has the turns at {at}, its operand {} not", graph[arg]));
                demand(&mut along, &mut open, arg, axis);
            }
        }
    }
    let turns = graph.shape(carries[0].place)[axis];
    let mut turn = Turn { outer: graph, inner: Graph::default(), operands: vec![], carries: carries.len() };
    let mut feeds = Vec::new();
    let mut made: BTreeMap<Id, Id> = BTreeMap::new();
    for (at, carry) in carries.iter().enumerate() {
        let shape = less(turn.outer.shape(carry.place), axis);
        let dtype = turn.outer[carry.place].dtype;
        made.insert(carry.place, turn.inner.input(Slot::Feed(at as u32), &shape, dtype));
        feeds.push((shape, dtype));
    }
    for (&id, &at) in &along {
        if made.contains_key(&id) {
            continue;
        }
        let node = turn.outer[id].clone();
        if let Op::Scan { scan, at: number } = &node.op {
            let asked = along.iter().map(|(&id, &axis)| (id, axis));
            let place = place_of(turn.outer, scan, &node.args, asked)?;
            let args: Vec<Id> = place
                .operands
                .iter()
                .map(|source| match *source {
                    Source::Operand { at: operand, axis } => {
                        let arg = node.args[operand];
                        made.get(&arg).copied().unwrap_or_else(|| turn.outside(arg, axis))
                    }
                    Source::Number => turn.number(turns),
                })
                .collect();
            made.insert(id, turn.inner.node(place.result(*number), &args, less(&node.shape, at), node.dtype));
            continue;
        }
        let args = (0..node.args.len())
            .map(|operand| {
                let arg = node.args[operand];
                match made.get(&arg) {
                    Some(&id) => Ok(id),
                    None => Ok(turn.outside(arg, behind(turn.outer, &node, at, operand)?)),
                }
            })
            .collect::<Result<Vec<Id>, Nested>>()?;
        let op = stripped(&node, at);
        made.insert(id, turn.inner.node(op, &args, less(&node.shape, at), node.dtype));
    }
    let results = carries
        .iter()
        .map(|carry| made.get(&carry.next).copied().unwrap_or_else(|| turn.outside(carry.next, Some(axis))))
        .collect();
    let Turn { inner, operands, .. } = turn;
    for operand in &operands {
        let (id, shape) = match *operand {
            Operand::Turn { id, axis } => (id, less(graph.shape(id), axis)),
            Operand::Whole { id } => (id, graph.shape(id).to_vec()),
        };
        feeds.push((shape, graph[id].dtype));
    }
    Ok((Function { graph: inner, feeds, results, ..Function::default() }, operands))
}

/// For each node, whether it depends on what is carried.
fn dependent(graph: &Graph, carries: &[Carry]) -> Vec<bool> {
    let mut carried: Vec<bool> = Vec::with_capacity(graph.len());
    for id in graph.ids() {
        let place = carries.iter().any(|carry| carry.place == id);
        carried.push(place || graph[id].args.iter().any(|arg| carried[arg.0 as usize]));
    }
    carried
}

pub fn less(shape: &[usize], axis: usize) -> Vec<usize> {
    let mut shape = shape.to_vec();
    shape.remove(axis);
    shape
}

struct Turn<'g> {
    outer: &'g mut Graph,
    inner: Graph,
    operands: Vec<Operand>,
    carries: usize,
}

impl Turn<'_> {
    /// A value that does not depend on what is carried, without the axis of the turns if it has one. What costs nothing
    /// is computed in the turn, so that no copies of it have to be kept.
    fn outside(&mut self, id: Id, turns: Option<usize>) -> Id {
        let node = self.outer[id].clone();
        let shape = turns.map_or_else(|| node.shape.clone(), |axis| less(&node.shape, axis).into());
        let arg = node.args.first().copied();
        match (&node.op, arg) {
            (Op::Const(_), _) => self.inner.node(node.op, &[], shape, node.dtype),
            (&Op::Index { axis }, _) if turns == Some(axis) => {
                let place = self.number(node.shape[axis]);
                shape.iter().rev().fold(place, |place, &extent| self.inner.expand(place, 0, extent))
            }
            (&Op::Index { axis }, _) => {
                let axis = turns.map_or(axis, |turns| axis - usize::from(axis > turns));
                self.inner.index(axis, &shape)
            }
            (&Op::View(View::Expand { axis, .. }), Some(arg)) if turns == Some(axis) => self.outside(arg, None),
            (Op::View(view @ (View::Expand { .. } | View::Permute { .. })), Some(arg)) => {
                let from = self.outer.shape(arg).to_vec();
                let inner = self.outside(arg, turns.map(|axis| view.behind(axis, &from).expect("an axis behind it")));
                self.inner.view(turns.map_or_else(|| view.clone(), |axis| view.without(axis)), inner)
            }
            _ => self.operand(match turns {
                Some(axis) => Operand::Turn { id, axis },
                None => Operand::Whole { id },
            }),
        }
    }

    /// The number of the turn.
    fn number(&mut self, turns: usize) -> Id {
        let counted = self.outer.index(0, &[turns]);
        self.operand(Operand::Turn { id: counted, axis: 0 })
    }

    fn operand(&mut self, operand: Operand) -> Id {
        let known = self.operands.iter().position(|known| *known == operand);
        let at = known.unwrap_or_else(|| {
            self.operands.push(operand);
            self.operands.len() - 1
        });
        let (id, shape) = match operand {
            Operand::Turn { id, axis } => (id, less(self.outer.shape(id), axis)),
            Operand::Whole { id } => (id, self.outer.shape(id).to_vec()),
        };
        self.inner.input(Slot::Feed((self.carries + at) as u32), &shape, self.outer[id].dtype)
    }
}

/// The axis of operand `at` that runs along with the node's `axis`; `None` if the operand does not have it, and so is the
/// same at all places.
pub fn behind(graph: &Graph, node: &Node, axis: usize, at: usize) -> Result<Option<usize>, Nested> {
    let shape = |at: usize| graph.shape(node.args[at]);
    Ok(match &node.op {
        Op::Input(_) | Op::Const(_) | Op::Index { .. } | Op::Random { .. } => None,
        Op::Map(_) | Op::Order { .. } => Some(axis),
        Op::View(View::Expand { axis: new, .. }) if *new == axis => None,
        Op::View(view) => Some(view.behind(axis, shape(0)).ok_or(Nested)?),
        Op::Fold(view) => Some(view.ahead(axis, &node.shape).ok_or(Nested)?),
        Op::Contract { a, b, out } => {
            let labels = if at == 0 { a } else { b };
            labels.iter().position(|label| *label == out[axis])
        }
        Op::Max { axis: lost } => Some(axis + usize::from(axis >= *lost)),
        &Op::Gather { axis: indexed, batch } => {
            let places = shape(1).len() - batch;
            let within = (indexed..indexed + places).contains(&axis);
            match at {
                0 if within => None,
                0 => Some(if axis < indexed { axis } else { axis + 1 - places }),
                _ if within => Some(batch + axis - indexed),
                _ => (axis < batch).then_some(axis),
            }
        }
        &Op::ScatterAdd { axis: indexed, batch } => {
            let places = shape(1).len() - batch;
            match at {
                0 => (axis != indexed).then(|| if axis < indexed { axis } else { axis + places - 1 }),
                _ => (axis < batch).then_some(axis),
            }
        }
        Op::Scan { .. } => unreachable!("a recurrence says itself what it reads"),
    })
}

/// The kind of the node for one place of `axis`.
pub fn stripped(node: &Node, axis: usize) -> Op {
    let removed = |labels: &[u8], label: u8| labels.iter().copied().filter(|&it| it != label).collect();
    let before = |of: usize| of - usize::from(of > axis);
    match &node.op {
        Op::Input(_) | Op::Const(_) | Op::Index { .. } | Op::Random { .. } | Op::Scan { .. } => {
            unreachable!("{:?} depends on nothing that is carried", node.op)
        }
        Op::Map(scalar) => Op::Map(*scalar),
        Op::View(view) => Op::View(view.without(axis)),
        Op::Fold(view) => {
            let seen = view.ahead(axis, &node.shape).expect("the turns of the operand");
            Op::Fold(view.without(seen))
        }
        Op::Contract { a, b, out } => {
            let label = out[axis];
            Op::Contract { a: removed(a, label), b: removed(b, label), out: removed(out, label) }
        }
        Op::Max { axis: lost } => Op::Max { axis: lost - usize::from(*lost > axis) },
        Op::Order { axis: along } => Op::Order { axis: before(*along) },
        &Op::Gather { axis: indexed, batch } => {
            Op::Gather { axis: indexed - usize::from(axis < indexed), batch: batch - usize::from(axis < batch) }
        }
        &Op::ScatterAdd { axis: indexed, batch } => {
            Op::ScatterAdd { axis: before(indexed), batch: batch - usize::from(axis < batch) }
        }
    }
}
