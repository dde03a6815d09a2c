//! `dlmc predict`: rows in, predictions out.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Map, Value};

use super::live::Shown;
use super::numbers::count;
use super::program::{self, input, unwritable};
use super::table::{Align, Table as Lines};
use super::terminal::Format;
use super::{Exit, Stop, Terminal, crash};
use crate::problem::command::FileExists;
use crate::session::reading::Read;
use crate::session::{Cell, Predictions, Table, Through};

/// Predict from rows of a file, with the preprocessing of the artifact
#[derive(clap::Args)]
pub struct Args {
    /// What `dlmc run` wrote
    artifact: PathBuf,
    /// Rows as .csv, .tsv, .jsonl, .npy or .npz; or pictures as .png or .jpg, and folders of them; `-` is standard input, as CSV
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// Show the N likeliest classes of each to a person; of pictures 3, if nothing else is said
    #[arg(long, value_name = "N", conflicts_with_all = ["out", "format"])]
    top: Option<usize>,
    /// Where to write, instead of standard output; by its ending as .csv or .jsonl
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The form to write: csv or jsonl
    #[arg(long, value_name = "FORM", hide_possible_values = true)]
    format: Option<Form>,
    /// Replace the file of --out if it is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Csv,
    Jsonl,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let taken = self.out.as_ref().filter(|out| !self.force && out.exists());
        if let Some(out) = taken {
            return Err(Stop::because(Exit::Usage, FileExists { path: out.display().to_string(), replaceable: true }));
        }
        crash::during("predicting", None);
        let trained = program::trained(&self.artifact, terminal)?;
        let (world, paths) = input(&self.inputs)?;
        let shown = Shown::new(terminal);
        let through = Through { world: &world, watch: &shown, backend: terminal.backend };
        let predictions = trained.predict(&paths, &through);
        shown.clear();
        let predictions = predictions.map_err(Stop::Failure)?;
        let text = match (self.form(terminal), self.likeliest(&predictions)) {
            (None, Some(top)) => ranking(&predictions, top),
            (None | Some(Form::Csv), _) => csv(&predictions.table()),
            (Some(Form::Jsonl), _) => jsonl(&predictions.table()),
        };
        match &self.out {
            None => terminal.data(&text)?,
            Some(out) => {
                // A bare name stands in the folder `.`.
                let path = Path::new(".").join(out);
                crate::session::folder::write_whole(&path, text.as_bytes()).map_err(|error| unwritable(out, &error))?;
                let rows = crate::problem::count(predictions.rows, "prediction", "predictions");
                terminal.talk(&format!("wrote {rows} to {}\n", out.display()));
            }
        }
        Ok(Exit::Fine)
    }

    /// The flag, then the ending of the file, then what the terminal wants; nothing where nobody says.
    fn form(&self, terminal: &Terminal) -> Option<Form> {
        let ending = self.out.as_ref().map(|out| out.extension().and_then(|it| it.to_str()));
        match (self.format, ending) {
            (Some(form), _) => Some(form),
            (None, Some(Some("jsonl" | "ndjson" | "json"))) => Some(Form::Jsonl),
            (None, Some(_)) => Some(Form::Csv),
            (None, None) => (terminal.format == Format::Json).then_some(Form::Jsonl),
        }
    }

    /// How many of the likeliest names of each row a person is shown.
    fn likeliest(&self, predictions: &Predictions) -> Option<usize> {
        let top = self.top.or(predictions.files.as_ref().map(|_| 3))?;
        predictions.reads.iter().any(|read| read.ranked(0).is_some()).then_some(top)
    }
}

/// A line for each row: what it is, then of each output the likeliest names, or what a table shows of it.
fn ranking(predictions: &Predictions, top: usize) -> String {
    let identity = predictions.identity();
    let mut columns: Vec<(&str, Align)> = identity.iter().map(|(name, _)| (name.as_str(), Align::Left)).collect();
    if identity.is_empty() {
        columns.push(("row", Align::Right));
    }
    let plain = |read: &Read| if read.ranked(0).is_none() { read.columns() } else { vec![] };
    let plain: Vec<Vec<(String, Vec<Cell>)>> = predictions.reads.iter().map(plain).collect();
    for (read, plain) in predictions.reads.iter().zip(&plain) {
        let shown = read.ranked(0).map_or(0, |names| top.min(names.len()));
        let title = |at: usize| if at == 0 { read.name.as_str() } else { "" };
        columns.extend((0..shown).flat_map(|at| [(title(at), Align::Left), ("", Align::Right)]));
        columns.extend(plain.iter().map(|(name, _)| (name.as_str(), Align::Right)));
    }
    let mut lines = Lines::new(&columns);
    for row in 0..predictions.rows {
        let mut cells: Vec<String> = identity.iter().map(|(_, cells)| text(&cells[row])).collect();
        if identity.is_empty() {
            cells.push(count(row as u64 + 1));
        }
        for (read, plain) in predictions.reads.iter().zip(&plain) {
            let names = read.ranked(row).into_iter().flatten().take(top);
            cells.extend(names.flat_map(|(name, p)| [name.to_string(), share(p)]));
            cells.extend(plain.iter().map(|(_, cells)| text(&cells[row])));
        }
        lines.row(cells);
    }
    lines.text()
}

/// `51.6 %`
fn share(p: f32) -> String {
    if p.is_nan() { String::new() } else { format!("{:.1} %", 100.0 * p) }
}

fn csv(table: &Table) -> String {
    let mut writer = csv::Writer::from_writer(vec![]);
    let mut write = |cells: Vec<String>| writer.write_record(&cells).expect("writing into memory");
    write(table.columns.clone());
    for row in &table.rows {
        write(row.iter().map(text).collect());
    }
    String::from_utf8(writer.into_inner().expect("writing into memory")).expect("text made of text")
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Number(number) if number.is_finite() => serde_json::to_string(number).expect("a number"),
        Cell::Number(number) => number.to_string(),
        Cell::Missing => String::new(),
    }
}

fn jsonl(table: &Table) -> String {
    let mut out = String::new();
    for row in &table.rows {
        let cells = table.columns.iter().zip(row);
        let object = cells.map(|(column, cell)| (column.clone(), serde_json::to_value(cell).expect("a cell as JSON")));
        out += &format!("{}\n", Value::Object(object.collect::<Map<_, _>>()));
    }
    out
}
