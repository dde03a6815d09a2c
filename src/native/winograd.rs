//! Convolutions by Winograd's method: blocks of tiles are changed to points, multiplied at each of them, and changed back.

use std::array::from_fn;

use cranelift_codegen::ir::{InstBuilder, Value};

use super::lanes::{WIDE, Width, type_of};
use super::strips::Through;
use super::sums::Sums;
use super::tiling::{best, parts};
use super::writer::{Scope, Writer, memory};
use super::x86::{self, Ahead, Around, Factor, Isa, Op, Rows, Sink, Strip, Tile, Tiles, Trace, Unit, Wide};
use crate::kernel::winograd::formulas::{self, POINTS, RESULTS, TAPS, both};
use crate::kernel::winograd::{Layout, Reader, first, stride};
use crate::kernel::{Affine, Body, Kernel, Load, Reg, Store, Var, Winograd, Work};
use crate::scalar::{Dtype, Ops};

/// A change of squares of values that lie in rows of channels.
struct Change<'k> {
    what: What,
    /// What is made of each value that is read, before it is changed, and of other values that are the same for all squares: these begin at
    /// addresses.
    reader: Option<(&'k Reader, &'k Load)>,
    beside: Vec<(&'k Load, Value)>,
    /// How many bytes behind the first of its square each value lies; what is nowhere is zero.
    reads: Vec<Option<i64>>,
    /// Where each value that is made goes, if it is wanted.
    writes: Vec<Option<i64>>,
    channels: usize,
    /// The loops over squares: how often, and the bytes that reads and writes go on.
    loops: Vec<(usize, [i64; 2])>,
}

/// Which formula it is.
#[derive(Clone, Copy)]
enum What {
    Image,
    Weights,
    Results,
    Gradient,
    Taps,
}

/// The products at all points: the floats from row to row, from term to term, and from point to point.
struct Products {
    rows: usize,
    columns: usize,
    terms: usize,
    /// Of the left factor: from row to row, and from term to term.
    left: [usize; 2],
    /// From point to point in both factors and in the sums.
    points: [usize; 3],
    adds: bool,
}

/// Memory that will be read or written soon.
#[derive(Clone, Copy)]
struct Soon {
    start: Value,
    bytes: usize,
    written: bool,
}

/// The bytes of a line of the cache, and how many lines are asked for at each point at most.
const LINE: usize = 64;
const MANY: usize = 32;

/// A part of the tiles of a block along one axis: the first of them, how many, how many results of each there are, and from which to which place of
/// each the image is there.
#[derive(Clone, Copy, PartialEq)]
struct Part {
    first: usize,
    tiles: usize,
    results: usize,
    there: (usize, usize),
}

/// A convolution being written.
struct Conv<'k> {
    kernel: &'k Kernel,
    winograd: &'k Winograd,
    layout: Layout,
    /// The extents of the outer axes, of height and width, and of the channels of the image and of the other factor.
    outer: Vec<usize>,
    places: [usize; 2],
    channels: [usize; 2],
    /// Where the image lies, and from which to which place it is there along height and width.
    image: Affine,
    there: [(i64, i64); 2],
    room: Value,
}

impl What {
    /// The side of the squares that are read, and of those that are made.
    fn sides(self) -> [usize; 2] {
        match self {
            What::Image => [POINTS, POINTS],
            What::Weights => [TAPS, POINTS],
            What::Results => [POINTS, RESULTS],
            What::Gradient => [RESULTS, POINTS],
            What::Taps => [POINTS, TAPS],
        }
    }

    /// The values that are made of those that are read, both row by row.
    fn of<O: Ops>(self, ops: &O, values: &[O::V]) -> Vec<O::V> {
        fn flat<O: Ops, const FROM: usize, const TO: usize>(
            ops: &O,
            formula: impl Fn(&O, [O::V; FROM]) -> [O::V; TO],
            values: &[O::V],
        ) -> Vec<O::V> {
            both(ops, formula, from_fn(|row| from_fn(|column| values[row * FROM + column]))).concat()
        }
        match self {
            What::Image => flat(ops, formulas::image::<O>, values),
            What::Weights => flat(ops, formulas::weights::<O>, values),
            What::Results => flat(ops, formulas::results::<O>, values),
            What::Gradient => flat(ops, formulas::gradient::<O>, values),
            What::Taps => flat(ops, formulas::taps::<O>, values),
        }
    }

