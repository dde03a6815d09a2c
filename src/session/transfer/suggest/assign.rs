//! Which tensor of a file is meant by which of the model: by shapes, by words, by numbers, by order, and by what the
//! neighbours are.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{alike, alike_in_order, numbers, parts, tokens, words};
use super::{Gap, Spare};
use crate::model::transfer::{Layout, leaves};

/// A gap and the spare tensor that fills it, as indices.
pub type Pair = (usize, usize);

/// Tensors of one layer.
struct Owner {
    name: String,
    /// Gaps or spares, by index.
    tensors: Vec<usize>,
    words: Vec<String>,
    numbers: Vec<(usize, usize)>,
    parts: Vec<String>,
    /// The name without its numbers.
    form: String,
}

/// How much each of the reasons counts.
const WORDS: f64 = 2.0;
const NUMBERS: f64 = 1.0;
const ORDER: f64 = 1.5;
const NEIGHBOURS: f64 = 2.5;
const FORMS: f64 = 2.0;
/// Looks at the neighbours, which change by each of them; at forms only once most are where they belong.
const ROUNDS: usize = 7;
const ROUNDS_WITHOUT_FORMS: usize = 4;
const FEW: usize = 4;
/// Below everything that a pair can be worth.
const NEVER: f64 = -1e6;
/// More layers of one shape than this are not told apart.
const MOST: usize = 400;

/// The most likely pairs: layers first, then what is left of them tensor by tensor.
pub fn assign(gaps: &[Gap], spares: &[Spare]) -> Vec<Pair> {
    let real = |it: &usize| spares[*it].is_real;
    let all: Vec<usize> = (0..spares.len()).filter(real).collect();
    let own = owners((0..gaps.len()).map(|at| (at, split_own(&gaps[at].name).0.to_string())));
    let mut foreign = owners(all.iter().map(|&at| (at, leaves::split(&spares[at].name).0.to_string())));
    in_order(&mut foreign, spares, &all);
    let mut pairs = matched(&own, &foreign, gaps, spares);
    let open_gaps = (0..gaps.len()).filter(|at| pairs.iter().all(|it| it.0 != *at));
    let own = owners(open_gaps.map(|at| (at, gaps[at].name.clone())));
    let open = all.iter().filter(|at| pairs.iter().all(|it| it.1 != **at));
    let mut foreign = owners(open.map(|&at| (at, spares[at].name.clone())));
    in_order(&mut foreign, spares, &all);
    pairs.extend(matched(&own, &foreign, gaps, spares));
    pairs.sort_unstable();
    pairs
}

/// Whether each pair is the only one that there can be: by what its names say, or as nothing else has such shapes.
pub fn is_certain(gaps: &[Gap], spares: &[Spare], pairs: &[Pair]) -> bool {
    let owner = |name: &str| tokens(leaves::split(name).0);
    let own = |gap: usize| tokens(split_own(&gaps[gap].name).0);
    // All of a file may lie in a part of its own.
    let foreign: Vec<_> = spares.iter().map(|it| owner(&it.name)).collect();
    let first = foreign.first().cloned().unwrap_or_default();
    let common = (0..=first.len()).rev().find(|&length| foreign.iter().all(|it| it.starts_with(&first[..length])));
    let common = common.unwrap_or(0);
    let says_the_same = |&(gap, spare): &Pair| {
        let (own, foreign) = (own(gap), &foreign[spare]);
        own == *foreign || (1..=common).any(|length| own == foreign[length..])
    };
    let sorted = |shape: &[usize]| {
        let mut dims = shape.to_vec();
        dims.sort_unstable();
        dims
    };
    let is_only = |&(gap, spare): &Pair| {
        let dims = sorted(&gaps[gap].shape);
        let leaf = split_own(&gaps[gap].name).1;
        let same = |shape: &[usize]| sorted(shape) == dims;
        gaps.iter().filter(|it| same(&it.shape) && split_own(&it.name).1 == leaf).count() == 1
            && spares.iter().filter(|it| same(&it.shape) && leaves::means(leaves::leaf(&it.name), leaf)).count() == 1
            && leaves::means(leaves::leaf(&spares[spare].name), leaf)
    };
    pairs.iter().all(|pair| says_the_same(pair) && leaves_agree(gaps, spares, pair) || is_only(pair))
}

/// `b#.norm`, `layer#.#.conv1`: a name without its numbers, but for one that ends its last word. A mark of its own keeps it
/// from being a part.
fn form(name: &str) -> String {
    let name = name.trim_end_matches(['.', '/', '_']);
    let (before, last) = name.split_at(name.rfind(['.', '/', '[']).map_or(0, |at| at + 1));
    let word = last.trim_end_matches(|it: char| it.is_ascii_digit());
    let kept = if word.is_empty() { "" } else { &last[word.len()..] };
    let mut out = String::from("=");
    for it in before.chars().chain(last[..last.len() - kept.len()].chars()) {
        match it.is_ascii_digit() {
            true if out.ends_with('#') => {}
            true => out.push('#'),
            false => out.push(it),
        }
    }
    out + kept
}

