//! Sizes as formulas, in exact arithmetic: what one is worth, and which size a variable must be for it to be worth that.

pub mod systems;

use std::cmp::Ordering;
use std::sync::Arc;

use crate::source::Span;

/// The largest size that a tensor can have.
pub const LARGEST: i128 = 2147483647;

/// A formula over sizes. What is known is folded as it is built.
#[derive(Clone, PartialEq, Debug)]
pub enum Size {
    Known(Exact),
    /// A number that is known, where a division has left a rest on the way: only rounding makes a size of it.
    Rest(Exact, Span),
    Unknown(Arc<str>, Span),
    /// The span is that of the whole operation.
    Join(Join, Box<[Size; 2]>, Span),
    Round(Round, Box<Size>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Join {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    Mod,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Round {
    Up,
    Down,
}

/// Why a formula is no number.
#[derive(Clone, PartialEq, Debug)]
pub enum Trouble {
    Unknown(Arc<str>, Span),
    /// This division leaves a rest, and nothing rounds.
    Inexact(Span),
    ByZero,
    Overflow,
}

/// What is known of a variable from an axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Solution {
    /// This size, and no other.
    One(usize),
    /// No size makes the formula so large.
    None,
    /// These do, and perhaps others.
    Several(usize, usize),
    /// It is not plain to see.
    Unclear,
}

/// A fraction in lowest terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exact {
    over: i128,
    /// Above 0.
    under: i128,
}

impl Exact {
    pub fn whole(value: i128) -> Exact {
        Exact { over: value, under: 1 }
    }

    fn new(over: i128, under: i128) -> Option<Exact> {
        let (over, under) = if under < 0 { (over.checked_neg()?, under.checked_neg()?) } else { (over, under) };
        let common = gcd(over.unsigned_abs(), under.unsigned_abs()) as i128;
        (common > 0).then(|| Exact { over: over / common, under: under / common })
    }

    /// Exactly this number, if it is not too large or too fine.
    pub fn of(value: f64) -> Option<Exact> {
        let (mut value, mut under) = (value, 1i128);
        while value.fract() != 0.0 && under < 1 << 60 {
            (value, under) = (value * 2.0, under * 2);
        }
        (value.fract() == 0.0 && value.abs() < 1e36).then(|| Exact::new(value as i128, under)).flatten()
    }

    pub fn as_whole(self) -> Option<i128> {
        (self.under == 1).then_some(self.over)
    }

    pub fn to_f64(self) -> f64 {
        self.over as f64 / self.under as f64
    }

    fn add(self, other: Exact) -> Option<Exact> {
        let (a, b) = (self.over.checked_mul(other.under)?, other.over.checked_mul(self.under)?);
        Exact::new(a.checked_add(b)?, self.under.checked_mul(other.under)?)
    }

    fn neg(self) -> Exact {
        Exact { over: -self.over, under: self.under }
    }

    fn mul(self, other: Exact) -> Option<Exact> {
        Exact::new(self.over.checked_mul(other.over)?, self.under.checked_mul(other.under)?)
    }

    fn div(self, other: Exact) -> Option<Exact> {
        Exact::new(self.over.checked_mul(other.under)?, self.under.checked_mul(other.over)?)
    }

    fn round(self, way: Round) -> Exact {
        let down = self.over.div_euclid(self.under);
        Exact::whole(down + i128::from(way == Round::Up && self.under != 1))
    }

