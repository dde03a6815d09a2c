//! The pipeline: from a file to problems and programs, from a function to something that runs.

mod least;

pub use least::{Least, least_loss};

use std::path::Path;

pub use crate::kernel::Machine;
pub use crate::kernel::machine::{use_registers, use_threads};
use crate::kernel::{self, Plan};
pub use crate::model::check::Checked;
pub use crate::model::export::ExportPlan;
pub use crate::model::overrides::Set;
pub use crate::model::tune::TunePlan;
use crate::native;
pub use crate::native::Room;
use crate::problem::Problem;
use crate::source::World;
use crate::tensor::{self, Executor, Function};

/// A value given on the command line: `--set optimizer.lr=0.01`.
#[derive(Clone, Debug)]
pub struct Override {
    pub path: String,
    pub value: String,
}

/// Reads, parses and checks the program at `path`, with what it imports. `text` takes the place of the file's own text
/// (standard input, an editor's buffer). Fails only where the file cannot be read.
pub fn check(world: &dyn World, path: &Path, text: Option<String>, overrides: &[Override]) -> std::io::Result<Checked> {
    let text = match text {
        Some(text) => text,
        None => world.read(path)?,
    };
    Ok(crate::model::check::check(world, path, &text, &pairs(overrides)))
}

/// What is wrong with a sound program at the ends of the ranges that its `tune` blocks search, and at their choices. This
/// takes as many checks as there are such values.
pub fn at_the_ends(world: &dyn World, path: &Path, checked: &Checked, overrides: &[Override]) -> Vec<Problem> {
    let text = &checked.sources[checked.file].text;
    crate::model::tune::at_the_ends((world, path, text), &pairs(overrides), &checked.tunes, &checked.problems)
}

fn pairs(overrides: &[Override]) -> Vec<(String, String)> {
    overrides.iter().map(|it| (it.path.clone(), it.value.clone())).collect()
}

/// Who runs a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Backend {
    /// Machine code.
    #[default]
    Native,
    /// The loops, one by one.
    Kernels,
    /// The graph, node by node: what a program means.
    Interpreter,
}

impl Backend {
    pub const ALL: [Backend; 3] = [Backend::Native, Backend::Kernels, Backend::Interpreter];

    pub fn word(self) -> &'static str {
        match self {
            Backend::Native => "native",
            Backend::Kernels => "kernels",
            Backend::Interpreter => "interpreter",
        }
    }
}

/// Makes `function` ready to be called.
pub fn executor(function: &Function, backend: Backend) -> Box<dyn Executor> {
    executor_and_cost(function, backend, &Room::default()).0
}

/// What a function that is ready to be called costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost {
    /// Bytes that it has set aside for what it computes.
    pub arena: u64,
    /// The arena with its states, what it is fed and what it returns.
    pub peak: u64,
    /// Scalar operations of a call.
    pub flops: u64,
}

impl Cost {
    fn of(plan: &Plan) -> Cost {
        Cost { arena: plan.arena as u64, peak: plan.peak_bytes() as u64, flops: plan.flops() as u64 }
    }
}

/// What `function` would cost if it were made ready.
pub fn cost(function: &Function) -> Cost {
    Cost::of(&plan(function))
}

/// As [`executor`], with what it costs. Machine code works in `room`. The graph's interpreter plans nothing.
pub fn executor_and_cost(function: &Function, backend: Backend, room: &Room) -> (Box<dyn Executor>, Option<Cost>) {
    let function = simplified(function);
    if backend == Backend::Interpreter {
        return (Box::new(tensor::eval::Interpreter::new(function)), None);
    }
    let plan = planned(&function);
    let cost = Cost::of(&plan);
    let executor: Box<dyn Executor> = match backend {
        Backend::Native => Box::new(native::compile_in(plan, room)),
        Backend::Kernels | Backend::Interpreter => Box::new(kernel::eval::Interpreter::new(plan)),
    };
    (executor, Some(cost))
}

/// The same function with less to do.
pub fn simplified(function: &Function) -> Function {
    tensor::simplify(function)
}

/// The loops and buffers of `function`, simplified, on this machine.
pub fn plan(function: &Function) -> Plan {
    planned(&simplified(function))
}

fn planned(function: &Function) -> Plan {
    kernel::plan(function, &Machine::host())
}
