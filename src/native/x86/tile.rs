//! A tile of sums of products: its rows and columns in registers, for each element one chain of fused multiply-adds.

use super::Isa;
use super::encode::{Address, Assembler, Lanes, Vector};
use super::words::Word;

/// The part of a product that one call computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tile {
    pub rows: usize,
    /// In floats; the last register of a row may not be full.
    pub columns: usize,
}

/// Where the elements of a factor lie, in bytes from the tile's first one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Factor {
    /// From row to row.
    pub down: i64,
    /// Whether each column has its own, one float behind the other; else all columns share one.
    pub across: bool,
    /// From term to term along each axis of the sum, the outermost first.
    pub along: Vec<i64>,
}

/// Where the rows of sums go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rows {
    /// Bytes from row to row.
    pub pitch: i64,
    /// Whether the chains go on from what is there, instead of beginning at zero.
    pub adds: bool,
}

/// A loop around tiles of one shape: how often, and by how many bytes both factors and the sums go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tiles {
    pub extent: usize,
    pub steps: [i64; 3],
}

/// Memory that is asked for while sums are computed: so many lines of the cache in each turn of the outermost loop
/// around tiles, from where an argument after the third says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ahead {
    pub lines: usize,
    /// Whether they will be written, and not only read.
    pub written: bool,
}

/// The registers that count the turns of loops, the innermost first.
const COUNTERS: [Word; 6] = [Word::RAX, Word::RCX, Word::R8, Word::R9, Word::R10, Word::R11];

/// Those of loops around tiles, which a function leaves as it found them, the outermost first.
const AROUND: [Word; 3] = [Word::RBX, Word::R12, Word::R13];

/// The first addresses of the factors, and where the sums go.
const STARTS: [Word; 2] = [Word::RDI, Word::RSI];
const TARGET: Word = Word::RDX;

/// What is asked for. These count turns as well, but not those of the innermost loop.
const AHEAD: [Word; 3] = [Word::RCX, Word::R8, Word::R9];

/// The bytes of a line of the cache.
pub const LINE: usize = 64;

/// Terms of the sum that one turn of the innermost loop adds.
const UNROLLED: usize = 4;

impl Ahead {
    /// So many pieces of memory can be asked for at once.
    pub const MOST: usize = AHEAD.len();
}

impl Tile {
    /// The registers of a row.
    pub fn vectors(self, isa: Isa) -> usize {
        self.columns.div_ceil(isa.lanes())
    }

    /// The bytes of a row in whole registers.
    pub fn pitch(self, isa: Isa) -> usize {
        self.vectors(isa) * isa.lanes() * 4
    }

    /// The bytes that its sums take: row by row, each in whole registers.
    pub fn bytes(self, isa: Isa) -> usize {
        self.rows * self.pitch(isa)
    }

    /// Whether all registers that it takes are there: the sums, a row of one factor, an element of the other, a mask. `reads` says
    /// whether the row has to be in registers: the only row of sums reads a factor that goes across where it uses it.
    pub fn fits(self, isa: Isa, reads: bool) -> bool {
        let vectors = self.vectors(isa);
        let masks = usize::from(isa == Isa::Avx2 && self.is_masked(isa));
        let row = if self.rows > 1 || reads { vectors } else { 1 };
        self.rows * vectors + row + 1 + masks <= isa.registers()
    }

    /// About how many cycles one term of all its sums takes: two products in a cycle, two loads, and a chain waits four.
    pub fn cycles(self, isa: Isa) -> usize {
        let vectors = self.vectors(isa);
        (self.rows * vectors).max(self.rows + vectors).max(8)
    }

    fn is_masked(self, isa: Isa) -> bool {
        !self.columns.is_multiple_of(isa.lanes())
    }
}

/// The function `(left, right, sums)` of the System V convention that adds up the products of two factors over axes of
/// the given extents, in row-major order, and writes the sums of a tile row by row as `target` says, each in whole
/// registers. At most one of the factors differs from row to row. It does so for each of the tiles that the loops
/// `around` go through, the outermost first. `None` where the sum has too many axes, or strides too large.
pub fn sums(
    isa: Isa,
    tile: Tile,
    factors: &[Factor; 2],
    extents: &[usize],
    target: Rows,
    around: &[Tiles],
    ahead: &[Ahead],
) -> Option<Vec<u8>> {
    let axes: Vec<usize> = (0..extents.len()).filter(|&axis| extents[axis] != 1).collect();
    let reach = |factor: &Factor| {
        let along: i64 = axes.iter().map(|&axis| extents[axis] as i64 * factor.along[axis].abs()).sum();
        along + factor.down.abs() * tile.rows as i64 + 4 * tile.columns as i64
    };
    let far = i64::from(i32::MAX) / 2;
    if axes.len() > COUNTERS.len()
        || factors.iter().any(|factor| reach(factor) > far)
        || target.pitch * tile.rows as i64 > far
        || around.iter().any(|tiles| tiles.steps.iter().any(|step| step.abs() * tiles.extent as i64 > far))
    {
        return None;
    }
    let reads = factors.iter().all(|it| it.across);
    assert!(tile.fits(isa, reads) && factors.iter().any(|it| it.down == 0 || tile.rows == 1), "a tile of registers");
    let mut code = Assembler::new(isa);
    let mut writer = Writer { isa, tile, factors, code: &mut code };
    let mask = writer.mask();
    if tile.is_masked(isa) {
        writer.code.mask(tile.columns % isa.lanes(), mask, Word::RAX);
    }
    let kept = &AROUND[AROUND.len() - around.len()..];
    kept.iter().for_each(|&word| writer.code.push(word));
    assert!(ahead.is_empty() || axes.len() <= 1, "registers for what is asked for");
    writer.tiles(around, extents, target, ahead);
    kept.iter().rev().for_each(|&word| writer.code.pop(word));
    Some(code.finish())
}