    /// The columns of what is made in an order in which neighbours share what they are made of.
    fn columns(self) -> &'static [usize] {
        match self.sides()[1] {
            POINTS => &[1, 2, 3, 4, 0, 5],
            RESULTS => &[0, 2, 1, 3],
            _ => &[0, 2, 1],
        }
    }
}

/// The places of values, `high` bytes from row to row and `wide` from column to column, of which rows and columns of these ranges are there.
fn square(side: usize, [high, wide]: [i64; 2], there: [(usize, usize); 2]) -> Vec<Option<i64>> {
    let at = |row: usize, column: usize| row as i64 * high + column as i64 * wide;
    let inside = |(from, to): (usize, usize), at: usize| from <= at && at < to;
    let place =
        |row: usize, column: usize| (inside(there[0], row) && inside(there[1], column)).then(|| at(row, column));
    (0..side).flat_map(|row| (0..side).map(move |column| (row, column))).map(|(row, column)| place(row, column)).collect()
}

/// The places of the values at all points, so many floats apart.
fn points(floats: usize) -> Vec<Option<i64>> {
    (0..POINTS * POINTS).map(|point| Some((4 * floats * point) as i64)).collect()
}

impl Writer<'_, '_> {
    pub fn winograd(&self, kernel: &Kernel, winograd: &Winograd) {
        let (axes, last) = (kernel.axes(), kernel.space.len() - 1);
        let channels = [axes[winograd.roles.channel], axes[last]];
        let (outer, places) = winograd.extents(&axes);
        let room = self.bases[winograd.room].expect("a buffer of the kernel");
        let layout = winograd.layout(&axes, axes[last]);
        let (image, there) = (winograd.at(), winograd.there(&axes));
        let conv = Conv { kernel, winograd, layout, outer, places, channels, image, there, room };
        let (empty, axes) = (Body::default(), axes.len());
        // The first knows the factors' indices, the second what follows.
        let mut scopes = [Scope::new(&empty, axes, 0), Scope::new(&kernel.body, axes, kernel.space.len() + 1)];
        let zero = self.code.index(0);
        scopes.iter_mut().for_each(|scope| (0..axes).for_each(|axis| scope.enter(axis, zero, false)));
        self.lines(&mut scopes[1], 0..1);
        let gradient = winograd.roles.gradient;
        match gradient {
            true => self.no_sums(&conv),
            false => self.change_weights(&conv, &scopes[0]),
        }
        self.over_outer(&conv, 0, &mut scopes);
        if gradient {
            self.taps(&conv, &mut scopes[1]);
        }
    }

    /// The loops over the outer axes from the one of this number on.
    fn over_outer(&self, conv: &Conv, number: usize, scopes: &mut [Scope; 2]) {
        let Some(&extent) = conv.outer.get(number) else { return self.over_places(conv, 0, scopes, &mut vec![]) };
        let step = if number + 1 == conv.outer.len() { conv.layout.block[0] } else { 1 };
        self.repeat((0, extent, step), &[], &mut |index, _| {
            scopes.iter_mut().for_each(|scope| scope.enter(conv.winograd.roles.outer[number], index, false));
            self.over_outer(conv, number + 1, scopes);
            Vec::new()
        });
    }

    /// The loops over blocks along height and width, from that of this number on; blocks with the same parts share one.
    fn over_places(&self, conv: &Conv, axis: usize, scopes: &mut [Scope; 2], parts: &mut Vec<Vec<Part>>) {
        if axis == conv.places.len() {
            return self.block(conv, scopes, parts);
        }
        let step = conv.layout.block[1 + axis] * RESULTS;
        let mut from = 0;
        while from < conv.places[axis] {
            let here = conv.parts(axis, from);
            let mut to = from + step;
            while to < conv.places[axis] && conv.parts(axis, to) == here {
                to += step;
            }
            parts.push(here);
            self.repeat((from, to, step), &[], &mut |index, _| {
                scopes.iter_mut().for_each(|scope| scope.enter(conv.winograd.roles.places[axis], index, false));
                self.over_places(conv, axis + 1, scopes, parts);
                Vec::new()
            });
            parts.pop();
            from = to;
        }
    }

