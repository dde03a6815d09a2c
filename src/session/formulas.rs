//! The formulas of fields, run by the interpreter: the same in training, in evaluation and in prediction.

use std::ops::Range;

use crate::compile::{Backend, executor, simplified};
use crate::data::levels::LEVELS;
use crate::data::{Fitter, Levels};
use crate::model::Program;
use crate::tensor::eval::{evaluate_in_portions, held, takes_portions};
use crate::tensor::{Array, Clock, Function, pointwise};

/// The formulas of a program's fields.
pub struct Formulas<'a>(pub &'a Program);

/// A table of levels that has more places than this stays in no cache.
const MOST_PLACES: usize = 4096;

/// Formulas draw nothing, and no step has been made.
const STILL: Clock = Clock { seed: 0, step: 0 };

impl Fitter for Formulas<'_> {
    fn fit(&mut self, field: usize, columns: &[Array]) -> Vec<Array> {
        interpret(&self.0.fit(field, rows(columns)), &[], columns)
    }

    fn fit_in_portions(
        &mut self,
        field: usize,
        rows: usize,
        portion: usize,
        columns: &mut dyn FnMut(Range<usize>) -> Vec<Array>,
    ) -> Option<Vec<Array>> {
        evaluate_in_portions(&simplified(&self.0.fit(field, rows)), rows, portion, columns)
    }

    fn fits_in_portions(&self, field: usize, rows: usize) -> bool {
        takes_portions(&simplified(&self.0.fit(field, rows)), rows)
    }

    fn fitting(&self, field: usize, rows: usize) -> u64 {
        held(&simplified(&self.0.fit(field, rows)))
    }

    fn encoding(&self, field: usize, rows: usize) -> u64 {
        held(&simplified(&self.0.encode(field, rows)))
    }

    fn encode(&mut self, field: usize, fits: &[Array], columns: &[Array]) -> Array {
        one(interpret(&self.0.encode(field, rows(columns)), fits, columns))
    }

    fn levels(&mut self, field: usize, fits: &[Array], first: bool) -> Option<Levels> {
        let [column] = &self.0.data.fields[field].columns[..] else { return None };
        let function = |rows| if first { self.0.encode_first(field, rows) } else { self.0.encode(field, rows) };
        let period = pointwise(&simplified(&function(2))).filter(|&period| period <= MOST_PLACES)?;
        let places: usize = column.shape.iter().product();
        let rows = (LEVELS * period).div_ceil(places);
        let bytes = Levels::bytes(rows * places, period);
        let column = Array::f32(&[&[rows], &column.shape[..]].concat(), bytes);
        let encoded = one(interpret(&function(rows), fits, &[column]));
        Some(Levels::new(encoded.floats(), period))
    }

    fn encode_first(&mut self, field: usize, fits: &[Array], columns: &[Array]) -> Array {
        one(interpret(&self.0.encode_first(field, rows(columns)), fits, columns))
    }

    fn encode_rest(&mut self, field: usize, fits: &[Array], halfway: &Array) -> Array {
        one(interpret(&self.0.encode_rest(field, halfway.shape[0]), fits, std::slice::from_ref(halfway)))
    }

    fn decode(&mut self, field: usize, fits: &[Array], values: &Array) -> Array {
        match self.0.decode(field, values.shape[0]) {
            Some(function) => one(interpret(&function, fits, std::slice::from_ref(values))),
            None => values.clone(),
        }
    }
}

fn rows(columns: &[Array]) -> usize {
    columns[0].shape[0]
}

pub fn interpret(function: &Function, states: &[Array], feeds: &[Array]) -> Vec<Array> {
    interpret_at(function, states, feeds, STILL)
}

/// The results at a step that draws.
pub fn interpret_at(function: &Function, states: &[Array], feeds: &[Array], clock: Clock) -> Vec<Array> {
    let feeds: Vec<&Array> = feeds.iter().collect();
    executor(function, Backend::Interpreter).run(&mut states.to_vec(), &feeds, clock)
}

fn one(mut results: Vec<Array>) -> Array {
    assert_eq!(results.len(), 1, "a formula gives one array");
    results.pop().expect("counted above")
}
