//! `dlmc eval`: how good a trained artifact is.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::live::Shown;
use super::numbers::{count, measure};
use super::program::{self, input};
use super::table::{Align, Table};
use super::terminal::Format;
use super::{Exit, Stop, Terminal, crash};
use crate::model::program::Split;
use crate::session::{Classes, Evaluation, Known, Through};
use crate::source::Disk;

/// Measure an artifact: its metrics, what was taken for what, and each class
#[derive(clap::Args)]
pub struct Args {
    /// What `dlmc run` wrote
    artifact: PathBuf,
    /// Rows with their targets, instead of a split of the program's own data; `-` is standard input, as CSV
    data: Option<PathBuf>,
    /// Which split of the program's own data: train, val or test
    #[arg(long, value_name = "NAME", default_value = "test", hide_possible_values = true, conflicts_with = "data")]
    split: SplitName,
}

#[derive(Clone, Copy, ValueEnum)]
enum SplitName {
    Train,
    Val,
    Test,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        crash::during("evaluating", None);
        let trained = program::trained(&self.artifact, terminal)?;
        let (shown, backend) = (Shown::new(terminal), terminal.backend);
        let evaluation = match &self.data {
            Some(data) => {
                let (world, paths) = input(std::slice::from_ref(data))?;
                trained.evaluate(Known::File(paths[0]), &Through { world: &world, watch: &shown, backend })
            }
            None => {
                let split = match self.split {
                    SplitName::Train => Split::Train,
                    SplitName::Val => Split::Val,
                    SplitName::Test => Split::Test,
                };
                let program = Path::new(&trained.checked.sources[trained.checked.file].name);
                let base = program.parent().unwrap_or(Path::new(""));
                let world = Disk::of_environment().starting_programs(terminal.commands);
                trained.evaluate(Known::Split { split, base }, &Through { world: &world, watch: &shown, backend })
            }
        };
        shown.clear();
        let evaluation = evaluation.map_err(Stop::Failure)?;
        match terminal.format {
            Format::Json => {
                terminal.data(&format!("{}\n", serde_json::to_string(&evaluation).expect("an evaluation as JSON")))?;
            }
            Format::Human | Format::Concise | Format::Github | Format::Sarif => terminal.data(&text(&evaluation))?,
        }
        Ok(Exit::Fine)
    }
}

fn text(evaluation: &Evaluation) -> String {
    let mut table = Table::new(&[("", Align::Left), ("", Align::Right)]);
    table.row(["examples".into(), count(evaluation.examples as u64)]);
    for (name, value) in &evaluation.metrics {
        if let Some(number) = value.number() {
            table.row([name.clone(), measure(number)]);
        }
    }
    let mut out = table.text();
    for classes in &evaluation.classes {
        if !classes.confusion.is_empty() {
            out += &format!("\n{}", confusion(classes));
        }
        out += &format!("\n{}", each(classes));
    }
    out
}

/// What was taken for what: a row for each truth, a column for each prediction.
fn confusion(classes: &Classes) -> String {
    let names: Vec<&str> = classes.classes.iter().map(|row| row.class.as_str()).collect();
    let title = format!("{} ↓ taken for →", classes.target);
    let mut columns = vec![(title.as_str(), Align::Left)];
    columns.extend(names.iter().map(|&name| (name, Align::Right)));
    let mut table = Table::new(&columns);
    for (name, row) in names.iter().zip(&classes.confusion) {
        // A zero is written as a dot: what is not zero is what one looks for.
        let cells = row.iter().map(|&n| if n == 0 { "·".into() } else { count(n) });
        table.row(std::iter::once(name.to_string()).chain(cells));
    }
    table.text()
}

fn each(classes: &Classes) -> String {
    use Align::{Left, Right};
    let mut table =
        Table::new(&[(classes.target.as_str(), Left), ("precision", Right), ("recall", Right), ("examples", Right)]);
    let share = |share: Option<f64>| share.map_or("–".into(), |share| format!("{:.1} %", 100.0 * share));
    for row in &classes.classes {
        table.row([row.class.clone(), share(row.precision), share(row.recall), count(row.support)]);
    }
    table.text()
}
