//! Experiments: a train block with its model and its data, checked, and turned into a program.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::eval::Scope;
use super::fields::{self, Fields};
use super::lower::{Lower, Outcome, Reported, Setting};
use super::modules::{Definition, ModuleId, Modules};
use super::program::*;
use super::types::describe;
use super::value::{Meaning, Tensor, Value};
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::training::*;
use crate::problem::values::*;
use crate::problem::{Problem, a, ticked};
use crate::source::{Sources, Span, nearest};
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
    pub scales: Vec<Scale>,
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

/// A setting of the optimizer, its multiplier, and the parameters for which it stands.
pub type Scale = (tree::Name, f64, Vec<Selector>);

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
    ("max_steps", "for"),
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
    pub sources: &'a Sources,
}

/// Checks a train block with all that it names.
pub fn check(context: &Context, block: &TrainBlock, problems: &mut Vec<Problem>) -> Outcome<Program> {
    let settings = Settings::gather(context, block, problems);
    let model = model_of(context, &settings, problems);
    let data = data_of(context, &settings, problems);
    let parts = Parts::read(context, block, &settings, problems);
    let metrics = metrics(context, &settings, problems);
    let plan = super::plan::plan(context, &settings, metrics.as_deref().unwrap_or_default(), problems);
    let ((data, fields), model, plan) = (data?, model?, plan?);
    let experiment = Experiment::assemble(context, &settings, &data, fields, model, parts?, metrics?, problems)?;
    if !settings.sound {
        return Err(Reported);
    }
    super::discover::program(experiment, block, plan, data, problems)
}

// ------------------------------------------------------------------------------------------------ settings

/// The settings of a block by their names.
pub struct Settings<'a> {
    pub block: &'a TrainBlock,
    found: Vec<&'a tree::Setting>,
    /// Settings that the block has under another name or misspelt: they are not missing.
    meant: Vec<String>,
    sound: bool,
}

impl<'a> Settings<'a> {
    fn gather(context: &Context, block: &'a TrainBlock, problems: &mut Vec<Problem>) -> Settings<'a> {
        let mut settings = Settings { block, found: vec![], meant: vec![], sound: true };
        for entry in &block.entries {
            match entry {
                TrainEntry::Setting(setting) => {
                    let name = setting.key.text.to_string();
                    match settings.found.iter().find(|it| it.key.text == setting.key.text) {
                        Some(first) => {
                            let (at, first) = (setting.key.span, first.key.span);
                            problems.push(SettingTwice { name, at, first }.into());
                            settings.sound = false;
                        }
                        None => settings.found.push(setting),
                    }
                }
                TrainEntry::Broken(span) => {
                    // Whatever it was meant to be, it is not missing.
                    let text = context.sources.text(*span);
                    settings
                        .meant
                        .extend(SETTINGS.iter().filter(|name| text.starts_with(**name)).map(|it| it.to_string()));
                    settings.sound = false;
                }
                _ => {}
            }
        }
        for setting in settings.found.clone() {
            if !SETTINGS.contains(&setting.key.as_str()) {
                settings.unknown(context, setting, problems);
                settings.sound = false;
            }
        }
        settings
    }

    pub fn get(&self, name: &str) -> Option<&'a Expr> {
        self.found.iter().find(|it| it.key.as_str() == name).map(|it| &it.value)
    }

    /// Whether the block seems to have the setting, in words that nobody can read.
    pub fn is_meant(&self, name: &str) -> bool {
        self.meant.iter().any(|it| it == name)
    }

    /// The word `train`.
    pub fn place(&self) -> Span {
        first_word(self.block.span, "train")
    }

