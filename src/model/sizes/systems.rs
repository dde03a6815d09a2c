//! Several sizes at once: systems of linear equations, solved exactly over the sizes that tensors can have.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Exact, Join, LARGEST, Size, gcd};

/// That a formula is worth a number.
pub type Fact = (Size, usize);

/// Sizes by their names.
pub type Sizes = BTreeMap<Arc<str>, usize>;

/// What several facts say together. Those that are not linear say nothing here.
#[derive(Clone, PartialEq, Debug)]
pub enum System {
    /// These sizes are fixed, each the only one that fits. Where others are not, two ways to choose all those which stand
    /// in equations, if two were found.
    Fixed(Sizes, Option<[Sizes; 2]>),
    /// No sizes fit all of these facts, and some fit any of them but one.
    Clash(Vec<usize>),
}

/// Solves what is linear among the facts.
pub fn solve(facts: &[Fact]) -> System {
    let mut rows: Vec<(usize, Linear)> =
        facts.iter().enumerate().filter_map(|(at, fact)| Some((at, linear(fact)?))).collect();
    let (mut fixed, mut open, mut open_ways) = (Sizes::new(), false, [Sizes::new(), Sizes::new()]);
    while let Some((first, _)) = rows.first() {
        let group = connected(*first, &mut rows);
        let linears: Vec<&Linear> = group.iter().map(|(_, row)| row).collect();
        match ways(&linears) {
            Ways::None => return System::Clash(least(group)),
            Ways::One(sizes) => {
                open_ways.iter_mut().for_each(|it| it.extend(sizes.clone()));
                fixed.extend(sizes);
            }
            Ways::Several(some, found) => {
                fixed.extend(some);
                match found {
                    Some(found) => open_ways.iter_mut().zip(found).for_each(|(all, own)| all.extend(own)),
                    None => open = true,
                }
            }
        }
    }
    let [one, other] = open_ways;
    let several = !open && one != other;
    System::Fixed(fixed, several.then_some([one, other]))
}

/// A sum of multiples of names, and what it is worth.
#[derive(Clone, PartialEq, Debug)]
struct Linear {
    terms: BTreeMap<Arc<str>, Exact>,
    worth: Exact,
}

/// The fact as an equation, where it is one that is linear and names something.
fn linear((size, found): &Fact) -> Option<Linear> {
    let (mut terms, constant) = sum(size)?;
    terms.retain(|_, factor| !factor.is_zero());
    let worth = Exact::whole(*found as i128).add(constant.neg())?;
    (!size.unknowns().is_empty()).then_some(Linear { terms, worth })
}

fn sum(size: &Size) -> Option<(BTreeMap<Arc<str>, Exact>, Exact)> {
    let zero = Exact::whole(0);
    match size {
        Size::Known(value) | Size::Rest(value, _) => Some((BTreeMap::new(), *value)),
        Size::Unknown(name, _) => Some(([(name.clone(), Exact::whole(1))].into(), zero)),
        Size::Round(..) => None,
        Size::Join(join, parts, _) => {
            let ((mut a, x), (b, y)) = (sum(&parts[0])?, sum(&parts[1])?);
            let scaled = |terms: BTreeMap<Arc<str>, Exact>, by: Exact| {
                terms.into_iter().map(|(name, it)| Some((name, it.mul(by)?))).collect::<Option<BTreeMap<_, _>>>()
            };
            match join {
                Join::Add | Join::Sub => {
                    for (name, factor) in b {
                        let own = a.entry(name).or_insert(zero);
                        *own = join.of(*own, factor).ok()?;
                    }
                    Some((a, join.of(x, y).ok()?))
                }
                Join::Mul if b.is_empty() => Some((scaled(a, y)?, x.mul(y)?)),
                Join::Mul if a.is_empty() => Some((scaled(b, x)?, x.mul(y)?)),
                Join::Div if b.is_empty() && !y.is_zero() => Some((scaled(a, Exact::whole(1).div(y)?)?, x.div(y)?)),
                Join::Mul | Join::Div | Join::Min | Join::Max | Join::Mod => None,
            }
        }
    }
}

