//! Experiments: a train block with its model and its data, checked, and turned into a program.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::eval::Scope;
use super::fields::{self, Fields};
use super::lower::{Lower, Outcome, Reported, Setting};
use super::modules::{Definition, ModuleId, Modules};
use super::program::*;
use super::types::describe;
use super::units::Measure;
use super::value::{Callee, Meaning, Number, Tensor, Value, What};
use crate::problem::Problem;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::training::*;
use crate::problem::values::*;
use crate::source::{Span, nearest};
use crate::syntax::tree::{
    self, Applied, DataBlock, Expr, ExprKind, Item, Kind, Role, Selector, TrainBlock, TrainEntry,
};

/// Everything that lowering an experiment needs, once it is known to be sound.
#[derive(Clone)]
pub struct Experiment {
    pub modules: Arc<Modules>,
    pub library_files: u32,
    pub module: ModuleId,
    pub fields: Fields,
    pub model: Vec<Definition>,
    /// The model's configuration and where it is named.
    pub model_expr: Expr,
    pub loss: Expr,
    pub optimizer: Expr,
    pub schedule: Option<Expr>,
    pub regularizers: Vec<Applied>,
    pub metrics: Vec<MetricExpr>,
    pub clip: Option<Clip>,
    /// Multipliers of a setting of the optimizer, for the parameters that patterns select.
    pub scales: Vec<(tree::Name, f64, Vec<Selector>)>,
    /// Parameters that do not move.
    pub frozen: Vec<Selector>,
    /// Inputs of the model, in order, as indices of fields.
    pub inputs: Vec<usize>,
    pub targets: Vec<usize>,
    pub weight: Option<usize>,
    /// The tensors that live from step to step, by slot: parameters, states of layers, states of the optimizer.
    pub declared: Vec<super::lower::Declared>,
    pub initial: crate::tensor::Graph,
    /// States of the optimizer that nothing reads.
    pub dead: BTreeSet<String>,
}

/// A metric as it was asked for.
#[derive(Clone)]
pub struct MetricExpr {
    pub name: String,
    pub expr: Expr,
    pub target: Option<tree::Name>,
    pub rising: bool,
    pub span: Span,
}

#[derive(Clone, Copy)]
pub enum Clip {
    /// The norm of all gradients together.
    Norm(f64),
    /// Each number of each gradient.
    Value(f64),
}

/// The settings of a train block, and what each one holds.
pub const SETTINGS: &[&str] = &[
    "model",
    "data",
    "loss",
    "optimizer",
    "schedule",
    "batch",
    "for",
    "at_most",
    "seed",
    "metrics",
    "validate",
    "stop",
    "keep",
    "checkpoint",
    "preview",
    "accumulate",
    "clip",
    "precision",
];

/// What other tools call a setting, and what it is here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("learning_rate", "lr"),
    ("weight_decay", "decay"),
    ("epochs", "for"),
    ("max_epochs", "for"),
    ("num_epochs", "for"),
    ("steps", "for"),
    ("batch_size", "batch"),
    ("criterion", "loss"),
    ("scheduler", "schedule"),
    ("lr_schedule", "schedule"),
    ("random_seed", "seed"),
    ("early_stopping", "stop"),
    ("dataset", "data"),
    ("network", "model"),
];

/// What checking a train block reads.
pub struct Context<'a> {
    pub modules: &'a Arc<Modules>,
    pub library_files: u32,
    pub module: ModuleId,
    pub tree: &'a tree::File,
}

/// Checks a train block with all that it names.
pub fn check(context: &Context, block: &TrainBlock, problems: &mut Vec<Problem>) -> Outcome<Program> {
    let settings = Settings::gather(context, block, problems)?;
    let (data, fields) = data_of(context, &settings, problems)?;
    let model = model_of(context, &settings, problems)?;
    let experiment = Experiment::assemble(context, block, &settings, &data, fields, model, problems)?;
    super::discover::program(experiment, block, &settings, data, problems)
}

// ------------------------------------------------------------------------------------------------ settings

/// The settings of a block by their names.
pub struct Settings<'a> {
    pub block: &'a TrainBlock,
    found: Vec<&'a tree::Setting>,
}