fn leaves_agree(gaps: &[Gap], spares: &[Spare], &(gap, spare): &Pair) -> bool {
    leaves::means(leaves::leaf(&spares[spare].name), split_own(&gaps[gap].name).1)
}

/// The layer of a tensor of the model, and the tensor's own name.
pub fn split_own(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

fn owners(tensors: impl Iterator<Item = (usize, String)>) -> Vec<Owner> {
    let mut found: Vec<Owner> = vec![];
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (tensor, name) in tensors {
        match places.get(&name) {
            Some(&at) => found[at].tensors.push(tensor),
            None => {
                places.insert(name.clone(), found.len());
                let (words, parts, form) = (words(&name), parts(&name), form(&name));
                found.push(Owner { name, tensors: vec![tensor], words, numbers: vec![], parts, form });
            }
        }
    }
    let numbers = numbers(&found.iter().map(|it| it.name.as_str()).collect::<Vec<_>>());
    found.iter_mut().zip(numbers).for_each(|(it, numbers)| it.numbers = numbers);
    found
}

/// Puts layers in the order of their names, a 10 after a 9. Most files have their tensors by name, which says nothing of
/// their order; where one has not, it has the order in which somebody made them.
fn in_order(owners: &mut [Owner], spares: &[Spare], all: &[usize]) {
    if all.is_sorted_by(|a, b| spares[*a].name <= spares[*b].name) {
        owners.sort_by_cached_key(|it| tokens(&it.name));
    }
}

/// The best pairs of layers that have the same shapes.
fn matched(own: &[Owner], foreign: &[Owner], gaps: &[Gap], spares: &[Spare]) -> Vec<Pair> {
    let key = |shapes: &mut dyn Iterator<Item = &Vec<usize>>| {
        let mut all: Vec<Vec<usize>> = shapes.cloned().collect();
        all.iter_mut().for_each(|it| it.sort_unstable());
        all.sort_unstable();
        all
    };
    let mut classes: BTreeMap<_, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (at, it) in own.iter().enumerate() {
        let shapes = key(&mut it.tensors.iter().map(|&at| &gaps[at].shape));
        classes.entry(shapes).or_default().0.push(at);
    }
    for (at, it) in foreign.iter().enumerate() {
        let shapes = key(&mut it.tensors.iter().map(|&at| &spares[at].shape));
        classes.entry(shapes).or_default().1.push(at);
    }
    classes.retain(|_, (a, b)| !a.is_empty() && !b.is_empty() && a.len().max(b.len()) <= MOST);
    let mut found: Vec<(usize, usize)> = vec![];
    for round in 0..ROUNDS {
        let forms = if round < ROUNDS_WITHOUT_FORMS { 0.0 } else { FORMS };
        let votes = Votes::of(&found, own, foreign);
        found.clear();
        for (a, b) in classes.values() {
            let worth = |i: usize, j: usize| {
                let (u, t) = (&own[a[i]], &foreign[b[j]]);
                if tensors(u, t, gaps, spares).is_none() {
                    return NEVER;
                }
                // Of a few the order says little.
                let place = |at: usize, of: &[usize]| at as f64 / (of.len() - 1).max(FEW) as f64;
                ORDER * (1.0 - (place(i, a) - place(j, b)).abs())
                    + WORDS * alike(&u.words, &t.words)
                    + NUMBERS * alike_in_order(&u.numbers, &t.numbers)
                    + NEIGHBOURS * votes.neighbours(u, t)
                    + forms * votes.forms((a[i], u), (b[j], t))
            };
            found.extend(best(a.len(), b.len(), worth).into_iter().map(|(i, j)| (a[i], b[j])));
        }
    }
    found.into_iter().flat_map(|(u, t)| tensors(&own[u], &foreign[t], gaps, spares).expect("a pair")).collect()
}

/// The tensors of two layers in pairs, if they fit each other.
fn tensors(own: &Owner, foreign: &Owner, gaps: &[Gap], spares: &[Spare]) -> Option<Vec<Pair>> {
    let fits = |gap: usize, spare: usize| {
        let (wanted, found) = (&gaps[gap].shape, &spares[spare].shape);
        wanted == found || Layout::of_rank(wanted.len()).any(|it| it.fits(found, wanted))
    };
    let (mut pairs, mut open, mut rest) = (vec![], vec![], foreign.tensors.clone());
    for &gap in &own.tensors {
        let leaf = split_own(&gaps[gap].name).1;
        match rest.iter().position(|&it| leaves::means(leaves::leaf(&spares[it].name), leaf) && fits(gap, it)) {
            Some(at) => pairs.push((gap, rest.remove(at))),
            None => open.push(gap),
        }
    }
    for gap in open {
        let at = rest.iter().position(|&it| fits(gap, it))?;
        pairs.push((gap, rest.remove(at)));
    }
    Some(pairs)
}

/// How often the layers of a part have gone to those of another, and those of one form to those of another.
struct Votes {
    both: BTreeMap<(String, String), usize>,
    own: BTreeMap<String, usize>,
    foreign: BTreeMap<String, usize>,
    pairs: BTreeSet<(usize, usize)>,
}

impl Votes {
    fn of(pairs: &[(usize, usize)], own: &[Owner], foreign: &[Owner]) -> Votes {
        let pairs_of = pairs.iter().copied().collect();
        let (both, own_votes, foreign_votes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut votes = Votes { both, own: own_votes, foreign: foreign_votes, pairs: pairs_of };
        for &(u, t) in pairs {
            let (a, b) = (&own[u], &foreign[t]);
            let both = a.parts.iter().flat_map(|a| b.parts.iter().map(move |b| (a, b))).chain([(&a.form, &b.form)]);
            both.for_each(|(a, b)| *votes.both.entry((a.clone(), b.clone())).or_default() += 1);
            a.parts.iter().chain([&a.form]).for_each(|a| *votes.own.entry(a.clone()).or_default() += 1);
            b.parts.iter().chain([&b.form]).for_each(|b| *votes.foreign.entry(b.clone()).or_default() += 1);
        }
        votes
    }

    /// The mean over the parts of a layer of how much the best part of the other is the same.
    fn neighbours(&self, own: &Owner, foreign: &Owner) -> f64 {
        if own.parts.is_empty() || foreign.parts.is_empty() {
            return 0.0;
        }
        let of = |map: &BTreeMap<String, usize>, part: &str| map.get(part).copied().unwrap_or(0);
        let best = |a: &String| {
            let shares = foreign.parts.iter().map(|b| {
                let both = self.both.get(&(a.clone(), b.clone())).copied().unwrap_or(0);
                both as f64 / of(&self.own, a).max(of(&self.foreign, b)).max(1) as f64
            });
            shares.fold(0.0, f64::max)
        };
        own.parts.iter().map(best).sum::<f64>() / own.parts.len() as f64
    }
}

impl Votes {
    /// How many of the other layers whose names differ by numbers alone have gone the same way.
    fn forms(&self, (u, own): (usize, &Owner), (t, foreign): (usize, &Owner)) -> f64 {
        let of = |map: &BTreeMap<String, usize>, form: &str| map.get(form).copied().unwrap_or(0);
        let itself = usize::from(self.pairs.contains(&(u, t)));
        let both = self.both.get(&(own.form.clone(), foreign.form.clone())).copied().unwrap_or(0) - itself;
        both as f64 / (of(&self.own, &own.form).max(of(&self.foreign, &foreign.form)).max(2) - 1) as f64
    }
}

/// The pairs of rows and columns that are worth most together (the Hungarian method, by Jonker and Volgenant's shortest
/// augmenting paths); those that can never be are left out.
fn best(rows: usize, columns: usize, worth: impl Fn(usize, usize) -> f64) -> Vec<(usize, usize)> {
    let size = rows.max(columns);
    let cost = |i: usize, j: usize| if i < rows && j < columns { -worth(i, j) } else { 0.0 };
    let costs: Vec<Vec<f64>> = (0..size).map(|i| (0..size).map(|j| cost(i, j)).collect()).collect();
    // Row and column 0 stand for none.
    let (mut u, mut v, mut row_of) = (vec![0.0; size + 1], vec![0.0; size + 1], vec![0; size + 1]);
    for row in 1..=size {
        let (mut least, mut before, mut used) =
            (vec![f64::INFINITY; size + 1], vec![0; size + 1], vec![false; size + 1]);
        row_of[0] = row;
        let mut column = 0;
        while row_of[column] != 0 {
            used[column] = true;
            let (here, mut delta, mut next) = (row_of[column], f64::INFINITY, 0);
            for j in (1..=size).filter(|&j| !used[j]) {
                let reduced = costs[here - 1][j - 1] - u[here] - v[j];
                if reduced < least[j] {
                    (least[j], before[j]) = (reduced, column);
                }
                if least[j] < delta {
                    (delta, next) = (least[j], j);
                }
            }
            for j in 0..=size {
                if used[j] {
                    u[row_of[j]] += delta;
                    v[j] -= delta;
                } else {
                    least[j] -= delta;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[before[column]];
            column = before[column];
        }
    }
    let pairs = (1..=size).map(|j| (row_of[j] - 1, j - 1));
    pairs.filter(|&(i, j)| i < rows && j < columns && worth(i, j) > NEVER).collect()
}
