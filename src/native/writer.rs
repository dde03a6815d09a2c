//! A kernel's body as instructions: indices, loads, scalars and stores at one point, or at four neighbouring ones.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    BlockArg, FuncRef, InstBuilder, MemFlagsData, StackSlot, StackSlotData, StackSlotKind, Value, types,
};

use super::along::Along;
use super::lanes::{Code, Lanes, WIDE, Width, type_of};
use super::x86::LINE;
use crate::kernel::{Affine, Body, Buffer, Load, Plan, Reg, Store, Var, Work, width};
use crate::scalar::{Dtype, Ops};
use crate::tensor::random;

/// The function of one kernel.
pub struct Writer<'a, 'f> {
    pub plan: &'a Plan,
    pub code: &'a Code<'f>,
    /// Where each buffer that the kernel touches begins.
    pub bases: Vec<Option<Value>>,
    pub clock: Clock,
    /// Where functions are that Cranelift does not write.
    pub foreign: &'a dyn Fn(&Code<'f>, Vec<u8>, usize) -> FuncRef,
}

/// The seed (i64) and the number of the step (i32).
#[derive(Clone, Copy)]
pub struct Clock {
    pub seed: Value,
    pub step: Value,
}

/// A body, as far as it is known at the place of the code that is being written.
#[derive(Clone)]
pub struct Scope<'k> {
    pub body: &'k Body,
    /// The depth of each line.
    depths: Vec<usize>,
    /// The index along each axis, where it is known; of four points, the first.
    point: Vec<Option<Value>>,
    /// The axis along which values hold four neighbouring points; the lines that differ along it are wide.
    wide: Option<Along<'k>>,
    values: Vec<Option<Value>>,
    /// Which guards are known to hold, or to fail, all over the loop that is open.
    known: Vec<Option<bool>>,
    /// The value of the core.
    pub core: Option<Value>,
}

/// An axis is cut into no more ranges.
const RANGES: usize = 3;