    /// A block of tiles.
    fn block(&self, conv: &Conv, scopes: &[Scope; 2], parts: &[Vec<Part>]) {
        let Conv { winograd, layout, channels: [channels, last], .. } = conv;
        let [images, others, sums, _] = layout.starts();
        let tiles: usize = layout.block.iter().product();
        let each = |work: &dyn Fn([Part; 2])| {
            parts[0].iter().for_each(|&high| parts[1].iter().for_each(|&wide| work([high, wide])));
        };
        each(&|part| {
            let target = (conv.floats(self, images, part, *channels), *channels);
            let reads = part.map(|part| part.there);
            self.change_tiles(conv, &scopes[0], What::Image, (part, reads), target, layout.images);
        });
        if winograd.roles.gradient {
            each(&|part| {
                let target = (conv.floats(self, others, part, *last), *last);
                let reads = part.map(|part| (0, part.results));
                self.change_tiles(conv, &scopes[0], What::Gradient, (part, reads), target, layout.others);
            });
            let points = [layout.images, layout.others, layout.sums];
            let [rows, columns] = conv.channels;
            let products = Products { rows, columns, terms: tiles, left: [1, rows], points, adds: true };
            let factors = [(&conv.image, winograd.main().buffer), (&winograd.other.at, winograd.other.buffer)];
            let next = factors.into_iter().filter_map(|(at, buffer)| self.next(conv, &scopes[0], at, buffer));
            let next: Vec<Soon> = next.collect();
            return self.products(conv, &products, &next);
        }
        let points = [layout.images, layout.others, layout.sums];
        let left = [*channels, 1];
        let products = Products { rows: tiles, columns: *last, terms: *channels, left, points, adds: false };
        let mut soon: Vec<Soon> = self.next(conv, &scopes[0], &conv.image, winograd.main().buffer).into_iter().collect();
        soon.extend(self.here(conv, &scopes[1]));
        self.products(conv, &products, &soon);
        each(&|part| {
            let source = conv.floats(self, sums, part, *last);
            self.change_back(conv, &scopes[1], part, source);
        });
        if conv.stored().is_none() {
            let [examples, high, wide] = layout.block.map(|tiles| tiles * RESULTS);
            let there = |parts: &[Part]| parts.iter().map(|part| part.tiles * part.results).sum::<usize>();
            let row = 4 * *last as i64;
            let pitches = [row * (high * wide) as i64, row * wide as i64, row];
            let extents = [examples / RESULTS, there(&parts[0]), there(&parts[1])];
            let axes = [winograd.roles.outer.last().copied(), Some(winograd.roles.places[0]), Some(winograd.roles.places[1])];
            let around = axes.into_iter().zip(extents).zip(pitches);
            let around = around.filter_map(|((axis, extent), pitch)| Some((Through::all(axis?, extent), pitch)));
            let around: Vec<(Through, i64)> = around.collect();
            let first = conv.float(self, layout.starts()[3]);
            let sums = Sums { kernel: conv.kernel, depth: 1, columns: *last, around: &around, first };
            self.finish_sums(&mut scopes[1].clone(), &sums);
        }
    }

    /// What the next block reads that this one does not, if it lies in one piece: from where, how many bytes.
    fn next(&self, conv: &Conv, scope: &Scope, at: &Affine, buffer: usize) -> Option<Soon> {
        let bytes = conv.bytes(at)?;
        let rank = conv.kernel.space.len();
        let summed = |axis: usize| (axis >= rank) != conv.winograd.roles.gradient;
        let start = self.address(scope, buffer, &first(at, summed), 0);
        // Tiles reach into the next ones.
        let whole = conv.layout.block[1] * RESULTS >= conv.places[0];
        let taps = conv.winograd.roles.taps[0];
        let known = if whole { 0 } else { 4 * stride(at, taps) * (TAPS - 1) as i64 };
        Some(Soon { start: self.code.ins(|ins| ins.iadd_imm_s(start, bytes + known)), bytes: bytes as usize, written: false })
    }

