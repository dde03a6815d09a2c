//! Pairs of tensors as the fewest lines of a `transfer` block: one for each pattern that numbers and names have.

use std::collections::{BTreeMap, BTreeSet};

use super::assign::{Pair, split_own};
use super::names::words;
use super::{Gap, Spare};
use crate::model::transfer::{Layout, Pattern, leaves, resolve};

/// A line, and what it does.
struct Line {
    from: String,
    to: String,
    layout: Option<Layout>,
    covers: Vec<Pair>,
    numbers: usize,
}

/// The order of axes that a tensor needs.
enum Axes {
    /// As they are, or in whatever order.
    Any,
    Of(Layout),
}

struct Writer<'a> {
    gaps: &'a [Gap],
    spares: &'a [Spare],
    taken: &'a [&'a str],
    /// By spare.
    goes: BTreeMap<usize, usize>,
    names: BTreeSet<&'a str>,
    axes: BTreeMap<usize, Axes>,
    /// Spares whose shape says nothing of the order of their axes.
    unclear: BTreeSet<usize>,
}

/// The lines that bring each spare of a pair to its gap, and whether shapes alone say in which order all axes are.
pub fn renames(gaps: &[Gap], spares: &[Spare], taken: &[&str], pairs: &[Pair]) -> (Vec<String>, bool) {
    let goes = pairs.iter().map(|&(gap, spare)| (spare, gap)).collect();
    let names = gaps.iter().map(|it| it.name.as_str()).collect();
    let (axes, unclear) = axes(gaps, spares, pairs);
    let clear = unclear.is_empty();
    let writer = Writer { gaps, spares, taken, goes, names, axes, unclear };
    let mut open: BTreeSet<Pair> = pairs.iter().copied().collect();
    let mut lines = vec![];
    while let Some(&pair) = open.first() {
        let new = |line: &Line| line.covers.iter().filter(|it| open.contains(it)).count();
        let found = writer.candidates(pair);
        let best = found.into_iter().max_by_key(|it| (new(it), std::cmp::Reverse(it.numbers), it.from.len()));
        let Some(line) = best.filter(|it| it.covers.contains(&pair)) else {
            open.remove(&pair);
            continue;
        };
        line.covers.iter().for_each(|it| _ = open.remove(it));
        lines.push(line);
    }
    let width = lines.iter().map(|it| it.from.len()).max().unwrap_or(0);
    let lines = lines.iter().map(|line| {
        let layout = line.layout.map_or(String::new(), |it| format!(" as {}", it.word()));
        let from = format!("{:?}", line.from);
        format!("rename {from:width$} -> {}{layout}", line.to, width = width + 2)
    });
    (lines.collect(), clear)
}

/// A line for what nobody needs: the widest name under which nothing is needed.
pub fn skips(spares: &[Spare], taken: &[&str], pairs: &[Pair]) -> Vec<String> {
    let needed: Vec<&str> =
        pairs.iter().map(|&(_, spare)| spares[spare].name.as_str()).chain(taken.iter().copied()).collect();
    let mut found: Vec<String> = vec![];
    for (at, spare) in spares.iter().enumerate() {
        if pairs.iter().any(|pair| pair.1 == at) || found.iter().any(|it| Pattern::of(it).catch(&spare.name).is_some())
        {
            continue;
        }
        let parts = spare.name.match_indices(['.', '/']).map(|(at, _)| &spare.name[..at + 1]);
        let part = parts.into_iter().find(|part| !needed.iter().any(|name| name.starts_with(part)));
        found.push(part.map_or(spare.name.clone(), |part| format!("{part}*")));
    }
    found.iter().map(|name| format!("skip {name:?}")).collect()
}