impl<'k> Scope<'k> {
    /// A body before any of the loops of `axes` is open. The value of the core is known when `core` of them are.
    pub fn new(body: &'k Body, axes: usize, core: usize) -> Scope<'k> {
        let lines = body.lines.len();
        let (values, known) = (vec![None; lines], vec![None; body.guards.len()]);
        let (depths, point) = (body.depths(core), vec![None; axes]);
        Scope { body, depths, point, wide: None, values, known, core: None }
    }

    /// How many axes there are.
    pub fn axes(&self) -> usize {
        self.point.len()
    }

    pub fn width(&self) -> Width {
        if self.wide.is_some() { Width::Four } else { Width::One }
    }

    /// The index along an axis whose loop is open.
    pub fn place_along(&self, axis: usize) -> Value {
        self.point[axis].expect("the loop is open")
    }

    /// Takes `index` as the index along an axis. If it is wide, values hold the points at `index` and its neighbours.
    pub fn enter(&mut self, axis: usize, index: Value, wide: bool) {
        self.point[axis] = Some(index);
        if self.wide.as_ref().is_some_and(|wide| wide.axis == axis) {
            self.wide = None;
        }
        if wide {
            self.wide = Some(Along::of(self.body, axis));
        }
    }

    /// Whether a number differs along the wide axis.
    fn differs(&self, number: &Affine) -> bool {
        self.wide.as_ref().is_some_and(|wide| wide.number(number))
    }

    /// Whether a line has four values at once.
    fn is_wide(&self, reg: Reg) -> bool {
        self.wide.as_ref().is_some_and(|wide| wide.line(reg))
    }

    /// The guards that may hold or not; `None` if one of them fails for sure.
    pub fn open(&self, guards: &[u32]) -> Option<Vec<u32>> {
        let of = |guard: &u32| self.known[*guard as usize];
        let fails = guards.iter().any(|guard| of(guard) == Some(false));
        (!fails).then(|| guards.iter().copied().filter(|guard| of(guard).is_none()).collect())
    }

    /// The places of an axis at which a guard holds, if it looks at nothing but them.
    fn holds(&self, guard: usize, axis: usize, extent: usize) -> Option<(usize, usize)> {
        let guard = &self.body.guards[guard];
        if guard.divisor != 1 || guard.value.terms() != [(Var::Axis(axis as u32), 1)] {
            return None;
        }
        let from = (-guard.value.constant).clamp(0, extent as i64);
        let to = (guard.extent as i64 - guard.value.constant).clamp(from, extent as i64);
        Some((from as usize, to as usize))
    }

    /// Ranges of an axis in each of which guards that look at it alone hold everywhere or nowhere.
    pub fn ranges(&self, axis: usize, extent: usize) -> Vec<(usize, usize)> {
        let matter = |guard: &usize| {
            let within =
                |guards: &[u32]| self.open(guards).is_some_and(|open| open.iter().any(|&it| it as usize == *guard));
            self.body.lines.iter().any(|line| match &line.work {
                Work::Load(Load { guards, .. }) | Work::Mask(guards, _) => within(guards),
                _ => false,
            })
        };
        let guards = (0..self.known.len()).filter(matter);
        let mut ends: Vec<usize> =
            guards.filter_map(|guard| self.holds(guard, axis, extent)).flat_map(|(from, to)| [from, to]).collect();
        ends.extend([0, extent]);
        ends.sort_unstable();
        ends.dedup();
        if ends.len() > RANGES + 1 {
            return vec![(0, extent)];
        }
        ends.windows(2).map(|ends| (ends[0], ends[1])).collect()
    }

    /// Takes the guards that look at an axis alone as known in a range of it; of no range, none of them is.
    pub fn within(&mut self, axis: usize, extent: usize, range: Option<(usize, usize)>) {
        for guard in 0..self.known.len() {
            let Some((first, last)) = self.holds(guard, axis, extent) else { continue };
            self.known[guard] = range.and_then(|(from, to)| match () {
                () if first <= from && to <= last => Some(true),
                () if to <= first || last <= from => Some(false),
                () => None,
            });
        }
    }

    fn any_differs(&self, guards: &[u32]) -> bool {
        guards.iter().any(|&guard| self.differs(&self.body.guards[guard as usize].value))
    }
}

/// Memory that is there, without a promise about its alignment.
pub fn memory() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

// ------------------------------------------------------------------------------------------------------- loops

impl<'f> Writer<'_, 'f> {
    /// A loop over `from, from + step, …` below `to`, through which values are carried. Gives those of the last turn.
    pub fn repeat(
        &self,
        (from, to, step): (usize, usize, usize),
        carried: &[Value],
        turn: &mut dyn FnMut(Value, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        if from >= to {
            return carried.to_vec();
        }
        let start = self.code.index(from as i64);
        if from + step >= to {
            return turn(start, carried);
        }
        let arguments = |values: &[Value]| values.iter().copied().map(BlockArg::Value).collect::<Vec<_>>();
        let (top, done) = self.code.with(|builder| (builder.create_block(), builder.create_block()));
        let index = self.code.with(|builder| builder.append_block_param(top, types::I64));
        let kinds: Vec<_> = carried.iter().map(|&value| self.code.type_of(value)).collect();
        let inside: Vec<Value> =
            kinds.iter().map(|&kind| self.code.with(|builder| builder.append_block_param(top, kind))).collect();
        let after: Vec<Value> =
            kinds.iter().map(|&kind| self.code.with(|builder| builder.append_block_param(done, kind))).collect();
        self.code.ins(|ins| ins.jump(top, &arguments(&[&[start], carried].concat())));
        self.code.with(|builder| builder.switch_to_block(top));
        let results = turn(index, &inside);
        let next = self.code.ins(|ins| ins.iadd_imm_s(index, step as i64));
        let more = self.code.ins(|ins| ins.icmp_imm_u(IntCC::UnsignedLessThan, next, to as i64));
        let again = arguments(&[&[next], &results[..]].concat());
        self.code.ins(|ins| ins.brif(more, top, &again, done, &arguments(&results)));
        self.code.with(|builder| builder.switch_to_block(done));
        after
    }

    /// Opens the loops of the axes from `axis` up to `extents.len()` in all scopes, the one of axis `wide` in steps of four
    /// and then singly, and writes `leaf` inside. Lines are written in the outermost loop in which they are known; the
    /// lines of the innermost are left to `leaf`.
    pub fn descend<'k>(
        &self,
        scopes: &mut [Scope<'k>],
        axis: usize,
        extents: &[usize],
        wide: Option<usize>,
        leaf: &mut dyn FnMut(&mut [Scope<'k>]),
    ) {
        let Some(&extent) = extents.get(axis) else { return leaf(scopes) };
        scopes.iter_mut().for_each(|scope| self.lines(scope, axis..axis + 1));
        let mut turns = |scopes: &mut [Scope<'k>], range: (usize, usize, usize), wide_here: bool| {
            self.repeat(range, &[], &mut |index, _| {
                scopes.iter_mut().for_each(|scope| scope.enter(axis, index, wide_here));
                self.descend(scopes, axis + 1, extents, wide, leaf);
                Vec::new()
            });
        };
        if wide == Some(axis) {
            let singly = extent - extent % WIDE;
            turns(scopes, (0, singly, WIDE), true);
            return turns(scopes, (singly, extent, 1), false);
        }
        // One body is written for each range; where there are two, as around reductions, that would be long.
        let [scope] = scopes else { return turns(scopes, (0, extent, 1), false) };
        for range in scope.ranges(axis, extent) {
            scopes[0].within(axis, extent, Some(range));
            turns(scopes, (range.0, range.1, 1), false);
        }
        scopes[0].within(axis, extent, None);
    }

    /// Memory of this call.
    pub fn slot(&self, bytes: usize) -> StackSlot {
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes as u32, 4);
        self.code.with(|builder| builder.create_sized_stack_slot(data))
    }

    /// Memory of this call that begins with a line of the cache: a wide register that lies in two lines is written and read slowly.
    pub fn lines_of_cache(&self, bytes: usize) -> Value {
        let start = self.slot_address(self.slot(bytes + LINE - 1));
        let behind = self.code.ins(|ins| ins.iadd_imm_s(start, LINE as i64 - 1));
        self.code.ins(|ins| ins.band_imm_s(behind, -(LINE as i64)))
    }

    pub fn slot_address(&self, slot: StackSlot) -> Value {
        self.code.ins(|ins| ins.stack_addr(types::I64, slot, 0))
    }
}

// ------------------------------------------------------------------------------------------------------- lines

impl<'f> Writer<'_, 'f> {
    pub fn lanes(&self, width: Width) -> Lanes<'_, 'f> {
        Lanes { code: self.code, width }
    }

    /// Writes the lines whose depths are in `depths`.
    pub fn lines(&self, scope: &mut Scope, depths: std::ops::Range<usize>) {
        self.lines_where(scope, &|_, depth| depths.contains(&depth));
    }

    /// Writes the lines that are chosen by their numbers and their depths.
    pub fn lines_where(&self, scope: &mut Scope, chosen: &dyn Fn(Reg, usize) -> bool) {
        for reg in scope.body.regs() {
            let at = reg.0 as usize;
            if chosen(reg, scope.depths[at]) {
                scope.values[at] = Some(self.line(scope, reg));
            }
        }
    }

    fn line(&self, scope: &Scope, reg: Reg) -> Value {
        let line = &scope.body.lines[reg.0 as usize];
        let dtype = line.dtype;
        let width = if scope.is_wide(reg) { Width::Four } else { Width::One };
        let lanes = self.lanes(width);
        match (&line.work, width) {
            (Work::Core, _) => scope.core.expect("the core comes before"),
            (Work::Const(bits), _) => lanes.bits_of(dtype, *bits),
            (Work::Step, _) => self.clock.step,
            (Work::Map(scalar, args), _) => {
                let dtypes: Vec<Dtype> = args.iter().map(|&arg| scope.body.dtype(arg)).collect();
                let args: Vec<Value> = args.iter().map(|&arg| self.value(scope, arg, width)).collect();
                scalar.apply(&dtypes, &lanes, &args)
            }
            (Work::Load(load), Width::One) => self.load(scope, load, 0),
            (Work::Load(load), Width::Four) => self.load_wide(scope, load),
            (Work::Mask(guards, reg), _) if scope.open(guards).is_none_or(|open| open.is_empty()) => {
                match scope.open(guards) {
                    Some(_) => self.value(scope, *reg, width),
                    None => lanes.bits_of(dtype, 0),
                }
            }
            (Work::Mask(guards, reg), Width::One) => {
                let (holds, value) = (self.guards(scope, guards, 0), self.value(scope, *reg, width));
                lanes.select(holds, value, lanes.bits_of(dtype, 0))
            }
            (Work::Mask(guards, reg), Width::Four) => {
                let holds = match scope.any_differs(guards) {
                    true => self.each_lane(Dtype::Bool, |lane| self.guards(scope, guards, lane)),
                    false => self.code.splat(Dtype::Bool, self.guards(scope, guards, 0)),
                };
                let value = self.value(scope, *reg, width);
                self.code.cast(type_of(dtype, width), lanes.select(holds, value, lanes.bits_of(dtype, 0)))
            }
            (Work::Index(at), Width::One) => self.integer(scope, at, 0),
            (Work::Index(at), Width::Four) => self.integers(scope, at),
            (Work::Random { draw, site, at }, _) => {
                let stream = self.stream(*site);
                match width {
                    Width::One => random::draw(&lanes, *draw, &stream, self.integer(scope, at, 0)),
                    Width::Four => {
                        let stream = stream.map(|value| self.code.splat(Dtype::I32, value));
                        random::draw(&lanes, *draw, &stream, self.integers(scope, at))
                    }
                }
            }
        }
    }

    /// The stream of a site in this step.
    pub fn stream(&self, site: u32) -> random::Stream<Value> {
        let seed = [0, 32].map(|by| {
            let half = self.code.ins(|ins| ins.ushr_imm_u(self.clock.seed, by));
            self.code.ins(|ins| ins.ireduce(types::I32, half))
        });
        random::stream(&self.lanes(Width::One), seed, self.clock.step, site)
    }

    /// Calls a function that Cranelift does not write.
    pub fn call(&self, bytes: Vec<u8>, addresses: &[Value]) {
        let function = (self.foreign)(self.code, bytes, addresses.len());
        self.code.ins(|ins| ins.call(function, addresses));
    }

    fn each_lane(&self, dtype: Dtype, element: impl FnMut(usize) -> Value) -> Value {
        self.code.gather(dtype, std::array::from_fn(element))
    }

    /// A register in the width that is asked for.
    pub fn value(&self, scope: &Scope, reg: Reg, width: Width) -> Value {
        let value = scope.values[reg.0 as usize].expect("lines come in their order");
        match (width, scope.is_wide(reg)) {
            (Width::Four, false) => self.code.splat(scope.body.dtype(reg), value),
            (Width::Four, true) | (Width::One, false) => value,
            (Width::One, true) => unreachable!("a wide value where one element is wanted"),
        }
    }
}

// ----------------------------------------------------------------------------------------------------- indices

impl Writer<'_, '_> {
    /// A number at the point, or at its neighbour `lane` places further along the wide axis.
    fn number(&self, scope: &Scope, number: &Affine, lane: usize) -> Value {
        let number = scope.body.expand(number);
        let wide = scope.wide.as_ref().map(|wide| number.factor(Var::Axis(wide.axis as u32)));
        let constant = number.constant + wide.unwrap_or(0) * lane as i64;
        let mut sum: Option<Value> = None;
        for &(var, factor) in number.terms() {
            let mut term = self.variable(scope, var, lane);
            if factor != 1 {
                term = self.code.ins(|ins| ins.imul_imm_s(term, factor));
            }
            sum = Some(sum.map_or(term, |sum| self.code.ins(|ins| ins.iadd(sum, term))));
        }
        match sum {
            Some(sum) if constant == 0 => sum,
            Some(sum) => self.code.ins(|ins| ins.iadd_imm_s(sum, constant)),
            None => self.code.index(constant),
        }
    }

