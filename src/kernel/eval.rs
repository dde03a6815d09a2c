//! The kernel interpreter: the meaning of loops, which machine code repeats bit for bit.

use super::affine::{Affine, Var};
use super::winograd::{self, Reader};
use super::{Body, Core, Home, Kernel, LANES, Load, Plan, Reduction, Reg, Store, Turns, Type, Work};
use crate::scalar::ops::Ops;
use crate::scalar::plain::Single;
use crate::tensor::{Array, Clock, Data, Dtype, Executor, random};

/// Runs a plan loop by loop.
pub struct Interpreter {
    plan: Plan,
    arena: Vec<u8>,
}

impl Interpreter {
    pub fn new(plan: Plan) -> Interpreter {
        let arena = vec![0; plan.arena];
        Interpreter { plan, arena }
    }
}

impl Executor for Interpreter {
    fn run(&mut self, states: &mut [Array], feeds: &[&Array], clock: Clock) -> Vec<Array> {
        let mut results: Vec<Array> =
            self.plan.results.iter().map(|(shape, dtype)| Array::zeros(shape, *dtype)).collect();
        let mut memory = Memory { plan: &self.plan, arena: &mut self.arena, states, feeds, results: &mut results };
        for kernel in &self.plan.kernels {
            run(kernel, &mut memory, clock);
        }
        results
    }
}

/// The buffers of a running plan. An element is 32 bits wherever it is: those of an f32 or an i32, 0 or 1 for a bool.
struct Memory<'a> {
    plan: &'a Plan,
    arena: &'a mut [u8],
    states: &'a mut [Array],
    feeds: &'a [&'a Array],
    results: &'a mut [Array],
}

impl Memory<'_> {
    fn read(&self, buffer: usize, at: i64) -> u32 {
        let Some(at) = usize::try_from(at).ok() else { panic!("a place before buffer {buffer}") };
        let array = match self.plan.buffers[buffer].home {
            Home::State(slot) => &self.states[slot as usize],
            Home::Feed(slot) => self.feeds[slot as usize],
            Home::Result(slot) => &self.results[slot as usize],
            Home::Arena(start) => {
                return match self.plan.buffers[buffer].dtype {
                    Dtype::Bool => self.arena[start + at].into(),
                    Dtype::F32 | Dtype::I32 => {
                        let bytes = &self.arena[start + 4 * at..][..4];
                        u32::from_le_bytes(bytes.try_into().expect("four bytes"))
                    }
                };
            }
        };
        match &array.data {
            Data::F32(data) => data[at].to_bits(),
            Data::I32(data) => data[at] as u32,
            Data::Bool(data) => data[at].into(),
        }
    }

    fn write(&mut self, buffer: usize, at: i64, bits: u32) {
        let Some(at) = usize::try_from(at).ok() else { panic!("a place before buffer {buffer}") };
        let array = match self.plan.buffers[buffer].home {
            Home::State(slot) => &mut self.states[slot as usize],
            Home::Feed(_) => unreachable!("a feed is read"),
            Home::Result(slot) => &mut self.results[slot as usize],
            Home::Arena(start) => {
                return match self.plan.buffers[buffer].dtype {
                    Dtype::Bool => self.arena[start + at] = bits as u8,
                    Dtype::F32 | Dtype::I32 => {
                        self.arena[start + 4 * at..][..4].copy_from_slice(&bits.to_le_bytes());
                    }
                };
            }
        };
        match &mut array.data {
            Data::F32(data) => data[at] = f32::from_bits(bits),
            Data::I32(data) => data[at] = bits as i32,
            Data::Bool(data) => data[at] = bits != 0,
        }
    }
}

fn run(kernel: &Kernel, memory: &mut Memory, clock: Clock) {
    let space = &kernel.space;
    match &kernel.core {
        Core::Loop => each_point(space, &[], |point| finish(kernel, point, 0, memory, clock)),
        Core::Reduce { inner, how, body, value } => {
            let mut registers = Vec::new();
            each_point(space, &[], |point| {
                let folded = reduce(*how, body.dtype(*value), inner, point, |at| {
                    body.run(at, 0, memory, clock, &mut registers);
                    registers[value.0 as usize]
                });
                finish(kernel, point, folded, memory, clock);
            });
        }
        Core::Product { inner, left, right, .. } => {
            let offsets = offsets(space.len(), inner, left, right);
            each_point(space, &[], |point| {
                let start =
                    |load: &Load| load.at.at(|var| axis(var).and_then(|at| point.get(at)).map_or(0, |&at| at as i64));
                let (a, b) = (start(left), start(right));
                let sum = offsets.iter().fold(0f32.to_bits(), |sum, (to_a, to_b)| {
                    let (x, y) = (memory.read(left.buffer, a + to_a), memory.read(right.buffer, b + to_b));
                    Single.fma(x, y, sum)
                });
                finish(kernel, point, sum, memory, clock);
            });
        }
        Core::Winograd(winograd) => {
            let Reader { body, value } = &winograd.image;
            let image = |at: &[usize]| {
                let mut registers = Vec::new();
                body.run(at, 0, memory, clock, &mut registers);
                registers[value.0 as usize]
            };
            let read = |buffer: usize, at: i64| memory.read(buffer, at);
            let sums = winograd.sums(kernel, winograd::Memory { read: &read, image: &image });
            let mut sums = sums.into_iter();
            each_point(space, &[], |point| finish(kernel, point, sums.next().expect("a sum"), memory, clock));
        }
        &Core::Order { source, target, .. } => order(space, source, target, memory),
        Core::Scan(turns) => recur(turns, space[0], memory, clock),
    }
}