impl Writer<'_> {
    /// Lines that bring the pair where it belongs, and others with it.
    fn candidates(&self, (gap, spare): Pair) -> Vec<Line> {
        let (own, foreign) = (&self.gaps[gap].name, &self.spares[spare].name);
        let ((owner, leaf), (foreign_owner, foreign_leaf)) = (split_own(own), leaves::split(foreign));
        let mut found = vec![];
        let with =
            |owner: &str, leaf: &str| if owner.is_empty() { leaf.to_string() } else { format!("{owner}.{leaf}") };
        // The layer, and all parts of it that have the same name on both sides.
        for (from, to) in common(foreign_owner, owner) {
            found.extend(self.numbered(&format!("{from}*"), &with(&to, "*")));
        }
        found.extend(self.numbered(&format!("{foreign_owner}*"), &with(owner, "*")));
        if found.iter().all(|line| !line.covers.contains(&(gap, spare))) {
            found.extend(self.numbered(&format!("{foreign_owner}{foreign_leaf}"), &with(owner, leaf)));
        }
        found
    }

    /// The line with its numbers as they are, and with each that both sides have left open.
    fn numbered(&self, from: &str, to: &str) -> Vec<Line> {
        let (a, b) = (digits(from), digits(to));
        let mut chosen: Vec<Vec<(usize, usize)>> = vec![vec![]];
        for (i, (_, number)) in a.iter().enumerate() {
            for so_far in chosen.clone() {
                let next = so_far.last().map_or(0, |it| it.1 + 1);
                let equal = (next..b.len()).filter(|&j| b[j].1 == *number);
                chosen.extend(equal.map(|j| so_far.iter().copied().chain([(i, j)]).collect::<Vec<_>>()));
            }
        }
        chosen.truncate(64);
        let lines = chosen.iter().filter_map(|chosen| {
            let name = |at: usize| ["{i}", "{j}", "{k}", "{l}", "{m}", "{n}"].get(at).copied();
            let (left, right): (Vec<_>, Vec<_>) = chosen.iter().copied().unzip();
            self.line(&opened(from, &a, &left, name)?, &opened(to, &b, &right, name)?, chosen.len())
        });
        lines.collect()
    }

    /// What such a line does, if it brings every tensor that it catches where it belongs.
    fn line(&self, from: &str, to: &str, numbers: usize) -> Option<Line> {
        let (source, target) = (Pattern::of(from), Pattern::of(to));
        if self.taken.iter().any(|name| source.catch(name).is_some() && !leaves::is_counter(name)) {
            return None;
        }
        let mut covers = vec![];
        for (at, spare) in self.spares.iter().enumerate() {
            let Some(caught) = source.catch(&spare.name) else { continue };
            let &gap = self.goes.get(&at)?;
            let name = resolve(&target, &caught, &|name| self.names.contains(name))?;
            if name != self.gaps[gap].name {
                return None;
            }
            covers.push((gap, at));
        }
        let layout = self.layout(&covers)?;
        (!covers.is_empty()).then(|| Line { from: from.into(), to: to.into(), layout, covers, numbers })
    }

    /// The layout that all tensors of a line have; nothing inside where none need be said, nothing where they have several.
    fn layout(&self, covers: &[Pair]) -> Option<Option<Layout>> {
        let ranks = covers.iter().map(|&(gap, _)| self.gaps[gap].shape.len());
        let most = ranks.max().unwrap_or(0);
        let fits = |layout: Option<Layout>| {
            covers.iter().all(|&(gap, spare)| {
                let (own, file) = (&self.gaps[gap].shape, &self.spares[spare].shape);
                match (self.axes.get(&spare), layout) {
                    (None, _) => own == file,
                    (Some(Axes::Any), None) => own == file,
                    (Some(Axes::Any), Some(layout)) => layout.fits(file, own),
                    (Some(Axes::Of(wanted)), None) => {
                        let first = Layout::of_rank(own.len()).next();
                        own == file && first == Some(*wanted) && !self.unclear.contains(&spare)
                    }
                    (Some(Axes::Of(wanted)), Some(layout)) => layout.order(own.len()) == wanted.order(own.len()),
                }
            })
        };
        if fits(None) {
            return Some(None);
        }
        Layout::of_rank(most).find(|it| fits(Some(*it))).map(Some)
    }
}

/// The owners of two names without the parts behind that are the same: `a.b.c` and `x.b.c`, `a.` and `x`.
fn common(foreign: &str, own: &str) -> Vec<(String, String)> {
    let foreign: Vec<&str> = foreign.split_inclusive(['.', '/']).collect();
    let own: Vec<&str> = own.split('.').filter(|it| !it.is_empty()).collect();
    let mut found = vec![];
    for length in 1..=foreign.len().min(own.len()) {
        let (left, right) = (&foreign[foreign.len() - length..], &own[own.len() - length..]);
        let same = left.iter().zip(right).all(|(left, right)| left.trim_end_matches(['.', '/']) == *right);
        if same {
            found.push((foreign[..foreign.len() - length].concat(), own[..own.len() - length].join(".")));
        }
    }
    // `blocks.0.a.` is `blocks[0].a`.
    let dotted = own.join(".").replace('[', ".").replace(']', "");
    let whole: String = foreign.concat();
    let mut heads = foreign.iter().scan(0, |at, part| Some(std::mem::replace(at, *at + part.len())));
    if let Some(at) = heads.find(|&at| whole[at..].trim_end_matches(['.', '/']).replace('/', ".") == dotted) {
        found.push((whole[..at].to_string(), String::new()));
    }
    found
}