/// The function `(source, _, target)` of the System V convention that writes the elements of a factor side by side:
/// for each term of the sum, as [`sums`] goes through them, the columns of a tile in whole registers.
pub fn panel(isa: Isa, columns: usize, along: &[i64], extents: &[usize]) -> Option<Vec<u8>> {
    let axes: Vec<usize> = (0..extents.len()).filter(|&axis| extents[axis] != 1).collect();
    let reach: i64 = axes.iter().map(|&axis| extents[axis] as i64 * along[axis].abs()).sum();
    let terms: usize = extents.iter().product();
    if axes.len() > COUNTERS.len() || reach.max((terms * columns) as i64 * 8) > i64::from(i32::MAX) / 2 {
        return None;
    }
    let mut code = Assembler::new(isa);
    let tile = Tile { rows: 1, columns };
    let factors = [0, 1].map(|_| Factor { down: 0, across: true, along: vec![] });
    let mut writer = Writer { isa, tile, factors: &factors, code: &mut code };
    let mask = writer.mask();
    if tile.is_masked(isa) {
        writer.code.mask(columns % isa.lanes(), mask, Word::RAX);
    }
    let axes: Vec<(usize, i32)> = axes.iter().map(|&axis| (extents[axis], along[axis] as i32)).collect();
    writer.copies(&axes);
    Some(code.finish())
}

struct Writer<'a> {
    isa: Isa,
    tile: Tile,
    factors: &'a [Factor; 2],
    code: &'a mut Assembler,
}