    /// A variable; that of the wide axis at lane 0.
    fn variable(&self, scope: &Scope, var: Var, lane: usize) -> Value {
        match var {
            Var::Axis(axis) => scope.place_along(axis as usize),
            Var::Inside(guard) => {
                let guard = &scope.body.guards[guard as usize];
                let value = self.number(scope, &guard.value, lane);
                match guard.divisor.is_power_of_two() {
                    true => self.code.ins(|ins| ins.sshr_imm_u(value, i64::from(guard.divisor.ilog2()))),
                    false => self.code.ins(|ins| ins.sdiv_imm_s(value, guard.divisor as i64)),
                }
            }
            Var::Place(place) => {
                let place = scope.body.places[place as usize];
                let mut index = scope.values[place.reg.0 as usize].expect("lines come in their order");
                if scope.is_wide(place.reg) {
                    index = self.code.ins(|ins| ins.extractlane(index, lane as u8));
                }
                let (low, high) = (self.lanes(Width::One).int(0), self.lanes(Width::One).int(place.extent as i32 - 1));
                let index = self.code.ins(|ins| ins.smax(index, low));
                let index = self.code.ins(|ins| ins.smin(index, high));
                self.code.ins(|ins| ins.sextend(types::I64, index))
            }
        }
    }

    pub fn integer(&self, scope: &Scope, number: &Affine, lane: usize) -> Value {
        let number = self.number(scope, number, lane);
        self.code.ins(|ins| ins.ireduce(types::I32, number))
    }