impl<'a> Settings<'a> {
    fn gather(context: &Context, block: &'a TrainBlock, problems: &mut Vec<Problem>) -> Outcome<Settings<'a>> {
        let mut found: Vec<&tree::Setting> = Vec::new();
        let mut sound = true;
        for entry in &block.entries {
            match entry {
                TrainEntry::Setting(setting) => {
                    if let Some(first) = found.iter().find(|it| it.key.text == setting.key.text) {
                        let (name, at, first) = (setting.key.text.to_string(), setting.key.span, first.key.span);
                        problems.push(SettingTwice { name, at, first }.into());
                        sound = false;
                    } else {
                        found.push(setting);
                    }
                }
                TrainEntry::Broken(_) => sound = false,
                _ => {}
            }
        }
        let settings = Settings { block, found };
        for setting in &settings.found {
            if !SETTINGS.contains(&setting.key.as_str()) {
                settings.unknown(context, setting, problems);
                sound = false;
            }
        }
        if sound { Ok(settings) } else { Err(Reported) }
    }

    pub fn get(&self, name: &str) -> Option<&'a Expr> {
        self.found.iter().find(|it| it.key.as_str() == name).map(|it| &it.value)
    }

    fn needed(&self, name: &str, help: &str, problems: &mut Vec<Problem>) -> Outcome<&'a Expr> {
        self.get(name).ok_or_else(|| {
            let at = Span { end: self.block.span.start + 5, ..self.block.span };
            let (block, name) = ("this train block".to_string(), name.to_string());
            problems.push(SettingMissing { block, name, at, help: help.to_string() }.into());
            Reported
        })
    }

    /// Says where a setting that does not belong here does belong.
    fn unknown(&self, context: &Context, setting: &tree::Setting, problems: &mut Vec<Problem>) {
        let name = setting.key.as_str();
        let meant = ELSEWHERE.iter().find(|(other, _)| *other == name).map_or(name, |&(_, own)| own);
        let value = crate::syntax::print_expr(&setting.value);
        let (mut belongs, mut help) = (None, None);
        // A setting of the optimizer?
        if let Some(optimizer) = self.get("optimizer") {
            let callee = match &optimizer.kind {
                ExprKind::Call { callee, .. } => callee,
                _ => optimizer,
            };
            if let ExprKind::Name(callee) = &callee.kind
                && let Some(forms) = context.modules.callables(context.module, Kind::Optimizer, callee)
                && forms[0].callable.config.iter().any(|param| param.name.as_str() == meant)
            {
                belongs = Some("this belongs to the optimizer".to_string());
                help = Some(format!("optimizer: {callee}({meant}: {value})"));
            }
        }
        if help.is_none() && SETTINGS.contains(&meant) {
            let value = if meant == "for" && value.parse::<f64>().is_ok() { format!("{value} epochs") } else { value };
            help = Some(format!("{meant}: {value}"));
        }
        if help.is_none() {
            help = nearest(name, SETTINGS.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        }
        let (block, name, at) = ("`train`".to_string(), name.to_string(), setting.key.span);
        problems.push(UnknownSetting { block, name, at, belongs, help }.into());
    }
}

/// The data block that the train block names.
fn data_of(context: &Context, settings: &Settings, problems: &mut Vec<Problem>) -> Outcome<(DataPlan, Fields)> {
    let blocks: Vec<&DataBlock> = context
        .tree
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Data(block) => Some(block),
            _ => None,
        })
        .collect();
    let expr = settings.needed("data", "name a data block: `data: …`", problems)?;
    let ExprKind::Name(name) = &expr.kind else {
        let (wanted, found) = ("the name of a data block".into(), crate::syntax::print_expr(expr));
        problems.push(WrongKind { wanted, found, at: expr.span, help: None }.into());
        return Err(Reported);
    };
    let Some(block) = blocks.iter().find(|block| block.name.text == *name) else {
        let near = nearest(name, blocks.iter().map(|block| block.name.as_str())).map(str::to_string);
        let (kind, name, at) = ("data block".to_string(), name.to_string(), expr.span);
        problems.push(UnknownName { kind, name, at, near }.into());
        return Err(Reported);
    };
    fields::check(context.modules, context.library_files, context.module, block, problems)
}

