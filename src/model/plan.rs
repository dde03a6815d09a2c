//! The settings of a train block that say how long, how often, and what is kept.

mod privacy;

use super::eval::Scope;
use super::functions::{Time, Until, still};
use super::lower::{Lower, Outcome, Reported};
use super::program::*;
use super::train::{Context, MetricExpr, Settings, head_name};
use super::units::Measure;
use super::value::{Number, Value};
use crate::problem::names::{ArgumentTwice, SettingMissing, TooManyArguments, UnknownArgument};
use crate::problem::training::{AccumulateAll, UnknownMetricPath};
use crate::problem::values::*;
use crate::problem::{Problem, ticked};
use crate::source::nearest;
use crate::syntax::print_expr;
use crate::syntax::tree::{Expr, ExprKind, Kind};

/// Reads the plan of a run. Every setting is read, whatever is wrong with the others.
pub fn plan(
    context: &Context,
    settings: &Settings,
    metrics: &[MetricExpr],
    problems: &mut Vec<Problem>,
) -> Outcome<TrainPlan> {
    let mut reader = Reader::new(context, metrics, problems);
    let batch = reader.settled(settings, "batch", Reader::batch);
    let accumulate = reader.settled(settings, "accumulate", Reader::batches);
    let accumulate = accumulate.and_then(|batches| reader.several(settings, batches, batch.as_ref().ok()));
    let length = match settings.get("for") {
        Some(expr) => reader.length(expr),
        None if settings.is_meant("for") => Err(Reported),
        None => {
            let help = "say how long: `for: 10 epochs` or `for: 5000 steps`".to_string();
            let (block, name, at) = ("this train block".to_string(), "for".to_string(), settings.place());
            Err(reader.lower.report(SettingMissing { block, name, at, help }))
        }
    };
    let at_most = reader.given(settings, "at_most", None, |reader, expr| {
        reader.time("at_most", expr, &[Measure::Seconds], None).map(|number| Some(number.value))
    });
    let seed = reader.settled(settings, "seed", |reader, expr| {
        reader.count("seed", "a whole number", expr, 0.0, 9e15).map(|number| number as u64)
    });
    let validate = reader.settled(settings, "validate", |reader, expr| {
        let args = reader.call("validate", expr, "every", &["time"], "every(250 steps)")?;
        reader.every("validate", args[0].expect("needed"))
    });
    let stop = reader.given(settings, "stop", None, |reader, expr| {
        let args = reader.call("stop", expr, "patience", &["metric", "time"], "patience(val.loss, 3 epochs)")?;
        let [Some(metric), Some(patience)] = args[..] else {
            return Err(reader.wrong("stop", "`patience(…)`, like patience(val.loss, 3 epochs)", expr));
        };
        let (metric, patience) = (reader.metric_path(metric), reader.every("patience", patience));
        Ok(Some(Patience { metric: metric?, patience: patience?, span: expr.span }))
    });
    let keep = reader.given(settings, "keep", None, |reader, expr| match &expr.kind {
        ExprKind::Name(name) if &**name == "last" => Ok(Some(Keep::Last)),
        _ => {
            let args = reader.call("keep", expr, "best", &["metric"], "best(val.loss)")?;
            let metric = reader.metric_path(args[0].expect("needed"))?;
            Ok(Some(Keep::Best { metric, span: Some(expr.span) }))
        }
    });
    let plateau = reader.given(settings, "schedule", None, |reader, expr| match watches(context, expr) {
        true => reader.plateau(expr).map(Some),
        false => Ok(None),
    });
    let checkpoint = reader.given(settings, "checkpoint", None, |reader, expr| {
        let args = reader.call("checkpoint", expr, "every", &["time", "keep"], "every(1 epoch, keep: 3)")?;
        let every = reader.every("checkpoint", args[0].expect("needed"));
        let keep = match args[1] {
            Some(keep) => reader.count("keep", "a number of checkpoints", keep, 1.0, 1e9),
            None => Ok(1.0),
        };
        Ok(Some(Checkpoints { every: every?, keep: keep? as usize }))
    });
    let preview = reader.given(settings, "preview", None, |reader, expr| reader.preview(expr).map(Some));
    let privacy = reader.privacy(settings.block);
    let stop = stop?;
    // Whoever stops by a metric wants the model that was best by it.
    let kept = stop.as_ref().map_or(Keep::Last, |stop| Keep::Best { metric: stop.metric.clone(), span: None });
    Ok(TrainPlan {
        span: settings.block.span,
        batch: batch?,
        batch_at: settings.get("batch").map(|expr| expr.span),
        length: length?,
        at_most: at_most?,
        seed: seed?,
        validate: validate?,
        keep: keep?.unwrap_or(kept),
        plateau: plateau?,
        stop,
        checkpoint: checkpoint?,
        preview: preview?,
        metrics: vec![],
        accumulate: accumulate?,
        accumulate_at: settings.get("accumulate").map(|expr| expr.span),
        privacy: privacy?,
    })
}

