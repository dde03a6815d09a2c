//! Convolutions by Winograd's method: blocks of tiles are changed to points, multiplied at each of them, and changed
//! back.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use cranelift_codegen::ir::{InstBuilder, Value};

mod change;
mod products;

use self::change::{Change, Squares, What, Written, points, square};
use self::products::{Products, Soon};
use super::lanes::{WIDE, Width};
use super::strips::Through;
use super::sums::Sums;
use super::writer::{Scope, Writer, memory};
use crate::kernel::winograd::formulas::{POINTS, RESULTS, TAPS};
use crate::kernel::winograd::{Layout, first, stride};
use crate::kernel::{Affine, Body, Kernel, Load, Store, Var, Winograd, Work};
use crate::scalar::{Dtype, Ops};

/// A part of the tiles of a block along one axis: the first of them, how many, how many results of each there are, and
/// from which to which place of each the image is there.
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
    /// The functions that were written so far.
    written: RefCell<HashMap<Squares, Option<Rc<Written>>>>,
}

impl Writer<'_, '_> {
    pub fn winograd(&self, kernel: &Kernel, winograd: &Winograd) {
        let (axes, last) = (kernel.axes(), kernel.space.len() - 1);
        let channels = [axes[winograd.roles.channel], axes[last]];
        let (outer, places) = winograd.extents(&axes);
        let room = self.bases[winograd.room].expect("a buffer of the kernel");
        let layout = winograd.layout(&axes, axes[last]);
        let (image, there) = (winograd.at(), winograd.there(&axes));
        let written = RefCell::default();
        let conv = Conv { kernel, winograd, layout, outer, places, channels, image, there, room, written };
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
        let mut soon: Vec<Soon> =
            self.next(conv, &scopes[0], &conv.image, winograd.main().buffer).into_iter().collect();
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
            let axes =
                [winograd.roles.outer.last().copied(), Some(winograd.roles.places[0]), Some(winograd.roles.places[1])];
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
        Some(Soon {
            start: self.code.ins(|ins| ins.iadd_imm_s(start, bytes + known)),
            bytes: bytes as usize,
            written: false,
        })
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
        let squares = Squares { what, reads, writes: points(apart), channels, loops };
        let change = Change { squares, reader, beside };
        self.change(conv, &change, source, target);
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
        self.change(conv, &Change::plain(What::Results, points(layout.sums), writes, (*last, loops)), source, target);
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
        self.change(conv, &Change::plain(What::Weights, reads, writes, (*last, loops)), source, target);
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
        self.change(conv, &change, conv.float(self, sums), first);
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
        let whole =
            wide * RESULTS >= self.places[1] && width > 0 && height <= width * (self.places[1] + 2 * TAPS) as i64;
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

    /// The loops over the tiles of a part: the bytes from tile to tile in memory along the last outer axis, height and
    /// width; and those among the values at a point. `back` where these are read.
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
