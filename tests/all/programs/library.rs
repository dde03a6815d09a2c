//! What the library offers to random programs, found by walking it: no definition is named here.

use dlmc::model::modules::{Definition, LIBRARY};
use dlmc::syntax::tree::{Body, Callable, Expr, ExprKind, Kind, Stmt, Type, TypeKind};
use dlmc::syntax::walk;

use crate::functions::Dice;

/// The definitions of one kind.
pub fn of(kind: Kind) -> Vec<&'static Definition> {
    let (_, modules) = dlmc::model::check::library();
    modules.definitions(LIBRARY).filter(|it| it.callable.kind == kind).collect()
}

/// A type as it is written.
pub fn text(ty: &Type) -> &'static str {
    let (sources, _) = dlmc::model::check::library();
    sources.text(ty.span)
}

/// Functions of one number `x` whose other settings all have defaults.
pub fn activations() -> Vec<&'static str> {
    let fits = |it: &&&Definition| {
        let config = &it.callable.config;
        let [x, rest @ ..] = &config[..] else { return false };
        x.ty.is_none() && x.default.is_none() && rest.iter().all(|it| it.default.is_some())
    };
    of(Kind::Fn).iter().filter(fits).map(|it| it.callable.name.as_str()).collect()
}

/// Whether a definition, or one that it calls, requires something that its types do not say.
pub fn requires(callable: &Callable) -> bool {
    let mut open: Vec<&Expr> = vec![];
    match &callable.body {
        Body::Block(statements) => {
            if statements.iter().any(|it| matches!(it, Stmt::Require { .. })) {
                return true;
            }
            statements.iter().for_each(|it| walk::of_statement(it, &mut |expr| open.push(expr)));
        }
        Body::Formula(expr) => open.push(expr),
    }
    let layers = of(Kind::Layer);
    while let Some(expr) = open.pop() {
        if let ExprKind::Name(name) = &expr.kind
            && layers.iter().any(|it| it.callable.name.text == *name && requires(&it.callable))
        {
            return true;
        }
        walk::children(expr, &mut |it| open.push(it));
    }
    false
}

/// A call of a definition: the settings that must be given, and some of the others. `None` where a setting is of a kind
/// that nobody can guess. A list has `long` numbers.
pub fn call(definition: &'static Definition, long: usize, dice: &mut Dice) -> Option<String> {
    let mut given = vec![];
    // What has to be met is met by one group, one head, and what is usual.
    let strict = requires(&definition.callable);
    for param in &definition.callable.config {
        let name = param.name.as_str();
        let ty = param.ty.as_ref().map_or("", text);
        match &param.default {
            _ if ty == "int" && strict => given.push(format!("{name}: 1")),
            Some(default) => {
                if !strict
                    && dice.chance(4)
                    && let Some(value) = near(default, dice)
                {
                    given.push(format!("{name}: {value}"));
                }
            }
            None => given.push(format!("{name}: {}", guessed(ty, long, dice)?)),
        }
    }
    let name = definition.callable.name.as_str();
    Some(if given.is_empty() { name.to_string() } else { format!("{name}({})", given.join(", ")) })
}

/// A value like the default: a switch the other way, a number a little smaller.
fn near(default: &Expr, dice: &mut Dice) -> Option<String> {
    match &default.kind {
        ExprKind::Bool(_) => Some(dice.pick(&["yes", "no"]).to_string()),
        ExprKind::Number(it) if !it.whole && it.unit.is_none() && it.value > 0.0 => {
            Some(format!("{}", it.value * dice.pick(&[0.5, 0.75, 0.875])))
        }
        _ => None,
    }
}

fn guessed(ty: &str, long: usize, dice: &mut Dice) -> Option<String> {
    let list = || (0..long).map(|at| format!("{}", at + 2)).collect::<Vec<_>>().join(", ");
    Some(match ty {
        "int" => dice.within(1, 4).to_string(),
        "real" => dice.pick(&["0.25", "0.5", "0.01"]).to_string(),
        "prob" => dice.pick(&["25%", "50%"]).to_string(),
        "rate" => "0.01".to_string(),
        "bool" => dice.pick(&["yes", "no"]).to_string(),
        "time" => dice.pick(&["2 steps", "1 step", "1 epoch"]).to_string(),
        "list" => format!("[{}]", list()),
        "fn" => dice.pick(&activations()).to_string(),
        _ => return None,
    })
}

/// The word of a type and the formulas of its sizes: `f32`, `["2 * N"]`.
pub fn parts(ty: &Type) -> Option<(&'static str, Vec<&'static str>)> {
    let TypeKind::Named { .. } = &ty.kind else { return None };
    let text = text(ty).trim_end_matches('?');
    match text.split_once('[') {
        None => Some((text, vec![])),
        Some((word, dims)) => Some((word, dims.trim_end_matches(']').split(',').map(str::trim).collect())),
    }
}