/// The word of a schedule that goes by what is measured, not by the time alone.
const PLATEAU: &str = "plateau";

/// Whether a schedule is one that goes by what is measured. A definition of that name takes its place.
pub fn watches(context: &Context, schedule: &Expr) -> bool {
    head_name(schedule).is_some_and(|(name, _)| {
        &**name == PLATEAU && context.modules.callables(context.module, Kind::Schedule, name).is_none()
    })
}

/// When a part that is frozen begins to train.
pub fn until(context: &Context, expr: &Expr, problems: &mut Vec<Problem>) -> Outcome<Until> {
    let mut reader = Reader::new(context, &[], problems);
    let elsewhere = "say it in epochs or steps: by the clock no two runs would be the same";
    let number = reader.time("until", expr, &[Measure::Epochs, Measure::Steps, Measure::Share], Some(elsewhere))?;
    let time = match number.measure {
        Some(Measure::Epochs) => Time::Epochs(number.value),
        Some(Measure::Steps) => Time::Steps(number.value as u64),
        _ => Time::Share(number.value),
    };
    Ok(Until { time, span: expr.span })
}

/// Reads the values of settings that no callable declares.
pub(super) struct Reader<'a> {
    pub lower: Lower<'a>,
    scope: Scope,
    metrics: &'a [MetricExpr],
}

