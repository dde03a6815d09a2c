//! `dlmc doc`: the library, as its own text tells it.

use anstyle::Style;
use serde_json::json;

use super::table::{Align, Table};
use super::terminal::Format;
use super::{Exit, Stop, Terminal};
use crate::ide::docs::{self, Doc};
use crate::problem::command::UndocumentedName;

/// Show the documentation and the source of a name of the library, or list all names
#[derive(clap::Args)]
pub struct Args {
    /// A layer, a loss, an optimizer, a function, …
    name: Option<String>,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let found = match &self.name {
            None => docs::all(),
            Some(name) => docs::named(name)
                .map_err(|near| Stop::because(Exit::Usage, UndocumentedName { name: name.clone(), near }))?,
        };
        let text = match (terminal.format, &self.name) {
            (Format::Json, _) => found.iter().map(as_json).collect(),
            (_, None) => list(&found),
            (_, Some(_)) => found.iter().map(page).collect::<Vec<_>>().join("\n"),
        };
        terminal.data(&text)?;
        Ok(Exit::Fine)
    }
}

/// A line for each name, under its kind.
fn list(found: &[Doc]) -> String {
    let mut out = String::new();
    for group in found.chunk_by(|a, b| (a.kind, &a.part) == (b.kind, &b.part)) {
        let mut table = Table::new(&[("", Align::Left), ("", Align::Left)]);
        for forms in group.chunk_by(|a, b| a.name == b.name) {
            let first =
                forms[0].doc.split_inclusive(". ").next().unwrap_or_default().lines().next().unwrap_or_default();
            table.row([forms[0].name.clone(), first.trim().into()]);
        }
        let bold = Style::new().bold();
        let title = match &group[0].part {
            None => group[0].kind.to_string(),
            Some(part) => format!("{}, by `use {part} {{ … }}`", group[0].kind),
        };
        out += &format!("{bold}{title}{bold:#}\n{}\n", table.text());
    }
    out
}

fn page(doc: &Doc) -> String {
    let dim = Style::new().dimmed();
    let mut out = String::new();
    if let Some(part) = &doc.part {
        out += &format!("{dim}# use {part} {{ {} }}{dim:#}\n", doc.name);
    }
    match &doc.text {
        Some(text) => {
            out += &format!("{dim}# {}:{}{dim:#}\n", text.file, text.line);
            out.extend(doc.doc.lines().map(|line| format!("{dim}## {line}{dim:#}\n")));
            out += &format!("{}\n", text.text);
        }
        None => out += &format!("{}\n", doc.doc),
    }
    out
}

fn as_json(doc: &Doc) -> String {
    let (file, line) = doc.text.as_ref().map(|text| (&text.file, text.line)).unzip();
    let text = doc.text.as_ref().map(|text| &text.text);
    format!(
        "{}\n",
        json!({
            "kind": doc.kind, "name": doc.name, "doc": doc.doc, "file": file, "line": line, "text": text, "part": doc.part,
        })
    )
}