    /// What is read and written with the results of this block, as far as it lies in one piece.
    fn here(&self, conv: &Conv, scope: &Scope) -> Vec<Soon> {
        let kernel = conv.kernel;
        let loads = kernel.body.lines.iter().filter_map(|line| match &line.work {
            Work::Load(Load { buffer, at, guards }) if guards.is_empty() => Some((*buffer, at, false)),
            _ => None,
        });
        let stores = kernel.stores.iter().map(|store| (store.buffer, &store.at, true));
        let mut soon: Vec<(usize, Soon)> = vec![];
        for (buffer, at, written) in loads.chain(stores) {
            let plain = at.terms().iter().all(|term| matches!(term.0, Var::Axis(_)));
            let floats = self.plan.buffers[buffer].dtype == Dtype::F32 && soon.iter().all(|it| it.0 != buffer);
            if let Some(bytes) = conv.bytes(at).filter(|_| plain && floats) {
                let start = self.address(scope, buffer, at, 0);
                soon.push((buffer, Soon { start, bytes: bytes as usize, written }));
            }
        }
        soon.into_iter().map(|(_, soon)| soon).collect()
    }

    /// Changes the tiles of a part of a block to points: of the image, or of the gradient.
    fn change_tiles(
        &self,
        conv: &Conv,
        scope: &Scope,
        what: What,
        (part, there): ([Part; 2], [(usize, usize); 2]),
        (target, channels): (Value, usize),
        apart: usize,
    ) {
        let winograd = conv.winograd;
        let (buffer, at) = match what {
            What::Image => (winograd.main().buffer, &conv.image),
            _ => (winograd.other.buffer, &winograd.other.at),
        };
        let rank = conv.kernel.space.len();
        let stays = |axis: usize| match winograd.roles.gradient {
            true => axis < rank,
            false => axis >= rank,
        };
        let steps = winograd.roles.places.map(|axis| 4 * stride(at, axis));
        let skipped = (0..2).map(|axis| steps[axis] * (part[axis].first * RESULTS) as i64).sum::<i64>();
        let start = self.address(scope, buffer, &first(at, stays), 0);
        let source = self.code.ins(|ins| ins.iadd_imm_s(start, skipped));
        let examples = winograd.roles.outer.last().map_or(0, |&axis| 4 * stride(at, axis));
        let loops = conv.loops(part, [examples, RESULTS as i64 * steps[0], RESULTS as i64 * steps[1]], channels, false);
        let reads = square(what.sides()[0], steps, there);
        let image = matches!(what, What::Image).then(|| (&winograd.image, winograd.main()));
        let beside = image.into_iter().flat_map(|(reader, main)| {
            let others = reader.loads().filter(move |load| *load != main);
            others.map(|load| {
                let at = reader.body.expand(&load.at);
                (load, self.address(scope, load.buffer, &first(&at, |_| true), 0))
            })
        });
        let beside = beside.collect();
        let reader = image.filter(|(reader, _)| reader.body.lines.len() > 1);
        let change = Change { what, reader, beside, reads, writes: points(apart), channels, loops };
        self.change(&change, source, target);
    }

    /// Changes sums at points to results: to where they are stored, or to the room for them.
    fn change_back(&self, conv: &Conv, scope: &Scope, part: [Part; 2], source: Value) {
        let Conv { winograd, layout, channels: [_, last], .. } = conv;
        let (target, steps) = match conv.stored() {
            Some(store) => {
                let step = |axis: usize| 4 * store.at.factor(Var::Axis(axis as u32));
                let target = self.address(scope, store.buffer, &store.at, 0);
                let examples = winograd.roles.outer.last().map_or(0, |&axis| step(axis));
                (target, [examples, step(winograd.roles.places[0]), step(winograd.roles.places[1])])
            }
            None => {
                let [_, high, wide] = layout.block.map(|tiles| tiles * RESULTS);
                let row = 4 * *last as i64;
                let target = conv.float(self, layout.starts()[3]);
                (target, [row * (high * wide) as i64, row * wide as i64, row])
            }
        };
        let skipped = (0..2).map(|axis| steps[1 + axis] * (part[axis].first * RESULTS) as i64).sum::<i64>();
        let target = self.code.ins(|ins| ins.iadd_imm_s(target, skipped));
        let tiles = [steps[0], RESULTS as i64 * steps[1], RESULTS as i64 * steps[2]];
        let loops = conv.loops(part, tiles, *last, true);
        let writes = square(RESULTS, [steps[1], steps[2]], part.map(|part| (0, part.results)));
        self.change(&Change::plain(What::Results, points(layout.sums), writes, (*last, loops)), source, target);
    }

