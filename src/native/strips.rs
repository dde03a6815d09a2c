//! The inner loops of a kernel as one function that Cranelift does not write: what it is given, and when there can be one.

use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::lanes::{WIDE, Width};
use super::writer::{Scope, Writer, memory};
use super::x86::{Around, Isa, Op, Sink, Strip, Trace, Unit, Wide};
use crate::kernel::{Affine, Load, Reduction, Reg, Store, Var, Work, width};
use crate::scalar::{Dtype, Ops};
use crate::tensor::random;

/// Loops over axes, of which the innermost goes through a row, in registers full of elements.
pub struct Rows<'a> {
    /// The extents of all axes.
    pub axes: &'a [usize],
    /// The axes that are gone through around the row, the outermost first. The body goes [`plainly`] along them.
    pub around: Vec<Through>,
    /// The axis of the row, and how long it is.
    pub along: (usize, usize),
    /// Where the values of the core lie: the first, and the bytes from one to the next along each axis around the row.
    pub core: Option<(Value, Vec<i64>)>,
}

/// A loop over an axis.
#[derive(Clone, Copy)]
pub struct Through {
    pub axis: usize,
    /// How often, and how many places further each time.
    pub extent: usize,
    pub places: usize,
}

impl Through {
    /// Place after place.
    pub fn all(axis: usize, extent: usize) -> Through {
        Through { axis, extent, places: 1 }
    }
}

/// What is done with the values of the lines.
pub enum Then<'a> {
    Store(&'a [Store]),
    /// A value is folded into the lane of its place in the row. Lanes begin at an address.
    Fold {
        how: Reduction,
        dtype: Dtype,
        value: Reg,
        lanes: Value,
    },
    /// A value is folded into a row of lanes, of which the first begins at an address; and the bytes from one to the next along each axis
    /// around the row.
    FoldBeside {
        how: Reduction,
        dtype: Dtype,
        value: Reg,
        lanes: Value,
        steps: Vec<i64>,
    },
}

/// Rows with fewer elements are not worth a call.
const FEW: usize = 16;

/// The most parts of axes, in each of which guards are known, for which functions are written.
const PARTS: usize = 9;

/// Whether going along an axis moves what a body reads and writes by always the same distance, and changes nothing else.
pub fn plainly(scope: &Scope, stores: &[Store], axis: usize) -> bool {
    let (body, varies) = (scope.body, scope.varying(axis));
    let differs = |number: &Affine| scope.differs_along(number, axis, &varies);
    let steps = |number: &Affine| {
        let number = body.expand(number);
        let along = Var::Axis(axis as u32);
        !differs(&number.add(&Affine::var(along).times(-number.factor(along))))
    };
    // What fails for sure reads nothing.
    let same = |guards: &[u32], then: &dyn Fn() -> bool| {
        let open = scope.open(guards);
        open.is_none_or(|open| !open.iter().any(|&guard| differs(&body.guards[guard as usize].value)) && then())
    };
    let line = |work: &Work| match work {
        Work::Core | Work::Const(_) | Work::Step | Work::Map(..) => true,
        Work::Load(load) => same(&load.guards, &|| steps(&load.at)),
        Work::Mask(guards, _) => same(guards, &|| true),
        Work::Index(at) | Work::Random { at, .. } => !differs(at),
    };
    body.lines.iter().all(|it| line(&it.work)) && stores.iter().all(|store| !store.adds && steps(&store.at))
}

/// A part of the loops around a row: axes, and in which range of each.
type Part = Vec<(usize, (usize, usize))>;

/// A function being put together.
struct Draft<'d, 'a, 'f, 'k> {
    writer: &'d Writer<'a, 'f>,
    scope: &'d Scope<'k>,
    rows: &'d Rows<'d>,
    /// Whether each line differs along the row, and whether it differs along any axis that is gone through.
    along: Vec<bool>,
    differs: Vec<bool>,
    trace: Trace,
    values: Vec<Option<Wide>>,
    /// What lies where; `None` is the core.
    pointers: Vec<(Option<(usize, Affine)>, Value)>,
    /// The bytes that each pointer goes on along each axis around the row.
    steps: Vec<Vec<i64>>,
    known: Vec<Value>,
}

