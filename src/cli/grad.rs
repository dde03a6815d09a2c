//! `dlmc grad`: the gradient of the loss in a parameter, as a formula that a person can read.

use std::path::PathBuf;

use serde_json::json;

use super::terminal::Format;
use super::{Exit, Overrides, Stop, Terminal, program};
use crate::problem::command::{UnknownParameter, UnwritableGradient};
use crate::tensor::formula::text::{text, wrapped};
use crate::tensor::formula::{Line, Role, latex};

/// Show the gradient of the loss in a parameter as a formula
#[derive(clap::Args)]
pub struct Args {
    /// The program; `-` is standard input
    file: PathBuf,
    /// The parameters: a name like `hidden.w`, or a pattern like `*.w`. All of them where none is given
    param: Option<String>,
    /// Which of its `train` blocks, where there are several
    train: Option<String>,
    /// Write an `align*` environment for a paper
    #[arg(long)]
    latex: bool,
    #[command(flatten)]
    overrides: Overrides,
    /// The name to show for standard input, and the folder to look in for what it names
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

/// Where a line ends, if it can.
const WIDTH: usize = 100;

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let opened = program::open(&self.file, self.stdin_filename.as_deref())?;
        let checked = program::sound(&opened, &self.overrides.all(), terminal)?;
        // A word that names a train block is one, whether a parameter stands before it or not.
        let names_train = |word: &String| checked.trains.iter().flatten().any(|name| name == word);
        let (param, train) = match (self.param, self.train) {
            (Some(word), None) if names_train(&word) => (None, Some(word)),
            words => words,
        };
        let program = &checked.programs[program::choose(&checked, train.as_deref())?];
        let pattern = param.as_deref().unwrap_or("*");
        let slots = program.selected(pattern).map_err(|near| {
            let parameters = program.parameter_names();
            let (name, model) = (pattern.to_string(), program.model.clone());
            Stop::because(Exit::Usage, UnknownParameter { name, model, near, parameters })
        })?;
        let lines = program
            .formulas(&slots)
            .ok_or_else(|| Stop::because(Exit::Problems, UnwritableGradient { model: program.model.clone() }))?;
        let out = match (terminal.format, self.latex) {
            (Format::Json, _) => lines.iter().map(as_json).collect(),
            (_, true) => latex::latex(&lines),
            (_, false) => plain(&lines),
        };
        terminal.data(&out)?;
        Ok(Exit::Fine)
    }
}

/// The formulas under each other, their signs of equality too.
fn plain(lines: &[Line]) -> String {
    let name = |line: &Line| match line.role {
        Role::Gradient => format!("∂loss/∂{}", line.name),
        _ => line.name.clone(),
    };
    let column = lines.iter().map(|line| name(line).chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for line in lines {
        let name = name(line);
        let pad = " ".repeat(column - name.chars().count());
        out += &format!("{name}{pad} = {}\n", wrapped(&text(&line.expr), column + 3, WIDTH));
    }
    out
}

fn as_json(line: &Line) -> String {
    let role = match line.role {
        Role::Value => "value",
        Role::Draw(..) => "draw",
        Role::Loss => "loss",
        Role::Partial => "partial",
        Role::Gradient => "gradient",
    };
    let object = json!({
        "name": line.name,
        "role": role,
        "shape": line.shape,
        "formula": text(&line.expr),
        "latex": latex::formula(&line.expr),
    });
    format!("{object}\n")
}