    fn change_weights(&self, conv: &Conv, scope: &Scope) {
        let Conv { winograd, layout, channels: [channels, last], .. } = conv;
        let at = &winograd.other.at;
        let source = self.address(scope, winograd.other.buffer, &first(at, |_| true), 0);
        let steps = winograd.roles.taps.map(|axis| 4 * stride(at, axis));
        let loops = vec![(*channels, [4 * stride(at, winograd.roles.channel), 4 * *last as i64])];
        let reads = square(TAPS, steps, [(0, TAPS); 2]);
        let writes = points(layout.others);
        let target = conv.float(self, layout.starts()[1]);
        self.change(&Change::plain(What::Weights, reads, writes, (*last, loops)), source, target);
    }

    /// No product has been added to any sum.
    fn no_sums(&self, conv: &Conv) {
        let start = conv.float(self, conv.layout.starts()[2]);
        let zero = self.lanes(Width::Four).float(0.0);
        self.repeat((0, POINTS * POINTS * conv.layout.sums, WIDE), &[], &mut |at, _| {
            let offset = self.code.ins(|ins| ins.imul_imm_s(at, 4));
            let place = self.code.ins(|ins| ins.iadd(start, offset));
            self.code.ins(|ins| ins.store(memory(), zero, place, 0));
            Vec::new()
        });
    }

    /// The gradient of the weights from all sums, and what is done with it.
    fn taps(&self, conv: &Conv, scope: &mut Scope) {
        let Conv { winograd, layout, channels: [channels, last], .. } = conv;
        let [_, _, sums, results] = layout.starts();
        let row = 4 * *last as i64;
        let weights = row * *channels as i64;
        let writes = square(TAPS, [TAPS as i64 * weights, weights], [(0, TAPS); 2]);
        let loops = vec![(*channels, [row, row])];
        let change = Change::plain(What::Taps, points(layout.sums), writes, (*last, loops));
        let first = conv.float(self, results);
        self.change(&change, conv.float(self, sums), first);
        let roles = &winograd.roles;
        let around = [
            (Through::all(roles.taps[0], TAPS), TAPS as i64 * weights),
            (Through::all(roles.taps[1], TAPS), weights),
            (Through::all(roles.channel, *channels), row),
        ];
        let zero = self.code.index(0);
        (0..conv.kernel.space.len()).for_each(|axis| scope.enter(axis, zero, false));
        self.finish_sums(scope, &Sums { kernel: conv.kernel, depth: 1, columns: *last, around: &around, first });
    }
}

impl Conv<'_> {
    /// The parts of the block from a place on, along height or width.
    fn parts(&self, axis: usize, from: usize) -> Vec<Part> {
        let mut parts: Vec<Part> = vec![];
        for number in 0..self.layout.block[1 + axis] {
            let start = from + number * RESULTS;
            let results = RESULTS.min(self.places[axis].saturating_sub(start));
            let [first, last] = [self.there[axis].0, self.there[axis].1].map(|end| end - start as i64);
            let within = |place: i64| place.clamp(0, POINTS as i64) as usize;
            let there = (within(first), within(last).min(results + TAPS - 1));
            let part = Part { first: number, tiles: 1, results, there };
            match parts.last_mut() {
                Some(before) if (before.results, before.there) == (results, there) => before.tiles += 1,
                _ => parts.push(part),
            }
        }
        parts
    }

    /// The bytes from a block to the next, if rows follow one another in memory and a block has whole rows.
    fn bytes(&self, at: &Affine) -> Option<i64> {
        let [examples, high, wide] = self.layout.block;
        let [height, width] = self.winograd.roles.places.map(|axis| stride(at, axis));
        let step = match self.winograd.roles.outer.last() {
            Some(&outer) if high * RESULTS >= self.places[0] => examples as i64 * stride(at, outer),
            _ => (high * RESULTS) as i64 * height,
        };
        let whole = wide * RESULTS >= self.places[1] && width > 0 && height <= width * (self.places[1] + 2 * TAPS) as i64;
        (whole && step > 0).then_some(4 * step)
    }

    /// The place of a float of the room.
    fn float(&self, writer: &Writer, at: usize) -> Value {
        writer.code.ins(|ins| ins.iadd_imm_s(self.room, 4 * at as i64))
    }

    /// The place of the first tile of a part among the values at one point, so many floats for each tile.
    fn floats(&self, writer: &Writer, start: usize, part: [Part; 2], channels: usize) -> Value {
        let tile = part[0].first * self.layout.block[2] + part[1].first;
        self.float(writer, start + tile * channels)
    }

    /// The loops over the tiles of a part: the bytes from tile to tile in memory along the last outer axis, height and width; and those
    /// among the values at a point. `back` where these are read.
    fn loops(&self, part: [Part; 2], steps: [i64; 3], channels: usize, back: bool) -> Vec<(usize, [i64; 2])> {
        let [examples, high, wide] = self.layout.block;
        let row = 4 * channels as i64;
        let tiles = [row * (high * wide) as i64, row * wide as i64, row];
        let extents = [examples, part[0].tiles, part[1].tiles];
        let order = |steps: [i64; 2]| if back { [steps[1], steps[0]] } else { steps };
        let loops = (0..3).map(|axis| (extents[axis], order([steps[axis], tiles[axis]])));
        loops.filter(|&(extent, _)| extent > 1).collect()
    }

    /// Where results go that are stored as they are, in rows of channels.
    fn stored(&self) -> Option<&Store> {
        let [store] = &self.kernel.stores[..] else { return None };
        let bare = matches!(self.kernel.body.lines[store.value.0 as usize].work, Work::Core) && !store.adds;
        let last = self.kernel.space.len() - 1;
        (bare && store.at.factor(Var::Axis(last as u32)) == 1).then_some(store)
    }
}

