//! Experiments: a train block with its model and its data, checked, and turned into a program.

mod augmented;
mod names;
mod outside;
mod parts;
mod settings;
mod transfer;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use augmented::{Augment, Augmented};
pub use names::check as check_names;
pub use settings::{Row, SETTINGS, Settings, constant_text, row};

use super::adapt::Adapter;
use super::eval::Scope;
use super::fields::{self, Fields};
use super::functions::Frozen;
use super::lower::{Lower, Outcome, Reported, Setting};
use super::modules::{Definition, ModuleId, Modules};
use super::program::*;
use super::transfer::TransferPlan;
use super::types::describe;
use super::value::{Callee, Meaning, Tensor, What};
use crate::problem::names::*;
use crate::problem::privacy::PrivateMixing;
use crate::problem::shapes::*;
use crate::problem::training::*;
use crate::problem::{Problem, a, ticked};
use crate::source::{Sources, Span, nearest};
use crate::syntax::tree::{self, Applied, DataBlock, Expr, ExprKind, Item, Kind, Role, Selector, TrainBlock};
use augmented::augmented;
use parts::{Parts, metrics, named_callable};

/// Checks a train block with all that it names.
pub fn check(context: &Context, block: &TrainBlock, problems: &mut Vec<Problem>) -> Outcome<Program> {
    let settings = Settings::gather(context, block, problems);
    let model = model_of(context, &settings, problems);
    let data = data_of(context, &settings, problems);
    let parts = Parts::read(context, block, &settings, problems);
    let metrics = metrics(context, &settings, problems);
    let plan = super::plan::plan(context, &settings, metrics.as_deref().unwrap_or_default(), problems);
    let ((mut data, fields), model, plan, parts) = (data?, model?, plan?, parts?);
    parts::lint_within_batches(context, &parts.loss, &plan, problems);
    let mut experiment = Experiment::assemble(context, &settings, &mut data, fields, model, parts, metrics?, problems)?;
    if let (Some(mixing), Batch::Size(1)) = (&experiment.augmented.mixing, plan.batch) {
        problems.push(MixedWithItself { at: mixing.span, batch_at: plan.batch_at }.into());
    }
    if !settings.sound {
        return Err(Reported);
    }
    experiment.privacy = plan.privacy;
    if let Some(privacy) = &plan.privacy {
        if let Some(mixing) = &experiment.augmented.mixing {
            let (callee, private_at) = (format!("`{}`", crate::syntax::print_expr(mixing)), privacy.span);
            problems.push(PrivateMixing { callee, at: mixing.span, private_at }.into());
            return Err(Reported);
        }
        outside::lint_outside(&data, &experiment.feeds(), &plan, privacy, problems);
    }
    super::discover::program(experiment, block, plan, data, problems)
}

/// What checking a train block reads.
pub struct Context<'a> {
    pub modules: &'a Arc<Modules>,
    pub library_files: u32,
    pub module: ModuleId,
    pub tree: &'a tree::File,
    pub sources: &'a Sources,
}

impl Context<'_> {
    /// Whether a name may be declared in a piece that could not be read, about which something has been said.
    fn is_broken(&self, name: &str) -> bool {
        self.modules.is_broken(self.module, name)
    }
}

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
    /// Whether a state multiplies the rate, which a run makes smaller.
    pub watches: bool,
    pub regularizers: Vec<Applied>,
    pub metrics: Vec<MetricExpr>,
    pub clip: Option<Clip>,
    /// What a run may tell of any one example.
    pub privacy: Option<Privacy>,
    /// Multipliers of a setting of the optimizer, for the parameters that patterns select.
    pub scales: Vec<Scale>,
    /// Parameters that do not move, for good or for a while.
    pub frozen: Vec<Frozen>,
    /// What stands between parameters, which stay as they are, and the layers that read them.
    pub adapters: Arc<[Adapter]>,
    /// What parameters and states start as that files hold.
    pub transfers: Vec<TransferPlan>,
    /// What is done to training examples before the model sees them.
    pub augmented: Augmented,
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
            let near = nearest(name, blocks.iter().map(|block| block.name.as_str()));
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
        let near = nearest(name, context.modules.names_of(context.module, kind));
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

/// The name at the head of `name` or `name(…)`.
pub fn head_name(expr: &Expr) -> Option<(&Arc<str>, Span)> {
    match &expr.kind {
        ExprKind::Name(name) => Some((name, expr.span)),
        ExprKind::Call { callee, .. } => head_name(callee),
        _ => None,
    }
}

impl Experiment {
    #[allow(clippy::too_many_arguments, reason = "all that a train block names")]
    fn assemble(
        context: &Context,
        settings: &Settings,
        data: &mut DataPlan,
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
                    let near = nearest(&name, names.clone());
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
        let weight = role(Role::Weight).first().copied();
        let read: Vec<usize> = inputs.iter().chain(&targets).copied().chain(weight).collect();
        let augmented = augmented(data, &fields, (&inputs, &read), &parts.augmented, problems)?;
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
            watches: parts.watches,
            regularizers: parts.regularizers,
            metrics,
            clip: parts.clip,
            privacy: None,
            scales: parts.scales,
            frozen: parts.frozen,
            adapters: parts.adapters.into(),
            transfers: parts.transfers,
            augmented,
            inputs,
            targets,
            weight,
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
        lower.adapters = self.adapters.clone();
        let frozen = self.frozen.iter().filter(|it| it.holds(setting));
        lower.frozen = frozen.map(|it| it.what.pattern.to_string()).collect();
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
    let callee = Callee { what: What::Defined(forms.clone()), given: vec![], span: expr.span };
    let given = match &expr.kind {
        ExprKind::Call { args, .. } => lower.arguments_of(&callee, args, 0, scope)?,
        _ => vec![],
    };
    Ok((forms, given))
}

/// What a tensor is, for messages about what fits.
pub fn said(tensor: &Tensor) -> String {
    match tensor.meaning {
        Meaning::Class { values, .. } => format!("{}[{values}]", tensor.meaning.word()),
        _ => describe(tensor),
    }
}