    fn is_zero(self) -> bool {
        self.over == 0
    }
}

/// Far from overflow what is compared is small; where it is not, the order of the numbers as f64 decides.
impl Ord for Exact {
    fn cmp(&self, other: &Exact) -> Ordering {
        match (self.over.checked_mul(other.under), other.over.checked_mul(self.under)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => self.to_f64().total_cmp(&other.to_f64()),
        }
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Exact) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Join {
    fn of(self, a: Exact, b: Exact) -> Result<Exact, Trouble> {
        match self {
            Join::Div | Join::Mod if b.is_zero() => Err(Trouble::ByZero),
            Join::Add => a.add(b).ok_or(Trouble::Overflow),
            Join::Sub => a.add(b.neg()).ok_or(Trouble::Overflow),
            Join::Mul => a.mul(b).ok_or(Trouble::Overflow),
            Join::Div => a.div(b).ok_or(Trouble::Overflow),
            Join::Min => Ok(a.min(b)),
            Join::Max => Ok(a.max(b)),
            Join::Mod => {
                let times = a.div(b).map(|it| it.round(Round::Down));
                times.and_then(|times| times.mul(b)).and_then(|it| a.add(it.neg())).ok_or(Trouble::Overflow)
            }
        }
    }
}

impl Size {
    pub fn join(join: Join, a: Size, b: Size, span: Span) -> Size {
        match (&a, &b) {
            (Size::Known(x), Size::Known(y)) => match join.of(*x, *y) {
                Ok(value) if join == Join::Div && value.under != 1 => Size::Rest(value, span),
                Ok(value) => Size::Known(value),
                Err(_) => Size::Join(join, Box::new([a, b]), span),
            },
            (&Size::Rest(x, rest), &Size::Known(y) | &Size::Rest(y, _)) | (&Size::Known(x), &Size::Rest(y, rest)) => {
                join.of(x, y).map_or_else(|_| Size::Join(join, Box::new([a, b]), span), |it| Size::Rest(it, rest))
            }
            _ => Size::Join(join, Box::new([a, b]), span),
        }
    }

    pub fn round(round: Round, of: Size) -> Size {
        match of {
            Size::Known(it) | Size::Rest(it, _) => Size::Known(it.round(round)),
            of => Size::Round(round, Box::new(of)),
        }
    }

    /// The names that are not known, each once, in the order in which they stand.
    pub fn unknowns(&self) -> Vec<Arc<str>> {
        match self {
            Size::Known(_) | Size::Rest(..) => vec![],
            Size::Unknown(name, _) => vec![name.clone()],
            Size::Round(_, of) => of.unknowns(),
            Size::Join(_, parts, _) => {
                let mut names = parts[0].unknowns();
                names.extend(parts[1].unknowns().into_iter().filter(|it| !parts[0].unknowns().contains(it)));
                names
            }
        }
    }

    /// The number, exactly. Divisions leave no rest, but within what rounds.
    pub fn worth(&self) -> Result<Exact, Trouble> {
        self.value(None, true)
    }

    /// The number where the unknown is `at`.
    fn value(&self, at: Option<i128>, strict: bool) -> Result<Exact, Trouble> {
        match self {
            Size::Known(value) => Ok(*value),
            Size::Rest(value, _) if !strict => Ok(*value),
            Size::Rest(_, span) => Err(Trouble::Inexact(*span)),
            Size::Unknown(name, span) => at.map(Exact::whole).ok_or_else(|| Trouble::Unknown(name.clone(), *span)),
            Size::Round(round, of) => Ok(of.value(at, false)?.round(*round)),
            Size::Join(join, parts, span) => {
                let value = join.of(parts[0].value(at, strict)?, parts[1].value(at, strict)?)?;
                if strict && *join == Join::Div && value.under != 1 {
                    return Err(Trouble::Inexact(*span));
                }
                Ok(value)
            }
        }
    }

    // ------------------------------------------------------------------------------------------------ solving

    /// The size of the one unknown in the formula that makes it worth `found`.
    pub fn solve(&self, found: usize) -> Solution {
        let found = Exact::whole(found as i128);
        if let Some(polynomial) = self.polynomial() {
            return solve_polynomial(&polynomial, found);
        }
        let Some((first, last)) = self.bracket(found) else { return Solution::Unclear };
        // Where the formula is flat the first two tell; else there are few.
        let tried = first..=last.min(first.saturating_add(WINDOW));
        match one_of(tried.map(|at| (at, self.value(Some(at), false).map(|it| it == found)))) {
            Solution::One(_) | Solution::None if last.saturating_sub(first) > WINDOW => Solution::Unclear,
            solution => solution,
        }
    }

