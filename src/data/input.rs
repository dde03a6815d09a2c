//! Rows to predict: a file that need not hold what is to be predicted, read as the training data was.

use std::borrow::Cow;
use std::path::Path;

use super::classes::Classes;
use super::columns::{Columns, of_field};
use super::files::{Content, Files, Found};
use super::fitted::{Fitted, FittedField};
use super::frame::{Column, Heading};
use super::prepare::{tokenise, typed};
use super::sources::image_folder::{self, Named};
use super::sources::{self, Opened, command, csv, idx, jsonl, npy, npz, text_file};
use super::windows::{Order, Reach};
use super::{Fitter, Part, encode};
use crate::model::program::{CellType, ColumnPlan, DataPlan, FieldPlan, Select};
use crate::problem::Problem;
use crate::problem::data::{InputColumns, InputFormat, InputsMixed};
use crate::problem::sequences::FewRows;
use crate::source::Span;
use crate::syntax::tree::Role;

/// What the rows are for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Inputs and the columns that identify a row; other fields stay empty, whatever the file holds of them.
    Inputs,
    /// Targets and weights as well.
    Targets,
}

/// Rows that are no part of a dataset.
pub struct Rows {
    pub part: Part,
    /// Of pictures the file of each.
    pub files: Option<Vec<String>>,
}

/// Reads a file of rows, or pictures and folders of them, and encodes the rows.
pub fn encode_rows(
    files: Files,
    inputs: &[&Path],
    plan: &DataPlan,
    fitted: &Fitted,
    fitter: &mut dyn Fitter,
    need: Need,
) -> Result<Rows, Vec<Problem>> {
    assert!(fitted.fits(plan), "fitted for another plan");
    let (opened, are_pictures) = open(plan, files, inputs)?;
    let plan = &*if are_pictures { pictured(plan) } else { Cow::Borrowed(plan) };
    let columns = columns(plan, fitted, &opened.heading, need)?;
    let of_files: &[usize] = if are_pictures { &[image_folder::FILE] } else { &[] };
    let wanted = columns.wanted(opened.heading.columns.len(), of_files);
    let frame = (opened.read)(&wanted, files.watch)?;
    let names = match frame.columns.get(image_folder::FILE) {
        Some(Some(Column::Text(names))) if are_pictures => {
            Some(names.iter().map(|name| name.expect("each has a path").to_owned()).collect())
        }
        _ => None,
    };
    let classes = fitted.fields.iter().map(|field| field.classes.iter().map(|names| names.clone().map(Classes::new)));
    let classes: Vec<Vec<Option<Classes>>> = classes.map(Iterator::collect).collect();
    let mut table = typed(plan, frame, columns, &classes, files)?;
    let of_columns = |(field, known): (&FieldPlan, &FittedField)| {
        (0..field.columns.len()).map(|column| known.vocabulary(column).map(<[String]>::to_vec)).collect()
    };
    tokenise(plan, &mut table, &plan.fields.iter().zip(&fitted.fields).map(of_columns).collect())?;
    let reach = if need == Need::Inputs { Reach::of_inputs(plan) } else { Reach::of(plan) };
    let all: Vec<usize> = (0..table.frame.rows).collect();
    let (rows, starts) = match reach {
        None => (all, None),
        Some(reach) => {
            let order = Order::of(plan, &table.frame, &table.columns.fields).map_err(|problem| vec![problem])?;
            let laid = order.lay(&all, reach).once(reach);
            if laid.starts.is_empty() {
                return Err(vec![FewRows { shown: table.frame.shown, rows: all.len(), reach: reach.rows }.into()]);
            }
            (laid.rows, Some(laid.starts))
        }
    };
    let mut part = encode::part(plan, &table, &rows, starts, fitted, fitter)?;
    for (at, field) in fitted.fields.iter().enumerate() {
        if let (Some(_), Some(scale)) = (&part.fields[at], field.scale) {
            part.scale(at, scale);
        }
    }
    Ok(Rows { part, files: names })
}

/// Opens what is named, and says whether it is pictures.
fn open(plan: &DataPlan, files: Files, inputs: &[&Path]) -> Result<(Opened, bool), Vec<Problem>> {
    let mut named = vec![];
    for input in inputs {
        let path = input.to_string_lossy();
        if files.world.list(input).is_ok() {
            named.push(Named::Folder(files.find_folder(&path, None).map_err(|problem| vec![problem])?));
            continue;
        }
        let found = files.find(&path, None).map_err(|problem| vec![problem])?;
        match ["png", "jpg", "jpeg"].contains(&&*ending(&found.shown)) {
            true => named.push(Named::Picture(found)),
            false if inputs.len() == 1 => return Ok((open_rows(plan, files, found)?, false)),
            false => return Err(vec![InputsMixed { shown: found.shown }.into()]),
        }
    }
    Ok((image_folder::open_named(files, named)?, true))
}