/// Takes out of `rows` the first, and all that share names with it, straight or through others.
fn connected(first: usize, rows: &mut Vec<(usize, Linear)>) -> Vec<(usize, Linear)> {
    let mut group: Vec<(usize, Linear)> = rows.extract_if(.., |(at, _)| *at == first).collect();
    loop {
        let touches = |row: &Linear| group.iter().any(|(_, own)| own.terms.keys().any(|it| row.terms.contains_key(it)));
        let more: Vec<bool> = rows.iter().map(|(_, row)| touches(row)).collect();
        if !more.contains(&true) {
            group.sort_by_key(|(at, _)| *at);
            return group;
        }
        let mut more = more.into_iter();
        group.extend(rows.extract_if(.., |_| more.next() == Some(true)));
    }
}

/// Leaves away what the contradiction does not need.
fn least(mut group: Vec<(usize, Linear)>) -> Vec<usize> {
    // From the front, so that the facts that came last stay: they are where it shows.
    let mut at = 0;
    while at < group.len() {
        let without: Vec<&Linear> = group.iter().enumerate().filter(|(k, _)| *k != at).map(|(_, it)| &it.1).collect();
        if !without.is_empty() && ways(&without) == Ways::None {
            group.remove(at);
        } else {
            at += 1;
        }
    }
    group.into_iter().map(|(at, _)| at).collect()
}

/// How many ways there are to choose the sizes.
#[derive(PartialEq)]
enum Ways {
    None,
    One(Sizes),
    /// More than one, or it is not known how many: what is fixed all the same, and two of the ways.
    Several(Sizes, Option<[Sizes; 2]>),
}

fn ways(facts: &[&Linear]) -> Ways {
    let mut names: Vec<Arc<str>> = facts.iter().flat_map(|row| row.terms.keys().cloned()).collect();
    names.sort();
    names.dedup();
    let unclear = || Ways::Several(Sizes::new(), None);
    let named =
        |values: &[i128]| -> Sizes { names.iter().cloned().zip(values.iter().map(|&it| it as usize)).collect() };
    let rows = facts.iter().map(|fact| whole_row(fact, &names)).collect::<Option<Vec<_>>>();
    let Some(rows) = rows.and_then(eliminated) else { return unclear() };
    // Nothing is left of the left side, and something of the right one.
    if rows.iter().any(|row| row.factors.iter().all(|&it| it == 0)) {
        return Ways::None;
    }
    let mut fixed = Sizes::new();
    for row in &rows {
        let mut there = row.factors.iter().enumerate().filter(|(_, factor)| **factor != 0);
        if let (Some((at, factor)), None) = (there.next(), there.next()) {
            if row.worth % factor != 0 || !(1..=LARGEST).contains(&(row.worth / factor)) {
                return Ways::None;
            }
            fixed.insert(names[at].clone(), (row.worth / factor) as usize);
        }
    }
    if fixed.len() == names.len() {
        return Ways::One(fixed);
    }
    match solutions(&rows, names.len(), &mut { TRIES }).as_deref() {
        Some([]) => Ways::None,
        Some([one]) => Ways::One(named(one)),
        Some([one, other, ..]) => Ways::Several(fixed, Some([named(one), named(other)])),
        None => Ways::Several(fixed, None),
    }
}

// ------------------------------------------------------------------------------------------------ whole numbers

/// An equation in whole numbers without a common divisor.
#[derive(Clone)]
struct Row {
    factors: Vec<i128>,
    worth: i128,
}

fn whole_row(fact: &Linear, names: &[Arc<str>]) -> Option<Row> {
    let mut scale = fact.worth.under;
    for factor in fact.terms.values() {
        scale = (scale / gcd(scale as u128, factor.under as u128) as i128).checked_mul(factor.under)?;
    }
    let whole = |it: Exact| it.over.checked_mul(scale / it.under);
    let factors = names.iter().map(|name| fact.terms.get(name).map_or(Some(0), |it| whole(*it)));
    Some(Row { factors: factors.collect::<Option<_>>()?, worth: whole(fact.worth)? })
}

