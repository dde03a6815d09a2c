//! From cells to what a model receives: fits on training rows, formulas on all, and the checks on what they give.

use std::cell::Cell as Slot;
use std::ops::Range;
use std::sync::Arc;

use super::cells::{Cell, Values};
use super::fitted::{Fitted, FittedField};
use super::frame::{Frame, Texts};
use super::levels::{LEVELS, Levels, Pixels};
use super::prepare::{Prepared, Typed};
use super::split::BY_POSITION;
use super::windows::{self, Reach};
use super::{Dataset, Fitter, Part, Unwatched, Watch, Work};
use crate::model::program::{CellType, DataPlan, FieldPlan, FieldType, Split};
use crate::problem::Problem;
use crate::problem::data::{BadWeight, ClassWithoutTrainingRows, FieldNotFinite, Shown};
use crate::problem::lint::SortedSplit;
use crate::syntax::tree::Role;
use crate::tensor::{Array, Data};

/// Rows that go through a formula at once. Its intermediate values are as many, so images go through in portions.
const PORTION: usize = 4096;

/// So many numbers take a while: somebody is told how many are there by now, and formulas are fitted to portions of them.
const MANY: usize = 1 << 20;

/// Fits every formula on the training rows. Nothing where the watch has ended it.
pub fn fit(prepared: &Prepared, fitter: &mut dyn Fitter, watch: &dyn Watch) -> Option<Fitted> {
    let ended = Slot::new(false);
    let (table, rows) = &prepared.splits[Split::Train as usize];
    let table = &prepared.tables[*table];
    let fields = prepared.plan.fields.iter().enumerate().map(|(at, field)| {
        let fits = match field.fits {
            0 => vec![],
            _ => {
                let mut some = |range: Range<usize>| {
                    // A formula that has begun comes to its end.
                    ended.set(ended.get() || !watch.goes_on(Work::Rows, range.end, rows.len()));
                    columns(&table.values[at], &rows[range])
                };
                portion(field, rows.len())
                    .and_then(|portion| fitter.fit_in_portions(at, rows.len(), portion, &mut some))
                    .unwrap_or_else(|| fitter.fit(at, &columns(&table.values[at], rows)))
            }
        };
        assert_eq!(fits.len(), field.fits, "the fits of `{}`", field.name);
        let classes = prepared.classes[at].iter().map(|classes| classes.as_ref().map(|it| it.names().to_vec()));
        let (columns, mut tokens) = (prepared.patterns[at].clone(), prepared.tokens[at].clone());
        if tokens.iter().all(Option::is_none) {
            tokens.clear();
        }
        FittedField { name: field.name.clone(), fits, classes: classes.collect(), tokens, columns, scale: None }
    });
    let fitted = Fitted { fields: fields.collect() };
    (!ended.get()).then_some(fitted)
}

/// How many rows a field is fitted to at once, where there are too many for all of them.
fn portion(field: &FieldPlan, rows: usize) -> Option<usize> {
    let width: usize = field.columns.iter().map(|column| column.shape.iter().product::<usize>()).sum();
    (rows * width >= MANY).then(|| (MANY / width.max(1)).clamp(1, PORTION))
}

fn columns(values: &[Option<Values>], rows: &[usize]) -> Vec<Array> {
    values.iter().flatten().map(|values| values.rows(rows)).collect()
}

