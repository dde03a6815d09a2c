//! Which tensor of a file fills which of the model: proved from names and shapes alone, before a number is read.

use std::collections::BTreeMap;

use super::header::{Header, Tensor};
use super::suggest::{self, Gap, Spare, Suggestion};
use crate::model::Program;
use crate::model::transfer::{Caught, Layout, NameMap, Origin, Rename, Skip, TransferPlan, leaves, resolve};
use crate::problem::Problem;
use crate::problem::transfer::{
    LayoutUnsaid, NamesUnmatched, TransferHoles, TransferLeftovers, TransferNowhere, TransferNumbers, TransferShape,
    TransferTwice, TransferUnmatched, Twice,
};
use crate::session::artifact::model_states;
use crate::source::{Span, nearest};

/// What a block takes from its file, and what not.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Fit {
    pub takes: Vec<Take>,
    /// Tensors that `skip` names.
    pub skipped: usize,
    /// Tensors whose place in the model starts afresh.
    pub fresh: usize,
    /// Counters of batches, and states of an optimizer.
    pub dropped: usize,
}

/// A state of the model, and what fills it.
#[derive(Clone, PartialEq, Debug)]
pub struct Take {
    pub slot: usize,
    /// In the order of the header.
    pub tensor: usize,
    /// Where the file has other axes first.
    pub order: Option<Vec<usize>>,
}

/// A tensor of the model that the block may fill.
struct Own<'a> {
    slot: usize,
    path: &'a str,
    /// Within the part.
    name: &'a str,
    shape: &'a [usize],
    /// Whether it belongs to an adapter: such tensors begin as the model says, where the file does not hold them.
    is_adapter: bool,
}

/// Something that would fill a tensor: which tensor of the file, and the rename that says so.
#[derive(Clone, Copy, PartialEq)]
struct Want {
    tensor: usize,
    rename: Option<usize>,
}

struct Fitting<'a> {
    program: &'a Program,
    plan: &'a TransferPlan,
    header: &'a Header,
    own: Vec<Own<'a>>,
    by_name: BTreeMap<&'a str, usize>,
    wants: Vec<Vec<Want>>,
    /// Of each tensor of the file whether anything is known of it.
    told: Vec<bool>,
    problems: Vec<Problem>,
}

/// What a block takes from a file with this header. `text` is what stands in the program, for repairs.
pub fn fit(program: &Program, plan: &TransferPlan, header: &Header, text: &str) -> Result<Fit, Vec<Problem>> {
    let states = model_states(program).enumerate();
    let own: Vec<Own> = states
        .filter_map(|(slot, it)| {
            let (name, is_adapter) = (plan.within(&it.path)?, it.adapts.is_some());
            Some(Own { slot, path: &it.path, name, shape: &it.shape, is_adapter })
        })
        .collect();
    let by_name = own.iter().enumerate().map(|(at, it)| (it.name, at)).collect();
    let (wants, told) = (vec![vec![]; own.len()], vec![false; header.tensors.len()]);
    let mut fitting = Fitting { program, plan, header, own, by_name, wants, told, problems: vec![] };
    let mut found = Fit::default();
    fitting.set_aside(&mut found);
    fitting.rename(&mut found);
    fitting.same_names(&mut found);
    fitting.takes(&mut found);
    if fitting.problems.is_empty() {
        fitting.complete(text);
    }
    if fitting.problems.is_empty() { Ok(found) } else { Err(fitting.problems) }
}