impl<'a> Reader<'a> {
    /// The metrics are those to which paths may lead.
    pub fn new(context: &'a Context, metrics: &'a [MetricExpr], problems: &'a mut Vec<Problem>) -> Reader<'a> {
        let lower = Lower::new(context.modules, context.library_files, problems, still(1));
        Reader { lower, scope: Scope::new(context.module, ""), metrics }
    }

    /// The setting as `read` understands it, or its default.
    fn given<T>(
        &mut self,
        settings: &Settings,
        name: &str,
        default: T,
        read: impl FnOnce(&mut Self, &Expr) -> Outcome<T>,
    ) -> Outcome<T> {
        settings.get(name).map_or(Ok(default), |expr| read(self, expr))
    }

    /// A setting that is never without a value.
    fn settled<T>(
        &mut self,
        settings: &Settings,
        name: &str,
        read: impl FnOnce(&mut Self, &Expr) -> Outcome<T>,
    ) -> Outcome<T> {
        read(self, &settings.or_default(name).expect("a setting with a default"))
    }

    pub fn wrong(&mut self, setting: &str, wanted: &str, expr: &Expr) -> Reported {
        let (setting, wanted) = (setting.to_string(), wanted.to_string());
        let found = print_expr(expr);
        // The word that is wanted stands in backquotes: `all`, `patience(…)`.
        let words = wanted.split('`').skip(1).step_by(2).map(|it| it.trim_end_matches("(…)"));
        let head = found.split('(').next().unwrap_or_default();
        let near = nearest(head, words).filter(|it| it.name != head);
        let help = match &expr.kind {
            ExprKind::Text(text) if text.trim().parse::<f64>().is_ok() => {
                Some(format!("write {}, without quotes", text.trim()))
            }
            _ => near.as_ref().map(|near| format!("did you mean `{}`?", found.replacen(head, near, 1))),
        };
        let repair = match &expr.kind {
            ExprKind::Text(text) if text.trim().parse::<f64>().is_ok() => Some(text.trim().to_string()),
            _ => near.filter(|near| near.is_certain).map(|near| found.replacen(head, &near, 1)),
        };
        let repair = repair.map(|text| [found.clone(), text]);
        match expr.kind {
            ExprKind::Broken => Reported,
            _ => self.lower.report(WrongValue { setting, wanted, found, at: expr.span, declared: None, help, repair }),
        }
    }

    pub fn outside(&mut self, setting: &str, range: &str, expr: &Expr) -> Reported {
        let (setting, range, value, at) = (setting.to_string(), range.to_string(), print_expr(expr), expr.span);
        self.lower.report(OutOfRange { setting, range, value, at, help: None })
    }

    fn batch(&mut self, expr: &Expr) -> Outcome<Batch> {
        match &expr.kind {
            ExprKind::Name(name) if &**name == "all" => Ok(Batch::All),
            _ => {
                let size = self.count("batch", "a number of examples, or `all`", expr, 1.0, 1e9)?;
                Ok(Batch::Size(size as usize))
            }
        }
    }

    /// `4 batches`
    fn batches(&mut self, expr: &Expr) -> Outcome<usize> {
        let (setting, wanted) = ("accumulate".to_string(), "a number of batches, like 4 batches".to_string());
        let number = self.number(&setting, &wanted, expr)?;
        let at = expr.span;
        match number.measure {
            Some(Measure::Batches) => {}
            None => {
                let (help, unit) = (format!("write {}", Measure::Batches.written(number.value)), None);
                let number = None;
                return Err(self.lower.report(MissingUnit { setting, wanted, at, help, number, unit }));
            }
            Some(_) => {
                let found = print_expr(expr);
                return Err(self.lower.report(WrongUnit { setting, wanted, found, at, help: None }));
            }
        }
        if number.value.fract() != 0.0 {
            return Err(self.wrong(&setting, "a whole number of batches", expr));
        }
        if !(1.0..=1e6).contains(&number.value) {
            let range = if number.value < 1.0 { "1 batch or more" } else { "at most a million batches" };
            return Err(self.outside(&setting, range, expr));
        }
        Ok(number.value as usize)
    }

    /// All examples at once are one batch.
    fn several(&mut self, settings: &Settings, batches: usize, batch: Option<&Batch>) -> Outcome<usize> {
        match (settings.get("accumulate"), settings.get("batch"), batch) {
            (Some(accumulate), Some(batch), Some(Batch::All)) if batches > 1 => {
                let (at, batch_at) = (accumulate.span, batch.span);
                Err(self.lower.report(AccumulateAll { batches, at, batch_at }))
            }
            _ => Ok(batches),
        }
    }

    /// A number known before the run, with its unit; constants of the file may take part in it.
    pub fn number(&mut self, setting: &str, wanted: &str, expr: &Expr) -> Outcome<Number> {
        match self.lower.evaluate(expr, &mut self.scope)?.settled() {
            Value::Number(number) => Ok(number),
            Value::Word(word) if self.lower.near(&word).is_some() => {
                Err(self.lower.unknown_word("value", &word, expr.span))
            }
            _ => Err(self.wrong(setting, wanted, expr)),
        }
    }

    /// A whole number without a unit.
    pub fn count(&mut self, setting: &str, wanted: &str, expr: &Expr, least: f64, most: f64) -> Outcome<f64> {
        let number = self.number(setting, wanted, expr)?;
        if number.measure.is_some() {
            let (setting, wanted, found, at) = (setting.to_string(), wanted.to_string(), print_expr(expr), expr.span);
            let help = number.whole.then(|| number.value.to_string());
            return Err(self.lower.report(WrongUnit { setting, wanted, found, at, help }));
        }
        if number.value.fract() != 0.0 {
            return Err(self.wrong(setting, wanted, expr));
        }
        if !(least..=most).contains(&number.value) {
            let range = if number.value < least { format!("{least} or more") } else { format!("at most {most}") };
            return Err(self.outside(setting, &range, expr));
        }
        Ok(number.value)
    }

    /// A time of the run in one of the `allowed` measures. `elsewhere` helps where it is told in seconds and may not be.
    pub fn time(
        &mut self,
        setting: &str,
        expr: &Expr,
        allowed: &[Measure],
        elsewhere: Option<&str>,
    ) -> Outcome<Number> {
        let examples: &[&str] = match allowed {
            [Measure::Seconds] => &["10min"],
            [Measure::Epochs, Measure::Steps] => &["3 epochs", "500 steps"],
            [Measure::Epochs, Measure::Steps, Measure::Share] => &["3 epochs", "500 steps", "10%"],
            _ => &["3 epochs", "500 steps", "10min"],
        };
        let wanted = format!("a time, like {}", examples.join(" or "));
        let number = self.number(setting, &wanted, expr)?;
        let (name, at) = (setting.to_string(), expr.span);
        match number.measure {
            None => {
                let written = print_expr(expr);
                let help = match allowed {
                    [Measure::Seconds] => format!("write {written}min"),
                    _ => format!("write {written} epochs, or {written} steps"),
                };
                return Err(self.lower.report(MissingUnit {
                    setting: name,
                    wanted,
                    at,
                    help,
                    number: None,
                    unit: None,
                }));
            }
            Some(measure) if !allowed.contains(&measure) => {
                let help = elsewhere.filter(|_| measure == Measure::Seconds).map(str::to_string);
                let found = print_expr(expr);
                return Err(self.lower.report(WrongUnit { setting: name, wanted, found, at, help }));
            }
            Some(_) => {}
        }
        if !(number.value > 0.0 && number.value <= 1e12) {
            let range = if number.value > 0.0 { "at most a million million" } else { "more than 0" };
            return Err(self.outside(setting, range, expr));
        }
        if number.measure == Some(Measure::Steps) && number.value.fract() != 0.0 {
            return Err(self.wrong(setting, "a whole number of steps", expr));
        }
        Ok(number)
    }

    fn length(&mut self, expr: &Expr) -> Outcome<Length> {
        let elsewhere = format!("write `at_most: {}` beside `for: … epochs`", print_expr(expr));
        let number = self.time("for", expr, &[Measure::Epochs, Measure::Steps], Some(&elsewhere))?;
        Ok(match number.measure {
            Some(Measure::Epochs) => Length::Epochs(number.value),
            _ => Length::Steps(number.value as u64),
        })
    }

    /// `3 epochs`, `500 steps`, `10min`
    fn every(&mut self, setting: &str, expr: &Expr) -> Outcome<Every> {
        let number = self.time(setting, expr, &[Measure::Epochs, Measure::Steps, Measure::Seconds], None)?;
        Ok(match number.measure {
            Some(Measure::Epochs) => Every::Epochs(number.value),
            Some(Measure::Steps) => Every::Steps(number.value as u64),
            _ => Every::Seconds(number.value),
        })
    }

    /// `plateau(val.loss, 3 epochs, factor: 0.1x)`
    fn plateau(&mut self, expr: &Expr) -> Outcome<Plateau> {
        let example = format!("{PLATEAU}(val.loss, 3 epochs)");
        let params = ["metric", "time", "factor", "floor", "threshold"];
        let args = self.call("schedule", expr, PLATEAU, &params, &example)?;
        let [Some(metric), Some(patience), factor, floor, threshold] = args[..] else {
            return Err(self.wrong("schedule", &format!("`{PLATEAU}(…)`, like {example}"), expr));
        };
        let (metric, patience) = (self.metric_path(metric), self.every("time", patience));
        let mut share = |name: &str, given: Option<&Expr>, default: f64, range: &str, fits: fn(f64) -> bool| {
            let Some(expr) = given else { return Ok(default) };
            let wanted = "a multiple, like 0.1x";
            let number = self.number(name, wanted, expr)?;
            if !matches!(number.measure, None | Some(Measure::Share | Measure::Factor)) {
                let (setting, wanted, found, at) = (name.to_string(), wanted.to_string(), print_expr(expr), expr.span);
                return Err(self.lower.report(WrongUnit { setting, wanted, found, at, help: None }));
            }
            match fits(number.value) {
                true => Ok(number.value),
                false => Err(self.outside(name, range, expr)),
            }
        };
        let factor = share("factor", factor, 0.1, "more than 0x and less than 1x", |it| it > 0.0 && it < 1.0);
        let floor = share("floor", floor, 0.0, "from 0x to less than 1x", |it| (0.0..1.0).contains(&it));
        let threshold = share("threshold", threshold, 1e-4, "from 0% to less than 100%", |it| (0.0..1.0).contains(&it));
        let (factor, floor, threshold) = (factor?, floor?, threshold?);
        Ok(Plateau { metric: metric?, patience: patience?, factor, floor, threshold, span: expr.span, slot: None })
    }

    /// `generate("ROMEO:", 200 tokens, temperature: 0.8)`
    fn preview(&mut self, expr: &Expr) -> Outcome<Preview> {
        let example = "generate(\"ROMEO:\", 200 tokens, temperature: 0.8)";
        let args = self.call("preview", expr, "generate", &["prompt", "length", "temperature"], example)?;
        let [Some(prompt), length, temperature] = args[..] else { unreachable!("the first is needed") };
        let ExprKind::Text(text) = &prompt.kind else {
            return Err(self.wrong("prompt", "a text in quotes", prompt));
        };
        let tokens = match length {
            None => 200,
            Some(length) => self.tokens(length)?,
        };
        let temperature = match temperature {
            None => 1.0,
            Some(given) => {
                let number = self.number("temperature", "a number, like 0.8", given)?;
                if number.measure.is_some() || !(0.0..=100.0).contains(&number.value) {
                    return Err(self.outside("temperature", "a number from 0 to 100", given));
                }
                number.value
            }
        };
        Ok(Preview { prompt: text.to_string(), tokens, temperature, span: expr.span })
    }

    /// `200 tokens`
    fn tokens(&mut self, expr: &Expr) -> Outcome<usize> {
        let (setting, wanted) = ("length".to_string(), "a number of tokens, like 200 tokens".to_string());
        let number = self.number(&setting, &wanted, expr)?;
        let (at, found) = (expr.span, print_expr(expr));
        match number.measure {
            Some(Measure::Tokens) => {}
            None => {
                let help = format!("write {}", Measure::Tokens.written(number.value));
                return Err(self.lower.report(MissingUnit { setting, wanted, at, help, number: None, unit: None }));
            }
            Some(_) => return Err(self.lower.report(WrongUnit { setting, wanted, found, at, help: None })),
        }
        if number.value.fract() != 0.0 || !(1.0..=1e6).contains(&number.value) {
            return Err(self.outside(&setting, "a whole number of tokens, a million at the most", expr));
        }
        Ok(number.value as usize)
    }

    /// The arguments of `name(…)` by the order of `params`, of which the first is needed.
    pub fn call<'e>(
        &mut self,
        setting: &str,
        expr: &'e Expr,
        name: &str,
        params: &[&str],
        example: &str,
    ) -> Outcome<Vec<Option<&'e Expr>>> {
        let args = match &expr.kind {
            ExprKind::Call { callee, args } if matches!(&callee.kind, ExprKind::Name(it) if &**it == name) => args,
            _ => return Err(self.wrong(setting, &format!("`{name}(…)`, like {example}"), expr)),
        };
        let callee = format!("`{name}`");
        let mut found: Vec<Option<&Expr>> = vec![None; params.len()];
        for (at, arg) in args.iter().enumerate() {
            let place = match &arg.name {
                None => (at < params.len()).then_some(at),
                Some(name) => params.iter().position(|param| *param == name.as_str()),
            };
            match (place, &arg.name) {
                (Some(place), name) => match (found[place], name) {
                    (Some(first), Some(name)) => {
                        let (name, at, first) = (name.text.to_string(), name.span, first.span);
                        return Err(self.lower.report(ArgumentTwice { name, at, first }));
                    }
                    _ => found[place] = Some(&arg.value),
                },
                (None, Some(name)) => {
                    let near = nearest(name.as_str(), params.iter().copied());
                    let known = params.iter().map(|it| it.to_string()).collect();
                    let (name, at) = (name.text.to_string(), name.span);
                    return Err(self.lower.report(UnknownArgument { callee, name, at, near, known }));
                }
                (None, None) => {
                    let (takes, at) = (params.len(), arg.value.span);
                    return Err(self.lower.report(TooManyArguments { callee, takes, at, declared: None }));
                }
            }
        }
        match found[0] {
            Some(_) => Ok(found),
            None => Err(self.wrong(setting, &format!("`{name}(…)`, like {example}"), expr)),
        }
    }

    /// `val.loss`, `val.accuracy`
    pub fn metric_path(&mut self, expr: &Expr) -> Outcome<MetricPath> {
        let text = print_expr(expr);
        let split = Split::ALL.into_iter().find(|split| text.split('.').next() == Some(split.word()));
        let rest = text.split_once('.').map(|(_, rest)| rest);
        if let (Some(split), Some(rest)) = (split, rest) {
            if rest == "loss" {
                return Ok(MetricPath { split, metric: None, rising: false });
            }
            if let Some(at) = self.metrics.iter().position(|metric| metric.name == rest) {
                return Ok(MetricPath { split, metric: Some(at), rising: self.metrics[at].rising });
            }
        }
        if matches!(expr.kind, ExprKind::Broken) {
            return Err(Reported);
        }
        let names = self.metrics.iter().map(|it| format!("val.{}", it.name));
        let known: Vec<String> = std::iter::once("val.loss".to_string()).chain(names).collect();
        let near = nearest(&text, known.iter().map(String::as_str));
        let known = ticked(&known);
        let forms = |name: &&str| self.lower.modules.callables(self.scope.module, Kind::Metric, name).is_some();
        let metric = rest.filter(|_| split.is_some()).filter(forms).map(str::to_string);
        Err(self.lower.report(UnknownMetricPath { path: text, at: expr.span, near, metric, known }))
    }
}

/// What a plan goes by must be one number: a table can be shown, but not be better or worse. Of such a metric, where it
/// is asked for.
pub fn not_a_number<'p>(plan: &'p TrainPlan, metrics: &[MetricPlan]) -> Option<(usize, crate::source::Span)> {
    let by = |path: &'p MetricPath, span| path.metric.filter(|&at| !metrics[at].shape.is_empty()).map(|at| (at, span));
    let stop = plan.stop.as_ref().and_then(|stop| by(&stop.metric, stop.span));
    let plateau = plan.plateau.as_ref().and_then(|plateau| by(&plateau.metric, plateau.span));
    stop.or(plateau).or_else(|| match &plan.keep {
        Keep::Best { metric, span: Some(span) } => by(metric, *span),
        _ => None,
    })
}
