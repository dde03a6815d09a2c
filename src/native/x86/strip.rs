//! A row of elements, registers full of them at a time: a function that reads, computes and writes what a body says.

use super::Isa;
use super::encode::{Address, Assembler, Lanes, Mask, Operand, Vector};
use super::hold::Holds;
use super::opcodes::{Order, Two};
use super::trace::{Op, Unit, Wide, chosen};
use super::weave::{Turn, Woven};
use super::words::Word;
use crate::kernel::LANES;

/// The rows of a loop, each `columns` elements long, and the loops around them.
#[derive(Clone, PartialEq, Debug)]
pub struct Strip {
    pub ops: Vec<Op>,
    pub sinks: Vec<Sink>,
    pub columns: usize,
    /// How many pointers to first elements, and how many elements that are the same in all lanes, the table holds.
    pub pointers: usize,
    pub known: usize,
    /// The outermost first.
    pub loops: Vec<Around>,
    /// What becomes of the lanes, where they are not read and written by the function's caller.
    pub each: Option<Each>,
    /// Whether nothing that is read lies where something is stored, so that stores may come before reads.
    pub apart: bool,
}

/// What is done with what was computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sink {
    Store {
        pointer: u32,
        /// So many bytes behind where the pointer shows.
        bytes: i32,
        unit: Unit,
        value: Wide,
    },
    /// It takes the place of what was folded so far, in the lane of its column.
    Fold(Wide),
}

impl Sink {
    pub fn value(&self) -> Wide {
        match *self {
            Sink::Store { value, .. } | Sink::Fold(value) => value,
        }
    }

    /// The same with another value.
    pub fn with_value(&self, to: impl Fn(Wide) -> Wide) -> Sink {
        match *self {
            Sink::Store { pointer, bytes, unit, value } => Sink::Store { pointer, bytes, unit, value: to(value) },
            Sink::Fold(value) => Sink::Fold(to(value)),
        }
    }
}

/// Lanes of each row, or of some rows together: they begin anew, are folded into one, and what comes of all of them is written side
/// by side.
#[derive(Clone, PartialEq, Debug)]
pub struct Each {
    /// Inside how many of the loops they begin.
    pub loops: usize,
    pub neutral: u32,
    /// How lanes are folded into one another: `value` of operations on [`Op::SoFar`] and [`Op::Beside`].
    pub ops: Vec<Op>,
    pub value: Wide,
}

/// A loop around the row: how often, and by how many bytes each pointer goes on.
#[derive(Clone, PartialEq, Debug)]
pub struct Around {
    pub extent: usize,
    pub steps: Vec<i32>,
}

/// The table that the function is given, and the registers that its loops use.
const TABLE: Word = Word::RDI;
const COLUMN: Word = Word::RCX;
const POINTERS: [Word; 13] = [
    Word::RSI,
    Word::RDX,
    Word::RAX,
    Word::R8,
    Word::R9,
    Word::R10,
    Word::R11,
    Word::RBX,
    Word::RBP,
    Word::R12,
    Word::R13,
    Word::R14,
    Word::R15,
];

/// Rows that take so many bytes together come from far away, and their elements are asked for so many bytes ahead: the
/// machine does so by itself within a page of its memory only.
const FAR: usize = 1 << 20;
const AHEAD: i32 = 2048;

impl Strip {
    /// The bytes of the elements of all rows.
    fn bytes(&self) -> usize {
        self.loops.iter().map(|around| around.extent).product::<usize>() * self.columns * 4
    }

    // The table: pointers, where the lanes lie, counters of loops, elements, and then what the function keeps for itself.

    pub fn pointer_at(&self, number: usize) -> usize {
        8 * number
    }

    /// The pointer to what was folded so far, of each lane, or to where it goes.
    pub fn lanes_at(&self) -> usize {
        8 * self.pointers
    }

    fn counter_at(&self, depth: usize) -> usize {
        8 * (self.pointers + 1 + depth)
    }

