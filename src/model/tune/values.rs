//! The values that a search tries of a setting: a range, a range by its logarithm, or a choice.

use crate::model::lower::Outcome;
use crate::model::plan::Reader;
use crate::model::units::{Measure, unit};
use crate::model::value::Number;
use crate::problem::names::UnknownArgument;
use crate::problem::tuning::{ChoiceTwice, LogOfZero, RangeEmpty};
use crate::problem::values::{MissingUnit, MixedUnits, WrongValue};
use crate::source::Span;
use crate::syntax::print_expr;
use crate::syntax::tree::{Arg, Binary, Expr, ExprKind, Quantity, Unary};
use crate::syntax::units::is_spaced;

/// What is tried.
#[derive(Clone, PartialEq, Debug)]
pub enum Values {
    Range(Range),
    /// As the language writes them.
    Choice(Vec<String>),
}

/// From one number to another, both of them included.
#[derive(Clone, PartialEq, Debug)]
pub struct Range {
    /// In the unit.
    low: f64,
    high: f64,
    unit: Unit,
    /// Whether only whole numbers are tried.
    whole: bool,
    /// Whether each order of magnitude gets its share.
    log: bool,
}

/// In what a value is written.
#[derive(Clone, PartialEq, Debug)]
enum Unit {
    None,
    /// That of the ends.
    Word(String),
    /// That in which it is counted.
    Measure(Measure),
}

/// A value at which the program is checked.
#[derive(Clone, Debug)]
pub struct Point {
    pub text: String,
    pub value: Expr,
    /// Whether it is written so, and not computed.
    pub written: bool,
}

/// Types of settings that are not counted, however their ends are written.
const MEASURED: [&str; 4] = ["real", "prob", "rate", "angle"];

/// The values that `expr` says of a setting of type `ty`, and those at which the program is to be checked.
pub fn read(reader: &mut Reader, path: &str, ty: &str, expr: &Expr) -> Outcome<(Values, Vec<Point>)> {
    match &expr.kind {
        ExprKind::Binary { op: Binary::Range, left, right, .. } => range(reader, path, ty, (left, right), expr, false),
        ExprKind::Call { callee, args } => match (&callee.kind, &args[..]) {
            (ExprKind::Name(word), [Arg { name: None, value }]) if &**word == "log" => match &value.kind {
                ExprKind::Binary { op: Binary::Range, left, right, .. } => {
                    range(reader, path, ty, (left, right), value, true)
                }
                _ => Err(reader.wrong(path, "a range in `log(…)`, like log(1e-4 .. 1e-1)", value)),
            },
            (ExprKind::Name(word), _) if &**word == "choice" => choice(reader, path, args, expr),
            _ => Err(wrong(reader, path, expr)),
        },
        _ => Err(wrong(reader, path, expr)),
    }
}

fn wrong(reader: &mut Reader, path: &str, expr: &Expr) -> crate::model::lower::Reported {
    if matches!(expr.kind, ExprKind::Broken) {
        return crate::model::lower::Reported;
    }
    let wanted = "a range, like 1 .. 8 or log(1e-4 .. 1e-1), or choice(…)".to_string();
    let help = Some("what is the same in all trials is set in the program, or by --set".to_string());
    let (setting, found, at) = (path.to_string(), print_expr(expr), expr.span);
    reader.lower.report(WrongValue { setting, wanted, found, at, declared: None, help, repair: None })
}

