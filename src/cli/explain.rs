//! `dlmc explain`: the page of a problem, or the list of all.

use super::table::{Align, Table};
use super::terminal::Format;
use super::{Exit, Stop, Terminal};
use crate::problem::command::UnknownCode;
use crate::problem::{Entry, Severity, catalogue, pages};
use crate::source::nearest;

/// Explain a problem, or list all of them
#[derive(clap::Args)]
pub struct Args {
    /// What stands in brackets beside a problem
    code: Option<String>,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let text = match &self.code {
            None if terminal.format == Format::Json => {
                catalogue().map(|entry| format!("{}\n", as_json(entry))).collect()
            }
            None => list(),
            Some(code) => {
                let entry = catalogue().find(|entry| entry.code == code).ok_or_else(|| unknown(code))?;
                if terminal.format == Format::Json { format!("{}\n", as_json(entry)) } else { page(entry) }
            }
        };
        terminal.data(&text)?;
        Ok(Exit::Fine)
    }
}

fn list() -> String {
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left), ("", Align::Left)]);
    for entry in catalogue() {
        table.row([entry.code.into(), word(entry.severity).into(), entry.summary.into()]);
    }
    table.text()
}

fn as_json(entry: &Entry) -> serde_json::Value {
    serde_json::json!({
        "code": entry.code, "severity": word(entry.severity), "summary": entry.summary, "page": page(entry),
    })
}

/// The page of a problem, or at least its sentence.
fn page(entry: &Entry) -> String {
    pages::page(entry.code).map_or_else(|| format!("# {}\n\n{}\n", entry.code, entry.summary), str::to_owned)
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// That no problem has this code.
pub fn unknown(code: &str) -> Stop {
    let near = nearest(code, catalogue().map(|entry| entry.code)).map(str::to_owned);
    Stop::because(Exit::Usage, UnknownCode { code: code.into(), near })
}
