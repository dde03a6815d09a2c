//! `dlmc explain`: the page of a problem, or the list of all.

use anstyle::{AnsiColor, Style};

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
                match (terminal.format, terminal.page_width()) {
                    (Format::Json, _) => format!("{}\n", as_json(entry)),
                    (_, Some(width)) => drawn(entry, width),
                    (_, None) => page(entry).to_owned(),
                }
            }
        };
        terminal.data(&text)?;
        Ok(Exit::Fine)
    }
}

fn list() -> String {
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left), ("", Align::Left)]);
    for entry in catalogue() {
        let off = if entry.is_on_request() { " Off by default." } else { "" };
        table.row([entry.code.into(), word(entry.severity).into(), format!("{}{off}", entry.summary)]);
    }
    table.text()
}

fn as_json(entry: &Entry) -> serde_json::Value {
    serde_json::json!({
        "code": entry.code, "severity": word(entry.severity), "summary": entry.summary, "page": page(entry),
        "on_by_default": !entry.is_on_request(),
    })
}

fn page(entry: &Entry) -> &'static str {
    pages::page(entry.code).expect("a page for every code, which a test sees to")
}

/// The page with headings, code and commands set off, for a terminal.
fn drawn(entry: &Entry, width: usize) -> String {
    let colour = |colour: AnsiColor| Style::new().bold().fg_color(Some(colour.into()));
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let (mut out, mut paragraph, mut within) = (String::new(), String::new(), false);
    for line in page(entry).lines() {
        if let Some(fence) = line.strip_prefix("```") {
            within = !within;
            if let Some((_, file)) = fence.split_once(" file=") {
                out += &format!("    {dim}{file}{dim:#}\n");
            }
            continue;
        }
        if within {
            let style = if line.starts_with("$ ") { bold } else { Style::new() };
            if !line.is_empty() {
                out += &format!("    {style}{line}{style:#}");
            }
            out.push('\n');
            continue;
        }
        let heading = line.strip_prefix("# ").or(line.strip_prefix("## "));
        if heading.is_none() && !line.is_empty() {
            paragraph += line;
            paragraph.push(' ');
            continue;
        }
        out += &flowed(&std::mem::take(&mut paragraph), width);
        let style = match heading {
            None => bold,
            Some("Wrong") => colour(AnsiColor::Red),
            Some("Right") => colour(AnsiColor::Green),
            Some(_) => bold,
        };
        out += &heading.map_or("\n".into(), |text| format!("{style}{text}{style:#}\n"));
    }
    out + &flowed(&paragraph, width)
}

/// Words in lines of at most `width`, what stands in backticks set off.
fn flowed(text: &str, width: usize) -> String {
    let code = Style::new().fg_color(Some(AnsiColor::Cyan.into()));
    let (mut out, mut column, mut within) = (String::new(), 0, false);
    for word in text.split_whitespace() {
        let shown = word.chars().filter(|&it| it != '`').count();
        if column > 0 && column + 1 + shown > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        column += shown;
        for letter in word.chars() {
            match letter {
                '`' => {
                    out += &if within { format!("{code:#}") } else { format!("{code}") };
                    within = !within;
                }
                letter => out.push(letter),
            }
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// That no problem has this code.
pub fn unknown(code: &str) -> Stop {
    let near = nearest(code, catalogue().map(|entry| entry.code));
    Stop::because(Exit::Usage, UnknownCode { code: code.into(), near, at: None })
}