fn choice(reader: &mut Reader, path: &str, args: &[Arg], expr: &Expr) -> Outcome<(Values, Vec<Point>)> {
    if let Some(name) = args.iter().find_map(|arg| arg.name.as_ref()) {
        let (callee, name, at) = ("`choice`".to_string(), name.text.to_string(), name.span);
        return Err(reader.lower.report(UnknownArgument { callee, name, at, near: None, known: vec![] }));
    }
    for (at, arg) in args.iter().enumerate() {
        if let Some(first) = args[..at].iter().find(|it| is_same(&it.value, &arg.value)) {
            let (value, at, first) = (print_expr(&arg.value), arg.value.span, first.value.span);
            return Err(reader.lower.report(ChoiceTwice { value, at, first }));
        }
    }
    if args.len() < 2 {
        return Err(reader.wrong(path, "at least two values to choose from", expr));
    }
    let point = |arg: &Arg| Point { text: print_expr(&arg.value), value: arg.value.clone(), written: true };
    let points: Vec<Point> = args.iter().map(point).collect();
    Ok((Values::Choice(points.iter().map(|it| it.text.clone()).collect()), points))
}

/// Whether two choices are one value.
fn is_same(one: &Expr, other: &Expr) -> bool {
    let number = |expr: &Expr| {
        let (sign, it) = literal(expr)?;
        let Number { value, measure, .. } = Number::written(it);
        Some((sign * value, measure))
    };
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one == other,
        _ => print_expr(one) == print_expr(other),
    }
}

/// A number that is written, and its sign.
fn literal(expr: &Expr) -> Option<(f64, &Quantity)> {
    match &expr.kind {
        ExprKind::Number(quantity) => Some((1.0, quantity)),
        ExprKind::Unary { op: Unary::Neg, operand } => literal(operand).map(|(sign, it)| (-sign, it)),
        _ => None,
    }
}

fn range(
    reader: &mut Reader,
    path: &str,
    ty: &str,
    (left, right): (&Expr, &Expr),
    expr: &Expr,
    log: bool,
) -> Outcome<(Values, Vec<Point>)> {
    let low = reader.number(path, "a number", left);
    let (low, high) = (low?, reader.number(path, "a number", right)?);
    match (low.measure, high.measure) {
        (None, None) => {}
        (Some(one), Some(other)) if one == other => {}
        (None, Some(measure)) => return Err(unitless(reader, path, (low, left), measure)),
        (Some(measure), None) => return Err(unitless(reader, path, (high, right), measure)),
        (Some(_), Some(_)) => {
            let (operation, left, right, at) = ("..".into(), print_expr(left), print_expr(right), expr.span);
            return Err(reader.lower.report(MixedUnits { operation, left, right, at }));
        }
    }
    if low.value.partial_cmp(&high.value) != Some(std::cmp::Ordering::Less) {
        let (path, swap, at) = (path.to_string(), low.value > high.value, expr.span);
        let (low, high) = (print_expr(left), print_expr(right));
        return Err(reader.lower.report(RangeEmpty { path, low, high, swap, at }));
    }
    if log && low.value <= 0.0 {
        let (path, low, at) = (path.to_string(), print_expr(left), left.span);
        return Err(reader.lower.report(LogOfZero { path, low, at }));
    }
    let word = [left, right].into_iter().find_map(|it| literal(it)?.1.unit.clone());
    let (unit, factor) = match (word, low.measure) {
        // A step, and two steps.
        (Some(word), Some(measure)) if is_spaced(&word) && unit(&word).is_some_and(|(_, factor)| factor == 1.0) => {
            (Unit::Measure(measure), 1.0)
        }
        (Some(word), _) => (Unit::Word(word.to_string()), unit(&word).map_or(1.0, |(_, factor)| factor)),
        (None, Some(measure)) => (Unit::Measure(measure), 1.0),
        (None, None) => (Unit::None, 1.0),
    };
    let (from, to) = (tidy(low.value / factor), tidy(high.value / factor));
    let are_whole = from.fract() == 0.0 && to.fract() == 0.0;
    let is_counted = match low.measure {
        None | Some(Measure::Epochs | Measure::Steps | Measure::Batches | Measure::Samples | Measure::Tokens) => true,
        Some(Measure::Trials | Measure::Length | Measure::Bytes) => true,
        Some(Measure::Share | Measure::Factor | Measure::Angle | Measure::Seconds) => false,
        Some(Measure::Frequency | Measure::Level) => false,
    };
    let whole = are_whole
        && match ty {
            "int" => true,
            ty if ty.starts_with("int[") => true,
            ty if MEASURED.contains(&ty) => false,
            _ => is_counted && low.whole && high.whole,
        };
    let range = Range { low: from, high: to, unit, whole, log };
    let mut points: Vec<Point> = [left, right]
        .into_iter()
        .map(|end| Point { text: print_expr(end), value: end.clone(), written: true })
        .collect();
    // What is right at both ends may be wrong between them.
    let middle = range.at(0.5);
    if points.iter().all(|it| it.text != middle) {
        points.push(Point { value: range.expression(0.5, expr.span), text: middle, written: false });
    }
    Ok((Values::Range(range), points))
}

