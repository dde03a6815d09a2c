//! `dlmc check`: the problems of a program, and what it is made of.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::numbers::{at_most, bytes, count, decimals, seconds, short};
use super::table::{Align, Table};
use super::terminal::Format;
use super::{Exit, Overrides, Stop, Terminal, program};
use crate::compile::{ExportPlan, TunePlan};
use crate::ide::{Look, ModelReport, Report, Steps, TrainReport};
use crate::model::program::Privacy;
use crate::problem::{Problem, Severity, list};
use crate::session::privacy::Guarantee;
use crate::session::transfer::Provenance;
use crate::source::Sources;

/// Show all problems of programs, and what they are made of
#[derive(clap::Args)]
pub struct Args {
    /// Programs; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Read all rows of the data too: finds the cells that do not fit, and counts the steps
    #[arg(long)]
    data: bool,
    #[command(flatten)]
    overrides: Overrides,
    /// The name to show for standard input, and the folder to look in for what it names
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let overrides = self.overrides.all();
        let look = if self.data { Look::Rows } else { Look::Glance };
        let mut all: Vec<Problem> = vec![];
        for file in &self.files {
            let opened = program::open(file, self.stdin_filename.as_deref())?;
            let report = program::report(&opened, &overrides, look)?;
            let sources = &report.checked.sources;
            let problems = terminal.judge(report.with(&terminal.warn));
            match terminal.format {
                Format::Json => terminal.data(&format!("{}\n", as_json(&report, &problems)))?,
                _ => problems.iter().for_each(|problem| terminal.problem(sources, problem)),
            }
            if terminal.format == Format::Human && problems.iter().all(|it| it.severity == Severity::Warning) {
                terminal.data(&as_text(&report, terminal.verbose))?;
            }
            all.extend(problems);
        }
        terminal.sum(&all);
        let sound = all.iter().all(|problem| problem.severity == Severity::Warning);
        Ok(if sound { Exit::Fine } else { Exit::Problems })
    }
}

fn as_text(report: &Report, nested: bool) -> String {
    let sources = &report.checked.sources;
    let models = report.models.iter().map(|model| {
        let parts = [stages(model, nested), loops(model, sources)];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("model {}\n{}", model.name, parts.join("\n"))
    });
    let mut parts: Vec<String> = models.collect();
    if !report.trains.is_empty() {
        parts.push(trains(&report.trains));
    }
    parts.extend(report.checked.tunes.iter().map(|plan| search(plan, sources)));
    parts.extend((!report.checked.exports.is_empty()).then(|| exports(&report.checked.exports)));
    parts.join("\n")
}

/// The stages with what they give and what they cost; the inner ones too where `nested`.
fn stages(model: &ModelReport, nested: bool) -> String {
    use Align::{Left, Right};
    let mut table =
        Table::new(&[("stage", Left), ("layer", Left), ("gives", Left), ("parameters", Right), ("operations", Right)]);
    let outermost = || model.stages.iter().filter(|stage| stage.depth == 0);
    for stage in model.stages.iter().filter(|stage| nested || stage.depth == 0) {
        table.row([
            format!("{}{}", "  ".repeat(stage.depth), stage.path),
            stage.layer.clone(),
            stage.ty.clone(),
            count(stage.parameters as u64),
            short(stage.flops),
        ]);
    }
    // What the model's own formulas cost, beside its stages.
    let parameters = model.parameters - outermost().map(|stage| stage.parameters as u64).sum::<u64>();
    let flops = model.flops_forward.saturating_sub(outermost().map(|stage| stage.flops).sum());
    if parameters > 0 || model.stages.is_empty() {
        table.row([format!("{} itself", model.name), "".into(), "".into(), count(parameters), short(flops)]);
    }
    if table.len() > 1 {
        table.rule();
        table.row(["".into(), "".into(), "".into(), count(model.parameters), short(model.flops_forward)]);
    }
    table.text()
}

/// What each `for` of the user's own became.
fn loops(model: &ModelReport, sources: &Sources) -> String {
    use Align::{Left, Right};
    if model.loops.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[("line", Right), ("formula", Left), ("is", Left), ("operations", Right)]);
    for it in &model.loops {
        let (line, _) = sources[it.span.file].place(it.span.start);
        let times = if it.times > 1 { format!("{}, {} times", it.became, it.times) } else { it.became.clone() };
        table.row([line.to_string(), it.text.clone(), times, short(it.flops)]);
    }
    table.text()
}

