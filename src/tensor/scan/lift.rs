//! All turns at once: a turn's function on operands that have the turns as their first axis.

use std::sync::Arc;

use super::Scan;
use crate::tensor::{Dtype, Function, Graph, Id, Op, Slot, View};

/// A node, and whether it has the turns as its first axis; it is the same in every turn if not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lifted {
    pub id: Id,
    pub turns: bool,
}

/// The results of `turn` for all of the `turns`, each with them as its first axis.
pub fn lifted(graph: &mut Graph, turn: &Function, feeds: &[Lifted], turns: usize) -> Vec<Id> {
    let mut lift = Lift { graph, turns };
    let mut new: Vec<Option<Lifted>> = vec![None; turn.graph.len()];
    for id in turn.needed() {
        let args: Vec<Lifted> =
            turn.graph[id].args.iter().map(|arg| new[arg.0 as usize].expect("operands come first")).collect();
        let op = &turn.graph[id].op;
        new[id.0 as usize] = Some(match *op {
            Op::Input(Slot::Feed(feed)) => feeds[feed as usize],
            _ if args.iter().any(|arg| arg.turns) => Lifted { id: lift.node(turn, id, &args), turns: true },
            _ => {
                let args: Vec<Id> = args.iter().map(|arg| arg.id).collect();
                let node = &turn.graph[id];
                Lifted { id: lift.graph.node(op.clone(), &args, node.shape.clone(), node.dtype), turns: false }
            }
        });
    }
    turn.results.iter().map(|id| lift.all(new[id.0 as usize].expect("a result is needed"))).collect()
}

struct Lift<'g> {
    graph: &'g mut Graph,
    turns: usize,
}

impl Lift<'_> {
    /// The value with the turns in front.
    fn all(&mut self, value: Lifted) -> Id {
        if value.turns { value.id } else { self.graph.expand(value.id, 0, self.turns) }
    }

    /// A node of the turn, of which an operand has the turns.
    fn node(&mut self, turn: &Function, id: Id, args: &[Lifted]) -> Id {
        let node = &turn.graph[id];
        let shape = [&[self.turns], &node.shape[..]].concat();
        match &node.op {
            Op::Input(_) | Op::Const(_) | Op::Index { .. } | Op::Random { .. } => {
                unreachable!("{:?} has no operand in a turn", node.op)
            }
            Op::Scan { scan, at } => self.recurrence(scan, *at, args),
            Op::Map(scalar) => {
                let args: Vec<Id> = args.iter().map(|&arg| self.all(arg)).collect();
                self.graph.map(*scalar, &args)
            }
            Op::View(view) => self.graph.view(view.of_each(self.turns), args[0].id),
            Op::Fold(View::Expand { axis, .. }) => self.graph.sum(args[0].id, axis + 1),
            Op::Fold(view) => self.graph.fold(view.of_each(self.turns), args[0].id, &shape),
            Op::Contract { a, b, out } => {
                let used = [&a[..], b, out].concat();
                let label = (b'A'..=u8::MAX).find(|label| !used.contains(label)).expect("a label that is free");
                let labels = |of: &[u8], has: bool| if has { [&[label], of].concat() } else { of.to_vec() };
                let (a, b) = (labels(a, args[0].turns), labels(b, args[1].turns));
                self.graph.contract_axes(&a, &b, &labels(out, true), args[0].id, args[1].id)
            }
            Op::Max { axis } => self.graph.max(args[0].id, axis + 1),
            Op::Order { axis } => self.graph.order(args[0].id, axis + 1),
            &Op::Gather { axis, batch } => match args[1].turns {
                // The turns are one more of the axes before the indexed one.
                false if batch == 0 => self.graph.gather(args[0].id, args[1].id, axis + 1, 0),
                // The turns are one more axis of the index.
                true if axis == 0 && !args[0].turns => self.graph.gather(args[0].id, args[1].id, 0, 0),
                _ => {
                    let (table, index) = (self.all(args[0]), self.all(args[1]));
                    self.graph.gather(table, index, axis + 1, batch + 1)
                }
            },
            &Op::ScatterAdd { axis, batch } => match args[1].turns {
                false if batch == 0 => self.graph.scatter_add(args[0].id, args[1].id, axis + 1, 0, &shape),
                _ => {
                    let (values, index) = (self.all(args[0]), self.all(args[1]));
                    self.graph.scatter_add(values, index, axis + 1, batch + 1, &shape)
                }
            },
        }
    }

    /// Result `at` of a recurrence within the turn: one that carries the values of all turns side by side.
    fn recurrence(&mut self, scan: &Scan, at: usize, args: &[Lifted]) -> Id {
        let carried = scan.carried();
        let has = |feed: usize| feed < carried || args[feed].turns;
        let feeds: Vec<(Vec<usize>, Dtype)> = (scan.turn.feeds.iter().enumerate())
            .map(|(feed, (shape, dtype))| match has(feed) {
                true => ([&[self.turns], &shape[..]].concat(), *dtype),
                false => (shape.clone(), *dtype),
            })
            .collect();
        let mut graph = Graph::default();
        let seen: Vec<Lifted> = (feeds.iter().enumerate())
            .map(|(feed, (shape, dtype))| {
                let id = graph.input(Slot::Feed(feed as u32), shape, *dtype);
                Lifted { id, turns: has(feed) }
            })
            .collect();
        let results = lifted(&mut graph, &scan.turn, &seen, self.turns);
        let turn = Function { graph, feeds, results, ..Function::default() };
        let all = Scan { turn, turns: scan.turns, backwards: scan.backwards, sliced: scan.sliced };
        let operands: Vec<Id> = (args.iter().enumerate())
            .map(|(feed, &arg)| match feed {
                feed if feed < carried => self.all(arg),
                feed if feed < carried + scan.sliced && arg.turns => self.exchanged(arg.id),
                _ => arg.id,
            })
            .collect();
        let result = self.graph.scans(Arc::new(all), &operands)[at];
        self.exchanged(result)
    }

    /// The value with its first two axes in the other order: the turns here, and those of a recurrence within them.
    fn exchanged(&mut self, id: Id) -> Id {
        let order: Vec<usize> = [1, 0].into_iter().chain(2..self.graph.shape(id).len()).collect();
        self.graph.permute(id, &order)
    }
}