/// The most bytes that are held while formulas are fitted and splits encoded.
fn most_held(prepared: &Prepared, parts: &[Part; 3], fitter: &dyn Fitter) -> u64 {
    let columns = |field: &FieldPlan, rows: usize| -> u64 {
        field.columns.iter().map(|column| 4 * (rows * column.shape.iter().product::<usize>()) as u64).sum()
    };
    let rows = prepared.splits[Split::Train as usize].1.len();
    let encoded_at_once = prepared.splits.iter().map(|(_, rows)| rows.len()).max().expect("three splits").min(PORTION);
    let at_once = |at: usize, field: &FieldPlan| match portion(field, rows) {
        Some(portion) if fitter.fits_in_portions(at, rows) => portion.min(rows),
        _ => rows,
    };
    let fields = || prepared.plan.fields.iter().enumerate();
    let fitted = fields().filter(|(_, field)| field.fits > 0);
    let fitting = fitted.map(|(at, field)| (at, field, at_once(at, field)));
    let fitting = fitting.map(|(at, field, rows)| columns(field, rows) + fitter.fitting(at, rows)).max().unwrap_or(0);
    let is_array = |at: usize| parts.iter().any(|part| part.fields.get(at).is_some_and(Option::is_some));
    let encoded = fields().filter(|&(at, field)| field.encoded && is_array(at));
    let encoding = encoded
        .map(|(at, field)| columns(field, encoded_at_once) + fitter.encoding(at, encoded_at_once))
        .max()
        .unwrap_or(0);
    let parts = parts.iter().map(Part::bytes_of_its_own).sum::<u64>();
    prepared.reading.max(prepared.bytes() + fitting.max(parts + encoding))
}

/// Encodes all splits, and finds the scale of the weights where `fitted` has none yet.
pub fn dataset(
    prepared: &Prepared,
    mut fitted: Fitted,
    fitter: &mut dyn Fitter,
    watch: &dyn Watch,
) -> Result<Dataset, Vec<Problem>> {
    let (mut problems, mut ended) = (vec![], false);
    let mut parts = Split::ALL.map(|split| {
        let (table, rows) = &prepared.splits[split as usize];
        let halfway = split == Split::Train && prepared.plan.fields.iter().any(|field| field.halfway.is_some());
        let starts = prepared.starts.as_ref().map(|starts| starts[split as usize].clone());
        let table = &prepared.tables[*table];
        let encoding = Encoding { plan: prepared.plan, table, rows, fitted: &fitted, halfway, watch };
        match encoding.part(starts, fitter) {
            Ok(part) => part,
            Err(more) => {
                ended |= more.is_empty();
                problems.extend(more);
                Part::empty(halfway)
            }
        }
    });
    if !problems.is_empty() || ended {
        return Err(problems);
    }
    for (at, field) in prepared.plan.fields.iter().enumerate().filter(|(_, field)| field.role == Role::Weight) {
        let scale = &mut fitted.fields[at].scale;
        if scale.is_none() {
            let weights = parts[Split::Train as usize].field(at).expect("a weight is a number");
            let weights = weights.floats();
            let sum: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
            if sum <= 0.0 {
                let shown = prepared.tables[0].frame.shown.clone();
                let facts = BadWeight { field: field.name.clone(), shown, cells: vec![], count: 0, at: field.span };
                return Err(vec![facts.into()]);
            }
            *scale = Some((weights.len() as f64 / sum) as f32);
        }
        let scale = scale.expect("set above");
        parts.iter_mut().for_each(|part| part.scale(at, scale));
    }
    let once = prepared.starts.is_some().then(|| once(prepared, &parts[Split::Train as usize]));
    let mut warnings = unseen_classes(prepared.plan, &parts[Split::Train as usize], &fitted);
    if warnings.is_empty() {
        warnings.extend(sorted_split(prepared, &parts, &fitted));
    }
    warnings.extend(super::lints::columns(prepared));
    warnings.extend(super::lints::groups(prepared));
    let reading = most_held(prepared, &parts, fitter);
    Ok(Dataset { parts, once, fitted, fingerprint: prepared.fingerprint(), reading, warnings })
}

/// Of overlapping windows those in which each value is predicted once.
fn once(prepared: &Prepared, part: &Part) -> Part {
    let reach = Reach::of(prepared.plan).expect("a plan with windows");
    part.among(&windows::once(&part.windows.as_ref().expect("a part with windows").starts, reach))
}

