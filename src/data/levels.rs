//! Pixels that stay bytes: what a field's formula makes of each of the 256 values of a byte, and rows that are read by that.

use std::sync::Arc;

/// What a formula makes of bytes, where it sees each by itself.
#[derive(Clone, PartialEq, Debug)]
pub struct Levels {
    /// For each place 256 numbers. After the last place of a row's first ones it begins again with the first.
    values: Arc<Vec<f32>>,
    period: usize,
}

/// The values that a byte has.
pub const LEVELS: usize = 1 << 8;

impl Levels {
    /// Of what became of these bytes: each value, at so many places one behind the other.
    pub fn new(values: &[f32], period: usize) -> Levels {
        assert!(values.len() >= LEVELS * period, "each value at each of {period} places");
        let of = |at: usize| values[at % LEVELS * period + at / LEVELS];
        Levels { values: Arc::new((0..LEVELS * period).map(of).collect()), period }
    }

    /// So many bytes, of which a formula makes levels: each value at so many places, then any.
    pub fn bytes(count: usize, period: usize) -> Vec<f32> {
        (0..count).map(|at| (at / period % LEVELS) as f32).collect()
    }

    /// Whether a model can read all of it.
    pub fn is_finite(&self) -> bool {
        self.values.iter().all(|value| value.is_finite())
    }

    /// Adds what the bytes of a row become.
    fn read(&self, bytes: &[u8], into: &mut Vec<f32>) {
        let start = into.len();
        into.resize(start + bytes.len(), 0.0);
        if let [all] = self.values.as_chunks::<LEVELS>().0 {
            into[start..].iter_mut().zip(bytes).for_each(|(to, &byte)| *to = all[usize::from(byte)]);
            return;
        }
        let places = self.values.as_chunks::<LEVELS>().0;
        for (into, bytes) in into[start..].chunks_exact_mut(self.period).zip(bytes.chunks_exact(self.period)) {
            for ((to, &byte), place) in into.iter_mut().zip(bytes).zip(places) {
                *to = place[usize::from(byte)];
            }
        }
    }
}

/// Rows of bytes, and what a model reads instead of them.
#[derive(Clone)]
pub struct Pixels {
    /// Of all rows that were read, those of other splits among them.
    pub data: Arc<Vec<u8>>,
    /// The rows that these are.
    pub rows: Arc<Vec<u32>>,
    /// What a model reads for one row.
    pub shape: Vec<usize>,
    pub levels: Levels,
}

impl Pixels {
    fn width(&self) -> usize {
        self.shape.iter().product()
    }

    /// Puts some rows into `into`. How many there were.
    pub fn gather(&self, rows: impl Iterator<Item = usize>, into: &mut Vec<f32>) -> usize {
        into.clear();
        let (width, mut count) = (self.width(), 0);
        for row in rows {
            let start = self.rows[row] as usize * width;
            self.levels.read(&self.data[start..start + width], into);
            count += 1;
        }
        count
    }

    /// Some of the rows.
    pub fn among(&self, rows: &[u32]) -> Pixels {
        let rows = rows.iter().map(|&row| self.rows[row as usize]).collect();
        Pixels { rows: Arc::new(rows), ..self.clone() }
    }

    /// The bytes that the rows take.
    pub fn bytes(&self) -> u64 {
        (self.rows.len() * (self.width() + size_of::<u32>())) as u64
    }
}
