//! The parts of a train block, each read from its setting.

use super::settings::Settings;
use super::{Clip, Context, MetricExpr, Scale, find_callable, head_name, transfer};
use crate::model::adapt::Adapter;
use crate::model::fields;
use crate::model::functions::Frozen;
use crate::model::lower::{Outcome, Reported};
use crate::model::modules::Definition;
use crate::model::plan;
use crate::model::program::*;
use crate::model::transfer::TransferPlan;
use crate::problem::lint::{EmptyBlock, LossWithinBatches};
use crate::problem::names::*;
use crate::problem::training::*;
use crate::problem::values::*;
use crate::problem::{Problem, a, list, ticked};
use crate::source::{Span, nearest};
use crate::syntax::tree::{self, Applied, Expr, ExprKind, Kind, Selector, TrainBlock, TrainEntry};

/// What a train block names beside its model and its data.
pub(super) struct Parts {
    pub(super) loss: Expr,
    pub(super) optimizer: Expr,
    pub(super) schedule: Option<Expr>,
    /// Whether the schedule goes by what is measured.
    pub(super) watches: bool,
    pub(super) clip: Option<Clip>,
    pub(super) regularizers: Vec<Applied>,
    pub(super) scales: Vec<Scale>,
    pub(super) frozen: Vec<Frozen>,
    pub(super) augmented: Vec<Asked>,
    pub(super) adapters: Vec<Adapter>,
    pub(super) transfers: Vec<TransferPlan>,
}

/// Augmentations of fields, as a train block asks for them.
pub(super) struct Asked {
    pub(super) fields: Vec<tree::Name>,
    pub(super) steps: Vec<Expr>,
}

impl Parts {
    pub(super) fn read(
        context: &Context,
        block: &TrainBlock,
        settings: &Settings,
        problems: &mut Vec<Problem>,
    ) -> Outcome<Parts> {
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
        let schedule = settings.get("schedule");
        let watches = schedule.is_some_and(|expr| plan::watches(context, expr));
        let schedule = schedule.filter(|_| !watches).map(|expr| {
            named_callable(context, Kind::Schedule, expr, problems)?;
            Ok(expr.clone())
        });
        let clip = settings.get("clip").map(|expr| clip(expr, problems));
        let mut sound = true;
        if let Some(expr) = settings.get("precision")
            && !matches!(fields::constant(expr), Some(Constant::Word(word)) if matches!(word.as_str(), "fp32" | "f32"))
        {
            let what = format!("`precision: {}`", crate::syntax::print_expr(expr));
            problems.push(NotInThisVersion { what, at: expr.span, help: Some("precision: fp32".into()) }.into());
            sound = false;
        }
        let (mut regularizers, mut scales, mut frozen, mut augmented) = (vec![], vec![], vec![], vec![]);
        let (mut transfers, mut adapters) = (vec![], vec![]);
        let inner = block.entries.iter().filter_map(|entry| match entry {
            TrainEntry::Transfer(it) => Some(transfer::entries(it)),
            _ => None,
        });
        let inner: Vec<TrainEntry> = inner.flatten().collect();
        for entry in block.entries.iter().chain(&inner) {
            match entry {
                TrainEntry::Regularize { terms, span } => {
                    if terms.is_empty() {
                        let so = "nothing is added to the loss".to_string();
                        lint_empty("regularize".into(), so, *span, problems);
                    }
                    for term in terms {
                        sound &= named_callable(context, Kind::Regularizer, &term.value, problems).is_ok();
                    }
                    regularizers.extend(terms.iter().cloned());
                }
                TrainEntry::Scale { setting, factor, what, .. } => {
                    let forms = optimizer.as_ref().map_or(&[][..], |(_, forms)| forms);
                    match scale(setting, factor, what, forms, problems) {
                        Ok(it) => scales.push(it),
                        Err(Reported) => sound = false,
                    }
                }
                TrainEntry::Freeze { what, until, .. } => {
                    match until.as_ref().map(|expr| plan::until(context, expr, problems)).transpose() {
                        Ok(until) => frozen.extend(what.iter().map(|what| Frozen { what: what.clone(), until })),
                        Err(Reported) => sound = false,
                    }
                }
                TrainEntry::Augment { fields, steps, span } => {
                    if steps.is_empty() {
                        lint_unvaried(fields, *span, problems);
                    }
                    for step in steps {
                        sound &= named_callable(context, Kind::Augmentation, step, problems).is_ok();
                    }
                    augmented.push(Asked { fields: fields.clone(), steps: steps.clone() });
                }
                TrainEntry::Transfer(it) => {
                    match transfer::read(context, it, problems) {
                        Ok(plan) => transfers.push(plan),
                        Err(Reported) => sound = false,
                    }
                    match transfer::adapters(context, it, problems) {
                        Ok(found) => adapters.extend(found),
                        Err(Reported) => sound = false,
                    }
                }
                TrainEntry::Privacy(_) | TrainEntry::Setting(_) | TrainEntry::Broken(_) => {}
            }
        }
        let (loss, optimizer) = (loss?, optimizer?.0);
        let (schedule, clip) = (schedule.transpose()?, clip.transpose()?);
        if sound {
            Ok(Parts {
                loss,
                optimizer,
                schedule,
                watches,
                clip,
                regularizers,
                scales,
                frozen,
                augmented,
                adapters,
                transfers,
            })
        } else {
            Err(Reported)
        }
    }
}