/// Encodes `rows` of a table: all fields that it has the columns of. Weights come unscaled.
pub fn part(
    plan: &DataPlan,
    table: &Typed,
    rows: &[usize],
    starts: Option<Vec<u32>>,
    fitted: &Fitted,
    fitter: &mut dyn Fitter,
) -> Result<Part, Vec<Problem>> {
    Encoding { plan, table, rows, fitted, halfway: false, watch: &Unwatched }.part(starts, fitter)
}

/// What is encoded, and how.
struct Encoding<'a> {
    plan: &'a DataPlan,
    table: &'a Typed,
    rows: &'a [usize],
    fitted: &'a Fitted,
    /// Whether what training steps augment stays as they read it.
    halfway: bool,
    watch: &'a dyn Watch,
}

impl Encoding<'_> {
    fn part(&self, starts: Option<Vec<u32>>, fitter: &mut dyn Fitter) -> Result<Part, Vec<Problem>> {
        let Encoding { plan, table, rows, .. } = *self;
        // The row of the frame that an example is known by.
        let examples =
            starts.as_ref().map(|starts| starts.iter().map(|&start| rows[start as usize]).collect::<Vec<_>>());
        let examples = examples.as_deref().unwrap_or(rows);
        let (mut fields, mut pixels, mut texts, mut problems) = (vec![], vec![], vec![], vec![]);
        for (at, field) in plan.fields.iter().enumerate() {
            let is_there = table.columns.fields[at].len() == field.columns.len() && !field.columns.is_empty();
            let is_text = field.columns.iter().any(|column| column.cell == CellType::Text);
            texts.push((is_there && is_text).then(|| text(&table.frame, table.columns.fields[at][0][0], examples)));
            if !is_there || is_text {
                fields.push(None);
                pixels.push(None);
                continue;
            }
            let bytes = if starts.is_none() { self.pixels(at, field, fitter) } else { None };
            pixels.push(bytes);
            if pixels[at].is_some() {
                fields.push(None);
                continue;
            }
            let array = self.field(at, field, fitter).ok_or_else(Vec::new)?;
            problems.extend(unsound(at, field, table, rows, &array));
            fields.push(Some(Arc::new(array)));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let numbers = examples.iter().map(|&row| table.frame.places.number(row)).collect();
        let rows = examples.len();
        let windows = starts.map(|starts| windows::windows(plan, starts));
        Ok(Part { rows, numbers, fields, pixels, windows, halfway: self.halfway, texts })
    }

    /// An input that stays bytes: each of them is a number by itself.
    fn pixels(&self, at: usize, field: &FieldPlan, fitter: &mut dyn Fitter) -> Option<Pixels> {
        let [Some(Values::Bytes { data, shape, .. })] = &self.table.values[at][..] else { return None };
        let first = field.halfway.as_ref().filter(|_| self.halfway);
        let inner = first.map_or(&field.row, |it| &it.shape);
        if field.role != Role::Input || inner.iter().product::<usize>() != shape.iter().product::<usize>() {
            return None;
        }
        let levels = match field.encoded || first.is_some() {
            true => fitter.levels(at, &self.fitted.fields[at].fits, first.is_some())?,
            false => Levels::new(&Levels::bytes(LEVELS, 1), 1),
        };
        let rows = self.rows.iter().map(|&row| row as u32).collect();
        let pixels = Pixels { data: data.clone(), rows: Arc::new(rows), shape: inner.to_vec(), levels };
        // What no model can use is looked for value by value.
        pixels.levels.is_finite().then_some(pixels)
    }

    /// A field of all rows; nothing where the watch has ended it.
    fn field(&self, at: usize, field: &FieldPlan, fitter: &mut dyn Fitter) -> Option<Array> {
        let Encoding { table, rows, fitted, .. } = *self;
        let first = field.halfway.as_ref().filter(|_| self.halfway);
        let (inner, dtype) = first.map_or((&field.row[..], field.dtype), |it| (&it.shape[..], it.dtype));
        let shape = |count: usize| [&[count], inner].concat();
        let mut whole = Array::zeros(&shape(rows.len()), dtype);
        let (width, all): (usize, usize) = (inner.iter().product(), rows.len());
        for start in (0..rows.len()).step_by(PORTION) {
            let rows = &rows[start..rows.len().min(start + PORTION)];
            let mut columns = columns(&table.values[at], rows);
            let piece = match field.encoded {
                _ if first.is_some() => fitter.encode_first(at, &fitted.fields[at].fits, &columns),
                true => fitter.encode(at, &fitted.fields[at].fits, &columns),
                false => {
                    let column = columns.pop().expect("a field that is not encoded is a column");
                    Array { shape: shape(rows.len()), ..column }
                }
            };
            assert_eq!((&piece.shape, piece.dtype()), (&shape(rows.len()), dtype), "`{}` encoded", field.name);
            fill(&mut whole, start * width..(start + rows.len()) * width, &piece);
            if all * width >= MANY && !self.watch.goes_on(Work::Rows, start + rows.len(), all) {
                return None;
            }
        }
        Some(whole)
    }
}