/// Runs the plan of a turn for each place.
fn recur(turns: &Turns, count: usize, memory: &mut Memory, clock: Clock) {
    let mut turn = Interpreter::new(turns.plan.clone());
    let carried = turns.targets.len();
    let array = |memory: &Memory, buffer: usize, (shape, dtype): &Type, place: usize| {
        let size: usize = shape.iter().product();
        let bits = (place * size..(place + 1) * size).map(|at| memory.read(buffer, at as i64));
        let data = match dtype {
            Dtype::F32 => Data::F32(bits.map(f32::from_bits).collect()),
            Dtype::I32 => Data::I32(bits.map(|bits| bits as i32).collect()),
            Dtype::Bool => Data::Bool(bits.map(|bits| bits != 0).collect()),
        };
        Array { shape: shape.clone(), data }
    };
    let mut before: Option<Vec<Array>> = None;
    for at in 0..count {
        let place = if turns.backwards { count - 1 - at } else { at };
        let mut feeds = before.take().unwrap_or_default();
        for at in feeds.len()..turns.operands.len() {
            let seen = if (carried..carried + turns.sliced).contains(&at) { place } else { 0 };
            feeds.push(array(memory, turns.operands[at], &turns.plan.feeds[at], seen));
        }
        let after = turn.run(&mut [], &feeds.iter().collect::<Vec<_>>(), clock);
        for (&target, value) in turns.targets.iter().zip(&after) {
            let size = value.shape.iter().product::<usize>();
            let bits = |at: usize| match &value.data {
                Data::F32(data) => data[at].to_bits(),
                Data::I32(data) => data[at] as u32,
                Data::Bool(data) => data[at].into(),
            };
            (0..size).for_each(|at| memory.write(target, (place * size + at) as i64, bits(at)));
        }
        before = Some(after);
    }
}

fn axis(var: Var) -> Option<usize> {
    match var {
        Var::Axis(axis) => Some(axis as usize),
        Var::Inside(_) | Var::Place(_) => None,
    }
}

/// How far from where a point begins the factors of each step of its sum are.
fn offsets(rank: usize, inner: &[usize], left: &Load, right: &Load) -> Vec<(i64, i64)> {
    let mut offsets = Vec::new();
    each_point(inner, &[], |at| {
        let along = |load: &Load| -> i64 {
            (0..inner.len()).map(|k| load.at.factor(Var::Axis((rank + k) as u32)) * at[k] as i64).sum()
        };
        offsets.push((along(left), along(right)));
    });
    offsets
}

/// What follows the core: the body and the stores of one point.
fn finish(kernel: &Kernel, point: &[usize], core: u32, memory: &mut Memory, clock: Clock) {
    let mut registers = Vec::new();
    kernel.body.run(point, core, memory, clock, &mut registers);
    for Store { buffer, at, value, adds } in &kernel.stores {
        let at = at.at(|var| kernel.body.variable(var, point, &registers));
        let value = registers[value.0 as usize];
        let value = if *adds { Single.add(memory.read(*buffer, at), value) } else { value };
        memory.write(*buffer, at, value);
    }
}