/// Warns of a block of augmentations with nothing in it.
fn lint_unvaried(fields: &[tree::Name], span: Span, problems: &mut Vec<Problem>) {
    let names: Vec<String> = fields.iter().map(|it| it.text.to_string()).collect();
    let (block, so) = match &names[..] {
        [one] if one == "batch" => ("augment batch".into(), "no examples are mixed".into()),
        [one] => (format!("augment {one}"), format!("`{one}` is read as it is")),
        several => {
            let so = format!("{} are read as they are", list(&ticked(several)));
            (format!("augment ({})", several.join(", ")), so)
        }
    };
    lint_empty(block, so, span, problems);
}

/// Warns of a block with nothing in it, unless what it had could not be read.
pub(super) fn lint_empty(block: String, so: String, span: Span, problems: &mut Vec<Problem>) {
    let word = block.split(' ').next().expect("a word").len();
    let at = Span::new(span.file, span.range().start, span.range().start + word);
    let is_inside = |it: Span| it.file == span.file && span.start <= it.start && it.end <= span.end;
    if !problems.iter().any(|it| it.labels.first().is_some_and(|label| is_inside(label.span))) {
        problems.push(EmptyBlock { block, so, at }.into());
    }
}

/// Warns of a loss that compares the examples of a batch, where an update is over several.
pub(super) fn lint_within_batches(context: &Context, loss: &Expr, plan: &TrainPlan, problems: &mut Vec<Problem>) {
    let (batches, Some(batches_at)) = (plan.accumulate, plan.accumulate_at) else { return };
    let seen = terms(loss, &mut |term| {
        let (name, at) = head_name(term).ok_or(Reported)?;
        let forms = context.modules.callables(context.module, Kind::Loss, name).ok_or(Reported)?;
        if batches > 1 && forms.iter().any(|form| form.callable.across_batch) {
            problems.push(LossWithinBatches { loss: name.to_string(), batches, at, batches_at }.into());
        }
        Ok(())
    });
    assert!(seen.is_ok(), "the names of losses were found before");
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
            let near = nearest(setting.as_str(), config());
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
            let (help, number) = (format!("write {value}x"), Some(value.to_string()));
            MissingUnit { setting: name, wanted, at, help, number, unit: Some("x") }.into()
        }
        Some(Constant::Number { unit: Some(_), .. }) => {
            let found = crate::syntax::print_expr(factor);
            WrongUnit { setting: name, wanted, found, at, help: None }.into()
        }
        _ => {
            let found = crate::syntax::print_expr(factor);
            WrongValue { setting: name, wanted, found, at, declared: None, help: None, repair: None }.into()
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

pub(super) fn clip(expr: &Expr, problems: &mut Vec<Problem>) -> Outcome<Clip> {
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
    problems
        .push(WrongValue { setting, wanted, found, at: expr.span, declared: None, help: None, repair: None }.into());
    Err(Reported)
}

pub(super) fn metrics(context: &Context, settings: &Settings, problems: &mut Vec<Problem>) -> Outcome<Vec<MetricExpr>> {
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
        let callee = tree::own_name(&forms[0].callable.name.text);
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

pub(super) fn named_callable(
    context: &Context,
    kind: Kind,
    expr: &Expr,
    problems: &mut Vec<Problem>,
) -> Outcome<Vec<Definition>> {
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

fn not_the_name(kind: Kind, expr: &Expr) -> Problem {
    let (wanted, found) = (format!("the name of {}", a(kind.word())), crate::syntax::print_expr(expr));
    WrongKind { wanted, found, at: expr.span, help: None }.into()
}
