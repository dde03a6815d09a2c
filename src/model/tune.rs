//! A search over settings: a `tune` block, checked against the train block that it searches.

mod ends;
mod values;

use std::collections::BTreeMap;

use super::blocks::Own;
use super::lower::{Outcome, Reported};
use super::overrides::{Set, meant, near};
use super::plan::Reader;
use super::program::{Keep, MetricPath, Objective, Program, Split};
use super::settings::{Seen, Walk};
use super::train::{Context, MetricExpr, Row, row};
use super::types::dims;
use super::units::Measure;
use crate::problem::names::*;
use crate::problem::training::MetricNotANumber;
use crate::problem::tuning::*;
use crate::problem::values::{MissingUnit, WrongUnit};
use crate::problem::{Problem, ticked};
use crate::source::{Span, nearest};
use crate::syntax::print_expr;
use crate::syntax::tree::{Block, ExprKind, Item, Kind, Name, Setting};

pub use ends::at_the_ends;
pub use values::{Point, Values};

/// A search that is sound as far as its block and its train block tell.
#[derive(Clone, Debug)]
pub struct TunePlan {
    /// The name of the `tune` block, if it has one.
    pub name: Option<String>,
    pub span: Span,
    /// The name of the train block that is searched, if that has one.
    pub train: Option<String>,
    /// In the order in which they are written, which is the one in which they get their values.
    pub keys: Vec<Key>,
    pub objective: Objective,
    /// As the program names it: `val.accuracy`.
    pub metric: String,
    /// How many trials there are at the most.
    pub trials: u64,
    /// `at_most: 20min`, in seconds.
    pub at_most: Option<f64>,
    pub seed: u64,
    /// Whether a trial ends early that is worse than the median of those before it.
    pub prunes: bool,
}

/// A setting that is searched.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its full path.
    pub path: String,
    /// Where the block names it.
    pub at: Span,
    pub values: Values,
    /// The values at which the program is checked: the ends of a range and its middle, or all choices.
    pub points: Vec<Point>,
    /// The values as they are written.
    pub written: Span,
}

/// The settings of a tune block that are its own. Every other key is the path of a setting that is searched.
pub const SETTINGS: &[Row] = &[
    row("train", None, "Which train block is searched, where there are several."),
    row("objective", None, "What is best."),
    row("budget", None, "How many trials."),
    row("at_most", None, "When it ends by the clock; without one it does not."),
    row("seed", Some("0"), "Decides which values are tried: the same seed gives the same trials."),
    row("prune", Some("median"), "Which trials end early: those worse than the median of the others, or `none`."),
];

/// Whether a full path is that of a setting which says how a search goes.
pub fn is_own(path: &str) -> bool {
    path.strip_prefix("tune.").is_some_and(|name| SETTINGS.iter().any(|row| row.name == name))
}

/// Reads a tune block. `programs` are those of the file's train blocks that are sound, `trains` the names of all. Where the
/// block is not whole, nobody knows what it lacks.
pub fn read(
    context: &Context,
    block: &Block,
    (programs, trains): (&[Program], &[Option<String>]),
    is_whole: bool,
    problems: &mut Vec<Problem>,
) -> Outcome<TunePlan> {
    let (own, searched) = Own::part(block, ("tune", SETTINGS), is_whole, problems)?;
    let none = |at| NothingToTune { what: Untuned::NoTrain, at }.into();
    let train = own.train(context, trains, ("is searched", none), problems)?;
    let (word, block) = (own.place(), Tune(own));
    let program = programs.iter().find(|program| program.name == train);
    let keys = block.keys(context, &searched, (train.as_deref(), program), problems);
    let metrics = program.map_or(&[][..], |program| &program.experiment.metrics);
    let seed = block.0.get("seed").map_or(Ok(0), |expr| {
        let mut reader = Reader::new(context, metrics, problems);
        reader.count("seed", "a whole number", expr, 0.0, 9e15).map(|number| number as u64)
    });
    let at_most = block.0.get("at_most").map(|expr| {
        let mut reader = Reader::new(context, metrics, problems);
        reader.time("at_most", expr, &[Measure::Seconds], None).map(|number| number.value)
    });
    let trials = block.budget(context, problems);
    let prunes = block.0.get("prune").map_or(Ok(true), |expr| match &expr.kind {
        ExprKind::Name(word) if matches!(&**word, "median" | "none") => Ok(&**word == "median"),
        _ => {
            let mut reader = Reader::new(context, metrics, problems);
            Err(reader.wrong("prune", "`median` or `none`", expr))
        }
    });
    let objective = block.objective(context, (metrics, program), problems);
    // What is wrong with the train block itself has been told.
    let program = program.ok_or(Reported)?;
    may_be_searched(program, word, problems)?;
    let (objective, metric) = objective?;
    Ok(TunePlan {
        name: block.0.block.name.as_ref().map(|name| name.text.to_string()),
        span: block.0.block.span,
        train,
        keys: keys?,
        objective,
        metric,
        trials: trials?,
        at_most: at_most.transpose()?,
        seed: seed?,
        prunes: prunes?,
    })
}