/// The fold of `value` over the places `inner` at `point`, in the order that [`Core::Reduce`] states.
fn reduce(
    how: Reduction,
    dtype: Dtype,
    inner: &[usize],
    point: &[usize],
    mut value: impl FnMut(&[usize]) -> u32,
) -> u32 {
    let along = inner.last().copied().unwrap_or(1);
    let mut lanes = [how.neutral(dtype); LANES];
    each_point(inner, point, |at| {
        let lane = &mut lanes[at.last().map_or(0, |at| at % LANES)];
        *lane = how.fold(&Single, dtype, *lane, value(at));
    });
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half.min(along.saturating_sub(half)) {
            lanes[lane] = how.fold(&Single, dtype, lanes[lane], lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}

impl Reduction {
    /// What the fold of nothing is, as bits.
    pub fn neutral(self, dtype: Dtype) -> u32 {
        match (self, dtype) {
            (Reduction::Sum, Dtype::F32) => 0f32.to_bits(),
            (Reduction::Sum, _) | (Reduction::Max, Dtype::Bool) => 0,
            (Reduction::Max, Dtype::F32) => f32::NEG_INFINITY.to_bits(),
            (Reduction::Max, Dtype::I32) => i32::MIN as u32,
        }
    }

    /// One step of a fold.
    pub fn fold<O: Ops>(self, ops: &O, dtype: Dtype, so_far: O::V, next: O::V) -> O::V {
        match (self, dtype) {
            (Reduction::Sum, Dtype::F32) => ops.add(so_far, next),
            (Reduction::Sum, _) => ops.int_add(so_far, next),
            (Reduction::Max, Dtype::F32) => {
                let kept = ops.select(ops.equal(next, next), so_far, next);
                ops.select(ops.less(so_far, next), next, kept)
            }
            (Reduction::Max, Dtype::I32) => ops.select(ops.int_less(so_far, next), next, so_far),
            (Reduction::Max, Dtype::Bool) => ops.or(so_far, next),
        }
    }
}

impl Body {
    /// Runs all lines at a point and leaves what they computed in `registers`.
    fn run(&self, point: &[usize], core: u32, memory: &Memory, clock: Clock, registers: &mut Vec<u32>) {
        registers.clear();
        for line in &self.lines {
            let holds = |guards: &[u32]| guards.iter().all(|&guard| self.holds(guard, point, registers));
            let number = |number: &Affine| number.at(|var| self.variable(var, point, registers));
            let value = match &line.work {
                Work::Core => core,
                Work::Const(bits) => *bits,
                Work::Load(load) if holds(&load.guards) => memory.read(load.buffer, number(&load.at)),
                Work::Load(_) => 0,
                Work::Map(scalar, args) => {
                    let mut operands = [(Dtype::F32, 0); 4];
                    for (operand, reg) in operands.iter_mut().zip(args) {
                        *operand = (self.dtype(*reg), registers[reg.0 as usize]);
                    }
                    scalar.eval(
                        &operands.map(|operand| operand.0)[..args.len()],
                        &operands.map(|operand| operand.1)[..args.len()],
                    )
                }
                Work::Mask(guards, reg) => {
                    if holds(guards) {
                        registers[reg.0 as usize]
                    } else {
                        0
                    }
                }
                Work::Index(at) => number(at) as u32,
                Work::Random { draw, site, at } => {
                    random::value(clock, *site, *draw, number(at) as u32 as usize).to_bits()
                }
                Work::Step => clock.step,
            };
            registers.push(value);
        }
    }

    fn holds(&self, guard: u32, point: &[usize], registers: &[u32]) -> bool {
        let guard = &self.guards[guard as usize];
        let value = guard.value.at(|var| self.variable(var, point, registers));
        let divisor = guard.divisor as i64;
        value >= 0 && value % divisor == 0 && value / divisor < guard.extent as i64
    }

    fn variable(&self, var: Var, point: &[usize], registers: &[u32]) -> i64 {
        match var {
            Var::Axis(axis) => point[axis as usize] as i64,
            Var::Inside(guard) => {
                let guard = &self.guards[guard as usize];
                guard.value.at(|var| self.variable(var, point, registers)) / guard.divisor as i64
            }
            Var::Place(place) => {
                let place = self.places[place as usize];
                let Reg(reg) = place.reg;
                i64::from(registers[reg as usize] as i32).clamp(0, place.extent as i64 - 1)
            }
        }
    }
}

/// Visits the places of `extents` in row-major order, each with `before` in front of it.
pub fn each_point(extents: &[usize], before: &[usize], mut visit: impl FnMut(&[usize])) {
    if extents.contains(&0) {
        return;
    }
    let mut point = [before, &vec![0; extents.len()]].concat();
    loop {
        visit(&point);
        let mut at = extents.len();
        loop {
            if at == 0 {
                return;
            }
            at -= 1;
            let place = &mut point[before.len() + at];
            *place += 1;
            if *place < extents[at] {
                break;
            }
            *place = 0;
        }
    }
}

fn order(space: &[usize], source: usize, target: usize, memory: &mut Memory) {
    let dtype = memory.plan.buffers[source].dtype;
    let (axis, inner) = (space[1], space[2]);
    each_point(&[space[0], inner], &[], |point| {
        let start = (point[0] * axis * inner + point[1]) as i64;
        let keys: Vec<i32> = (0..axis).map(|at| key(memory.read(source, start + (at * inner) as i64), dtype)).collect();
        let mut places: Vec<usize> = (0..axis).collect();
        places.sort_by_key(|&place| keys[place]);
        for (at, &place) in places.iter().enumerate() {
            memory.write(target, start + (at * inner) as i64, place as u32);
        }
    });
}

/// An i32 in the order of the element with these bits: denormals and -0 count as 0, NaN comes last.
pub fn key(bits: u32, dtype: Dtype) -> i32 {
    match dtype {
        Dtype::F32 => {
            let size = (bits & 0x7fff_ffff) as i32;
            match size {
                ..0x0080_0000 => 0,
                0x7f80_0001.. => i32::MAX,
                _ if bits >> 31 == 1 => -size,
                _ => size,
            }
        }
        Dtype::I32 | Dtype::Bool => bits as i32,
    }
}
