//! `dlmc grad`: the gradient of the loss in a parameter, as a formula that a person can read.

use std::path::PathBuf;

use super::{Exit, Overrides, Stop, Terminal, program};

/// Show the gradient of the loss in a parameter as a formula
#[derive(clap::Args)]
pub struct Args {
    /// The program; `-` is standard input
    file: PathBuf,
    /// The parameters: a name like `hidden.w`, or a pattern like `*.w`. All of them where none is given
    param: Option<String>,
    /// Which of the program's `train` blocks, where there are several
    #[arg(long, value_name = "NAME")]
    train: Option<String>,
    #[command(flatten)]
    overrides: Overrides,
    /// The name to show for standard input, and the folder to look in for what it names
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let opened = program::open(&self.file, self.stdin_filename.as_deref())?;
        let checked = program::sound(&opened, &self.overrides.all(), terminal)?;
        let program = &checked.programs[program::choose(&checked, self.train.as_deref())?];
        let slots = program.selected(self.param.as_deref().unwrap_or("*")).unwrap_or_default();
        let lines = program.formulas(&slots).unwrap_or_default();
        let mut out = String::new();
        for line in &lines {
            out += &format!("{} = {}\n", line.name, crate::tensor::formula::text::text(&line.expr));
        }
        terminal.data(&out)?;
        Ok(Exit::Fine)
    }
}