/// The plan of a model that was trained on pixels, as it reads them from pictures.
fn pictured(plan: &DataPlan) -> Cow<'_, DataPlan> {
    let is_pixels = |column: &ColumnPlan| matches!(column.cell, CellType::Array) && column.shape.len() == 3;
    let mut plan = Cow::Borrowed(plan);
    for at in 0..plan.fields.len() {
        if let [column] = &plan.fields[at].columns[..]
            && is_pixels(column)
        {
            let column = &mut plan.to_mut().fields[at].columns[0];
            column.select = Select::Column(image_folder::COLUMNS[image_folder::FILE].into());
            column.cell = CellType::Picture(vec![]);
        }
    }
    plan
}

/// How a name ends, whatever it is packed in.
fn ending(name: &str) -> String {
    let name = name.to_lowercase();
    name.strip_suffix(".gz").unwrap_or(&name).rsplit('.').next().unwrap_or("").to_string()
}

/// The format is told by the name, or is that of the training data.
fn open_rows(plan: &DataPlan, files: Files, found: Found) -> Result<Opened, Vec<Problem>> {
    let one = |problem| vec![problem];
    let ending = ending(&found.shown);
    if ending == npz::SOURCE.name {
        return npz::open_found(files, found);
    }
    let content: Content = files.read(found).map_err(one)?;
    let (kind, call) = sources::call(&plan.source, files)?;
    let trained_on_text = [csv::SOURCE.name, csv::TABS.name].contains(&kind.name);
    match ending.as_str() {
        "jsonl" | "ndjson" => jsonl::open_content(content),
        "npy" => npy::open_content(content),
        #[cfg(feature = "parquet")]
        "parquet" => sources::parquet::open_content(content, files),
        _ if kind.name == text_file::SOURCE.name => text_file::open_content(content),
        _ if kind.name == idx::SOURCE.name && idx::is_idx(&content.bytes) => idx::open_images(content),
        "csv" | "tsv" if trained_on_text && ending == kind.name => csv::open_content(content, csv::Dialect::of(&call)?),
        "tsv" => csv::open_content(content, csv::Dialect::plain(b'\t')),
        "csv" => csv::open_content(content, csv::Dialect::plain(b',')),
        _ if trained_on_text => csv::open_content(content, csv::Dialect::of(&call)?),
        _ if [jsonl::SOURCE.name, command::SOURCE.name].contains(&kind.name) => jsonl::open_content(content),
        _ => Err(vec![InputFormat { shown: content.found.shown, at: plan.source.span }.into()]),
    }
}

fn columns(plan: &DataPlan, fitted: &Fitted, heading: &Heading, need: Need) -> Result<Columns, Vec<Problem>> {
    let (mut fields, mut missing, mut problems) = (vec![], vec![], vec![]);
    for (field, fitted) in plan.fields.iter().zip(&fitted.fields) {
        let needed = match field.role {
            Role::Input => true,
            Role::Target => need == Need::Targets,
            Role::Weight | Role::Id | Role::Group | Role::Time => false,
        };
        // Rows follow one another by their group and their time, where the file tells them.
        let orders = matches!(field.role, Role::Group | Role::Time) && Reach::of(plan).is_some();
        let wanted = needed || orders || field.role == Role::Id || field.role == Role::Weight && need == Need::Targets;
        let absent = absent(field, &fitted.columns, heading);
        match of_field(plan, field, heading, Some(&fitted.columns)) {
            Ok(columns) if wanted => fields.push(columns),
            Err(_) if needed && !absent.is_empty() => {
                missing.extend(absent);
                fields.push(vec![]);
            }
            Err(more) if needed => problems.extend(more),
            Ok(_) | Err(_) => fields.push(vec![]),
        }
    }
    if !missing.is_empty() {
        let at = missing[0].1;
        let mut names: Vec<String> = vec![];
        for (name, _) in missing {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let columns = heading.columns.iter().map(|head| head.name.clone()).collect();
        problems.push(InputColumns { shown: heading.shown.clone(), missing: names, columns, at }.into());
    }
    if problems.is_empty() { Ok(Columns { fields }) } else { Err(problems) }
}

/// The columns of a field that the heading does not name.
fn absent(field: &FieldPlan, patterns: &[Option<Vec<String>>], heading: &Heading) -> Vec<(String, Span)> {
    let mut absent = vec![];
    for (column, names) in field.columns.iter().zip(patterns) {
        let names = match &column.select {
            Select::Column(name) => std::slice::from_ref(name),
            Select::Pattern(_) => names.as_ref().expect("checked to be of this plan"),
        };
        let missing = names.iter().filter(|name| !heading.columns.iter().any(|head| head.name == **name));
        absent.extend(missing.map(|name| (name.clone(), column.span)));
    }
    absent
}