/// A block while it is read.
struct Tune<'b>(Own<'b>);

impl Tune<'_> {
    /// `30 trials`
    fn budget(&self, context: &Context, problems: &mut Vec<Problem>) -> Outcome<u64> {
        let Some(expr) = self.0.get("budget") else {
            return Err(self.0.missing("budget", "say how many trials: `budget: 20 trials`".into(), problems));
        };
        let (setting, wanted) = ("budget".to_string(), "a number of trials, like 20 trials".to_string());
        let mut reader = Reader::new(context, &[], problems);
        let number = reader.number(&setting, &wanted, expr)?;
        let at = expr.span;
        match number.measure {
            Some(Measure::Trials) => {}
            None => {
                let (help, unit) = (format!("write {}", Measure::Trials.written(number.value)), None);
                return Err(reader.lower.report(MissingUnit { setting, wanted, at, help, number: None, unit }));
            }
            Some(measure) => {
                let found = print_expr(expr);
                let by_clock = measure == Measure::Seconds;
                let help = by_clock.then(|| format!("write `at_most: {found}` beside `budget: … trials`"));
                return Err(reader.lower.report(WrongUnit { setting, wanted, found, at, help }));
            }
        }
        if number.value.fract() != 0.0 {
            return Err(reader.wrong(&setting, "a whole number of trials", expr));
        }
        if !(1.0..=1e6).contains(&number.value) {
            let range = if number.value < 1.0 { "1 trial or more" } else { "at most a million trials" };
            return Err(reader.outside(&setting, range, expr));
        }
        Ok(number.value as u64)
    }

    /// `maximize(val.accuracy)`: the metric, and its path as it is written.
    fn objective(
        &self,
        context: &Context,
        (metrics, program): (&[MetricExpr], Option<&Program>),
        problems: &mut Vec<Problem>,
    ) -> Outcome<(Objective, String)> {
        let example = match metrics.first() {
            Some(it) if it.rising => format!("maximize(val.{})", it.name),
            _ => "minimize(val.loss)".to_string(),
        };
        let Some(expr) = self.0.get("objective") else {
            return Err(self.0.missing("objective", format!("say what is best: `objective: {example}`"), problems));
        };
        // Which metrics there are nobody knows of a train block that has problems.
        let program = program.ok_or(Reported)?;
        let mut reader = Reader::new(context, metrics, problems);
        let word = match &expr.kind {
            ExprKind::Call { callee, .. } => match &callee.kind {
                ExprKind::Name(word) if matches!(&**word, "maximize" | "minimize") => Some((word.clone(), callee.span)),
                _ => None,
            },
            _ => None,
        };
        let Some((word, at)) = word else {
            return Err(reader.wrong("objective", &format!("`maximize(…)` or `minimize(…)`, like {example}"), expr));
        };
        let args = reader.call("objective", expr, &word, &["metric"], &example)?;
        let named = args[0].expect("needed");
        let metric = reader.metric_path(named)?;
        let (path, span) = (print_expr(named), named.span);
        if metric.split == Split::Test {
            problems.push(SearchSeesTest { setting: "objective", at: span, tune_at: self.0.place() }.into());
            return Err(Reported);
        }
        if let Some(plan) = metric.metric.map(|at| &program.train.metrics[at]).filter(|it| !it.shape.is_empty()) {
            let (metric, found) = (plan.name.clone(), format!("f32{}", dims(&plan.shape)));
            problems.push(MetricNotANumber { metric, found, at: span, metric_at: plan.span }.into());
            return Err(Reported);
        }
        if metric.rising != (&*word == "maximize") {
            problems.push(ObjectiveDirection { metric: path, rising: metric.rising, at }.into());
            return Err(Reported);
        }
        Ok((Objective { metric, span }, path))
    }

    /// The settings that are searched, with their values.
    fn keys(
        &self,
        context: &Context,
        searched: &[&Setting],
        (train, program): (Option<&str>, Option<&Program>),
        problems: &mut Vec<Problem>,
    ) -> Outcome<Vec<Key>> {
        let known = Known::of(context);
        let (mut keys, mut sound): (Vec<Key>, bool) = (vec![], true);
        for setting in searched {
            let key = known.find(&setting.key, problems).and_then(|path| {
                known.is_searched(&path, &setting.key, (train, program), searched, problems)?;
                stands_alone(&path, setting.key.span, &keys, problems)?;
                let mut reader = Reader::new(context, &[], problems);
                let (values, points) = values::read(&mut reader, &path, known.ty(&path), &setting.value)?;
                Ok(Key { path, at: setting.key.span, values, points, written: setting.value.span })
            });
            match key {
                Ok(key) => keys.push(key),
                Err(Reported) => sound = false,
            }
        }
        if sound && keys.is_empty() {
            problems.push(NothingToTune { what: Untuned::NoKey, at: self.0.place() }.into());
            sound = false;
        }
        if sound { Ok(keys) } else { Err(Reported) }
    }
}