    fn needed(&self, name: &str, help: &str, problems: &mut Vec<Problem>) -> Outcome<&'a Expr> {
        self.get(name).ok_or_else(|| {
            if !self.is_meant(name) {
                let (block, name, at) = ("this train block".to_string(), name.to_string(), self.place());
                problems.push(SettingMissing { block, name, at, help: help.to_string() }.into());
            }
            Reported
        })
    }

    /// Says where a setting that does not belong here does belong.
    fn unknown(&mut self, context: &Context, setting: &tree::Setting, problems: &mut Vec<Problem>) {
        let name = setting.key.as_str();
        let meant = ELSEWHERE.iter().find(|(other, _)| *other == name).map_or(name, |&(_, own)| own);
        let value = context.sources.text(setting.value.span);
        let (mut belongs, mut help) = (None, None);
        if SETTINGS.contains(&meant) {
            let value = match (meant, &setting.value.kind) {
                ("for", ExprKind::Number(tree::Quantity { unit: None, .. })) if name.contains("step") => {
                    format!("{value} steps")
                }
                ("for", ExprKind::Number(tree::Quantity { unit: None, .. })) => format!("{value} epochs"),
                _ => value.to_string(),
            };
            self.meant.push(meant.to_string());
            help = Some(format!("{meant}: {value}"));
        } else if let Some((kind, callee)) = self.owner(context, meant) {
            belongs = Some(format!("this belongs to the {}", kind.word()));
            help = Some(format!("{}: {callee}({meant}: {value})", kind.word()));
        } else if fields::SETTINGS.contains(&name) {
            belongs = Some("this belongs to the data".to_string());
            help = Some(format!("write it in the data block: `{name}: {value}`"));
        } else if let Some(near) = nearest(name, SETTINGS.iter().copied()) {
            self.meant.push(near.to_string());
            help = Some(format!("did you mean `{near}`?"));
        } else if let Some(kind) =
            Kind::ALL.into_iter().find(|&kind| context.modules.callables(context.module, kind, name).is_some())
        {
            let place = match kind {
                Kind::Layer | Kind::Fn => "the model applies it: `… |> {name}`",
                Kind::Metric => "write `metrics: [{name}]`",
                Kind::Regularizer => "write `regularize {{ {name}(…) on *.w }}`",
                Kind::Augmentation => "write `augment … {{ {name} }}`",
                Kind::Encoder => "a field's formula applies it: `… |> {name}`",
                Kind::Model | Kind::Loss | Kind::Optimizer | Kind::Schedule => "write `{kind}: {name}`",
            };
            belongs = Some(format!("this is {}", a(kind.word())));
            help = Some(
                place.replace("{name}", name).replace("{kind}", kind.word()).replace("{{", "{").replace("}}", "}"),
            );
        }
        let (block, name, at) = ("`train`".to_string(), name.to_string(), setting.key.span);
        problems.push(UnknownSetting { block, name, at, belongs, help }.into());
    }

    /// The callable of this block that has a setting called `name`.
    fn owner(&self, context: &Context, name: &str) -> Option<(Kind, Arc<str>)> {
        [Kind::Optimizer, Kind::Schedule, Kind::Loss, Kind::Model].into_iter().find_map(|kind| {
            let (callee, _) = head_name(self.get(kind.word())?)?;
            let forms = context.modules.callables(context.module, kind, callee)?;
            let has = forms.iter().any(|form| form.callable.config.iter().any(|param| param.name.as_str() == name));
            has.then(|| (kind, callee.clone()))
        })
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
        if matches!(expr.kind, ExprKind::Broken) {
            return Err(Reported);
        }
        let (wanted, found) = ("the name of a data block".into(), crate::syntax::print_expr(expr));
        problems.push(WrongKind { wanted, found, at: expr.span, help: None }.into());
        return Err(Reported);
    };
    let Some(block) = blocks.iter().find(|block| block.name.text == *name) else {
        if !context.is_broken(name) {
            let near = nearest(name, blocks.iter().map(|block| block.name.as_str())).map(str::to_string);
            let (kind, name, at) = ("data block".to_string(), name.to_string(), expr.span);
            problems.push(UnknownName { kind, name, at, near }.into());
        }
        return Err(Reported);
    };
    fields::check(context.modules, context.library_files, context.module, block, problems)
}