// ------------------------------------------------------------------------------------------ changes and products

impl Change<'_> {
    /// One that reads values as they are.
    fn plain(
        what: What,
        reads: Vec<Option<i64>>,
        writes: Vec<Option<i64>>,
        (channels, loops): (usize, Vec<(usize, [i64; 2])>),
    ) -> Self {
        Change { what, reader: None, beside: vec![], reads, writes, channels, loops }
    }

    /// What is made of a value that is read, and of those beside it.
    fn read<O: Ops>(&self, ops: &O, value: O::V, beside: &[O::V]) -> O::V {
        let Some((reader, main)) = self.reader else { return value };
        let body = &reader.body;
        let mut made: Vec<O::V> = Vec::with_capacity(body.lines.len());
        for line in &body.lines {
            let of = |reg: &Reg| made[reg.0 as usize];
            let next = match &line.work {
                Work::Load(load) if load == main => value,
                Work::Load(load) => {
                    beside[self.beside.iter().position(|it| it.0 == load).expect("a load of the image")]
                }
                Work::Const(bits) if line.dtype == Dtype::Bool => ops.truth(*bits != 0),
                Work::Const(bits) => ops.of_bits(ops.int(*bits as i32)),
                Work::Map(scalar, args) => {
                    let dtypes: Vec<Dtype> = args.iter().map(|&arg| body.dtype(arg)).collect();
                    scalar.apply(&dtypes, ops, &args.iter().map(of).collect::<Vec<_>>())
                }
                // What is outside is not read.
                Work::Mask(_, reg) => of(reg),
                Work::Core | Work::Index(_) | Work::Random { .. } | Work::Step => unreachable!("an image has no such line"),
            };
            made.push(next);
        }
        made[reader.value.0 as usize]
    }

    /// As a function of two addresses and those beside; `None` where there can be none.
    fn strip(&self, isa: Isa) -> Option<(Strip, Vec<u8>, usize)> {
        let near = |bytes: i64| i32::try_from(bytes).ok();
        let trace = Trace::default();
        let pointers = 2 + self.beside.len();
        let beside: Vec<Wide> =
            (2..pointers).map(|pointer| trace.push(Op::At { pointer: pointer as u32, bytes: 0 })).collect();
        let read = |place: &Option<i64>| match place {
            Some(bytes) => {
                let value = trace.push(Op::At { pointer: 0, bytes: near(*bytes)? });
                Some(self.read(&trace, value, &beside))
            }
            None => Some(trace.float(0.0)),
        };
        let values = self.reads.iter().map(read).collect::<Option<Vec<_>>>()?;
        let made = self.what.of(&trace, &values);
        let side = self.what.sides()[1];
        let order = self.what.columns().iter().flat_map(|column| (0..side).map(move |row| row * side + column));
        let order = order.filter_map(|at| Some((self.writes[at]?, made[at])));
        let sink = |(bytes, value)| Some(Sink::Store { pointer: 1, bytes: near(bytes)?, unit: Unit::Four, value });
        let sinks = order.map(sink).collect::<Option<Vec<_>>>()?;
        let around = self.loops.iter().map(|(extent, steps)| {
            let steps = steps.iter().copied().chain(self.beside.iter().map(|_| 0));
            let steps = steps.map(near).collect::<Option<Vec<_>>>()?;
            Some(Around { extent: *extent, steps })
        });
        let loops = around.collect::<Option<Vec<_>>>()?;
        let strip = Strip { ops: trace.finish()?, sinks, columns: self.channels, pointers, known: 0, loops, apart: true };
        let (code, bytes) = strip.code(isa)?;
        Some((strip, code, bytes))
    }
}