fn text(frame: &Frame, place: usize, rows: &[usize]) -> Texts {
    let column = frame.column(place);
    let mut texts = Texts::default();
    for &row in rows {
        match column.cell(row, 0) {
            Cell::Missing => texts.push(None),
            Cell::Text(text) => texts.push(Some(text)),
            Cell::Number(value) => texts.push(Some(&super::cells::tidy(value))),
        }
    }
    texts
}

fn fill(whole: &mut Array, range: Range<usize>, piece: &Array) {
    match (&mut whole.data, &piece.data) {
        (Data::F32(whole), Data::F32(piece)) => whole[range].copy_from_slice(piece),
        (Data::I32(whole), Data::I32(piece)) => whole[range].copy_from_slice(piece),
        (Data::Bool(whole), Data::Bool(piece)) => whole[range].copy_from_slice(piece),
        _ => unreachable!("the element types were compared"),
    }
}

/// A formula that gives what no model can use, a weight below zero.
fn unsound(at: usize, field: &FieldPlan, table: &Typed, rows: &[usize], array: &Array) -> Option<Problem> {
    let Data::F32(values) = &array.data else { return None };
    let width: usize = field.row.iter().product::<usize>().max(1);
    let optional = field.columns.iter().any(|column| column.cell == CellType::Number { optional: true });
    let is_bad = |value: f32| value.is_infinite() || value.is_nan() && !optional;
    let is_weight = field.role == Role::Weight;
    let bad = |row: &usize| {
        let values = &values[row * width..(row + 1) * width];
        values.iter().copied().find(|&value| is_bad(value) || is_weight && value < 0.0)
    };
    let all: Vec<(usize, f32)> = (0..rows.len()).filter_map(|row| bad(&row).map(|value| (row, value))).collect();
    let &(_, first) = all.first()?;
    let place = table.columns.fields[at][0][0];
    let cells = all.iter().take(Shown::MOST).map(|&(row, value)| {
        let text = match table.frame.column(place).cell(rows[row], 0) {
            Cell::Missing => "a missing cell".into(),
            Cell::Text(text) if !is_weight => format!("{text:?}"),
            Cell::Text(_) => value.to_string(),
            Cell::Number(value) => value.to_string(),
        };
        Shown { spot: table.frame.places.spot(rows[row], place), text }
    });
    let (cells, count, shown) = (cells.collect(), all.len(), table.frame.shown.clone());
    let name = field.name.clone();
    if !is_bad(first) {
        return Some(BadWeight { field: name, shown, cells, count, at: field.span }.into());
    }
    let value = if first.is_nan() { "NaN, not a number," } else { "an infinite number" };
    Some(FieldNotFinite { field: name, shown, value, cells, count, at: field.span }.into())
}