impl<'a> Fitting<'a> {
    /// What nobody wants: what `skip` names in the block itself, counters, and what only an optimizer reads.
    fn set_aside(&mut self, found: &mut Fit) {
        let plan = self.plan;
        let own = || plan.skips.iter().filter(|it| it.origin == Origin::Block);
        let mut used = vec![false; own().count()];
        for (at, tensor) in self.header.tensors.iter().enumerate() {
            let mut skips = own().zip(&mut used).filter(|(it, _)| it.what.catch(&tensor.name).is_some());
            if let Some((_, used)) = skips.next() {
                *used = true;
                skips.for_each(|(_, used)| *used = true);
                (self.told[at], found.skipped) = (true, found.skipped + 1);
            } else if leaves::is_counter(&tensor.name) || tensor.name.contains(" of ") {
                (self.told[at], found.dropped) = (true, found.dropped + 1);
            }
        }
        let idle: Vec<&Skip> = own().zip(used).filter(|(_, used)| !used).map(|(skip, _)| skip).collect();
        idle.into_iter().for_each(|skip| self.unmatched(skip.what.text(), skip.at, false));
    }

    fn unmatched(&mut self, pattern: &str, at: Span, too_late: bool) {
        let names = self.header.tensors.iter().map(|it| it.name.as_str());
        let parts = names
            .clone()
            .flat_map(|name| name.match_indices(['.', '/']).map(|(at, _)| format!("{}*", &name[..at + 1])));
        let candidates: Vec<String> = names.map(str::to_string).chain(parts).collect();
        let near = nearest(pattern, candidates.iter().map(String::as_str));
        let (path, some) =
            (self.plan.from.to_string(), self.header.tensors.iter().map(|it| it.name.clone()).take(4).collect());
        let (pattern, tensors) = (pattern.to_string(), self.header.tensors.len());
        self.problems.push(TransferUnmatched { pattern, path, near, some, tensors, too_late, at }.into());
    }

    /// What the lines of the block say, and then those of the map that it asks for. A tensor goes where the first line that fits
    /// it says.
    fn rename(&mut self, found: &mut Fit) {
        let mut gone = vec![false; self.header.tensors.len()];
        let mut mapped = Mapped::Nothing;
        for (at, rename) in self.plan.renames.iter().enumerate() {
            let is_own = rename.origin == Origin::Block;
            let mut nowhere: Vec<(&str, String)> = vec![];
            let (mut used, mut late) = (false, false);
            for (tensor, it) in self.header.tensors.iter().enumerate() {
                let Some(caught) = rename.from.catch(&it.name) else { continue };
                if std::mem::replace(&mut gone[tensor], true) {
                    late = true;
                    continue;
                }
                used = true;
                // A counter under a name that a pattern has, too, stays where it is.
                let mut skips = self.plan.skips.iter().filter(|skip| !is_own || skip.origin == Origin::Block);
                if leaves::is_counter(&it.name) || skips.any(|skip| skip.what.catch(&it.name).is_some()) {
                    continue;
                }
                match self.place(rename, &caught) {
                    // What the block itself says counts: another tensor, or none.
                    Some(own) if !is_own && self.is_filled_by_block(own) => {}
                    Some(own) if !is_own && self.plan.is_fresh(self.own[own].name) => {
                        (self.told[tensor], found.fresh) = (true, found.fresh + 1);
                    }
                    Some(own) => {
                        self.told[tensor] = true;
                        self.wants[own].push(Want { tensor, rename: Some(at) });
                    }
                    // A layer may be made without some of what others have of it.
                    None if rename.origin == Origin::Elsewhere => {}
                    None => {
                        self.told[tensor] = true;
                        nowhere.push((&it.name, rename.to.fill(&caught)));
                    }
                }
            }
            if !is_own {
                mapped = mapped.max(if used {
                    Mapped::Some
                } else if late {
                    Mapped::Late
                } else {
                    Mapped::Nothing
                });
            } else if !used {
                self.unmatched(rename.from.text(), rename.from_at, late);
            }
            if let Some((tensor, target)) = nowhere.first() {
                let near = nearest(target, self.own.iter().map(|it| it.name));
                let example = Some((tensor.to_string(), target.clone(), nowhere.len() - 1));
                let part = self.plan.part.as_ref().map(|it| it.pattern.to_string());
                let (to, at) = (rename.to.text().to_string(), rename.to_at);
                self.problems.push(TransferNowhere { to, part, near, example, at }.into());
            }
        }
        if let Some(names) = &self.plan.names
            && mapped != Mapped::Some
        {
            let tensors = &self.header.tensors;
            let (path, too_late, at) = (self.plan.from.to_string(), mapped == Mapped::Late, names.span);
            let (names, some) = (names.text.to_string(), tensors.iter().map(|it| it.name.clone()).take(4).collect());
            let tensors = tensors.len();
            self.problems.push(NamesUnmatched { names, path, some, tensors, too_late, at }.into());
        }
        // What is left of what the map leaves out.
        let skips = self.plan.skips.iter().filter(|it| it.origin != Origin::Block);
        for (tensor, told) in self.header.tensors.iter().zip(&mut self.told).filter(|(_, told)| !**told) {
            if skips.clone().any(|it| it.what.catch(&tensor.name).is_some()) {
                (*told, found.skipped) = (true, found.skipped + 1);
            }
        }
    }