fn model_of(context: &Context, settings: &Settings, problems: &mut Vec<Problem>) -> Outcome<Vec<Definition>> {
    let expr = settings.needed("model", "name a model: `model: …`", problems)?;
    let callee = match &expr.kind {
        ExprKind::Call { callee, .. } => callee,
        _ => expr,
    };
    let ExprKind::Name(name) = &callee.kind else {
        let (wanted, found) = ("the name of a model".into(), crate::syntax::print_expr(expr));
        problems.push(WrongKind { wanted, found, at: expr.span, help: None }.into());
        return Err(Reported);
    };
    find_callable(context, Kind::Model, name, callee.span, problems)
}

/// The forms of a callable of `kind`, or the problem that there are none.
fn find_callable(
    context: &Context,
    kind: Kind,
    name: &str,
    span: Span,
    problems: &mut Vec<Problem>,
) -> Outcome<Vec<Definition>> {
    context.modules.callables(context.module, kind, name).ok_or_else(|| {
        let near = nearest(name, context.modules.names_of(context.module, kind)).map(str::to_string);
        let (kind, name) = (kind.word().to_string(), name.to_string());
        problems.push(UnknownName { kind, name, at: span, near }.into());
        Reported
    })
}

/// The name at the head of `name` or `name(…)`.
fn head_name(expr: &Expr) -> Option<(&Arc<str>, Span)> {
    match &expr.kind {
        ExprKind::Name(name) => Some((name, expr.span)),
        ExprKind::Call { callee, .. } => head_name(callee),
        _ => None,
    }
}

impl Experiment {
    fn assemble(
        context: &Context,
        block: &TrainBlock,
        settings: &Settings,
        data: &DataPlan,
        fields: Fields,
        model: Vec<Definition>,
        problems: &mut Vec<Problem>,
    ) -> Outcome<Experiment> {
        let loss = settings.needed("loss", "say what is made smaller: `loss: …`", problems).cloned();
        let optimizer = settings.needed("optimizer", "say how: `optimizer: …(lr: 1e-3)`", problems).cloned();
        if let Ok(expr) = &optimizer {
            named_callable(context, Kind::Optimizer, expr, problems)?;
        }
        let schedule = settings.get("schedule").cloned();
        if let Some(expr) = &schedule {
            named_callable(context, Kind::Schedule, expr, problems)?;
        }
        let (loss, optimizer) = (loss?, optimizer?);
        let (mut regularizers, mut scales, mut frozen) = (Vec::new(), Vec::new(), Vec::new());
        for entry in &block.entries {
            let later = match entry {
                TrainEntry::Regularize { terms, .. } => {
                    for term in terms {
                        named_callable(context, Kind::Regularizer, &term.value, problems)?;
                    }
                    regularizers.extend(terms.iter().cloned());
                    None
                }
                TrainEntry::Scale { setting, factor, what, .. } => match fields::constant(factor) {
                    Some(Constant::Number { value, unit }) if unit.as_deref() == Some("x") => {
                        scales.push((setting.clone(), value, what.clone()));
                        None
                    }
                    _ => {
                        let (wanted, at) = ("a multiple, like 0.1x".to_string(), factor.span);
                        let (setting, help) =
                            (setting.text.to_string(), "write the factor with an x: 0.1x".to_string());
                        problems.push(MissingUnit { setting, wanted, at, help }.into());
                        return Err(Reported);
                    }
                },
                TrainEntry::Freeze { what, until: None, .. } => {
                    frozen.extend(what.iter().cloned());
                    None
                }
                TrainEntry::Freeze { span, .. } => Some(("`freeze … until`", *span)),
                TrainEntry::Augment { span, .. } => Some(("augmentation", *span)),
                TrainEntry::Transfer(transfer) => Some(("transfer from other weights", transfer.span)),
                TrainEntry::Privacy(block) => Some(("private training", block.span)),
                TrainEntry::Setting(_) | TrainEntry::Broken(_) => None,
            };
            if let Some((what, span)) = later {
                problems.push(NotInThisVersion { what: what.into(), at: first_line(span), help: None }.into());
                return Err(Reported);
            }
        }
        for name in ["preview", "accumulate"] {
            if let Some(expr) = settings.get(name) {
                problems.push(NotInThisVersion { what: format!("`{name}`"), at: expr.span, help: None }.into());
                return Err(Reported);
            }
        }
        if let Some(expr) = settings.get("precision")
            && !matches!(fields::constant(expr), Some(Constant::Word(word)) if matches!(word.as_str(), "fp32" | "f32"))
        {
            let what = format!("`precision: {}`", crate::syntax::print_expr(expr));
            problems.push(NotInThisVersion { what, at: expr.span, help: Some("precision: fp32".into()) }.into());
            return Err(Reported);
        }
        let clip = match settings.get("clip") {
            Some(expr) => Some(clip(expr, problems)?),
            None => None,
        };
        let metrics = metrics(context, settings, problems)?;
        let role = |role: Role| -> Vec<usize> {
            let all = data.fields.iter().enumerate();
            all.filter(|(_, field)| field.role == role).map(|(at, _)| at).collect()
        };
        let targets = role(Role::Target);
        if targets.is_empty() {
            problems.push(NoTarget { data: data.name.clone(), at: data.span }.into());
            return Err(Reported);
        }
        // The model's inputs bind to fields by name.
        let callable = &model[0].callable;
        let mut inputs = Vec::new();
        for input in &callable.inputs {
            let at = data.fields.iter().position(|field| {
                field.name == input.name.as_str() && matches!(field.role, Role::Input | Role::Target)
            });
            match at {
                Some(at) => inputs.push(at),
                None => {
                    let names: Vec<&str> = data.fields.iter().map(|field| field.name.as_str()).collect();
                    let near = nearest(input.name.as_str(), names).map(str::to_string);
                    let (model, input_name) = (callable.name.text.to_string(), input.name.text.to_string());
                    let (data_name, at, data_at) = (data.name.clone(), input.name.span, data.span);
                    let problem = ModelInputMissing { model, input: input_name, data: data_name, at, near, data_at };
                    problems.push(problem.into());
                    return Err(Reported);
                }
            }
        }
        Ok(Experiment {
            modules: context.modules.clone(),
            library_files: context.library_files,
            module: context.module,
            fields,
            model,
            model_expr: settings.get("model").expect("checked").clone(),
            loss,
            optimizer,
            schedule,
            regularizers,
            metrics,
            clip,
            scales,
            frozen,
            inputs,
            targets,
            weight: role(Role::Weight).first().copied(),
            declared: vec![],
            initial: Default::default(),
            dead: BTreeSet::new(),
        })
    }