fn model_of(context: &Context, settings: &Settings, problems: &mut Vec<Problem>) -> Outcome<Vec<Definition>> {
    let expr = settings.needed("model", "name a model: `model: …`", problems)?;
    named_callable(context, Kind::Model, expr, problems)
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
        if context.is_broken(name) {
            return Reported;
        }
        let other = |other: &Kind| context.modules.callables(context.module, *other, name).is_some();
        let near = nearest(name, context.modules.names_of(context.module, kind)).map(str::to_string);
        match Kind::ALL.into_iter().find(other) {
            Some(other) if near.is_none() => {
                let (wanted, found) = (a(kind.word()), format!("the {} `{name}`", other.word()));
                problems.push(WrongKind { wanted, found, at: span, help: None }.into());
            }
            _ => {
                let known = context.modules.names_of(context.module, kind);
                let is_far = near.is_none() && !known.is_empty();
                let (kind, name) = (kind.word().to_string(), name.to_string());
                let mut problem = Problem::from(UnknownName { kind, name, at: span, near });
                problem.notes.extend(is_far.then(|| there_are(&known)));
                problems.push(problem);
            }
        }
        Reported
    })
}

impl Context<'_> {
    /// Whether a name may be declared in a piece that could not be read, about which something has been said.
    fn is_broken(&self, name: &str) -> bool {
        self.modules.is_broken(self.module, name)
    }
}

/// The name at the head of `name` or `name(…)`.
fn head_name(expr: &Expr) -> Option<(&Arc<str>, Span)> {
    match &expr.kind {
        ExprKind::Name(name) => Some((name, expr.span)),
        ExprKind::Call { callee, .. } => head_name(callee),
        _ => None,
    }
}

/// What a train block names beside its model and its data.
struct Parts {
    loss: Expr,
    optimizer: Expr,
    schedule: Option<Expr>,
    clip: Option<Clip>,
    regularizers: Vec<Applied>,
    scales: Vec<Scale>,
    frozen: Vec<Selector>,
}

impl Parts {
    fn read(context: &Context, block: &TrainBlock, settings: &Settings, problems: &mut Vec<Problem>) -> Outcome<Parts> {
        let loss = settings.needed("loss", "say what is made smaller: `loss: …`", problems).and_then(|expr| {
            let losses = terms(expr, &mut |term| named_callable(context, Kind::Loss, term, problems))?;
            if losses == 0 {
                problems.push(not_the_name(Kind::Loss, expr));
                return Err(Reported);
            }
            Ok(expr.clone())
        });
        let optimizer = settings.needed("optimizer", "say how: `optimizer: …(lr: 1e-3)`", problems).and_then(|expr| {
            let forms = named_callable(context, Kind::Optimizer, expr, problems)?;
            Ok((expr.clone(), forms))
        });
        let schedule = settings.get("schedule").map(|expr| {
            named_callable(context, Kind::Schedule, expr, problems)?;
            Ok(expr.clone())
        });
        let clip = settings.get("clip").map(|expr| clip(expr, problems));
        let mut sound = true;
        for name in ["preview", "accumulate"] {
            if let Some(expr) = settings.get(name) {
                problems.push(NotInThisVersion { what: format!("`{name}`"), at: expr.span, help: None }.into());
                sound = false;
            }
        }
        if let Some(expr) = settings.get("precision")
            && !matches!(fields::constant(expr), Some(Constant::Word(word)) if matches!(word.as_str(), "fp32" | "f32"))
        {
            let what = format!("`precision: {}`", crate::syntax::print_expr(expr));
            problems.push(NotInThisVersion { what, at: expr.span, help: Some("precision: fp32".into()) }.into());
            sound = false;
        }
        let (mut regularizers, mut scales, mut frozen) = (Vec::new(), Vec::new(), Vec::new());
        for entry in &block.entries {
            let later = match entry {
                TrainEntry::Regularize { terms, .. } => {
                    for term in terms {
                        sound &= named_callable(context, Kind::Regularizer, &term.value, problems).is_ok();
                    }
                    regularizers.extend(terms.iter().cloned());
                    None
                }
                TrainEntry::Scale { setting, factor, what, .. } => {
                    let forms = optimizer.as_ref().map_or(&[][..], |(_, forms)| forms);
                    match scale(setting, factor, what, forms, problems) {
                        Ok(it) => scales.push(it),
                        Err(Reported) => sound = false,
                    }
                    None
                }
                TrainEntry::Freeze { what, until: None, .. } => {
                    frozen.extend(what.iter().cloned());
                    None
                }
                TrainEntry::Freeze { span, .. } => Some(("`freeze … until`", first_word(*span, "freeze"))),
                TrainEntry::Augment { span, .. } => Some(("augmentation", first_word(*span, "augment"))),
                TrainEntry::Transfer(transfer) => {
                    Some(("transfer from other weights", first_word(transfer.span, "transfer")))
                }
                TrainEntry::Privacy(block) => Some(("private training", first_word(block.span, "privacy"))),
                TrainEntry::Setting(_) | TrainEntry::Broken(_) => None,
            };
            if let Some((what, at)) = later {
                problems.push(NotInThisVersion { what: what.into(), at, help: None }.into());
                sound = false;
            }
        }
        let (loss, optimizer) = (loss?, optimizer?.0);
        let (schedule, clip) = (schedule.transpose()?, clip.transpose()?);
        if sound { Ok(Parts { loss, optimizer, schedule, clip, regularizers, scales, frozen }) } else { Err(Reported) }
    }
}