    /// Whether a line of the block itself fills a tensor of the model.
    fn is_filled_by_block(&self, own: usize) -> bool {
        let renames = self.wants[own].iter().filter_map(|it| it.rename);
        renames.into_iter().any(|it| self.plan.renames[it].origin == Origin::Block)
    }

    fn place(&self, rename: &Rename, caught: &Caught) -> Option<usize> {
        let name = resolve(&rename.to, caught, &|name| self.by_name.contains_key(name))?;
        self.by_name.get(name.as_str()).copied()
    }

    /// What is called the same in the file and in the model, or in the part.
    fn same_names(&mut self, found: &mut Fit) {
        let names: BTreeMap<&str, usize> =
            self.header.tensors.iter().enumerate().map(|(at, it)| (it.name.as_str(), at)).collect();
        for (at, own) in self.own.iter().enumerate() {
            let open = |name| names.get(name).copied().filter(|&it| !self.told[it]);
            let Some(tensor) = open(own.path).or_else(|| open(own.name)) else { continue };
            if self.plan.is_fresh(own.name) {
                (self.told[tensor], found.fresh) = (true, found.fresh + 1);
            } else if self.wants[at].is_empty() {
                self.told[tensor] = true;
                self.wants[at].push(Want { tensor, rename: None });
            }
        }
    }

    /// Whether what fills each tensor is one and fits it.
    fn takes(&mut self, found: &mut Fit) {
        let mut misfits = Misfits::default();
        for (at, own) in self.own.iter().enumerate() {
            let Some(&want) = self.wants[at].first() else { continue };
            let tensor = &self.header.tensors[want.tensor];
            let other = self.wants[at].iter().find(|it| it.tensor != want.tensor);
            let place = |want: Want| want.rename.map_or(self.plan.at, |it| self.plan.renames[it].from_at);
            let fresh = self.plan.fresh.iter().find(|it| crate::model::train::selects(&it.pattern, own.name));
            let twice = match (other, fresh) {
                (Some(&other), _) => {
                    let second = self.header.tensors[other.tensor].name.clone();
                    Some((Twice::Tensors(tensor.name.clone(), second), place(other)))
                }
                (None, Some(fresh)) => Some((Twice::Fresh(tensor.name.clone()), fresh.span)),
                (None, None) => None,
            };
            if let Some((by, at)) = twice {
                let (parameter, first) = (own.path.to_string(), place(want));
                self.problems.push(TransferTwice { parameter, by, at, first }.into());
                continue;
            }
            let layout = want.rename.and_then(|it| self.plan.renames[it].layout.as_ref()).map(|it| it.0);
            let order = match layout {
                Some(layout) if layout.fits(&tensor.shape, own.shape) => layout.order(own.shape.len()),
                None if tensor.shape == own.shape => None,
                Some(_) | None => {
                    misfits.shape(want.rename, tensor, own, layout);
                    continue;
                }
            };
            if !tensor.is_real() {
                misfits.numbers(want.rename, tensor, own);
                continue;
            }
            let renamed = want.rename.filter(|_| leaves::leaf(&tensor.name) != leaf(own.name));
            if let (Some(rename), None) = (renamed, layout)
                && let Some(other) = Layout::of_rank(own.shape.len()).nth(1)
                && other.fits(&tensor.shape, own.shape)
                && !other.is_own(own.shape)
            {
                misfits.unsaid(rename, tensor, own, other);
                continue;
            }
            found.takes.push(Take { slot: own.slot, tensor: want.tensor, order });
        }
        misfits.tell(self.plan, &mut self.problems);
    }

