//! The inner loops of a kernel as one function that Cranelift does not write: what it is given, and when there can be one.

use cranelift_codegen::ir::{InstBuilder, Value};

use super::along::Along;
use super::draft::Draft;
use super::lanes::WIDE;
use super::writer::{Scope, Writer, memory};
use super::x86::Isa;
use crate::kernel::{Affine, Body, Reduction, Reg, Store, Work};
use crate::scalar::Dtype;

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
    /// A value is folded into lanes which begin anew inside so many of the axes around the row, and each time are folded into
    /// one; these lie side by side from an address on.
    FoldEach {
        how: Reduction,
        dtype: Dtype,
        value: Reg,
        loops: usize,
        sums: Value,
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
    let (body, along) = (scope.body, Along::of(scope.body, axis));
    let steps = |number: &Affine| along.step(&body.expand(number)).is_some();
    // What fails for sure reads nothing.
    let same = |guards: &[u32], then: &dyn Fn() -> bool| {
        let open = scope.open(guards);
        open.is_none_or(|open| !open.iter().any(|&guard| along.guard(guard)) && then())
    };
    let line = |work: &Work| match work {
        Work::Core | Work::Const(_) | Work::Step | Work::Map(..) => true,
        Work::Load(load) => same(&load.guards, &|| steps(&load.at)),
        Work::Mask(guards, _) => same(guards, &|| true),
        Work::Index(at) | Work::Random { at, .. } => !along.number(at),
    };
    body.lines.iter().all(|it| line(&it.work)) && stores.iter().all(|store| !store.adds && steps(&store.at))
}

/// A part of the loops around a row: axes, and in which range of each.
type Part = Vec<(usize, (usize, usize))>;

impl Rows<'_> {
    /// What differs along the row, and along each axis around it.
    pub fn along<'k>(&self, body: &'k Body) -> (Along<'k>, Vec<Along<'k>>) {
        let around = self.around.iter().map(|through| Along::of(body, through.axis)).collect();
        (Along::of(body, self.along.0), around)
    }
}

impl Writer<'_, '_> {
    /// Writes the lines of at least this depth that are the same in all rows.
    pub fn lines_around(&self, scope: &mut Scope, rows: &Rows, depth: usize) {
        let (along, around) = rows.along(scope.body);
        let stays = |reg| !along.line(reg) && !around.iter().any(|around| around.line(reg));
        self.lines_where(scope, &|reg, its_depth| its_depth >= depth && stays(reg));
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
        let Some((strip, pointers, known)) = Draft::new(self, scope, rows).strip(then) else { return false };
        let Some((code, bytes)) = strip.code(isa) else { return false };
        let table = self.lines_of_cache(bytes);
        let put = |value: Value, at: usize| _ = self.code.ins(|ins| ins.store(memory(), value, table, at as i32));
        pointers.into_iter().enumerate().for_each(|(number, value)| put(value, strip.pointer_at(number)));
        known.into_iter().enumerate().for_each(|(number, value)| put(value, strip.known_at(number)));
        if let Then::Fold { lanes: first, .. } | Then::FoldEach { sums: first, .. } = then {
            put(*first, strip.lanes_at());
        }
        self.call(code, &[table]);
        true
    }
}