/// `lr 0.1x on head`
fn scale(
    setting: &tree::Name,
    factor: &Expr,
    what: &[Selector],
    optimizer: &[Definition],
    problems: &mut Vec<Problem>,
) -> Outcome<Scale> {
    if let Some(form) = optimizer.first() {
        let config = || form.callable.config.iter().map(|param| param.name.as_str());
        if !config().any(|name| name == setting.as_str()) {
            let callee = format!("the optimizer `{}`", form.callable.name.text);
            let near = nearest(setting.as_str(), config()).map(str::to_string);
            let (known, name, at) = (config().map(str::to_string).collect(), setting.text.to_string(), setting.span);
            problems.push(UnknownArgument { callee, name, at, near, known }.into());
            return Err(Reported);
        }
    }
    let (name, wanted, at) = (setting.text.to_string(), "a multiple, like 0.1x".to_string(), factor.span);
    let problem: Problem = match fields::constant(factor) {
        Some(Constant::Number { value, unit }) if unit.as_deref() == Some("x") => {
            return Ok((setting.clone(), value, what.to_vec()));
        }
        Some(Constant::Number { value, unit: None }) => {
            MissingUnit { setting: name, wanted, at, help: format!("write {value}x") }.into()
        }
        Some(Constant::Number { unit: Some(_), .. }) => {
            let found = crate::syntax::print_expr(factor);
            WrongUnit { setting: name, wanted, found, at, help: None }.into()
        }
        _ => {
            let found = crate::syntax::print_expr(factor);
            WrongValue { setting: name, wanted, found, at, declared: None, help: None }.into()
        }
    };
    problems.push(problem);
    Err(Reported)
}

/// Calls `see` for each loss in a formula of losses; how many there are.
fn terms<T>(expr: &Expr, see: &mut impl FnMut(&Expr) -> Outcome<T>) -> Outcome<usize> {
    use tree::Binary::{Add, Div, Mul, On, Sub};
    match &expr.kind {
        ExprKind::Number(_) => Ok(0),
        ExprKind::Unary { op: tree::Unary::Neg, operand } => terms(operand, see),
        ExprKind::Binary { op: On, left, .. } => terms(left, see),
        ExprKind::Binary { op: Add | Sub | Mul | Div, left, right, .. } => {
            let (left, right) = (terms(left, see), terms(right, see));
            Ok(left? + right?)
        }
        _ => see(expr).map(|_| 1),
    }
}