impl Writer<'_, '_> {
    /// Changes all squares of values that begin at `source`, to `target`.
    fn change(&self, change: &Change, source: Value, target: Value) {
        let Some((strip, code, bytes)) = Isa::of(&self.plan.machine).and_then(|isa| change.strip(isa)) else {
            return self.change_plainly(change, &change.loops, source, target);
        };
        let table = self.lines_of_cache(bytes);
        let beside = change.beside.iter().map(|it| it.1);
        for (number, value) in [source, target].into_iter().chain(beside).enumerate() {
            self.code.ins(|ins| ins.store(memory(), value, table, strip.pointer_at(number) as i32));
        }
        // Nothing is folded, but the function looks where.
        self.code.ins(|ins| ins.store(memory(), table, table, strip.lanes_at() as i32));
        self.call(code, &[table]);
    }

    /// The same in loops of four channels.
    fn change_plainly(&self, change: &Change, loops: &[(usize, [i64; 2])], source: Value, target: Value) {
        let moved = |index: Value, [read, write]: [i64; 2]| {
            [(source, read), (target, write)].map(|(start, step)| {
                let offset = self.code.ins(|ins| ins.imul_imm_s(index, step));
                self.code.ins(|ins| ins.iadd(start, offset))
            })
        };
        if let Some((&(extent, steps), inner)) = loops.split_first() {
            self.repeat((0, extent, 1), &[], &mut |index, _| {
                let [source, target] = moved(index, steps);
                self.change_plainly(change, inner, source, target);
                Vec::new()
            });
            return;
        }
        self.repeat((0, change.channels, WIDE), &[], &mut |index, _| {
            let [source, target] = moved(index, [4; 2]);
            let lanes = self.lanes(Width::Four);
            let behind = |start: Value, bytes: i64| self.code.ins(|ins| ins.iadd_imm_s(start, bytes));
            let kind = type_of(Dtype::F32, Width::Four);
            let beside = change.beside.iter().map(|&(_, start)| {
                let offset = self.code.ins(|ins| ins.imul_imm_s(index, 4));
                let address = self.code.ins(|ins| ins.iadd(start, offset));
                self.code.ins(|ins| ins.load(kind, memory(), address, 0))
            });
            let beside: Vec<Value> = beside.collect();
            let read = |place: &Option<i64>| match place {
                Some(bytes) => {
                    let address = behind(source, *bytes);
                    let value = self.code.ins(|ins| ins.load(kind, memory(), address, 0));
                    change.read(&lanes, value, &beside)
                }
                None => lanes.float(0.0),
            };
            let values: Vec<Value> = change.reads.iter().map(read).collect();
            for (value, place) in change.what.of(&lanes, &values).into_iter().zip(&change.writes) {
                if let Some(bytes) = place {
                    let address = behind(target, *bytes);
                    self.code.ins(|ins| ins.store(memory(), value, address, 0));
                }
            }
            Vec::new()
        });
    }

    /// The products of a block at all points.
    fn products(&self, conv: &Conv, products: &Products, soon: &[Soon]) {
        let [images, others, sums, _] = conv.layout.starts();
        let starts = [images, others, sums].map(|at| conv.float(self, at));
        let soon = &soon[..soon.len().min(3)];
        let lines = |soon: &Soon| soon.bytes.div_ceil(LINE * POINTS * POINTS).min(MANY);
        let ahead: Vec<Ahead> = soon.iter().map(|it| Ahead { lines: lines(it), written: it.written }).collect();
        let Some(calls) = Isa::of(&self.plan.machine).and_then(|isa| products.calls(isa, &ahead)) else {
            return self.products_plainly(products, starts);
        };
        let soon: Vec<Value> = soon.iter().map(|soon| soon.start).collect();
        for (number, (code, skipped)) in calls.into_iter().enumerate() {
            // The first function asks for all of it.
            let ahead = if number == 0 { &soon[..] } else { &[] };
            let starts: [Value; 3] = from_fn(|it| self.code.ins(|ins| ins.iadd_imm_s(starts[it], skipped[it])));
            self.call(code, &[&starts[..], ahead].concat());
        }
    }