    /// Whether everything is filled, and everything is used; else with the lines that would mend it.
    fn complete(&mut self, text: &str) {
        let is_open = |own: &Own| own.is_adapter || self.plan.is_fresh(own.name);
        let is_hole = |&(at, own): &(usize, &Own)| self.wants[at].is_empty() && !is_open(own);
        let holes: Vec<&Own> = self.own.iter().enumerate().filter(is_hole).map(|(_, own)| own).collect();
        let left = self.header.tensors.iter().zip(&self.told).filter(|(_, told)| !**told);
        let left: Vec<&Tensor> = left.map(|(tensor, _)| tensor).collect();
        if holes.is_empty() && left.is_empty() {
            return;
        }
        let gaps: Vec<Gap> = holes.iter().map(|it| Gap { name: it.name.into(), shape: it.shape.into() }).collect();
        let spares: Vec<Spare> = left
            .iter()
            .map(|it| Spare { name: it.name.clone(), shape: it.shape.clone(), is_real: it.is_real() })
            .collect();
        let taken = self.wants.iter().flatten().map(|it| self.header.tensors[it.tensor].name.as_str());
        let taken: Vec<&str> = taken.collect();
        let mapped = self.map_that_fits().filter(|_| !holes.is_empty());
        let suggestion = mapped.unwrap_or_else(|| suggest::suggest(&gaps, &spares, &taken));
        let unused: Vec<String> = left.iter().map(|it| it.name.clone()).collect();
        let (path, part) = (self.plan.from.to_string(), self.plan.part.as_ref().map(|it| it.pattern.to_string()));
        let problem = if holes.is_empty() {
            TransferLeftovers { path, part, unused, lines: suggestion.lines, at: self.plan.at }.into()
        } else {
            let numbers = |own: &[&Own]| own.iter().map(|it| it.shape.iter().product::<usize>()).sum::<usize>();
            let all: Vec<&Own> = self.own.iter().filter(|it| !it.is_adapter).collect();
            let share = 1.0 - numbers(&holes) as f64 / numbers(&all).max(1) as f64;
            let total = all.len();
            let holes = holes.iter().map(|it| it.path.to_string()).collect();
            let edit = suggestion.is_certain.then(|| self.edit(&suggestion.lines, text));
            TransferHoles {
                part,
                path,
                holes,
                total,
                share,
                unused,
                lines: suggestion.lines,
                open: suggestion.open,
                edit,
                at: self.plan.at,
            }
            .into()
        };
        self.problems.push(problem);
    }

    /// The line that asks for a map of the part's layer with which everything fits, where the block asks for none.
    fn map_that_fits(&self) -> Option<Suggestion> {
        let mut maps = self.plan.maps.iter().filter(|_| self.plan.names.is_none());
        let fits = |map: &&NameMap| {
            let plan = TransferPlan { maps: vec![], ..self.plan.clone() }.with(map);
            fit(self.program, &plan, self.header, "").is_ok()
        };
        let line = format!("names {}", maps.find(fits)?.name);
        Some(Suggestion { lines: vec![line], open: vec![], is_certain: true })
    }

    /// The place in the block where lines can be added, and the text that adds them.
    fn edit(&self, lines: &[String], text: &str) -> (Span, String) {
        let whole = self.plan.whole;
        let here = |at: usize| Span::new(whole.file, at, at);
        let lines: String = lines.iter().map(|line| format!("    {line}\n")).collect();
        match text.strip_suffix('}') {
            None => (here(whole.end as usize), format!(" {{\n{lines}  }}")),
            Some(inner) => {
                let inner = inner.trim_end_matches([' ', '\t']);
                let start = if inner.ends_with('\n') { "" } else { "\n" };
                (here(whole.start as usize + inner.len()), format!("{start}{lines}"))
            }
        }
    }
}