    /// The number at four neighbouring points.
    fn integers(&self, scope: &Scope, number: &Affine) -> Value {
        let axis = Var::Axis(scope.wide.as_ref().expect("a wide axis").axis as u32);
        let number = scope.body.expand(number);
        let factor = number.factor(axis);
        if scope.differs(&number.add(&Affine::var(axis).times(-factor))) {
            return self.each_lane(Dtype::I32, |lane| self.integer(scope, &number, lane));
        }
        let first = self.code.splat(Dtype::I32, self.integer(scope, &number, 0));
        let steps = self.code.four(types::I32X4, std::array::from_fn(|lane| (lane as i64 * factor) as u32));
        self.code.ins(|ins| ins.iadd(first, steps))
    }

    /// Whether all guards hold.
    pub fn guards(&self, scope: &Scope, guards: &[u32], lane: usize) -> Value {
        let mut all: Option<Value> = None;
        for &guard in guards {
            let guard = &scope.body.guards[guard as usize];
            let (value, divisor) = (self.number(scope, &guard.value, lane), guard.divisor as i64);
            let end = guard.extent as i64 * divisor;
            // As an unsigned number, what is below zero is large.
            let mut holds = self.code.ins(|ins| ins.icmp_imm_u(IntCC::UnsignedLessThan, value, end));
            if divisor > 1 {
                let rest = match guard.divisor.is_power_of_two() {
                    true => self.code.ins(|ins| ins.band_imm_s(value, divisor - 1)),
                    false => self.code.ins(|ins| ins.srem_imm_s(value, divisor)),
                };
                let whole = self.code.ins(|ins| ins.icmp_imm_s(IntCC::Equal, rest, 0));
                holds = self.code.ins(|ins| ins.band(holds, whole));
            }
            all = Some(all.map_or(holds, |all| self.code.ins(|ins| ins.band(all, holds))));
        }
        all.unwrap_or_else(|| self.lanes(Width::One).truth(true))
    }
}

// ------------------------------------------------------------------------------------------------------ memory

impl Writer<'_, '_> {
    fn buffer(&self, buffer: usize) -> (&Buffer, Value) {
        (&self.plan.buffers[buffer], self.bases[buffer].expect("a buffer of the kernel"))
    }