    pub fn known_at(&self, number: usize) -> usize {
        8 * (self.pointers + 1 + self.loops.len()) + 4 * number
    }

    fn own_at(&self) -> usize {
        self.known_at(self.known).next_multiple_of(64)
    }

    fn folds(&self) -> bool {
        self.sinks.iter().any(|sink| matches!(sink, Sink::Fold(_)))
    }

    /// The function `(table)` of the System V convention, and how many bytes its table takes, which begins with
    /// a line of the cache. `None` where there can be none.
    pub fn code(&self, isa: Isa) -> Option<(Vec<u8>, usize)> {
        let tail = !self.columns.is_multiple_of(isa.lanes());
        let of_bytes = |op: &Op| matches!(op, Op::Load { unit: Unit::One, mask, .. } if tail || mask.is_some());
        let to_bytes = |sink: &Sink| matches!(sink, Sink::Store { unit: Unit::One, .. } if tail);
        let reads_whole = self.ops.iter().any(|op| matches!(op, Op::At { .. }));
        let masks_bytes = self.ops.iter().any(of_bytes) || self.sinks.iter().any(to_bytes);
        let way = |around: &Around, step: &i32| around.extent as i64 * i64::from(*step);
        let far = |around: &Around| around.steps.iter().any(|step| i32::try_from(way(around, step)).is_err());
        let too_many = self.pointers > POINTERS.len() || self.columns > i32::MAX as usize / 4;
        if self.columns == 0
            || too_many
            || self.loops.iter().any(far)
            || (isa == Isa::Avx2 && masks_bytes)
            || (tail && reads_whole)
        {
            return None;
        }
        let own = |ops: &[Op]| if isa == Isa::Avx512 { chosen(ops) } else { ops.to_vec() };
        let ops = own(&self.ops);
        let each = self.each.as_ref();
        let each = &each.map(|it| Woven::of(isa, &own(&it.ops), &[Sink::Fold(it.value)], false, 1));
        let woven = |copies: usize| Woven::of(isa, &ops, &self.sinks, self.apart, copies);
        let one = &woven(1);
        let written = |turn: &Woven| {
            let mut writer = Writer { isa, strip: self, one, turn, each, code: Assembler::new(isa), tail, kept: 0 };
            writer.function();
            let bytes = self.own_at() + writer.own_known() + writer.kept * 4 * isa.lanes();
            (writer.kept, (writer.code.finish(), bytes))
        };
        // As many registers at once as need none of their results put aside.
        let at_once = self.at_once(isa, one.order.len()).into_iter().map(|copies| written(&woven(copies)));
        let best = at_once.into_iter().find(|(kept, _)| *kept == 0);
        Some(best.unwrap_or_else(|| written(one)).1)
    }

    /// How many registers may be worked on at once where each takes so many operations, the best first.
    fn at_once(&self, isa: Isa, operations: usize) -> Vec<usize> {
        let fits = |copies: &usize| self.columns >= copies * isa.lanes();
        let all: &[usize] = match operations {
            _ if self.folds() => &[LANES / isa.lanes()],
            LONG..=LONGEST => &[4, 2],
            _ => &[],
        };
        all.iter().copied().filter(fits).collect()
    }
}

/// A chain of so many operations is longer than what the machine sees of it at once. Of many more, even one register's take all
/// registers.
const LONG: usize = 24;
const LONGEST: usize = 100;

struct Writer<'a> {
    isa: Isa,
    strip: &'a Strip,
    /// What one register takes, and what those of a turn take.
    one: &'a Woven,
    turn: &'a Woven,
    /// How two registers of lanes are folded into one.
    each: &'a Option<Woven>,
    code: Assembler,
    /// Whether the last register of a row is not full.
    tail: bool,
    /// How many registers' contents are put aside at most.
    kept: usize,
}

/// The place of a part of the row: the first column behind that of the register, and whether all lanes are there.
#[derive(Clone, Copy)]
struct Part {
    first: usize,
    lanes: Lanes,
    /// The registers before it in a turn, and where lanes are folded, the register of the others.
    number: usize,
    beside: usize,
}

