//! One place of a recurrence: the same recurrence without an axis that its carried values have beside the turns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::turn::{behind, less, stripped};
use super::{Nested, Scan};
use crate::tensor::{Dtype, Function, Graph, Id, Op, Slot, View, simplify};

/// A recurrence for one place of an axis.
pub struct Place {
    pub scan: Arc<Scan>,
    /// Which of the carried values it has, by their numbers before.
    pub carries: Vec<usize>,
    /// What its operands are.
    pub operands: Vec<Source>,
}

/// Where an operand comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// The operand `at` of the whole recurrence, its place along `axis`, or all of it.
    Operand { at: usize, axis: Option<usize> },
    /// The number of the place.
    Number,
}

/// A value of the turn, and the axis that it loses, if it has it.
type Asked = (Id, Option<usize>);

/// The recurrence `scan` for one place of an axis: that of each carried value which is `asked` for, in its type. The others
/// that these depend on come with them. What a turn makes of the axis as a whole has no single place.
pub fn one_place(scan: &Scan, asked: &BTreeMap<usize, usize>) -> Result<Place, Nested> {
    let walk = Walk::through(scan, asked)?;
    let (turn, carried) = (&scan.turn, scan.carried());
    let carries: Vec<usize> = walk.carries.keys().copied().collect();
    // What a turn sees of its operands: place by place along its own turns first, then whole ones.
    let seen = walk.seen.iter().filter_map(|&(id, axis)| match turn.graph[id].op {
        Op::Input(Slot::Feed(feed)) => Some((feed as usize, axis)),
        _ => None,
    });
    let mut others: Vec<(usize, Option<usize>)> = seen.filter(|(feed, _)| *feed >= carried).collect();
    others.sort_unstable();
    let sliced = others.iter().filter(|(feed, _)| *feed < carried + scan.sliced).count();
    let mut feeds: Vec<(Vec<usize>, Dtype)> = vec![];
    let type_of = |feed: usize, axis: Option<usize>| {
        let (shape, dtype) = &turn.feeds[feed];
        (axis.map_or_else(|| shape.clone(), |axis| less(shape, axis)), *dtype)
    };
    feeds.extend(walk.carries.iter().map(|(&feed, &axis)| type_of(feed, Some(axis))));
    feeds.extend(others.iter().map(|&(feed, axis)| type_of(feed, axis)));
    let number = feeds.len();
    if walk.numbered {
        feeds.push((vec![], Dtype::I32));
    }
    let feed_of = |feed: usize, axis: Option<usize>| match carries.iter().position(|&it| it == feed) {
        Some(at) => at,
        None => carries.len() + others.iter().position(|&it| it == (feed, axis)).expect("it was seen"),
    };
    let mut graph = Graph::default();
    let mut made: BTreeMap<Asked, Id> = BTreeMap::new();
    for &(id, axis) in &walk.seen {
        let node = &turn.graph[id];
        let shape = axis.map_or_else(|| node.shape.clone(), |axis| less(&node.shape, axis).into());
        let number = |graph: &mut Graph| graph.input(Slot::Feed(number as u32), &[], Dtype::I32);
        let new = match (&node.op, axis) {
            (&Op::Input(Slot::Feed(feed)), _) => {
                let at = feed_of(feed as usize, axis) as u32;
                graph.input(Slot::Feed(at), &shape, node.dtype)
            }
            (op, None) => {
                let args: Vec<Id> = node.args.iter().map(|&arg| made[&(arg, None)]).collect();
                graph.node(op.clone(), &args, shape, node.dtype)
            }
            (Op::Const(_), Some(_)) => graph.node(node.op.clone(), &[], shape, node.dtype),
            (&Op::Index { axis: counted }, Some(axis)) if counted == axis => {
                let number = number(&mut graph);
                shape.iter().rev().fold(number, |number, &extent| graph.expand(number, 0, extent))
            }
            (&Op::Index { axis: counted }, Some(axis)) => graph.index(counted - usize::from(counted > axis), &shape),
            (&Op::View(View::Expand { axis: new, .. }), Some(axis)) if new == axis => made[&(node.args[0], None)],
            (Op::Scan { scan, at }, Some(_)) => {
                let asked = walk.seen.iter().filter_map(|&(id, axis)| Some((id, axis?)));
                let place = place_of(&turn.graph, scan, &node.args, asked)?;
                let args: Vec<Id> = place
                    .operands
                    .iter()
                    .map(|source| match *source {
                        Source::Operand { at, axis } => made[&(node.args[at], axis)],
                        Source::Number => number(&mut graph),
                    })
                    .collect();
                graph.node(place.result(*at), &args, shape, node.dtype)
            }
            (_, Some(axis)) => {
                let args = (0..node.args.len())
                    .map(|at| Ok(made[&(node.args[at], behind(&turn.graph, node, axis, at)?)]))
                    .collect::<Result<Vec<Id>, Nested>>()?;
                graph.node(stripped(node, axis), &args, shape, node.dtype)
            }
        };
        made.insert((id, axis), new);
    }
    let results = walk.carries.iter().map(|(&at, &axis)| made[&(turn.results[at], Some(axis))]).collect();
    let with_turns = |feed: usize| (carried..carried + scan.sliced).contains(&feed);
    let whole = |(feed, axis): (usize, Option<usize>)| Source::Operand {
        at: feed,
        axis: axis.map(|axis| axis + usize::from(with_turns(feed))),
    };
    let operands = walk.carries.iter().map(|(&feed, &axis)| (feed, Some(axis))).chain(others).map(whole);
    let operands = operands.chain(walk.numbered.then_some(Source::Number)).collect();
    let turn = simplify(&Function { graph, feeds, results, ..Function::default() });
    let scan = Arc::new(Scan { turn, turns: scan.turns, backwards: scan.backwards, sliced });
    Ok(Place { scan, carries, operands })
}

