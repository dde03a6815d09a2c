//! The body of a row being put together as a function: its operations, and the values that its table holds.

use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::along::Along;
use super::lanes::Width;
use super::strips::{Rows, Then, Through};
use super::writer::{Scope, Writer};
use super::x86::{Around, Each, Op, Sink, Strip, Trace, Unit, Wide};
use crate::kernel::{Affine, Load, Reg, Store, Work, width};
use crate::scalar::{Dtype, Ops};
use crate::tensor::random;

/// A function being put together.
pub struct Draft<'d, 'a, 'f, 'k> {
    writer: &'d Writer<'a, 'f>,
    scope: &'d Scope<'k>,
    rows: &'d Rows<'d>,
    /// What differs along the row, and along each axis around it.
    along: Along<'k>,
    around: Vec<Along<'k>>,
    trace: Trace,
    values: Vec<Option<Wide>>,
    /// What lies where; `None` is the core.
    pointers: Vec<(Option<(usize, Affine)>, Value)>,
    /// The bytes that each pointer goes on along each axis around the row.
    steps: Vec<Vec<i64>>,
    known: Vec<Value>,
}

impl<'d, 'a, 'f, 'k> Draft<'d, 'a, 'f, 'k> {
    pub fn new(writer: &'d Writer<'a, 'f>, scope: &'d Scope<'k>, rows: &'d Rows<'d>) -> Draft<'d, 'a, 'f, 'k> {
        let (along, around) = rows.along(scope.body);
        let values = vec![None; scope.body.lines.len()];
        let (pointers, steps, known, trace) = (vec![], vec![], vec![], Trace::default());
        Draft { writer, scope, rows, along, around, trace, values, pointers, steps, known }
    }
}

impl Draft<'_, '_, '_, '_> {
    /// The function, and the values that its table holds. `None` where there can be none.
    pub fn strip(mut self, then: &Then) -> Option<(Strip, Vec<Value>, Vec<Value>)> {
        for reg in self.scope.body.regs() {
            if self.along.line(reg) || self.around.iter().any(|around| around.line(reg)) {
                let value = self.line(reg)?;
                self.values[reg.0 as usize] = Some(value);
            }
        }
        let sinks = match then {
            Then::Store(stores) => stores.iter().map(|store| self.store(store)).collect::<Option<Vec<Sink>>>()?,
            Then::Fold { how, dtype, value, .. } | Then::FoldEach { how, dtype, value, .. } => {
                let so_far = self.trace.push(Op::SoFar);
                let value = self.whole(*value);
                vec![Sink::Fold(how.fold(&self.trace, *dtype, so_far, value))]
            }
            Then::FoldBeside { how, dtype, value, lanes, steps } => {
                let pointer = self.pointer(None, *lanes, steps.clone());
                let so_far = self.trace.push(Op::Load { pointer, unit: Unit::Four, mask: None });
                let value = self.whole(*value);
                let value = how.fold(&self.trace, *dtype, so_far, value);
                vec![Sink::Store { pointer, bytes: 0, unit: Unit::Four, value }]
            }
        };
        let each = match then {
            Then::FoldEach { how, dtype, loops, .. } => {
                let halves = Trace::default();
                let (so_far, beside) = (halves.push(Op::SoFar), halves.push(Op::Beside));
                let value = how.fold(&halves, *dtype, so_far, beside);
                Some(Each { loops: *loops, neutral: how.neutral(*dtype), ops: halves.finish()?, value })
            }
            Then::Store(_) | Then::Fold { .. } | Then::FoldBeside { .. } => None,
        };
        let loops = self.rows.around.iter().enumerate().map(|(number, through)| {
            let steps = self.steps.iter().map(|steps| i32::try_from(steps[number]).ok());
            Some(Around { extent: through.extent, steps: steps.collect::<Option<Vec<i32>>>()? })
        });
        let loops = loops.collect::<Option<Vec<Around>>>()?;
        let (pointers, known) = (self.pointers.into_iter().map(|(_, value)| value).collect::<Vec<_>>(), self.known);
        let (columns, ops) = (self.rows.along.1, self.trace.finish()?);
        Some((
            Strip { ops, sinks, columns, pointers: pointers.len(), known: known.len(), loops, each, apart: false },
            pointers,
            known,
        ))
    }

    /// A value as lanes have it: of a bool 0 or 1.
    fn whole(&mut self, reg: Reg) -> Wide {
        let value = self.value(reg);
        match self.scope.body.dtype(reg) {
            Dtype::Bool => self.trace.int_and(value, self.trace.int(1)),
            Dtype::F32 | Dtype::I32 => value,
        }
    }

    fn differs_around(&self, number: &Affine) -> bool {
        self.around.iter().any(|around| around.number(number))
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
            Work::Load(load) => self.load(load, self.along.line(reg))?,
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
        Some(Sink::Store { pointer, bytes: 0, unit: unit(dtype), value })
    }

    /// The pointer to an element, if along the row its neighbours lie beside it, or it is the same.
    fn element(&mut self, buffer: usize, at: &Affine, along: bool) -> Option<u32> {
        let number = self.scope.body.expand(at);
        if self.along.step(&number)? != i64::from(along) {
            return None;
        }
        let bytes = width(self.writer.plan.buffers[buffer].dtype) as i64;
        let step = |(through, along): (&Through, &Along)| Some(bytes * through.places as i64 * along.step(&number)?);
        let steps = self.rows.around.iter().zip(&self.around).map(step);
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
        let factor = self.along.step(&number)?;
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
        if !self.along.guard(guard) {
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