/// The runs: how many steps, the operations of one, and how many bytes.
fn trains(trains: &[TrainReport]) -> String {
    use Align::{Left, Right};
    let columns = [("steps", Right), ("operations", Right), ("memory", Right), ("checkpoint", Right)];
    let mut table = Table::new(&[&[("train", Left), ("model", Left)][..], &columns].concat());
    for train in trains {
        let steps = match &train.steps {
            Steps::Known(steps) => count(*steps),
            Steps::Formula(formula) => formula.clone(),
        };
        table.row([
            train.name.clone().unwrap_or("–".into()),
            train.model.clone(),
            steps,
            train.footprint.map_or("?".into(), |it| short(it.step_flops)),
            train.footprint.map_or("?".into(), |it| bytes(it.peak_bytes)),
            train.checkpoint_bytes.map_or_else(|| format!("> {}", bytes(train.tensor_bytes)), bytes),
        ]);
    }
    let several = trains.len() > 1;
    let trained = trains.iter().filter(|it| it.trained < it.parameters).map(|train| {
        let of = train.name.as_ref().filter(|_| several).map_or(String::new(), |name| format!(" in {name}"));
        format!("  {} of {} parameters train{of}\n", count(train.trained), count(train.parameters))
    });
    let thaws = trains.iter().flat_map(|train| {
        let of = train.name.as_ref().filter(|_| several).map_or(String::new(), |name| format!(" of {name}"));
        train.thaws.iter().map(move |it| format!("  {}{of}\n", thawed(&it.parts, it.after)))
    });
    let brought = trains.iter().flat_map(|train| {
        let into = train.name.as_ref().filter(|_| several).map_or(String::new(), |name| format!(" for {name}"));
        train.transfers.iter().map(move |it| format!("  {}{into}\n", brought(&it.with(String::new()))))
    });
    let private = trains.iter().filter_map(|train| {
        let who = train.name.as_ref().filter(|_| several).map_or(String::new(), |name| format!("{name} is "));
        let Privacy { epsilon: asked, delta, .. } = train.private?;
        let who_counts = if train.commands.is_empty() { "`--data`" } else { "the run" };
        let uncounted =
            || format!("epsilon {asked} at delta {delta:e}; {who_counts} counts the rows and says the noise");
        Some(format!("  {who}private: {}\n", train.guarantee.as_ref().map_or_else(uncounted, private)))
    });
    let unstarted = trains.iter().filter(|train| !train.commands.is_empty()).map(|train| {
        let of = train.name.as_ref().filter(|_| several).map_or(String::new(), |name| format!(" for {name}"));
        format!("  {}{of}\n", not_started(&train.commands))
    });
    let parts =
        [unstarted.collect(), brought.collect(), trained.collect(), thaws.collect(), private.collect::<String>()];
    table.text() + &parts.concat()
}

/// `noise 0.9100 × clip 1, each example in 6.400% of 120 steps: epsilon 2.990 at delta 1e-5`
pub fn private(it: &Guarantee) -> String {
    let Guarantee { epsilon, delta, clip, noise, rate, updates, .. } = it;
    let (noise, share, epsilon) = (decimals(*noise), decimals(100.0 * rate), at_most(*epsilon));
    let steps = count(*updates);
    format!(
        "noise {noise} × clip {clip}, each example in {share}% of {steps} steps: epsilon {epsilon} at delta {delta:e}"
    )
}

/// What a `tune` block searches.
fn search(plan: &TunePlan, sources: &Sources) -> String {
    use Align::{Left, Right};
    let mut table = Table::new(&[("searched", Left), ("values", Left), ("different", Right)]);
    for key in &plan.keys {
        let different = key.values.count().map_or("–".into(), count);
        table.row([key.path.clone(), sources.text(key.written).to_string(), different]);
    }
    let mut words = vec![crate::problem::count(plan.trials as usize, "trial", "trials")];
    words.extend(plan.train.as_ref().map(|name| format!("of {name}")));
    words.extend(plan.at_most.map(|most| format!("in at most {}", seconds(most))));
    words.push(format!("by {}", plan.metric));
    let name = plan.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
    format!("tune{name}: {}\n{}", words.join(" "), table.text())
}

/// What `export` blocks ask for.
fn exports(plans: &[ExportPlan]) -> String {
    use Align::Left;
    let mut table = Table::new(&[("export", Left), ("of", Left), ("serves", Left)]);
    for ExportPlan { file, train, serves, .. } in plans {
        table.row([file.clone(), train.clone().unwrap_or("–".into()), serves.join(", ")]);
    }
    table.text()
}