impl Experiment {
    #[allow(clippy::too_many_arguments, reason = "all that a train block names")]
    fn assemble(
        context: &Context,
        settings: &Settings,
        data: &DataPlan,
        fields: Fields,
        model: Vec<Definition>,
        parts: Parts,
        metrics: Vec<MetricExpr>,
        problems: &mut Vec<Problem>,
    ) -> Outcome<Experiment> {
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
        let (mut inputs, mut sound) = (Vec::new(), true);
        for input in &callable.inputs {
            let found = data.fields.iter().position(|field| field.name == input.name.as_str());
            let (model, name) = (callable.name.text.to_string(), input.name.text.to_string());
            let at = input.name.span;
            match found.map(|at| (at, &data.fields[at])) {
                Some((place, field)) if field.role == Role::Input => inputs.push(place),
                Some((_, field)) => {
                    let (role, field_at) = (field.role.word().to_string(), field.span);
                    problems.push(ModelReadsOther { model, input: name, role, at, field_at }.into());
                    sound = false;
                }
                None => {
                    let names = data.fields.iter().filter(|it| it.role == Role::Input).map(|it| it.name.as_str());
                    let near = nearest(&name, names.clone()).map(str::to_string);
                    let known = ticked(&names.map(str::to_string).collect::<Vec<_>>());
                    let (data, data_at) = (data.name.clone(), data.span);
                    problems.push(ModelInputMissing { model, input: name, data, at, near, known, data_at }.into());
                    sound = false;
                }
            }
        }
        if !sound {
            return Err(Reported);
        }
        Ok(Experiment {
            modules: context.modules.clone(),
            library_files: context.library_files,
            module: context.module,
            fields,
            model,
            model_expr: settings.get("model").expect("checked").clone(),
            loss: parts.loss,
            optimizer: parts.optimizer,
            schedule: parts.schedule,
            regularizers: parts.regularizers,
            metrics,
            clip: parts.clip,
            scales: parts.scales,
            frozen: parts.frozen,
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

/// The word with which a block begins.
pub fn first_word(span: Span, word: &str) -> Span {
    Span { end: span.start + word.len() as u32, ..span }
}

fn not_the_name(kind: Kind, expr: &Expr) -> Problem {
    let (wanted, found) = (format!("the name of {}", a(kind.word())), crate::syntax::print_expr(expr));
    WrongKind { wanted, found, at: expr.span, help: None }.into()
}

fn named_callable(context: &Context, kind: Kind, expr: &Expr, problems: &mut Vec<Problem>) -> Outcome<Vec<Definition>> {
    match head_name(expr) {
        Some((name, span)) => find_callable(context, kind, name, span, problems),
        None => {
            if !matches!(expr.kind, ExprKind::Broken) {
                problems.push(not_the_name(kind, expr));
            }
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
    let (mut found, mut sound): (Vec<MetricExpr>, bool) = (Vec::new(), true);
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
        let Ok(forms) = named_callable(context, Kind::Metric, expr, problems) else {
            sound = false;
            continue;
        };
        let callee = &forms[0].callable.name.text;
        // `-> error` says that less is better; whatever else stands there, that more is.
        let rising = !matches!(&forms[0].callable.result,
            Some(tree::Type { kind: tree::TypeKind::Named { name, .. }, .. }) if name.as_str() == "error");
        let name = name.unwrap_or_else(|| match &target {
            Some(target) => format!("{callee}.{}", target.text),
            None => callee.to_string(),
        });
        if let Some(first) = found.iter().find(|it| it.name == name) {
            problems.push(MetricTwice { name, at: item.span, first: first.span }.into());
            sound = false;
            continue;
        }
        found.push(MetricExpr { name, expr: expr.clone(), target, rising, span: item.span });
    }
    if sound { Ok(found) } else { Err(Reported) }
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
    let (name, _) = head_name(expr).ok_or(Reported)?;
    let forms = lower.modules.callables(scope.module, kind, name).ok_or(Reported)?;
    let given = match &expr.kind {
        ExprKind::Call { args, .. } => lower.arguments(args, scope)?,
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