    /// The same in loops of four columns.
    fn products_plainly(&self, products: &Products, starts: [Value; 3]) {
        let Products { rows, columns, terms, left: [down, along], points, adds } = *products;
        let at = |start: Value, index: Value, floats: usize| {
            let offset = self.code.ins(|ins| ins.imul_imm_s(index, 4 * floats as i64));
            self.code.ins(|ins| ins.iadd(start, offset))
        };
        let (lanes, kind) = (self.lanes(Width::Four), type_of(Dtype::F32, Width::Four));
        self.repeat((0, POINTS * POINTS, 1), &[], &mut |point, _| {
            let [left, right, sums]: [Value; 3] = from_fn(|it| at(starts[it], point, points[it]));
            self.repeat((0, rows, 1), &[], &mut |row, _| {
                let (left, sums) = (at(left, row, down), at(sums, row, columns));
                self.repeat((0, columns, WIDE), &[], &mut |column, _| {
                    let (right, place) = (at(right, column, 1), at(sums, column, 1));
                    let so_far = match adds {
                        true => self.code.ins(|ins| ins.load(kind, memory(), place, 0)),
                        false => lanes.float(0.0),
                    };
                    let sum = self.repeat((0, terms, 1), &[left, right, so_far], &mut |_, carried| {
                        let a = self.code.ins(|ins| ins.load(type_of(Dtype::F32, Width::One), memory(), carried[0], 0));
                        let b = self.code.ins(|ins| ins.load(kind, memory(), carried[1], 0));
                        let sum = lanes.fma(self.code.splat(Dtype::F32, a), b, carried[2]);
                        let next = [(carried[0], along), (carried[1], columns)]
                            .map(|(start, floats)| self.code.ins(|ins| ins.iadd_imm_s(start, 4 * floats as i64)));
                        vec![next[0], next[1], sum]
                    });
                    self.code.ins(|ins| ins.store(memory(), sum[2], place, 0));
                    Vec::new()
                });
                Vec::new()
            });
            Vec::new()
        });
    }
}

impl Products {
    /// Functions of three addresses, the first of up to six, each with how many bytes behind the first of factors and sums it begins: one for each shape of a tile.
    fn calls(&self, isa: Isa, ahead: &[Ahead]) -> Option<Vec<(Vec<u8>, [i64; 3])>> {
        let bytes = |floats: usize| 4 * floats as i64;
        let tile = best(isa, (self.rows, self.columns));
        let [down, along] = self.left.map(bytes);
        let pitch = bytes(self.columns);
        let factors = [
            Factor { down, across: false, along: vec![along] },
            Factor { down: 0, across: true, along: vec![pitch] },
        ];
        let mut calls = vec![];
        for rows in parts(self.rows, tile.rows) {
            for columns in parts(self.columns, tile.columns) {
                let [above, before] = [(self.rows, tile.rows, rows), (self.columns, tile.columns, columns)]
                    .map(|(all, whole, here)| if here == whole { 0 } else { all - here });
                let count = [(self.rows, rows, above), (self.columns, columns, before)]
                    .map(|(all, here, skipped)| (all - skipped) / here);
                let around = [
                    Tiles { extent: POINTS * POINTS, steps: self.points.map(bytes) },
                    Tiles { extent: count[1], steps: [0, bytes(columns), bytes(columns)] },
                    Tiles { extent: count[0], steps: [down * rows as i64, 0, pitch * rows as i64] },
                ];
                let target = Rows { pitch, adds: self.adds };
                let ahead = if calls.is_empty() { ahead } else { &[] };
                let code = x86::sums(isa, Tile { rows, columns }, &factors, &[self.terms], target, &around, ahead)?;
                calls.push((code, [down * above as i64, bytes(before), pitch * above as i64 + bytes(before)]));
            }
        }
        Some(calls)
    }
}
