//! `dlmc bench`: how long a step takes, and where the time goes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::numbers::{bytes, count, measure, micros, short};
use super::program::unwritable;
use super::table::{Align, Table};
use super::terminal::{Format, REGISTERS};
use super::{Exit, Overrides, Stop, Terminal, crash, program};
use crate::compile::Machine;
use crate::data;
use crate::model::program::Batch;
use crate::problem::command::{BatchUnknown, FileExists};
use crate::session::bench::{Bench, Limit, Work, bench, recorded};
use crate::session::folder::write_whole;
use crate::session::rates::Measured;
use crate::source::Disk;

/// Measure how long a training step or a prediction takes, on numbers of the types of the data
///
/// The data is not read: a step takes as long on any numbers.
#[derive(clap::Args)]
pub struct Args {
    /// The program; `-` is standard input
    #[arg(required_unless_present = "machine")]
    file: Option<PathBuf>,
    /// Which of its `train` blocks, where there are several
    train: Option<String>,
    #[command(flatten)]
    overrides: Overrides,
    /// Measure the prediction of N examples at once, with the first weights, instead of a training step
    #[arg(long, value_name = "N", conflicts_with = "machine", value_parser = examples)]
    predict: Option<usize>,
    /// Measure each kernel too
    #[arg(long)]
    profile: bool,
    /// Show what this machine is, and measure what it can do; no program is needed
    #[arg(long, conflicts_with_all = ["file", "train", "profile"])]
    machine: bool,
    /// Write what is measured as safetensors: the first weights, the batch, and the losses of the first 20 steps, or what is predicted
    #[arg(long, value_name = "FILE", conflicts_with = "machine")]
    record: Option<PathBuf>,
    /// Measure for about so long, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    seconds: f64,
    /// The name to show for standard input, and the folder to look in for what it names
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let budget = Duration::from_secs_f64(self.seconds);
        let Some(file) = &self.file else {
            let found = Measured::of(budget);
            let text = match terminal.format {
                Format::Json => format!("{}\n", machine_as_json(&found)),
                _ => machine_as_text(&found),
            };
            terminal.data(&text)?;
            return Ok(Exit::Fine);
        };
        let opened = program::open(file, self.stdin_filename.as_deref())?;
        let checked = program::without_data(&opened, &self.overrides.all(), terminal)?;
        let program = &checked.programs[program::choose(&checked, self.train.as_deref())?];
        crash::during("measuring a step", Some(&opened.path));
        let work = if self.predict.is_some() { Work::Prediction } else { Work::Step };
        let batch = match (self.predict, program.train.batch) {
            (Some(batch), _) | (None, Batch::Size(batch)) => batch,
            (None, Batch::All) => {
                let (facts, _) = data::inspect(&Disk::of_environment(), opened.folder(), &program.data);
                let rows = facts.splits.map(|[train, ..]| train).filter(|&rows| rows > 0);
                rows.ok_or_else(|| {
                    Stop::because(Exit::Problems, BatchUnknown { countable: data::programs(&program.data).is_empty() })
                })?
            }
        };
        if let Some(out) = &self.record {
            if fs::symlink_metadata(out).is_ok() {
                let facts = FileExists { path: out.display().to_string(), replaceable: false };
                return Err(Stop::because(Exit::Usage, facts));
            }
            let bytes = recorded(program, work, batch, terminal.backend);
            // A bare name stands in the folder `.`.
            write_whole(&Path::new(".").join(out), &bytes).map_err(|error| unwritable(out, &error))?;
        }
        let found = bench(program, (work, batch), terminal.backend, budget, self.profile);
        let text = match terminal.format {
            Format::Json => format!("{}\n", as_json(&found)),
            _ => as_text(&found),
        };
        terminal.data(&text)?;
        Ok(Exit::Fine)
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=3600.0).contains(seconds));
    seconds.ok_or_else(|| "write a number of seconds, 3600 at most".into())
}

fn examples(text: &str) -> Result<usize, String> {
    let examples = text.parse().ok().filter(|examples| (1..=1 << 20).contains(examples));
    examples.ok_or_else(|| "write a number of examples, 1048576 at most".into())
}

fn gflops(flops: u64, time: Duration) -> f64 {
    flops as f64 / time.as_secs_f64() / 1e9
}