/// A split by place of rows that stand class after class: the last split sees other classes than the first.
fn sorted_split(prepared: &Prepared, parts: &[Part; 3], fitted: &Fitted) -> Option<Problem> {
    let plan = prepared.plan;
    let at = plan.split.kind.as_ref().filter(|kind| kind.as_str() == BY_POSITION)?.span;
    // The parts of one source lie behind each other as they stand there.
    let parts: Vec<(Split, &Part)> = Split::ALL
        .into_iter()
        .filter(|&split| prepared.splits[split as usize].0 == 0)
        .map(|split| (split, &parts[split as usize]))
        .filter(|(_, part)| part.rows > 0)
        .collect();
    let (&(last, end), rest) = parts.split_last().filter(|(_, rest)| !rest.is_empty())?;
    let targets = plan.fields.iter().enumerate().filter(|(_, field)| field.role == Role::Target);
    for (at_field, field) in targets {
        let classes = |part: &Part| -> Option<Vec<i64>> {
            Some(match (&field.ty, &part.fields[at_field].as_ref()?.data) {
                (FieldType::Class(_), Data::I32(classes)) => classes.iter().map(|&it| i64::from(it)).collect(),
                (FieldType::Binary { .. }, Data::F32(classes)) => classes.iter().map(|&it| it as i64).collect(),
                _ => return None,
            })
        };
        let Some(of_parts) = parts.iter().map(|(_, part)| classes(part)).collect::<Option<Vec<_>>>() else { continue };
        let (own, all) = (distinct(&of_parts[rest.len()]), of_parts.concat());
        let kinds = distinct(&all);
        let runs = 1 + all.windows(2).filter(|pair| pair[0] != pair[1]).count();
        // Of a handful of rows nothing follows.
        let is_sorted = kinds.len() > 1 && runs == kinds.len() && all.len() >= 3 * kinds.len();
        if is_sorted && own.len() < kinds.len() && end.rows > 1 {
            let names = fitted.class_names(plan, at_field).expect("a class has names");
            let classes = own.iter().map(|&class| names[class as usize].clone()).collect();
            let field_at = field.span;
            return Some(SortedSplit { field: field.name.clone(), split: last.word(), classes, at, field_at }.into());
        }
    }
    None
}

/// The values that occur, in order.
fn distinct(values: &[i64]) -> Vec<i64> {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.dedup();
    values
}

/// Classes of targets that no training row is of.
fn unseen_classes(plan: &DataPlan, train: &Part, fitted: &Fitted) -> Vec<Problem> {
    let mut warnings = vec![];
    for (at, field) in plan.fields.iter().enumerate().filter(|(_, field)| field.role == Role::Target) {
        let Some(array) = &train.fields[at] else { continue };
        let (ty, seen): (_, Vec<bool>) = match (&field.ty, &array.data) {
            (FieldType::Class(ty), Data::I32(classes)) => {
                let mut seen = vec![false; ty.values()];
                classes.iter().for_each(|&class| seen[class as usize] = true);
                (ty, seen)
            }
            (FieldType::Set(ty), Data::F32(labels)) => {
                let has = |label: usize| labels.iter().skip(label).step_by(ty.values()).any(|&on| on > 0.5);
                (ty, (0..ty.values()).map(has).collect())
            }
            _ => continue,
        };
        let names = fitted.class_names(plan, at).expect("a class has names");
        let unseen = names.iter().zip(seen).take(ty.declared).filter(|(_, seen)| !seen);
        let unseen: Vec<String> = unseen.map(|(name, _)| name.clone()).collect();
        if !unseen.is_empty() {
            let are_labels = matches!(field.ty, FieldType::Set(_));
            let (name, at) = (field.name.clone(), field.ty_span);
            let facts = ClassWithoutTrainingRows { field: name, classes: unseen, are_labels, at };
            warnings.push(facts.into());
        }
    }
    warnings
}
