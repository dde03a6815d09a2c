//! The examples of one split: what the fields of their rows hold, and which rows an example sees.

use std::borrow::Cow;
use std::sync::Arc;

use super::frame::Texts;
use super::levels::Pixels;
use crate::model::program::Window;
use crate::tensor::{Array, Data, Dtype};

/// The examples of one split.
#[derive(Clone)]
pub struct Part {
    /// How many examples there are.
    pub rows: usize,
    /// The line of each example in its file; its number, from 1, where there are no lines. Of several rows the first counts.
    pub numbers: Vec<u32>,
    /// For each field what stands in each row, `[rows, shape..]`; `None` for text, and for pixels. Without windows an example is
    /// a row.
    pub fields: Vec<Option<Arc<Array>>>,
    /// For each field of pixels that became no array what its rows hold. There are no windows then.
    pub pixels: Vec<Option<Pixels>>,
    /// What examples see, where they have several rows.
    pub windows: Option<Windows>,
    /// Whether the fields that training steps augment within their formulas are there halfway.
    pub halfway: bool,
    /// For each field of text what its cells hold, an example each.
    pub texts: Vec<Option<Texts>>,
}

/// Examples that have several rows side by side.
#[derive(Clone, PartialEq, Debug)]
pub struct Windows {
    /// The row at which each example begins.
    pub starts: Vec<u32>,
    /// For each field the rows that it has side by side, and its shape then; `None` where it has the one row of the example.
    pub of: Arc<[Option<Side>]>,
}

/// A window, and the shape of a field in it.
pub type Side = (Window, Vec<usize>);

impl Part {
    /// One without an example.
    pub fn empty(halfway: bool) -> Part {
        Part { rows: 0, numbers: vec![], fields: vec![], pixels: vec![], windows: None, halfway, texts: vec![] }
    }

    /// The same examples with nothing but some of their fields.
    pub fn of_fields(&self, fields: &[usize]) -> Part {
        let among = |field: usize| fields.contains(&field);
        let arrays = self.fields.iter().enumerate().map(|(at, array)| array.clone().filter(|_| among(at)));
        let pixels = self.pixels.iter().enumerate().map(|(at, pixels)| pixels.clone().filter(|_| among(at)));
        let (fields, pixels, windows) = (arrays.collect(), pixels.collect(), self.windows.clone());
        Part { rows: self.rows, numbers: vec![], fields, pixels, windows, halfway: self.halfway, texts: vec![] }
    }

    /// What a model receives of a field for all examples, `[examples, shape..]`; `None` for text.
    pub fn field(&self, field: usize) -> Option<Cow<'_, Array>> {
        match (&self.fields[field], &self.windows) {
            (Some(array), None) => Some(Cow::Borrowed(&**array)),
            _ => {
                let mut whole = self.none_of(field)?;
                self.gather(field, 0..self.rows, &mut whole);
                Some(Cow::Owned(whole))
            }
        }
    }

    /// The same for some examples.
    pub fn some_of(&self, field: usize, examples: &[usize]) -> Option<Array> {
        let mut some = self.none_of(field)?;
        self.gather(field, examples.iter().copied(), &mut some);
        Some(some)
    }

    /// The same for no example.
    pub fn none_of(&self, field: usize) -> Option<Array> {
        if let Some(pixels) = &self.pixels[field] {
            return Some(Array::zeros(&[&[0], &pixels.shape[..]].concat(), Dtype::F32));
        }
        let array = self.fields[field].as_ref()?;
        let shape = self.window(field).map_or(&array.shape[1..], |(_, shape)| shape);
        Some(Array::zeros(&[&[0], shape].concat(), array.dtype()))
    }

    /// Puts a field of some examples into `into`, whose memory is used again.
    pub fn gather(&self, field: usize, examples: impl Iterator<Item = usize>, into: &mut Array) {
        if let Some(pixels) = &self.pixels[field] {
            let Data::F32(floats) = &mut into.data else { unreachable!("made with the type of the field") };
            into.shape[0] = pixels.gather(examples, floats);
            return;
        }
        let from = self.fields[field].as_ref().expect("a field that a model can read");
        let width: usize = from.shape[1..].iter().product();
        let (offset, length) = self.window(field).map_or((0, 1), |(window, _)| (window.offset, window.length));
        let starts = self.windows.as_ref().map(|windows| &windows.starts);
        let ranges = examples.map(|example| {
            let start = starts.map_or(example, |starts| starts[example] as usize) + offset;
            start * width..(start + length) * width
        });
        into.shape[0] = match (&from.data, &mut into.data) {
            (Data::F32(from), Data::F32(into)) => pick(from, ranges, into),
            (Data::I32(from), Data::I32(into)) => pick(from, ranges, into),
            (Data::Bool(from), Data::Bool(into)) => pick(from, ranges, into),
            _ => unreachable!("made with the type of the field"),
        };
    }

    fn window(&self, field: usize) -> Option<&Side> {
        self.windows.as_ref()?.of[field].as_ref()
    }

    /// Some of the examples, by their places.
    pub fn among(&self, examples: &[u32]) -> Part {
        let numbers = examples.iter().map(|&it| self.numbers[it as usize]).collect();
        let texts = self.texts.iter().map(|texts| {
            let texts = texts.as_ref()?;
            Some(examples.iter().map(|&it| texts.get(it as usize)).collect())
        });
        let windows = self.windows.as_ref().map(|windows| {
            let starts = examples.iter().map(|&it| windows.starts[it as usize]).collect();
            Windows { starts, of: windows.of.clone() }
        });
        let fields = match self.windows {
            // Of windows the rows stay where they are.
            Some(_) => self.fields.clone(),
            None => {
                let places: Vec<usize> = examples.iter().map(|&it| it as usize).collect();
                let is_array = |field: &usize| self.fields[*field].is_some();
                let some = |field: usize| Some(Arc::new(self.some_of(field, &places)?));
                (0..self.fields.len()).map(|field| Some(field).filter(is_array).and_then(some)).collect()
            }
        };
        let pixels = self.pixels.iter().map(|pixels| Some(pixels.as_ref()?.among(examples))).collect();
        let (rows, halfway, texts) = (examples.len(), self.halfway, texts.collect());
        Part { rows, numbers, fields, pixels, windows, halfway, texts }
    }

    /// Multiplies all numbers of a field.
    pub(super) fn scale(&mut self, field: usize, factor: f32) {
        let array = self.fields[field].as_mut().expect("a field of numbers");
        Arc::make_mut(array).floats_mut().iter_mut().for_each(|it| *it *= factor);
    }

    /// The bytes that the arrays, the pixels, the texts and the beginnings of windows take.
    pub fn bytes(&self) -> u64 {
        self.pixels.iter().flatten().map(Pixels::bytes).sum::<u64>() + self.bytes_of_its_own()
    }

    /// The same without pixels, which are those of the rows that were read.
    pub(super) fn bytes_of_its_own(&self) -> u64 {
        let texts: u64 = self.texts.iter().flatten().map(Texts::bytes).sum();
        let fields: u64 = self.fields.iter().flatten().map(|array| array.bytes()).sum();
        let starts = self.windows.as_ref().map_or(0, |windows| windows.starts.len());
        texts + 4 * (self.numbers.len() + starts) as u64 + fields
    }
}

/// The elements in `ranges` one behind the other. How many ranges there were.
fn pick<T: Copy>(from: &[T], ranges: impl Iterator<Item = std::ops::Range<usize>>, into: &mut Vec<T>) -> usize {
    into.clear();
    let mut count = 0;
    for range in ranges {
        into.extend_from_slice(&from[range]);
        count += 1;
    }
    count
}