/// What is not known because a look starts no program.
fn not_started(commands: &[String]) -> String {
    let commands: Vec<String> = commands.iter().map(|it| format!("`{it}`")).collect();
    let (verb, they) = if commands.len() == 1 { ("writes", "was") } else { ("write", "were") };
    format!(
        "{} {verb} the rows and {they} not started: how many rows there are, and what is in them, the run will tell",
        list(&commands)
    )
}

/// `backbone from weights/resnet18.safetensors: 96 tensors, 269,722 numbers; 2 left out`
pub fn brought(it: &Provenance) -> String {
    let part = it.part.as_ref().map_or("weights".to_string(), |part| format!("`{part}`"));
    let tensors = crate::problem::count(it.tensors, "tensor", "tensors");
    let mut words = format!("{part} from {}: {tensors}, {} numbers", it.from, count(it.numbers));
    let left =
        [(it.skipped, "left out"), (it.fresh, "for what starts afresh"), (it.dropped, "that only a training reads")];
    let left = left.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
    let left: Vec<String> = left.collect();
    if !left.is_empty() {
        words += &format!("; {}", left.join(", "));
    }
    words
}

/// `stem and norm train from step 11 on`
pub fn thawed(parts: &[String], after: u64) -> String {
    let verb = if parts.len() == 1 { "trains" } else { "train" };
    format!("{} {verb} from step {} on", list(parts), count(after + 1))
}

fn as_json(report: &Report, problems: &[Problem]) -> Value {
    let models = report.models.iter().map(|model| {
        let loops = model.loops.iter().map(|it| {
            let (line, _) = report.checked.sources[it.span.file].place(it.span.start);
            json!({ "text": it.text, "line": line, "became": it.became, "times": it.times, "flops": it.flops })
        });
        let stages = model.stages.iter().map(|stage| {
            json!({
                "path": stage.path, "layer": stage.layer, "type": stage.ty, "parameters": stage.parameters,
                "flops": stage.flops, "depth": stage.depth,
            })
        });
        json!({
            "name": model.name, "parameters": model.parameters, "flops_forward": model.flops_forward,
            "stages": stages.collect::<Vec<_>>(), "loops": loops.collect::<Vec<_>>(),
        })
    });
    let trains = report.trains.iter().map(|train| {
        let (steps, formula) = match &train.steps {
            Steps::Known(steps) => (Some(steps), None),
            Steps::Formula(formula) => (None, Some(formula)),
        };
        json!({
            "name": train.name, "model": train.model, "data": train.data, "rows": train.rows,
            "commands": train.commands,
            "steps": steps, "steps_formula": formula, "parameters": train.parameters, "trained": train.trained,
            "transfers": train.transfers.iter().map(|it| {
                json!({
                    "part": it.part, "from": it.from, "tensors": it.fit.takes.len(), "numbers": it.numbers,
                    "skipped": it.fit.skipped, "fresh": it.fit.fresh, "dropped": it.fit.dropped,
                })
            }).collect::<Vec<_>>(),
            "thaws": train.thaws.iter().map(|it| json!({ "after": it.after, "parts": it.parts })).collect::<Vec<_>>(),
            "privacy": train.guarantee,
            "step_flops": train.footprint.map(|it| it.step_flops),
            "peak_bytes": train.footprint.map(|it| it.peak_bytes),
            "resident_bytes": train.footprint.and_then(|it| it.resident_bytes),
            "tensor_bytes": train.tensor_bytes, "checkpoint_bytes": train.checkpoint_bytes,
        })
    });
    let sources = &report.checked.sources;
    let tunes = report.checked.tunes.iter().map(|plan| {
        let keys = plan.keys.iter().map(
            |key| json!({ "path": key.path, "values": sources.text(key.written), "different": key.values.count() }),
        );
        json!({
            "name": plan.name, "train": plan.train, "objective": plan.metric, "rising": plan.objective.metric.rising,
            "trials": plan.trials, "at_most": plan.at_most, "seed": plan.seed, "keys": keys.collect::<Vec<_>>(),
        })
    });
    let exports = report
        .checked
        .exports
        .iter()
        .map(|it| json!({ "name": it.name, "train": it.train, "file": it.file, "serves": it.serves }));
    json!({
        "file": report.checked.sources[report.checked.file].name,
        "problems": problems.iter().map(|it| super::report::json(&report.checked.sources, it)).collect::<Vec<_>>(),
        "models": models.collect::<Vec<_>>(),
        "trains": trains.collect::<Vec<_>>(),
        "tunes": tunes.collect::<Vec<_>>(),
        "exports": exports.collect::<Vec<_>>(),
    })
}