    /// Where an element is.
    pub fn address(&self, scope: &Scope, buffer: usize, at: &Affine, lane: usize) -> Value {
        let (buffer, base) = self.buffer(buffer);
        if *at == Affine::default() {
            return base;
        }
        let bytes = self.number(scope, &at.times(width(buffer.dtype) as i64), lane);
        self.code.ins(|ins| ins.iadd(base, bytes))
    }

    fn load(&self, scope: &Scope, load: &Load, lane: usize) -> Value {
        let (buffer, base) = self.buffer(load.buffer);
        let (lanes, dtype) = (self.lanes(Width::One), buffer.dtype);
        let kind = type_of(dtype, Width::One);
        let open = scope.open(&load.guards);
        let Some(guards) = open.filter(|_| buffer.size() != 0) else { return lanes.bits_of(dtype, 0) };
        let mut address = self.address(scope, load.buffer, &load.at, lane);
        if guards.is_empty() {
            return self.code.ins(|ins| ins.load(kind, memory(), address, 0));
        }
        // The first element is there in any case.
        let holds = self.guards(scope, &guards, lane);
        address = self.code.ins(|ins| ins.select(holds, address, base));
        let value = self.code.ins(|ins| ins.load(kind, memory(), address, 0));
        lanes.select(holds, value, lanes.bits_of(dtype, 0))
    }