/// A training that decides by the test split is none to be searched, and neither is a private one. `tune_at` is where it is.
fn may_be_searched(program: &Program, tune_at: Span, problems: &mut Vec<Problem>) -> Outcome<()> {
    let train = &program.train;
    let keep = match &train.keep {
        Keep::Best { metric, span: Some(span) } => Some(("keep", metric, *span)),
        Keep::Best { span: None, .. } | Keep::Last => None,
    };
    let stop = train.stop.as_ref().map(|it| ("stop", &it.metric, it.span));
    let plateau = train.plateau.as_ref().map(|it| ("schedule", &it.metric, it.span));
    let mut sound = Ok(());
    if let Some(private) = &train.privacy {
        problems.push(SearchSpendsBudget { at: private.span, tune_at }.into());
        sound = Err(Reported);
    }
    for (setting, _, at) in [keep, stop, plateau].into_iter().flatten().filter(|it| it.1.split == Split::Test) {
        problems.push(SearchSeesTest { setting, at, tune_at }.into());
        sound = Err(Reported);
    }
    sound
}

/// Whether the setting at `path` is varied once, and as a whole.
fn stands_alone(path: &str, at: Span, keys: &[Key], problems: &mut Vec<Problem>) -> Outcome<()> {
    let part = format!("{path}.");
    let problem = if let Some(first) = keys.iter().find(|it| it.path == path) {
        Problem::from(SettingTwice { name: path.into(), at, first: first.at })
    } else if let Some(inner) = keys.iter().find(|it| it.path.starts_with(&part)) {
        TunedAfterPart { path: path.into(), part: inner.path.clone(), at, part_at: inner.at }.into()
    } else {
        return Ok(());
    };
    problems.push(problem);
    Err(Reported)
}

/// What is known of the program's settings.
struct Known<'a> {
    context: &'a Context<'a>,
    /// In alphabetical order.
    paths: Vec<String>,
    /// Of each path the train blocks in which it stands, by their names, and its type.
    seen: BTreeMap<String, (Vec<Option<String>>, String)>,
}