/// The numbers in a text, with their places.
fn digits(text: &str) -> Vec<(std::ops::Range<usize>, &str)> {
    let (mut found, mut at) = (vec![], 0);
    while let Some(start) = text[at..].find(|it: char| it.is_ascii_digit()).map(|it| at + it) {
        let end = text[start..].find(|it: char| !it.is_ascii_digit()).map_or(text.len(), |it| start + it);
        found.push((start..end, &text[start..end]));
        at = end;
    }
    found
}

/// The text with a name in the place of each chosen number.
fn opened(
    text: &str,
    numbers: &[(std::ops::Range<usize>, &str)],
    chosen: &[usize],
    name: impl Fn(usize) -> Option<&'static str>,
) -> Option<String> {
    let (mut out, mut at) = (String::new(), 0);
    for (place, &number) in chosen.iter().enumerate() {
        let range = &numbers[number].0;
        out += &text[at..range.start];
        out += name(place)?;
        at = range.end;
    }
    Some(out + &text[at..])
}

/// The order of axes that each spare of more than one needs, and those for which its shape leaves a choice.
fn axes(gaps: &[Gap], spares: &[Spare], pairs: &[Pair]) -> (BTreeMap<usize, Axes>, BTreeSet<usize>) {
    // How often a place in the table of layouts is the only one that fits, by the tensor's own name.
    let mut votes: BTreeMap<(String, usize), usize> = BTreeMap::new();
    let mut fitting: Vec<(Pair, Vec<usize>)> = vec![];
    for &(gap, spare) in pairs {
        let (own, file) = (&gaps[gap].shape, &spares[spare].shape);
        let fits: Vec<usize> =
            Layout::of_rank(own.len()).enumerate().filter(|(_, it)| it.fits(file, own)).map(|(at, _)| at).collect();
        if let [only] = fits[..]
            && only > 0
        {
            *votes.entry((leaves::leaf(&spares[spare].name).to_string(), only)).or_default() += 1;
        }
        if own.len() > 1 {
            fitting.push(((gap, spare), fits));
        }
    }
    let (mut axes, mut unclear) = (BTreeMap::new(), BTreeSet::new());
    for ((gap, spare), mut fits) in fitting {
        // The rarer layouts come into it only where they are all that fits, or others of the file have them.
        if fits.iter().any(|&at| at < 2) {
            let leaf = leaves::leaf(&spares[spare].name);
            fits.retain(|&at| at < 2 || votes.contains_key(&(leaf.to_string(), at)));
        }
        let (own, leaf) = (&gaps[gap].shape, leaves::leaf(&spares[spare].name));
        let layout = |at: usize| Layout::of_rank(own.len()).nth(at).expect("it fits");
        let axis = match fits[..] {
            [] => continue,
            [only] => Axes::Of(layout(only)),
            _ if fits.iter().all(|&at| layout(at).is_own(own)) => Axes::Any,
            _ => {
                unclear.insert(spare);
                let of = |at: usize| votes.get(&(leaf.to_string(), at)).copied().unwrap_or(0);
                let voted = fits.iter().copied().filter(|&at| of(at) > 0).max_by_key(|&at| of(at));
                // A table of rows is the same everywhere. Elsewhere PyTorch has outputs first, and Keras and Flax last.
                let table = words(leaves::split(&spares[spare].name).0).iter().any(|it| it == "emb" || it == "pos");
                let usual = if table || leaf != "weight" { 0 } else { 1 };
                let at = if table { None } else { voted };
                let at = at.unwrap_or(if fits.contains(&usual) { usual } else { fits[0] });
                Axes::Of(layout(at))
            }
        };
        axes.insert(spare, axis);
    }
    (axes, unclear)
}