    /// A lowering of this experiment with the tensors that are known already.
    pub fn lower<'a>(&'a self, setting: Setting, problems: &'a mut Vec<Problem>) -> Lower<'a> {
        let mut lower = Lower::new(&self.modules, self.library_files, problems, setting);
        lower.declared = self.declared.clone();
        lower.slots = self.declared.iter().enumerate().map(|(slot, it)| (it.path.clone(), slot as u32)).collect();
        lower.initial = self.initial.clone();
        lower.dead = self.dead.clone();
        lower
    }

    pub fn scope(&self) -> Scope {
        Scope::new(self.module, "")
    }
}

/// A span cut at the end of its first line's worth: blocks are long.
fn first_line(span: Span) -> Span {
    Span { end: span.end.min(span.start + 8), ..span }
}

fn named_callable(context: &Context, kind: Kind, expr: &Expr, problems: &mut Vec<Problem>) -> Outcome<()> {
    match head_name(expr) {
        Some((name, span)) => find_callable(context, kind, name, span, problems).map(|_| ()),
        None => {
            let (wanted, found) = (format!("the name of a {}", kind.word()), crate::syntax::print_expr(expr));
            problems.push(WrongKind { wanted, found, at: expr.span, help: None }.into());
            Err(Reported)
        }
    }
}

fn clip(expr: &Expr, problems: &mut Vec<Problem>) -> Outcome<Clip> {
    if let ExprKind::Call { callee, args } = &expr.kind
        && let (ExprKind::Name(name), [arg]) = (&callee.kind, &args[..])
        && let Some(Constant::Number { value, unit: None }) = fields::constant(&arg.value)
        && value > 0.0
    {
        match &**name {
            "norm" => return Ok(Clip::Norm(value)),
            "value" => return Ok(Clip::Value(value)),
            _ => {}
        }
    }
    let (setting, wanted) = ("clip".to_string(), "`norm(1.0)` or `value(0.5)`".to_string());
    let found = crate::syntax::print_expr(expr);
    problems.push(WrongValue { setting, wanted, found, at: expr.span, declared: None, help: None }.into());
    Err(Reported)
}

