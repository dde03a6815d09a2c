//! What going along an axis changes of a body: which lines, which numbers, and by how much.

use crate::kernel::{Affine, Body, Reg, Var, Work};

/// An axis of a loop, and what differs from one of its places to the next.
#[derive(Clone)]
pub struct Along<'k> {
    body: &'k Body,
    pub axis: usize,
    /// Of each line, whether it does.
    lines: Vec<bool>,
}

impl<'k> Along<'k> {
    /// The value of a core differs along every axis.
    pub fn of(body: &'k Body, axis: usize) -> Along<'k> {
        let mut along = Along { body, axis, lines: Vec::with_capacity(body.lines.len()) };
        for line in &body.lines {
            let guarded = |guards: &[u32]| guards.iter().any(|&guard| along.guard(guard));
            let differs = match &line.work {
                Work::Core => true,
                Work::Const(_) | Work::Step => false,
                Work::Load(load) => along.number(&load.at) || guarded(&load.guards),
                Work::Map(_, args) => args.iter().any(|&arg| along.line(arg)),
                Work::Mask(guards, reg) => guarded(guards) || along.line(*reg),
                Work::Index(at) | Work::Random { at, .. } => along.number(at),
            };
            along.lines.push(differs);
        }
        along
    }

    /// Whether a line differs.
    pub fn line(&self, reg: Reg) -> bool {
        self.lines[reg.0 as usize]
    }

    /// Whether what a guard asks about does.
    pub fn guard(&self, guard: u32) -> bool {
        self.number(&self.body.guards[guard as usize].value)
    }

    /// Whether a number does.
    pub fn number(&self, number: &Affine) -> bool {
        number.terms().iter().any(|&(var, _)| match var {
            Var::Axis(axis) => axis as usize == self.axis,
            Var::Inside(guard) => self.guard(guard),
            Var::Place(place) => self.line(self.body.places[place as usize].reg),
        })
    }

    /// By how much a number, in which nothing is left to expand, grows from one place to the next, if it grows evenly.
    pub fn step(&self, number: &Affine) -> Option<i64> {
        let along = Var::Axis(self.axis as u32);
        let factor = number.factor(along);
        (!self.number(&number.add(&Affine::var(along).times(-factor)))).then_some(factor)
    }
}