impl Row {
    /// This row times `by`, less `other` times `of`, in lowest terms.
    fn less(&self, by: i128, other: &Row, of: i128) -> Option<Row> {
        let join = |a: i128, b: i128| a.checked_mul(by)?.checked_sub(b.checked_mul(of)?);
        let factors = self.factors.iter().zip(&other.factors).map(|(a, b)| join(*a, *b)).collect::<Option<Vec<_>>>()?;
        Some(Row { factors, worth: join(self.worth, other.worth)? }.lowest())
    }

    /// Without the divisor that the factors have in common, if it divides the right side too.
    fn lowest(mut self) -> Row {
        let common = self.factors.iter().fold(self.worth.unsigned_abs(), |so_far, it| gcd(so_far, it.unsigned_abs()));
        if common > 1 {
            self.factors.iter_mut().for_each(|it| *it /= common as i128);
            self.worth /= common as i128;
        }
        self
    }
}

/// The rows, so changed that each has a name that no other has. Those that say nothing are left away.
fn eliminated(mut rows: Vec<Row>) -> Option<Vec<Row>> {
    let width = rows.first().map_or(0, |row| row.factors.len());
    let mut done = 0;
    for at in 0..width {
        let Some(pivot) = (done..rows.len()).find(|&row| rows[row].factors[at] != 0) else { continue };
        rows.swap(done, pivot);
        let pivot = rows[done].clone();
        for (place, row) in rows.iter_mut().enumerate() {
            if place != done && row.factors[at] != 0 {
                *row = row.less(pivot.factors[at], &pivot, row.factors[at])?;
            }
        }
        done += 1;
    }
    rows.retain(|row| row.worth != 0 || row.factors.iter().any(|&it| it != 0));
    Some(rows)
}

/// All whole solutions: `start`, and whole multiples of `ways` added to it.
struct Lattice {
    start: Vec<i128>,
    ways: Vec<Vec<i128>>,
}

/// The whole solutions of rows of which none follows from others; `Some(None)` if there are none, `None` if the numbers
/// become too large. The columns are brought into Hermite's form.
fn lattice(rows: &[Row], width: usize) -> Option<Option<Lattice>> {
    // Each column with what it stands for in terms of the names.
    let column = |at: usize| {
        let unit: Vec<i128> = (0..width).map(|k| i128::from(k == at)).collect();
        (rows.iter().map(|row| row.factors[at]).collect::<Vec<i128>>(), unit)
    };
    let mut columns: Vec<_> = (0..width).map(column).collect();
    let less = |a: &[i128], b: &[i128], times: i128| -> Option<Vec<i128>> {
        a.iter().zip(b).map(|(a, b)| a.checked_sub(b.checked_mul(times)?)).collect()
    };
    let mut chosen: Vec<i128> = vec![];
    for (place, row) in rows.iter().enumerate() {
        // Euclid's algorithm between the columns that are left, until one has the divisor of all.
        loop {
            let there = |columns: &[(Vec<i128>, Vec<i128>)]| -> Vec<usize> {
                (place..width).filter(|&at| columns[at].0[place] != 0).collect()
            };
            let least = *there(&columns).iter().min_by_key(|&&at| columns[at].0[place].unsigned_abs())?;
            columns.swap(place, least);
            let (pivot, unit) = columns[place].clone();
            let others = there(&columns);
            if others.len() == 1 {
                break;
            }
            for at in others.into_iter().filter(|&at| at != place) {
                let times = columns[at].0[place] / pivot[place];
                columns[at] = (less(&columns[at].0, &pivot, times)?, less(&columns[at].1, &unit, times)?);
            }
        }
        let mut rest = row.worth;
        for (times, column) in chosen.iter().zip(&columns) {
            rest = rest.checked_sub(times.checked_mul(column.0[place])?)?;
        }
        if rest % columns[place].0[place] != 0 {
            return Some(None);
        }
        chosen.push(rest / columns[place].0[place]);
    }
    let mut start = vec![0i128; width];
    for (times, column) in chosen.iter().zip(&columns) {
        start = less(&start, &column.1, times.checked_neg()?)?;
    }
    Some(Some(Lattice { start, ways: columns.drain(rows.len()..).map(|column| column.1).collect() }))
}

