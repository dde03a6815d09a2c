//! Recurrences: values that are carried from turn to turn along an axis.
//!
//! A recurrence is written as if its turns were side by side. The values that it carries stand for themselves as inputs
//! ([`Slot::Carry`]) that have the axis of the turns, what is computed from them has it too, and so do the values that are
//! carried on. [`Graph::scan`] then takes out what depends on the carried values: that alone has to be computed turn by
//! turn. All else, a product of the inputs of all turns with a matrix for instance, stays outside and is computed at once.
//! The gradient is written in the same way, backwards, so that a turn of it has nothing in it that could be outside.

use std::sync::Arc;

use super::{Dtype, Function, Graph, Id, Op, Slot, View, simplify};
use crate::scalar::Scalar;

mod back;
mod lift;
mod place;
mod turn;

pub use back::pull_back;

/// One turn of a recurrence, and how often it is taken.
///
/// The feeds of `turn` are the carried values as they are before it; then, of each of the next `sliced` operands, which
/// have the turns as their first axis, the place of this turn; then the other operands as they are. Its results are the
/// carried values after it, of the same types. It has neither states nor random numbers.
#[derive(PartialEq, Eq, Hash, Debug)]
pub struct Scan {
    pub turn: Function,
    pub turns: usize,
    /// Whether the turns are taken from the last place of the axis to the first.
    pub backwards: bool,
    pub sliced: usize,
}

impl Scan {
    /// How many values are carried: the first as many operands say what they start as.
    pub fn carried(&self) -> usize {
        self.turn.results.len()
    }

    /// The places of the turns in the order in which they are taken.
    pub fn order(&self) -> impl Iterator<Item = usize> + use<> {
        let (turns, backwards) = (self.turns, self.backwards);
        (0..turns).map(move |turn| if backwards { turns - 1 - turn } else { turn })
    }

    /// The type of an operand of which the turn sees `feed`.
    pub fn operand(&self, feed: usize) -> (Vec<usize>, Dtype) {
        let (shape, dtype) = &self.turn.feeds[feed];
        let (carried, sliced) = (self.carried(), self.sliced);
        let has_turns = (carried..carried + sliced).contains(&feed);
        (if has_turns { [&[self.turns], &shape[..]].concat() } else { shape.clone() }, *dtype)
    }
}

/// One value that is carried, while its recurrence is being written.
#[derive(Clone, Copy, Debug)]
pub struct Carry {
    /// As it is before each turn: a [`Graph::carry`].
    pub place: Id,
    /// Before the first turn, without the axis of the turns.
    pub start: Id,
    /// After each turn, of the type of `place`.
    pub next: Id,
}

/// A turn depends on what another recurrence has made of several turns at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nested;

impl Graph {
    /// A value that a recurrence carries, as it is before each of its turns.
    pub fn carry(&mut self, shape: &[usize], dtype: Dtype) -> Id {
        // The number of a new node is a name that nothing else has.
        let name = self.len() as u32;
        self.input(Slot::Carry(name), shape, dtype)
    }

    /// The carried values after each turn, with the turns as their first axis; `axis` is the axis of the turns of what
    /// has been written.
    pub fn scan(&mut self, axis: usize, backwards: bool, carries: &[Carry]) -> Result<Vec<Id>, Nested> {
        let turns = self.shape(carries[0].place)[axis];
        for carry in carries {
            let (place, start, next) = (&self[carry.place], &self[carry.start], &self[carry.next]);
            let mut shape = place.shape.clone();
            assert_eq!(shape.remove(axis), turns, "the turns of a carried value");
            assert_eq!((&start.shape, start.dtype), (&shape, place.dtype), "the start of a carried value");
            assert_eq!((&next.shape, next.dtype), (&place.shape, place.dtype), "the next carried value");
        }
        if turns == 1 {
            return Ok(self.once(axis, carries));
        }
        let (turn, operands) = turn::taken_out(self, axis, carries)?;
        let (turn, kept) = settled(simplify(&turn), carries.len(), &operands);
        let sliced = kept.iter().filter(|operand| matches!(operand, turn::Operand::Turn { .. })).count();
        let args: Vec<Id> = carries.iter().map(|carry| carry.start).collect();
        let seen = kept.into_iter().map(|operand| match operand {
            turn::Operand::Turn { id, axis } => self.first(id, axis),
            turn::Operand::Whole { id } => id,
        });
        let args = args.into_iter().chain(seen.collect::<Vec<Id>>()).collect::<Vec<Id>>();
        Ok(self.scans(Arc::new(Scan { turn, turns, backwards, sliced }), &args))
    }

