//! How a person reads an output: a label and its probabilities, or numbers in the user's own units.

use super::formulas::interpret;
use super::measure::Model;
use super::prediction::Cell;
use crate::model::Program;
use crate::model::program::{FieldType, OutputKind};
use crate::tensor::Array;

/// One output, read.
pub struct Read {
    /// The target that it is trained towards, else the output's own name.
    pub name: String,
    /// The target's field.
    pub target: Option<usize>,
    /// Of classes; empty where the values are numbers.
    pub names: Vec<String>,
    /// The class of each place, where there are classes: none where the probabilities are no numbers.
    pub labels: Option<Vec<Option<usize>>>,
    /// Probabilities, or the numbers themselves: `[rows, shape..]`.
    pub values: Array,
}

/// Reads the outputs of a model.
pub fn read(program: &Program, model: &Model, outputs: &[Array]) -> Vec<Read> {
    let infos = program.outputs.iter().enumerate().zip(outputs);
    infos
        .map(|((at, info), output)| {
            let rows = output.shape[0];
            let values = match info.kind {
                _ if rows == 0 => output.clone(),
                OutputKind::Number => model.in_users_units(info, output),
                OutputKind::Logits | OutputKind::Logit | OutputKind::Prob | OutputKind::LogProb => {
                    let mut results = interpret(&program.read(at, rows), &[], std::slice::from_ref(output));
                    results.pop().expect("what a person reads")
                }
            };
            let name = match info.target {
                Some(target) => program.data.fields[target].name.clone(),
                None if info.name.is_empty() => "output".into(),
                None => info.name.clone(),
            };
            let names = match (info.kind, info.target) {
                (OutputKind::Number, _) | (_, None) => None,
                (_, Some(target)) => model.class_names(target).filter(|_| is_class(program, target)),
            };
            let labels = names.as_ref().and_then(|names| labels(&values, names.len()));
            let names = names.filter(|_| labels.is_some()).unwrap_or_default();
            Read { name, target: info.target, names, labels, values }
        })
        .collect()
}

fn is_class(program: &Program, field: usize) -> bool {
    match program.data.fields[field].ty {
        FieldType::Class(_) | FieldType::Binary { .. } => true,
        FieldType::Number | FieldType::Tensor | FieldType::Text => false,
    }
}

/// The most probable class of each place; of two the more probable one, where one number stands for both. Nothing where
/// the values do not count the classes.
fn labels(values: &Array, classes: usize) -> Option<Vec<Option<usize>>> {
    let last = *values.shape.last().expect("an axis of rows");
    let values = values.floats();
    match (last, classes) {
        (1, 2) => Some(values.iter().map(|&p| (!p.is_nan()).then_some(usize::from(p > 0.5))).collect()),
        (last, classes) if last == classes => Some(values.chunks_exact(classes).map(most_probable).collect()),
        _ => None,
    }
}

/// The first of the largest.
fn most_probable(values: &[f32]) -> Option<usize> {
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if value.is_nan() {
            return None;
        }
        if *value > values[best] {
            best = at;
        }
    }
    Some(best)
}

impl Read {
    /// What a table shows: the label with the probability of each class, or the numbers.
    pub fn columns(&self) -> Vec<(String, Vec<Cell>)> {
        let inner = &self.values.shape[1..];
        let Some(labels) = &self.labels else { return self.numbers(inner) };
        let label = |label: &Option<usize>| label.map_or(Cell::Missing, |it| Cell::Text(self.names[it].clone()));
        let cells = labels.iter().map(label).collect();
        // A label for each of several places is enough; one label comes with what it was chosen by.
        let (places, classes) = inner.split_at(inner.len() - 1);
        if places.iter().product::<usize>() != 1 {
            return spread(&self.name, places, cells);
        }
        let mut columns = vec![(self.name.clone(), cells)];
        let shown = if classes == [1] { &self.names[1..] } else { &self.names[..] };
        let numbers = self.values.floats();
        for (at, class) in shown.iter().enumerate() {
            let cells = numbers.iter().skip(at).step_by(shown.len()).map(|&p| number(p)).collect();
            columns.push((format!("{}.{class}", self.name), cells));
        }
        columns
    }

    fn numbers(&self, inner: &[usize]) -> Vec<(String, Vec<Cell>)> {
        spread(&self.name, inner, self.values.floats().iter().map(|&value| number(value)).collect())
    }
}

fn number(value: f32) -> Cell {
    if value.is_nan() { Cell::Missing } else { Cell::Number(value) }
}

/// One column for each place of `shape`: `name`, or `name[0]`, `name[1]`, … where there are several.
fn spread(name: &str, shape: &[usize], cells: Vec<Cell>) -> Vec<(String, Vec<Cell>)> {
    let places: usize = shape.iter().product();
    let mut columns: Vec<(String, Vec<Cell>)> = (0..places).map(|place| (title(name, shape, place), vec![])).collect();
    for (at, cell) in cells.into_iter().enumerate() {
        columns[at % places].1.push(cell);
    }
    columns
}

fn title(name: &str, shape: &[usize], mut place: usize) -> String {
    if shape.iter().product::<usize>() == 1 {
        return name.into();
    }
    let mut indices = vec![];
    for extent in shape.iter().rev() {
        indices.push((place % extent).to_string());
        place /= extent;
    }
    indices.reverse();
    format!("{name}[{}]", indices.join(", "))
}