    /// The coefficients, from the constant one on, where the formula is a polynomial in its unknown.
    fn polynomial(&self) -> Option<Vec<Exact>> {
        let zero = Exact::whole(0);
        let mut sum = match self {
            Size::Known(value) | Size::Rest(value, _) => vec![*value],
            Size::Unknown(..) => vec![zero, Exact::whole(1)],
            Size::Round(..) => return None,
            Size::Join(join, parts, _) => {
                let (a, b) = (parts[0].polynomial()?, parts[1].polynomial()?);
                let at = |of: &[Exact], k: usize| of.get(k).copied().unwrap_or(zero);
                match join {
                    Join::Add | Join::Sub => {
                        let all = 0..a.len().max(b.len());
                        all.map(|k| join.of(at(&a, k), at(&b, k)).ok()).collect::<Option<Vec<_>>>()?
                    }
                    Join::Mul => {
                        let mut product = vec![zero; a.len() + b.len() - 1];
                        for (i, x) in a.iter().enumerate() {
                            for (k, y) in b.iter().enumerate() {
                                product[i + k] = product[i + k].add(x.mul(*y)?)?;
                            }
                        }
                        product
                    }
                    Join::Div => match b[..] {
                        [divisor] if !divisor.is_zero() => {
                            a.into_iter().map(|it| it.div(divisor)).collect::<Option<Vec<_>>>()?
                        }
                        _ => return None,
                    },
                    Join::Min | Join::Max | Join::Mod => return None,
                }
            }
        };
        while sum.len() > 1 && sum.last().is_some_and(|it| it.is_zero()) {
            sum.pop();
        }
        Some(sum)
    }

    /// The first and the last size between which every solution lies, where the formula only grows or only falls.
    fn bracket(&self, found: Exact) -> Option<(i128, i128)> {
        let at = |n: i128| self.range(n, n);
        let (first, after) = match self.trend()? {
            Trend::Up | Trend::Flat => (first(|n| Some(at(n)?.1 >= found))?, first(|n| Some(at(n)?.0 > found))?),
            Trend::Down => (first(|n| Some(at(n)?.0 <= found))?, first(|n| Some(at(n)?.1 < found))?),
        };
        Some((first, after - 1))
    }

    /// Whether the formula grows or falls with its unknown, for all sizes; `None` where that is not plain to see. What
    /// `mod` gives is taken for flat: it lies in a range that does not move.
    fn trend(&self) -> Option<Trend> {
        use Trend::*;
        let zero = Exact::whole(0);
        match self {
            Size::Known(_) | Size::Rest(..) => Some(Flat),
            Size::Unknown(..) => Some(Up),
            Size::Round(_, of) => of.trend(),
            Size::Join(join, parts, _) => {
                let (a, b) = (parts[0].trend()?, parts[1].trend()?);
                let all = |part: &Size| part.range(1, LARGEST);
                match join {
                    Join::Add | Join::Min | Join::Max => a.with(b),
                    Join::Sub => a.with(b.turned()),
                    Join::Mul => {
                        let (x, y) = (all(&parts[0])?, all(&parts[1])?);
                        match (a, b) {
                            (Flat, moves) if x.0 >= zero => Some(moves),
                            (Flat, moves) if x.1 <= zero => Some(moves.turned()),
                            (moves, Flat) if y.0 >= zero => Some(moves),
                            (moves, Flat) if y.1 <= zero => Some(moves.turned()),
                            _ if x.0 >= zero && y.0 >= zero => a.with(b),
                            _ => None,
                        }
                    }
                    Join::Div => {
                        let (x, y) = (all(&parts[0])?, all(&parts[1])?);
                        match (a, b) {
                            (moves, Flat) if y.0 > zero => Some(moves),
                            (Flat, moves) if y.0 > zero && x.0 >= zero => Some(moves.turned()),
                            (moves, turned) if y.0 > zero && x.0 >= zero => moves.with(turned.turned()),
                            _ => None,
                        }
                    }
                    Join::Mod => matches!(parts[1], Size::Known(it) if it > zero).then_some(Flat),
                }
            }
        }
    }

    /// Between which numbers the formula lies while its unknown goes from `low` to `high`.
    fn range(&self, low: i128, high: i128) -> Option<(Exact, Exact)> {
        match self {
            Size::Known(value) | Size::Rest(value, _) => Some((*value, *value)),
            Size::Unknown(..) => Some((Exact::whole(low), Exact::whole(high))),
            Size::Round(round, of) => of.range(low, high).map(|(a, b)| (a.round(*round), b.round(*round))),
            Size::Join(join, parts, _) => {
                let (a, b) = (parts[0].range(low, high)?, parts[1].range(low, high)?);
                match join {
                    Join::Add => Some((a.0.add(b.0)?, a.1.add(b.1)?)),
                    Join::Sub => Some((a.0.add(b.1.neg())?, a.1.add(b.0.neg())?)),
                    Join::Min => Some((a.0.min(b.0), a.1.min(b.1))),
                    Join::Max => Some((a.0.max(b.0), a.1.max(b.1))),
                    Join::Mod if b.0 == b.1 && b.0 > Exact::whole(0) => Some((Exact::whole(0), b.0)),
                    Join::Mod => None,
                    Join::Div if b.0 <= Exact::whole(0) => None,
                    Join::Mul | Join::Div => {
                        let ends = [(a.0, b.0), (a.0, b.1), (a.1, b.0), (a.1, b.1)];
                        let all = ends.map(|(x, y)| join.of(x, y).ok());
                        let all: Vec<Exact> = all.into_iter().collect::<Option<_>>()?;
                        Some((*all.iter().min()?, *all.iter().max()?))
                    }
                }
            }
        }
    }
}

/// How many sizes are tried one by one.
const WINDOW: i128 = 4096;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trend {
    Flat,
    Up,
    Down,
}

impl Trend {
    fn turned(self) -> Trend {
        match self {
            Trend::Flat => Trend::Flat,
            Trend::Up => Trend::Down,
            Trend::Down => Trend::Up,
        }
    }