fn metrics(context: &Context, settings: &Settings, problems: &mut Vec<Problem>) -> Outcome<Vec<MetricExpr>> {
    let Some(list) = settings.get("metrics") else { return Ok(vec![]) };
    let items: Vec<&Expr> = match &list.kind {
        ExprKind::List(items) => items.iter().collect(),
        _ => vec![list],
    };
    let mut found: Vec<MetricExpr> = Vec::new();
    for item in items {
        let (mut expr, mut name, mut target) = (item, None, None);
        loop {
            match &expr.kind {
                ExprKind::As { expr: inner, name: alias } => (expr, name) = (inner, Some(alias.text.to_string())),
                ExprKind::Binary { op: tree::Binary::On, left, right, .. } => match &right.kind {
                    ExprKind::Name(field) => {
                        target = Some(tree::Name::new(field.clone(), right.span));
                        expr = left;
                    }
                    _ => break,
                },
                _ => break,
            }
        }
        let Some((callee, span)) = head_name(expr) else {
            let (wanted, found) = ("the name of a metric".into(), crate::syntax::print_expr(item));
            problems.push(WrongKind { wanted, found, at: item.span, help: None }.into());
            return Err(Reported);
        };
        let forms = find_callable(context, Kind::Metric, callee, span, problems)?;
        // `-> error` says that less is better; whatever else stands there, that more is.
        let rising = !matches!(&forms[0].callable.result,
            Some(tree::Type { kind: tree::TypeKind::Named { name, .. }, .. }) if name.as_str() == "error");
        let name = name.unwrap_or_else(|| match &target {
            Some(target) => format!("{callee}.{}", target.text),
            None => callee.to_string(),
        });
        if let Some(first) = found.iter().find(|it| it.name == name) {
            problems.push(MetricTwice { name, at: item.span, first: first.span }.into());
            return Err(Reported);
        }
        found.push(MetricExpr { name, expr: expr.clone(), target, rising, span: item.span });
    }
    Ok(found)
}

// ------------------------------------------------------------------------------------------------ plan