impl Part {
    fn new(first: usize, lanes: Lanes, number: usize) -> Part {
        Part { first, lanes, number, beside: 0 }
    }
}

impl Writer<'_> {
    fn at(&self, bytes: usize) -> Address {
        Address::of(TABLE).behind(bytes as i32)
    }

    /// The bytes of elements in as many copies as a register has lanes: AVX2 spreads none as it reads them.
    fn own_known(&self) -> usize {
        if self.isa == Isa::Avx2 { 32 * self.strip.known } else { 0 }
    }

    /// The register of the mask where masks stand in one, and of ones where comparisons need them: the last.
    fn special(&self) -> Vector {
        Vector(self.isa.registers() as u8 - 1)
    }

    /// The registers of what is folded, of AVX-512 two, of AVX2 four: those before the last.
    fn folded(&self, number: usize) -> Vector {
        Vector(self.special().0 - 1 - number as u8)
    }

    /// Registers of lanes.
    fn folds(&self) -> usize {
        if self.strip.folds() { LANES / self.isa.lanes() } else { 0 }
    }

    fn function(&mut self) {
        let strip = self.strip;
        let kept: Vec<Word> = POINTERS[..strip.pointers].iter().copied().filter(|word| word.is_kept()).collect();
        kept.iter().for_each(|&word| self.code.push(word));
        if self.isa == Isa::Avx2 {
            for number in 0..strip.known {
                self.code.broadcast(Vector(0), self.at(strip.known_at(number)));
                self.code.store(Vector(0), self.at(strip.own_at() + 32 * number));
            }
        }
        if self.tail {
            self.code.mask(strip.columns % self.isa.lanes(), self.special(), COLUMN);
        }
        if self.isa == Isa::Avx512 {
            self.code.ones(self.special());
        }
        let register = 4 * self.isa.lanes() as i32;
        let folded = (0..self.folds()).map(|it| (self.folded(it), Address::of(COLUMN).behind(it as i32 * register)));
        let folded: Vec<(Vector, Address)> = folded.filter(|_| strip.each.is_none()).collect();
        self.code.load_word(COLUMN, self.at(strip.lanes_at()));
        folded.iter().for_each(|&(to, at)| self.code.copy(to, Operand::Memory(at)));
        self.around(0);
        self.code.load_word(COLUMN, self.at(strip.lanes_at()));
        folded.iter().for_each(|&(from, at)| self.code.store(from, at));
        kept.iter().rev().for_each(|&word| self.code.pop(word));
    }

    /// The loops from the one of number `depth` on.
    fn around(&mut self, depth: usize) {
        match &self.strip.each {
            Some(each) if each.loops == depth => {
                let neutral = self.code.constant(each.neutral);
                (0..self.folds()).for_each(|number| self.code.copy(self.folded(number), neutral));
                self.inside(depth);
                self.halve();
                let at = self.at(self.strip.lanes_at());
                self.code.load_word(COLUMN, at);
                self.code.store_first(self.folded(0), Address::of(COLUMN));
                self.code.add_to_word(at, 4);
            }
            _ => self.inside(depth),
        }
    }

    /// Folds the upper half of the lanes into the lower until one is left.
    fn halve(&mut self) {
        let mut registers = self.folds() / 2;
        while registers > 0 {
            (0..registers).for_each(|number| self.fold([number, number + registers]));
            registers /= 2;
        }
        let mut lanes = self.isa.lanes() / 2;
        while lanes > 0 {
            self.code.down(self.folded(1), self.folded(0), lanes);
            self.fold([0, 1]);
            lanes /= 2;
        }
    }

    /// Folds the second of two registers of lanes into the first.
    fn fold(&mut self, [number, beside]: [usize; 2]) {
        let each = self.each.as_ref().expect("lanes are folded here");
        self.parts(each, &[Part { beside, ..Part::new(0, Lanes::All, number) }]);
    }

    fn inside(&mut self, depth: usize) {
        let strip = self.strip;
        let Some(around) = strip.loops.get(depth) else { return self.row() };
        let counter = self.at(strip.counter_at(depth));
        self.code.store_word(counter, around.extent as u32);
        let top = self.code.label();
        self.around(depth + 1);
        // What the next loop went forward is gone back.
        let inner = strip.loops.get(depth + 1);
        for (number, &step) in around.steps.iter().enumerate() {
            let gone = inner.map_or(0, |inner| inner.steps[number] * inner.extent as i32);
            if step != gone {
                self.code.add_to_word(self.at(strip.pointer_at(number)), step - gone);
            }
        }
        self.code.count_down_word(counter, top);
    }

    fn row(&mut self) {
        let strip = self.strip;
        for (number, &word) in POINTERS[..strip.pointers].iter().enumerate() {
            self.code.load_word(word, self.at(strip.pointer_at(number)));
        }
        let (lanes, turn) = (self.isa.lanes(), self.turn.copies.max(self.folds()));
        let whole = strip.columns / (turn * lanes);
        self.code.set(COLUMN, 0);
        if whole > 0 {
            let top = self.code.label();
            let parts = (0..turn).map(|number| Part::new(number * lanes, Lanes::All, number));
            let parts: Vec<Part> = parts.collect();
            parts.chunks(self.turn.copies).for_each(|parts| self.parts(self.turn, parts));
            self.code.add(COLUMN, (turn * lanes) as i32);
            if whole > 1 {
                self.code.until(COLUMN, (whole * turn * lanes) as i32, top);
            }
        }
        for (number, from) in (whole * turn * lanes..strip.columns).step_by(lanes).enumerate() {
            let lanes_here = if from + lanes <= strip.columns { Lanes::All } else { Lanes::Masked };
            self.parts(self.one, &[Part::new(number * lanes, lanes_here, number)]);
        }
    }

    /// Some registers full of columns.
    fn parts(&mut self, woven: &Woven, parts: &[Part]) {
        let special = usize::from(self.isa == Isa::Avx512 || self.tail);
        let taken = if self.strip.folds() { self.folds() + 1 } else { special };
        let home = self.strip.own_at() + self.own_known();
        let mut holds = Holds::new(self.isa, &woven.uses, self.isa.registers() - taken, self.at(home));
        for (number, op) in woven.ops.iter().enumerate() {
            let part = parts[woven.copy(Wide(number as u32))];
            let home = match *op {
                Op::Const(bits) => self.code.constant(bits),
                Op::Known(number) => match self.isa {
                    Isa::Avx512 => Operand::Spread(self.at(self.strip.known_at(number as usize))),
                    Isa::Avx2 => Operand::Memory(self.at(self.strip.own_at() + 32 * number as usize)),
                },
                Op::Spread { pointer } if self.isa == Isa::Avx512 => {
                    Operand::Spread(Address::of(POINTERS[pointer as usize]))
                }
                Op::At { pointer, bytes } => Operand::Memory(self.element(pointer, Unit::Four, part).behind(bytes)),
                Op::SoFar => {
                    holds.fix(Wide(number as u32), self.folded(part.number));
                    continue;
                }
                Op::Beside => {
                    holds.fix(Wide(number as u32), self.folded(part.beside));
                    continue;
                }
                _ => continue,
            };
            holds.lives(Wide(number as u32), home);
        }
        for (position, turn) in woven.order.iter().enumerate() {
            holds.go_to(position);
            match *turn {
                Turn::Op(wide) if holds.has_home(wide) => {}
                Turn::Op(wide) => self.op(&mut holds, (wide, &woven.ops[wide.0 as usize]), parts[woven.copy(wide)]),
                Turn::Sink(number) => {
                    self.sink(&mut holds, &woven.sinks[number], parts[woven.copy_of_sink(number)]);
                }
            }
        }
        self.kept = self.kept.max(holds.kept());
    }

    fn element(&self, pointer: u32, unit: Unit, part: Part) -> Address {
        let base = Address::of(POINTERS[pointer as usize]);
        match unit {
            Unit::Four => base.behind(4 * part.first as i32).indexed(COLUMN, 2),
            Unit::One => base.behind(part.first as i32).indexed(COLUMN, 0),
        }
    }

    fn op(&mut self, holds: &mut Holds, (wide, op): (Wide, &Op), part: Part) {
        let code = &mut self.code;
        match *op {
            Op::Const(_) | Op::Known(_) | Op::SoFar | Op::Beside | Op::At { .. } => {
                unreachable!("these are somewhere")
            }
            Op::Column => {
                let to = holds.take(code, wide);
                code.spread(to, COLUMN);
                let steps = code.constants(std::array::from_fn(|lane| (part.first + lane) as u32));
                code.two(Two::IntAdd, to, to, steps);
            }
            Op::Spread { pointer } => {
                let to = holds.take(code, wide);
                code.broadcast(to, Address::of(POINTERS[pointer as usize]));
            }
            Op::Load { pointer, unit, mask } => {
                let mask = mask.map(|mask| holds.register(code, mask));
                let to = holds.take(code, wide);
                let from = self.element(pointer, unit, part);
                if unit == Unit::Four && self.strip.bytes() >= FAR {
                    self.code.ahead(from.behind(AHEAD), false);
                }
                self.load(to, from, unit, (part.lanes, mask));
            }
            Op::Two(what, a, b) => {
                let (a, b) = operands(holds, code, what.commutes(), [a, b]);
                let to = holds.take(code, wide);
                code.two(what, to, a, b);
            }
            Op::Compare(what, a, b) => {
                let (a, b) = operands(holds, code, what.commutes(), [a, b]);
                let to = holds.take(code, wide);
                let ones = Vector(self.isa.registers() as u8 - 1);
                code.compare(what, to, a, b, ones);
            }
            Op::One(what, a) => {
                let a = holds.operand(code, a);
                let to = holds.take(code, wide);
                code.one(what, to, a);
            }
            Op::Shift(what, by, a) => {
                let a = holds.register(code, a);
                let to = holds.take(code, wide);
                code.shift(what, to, a, by);
            }
            Op::MulAdd { negated, factors, term } => self.multiply(holds, wide, negated, factors, term),
            Op::Select(operands) => self.select(holds, wide, operands),
            Op::Choose { what, of: [a, b], then: [yes, no] } => {
                let (a, b) = operands(holds, code, what.commutes(), [a, b]);
                code.compare_to(what, Mask(2), a, b);
                let (no, yes) = (holds.register(code, no), holds.operand(code, yes));
                let to = holds.take(code, wide);
                code.choose(to, Mask(2), yes, no);
            }
        }
    }

    /// One of the three operands is where the result goes.
    fn multiply(&mut self, holds: &mut Holds, wide: Wide, negated: bool, [a, b]: [Wide; 2], term: Wide) {
        let code = &mut self.code;
        let [a, b] = in_turn(holds, true, [a, b]);
        if holds.ends(term) && holds.in_register(term) && term != a && term != b {
            holds.register(code, term);
            let (x, y) = (holds.register(code, a), holds.operand(code, b));
            let to = holds.take_over(wide, term);
            return code.multiply(Order::Add231, negated, to, x, y);
        }
        for (over, other) in [(a, b), (b, a)] {
            if holds.ends(over) && holds.in_register(over) && over != other && over != term {
                let (order, second, third) = match holds.in_register(term) {
                    true => (Order::Add132, term, other),
                    false => (Order::Add213, other, term),
                };
                holds.register(code, over);
                let (second, third) = (holds.register(code, second), holds.operand(code, third));
                let to = holds.take_over(wide, over);
                return code.multiply(order, negated, to, second, third);
            }
        }
        let (x, y, z) = (holds.register(code, a), holds.operand(code, b), holds.operand(code, term));
        let to = holds.take_apart(code, wide);
        code.copy(to, z);
        code.multiply(Order::Add231, negated, to, x, y);
    }

    fn select(&mut self, holds: &mut Holds, wide: Wide, [c, a, b]: [Wide; 3]) {
        let code = &mut self.code;
        if self.isa == Isa::Avx2 {
            let (c, b, a) = (holds.register(code, c), holds.register(code, b), holds.operand(code, a));
            let to = holds.take(code, wide);
            return code.blend(to, c, a, b);
        }
        let condition = holds.register(code, c);
        // The tables of `c ? a : b` with `a` in the second and in the third place.
        let turned = !holds.in_register(a) && holds.in_register(b);
        let (table, a, b) = if turned { (0xac, b, a) } else { (0xca, a, b) };
        let (second, third) = (holds.register(code, a), holds.operand(code, b));
        let to = match holds.ends(c) && c != a && c != b {
            true => holds.take_over(wide, c),
            false => {
                let to = holds.take_apart(code, wide);
                code.copy(to, Operand::Register(condition));
                to
            }
        };
        code.ternary(table, to, second, third);
    }

    /// Reads elements: those that are there in this part of the row, and of them those that the lanes of a register say.
    fn load(&mut self, to: Vector, from: Address, unit: Unit, (lanes, within): (Lanes, Option<Vector>)) {
        let special = self.special();
        let code = &mut self.code;
        let tail = (lanes == Lanes::Masked).then_some(Mask::TAIL);
        match (self.isa, within) {
            (Isa::Avx512, Some(within)) => {
                let mask = Mask(3);
                code.mask_of(mask, within, tail);
                match unit {
                    Unit::Four => code.load_within(to, from, mask),
                    Unit::One => code.load_bytes(to, from, Some(mask)),
                }
            }
            (Isa::Avx2, Some(within)) if lanes == Lanes::Masked => {
                code.two(Two::And, to, within, Operand::Register(special));
                code.load(to, from, Lanes::Masked, to);
            }
            (Isa::Avx2, Some(within)) => code.load(to, from, Lanes::Masked, within),
            (_, None) => match unit {
                Unit::Four => code.load(to, from, lanes, special),
                Unit::One => code.load_bytes(to, from, tail),
            },
        }
    }

    fn sink(&mut self, holds: &mut Holds, sink: &Sink, part: Part) {
        let special = self.special();
        match *sink {
            Sink::Fold(value) => {
                let value = holds.register(&mut self.code, value);
                let to = self.folded(part.number);
                match part.lanes {
                    Lanes::All => self.code.copy(to, Operand::Register(value)),
                    Lanes::Masked => self.code.copy_masked(to, value, special),
                }
            }
            Sink::Store { pointer, bytes, unit, value } => {
                let to = self.element(pointer, unit, part).behind(bytes);
                let code = &mut self.code;
                let mut value = holds.register(code, value);
                match (unit, part.lanes) {
                    (Unit::Four, Lanes::All) => code.store(value, to),
                    (Unit::Four, Lanes::Masked) => code.store_masked(value, to, special),
                    (Unit::One, lanes) => {
                        let mut scratch = value;
                        if self.isa == Isa::Avx2 {
                            let [own, other] = holds.spare(code);
                            code.copy(own, Operand::Register(value));
                            (value, scratch) = (own, other);
                        }
                        code.store_bytes(value, to, lanes, scratch);
                    }
                }
            }
        }
    }
}

/// Two operands, of which the second may be in memory, the other way round if that saves reading the first.
fn in_turn(holds: &Holds, commutes: bool, [a, b]: [Wide; 2]) -> [Wide; 2] {
    if commutes && !holds.in_register(a) && holds.in_register(b) { [b, a] } else { [a, b] }
}

fn operands(holds: &mut Holds, code: &mut Assembler, commutes: bool, both: [Wide; 2]) -> (Vector, Operand) {
    let [a, b] = in_turn(holds, commutes, both);
    (holds.register(code, a), holds.operand(code, b))
}