    /// The values after the only turn: what was written, with the starts in the places.
    fn once(&mut self, axis: usize, carries: &[Carry]) -> Vec<Id> {
        let starts: Vec<Id> = carries.iter().map(|carry| self.expand(carry.start, axis, 1)).collect();
        let mut new: Vec<Id> = Vec::new();
        for id in self.ids() {
            let place = carries.iter().position(|carry| carry.place == id);
            let args: Vec<Id> = self[id].args.iter().map(|arg| new[arg.0 as usize]).collect();
            new.push(match place {
                Some(at) => starts[at],
                None if args[..] == self[id].args[..] => id,
                None => {
                    let node = self[id].clone();
                    self.node(node.op, &args, node.shape, node.dtype)
                }
            });
        }
        carries.iter().map(|carry| self.first(new[carry.next.0 as usize], axis)).collect()
    }

    /// The results of a recurrence that are there, by the number of the carried value.
    pub fn results_of(&self, scan: &Arc<Scan>, args: &[Id]) -> Vec<Option<Id>> {
        let kinds = scan.turn.feeds[..scan.carried()].iter().enumerate();
        let shape = |shape: &[usize]| [&[scan.turns], shape].concat();
        kinds
            .map(|(at, (of, dtype))| self.find(Op::Scan { scan: scan.clone(), at }, args, &shape(of), *dtype))
            .collect()
    }

    /// All results of a recurrence.
    fn scans(&mut self, scan: Arc<Scan>, args: &[Id]) -> Vec<Id> {
        let kinds = scan.turn.feeds[..scan.carried()].to_vec();
        let node = |(at, (shape, dtype)): (usize, (Vec<usize>, Dtype))| {
            let shape = [&[scan.turns], &shape[..]].concat();
            self.node(Op::Scan { scan: scan.clone(), at }, args, shape, dtype)
        };
        kinds.into_iter().enumerate().map(node).collect()
    }

    /// `id` with `axis` as its first.
    fn first(&mut self, id: Id, axis: usize) -> Id {
        let rest = (0..self.shape(id).len()).filter(|&it| it != axis);
        let order: Vec<usize> = std::iter::once(axis).chain(rest).collect();
        if axis == 0 { id } else { self.permute(id, &order) }
    }

    /// Two tensors one behind the other along their first axis.
    fn joined(&mut self, first: Id, second: Id) -> Id {
        let (before, after) = (self.shape(first)[0], self.shape(second)[0]);
        let first = self.view(View::Pad { axis: 0, before: 0, after, between: 0 }, first);
        let second = self.view(View::Pad { axis: 0, before, after: 0, between: 0 }, second);
        let how = if self[first].dtype == Dtype::Bool { Scalar::Or } else { Scalar::Add };
        self.map(how, &[first, second])
    }

    /// What is carried into each turn, where `start` is carried into the first and `after` is what each turn has made.
    fn before(&mut self, start: Id, after: Id, backwards: bool) -> Id {
        let start = self.expand(start, 0, 1);
        let turns = self.shape(after)[0];
        if turns == 1 {
            return start;
        }
        let slice = |from| View::Slice { axis: 0, start: from, step: 1, len: turns - 1 };
        let others = self.view(slice(usize::from(backwards)), after);
        if backwards { self.joined(others, start) } else { self.joined(start, others) }
    }
}

/// The turn with the operands that it still reads, those that it sees place by place first.
fn settled(turn: Function, carried: usize, operands: &[turn::Operand]) -> (Function, Vec<turn::Operand>) {
    let needed = turn.needed();
    let read: Vec<usize> = needed
        .iter()
        .filter_map(|&id| match turn.graph[id].op {
            Op::Input(Slot::Feed(feed)) => (feed as usize).checked_sub(carried),
            _ => None,
        })
        .collect();
    let by_turn = |at: &&usize| matches!(operands[**at], turn::Operand::Turn { .. });
    let order: Vec<usize> = read.iter().filter(by_turn).chain(read.iter().filter(|at| !by_turn(at))).copied().collect();
    let mut graph = Graph::default();
    let mut new = vec![Id(0); turn.graph.len()];
    for id in needed {
        let node = &turn.graph[id];
        let args: Vec<Id> = node.args.iter().map(|arg| new[arg.0 as usize]).collect();
        let op = match node.op {
            Op::Input(Slot::Feed(feed)) if feed as usize >= carried => {
                let at = order.iter().position(|&it| it == feed as usize - carried).expect("it is read");
                Op::Input(Slot::Feed((carried + at) as u32))
            }
            ref op => op.clone(),
        };
        new[id.0 as usize] = graph.node(op, &args, node.shape.clone(), node.dtype);
    }
    let feeds = (0..carried).chain(order.iter().map(|at| carried + at)).map(|feed| turn.feeds[feed].clone()).collect();
    let results = turn.results.iter().map(|id| new[id.0 as usize]).collect();
    let kept = order.iter().map(|&at| operands[at]).collect();
    (Function { graph, feeds, results, ..Function::default() }, kept)
}