/// The settings that say how long, how often and what is kept.
pub fn plan(settings: &Settings, metrics: &[MetricPlan], problems: &mut Vec<Problem>) -> Outcome<TrainPlan> {
    let mut reader = Reader { problems };
    let block = settings.block;
    let batch = match settings.get("batch") {
        None => Batch::Size(32),
        Some(expr) => match fields::constant(expr) {
            Some(Constant::Word(word)) if word == "all" => Batch::All,
            Some(Constant::Number { value, unit: None }) if value >= 1.0 && value.fract() == 0.0 && value < 1e9 => {
                Batch::Size(value as usize)
            }
            _ => return Err(reader.wrong("batch", "a number of examples from 1 on, or `all`", expr)),
        },
    };
    let length = match settings.get("for") {
        None => {
            let help = "say how long: `for: 10 epochs` or `for: 5000 steps`".to_string();
            let at = Span { end: block.span.start + 5, ..block.span };
            let (block, name) = ("this train block".to_string(), "for".to_string());
            reader.problems.push(SettingMissing { block, name, at, help }.into());
            return Err(Reported);
        }
        Some(expr) => match reader.every("for", expr)? {
            Every::Epochs(epochs) => Length::Epochs(epochs),
            Every::Steps(steps) => Length::Steps(steps),
            Every::Seconds(_) => {
                let help = "write `at_most: 20min` beside `for: … epochs`".to_string();
                let (setting, wanted, at) = ("for".to_string(), "epochs or steps".to_string(), expr.span);
                reader.problems.push(MissingUnit { setting, wanted, at, help }.into());
                return Err(Reported);
            }
        },
    };
    let at_most = match settings.get("at_most") {
        None => None,
        Some(expr) => match reader.every("at_most", expr)? {
            Every::Seconds(seconds) => Some(seconds),
            _ => return Err(reader.wrong("at_most", "a time, like 10min", expr)),
        },
    };
    let seed = match settings.get("seed") {
        None => 0,
        Some(expr) => match fields::constant(expr) {
            Some(Constant::Number { value, unit: None }) if value >= 0.0 && value.fract() == 0.0 && value < 9e15 => {
                value as u64
            }
            _ => return Err(reader.wrong("seed", "a whole number from 0 on", expr)),
        },
    };
    let validate = match settings.get("validate") {
        None => Every::Epochs(1.0),
        Some(expr) => match called_with_time(expr, "every") {
            Some(time) => reader.every("validate", time)?,
            None => return Err(reader.wrong("validate", "`every(…)`, like every(250 steps)", expr)),
        },
    };
    let stop = match settings.get("stop") {
        None => None,
        Some(expr) => match &expr.kind {
            ExprKind::Call { callee, args }
                if args.len() == 2 && matches!(&callee.kind, ExprKind::Name(name) if &**name == "patience") =>
            {
                let metric = reader.metric_path(&args[0].value, metrics)?;
                let patience = reader.every("patience", &args[1].value)?;
                Some(Patience { metric, patience, span: expr.span })
            }
            _ => return Err(reader.wrong("stop", "`patience(…)`, like patience(val.loss, 3 epochs)", expr)),
        },
    };
    let keep = match settings.get("keep") {
        None => match &stop {
            Some(stop) => Keep::Best { metric: stop.metric.clone(), span: None },
            None => Keep::Last,
        },
        Some(expr) => match &expr.kind {
            ExprKind::Name(name) if &**name == "last" => Keep::Last,
            ExprKind::Call { callee, args }
                if args.len() == 1 && matches!(&callee.kind, ExprKind::Name(name) if &**name == "best") =>
            {
                Keep::Best { metric: reader.metric_path(&args[0].value, metrics)?, span: Some(expr.span) }
            }
            _ => return Err(reader.wrong("keep", "`best(…)` or `last`, like best(val.loss)", expr)),
        },
    };
    let checkpoint = match settings.get("checkpoint") {
        None => None,
        Some(expr) => match &expr.kind {
            ExprKind::Call { callee, args }
                if matches!(&callee.kind, ExprKind::Name(name) if &**name == "every") && !args.is_empty() =>
            {
                let every = reader.every("checkpoint", &args[0].value)?;
                let keep = match args.iter().find(|arg| arg.name.as_ref().is_some_and(|name| name.as_str() == "keep")) {
                    None => 1,
                    Some(arg) => match fields::constant(&arg.value) {
                        Some(Constant::Number { value, unit: None }) if value >= 1.0 && value.fract() == 0.0 => {
                            value as usize
                        }
                        _ => return Err(reader.wrong("keep", "a number of checkpoints from 1 on", &arg.value)),
                    },
                };
                Some(Checkpoints { every, keep })
            }
            _ => return Err(reader.wrong("checkpoint", "`every(…)`, like every(1 epoch, keep: 3)", expr)),
        },
    };
    let metrics = metrics.to_vec();
    Ok(TrainPlan {
        span: block.span,
        batch,
        length,
        at_most,
        seed,
        validate,
        stop,
        keep,
        checkpoint,
        metrics,
        accumulate: 1,
    })
}

/// The time in `every(time)`.
fn called_with_time<'e>(expr: &'e Expr, name: &str) -> Option<&'e Expr> {
    match &expr.kind {
        ExprKind::Call { callee, args }
            if args.len() == 1 && matches!(&callee.kind, ExprKind::Name(it) if &**it == name) =>
        {
            Some(&args[0].value)
        }
        _ => None,
    }
}

struct Reader<'p> {
    problems: &'p mut Vec<Problem>,
}

