//! The straight line of scalars that a kernel runs at each point.

use super::affine::{Affine, Var};
use crate::scalar::Scalar;
use crate::tensor::{Draw, Dtype};

/// What the line of that number of a body computed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Reg(pub u32);

/// Lines that use only what stands above them, and the numbers other than axes that their indices are made of.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Body {
    pub lines: Vec<Line>,
    pub guards: Vec<Guard>,
    pub places: Vec<Place>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Line {
    pub work: Work,
    pub dtype: Dtype,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Work {
    /// The value of the kernel's core.
    Core,
    /// The bits of an f32 or an i32; 0 or 1 for a bool.
    Const(u32),
    Load(Load),
    Map(Scalar, Vec<Reg>),
    /// The register where all of these guards hold, else zero.
    Mask(Vec<u32>, Reg),
    /// The number itself, as an i32.
    Index(Affine),
    /// The draw of `site` at the row-major place `at`.
    Random {
        draw: Draw,
        site: u32,
        at: Affine,
    },
    /// The number of the step.
    Step,
}

/// The element `at` of a buffer where all of these guards hold, else zero. Memory is touched only where they hold.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Load {
    pub buffer: usize,
    pub at: Affine,
    pub guards: Vec<u32>,
}

/// Holds where `value` is a multiple of `divisor`, at least zero and below `extent · divisor`. Where it holds, the variable
/// [`Var::Inside`] of its number is the quotient.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Guard {
    pub value: Affine,
    pub divisor: usize,
    pub extent: usize,
}

/// The variable [`Var::Place`] of its number: an i32 register, clamped to `0..extent`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    pub reg: Reg,
    pub extent: usize,
}

impl Body {
    pub fn dtype(&self, reg: Reg) -> Dtype {
        self.lines[reg.0 as usize].dtype
    }

    /// The registers of the lines, in order.
    pub fn regs(&self) -> impl Iterator<Item = Reg> + use<> {
        (0..self.lines.len() as u32).map(Reg)
    }

    /// The extent of a variable, given those of the axes.
    pub fn extent(&self, axes: &[usize], var: Var) -> usize {
        match var {
            Var::Axis(axis) => axes[axis as usize],
            Var::Inside(guard) => self.guards[guard as usize].extent,
            Var::Place(place) => self.places[place as usize].extent,
        }
    }

    /// The same number without the variables of guards that divide by 1. Only right where the guards hold.
    pub fn expand(&self, number: &Affine) -> Affine {
        number.replace(|var| match var {
            Var::Inside(guard) if self.guards[guard as usize].divisor == 1 => {
                self.expand(&self.guards[guard as usize].value)
            }
            _ => Affine::var(var),
        })
    }

    /// How many axes, counted from the outermost, have to be known before each line is: a line can be computed once for
    /// all points that differ in deeper axes only. The value of the core is known at depth `core`.
    pub fn depths(&self, core: usize) -> Vec<usize> {
        let mut depths: Vec<usize> = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            let number = |number: &Affine| self.depth(number, &depths);
            let guarded = |guards: &[u32]| {
                guards.iter().map(|&guard| number(&self.guards[guard as usize].value)).max().unwrap_or(0)
            };
            let depth = match &line.work {
                Work::Core => core,
                Work::Const(_) | Work::Step => 0,
                Work::Load(load) => number(&load.at).max(guarded(&load.guards)),
                Work::Map(_, args) => args.iter().map(|arg| depths[arg.0 as usize]).max().unwrap_or(0),
                Work::Mask(guards, reg) => guarded(guards).max(depths[reg.0 as usize]),
                Work::Index(at) | Work::Random { at, .. } => number(at),
            };
            depths.push(depth);
        }
        depths
    }

    /// The same for a number, given the depths of the lines that it needs.
    pub fn depth(&self, number: &Affine, lines: &[usize]) -> usize {
        let of_var = |&(var, _): &(Var, i64)| match var {
            Var::Axis(axis) => axis as usize + 1,
            Var::Inside(guard) => self.depth(&self.guards[guard as usize].value, lines),
            Var::Place(place) => lines[self.places[place as usize].reg.0 as usize],
        };
        number.terms().iter().map(of_var).max().unwrap_or(0)
    }
}