fn as_text(bench: &Bench) -> String {
    use Align::{Left, Right};
    let step = bench.step;
    let mut out = format!(
        "{} of {}, {} backend, {}: {} (median of {}; least {}, nine of ten below {})\n",
        bench.work.word(),
        if bench.batch == 1 { "1 example".into() } else { format!("{} examples", count(bench.batch as u64)) },
        bench.backend.word(),
        if bench.threads == 1 { "1 thread".into() } else { format!("{} threads", bench.threads) },
        micros(step.median),
        count(bench.steps as u64),
        micros(step.min),
        micros(step.p90),
    );
    out += &format!("compiled in {}\n", micros(bench.compile));
    if let Some(cost) = bench.cost {
        out += &format!(
            "{} operations, {:.1} G a second; at most {} of memory\n",
            count(cost.flops),
            gflops(cost.flops, step.median),
            bytes(cost.peak)
        );
    }
    if let Some(resident) = bench.resident {
        out += &format!("the process held {} at the most\n", bytes(resident));
    }
    if let Some(limit) = bench.limit {
        let [products, memory] = limit.parts();
        out += &format!(
            "at least {}: {} for products of {} operations at {} G a second, {} for {} at {} GB a second; {:.0} % of that is reached\n",
            micros(Duration::from_secs_f64(products + memory)),
            micros(Duration::from_secs_f64(products)),
            short(limit.products),
            measure(limit.peak / 1e9),
            micros(Duration::from_secs_f64(memory)),
            bytes(limit.traffic),
            measure(limit.rate / 1e9),
            100.0 * share(limit, bench),
        );
    }
    if !bench.kernels.is_empty() {
        let mut table = Table::new(&[
            ("kernel", Right),
            ("kind", Left),
            ("space", Left),
            ("sum over", Left),
            ("time", Right),
            ("share", Right),
            ("G op/s", Right),
            ("GB/s", Right),
        ]);
        let all: Duration = bench.kernels.iter().map(|it| it.mean).sum();
        let extents = |all: &[usize]| all.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
        for (number, kernel) in bench.kernels.iter().enumerate() {
            table.row([
                number.to_string(),
                kernel.kind.to_string(),
                extents(&kernel.space),
                extents(&kernel.inner),
                micros(kernel.mean),
                format!("{:.1} %", 100.0 * kernel.mean.as_secs_f64() / all.as_secs_f64()),
                format!("{:.1}", gflops(kernel.flops, kernel.mean)),
                format!("{:.1}", gflops(kernel.bytes, kernel.mean)),
            ]);
        }
        out += &format!("\n{}", table.text());
    }
    out
}

/// Which share of what the machine could do is reached.
fn share(limit: Limit, bench: &Bench) -> f64 {
    limit.parts().iter().sum::<f64>() / bench.step.median.as_secs_f64()
}

fn isa(machine: &Machine) -> &'static str {
    let widest = REGISTERS.iter().find(|(_, bytes)| *bytes <= machine.vector);
    widest.map_or("none", |(name, _)| name)
}

fn machine_as_text(found: &Measured) -> String {
    use Align::{Left, Right};
    let Machine { fma, l1, l2, threads, .. } = found.machine;
    let fused = if fma { "with" } else { "without" };
    let mut out = format!(
        "{}, {} {fused} fused multiply-add; plans count on caches of {} and {}\n\n",
        std::env::consts::ARCH,
        isa(&found.machine),
        bytes(l1 as u64),
        bytes(l2 as u64)
    );
    let all = if threads == 1 { "1 thread again".into() } else { format!("{threads} threads") };
    let mut table = Table::new(&[("measured", Left), ("1 thread", Right), (&all, Right), ("", Left)]);
    let giga = |rate: f64| measure(rate / 1e9);
    let [one, more] = found.products;
    table.row(["products in the caches".into(), giga(one), giga(more), "G operations a second".into()]);
    for &(held, [one, more]) in &found.memory {
        let what = format!("reading and writing {}", bytes(held as u64));
        table.row([what, giga(one), giga(more), "GB a second".into()]);
    }
    out += &table.text();
    out
}

fn machine_as_json(found: &Measured) -> Value {
    let Machine { fma, l1, l2, threads, .. } = found.machine;
    let pair = |[one, more]: [f64; 2]| json!([one / 1e9, more / 1e9]);
    let memory: Vec<Value> =
        found.memory.iter().map(|&(bytes, rates)| json!({ "bytes": bytes, "gbs": pair(rates) })).collect();
    json!({
        "arch": std::env::consts::ARCH,
        "isa": isa(&found.machine),
        "fma": fma,
        "l1_bytes": l1,
        "l2_bytes": l2,
        "threads": [1, threads],
        "peak_gflops": pair(found.products),
        "memory": memory,
    })
}

fn as_json(bench: &Bench) -> Value {
    let micros = |time: Duration| time.as_nanos() as f64 / 1e3;
    let kernels: Vec<Value> = bench
        .kernels
        .iter()
        .map(|it| {
            json!({ "kind": it.kind, "space": it.space, "inner": it.inner, "us": micros(it.mean), "flops": it.flops, "bytes": it.bytes })
        })
        .collect();
    json!({
        "backend": bench.backend.word(),
        "work": bench.work.word(),
        "precision": "fp32",
        "threads": bench.threads,
        "batch": bench.batch,
        "compile_ms": bench.compile.as_secs_f64() * 1e3,
        "steps": bench.steps,
        "step_us": { "min": micros(bench.step.min), "median": micros(bench.step.median), "p90": micros(bench.step.p90) },
        "flops_step": bench.cost.map(|it| it.flops),
        "gflops": bench.cost.map(|it| gflops(it.flops, bench.step.median)),
        "peak_gflops": bench.limit.map(|it| it.peak / 1e9),
        "product_flops": bench.limit.map(|it| it.products),
        "memory_gbs": bench.limit.map(|it| it.rate / 1e9),
        "traffic_bytes": bench.limit.map(|it| it.traffic),
        "roofline_us": bench.limit.map(|it| it.parts().iter().sum::<f64>() * 1e6),
        "roofline_share": bench.limit.map(|it| share(it, bench)),
        "peak_bytes": bench.cost.map(|it| it.peak),
        "rss_bytes": bench.resident,
        "kernels": kernels,
    })
}