impl Reader<'_> {
    fn wrong(&mut self, setting: &str, wanted: &str, expr: &Expr) -> Reported {
        let (setting, wanted) = (setting.to_string(), wanted.to_string());
        let found = crate::syntax::print_expr(expr);
        if !matches!(expr.kind, ExprKind::Broken) {
            self.problems.push(WrongValue { setting, wanted, found, at: expr.span, declared: None, help: None }.into());
        }
        Reported
    }

    /// `3 epochs`, `500 steps`, `10min`
    fn every(&mut self, setting: &str, expr: &Expr) -> Outcome<Every> {
        let ExprKind::Number(quantity) = &expr.kind else {
            return Err(self.wrong(setting, "a time, like 3 epochs or 500 steps", expr));
        };
        let number = Number::written(quantity);
        let found = match number.measure {
            Some(Measure::Epochs) => Every::Epochs(number.value),
            Some(Measure::Steps) if number.value.fract() == 0.0 => Every::Steps(number.value as u64),
            Some(Measure::Seconds) => Every::Seconds(number.value),
            None => {
                let (setting, wanted, at) = (setting.to_string(), "a time".to_string(), expr.span);
                let help = format!("write {0} epochs, or {0} steps", number.value);
                self.problems.push(MissingUnit { setting, wanted, at, help }.into());
                return Err(Reported);
            }
            Some(_) => return Err(self.wrong(setting, "a time, like 3 epochs or 500 steps", expr)),
        };
        if number.value <= 0.0 || number.value > 1e12 {
            let (setting, range, value, at) =
                (setting.to_string(), "more than 0".into(), number.value.to_string(), expr.span);
            self.problems.push(OutOfRange { setting, range, value, at, help: None }.into());
            return Err(Reported);
        }
        Ok(found)
    }

    /// `val.loss`, `val.accuracy`
    fn metric_path(&mut self, expr: &Expr, metrics: &[MetricPlan]) -> Outcome<MetricPath> {
        let text = crate::syntax::print_expr(expr);
        let split = Split::ALL.into_iter().find(|split| text.split('.').next() == Some(split.word()));
        let rest = text.split_once('.').map(|(_, rest)| rest);
        if let (Some(split), Some(rest)) = (split, rest) {
            if rest == "loss" {
                return Ok(MetricPath { split, metric: None, rising: false });
            }
            if let Some(at) = metrics.iter().position(|metric| metric.name == rest && metric.shape.is_empty()) {
                return Ok(MetricPath { split, metric: Some(at), rising: metrics[at].rising });
            }
        }
        if !matches!(expr.kind, ExprKind::Broken) {
            let names = metrics.iter().filter(|it| it.shape.is_empty()).map(|it| format!("val.{}", it.name));
            let known = std::iter::once("val.loss".to_string()).chain(names).collect();
            self.problems.push(UnknownMetricPath { path: text, at: expr.span, known }.into());
        }
        Err(Reported)
    }
}

/// Whether a pattern selects a path. `*` stands for anything, dots too.
pub fn selects(pattern: &str, path: &str) -> bool {
    fn fits(pattern: &[u8], path: &[u8]) -> bool {
        match pattern.split_first() {
            None => path.is_empty(),
            Some((b'*', rest)) => (0..=path.len()).any(|at| fits(rest, &path[at..])),
            Some((byte, rest)) => path.split_first().is_some_and(|(it, others)| it == byte && fits(rest, others)),
        }
    }
    // A part's name selects all that is in it.
    fits(pattern.as_bytes(), path.as_bytes())
        || fits(format!("{pattern}.*").as_bytes(), path.as_bytes())
        || fits(format!("{pattern}[*").as_bytes(), path.as_bytes())
}

/// A callable of `kind` with its configuration, from a setting's expression.
pub fn callee(
    lower: &mut Lower,
    expr: &Expr,
    kind: Kind,
    scope: &mut Scope,
) -> Outcome<(Vec<Definition>, Vec<super::value::Given>)> {
    let (name, span) = head_name(expr).ok_or(Reported)?;
    let forms = lower.modules.callables(scope.module, kind, name).ok_or(Reported)?;
    let callee = Callee { what: What::Defined(forms.clone()), given: vec![], span };
    let given = match &expr.kind {
        ExprKind::Call { args, .. } => lower.arguments(&callee, args, scope)?,
        _ => vec![],
    };
    Ok((forms, given))
}

/// What a tensor is, for messages about what fits.
pub fn said(tensor: &Tensor) -> String {
    match tensor.meaning {
        Meaning::Class { values } => format!("class[{values}]"),
        _ => describe(tensor),
    }
}

/// A value that stands for a target or an output.
pub fn as_value(tensor: &Tensor) -> Value {
    Value::Tensor(tensor.clone())
}