impl Writer<'_> {
    /// The register of the mask, where masks stand in one: the last.
    fn mask(&self) -> Vector {
        Vector(self.isa.registers() as u8 - 1)
    }

    /// The loops around tiles, and one tile inside them.
    fn tiles(&mut self, around: &[Tiles], extents: &[usize], target: Rows, ahead: &[Ahead]) {
        let Some((tiles, inner)) = around.split_first() else { return self.sums(extents, target) };
        let counter = AROUND[AROUND.len() - around.len()];
        // What was gone forward inside is gone back.
        let gone = inner.first().map_or(self.gone(extents), |inner| inner.steps.map(|step| step * inner.extent as i64));
        self.code.set(counter, tiles.extent as u32);
        let top = self.code.label();
        for (&Ahead { lines, written }, word) in ahead.iter().zip(AHEAD) {
            let line = |at: usize| Address::of(word).behind((LINE * at) as i32);
            (0..lines).for_each(|at| self.code.ahead(line(at), written));
            self.code.add(word, (LINE * lines) as i32);
        }
        self.tiles(inner, extents, target, &[]);
        for (start, (step, gone)) in [STARTS[0], STARTS[1], TARGET].into_iter().zip(tiles.steps.into_iter().zip(gone)) {
            self.code.add(start, (step - gone) as i32);
        }
        self.code.count_down(counter, top);
    }

    /// By how many bytes the terms of a tile move on where the factors begin.
    fn gone(&self, extents: &[usize]) -> [i64; 3] {
        let outermost = (0..extents.len()).find(|&axis| extents[axis] != 1).filter(|_| !extents.contains(&0));
        let factor = |it: usize| outermost.map_or(0, |axis| extents[axis] as i64 * self.factors[it].along[axis]);
        [factor(0), factor(1), 0]
    }

    /// All sums of a tile.
    fn sums(&mut self, extents: &[usize], target: Rows) {
        let (isa, tile) = (self.isa, self.tile);
        let mask = self.mask();
        let sums = (0..tile.rows).flat_map(|row| (0..tile.vectors(isa)).map(move |column| (row, column)));
        let sums = sums.map(|(row, column)| {
            let bytes = row as i64 * target.pitch + (column * isa.lanes() * 4) as i64;
            let at = Address::of(TARGET).behind(bytes as i32);
            (Vector((row * tile.vectors(isa) + column) as u8), at)
        });
        for (sum, at) in sums.clone() {
            match target.adds {
                true => self.code.load(sum, at, Lanes::All, mask),
                false => self.code.zero(sum),
            }
        }
        let axes = (0..extents.len()).filter(|&axis| extents[axis] != 1);
        let strides = |axis: usize| [0, 1].map(|it: usize| self.factors[it].along[axis] as i32);
        let axes: Vec<(usize, [i32; 2])> = axes.map(|axis| (extents[axis], strides(axis))).collect();
        if !extents.contains(&0) {
            self.terms(&axes);
        }
        for (sum, at) in sums {
            self.code.store(sum, at);
        }
    }

    /// Loops over axes, each with its extent and its strides.
    fn terms(&mut self, axes: &[(usize, [i32; 2])]) {
        let Some((&(extent, strides), inner)) = axes.split_first() else { return self.term([0, 0]) };
        let counter = COUNTERS[inner.len()];
        if !inner.is_empty() {
            // What the next loop went forward is gone back.
            let (turns, step) = inner[0];
            let back = [0, 1].map(|it| strides[it] - turns as i32 * step[it]);
            self.code.set(counter, extent as u32);
            let top = self.code.label();
            self.terms(inner);
            self.step(back);
            return self.code.count_down(counter, top);
        }
        let (turns, rest) = (extent / UNROLLED, extent % UNROLLED);
        if turns > 0 {
            self.code.set(counter, turns as u32);
            let top = self.code.label();
            (0..UNROLLED as i32).for_each(|term| self.term(strides.map(|stride| term * stride)));
            self.step(strides.map(|stride| UNROLLED as i32 * stride));
            self.code.count_down(counter, top);
        }
        for _ in 0..rest {
            self.term([0, 0]);
            self.step(strides);
        }
    }

    /// Moves on by so many bytes in each factor.
    fn step(&mut self, strides: [i32; 2]) {
        for (start, stride) in STARTS.into_iter().zip(strides) {
            self.code.add(start, stride);
        }
    }

    /// One term of all sums, so many bytes behind where the factors begin.
    fn term(&mut self, behind: [i32; 2]) {
        let (tile, vectors) = (self.tile, self.tile.vectors(self.isa));
        // All rows share one factor, which is read first. One row alone reads one element of a factor, and the columns of the other.
        let shared = match [0, 1].map(|it: usize| self.factors[it].across) {
            [left, right] if tile.rows == 1 && left != right => usize::from(left),
            _ => usize::from(self.factors[1].down == 0 || (tile.rows == 1 && self.factors[0].down != 0)),
        };
        let other = 1 - shared;
        let start = |it: usize| Address::of(STARTS[it]).behind(behind[it]);
        let first = tile.rows * vectors;
        let across = self.factors[shared].across;
        let registers = if across { vectors } else { 1 };
        for column in 0..registers {
            let to = Vector((first + column) as u8);
            match across {
                true => self.load(to, start(shared), column),
                false => self.code.broadcast(to, start(shared)),
            }
        }
        let of = |column: usize| Vector((first + if across { column } else { 0 }) as u8);
        let spare = Vector((first + registers) as u8);
        for row in 0..tile.rows {
            let at = start(other).behind((row as i64 * self.factors[other].down) as i32);
            let sum = |column: usize| Vector((row * vectors + column) as u8);
            match self.factors[other].across {
                true => {
                    for column in 0..vectors {
                        if self.lanes(column) == Lanes::All {
                            let at = at.behind((column * self.isa.lanes() * 4) as i32);
                            self.code.fma_load(sum(column), of(column), at);
                        } else {
                            self.load(spare, at, column);
                            self.code.fma(sum(column), of(column), spare);
                        }
                    }
                }
                false if vectors == 1 && self.isa == Isa::Avx512 => self.code.fma_broadcast(sum(0), of(0), at),
                false => {
                    self.code.broadcast(spare, at);
                    (0..vectors).for_each(|column| self.code.fma(sum(column), of(column), spare));
                }
            }
        }
    }

    /// Copies the columns of each term, going through axes, each with its extent and its stride.
    fn copies(&mut self, axes: &[(usize, i32)]) {
        let Some((&(extent, stride), inner)) = axes.split_first() else {
            for column in 0..self.tile.vectors(self.isa) {
                let bytes = (column * self.isa.lanes() * 4) as i32;
                self.load(Vector(0), Address::of(STARTS[0]), column);
                self.code.store(Vector(0), Address::of(TARGET).behind(bytes));
            }
            return self.code.add(TARGET, self.tile.bytes(self.isa) as i32);
        };
        let counter = COUNTERS[inner.len()];
        let gone = inner.first().map_or(0, |&(turns, step)| turns as i32 * step);
        self.code.set(counter, extent as u32);
        let top = self.code.label();
        self.copies(inner);
        self.code.add(STARTS[0], stride - gone);
        self.code.count_down(counter, top);
    }

    fn lanes(&self, column: usize) -> Lanes {
        match self.tile.is_masked(self.isa) && column + 1 == self.tile.vectors(self.isa) {
            true => Lanes::Masked,
            false => Lanes::All,
        }
    }

    /// Reads the floats of a column of registers.
    fn load(&mut self, to: Vector, row: Address, column: usize) {
        let (lanes, mask) = (self.lanes(column), self.mask());
        self.code.load(to, row.behind((column * self.isa.lanes() * 4) as i32), lanes, mask);
    }
}