/// The same of the recurrence with these operands in a graph, where values are `asked` for, each without an axis: all of its
/// results that are among them are those of one.
pub fn place_of(
    graph: &Graph,
    scan: &Arc<Scan>,
    args: &[Id],
    asked: impl Iterator<Item = (Id, usize)>,
) -> Result<Place, Nested> {
    let results = asked.filter_map(|(id, axis)| match &graph[id].op {
        Op::Scan { scan: it, at } if it == scan && graph[id].args[..] == *args => Some((*at, axis - 1)),
        _ => None,
    });
    one_place(scan, &results.collect())
}

impl Place {
    /// What was the carried value `at`.
    pub fn result(&self, at: usize) -> Op {
        let at = self.carries.iter().position(|&it| it == at).expect("it was asked for");
        Op::Scan { scan: self.scan.clone(), at }
    }
}

/// What of a turn is needed for one place of an axis.
struct Walk {
    seen: BTreeSet<Asked>,
    /// The carried values, and where each has the axis.
    carries: BTreeMap<usize, usize>,
    /// Whether anything depends on the number of the place.
    numbered: bool,
}

impl Walk {
    fn through(scan: &Scan, asked: &BTreeMap<usize, usize>) -> Result<Walk, Nested> {
        let turn = &scan.turn;
        let mut walk = Walk { seen: BTreeSet::new(), carries: asked.clone(), numbered: false };
        let mut open: Vec<Asked> = asked.iter().map(|(&at, &axis)| (turn.results[at], Some(axis))).collect();
        while let Some((id, axis)) = open.pop() {
            if !walk.seen.insert((id, axis)) {
                continue;
            }
            let node = &turn.graph[id];
            match (&node.op, axis) {
                (&Op::Input(Slot::Feed(feed)), _) if (feed as usize) < scan.carried() => {
                    let (feed, Some(axis)) = (feed as usize, axis) else { return Err(Nested) };
                    match walk.carries.insert(feed, axis) {
                        None => open.push((turn.results[feed], Some(axis))),
                        Some(known) if known == axis => {}
                        Some(_) => return Err(Nested),
                    }
                }
                (Op::Input(_), _) => {}
                (Op::Index { axis: counted }, Some(axis)) => walk.numbered |= *counted == axis,
                (Op::Scan { scan, at }, Some(axis)) => {
                    let axis = axis.checked_sub(1).ok_or(Nested)?;
                    for source in one_place(scan, &BTreeMap::from([(*at, axis)]))?.operands {
                        match source {
                            Source::Operand { at, axis } => open.push((node.args[at], axis)),
                            Source::Number => walk.numbered = true,
                        }
                    }
                }
                (_, None) => open.extend(node.args.iter().map(|&arg| (arg, None))),
                (_, Some(axis)) => {
                    for at in 0..node.args.len() {
                        open.push((node.args[at], behind(&turn.graph, node, axis, at)?));
                    }
                }
            }
        }
        Ok(walk)
    }
}
