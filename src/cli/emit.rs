//! `dlmc emit`: what each stage of the compiler makes of a program, as text.

use std::path::PathBuf;

use super::{Exit, Overrides, Stop, Terminal, program};
use crate::compile;
use crate::kernel::{Home, Loops, Tables};
use crate::model::Program;
use crate::model::functions::PRIVATE_FEEDS;
use crate::model::program::{Pace, Share, StateRole};
use crate::native;
use crate::tensor::{Function, Slot};

/// Show what a stage of the compiler makes of a program
#[derive(clap::Args)]
pub struct Args {
    /// How far to go
    stage: Stage,
    /// The program; `-` is standard input
    file: PathBuf,
    /// Which of its `train` blocks, where there are several
    train: Option<String>,
    #[command(flatten)]
    overrides: Overrides,
    /// Examples in the batch for which a step is shown
    #[arg(long, value_name = "N", default_value_t = 4)]
    batch: usize,
    /// The name to show for standard input, and the folder to look in for what it names
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Stage {
    /// The text as a tree
    Tree,
    /// Stages, parameters and states
    Model,
    /// The graph of the prediction
    Graph,
    /// The graph of the whole training step, gradients and optimizer included
    Grad,
    /// The loops of the step, one after the other
    Kernels,
    /// The same with buffers and their places in memory
    Plan,
    /// The step in Cranelift's own language
    Clif,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let opened = program::open(&self.file, self.stdin_filename.as_deref())?;
        let checked = program::sound(&opened, &self.overrides.all(), terminal)?;
        if self.stage == Stage::Tree {
            terminal.data(&crate::syntax::print_tree(&checked.tree))?;
            return Ok(Exit::Fine);
        }
        let program = &checked.programs[program::choose(&checked, self.train.as_deref())?];
        let batch = self.batch.max(1);
        // The length of the run enters a step as numbers only; any will do to show its form.
        let pace = Pace { batch, epoch: 100, total: 1000 };
        let step = |share| compile::simplified(&program.step_after(pace, u64::MAX, share));
        let steps = |text: &dyn Fn(&Function) -> String| match program.train.accumulate {
            // One pass is enough for most updates; another only adds to the sums.
            _ if program.train.privacy.is_some() => text(&step(Share::Private { is_last: true })),
            1 => text(&step(Share::Whole)),
            several => {
                let (batch, last) = (step(Share::Batch), step(Share::Last { examples: several * batch }));
                let last = format!("the last of {several} batches:\n{}", text(&last));
                format!("each batch but the last:\n{}\n{last}", text(&batch))
            }
        };
        let named = |function: &Function| crate::tensor::print::print(function, &|slot| name(program, slot));
        let text = match self.stage {
            Stage::Tree => unreachable!("shown above"),
            Stage::Model => model(program),
            Stage::Graph => named(&compile::simplified(&program.predict(batch))),
            Stage::Grad => steps(&named),
            Stage::Kernels => {
                steps(&|step| Loops::new(&compile::plan(step), &|home| called(program, home)).to_string())
            }
            Stage::Plan => steps(&|step| Tables::new(&compile::plan(step), &|home| called(program, home)).to_string()),
            Stage::Clif => steps(&|step| native::clif(&compile::plan(step))),
        };
        terminal.data(&text)?;
        Ok(Exit::Fine)
    }
}

/// The name of a slot in the user's own words.
fn name(program: &Program, slot: Slot) -> String {
    match slot {
        Slot::State(at) => match (at as usize).checked_sub(program.states.len()) {
            None => program.states[at as usize].path.clone(),
            Some(at) => program.sum_name(at),
        },
        Slot::Feed(at) => match (at as usize).checked_sub(program.feeds.len()) {
            None => program.data.fields[program.feeds[at as usize]].name.clone(),
            Some(at) => match program.step_fits.get(at) {
                Some((field, fit)) => format!("fit {} of {}", fit + 1, program.data.fields[*field].name),
                None => PRIVATE_FEEDS[at - program.step_fits.len()].into(),
            },
        },
        Slot::Step => "step".into(),
        Slot::Carry(_) => unreachable!("a recurrence that was never closed"),
    }
}

/// The name of a step's buffer in the user's own words; nothing for what lives inside the step only.
fn called(program: &Program, home: Home) -> Option<String> {
    match home {
        Home::State(at) => Some(name(program, Slot::State(at))),
        Home::Feed(at) => Some(name(program, Slot::Feed(at))),
        Home::Result(at) => ["loss", "objective", "rate"].get(at as usize).map(|it| it.to_string()),
        Home::Arena(_) => None,
    }
}

fn model(program: &Program) -> String {
    let mut out = format!("model {}\n", program.model);
    for stage in &program.stages {
        let indent = "  ".repeat(stage.depth + 1);
        out += &format!("{indent}{} = {} -> {}\n", stage.path, stage.layer, stage.ty);
    }
    for (slot, state) in program.states.iter().enumerate() {
        let role = match state.role {
            StateRole::Parameter => "parameter",
            StateRole::Layer => "state",
            StateRole::Optimizer => "optimizer",
        };
        out += &format!("  {slot}: {role} {} {:?}\n", state.path, state.shape);
    }
    out
}