/// Up to two solutions within the sizes that there are, where they lie in a line.
fn along(start: &[i128], way: &[i128]) -> Option<Vec<Vec<i128>>> {
    let (mut low, mut high) = (i128::MIN, i128::MAX);
    for (&from, &step) in start.iter().zip(way) {
        let (first, last) = (1i128.checked_sub(from)?, LARGEST.checked_sub(from)?);
        match step {
            0 if first > 0 || last < 0 => return Some(vec![]),
            0 => {}
            _ => {
                let (first, last) = if step > 0 { (first, last) } else { (last, first) };
                // Rounded inwards.
                low = low.max(up(first, step));
                high = high.min(down(last, step));
            }
        }
    }
    let at = |times: i128| -> Option<Vec<i128>> {
        start.iter().zip(way).map(|(from, step)| from.checked_add(step.checked_mul(times)?)).collect()
    };
    (low..=high).take(2).map(at).collect()
}

fn down(a: i128, b: i128) -> i128 {
    let (a, b) = if b < 0 { (-a, -b) } else { (a, b) };
    a.div_euclid(b)
}

fn up(a: i128, b: i128) -> i128 {
    -down(-a, b)
}

/// How many systems a search looks at before it gives up.
const TRIES: usize = 2000;

/// Up to two solutions, all of them where there are fewer; `None` if finding them takes too long. Where they do not lie in a
/// line, one size is tried after the other for one of the names.
fn solutions(rows: &[Row], width: usize, left: &mut usize) -> Option<Vec<Vec<i128>>> {
    *left = left.checked_sub(1)?;
    let rows = eliminated(rows.to_vec())?;
    if rows.iter().any(|row| row.factors.iter().all(|&it| it == 0)) {
        return Some(vec![]);
    }
    let Some(lattice) = lattice(&rows, width)? else { return Some(vec![]) };
    match &lattice.ways[..] {
        [] => return along(&lattice.start, &vec![0; width]).map(|found| found.into_iter().take(1).collect()),
        [way] => return along(&lattice.start, way),
        _ => {}
    }
    let mut domains = vec![(1, LARGEST); width];
    if !narrow(&rows, &mut domains)? {
        return Some(vec![]);
    }
    let open = (0..width).filter(|&at| domains[at].0 < domains[at].1);
    // More than one way leads along some name.
    let at = open.min_by_key(|&at| domains[at].1 - domains[at].0).unwrap_or(0);
    let mut found = vec![];
    for value in domains[at].0..=domains[at].1 {
        let factors = (0..width).map(|k| i128::from(k == at)).collect();
        let with = [&rows[..], &[Row { factors, worth: value }]].concat();
        found.extend(solutions(&with, width, left)?);
        if found.len() > 1 {
            break;
        }
    }
    Some(found)
}

/// Takes away from the ends of the domains what no equation allows; whether something is left of each.
fn narrow(rows: &[Row], domains: &mut [(i128, i128)]) -> Option<bool> {
    // Each round may move an end a little; a hundred rounds are enough for the search to go on.
    for _ in 0..100 {
        let before = domains.to_vec();
        for row in rows {
            for at in 0..domains.len() {
                let own = row.factors[at];
                if own == 0 {
                    continue;
                }
                // What the others leave for it.
                let (mut least, mut most) = (row.worth, row.worth);
                for (k, (&factor, &(low, high))) in row.factors.iter().zip(domains.iter()).enumerate() {
                    if k != at {
                        let (a, b) = (factor.checked_mul(low)?, factor.checked_mul(high)?);
                        (least, most) = (least.checked_sub(a.max(b))?, most.checked_sub(a.min(b))?);
                    }
                }
                let (first, last) = if own > 0 { (least, most) } else { (most, least) };
                let (low, high) = (domains[at].0.max(up(first, own)), domains[at].1.min(down(last, own)));
                if low > high {
                    return Some(false);
                }
                domains[at] = (low, high);
            }
        }
        if before == domains {
            break;
        }
    }
    Some(true)
}