/// What the lines of a map do, from nothing on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mapped {
    Nothing,
    /// All that they match is taken by the lines of the block.
    Late,
    Some,
}

/// The last name of a path.
fn leaf(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, leaf)| leaf)
}

/// Tensors that do not fit, by the line that brought them: one problem for each line.
#[derive(Default)]
struct Misfits {
    shapes: BTreeMap<Option<usize>, Vec<Misfit>>,
    numbers: BTreeMap<Option<usize>, Vec<Misfit>>,
    unsaid: BTreeMap<usize, (Misfit, Layout, usize)>,
}

struct Misfit {
    tensor: String,
    kind: String,
    found: Vec<usize>,
    parameter: String,
    wanted: Vec<usize>,
    /// The layouts in which it would fit.
    fitting: Vec<Layout>,
}

impl Misfits {
    fn misfit(tensor: &Tensor, own: &Own) -> Misfit {
        let fitting = Layout::of_rank(own.shape.len()).filter(|it| it.fits(&tensor.shape, own.shape));
        Misfit {
            tensor: tensor.name.clone(),
            kind: tensor.word(),
            found: tensor.shape.clone(),
            parameter: own.path.to_string(),
            wanted: own.shape.to_vec(),
            fitting: fitting.collect(),
        }
    }

    fn shape(&mut self, rename: Option<usize>, tensor: &Tensor, own: &Own, layout: Option<Layout>) {
        let mut misfit = Misfits::misfit(tensor, own);
        misfit.fitting.retain(|it| Some(*it) != layout);
        self.shapes.entry(rename).or_default().push(misfit);
    }

    fn numbers(&mut self, rename: Option<usize>, tensor: &Tensor, own: &Own) {
        self.numbers.entry(rename).or_default().push(Misfits::misfit(tensor, own));
    }

    fn unsaid(&mut self, rename: usize, tensor: &Tensor, own: &Own, other: Layout) {
        let misfit = Misfits::misfit(tensor, own);
        self.unsaid.entry(rename).or_insert((misfit, other, 0)).2 += 1;
    }

    fn tell(self, plan: &TransferPlan, problems: &mut Vec<Problem>) {
        for (rename, all) in self.shapes {
            let line = rename.map(|it| &plan.renames[it]);
            let (at, to_at) = line.map_or((plan.from_at, None), |it| (it.to_at, it.layout.as_ref().map(|it| it.1)));
            // One layout that mends all that this line brings.
            let common = Layout::all().find(|layout| all.iter().all(|it| it.fitting.contains(layout)));
            let can_say = line.is_some_and(|it| it.origin != Origin::Elsewhere);
            let layout = common.filter(|_| can_say).map(|it| it.word());
            let more = all.len() - 1;
            let Misfit { tensor, found, parameter, wanted, .. } = all.into_iter().next().expect("one at least");
            problems
                .push(TransferShape { tensor, found, parameter, wanted, more, layout, at, layout_at: to_at }.into());
        }
        for (rename, all) in self.numbers {
            let at = rename.map_or(plan.from_at, |it| plan.renames[it].from_at);
            let first = &all[0];
            let (tensor, parameter, kind) = (first.tensor.clone(), first.parameter.clone(), first.kind.clone());
            problems.push(TransferNumbers { tensor, parameter, kind, at }.into());
        }
        for (rename, (misfit, other, count)) in self.unsaid {
            let Misfit { tensor, found, parameter, .. } = misfit;
            let own = Layout::of_rank(found.len()).next().expect("a layout of its own").word();
            let (other, more, at) = (other.word(), count - 1, plan.renames[rename].to_at);
            problems.push(LayoutUnsaid { tensor, found, parameter, own, other, more, at }.into());
        }
    }
}