impl<'a> Known<'a> {
    fn of(context: &'a Context<'a>) -> Known<'a> {
        let mut seen: BTreeMap<String, (Vec<Option<String>>, String)> = BTreeMap::new();
        let mut see = |it: Seen, _: super::settings::Slot| {
            let (trains, ty) = seen.entry(it.path.to_string()).or_default();
            trains.push(it.train.map(String::from));
            if let Some(declared) = &it.declared {
                *ty = declared.ty.clone();
            }
        };
        Walk::new(context.modules, context.module, &|_| None, &mut see).file(&mut context.tree.clone());
        for item in &context.tree.items {
            if let Item::Let(it) = item
                && let (Some(ty), Some((_, known))) = (&it.ty, seen.get_mut(it.name.as_str()))
            {
                *known = ty.to_string();
            }
        }
        // How a search goes is not searched, and neither is what is written in the end.
        seen.retain(|path, _| !is_own(path) && !path.starts_with("export."));
        Known { context, paths: seen.keys().cloned().collect(), seen }
    }

    fn ty(&self, path: &str) -> &str {
        self.seen.get(path).map_or("", |(_, ty)| ty)
    }

    /// The full path of the setting that a key means.
    fn find(&self, key: &Name, problems: &mut Vec<Problem>) -> Outcome<String> {
        let (name, at) = (key.text.to_string(), key.span);
        let problem = match meant(&name, &self.paths)[..] {
            [only] => return Ok(only.clone()),
            [] => match nearest(&name, SETTINGS.iter().map(|row| row.name)) {
                Some(near) => {
                    let (block, belongs, help) = ("`tune`".to_string(), None, None);
                    UnknownSetting { block, name, at, belongs, near: Some(near), help, edits: vec![] }.into()
                }
                None => {
                    let near = near(&name, &self.paths);
                    Problem::from(OverrideUnmatched { path: name, at, near })
                }
            },
            ref several => {
                let matches = ticked(&several.iter().map(|it| it.to_string()).collect::<Vec<_>>());
                OverrideAmbiguous { path: name, at, matches }.into()
            }
        };
        problems.push(problem);
        Err(Reported)
    }

    /// Whether the training that is searched has the setting.
    fn is_searched(
        &self,
        path: &str,
        key: &Name,
        (train, program): (Option<&str>, Option<&Program>),
        searched: &[&Setting],
        problems: &mut Vec<Problem>,
    ) -> Outcome<()> {
        let own = train.map_or("this file's training".to_string(), |name| format!("the training `{name}`"));
        let head = path.split('.').next().unwrap_or_default();
        let trains = &self.seen[path].0;
        let of = if head == "train" {
            let others: Vec<String> = trains.iter().flatten().map(|name| format!("the training `{name}`")).collect();
            let is_own = trains.iter().any(|it| it.as_deref() == train);
            (!is_own).then(|| others.first().cloned().unwrap_or("another training".into()))
        } else {
            // Which model and which data it is may be searched, too.
            let named = |name: &str| searched.iter().any(|it| it.key.as_str().rsplit('.').next() == Some(name));
            let is_model = self.context.modules.callables(self.context.module, Kind::Model, head).is_some();
            let is_data =
                self.context.tree.items.iter().any(|it| matches!(it, Item::Data(block) if block.name.as_str() == head));
            // One name may be that of a model and of its data.
            let is_read = program.is_none_or(|it| it.model == head || it.data.name == head);
            match (is_model && !named("model"), is_data && !named("data")) {
                (true, _) if !is_read => Some(format!("the model `{head}`")),
                (_, true) if !is_read => Some(format!("the data `{head}`")),
                _ => None,
            }
        };
        match of {
            None => Ok(()),
            Some(of) => {
                problems.push(TunesAnother { path: path.into(), of, train: own, at: key.span }.into());
                Err(Reported)
            }
        }
    }
}

impl TunePlan {
    /// What is wrong with a search beside these overrides: they hold for all its trials.
    pub fn beside(&self, set: &[Set]) -> Vec<Problem> {
        let mut problems = vec![];
        for Key { path, at, .. } in &self.keys {
            let part = format!("{path}.");
            let fixed = set.iter().find(|it| it.path == *path || it.path.starts_with(&part));
            problems.extend(
                fixed.map(|it| TunedAndSet { path: path.clone(), at: *at, set: it.path.clone(), set_at: it.at }.into()),
            );
        }
        problems
    }

    /// The objective among the metrics of a program with other values, which may have others.
    pub fn objective_of(&self, program: &Program) -> Option<Objective> {
        let metric = match self.metric.split_once('.').map(|(_, name)| name) {
            Some("loss") | None => None,
            Some(name) => {
                let same = |it: &super::program::MetricPlan| {
                    it.name == name && it.rising == self.objective.metric.rising && it.shape.is_empty()
                };
                Some(program.train.metrics.iter().position(same)?)
            }
        };
        Some(Objective { metric: MetricPath { metric, ..self.objective.metric }, span: self.objective.span })
    }
}