fn unitless(
    reader: &mut Reader,
    path: &str,
    (number, end): (Number, &Expr),
    measure: Measure,
) -> crate::model::lower::Reported {
    let (setting, wanted, at) = (path.to_string(), measure.example().to_string(), end.span);
    let help = format!("both ends have a unit: {}{}", number.value, measure.only_unit().unwrap_or(" …"));
    reader.lower.report(MissingUnit { setting, wanted, at, help, number: None, unit: None })
}

/// Dividing by the factor of a unit leaves traces in the last figures.
fn tidy(number: f64) -> f64 {
    format!("{number:.12e}").parse().expect("a number as it is written")
}

impl Values {
    /// How many different values there are, unless they cannot be counted.
    pub fn count(&self) -> Option<u64> {
        match self {
            Values::Choice(choices) => Some(choices.len() as u64),
            Values::Range(range) => range.whole.then(|| (range.high - range.low) as u64 + 1),
        }
    }

    /// The value at a share of all of them, from 0 to 1, as the language writes it.
    pub fn at(&self, share: f64) -> String {
        match self {
            Values::Choice(choices) => {
                choices[((share * choices.len() as f64) as usize).min(choices.len() - 1)].clone()
            }
            Values::Range(range) => range.at(share),
        }
    }
}

impl Range {
    fn at(&self, share: f64) -> String {
        self.written(self.number(share))
    }

    /// In the unit, with as many figures as anybody wants to read.
    fn number(&self, share: f64) -> f64 {
        let Range { low, high, .. } = *self;
        let between = |high: f64| if self.log { low * (high / low).powf(share) } else { low + (high - low) * share };
        let number = match self.whole {
            true => between(high + 1.0).floor(),
            false => {
                let number = between(high);
                // Four figures: of the number where its order counts, else of the width of the range.
                let size = if self.log { number.abs() } else { high - low };
                let digits = (3 - size.log10().floor() as i32).clamp(0, 300) as usize;
                format!("{number:.digits$}").parse().expect("a number as it is written")
            }
        };
        number.clamp(low, high)
    }

    fn written(&self, number: f64) -> String {
        match &self.unit {
            Unit::None => plain(number),
            Unit::Word(word) => {
                let space = if is_spaced(word) { " " } else { "" };
                format!("{}{space}{word}", plain(number))
            }
            Unit::Measure(measure) => measure.written(number),
        }
    }

    /// The same as a tree, at the place of the range.
    fn expression(&self, share: f64, span: Span) -> Expr {
        let number = self.number(share);
        let unit = match &self.unit {
            Unit::None => None,
            Unit::Word(word) => Some(word.as_str().into()),
            Unit::Measure(measure) => measure.base().map(Into::into),
        };
        let quantity = Quantity { value: number.abs(), unit, whole: number.fract() == 0.0 };
        let written = Expr { kind: ExprKind::Number(quantity), span };
        match number < 0.0 {
            true => Expr { kind: ExprKind::Unary { op: Unary::Neg, operand: Box::new(written) }, span },
            false => written,
        }
    }
}

/// A number as the language writes it: without an exponent, unless it is long without one.
fn plain(number: f64) -> String {
    let text = number.to_string();
    if text.len() <= 9 { text } else { format!("{number:e}") }
}
