//! The order in which operations are written: those of several registers full of elements in turns, so that none waits for the
//! one before it.

use super::Isa;
use super::strip::Sink;
use super::trace::{Op, Wide};

/// What is written at one position.
#[derive(Clone, Copy)]
pub enum Turn {
    Op(Wide),
    /// The sink of that number.
    Sink(usize),
}

/// The positions at which each result is used, in order.
pub struct Uses(Vec<Vec<usize>>);

/// Operations and sinks of some registers of a row, each of which has a copy of them.
pub struct Woven {
    pub ops: Vec<Op>,
    pub sinks: Vec<Sink>,
    pub order: Vec<Turn>,
    pub uses: Uses,
    pub copies: usize,
    /// To which of the registers an operation belongs; the first has what they share.
    of: Vec<usize>,
}

impl Woven {
    /// Each operation comes right before what needs it, as far as can be; those that nobody needs are left out. Sinks come last,
    /// or as soon as they can where they are `early`.
    pub fn of(isa: Isa, ops: &[Op], sinks: &[Sink], early: bool, copies: usize) -> Woven {
        // What one register needs stands in the order of `ops`, and behind each operation its copies.
        let is_shared = |op: &Op| matches!(op, Op::Const(_) | Op::Known(_) | Op::Spread { .. });
        let (mut all, mut of, mut firsts) = (vec![], vec![], Vec::<u32>::with_capacity(ops.len()));
        let copied = |wide: Wide, firsts: &[u32], copy: usize| {
            let copy = if is_shared(&ops[wide.0 as usize]) { 0 } else { copy };
            Wide(firsts[wide.0 as usize] + copy as u32)
        };
        for op in ops {
            firsts.push(all.len() as u32);
            for copy in 0..if is_shared(op) { 1 } else { copies } {
                all.push(op.with_operands(|wide| copied(wide, &firsts, copy)));
                of.push(copy);
            }
        }
        let all_sinks = sinks.iter().flat_map(|sink| {
            let firsts = &firsts;
            (0..copies).map(move |copy| sink.with_value(|wide| copied(wide, firsts, copy)))
        });
        let all_sinks: Vec<Sink> = all_sinks.collect();
        let mut order = vec![];
        for turn in one_after_another(isa, ops, sinks, early) {
            match turn {
                Turn::Op(wide) if is_shared(&ops[wide.0 as usize]) => {
                    order.push(Turn::Op(copied(wide, &firsts, 0)));
                }
                Turn::Op(wide) => order.extend((0..copies).map(|copy| Turn::Op(copied(wide, &firsts, copy)))),
                Turn::Sink(number) => order.extend((0..copies).map(|copy| Turn::Sink(number * copies + copy))),
            }
        }
        let uses = Uses::of(&order, &all, &all_sinks);
        Woven { ops: all, sinks: all_sinks, order, uses, copies, of }
    }

    /// To which of the registers an operation belongs.
    pub fn copy(&self, wide: Wide) -> usize {
        self.of[wide.0 as usize]
    }

    /// To which of the registers the sink of a number belongs.
    pub fn copy_of_sink(&self, number: usize) -> usize {
        number % self.copies
    }
}

/// The order for one register.
fn one_after_another(isa: Isa, ops: &[Op], sinks: &[Sink], early: bool) -> Vec<Turn> {
    let (mut order, mut placed) = (vec![], vec![false; ops.len()]);
    for (number, sink) in sinks.iter().enumerate() {
        let mut open = vec![(sink.value(), 0)];
        while let Some((wide, next)) = open.pop() {
            if placed[wide.0 as usize] {
                continue;
            }
            match ops[wide.0 as usize].operands().get(next) {
                Some(&operand) => open.extend([(wide, next + 1), (operand, 0)]),
                None => {
                    placed[wide.0 as usize] = true;
                    order.push(Turn::Op(wide));
                }
            }
        }
        if early {
            order.push(Turn::Sink(number));
        }
    }
    if !early {
        order.extend((0..sinks.len()).map(Turn::Sink));
    }
    // What is read where it is needed takes no turn of its own.
    order.retain(|turn| match turn {
        Turn::Sink(_) => true,
        Turn::Op(wide) => match ops[wide.0 as usize] {
            Op::Const(_) | Op::Known(_) | Op::SoFar | Op::Beside | Op::At { .. } => false,
            Op::Spread { .. } => isa == Isa::Avx2,
            _ => true,
        },
    });
    order
}

impl Uses {
    fn of(order: &[Turn], ops: &[Op], sinks: &[Sink]) -> Uses {
        let mut of = vec![vec![]; ops.len()];
        for (position, turn) in order.iter().enumerate() {
            match turn {
                Turn::Op(wide) => {
                    ops[wide.0 as usize].operands().iter().for_each(|it| of[it.0 as usize].push(position))
                }
                Turn::Sink(number) => of[sinks[*number].value().0 as usize].push(position),
            }
        }
        Uses(of)
    }

    /// How many results there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The last use.
    pub fn last(&self, wide: Wide) -> Option<usize> {
        self.0[wide.0 as usize].last().copied()
    }

    /// The next use after a position.
    pub fn after(&self, wide: Wide, position: usize) -> Option<usize> {
        self.from(wide, position + 1)
    }

    /// The next use at a position or after it.
    pub fn from(&self, wide: Wide, position: usize) -> Option<usize> {
        let uses = &self.0[wide.0 as usize];
        uses.get(uses.partition_point(|&use_| use_ < position)).copied()
    }
}
