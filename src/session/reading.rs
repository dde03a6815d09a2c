//! How a person reads an output: a label and its probabilities, or numbers in the user's own units.

use super::formulas::interpret;
use super::measure::Model;
use super::prediction::Cell;
use crate::model::Program;
use crate::model::program::{CellType, FieldPlan, FieldType, OutputKind, SEPARATOR};
use crate::tensor::Array;

/// One output, read.
#[derive(Clone, Debug)]
pub struct Read {
    /// The target that it is trained towards, else the output's own name.
    pub name: String,
    /// The target's field.
    pub target: Option<usize>,
    /// Of classes or labels; empty where the values are numbers.
    pub names: Vec<String>,
    /// What is said, where there are classes or labels.
    pub said: Option<Said>,
    /// Probabilities, or the numbers themselves: `[rows, shape..]`.
    pub values: Array,
}

/// What the probabilities come to; nothing where they are no numbers.
#[derive(Clone, Debug)]
pub enum Said {
    /// The class of each place.
    Class(Vec<Option<usize>>),
    /// The token of each place, and what stands between two of them in a text.
    Tokens { tokens: Vec<Option<usize>>, between: &'static str },
    /// The labels of each row that are on.
    Labels {
        on: Vec<Option<Vec<usize>>>,
        /// What stands between them in a cell.
        separator: String,
    },
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
                (_, Some(target)) => model.class_names(target),
            };
            let field = info.target.map(|target| &program.data.fields[target]);
            let (said, values) = match (&names, field) {
                (Some(names), Some(field)) => {
                    let between = model.between(info.target.expect("it has a field"));
                    said(field, info.kind, names.len(), between, values)
                }
                _ => (None, values),
            };
            let names = names.filter(|_| said.is_some()).unwrap_or_default();
            Read { name, target: info.target, names, said, values }
        })
        .collect()
}

/// What the probabilities of a field's classes come to; and of each class its probability, where they say something else.
fn said(
    field: &FieldPlan,
    kind: OutputKind,
    classes: usize,
    between: &'static str,
    values: Array,
) -> (Option<Said>, Array) {
    let row = &values.shape[1..];
    match (&field.ty, kind) {
        (FieldType::Set(_), OutputKind::Logit | OutputKind::Prob) if *row == [classes] => {
            let on = values.floats().chunks_exact(classes).map(likely).collect();
            let of_cells = field.columns.iter().find_map(|column| match &column.cell {
                CellType::Set(set) => Some(set.separator.clone()),
                _ => None,
            });
            (Some(Said::Labels { on, separator: of_cells.unwrap_or(SEPARATOR.into()) }), values)
        }
        (FieldType::Class(ty), OutputKind::Logit) if ty.ordered && classes > 2 && *row == [classes - 1] => {
            let rows: Vec<_> = values.floats().chunks_exact(classes - 1).map(level).collect();
            let each = rows.iter().flat_map(|(_, each)| each.iter().copied()).collect();
            let values = Array::f32(&[rows.len(), classes], each);
            (Some(Said::Class(rows.into_iter().map(|(level, _)| level).collect())), values)
        }
        (FieldType::Class(_) | FieldType::Binary { .. }, _) => (labels(&values, classes).map(Said::Class), values),
        (FieldType::Tokens(_), _) => {
            let said = labels(&values, classes).map(|tokens| Said::Tokens { tokens, between });
            (said, values)
        }
        (FieldType::Set(_) | FieldType::Number | FieldType::Tensor | FieldType::Text, _) => (None, values),
    }
}

/// The labels that are more probable than not.
fn likely(values: &[f32]) -> Option<Vec<usize>> {
    let on = values.iter().enumerate().filter(|(_, p)| **p > 0.5).map(|(at, _)| at);
    values.iter().all(|p| !p.is_nan()).then(|| on.collect())
}

/// From how probable it is that a value is beyond each but the last: how many it is likely beyond, and how probable each value
/// is. Probabilities that should fall and do not are put in order (Chernozhukov et al., 2010).
fn level(beyond: &[f32]) -> (Option<usize>, Vec<f32>) {
    let mut falling = beyond.to_vec();
    falling.sort_by(|a, b| b.total_cmp(a));
    let count = falling.iter().filter(|p| **p > 0.5).count();
    let upper = std::iter::once(1.0).chain(falling.iter().copied());
    let each = upper.zip(falling.iter().copied().chain([0.0])).map(|(upper, lower)| upper - lower).collect();
    (beyond.iter().all(|p| !p.is_nan()).then_some(count), each)
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
    /// The names that a row is most likely of, with their probabilities, the likeliest first; nothing where there are no names,
    /// or one for each of several places, or no such row.
    pub fn ranked(&self, row: usize) -> Option<Vec<(&str, f32)>> {
        let classes = *self.values.shape.last()?;
        if !matches!(self.said, Some(Said::Class(_) | Said::Labels { .. })) || self.values.shape.len() != 2 {
            return None;
        }
        let values = self.values.floats().get(row * classes..(row + 1) * classes)?;
        let mut all: Vec<(&str, f32)> = match (&self.names[..], values) {
            // One number stands for both.
            ([no, yes], &[p]) => vec![(no, 1.0 - p), (yes, p)],
            (names, values) => names.iter().map(String::as_str).zip(values.iter().copied()).collect(),
        };
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        Some(all)
    }

    /// What a table shows: the label, or those that are on, with the probability of each, or the numbers.
    pub fn columns(&self) -> Vec<(String, Vec<Cell>)> {
        let inner = &self.values.shape[1..];
        let cells: Vec<Cell> = match &self.said {
            None => return self.numbers(inner),
            Some(Said::Tokens { tokens, between }) => {
                let places: usize = inner[..inner.len() - 1].iter().product();
                let whole = |row: &[Option<usize>]| {
                    let names: Option<Vec<&str>> = row.iter().map(|it| it.map(|it| &*self.names[it])).collect();
                    names.map_or(Cell::Missing, |names| Cell::Text(names.join(between)))
                };
                return vec![(self.name.clone(), tokens.chunks_exact(places.max(1)).map(whole).collect())];
            }
            Some(Said::Class(labels)) => {
                let label =
                    |label: &Option<usize>| label.map_or(Cell::Missing, |it| Cell::Text(self.names[it].clone()));
                labels.iter().map(label).collect()
            }
            Some(Said::Labels { on, separator }) => {
                let named = |on: &Vec<usize>| on.iter().map(|&it| self.names[it].as_str()).collect::<Vec<_>>();
                let cell = |on: &Option<Vec<usize>>| {
                    on.as_ref().map_or(Cell::Missing, |on| Cell::Text(named(on).join(separator)))
                };
                on.iter().map(cell).collect()
            }
        };
        // A label for each of several places is enough; one label comes with what it was chosen by.
        let (places, classes) = inner.split_at(inner.len() - 1);
        if places.iter().product::<usize>() != 1 {
            return spread(&self.name, places, cells);
        }
        let mut columns = vec![(self.name.clone(), cells)];
        let shown = &self.names[self.names.len() - classes[0]..];
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
