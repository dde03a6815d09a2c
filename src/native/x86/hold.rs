//! Which register holds what, while operations are written one after the other: what is needed last goes to memory first.

use super::Isa;
use super::encode::{Address, Assembler, Operand, Vector};
use super::trace::Wide;
use super::weave::Uses;

/// The registers at one position.
pub struct Holds<'u> {
    uses: &'u Uses,
    position: usize,
    /// What each register holds, of those that may be taken.
    held: Vec<Option<Wide>>,
    /// The register of each result, and where it is in memory.
    register: Vec<Option<Vector>>,
    home: Vec<Option<Operand>>,
    /// Registers that the operation at hand reads or writes.
    pinned: Vec<Vector>,
    /// Where results are put aside, and who is there.
    start: Address,
    bytes: usize,
    aside: Vec<Option<Wide>>,
}

impl<'u> Holds<'u> {
    /// Nothing is in any of the first `registers` registers; results are put aside from `start` on.
    pub fn new(isa: Isa, uses: &'u Uses, registers: usize, start: Address) -> Holds<'u> {
        let count = uses.count();
        Holds {
            uses,
            position: 0,
            held: vec![None; registers],
            register: vec![None; count],
            home: vec![None; count],
            pinned: vec![],
            start,
            bytes: 4 * isa.lanes(),
            aside: vec![],
        }
    }

    /// How many results were put aside at once.
    pub fn kept(&self) -> usize {
        self.aside.len()
    }

    /// Goes to a position; what is not used from there on is let go.
    pub fn go_to(&mut self, position: usize) {
        self.position = position;
        self.pinned.clear();
        let uses = self.uses;
        let over = |wide: Wide| uses.last(wide).is_none_or(|last| last < position);
        let ended: Vec<Wide> = self.held.iter().flatten().copied().filter(|&wide| over(wide)).collect();
        ended.into_iter().for_each(|wide| self.release(wide));
        for place in &mut self.aside {
            if place.is_some_and(over) {
                *place = None;
            }
        }
    }

    fn release(&mut self, wide: Wide) {
        if let Some(register) = self.register[wide.0 as usize].take_if(|it| (it.0 as usize) < self.held.len()) {
            self.held[register.0 as usize] = None;
        }
    }

    /// The result is in memory.
    pub fn lives(&mut self, wide: Wide, home: Operand) {
        self.home[wide.0 as usize] = Some(home);
    }

    /// The result is in a register that is not taken for another.
    pub fn fix(&mut self, wide: Wide, register: Vector) {
        self.register[wide.0 as usize] = Some(register);
    }

    pub fn has_home(&self, wide: Wide) -> bool {
        self.home[wide.0 as usize].is_some()
    }

    pub fn in_register(&self, wide: Wide) -> bool {
        self.register[wide.0 as usize].is_some()
    }

    /// Whether nothing after this needs the result, and its register may be written to.
    pub fn ends(&self, wide: Wide) -> bool {
        let free = self.register[wide.0 as usize].is_some_and(|it| (it.0 as usize) < self.held.len());
        free && self.uses.after(wide, self.position).is_none()
    }

    /// The result in a register.
    pub fn register(&mut self, code: &mut Assembler, wide: Wide) -> Vector {
        let register = self.register[wide.0 as usize].unwrap_or_else(|| {
            let home = self.home[wide.0 as usize].expect("a result is somewhere");
            let register = self.empty(code);
            code.copy(register, home);
            self.hold(register, wide);
            register
        });
        self.pinned.push(register);
        register
    }

    /// The result wherever it is.
    pub fn operand(&mut self, code: &mut Assembler, wide: Wide) -> Operand {
        let Some(home) = self.home[wide.0 as usize].filter(|_| !self.in_register(wide)) else {
            return Operand::Register(self.register(code, wide));
        };
        home
    }

    /// A register for the result of the operation at hand, which may be one of those that it reads.
    pub fn take(&mut self, code: &mut Assembler, wide: Wide) -> Vector {
        let ended = |held: &Wide| self.uses.after(*held, self.position).is_none();
        let ended: Vec<Wide> = self.held.iter().flatten().copied().filter(ended).collect();
        ended.into_iter().for_each(|wide| self.release(wide));
        self.pinned.retain(|it| self.held.get(it.0 as usize).is_some_and(|held| held.is_some()));
        self.take_apart(code, wide)
    }

    /// A register for the result, which is none of those that the operation reads.
    pub fn take_apart(&mut self, code: &mut Assembler, wide: Wide) -> Vector {
        let register = self.empty(code);
        self.hold(register, wide);
        self.pinned.push(register);
        register
    }

    /// The register of an operand that is needed no more, for the result.
    pub fn take_over(&mut self, wide: Wide, from: Wide) -> Vector {
        let register = self.register[from.0 as usize].expect("it is in a register");
        self.release(from);
        self.hold(register, wide);
        self.pinned.push(register);
        register
    }

    /// Two registers that hold nothing until the next position.
    pub fn spare(&mut self, code: &mut Assembler) -> [Vector; 2] {
        [(), ()].map(|()| {
            let register = self.empty(code);
            self.pinned.push(register);
            register
        })
    }

    fn hold(&mut self, register: Vector, wide: Wide) {
        self.held[register.0 as usize] = Some(wide);
        self.register[wide.0 as usize] = Some(register);
    }

    /// A register that holds nothing; if there is none, that whose result is needed last is put aside.
    fn empty(&mut self, code: &mut Assembler) -> Vector {
        let registers = (0..self.held.len()).filter(|&it| !self.pinned.contains(&Vector(it as u8)));
        let last = registers.max_by_key(|&it| match self.held[it] {
            None => usize::MAX,
            // An operand of the operation at hand may not have been read yet.
            Some(wide) => self.uses.from(wide, self.position).unwrap_or(usize::MAX - 1),
        });
        let register = Vector(last.expect("more registers than an operation has operands") as u8);
        if let Some(wide) = self.held[register.0 as usize] {
            if !self.has_home(wide) && self.uses.from(wide, self.position).is_some() {
                let place = self.aside.iter().position(Option::is_none).unwrap_or_else(|| {
                    self.aside.push(None);
                    self.aside.len() - 1
                });
                self.aside[place] = Some(wide);
                let at = self.start.behind((place * self.bytes) as i32);
                code.store(register, at);
                self.home[wide.0 as usize] = Some(Operand::Memory(at));
            }
            self.release(wide);
        }
        register
    }
}