    fn load_wide(&self, scope: &Scope, load: &Load) -> Value {
        let (buffer, base) = self.buffer(load.buffer);
        let dtype = buffer.dtype;
        let Some(guards) = scope.open(&load.guards) else { return self.lanes(Width::Four).bits_of(dtype, 0) };
        // What fails for one of the four fails for all of them, or else each is read on its own.
        if buffer.size() < WIDE || scope.any_differs(&guards) || !self.is_row(scope, &load.at) {
            return self.each_lane(dtype, |lane| self.load(scope, load, lane));
        }
        let address = self.address(scope, load.buffer, &load.at, 0);
        if guards.is_empty() {
            return self.load_row(dtype, address);
        }
        // The first elements are there in any case.
        let holds = self.guards(scope, &guards, 0);
        let address = self.code.ins(|ins| ins.select(holds, address, base));
        let (value, lanes) = (self.load_row(dtype, address), self.lanes(Width::Four));
        let selected = lanes.select(self.code.splat(Dtype::Bool, holds), value, lanes.bits_of(dtype, 0));
        self.code.cast(type_of(dtype, Width::Four), selected)
    }

    /// Whether four neighbouring points are four neighbouring elements.
    fn is_row(&self, scope: &Scope, at: &Affine) -> bool {
        let Some(axis) = scope.wide.as_ref().map(|wide| wide.axis) else { return false };
        let number = scope.body.expand(at);
        let along = Affine::var(Var::Axis(axis as u32));
        number.factor(Var::Axis(axis as u32)) == 1 && !scope.differs(&number.add(&along.times(-1)))
    }

    /// The four elements from an address on.
    pub fn load_row(&self, dtype: Dtype, address: Value) -> Value {
        if dtype != Dtype::Bool {
            return self.code.ins(|ins| ins.load(type_of(dtype, Width::Four), memory(), address, 0));
        }
        let bytes = self.code.ins(|ins| ins.load(types::I32, memory(), address, 0));
        let bytes = self.code.ins(|ins| ins.scalar_to_vector(types::I32X4, bytes));
        let bytes = self.code.cast(types::I8X16, bytes);
        let halves = self.code.ins(|ins| ins.uwiden_low(bytes));
        let words = self.code.ins(|ins| ins.uwiden_low(halves));
        self.code.ins(|ins| ins.ineg(words))
    }

    /// Writes four elements from an address on.
    fn store_row(&self, dtype: Dtype, value: Value, address: Value) {
        if dtype != Dtype::Bool {
            self.code.ins(|ins| ins.store(memory(), value, address, 0));
            return;
        }
        let words = self.code.ins(|ins| ins.ineg(value));
        let halves = self.code.ins(|ins| ins.snarrow(words, words));
        let bytes = self.code.ins(|ins| ins.snarrow(halves, halves));
        let bytes = self.code.cast(types::I32X4, bytes);
        let bytes = self.code.ins(|ins| ins.extractlane(bytes, 0));
        self.code.ins(|ins| ins.store(memory(), bytes, address, 0));
    }

    /// Writes one of four elements that lie apart.
    fn store_lane(&self, scope: &Scope, store: &Store, value: Value, lane: usize) {
        let dtype = self.plan.buffers[store.buffer].dtype;
        let address = self.address(scope, store.buffer, &store.at, lane);
        let mut element = self.code.ins(|ins| ins.extractlane(value, lane as u8));
        if dtype == Dtype::Bool {
            let bit = self.code.ins(|ins| ins.band_imm_u(element, 1));
            element = self.code.ins(|ins| ins.ireduce(types::I8, bit));
        }
        self.code.ins(|ins| ins.store(memory(), element, address, 0));
    }

    pub fn store(&self, scope: &Scope, store: &Store) {
        let dtype = self.plan.buffers[store.buffer].dtype;
        let width = scope.width();
        let value = self.value(scope, store.value, width);
        let address = self.address(scope, store.buffer, &store.at, 0);
        match width {
            Width::Four => {
                assert!(!store.adds, "what is added is added point by point");
                match self.is_row(scope, &store.at) {
                    true => self.store_row(dtype, value, address),
                    false => (0..WIDE).for_each(|lane| self.store_lane(scope, store, value, lane)),
                }
            }
            Width::One if store.adds => {
                let kind = type_of(dtype, Width::One);
                let old = self.code.ins(|ins| ins.load(kind, memory(), address, 0));
                let sum = self.lanes(Width::One).add(old, value);
                self.code.ins(|ins| ins.store(memory(), sum, address, 0));
            }
            Width::One => _ = self.code.ins(|ins| ins.store(memory(), value, address, 0)),
        }
    }
}
