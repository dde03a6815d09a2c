//! `dlmc predict`: rows in, predictions out.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Map, Value};

use super::program::{self, input, unwritable};
use super::terminal::Format;
use super::{Exit, Stop, Terminal, crash};
use crate::problem::command::FileExists;
use crate::session::{Cell, Table};

/// Predict from rows of a file, with the preprocessing of the artifact
#[derive(clap::Args)]
pub struct Args {
    /// What `dlmc run` wrote
    artifact: PathBuf,
    /// Rows as .csv, .tsv, .jsonl, .npy or .npz, a picture as .png or .jpg, or a folder of them; `-` is standard input, as CSV
    input: PathBuf,
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
        let (world, path) = input(&self.input)?;
        let table = trained.predict(&world, &path, terminal.backend).map_err(Stop::Failure)?;
        let text = match self.form(terminal) {
            Form::Csv => csv(&table),
            Form::Jsonl => jsonl(&table),
        };
        match &self.out {
            None => terminal.data(&text)?,
            Some(out) => {
                // A bare name stands in the folder `.`.
                let path = Path::new(".").join(out);
                crate::session::folder::write_whole(&path, text.as_bytes()).map_err(|error| unwritable(out, &error))?;
                let rows = crate::problem::count(table.rows.len(), "prediction", "predictions");
                terminal.talk(&format!("wrote {rows} to {}\n", out.display()));
            }
        }
        Ok(Exit::Fine)
    }

    /// The flag, then the ending of the file, then what the terminal wants.
    fn form(&self, terminal: &Terminal) -> Form {
        let ending = self.out.as_ref().and_then(|out| out.extension()).and_then(|it| it.to_str());
        match (self.format, ending) {
            (Some(form), _) => form,
            (None, Some("jsonl" | "ndjson" | "json")) => Form::Jsonl,
            (None, Some(_)) => Form::Csv,
            (None, None) if terminal.format == Format::Json => Form::Jsonl,
            (None, None) => Form::Csv,
        }
    }
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