impl Rows<'_> {
    /// Which lines differ along any of the axes.
    fn differing(&self, scope: &Scope) -> Vec<bool> {
        let mut differs = scope.varying(self.along.0);
        for through in &self.around {
            differs.iter_mut().zip(scope.varying(through.axis)).for_each(|(any, one)| *any |= one);
        }
        differs
    }
}

impl Writer<'_, '_> {
    /// Writes the lines of at least this depth that are the same in all rows.
    pub fn lines_around(&self, scope: &mut Scope, rows: &Rows, depth: usize) {
        let differs = rows.differing(scope);
        self.lines_where(scope, &|reg, its_depth| its_depth >= depth && !differs[reg.0 as usize]);
    }

    /// Opens the loops of the axes from `from` on and does at each place what the body says: as a function, with as many of the loops in
    /// it as there can be, or else as `other` writes it, the axis `wide` in steps of four.
    pub fn by_rows<'k>(
        &self,
        scope: &Scope<'k>,
        (from, axes, wide): (usize, &[usize], Option<usize>),
        then: &Then,
        other: &mut dyn FnMut(&mut [Scope<'k>]),
    ) {
        let scopes = &mut [scope.clone()];
        let stores = if let Then::Store(stores) = then { stores } else { &[][..] };
        let Some(last) = wide.filter(|axis| axis + 1 == axes.len()) else {
            return self.descend(scopes, from, axes, wide, other);
        };
        // How many ranges of the axis there are in which guards are known, if the body goes plainly along each.
        let ranges = |axis: usize| {
            let ranges = scope.ranges(axis, axes[axis]);
            let plain = |range: &(usize, usize)| {
                let mut scope = scope.clone();
                scope.within(axis, axes[axis], Some(*range));
                plainly(&scope, stores, axis)
            };
            ranges.iter().all(plain).then_some(ranges.len())
        };
        let (mut first, mut parts) = (last, 1);
        while first > from
            && let Some(count) = ranges(first - 1)
            && parts * count <= PARTS
        {
            (first, parts) = (first - 1, parts * count);
        }
        self.descend(scopes, from, &axes[..first], None, &mut |scopes| {
            self.lines(&mut scopes[0], first..first + 1);
            self.parts(&scopes[0], (first, axes), &mut vec![], then, other);
        });
    }

    /// The loops of the axes from `axis` on, for each range of each of them in which guards are known.
    fn parts<'k>(
        &self,
        scope: &Scope<'k>,
        (axis, axes): (usize, &[usize]),
        part: &mut Part,
        then: &Then,
        other: &mut dyn FnMut(&mut [Scope<'k>]),
    ) {
        let last = axes.len() - 1;
        if axis < last {
            for range in scope.ranges(axis, axes[axis]) {
                let mut scope = scope.clone();
                scope.within(axis, axes[axis], Some(range));
                part.push((axis, range));
                self.parts(&scope, (axis + 1, axes), part, then, other);
                part.pop();
            }
            return;
        }
        let mut inside = scope.clone();
        part.iter().for_each(|&(axis, (from, _))| inside.enter(axis, self.code.index(from as i64), false));
        inside.enter(last, self.code.index(0), false);
        let around = part.iter().map(|&(axis, (from, to))| Through::all(axis, to - from)).collect();
        let rows = Rows { axes, around, along: (last, axes[last]), core: None };
        if !self.strip(&inside, &rows, then) {
            self.point_by_point(&mut scope.clone(), part, axes[last], other);
        }
    }

    /// The loops of a part, and inside them that of the row, in steps of four.
    fn point_by_point<'k>(
        &self,
        scope: &mut Scope<'k>,
        part: &[(usize, (usize, usize))],
        columns: usize,
        leaf: &mut dyn FnMut(&mut [Scope<'k>]),
    ) {
        let Some((&(axis, (from, to)), inner)) = part.split_first() else {
            let last = scope.axes() - 1;
            self.lines(scope, last..last + 1);
            let whole = columns - columns % WIDE;
            for range in [(0, whole, WIDE), (whole, columns, 1)] {
                self.repeat(range, &[], &mut |index, _| {
                    scope.enter(last, index, range.2 == WIDE);
                    leaf(std::slice::from_mut(scope));
                    Vec::new()
                });
            }
            return;
        };
        self.lines(scope, axis..axis + 1);
        self.repeat((from, to, 1), &[], &mut |index, _| {
            scope.enter(axis, index, false);
            self.point_by_point(scope, inner, columns, leaf);
            Vec::new()
        });
    }

    /// Does what a body says at every place of a row, and of the rows along the axes around it, from the point that the scope is at
    /// on. What differs along none of these axes has been written. `false`, and nothing is written, where that cannot be.
    pub fn strip(&self, scope: &Scope, rows: &Rows, then: &Then) -> bool {
        let Some(isa) = Isa::of(&self.plan.machine).filter(|_| rows.along.1 >= FEW) else { return false };
        let (along, differs) = (scope.varying(rows.along.0), rows.differing(scope));
        let values = vec![None; differs.len()];
        let (pointers, steps, known) = (vec![], vec![], vec![]);
        let trace = Trace::default();
        let draft = Draft { writer: self, scope, rows, along, differs, trace, values, pointers, steps, known };
        let Some((strip, pointers, known)) = draft.strip(then) else { return false };
        let Some((code, bytes)) = strip.code(isa) else { return false };
        let table = self.lines_of_cache(bytes);
        let put = |value: Value, at: usize| _ = self.code.ins(|ins| ins.store(memory(), value, table, at as i32));
        pointers.into_iter().enumerate().for_each(|(number, value)| put(value, strip.pointer_at(number)));
        known.into_iter().enumerate().for_each(|(number, value)| put(value, strip.known_at(number)));
        if let Then::Fold { lanes, .. } = then {
            put(*lanes, strip.lanes_at());
        }
        let function = self.foreign(code);
        self.code.ins(|ins| ins.call(function, &[table, table, table]));
        true
    }
}

impl Draft<'_, '_, '_, '_> {
    /// The function, and the values that its table holds.
    fn strip(mut self, then: &Then) -> Option<(Strip, Vec<Value>, Vec<Value>)> {
        for reg in self.scope.body.regs() {
            if self.differs[reg.0 as usize] {
                let value = self.line(reg)?;
                self.values[reg.0 as usize] = Some(value);
            }
        }
        let sinks = match then {
            Then::Store(stores) => stores.iter().map(|store| self.store(store)).collect::<Option<Vec<Sink>>>()?,
            Then::Fold { how, dtype, value, .. } => {
                let so_far = self.trace.push(Op::SoFar);
                let value = self.whole(*value);
                vec![Sink::Fold(how.fold(&self.trace, *dtype, so_far, value))]
            }
            Then::FoldBeside { how, dtype, value, lanes, steps } => {
                let pointer = self.pointer(None, *lanes, steps.clone());
                let so_far = self.trace.push(Op::Load { pointer, unit: Unit::Four, mask: None });
                let value = self.whole(*value);
                let value = how.fold(&self.trace, *dtype, so_far, value);
                vec![Sink::Store { pointer, unit: Unit::Four, value }]
            }
        };
        let loops = self.rows.around.iter().enumerate().map(|(number, through)| {
            let steps = self.steps.iter().map(|steps| i32::try_from(steps[number]).ok());
            Some(Around { extent: through.extent, steps: steps.collect::<Option<Vec<i32>>>()? })
        });
        let loops = loops.collect::<Option<Vec<Around>>>()?;
        let (pointers, known) = (self.pointers.into_iter().map(|(_, value)| value).collect::<Vec<_>>(), self.known);
        let (columns, ops) = (self.rows.along.1, self.trace.finish()?);
        Some((Strip { ops, sinks, columns, pointers: pointers.len(), known: known.len(), loops }, pointers, known))
    }

    /// A value as lanes have it: of a bool 0 or 1.
    fn whole(&mut self, reg: Reg) -> Wide {
        let value = self.value(reg);
        match self.scope.body.dtype(reg) {
            Dtype::Bool => self.trace.int_and(value, self.trace.int(1)),
            Dtype::F32 | Dtype::I32 => value,
        }
    }

    fn differs(&self, number: &Affine, axis: usize) -> bool {
        self.scope.differs_along(number, axis, &self.scope.varying(axis))
    }

    fn differs_around(&self, number: &Affine) -> bool {
        self.rows.around.iter().any(|through| self.differs(number, through.axis))
    }

    /// By how much a number grows from one place of an axis to the next, if it grows evenly.
    fn step(&self, number: &Affine, axis: usize) -> Option<i64> {
        let along = Var::Axis(axis as u32);
        let factor = number.factor(along);
        (!self.differs(&number.add(&Affine::var(along).times(-factor)), axis)).then_some(factor)
    }

    /// An element that is the same in all lanes.
    fn known(&mut self, dtype: Dtype, value: Value) -> Wide {
        let code = self.writer.code;
        let value = match dtype {
            Dtype::Bool => code.ins(|ins| ins.bmask(types::I32, value)),
            Dtype::F32 | Dtype::I32 => value,
        };
        self.known.push(value);
        self.trace.push(Op::Known(self.known.len() as u32 - 1))
    }

    fn value(&mut self, reg: Reg) -> Wide {
        let at = reg.0 as usize;
        if let Some(value) = self.values[at] {
            return value;
        }
        let dtype = self.scope.body.dtype(reg);
        let value = match self.scope.body.lines[at].work {
            Work::Const(bits) => self.bits(dtype, bits),
            _ => self.known(dtype, self.writer.value(self.scope, reg, Width::One)),
        };
        self.values[at] = Some(value);
        value
    }

    fn bits(&self, dtype: Dtype, bits: u32) -> Wide {
        self.trace.push(Op::Const(if dtype == Dtype::Bool { bits.wrapping_neg() } else { bits }))
    }

    fn line(&mut self, reg: Reg) -> Option<Wide> {
        let line = &self.scope.body.lines[reg.0 as usize];
        Some(match &line.work {
            Work::Core => {
                let (first, steps) = self.rows.core.clone()?;
                let pointer = self.pointer(None, first, steps);
                self.trace.push(Op::Load { pointer, unit: Unit::Four, mask: None })
            }
            Work::Const(_) | Work::Step => unreachable!("it is the same everywhere"),
            Work::Load(load) => self.load(load, self.along[reg.0 as usize])?,
            Work::Map(scalar, args) => {
                let dtypes: Vec<Dtype> = args.iter().map(|&arg| self.scope.body.dtype(arg)).collect();
                let args: Vec<Wide> = args.iter().map(|&arg| self.value(arg)).collect();
                scalar.apply(&dtypes, &self.trace, &args)
            }
            Work::Mask(guards, of) => match self.scope.open(guards) {
                None => self.bits(line.dtype, 0),
                Some(open) => {
                    let value = self.value(*of);
                    match self.guards(&open)? {
                        Some(mask) => self.trace.int_and(mask, value),
                        None => value,
                    }
                }
            },
            Work::Index(at) => self.number(at)?,
            Work::Random { draw, site, at } => {
                let place = self.number(at)?;
                let stream = self.writer.stream(*site).map(|value| self.known(Dtype::I32, value));
                random::draw(&self.trace, *draw, &stream, place)
            }
        })
    }

    fn load(&mut self, load: &Load, along: bool) -> Option<Wide> {
        let dtype = self.writer.plan.buffers[load.buffer].dtype;
        let Some(open) = self.scope.open(&load.guards) else { return Some(self.bits(dtype, 0)) };
        if self.writer.plan.buffers[load.buffer].size() == 0 {
            return None;
        }
        let pointer = self.element(load.buffer, &load.at, along)?;
        let mask = self.guards(&open)?;
        let unit = unit(dtype);
        let raw = match along {
            true => self.trace.push(Op::Load { pointer, unit, mask }),
            false if mask.is_none() && unit == Unit::Four => self.trace.push(Op::Spread { pointer }),
            false => return None,
        };
        Some(match dtype {
            Dtype::Bool => self.trace.int_sub(self.trace.int(0), raw),
            Dtype::F32 | Dtype::I32 => raw,
        })
    }

    fn store(&mut self, store: &Store) -> Option<Sink> {
        if store.adds {
            return None;
        }
        let dtype = self.writer.plan.buffers[store.buffer].dtype;
        let pointer = self.element(store.buffer, &store.at, true)?;
        let mut value = self.value(store.value);
        if dtype == Dtype::Bool {
            value = self.trace.int_and(value, self.trace.int(1));
        }
        Some(Sink::Store { pointer, unit: unit(dtype), value })
    }

    /// The pointer to an element, if along the row its neighbours lie beside it, or it is the same.
    fn element(&mut self, buffer: usize, at: &Affine, along: bool) -> Option<u32> {
        let number = self.scope.body.expand(at);
        if self.step(&number, self.rows.along.0)? != i64::from(along) {
            return None;
        }
        let bytes = width(self.writer.plan.buffers[buffer].dtype) as i64;
        let step = |through: &Through| Some(bytes * through.places as i64 * self.step(&number, through.axis)?);
        let steps = self.rows.around.iter().map(step);
        let steps = steps.collect::<Option<Vec<i64>>>()?;
        let address = self.writer.address(self.scope, buffer, at, 0);
        Some(self.pointer(Some((buffer, at.clone())), address, steps))
    }

    fn pointer(&mut self, what: Option<(usize, Affine)>, value: Value, steps: Vec<i64>) -> u32 {
        let known = self.pointers.iter().position(|it| it.0 == what);
        known.unwrap_or_else(|| {
            self.pointers.push((what, value));
            self.steps.push(steps);
            self.pointers.len() - 1
        }) as u32
    }

    /// A number at each place of the row, as an i32.
    fn number(&mut self, number: &Affine) -> Option<Wide> {
        let number = self.scope.body.expand(number);
        let factor = self.step(&number, self.rows.along.0)?;
        if self.differs_around(&number) {
            return None;
        }
        let first = self.known(Dtype::I32, self.writer.integer(self.scope, &number, 0));
        let column = self.trace.push(Op::Column);
        let column = if factor == 1 { column } else { self.trace.int_mul(column, self.trace.int(factor as i32)) };
        Some(if factor == 0 { first } else { self.trace.int_add(first, column) })
    }

    /// Where all guards hold; `None` where there are none.
    #[allow(clippy::option_option, reason = "the outer one says whether it can be written")]
    fn guards(&mut self, guards: &[u32]) -> Option<Option<Wide>> {
        let mut all: Option<Wide> = None;
        for &guard in guards {
            let holds = self.guard(guard)?;
            all = Some(all.map_or(holds, |all| self.trace.and(all, holds)));
        }
        Some(all)
    }

    fn guard(&mut self, guard: u32) -> Option<Wide> {
        let of = &self.scope.body.guards[guard as usize];
        if self.differs_around(&of.value) {
            return None;
        }
        if !self.differs(&of.value, self.rows.along.0) {
            let holds = self.writer.guards(self.scope, &[guard], 0);
            return Some(self.known(Dtype::Bool, holds));
        }
        let body = self.scope.body;
        let (low, high) = of.value.span(|var| body.extent(self.rows.axes, var));
        let small = |number: i64| i32::try_from(number).is_ok();
        if of.divisor != 1 || !small(low) || !small(high) || !small(of.extent as i64) {
            return None;
        }
        let value = self.number(&of.value)?;
        let (zero, extent) = (self.trace.int(0), self.trace.int(of.extent as i32));
        Some(self.trace.and(self.trace.not(self.trace.int_less(value, zero)), self.trace.int_less(value, extent)))
    }
}

fn unit(dtype: Dtype) -> Unit {
    match dtype {
        Dtype::Bool => Unit::One,
        Dtype::F32 | Dtype::I32 => Unit::Four,
    }
}