    fn with(self, other: Trend) -> Option<Trend> {
        match (self, other) {
            (Trend::Flat, other) => Some(other),
            (one, other) => (other == Trend::Flat || one == other).then_some(one),
        }
    }
}

/// The first size for which `holds`, which holds for all behind it: [`LARGEST`] + 1 if there is none. Found by doubling,
/// so that no number becomes larger than it must.
fn first(holds: impl Fn(i128) -> Option<bool>) -> Option<i128> {
    let (mut not, mut does) = (0, 1);
    while !holds(does)? {
        if does == LARGEST {
            return Some(LARGEST + 1);
        }
        (not, does) = (does, (2 * does).min(LARGEST));
    }
    while does - not > 1 {
        let middle = (not + does) / 2;
        if holds(middle)? { does = middle } else { not = middle }
    }
    Some(does)
}

/// The one size that fits, of some that were tried.
fn one_of(tried: impl Iterator<Item = (i128, Result<bool, Trouble>)>) -> Solution {
    let mut solution = Solution::None;
    for (at, fits) in tried {
        match (fits, solution) {
            (Ok(true), Solution::One(first)) => return Solution::Several(first, at as usize),
            (Ok(true), _) => solution = Solution::One(at as usize),
            (Ok(false) | Err(Trouble::ByZero), _) => {}
            (Err(_), _) => return Solution::Unclear,
        }
    }
    solution
}

/// Behind the last place where its slope can change its sign a polynomial only grows or only falls; up to there sizes are
/// tried one by one.
fn solve_polynomial(coefficients: &[Exact], found: Exact) -> Solution {
    let Some((leading, rest)) = coefficients.split_last() else { return Solution::Unclear };
    if rest.is_empty() {
        return if *leading == found { Solution::Several(1, 2) } else { Solution::None };
    }
    let worth = |at: i128| {
        let sum = coefficients.iter().rev().try_fold(Exact::whole(0), |sum, it| sum.mul(Exact::whole(at))?.add(*it));
        sum.ok_or(Trouble::Overflow)
    };
    // Cauchy's bound of the roots of the derivative.
    let slope = |k: usize| coefficients[k].mul(Exact::whole(k as i128));
    let steepest = slope(rest.len());
    let bound = (1..rest.len()).try_fold(Exact::whole(0), |most, k| {
        let ratio = slope(k)?.div(steepest?)?;
        Some(most.max(ratio).max(ratio.neg()))
    });
    let turns = match (rest.len(), bound) {
        (1, _) => 0,
        (_, Some(bound)) => bound.round(Round::Up).over.saturating_add(1),
        (_, None) => return Solution::Unclear,
    };
    if turns > WINDOW {
        return Solution::Unclear;
    }
    let head = one_of((1..=turns).map(|at| (at, worth(at).map(|it| it == found))));
    let grows = *leading > Exact::whole(0);
    let reached = |at: i128| {
        let value = worth(at.max(turns + 1)).ok()?;
        Some(if grows { value >= found } else { value <= found })
    };
    let Some(place) = first(reached) else { return Solution::Unclear };
    let place = place.max(turns + 1);
    let tail = place <= LARGEST && worth(place) == Ok(found);
    match (head, tail) {
        (head, false) => head,
        (Solution::None, true) => Solution::One(place as usize),
        (Solution::One(first), true) => Solution::Several(first, place as usize),
        (head, true) => head,
    }
}
