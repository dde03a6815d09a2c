//! Which stored values are computed in one loop.
//!
//! A value joins the loop of a value that it reads, as its epilogue, or a loop over the same space that reads what it
//! reads, beside it. What members read of one another stays in a register.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::build::{kernels, looped};
use super::trace::reduces;
use super::{Body, Core, Kernel, Work};
use crate::tensor::{Function, Graph, Id, Op};

/// The most lines of a body that others join.
const LONG: usize = 600;

/// Stored values that one kernel computes (two, if it is a scattering).
#[derive(Clone, Debug)]
pub struct Group {
    /// In the order of their numbers.
    pub members: Vec<Id>,
    pub reads: Reads,
}

/// The stored nodes that a kernel reads, those of its own members excepted, and whether it reads each of them only at the
/// very place at which it stores, and only in its body.
pub type Reads = BTreeMap<Id, bool>;

/// The groups in an order in which they can be run, of the `roots` that are needed.
pub fn groups(function: &Function, stored: &[bool], roots: &[Id]) -> Vec<Group> {
    let graph = &function.graph;
    let mut needed = vec![false; graph.len()];
    let wanted = function.results.iter().chain(function.updates.iter().map(|(_, id)| id));
    wanted.for_each(|id| needed[id.0 as usize] = true);
    let mut alone = Vec::new();
    for &root in roots.iter().rev() {
        // Nobody reads, for instance, the indices into a table of one row.
        if needed[root.0 as usize] {
            let mut reads = Reads::new();
            let (mut lines, mut split) = (0, false);
            match graph[root].op {
                Op::Scan { .. } => reads.extend(graph[root].args.iter().map(|&arg| (arg, false))),
                _ => {
                    let kernels = looped(graph, stored, root).expect("what blocks a kernel is stored");
                    split = kernels.iter().any(|kernel| kernel.space != graph.shape(root));
                    lines = kernels.iter().map(|kernel| kernel.body.lines.len()).sum();
                    kernels.iter().for_each(|kernel| add_reads(kernel, &mut reads));
                }
            }
            reads.keys().for_each(|id| needed[id.0 as usize] = true);
            alone.push(Alone { root, reads, lines, split });
        }
    }
    let mut grouping = Grouping::new(graph, stored);
    alone.into_iter().rev().for_each(|alone| grouping.place(alone));
    grouping.groups
}

/// A value, and what its own kernel would be.
struct Alone {
    root: Id,
    reads: Reads,
    /// The lines of its bodies.
    lines: usize,
    /// Whether it goes through axes of its space in several parts.
    split: bool,
}

struct Grouping<'a> {
    graph: &'a Graph,
    stored: &'a [bool],
    /// The group of each node.
    owner: Vec<Option<usize>>,
    groups: Vec<Group>,
    needs: Needs,
    lines: Vec<usize>,
    /// Whether any of the members has to go through axes in parts.
    split: Vec<bool>,
    /// The groups that read a node first at the place at which they store, and those whose space is one point.
    aligned: FxHashMap<Id, Vec<usize>>,
    scalars: Vec<usize>,
}

impl Grouping<'_> {
    fn new<'a>(graph: &'a Graph, stored: &'a [bool]) -> Grouping<'a> {
        Grouping {
            graph,
            stored,
            owner: vec![None; graph.len()],
            groups: Vec::new(),
            needs: Needs::default(),
            lines: Vec::new(),
            split: Vec::new(),
            aligned: FxHashMap::default(),
            scalars: Vec::new(),
        }
    }

    fn place(&mut self, alone: Alone) {
        let fitting = || {
            let groups = self.candidates(alone.root, &alone.reads).into_iter();
            groups.into_iter().find(|&group| self.fits(&alone, group))
        };
        let root = alone.root;
        let group = match self.beside(root).or_else(fitting) {
            Some(group) => group,
            None => {
                self.groups.push(Group { members: Vec::new(), reads: Reads::new() });
                self.needs.add();
                self.lines.push(0);
                self.split.push(false);
                if self.graph.shape(root).is_empty() {
                    self.scalars.push(self.groups.len() - 1);
                }
                self.groups.len() - 1
            }
        };
        self.owner[root.0 as usize] = Some(group);
        self.lines[group] += alone.lines;
        self.split[group] |= alone.split;
        self.groups[group].members.push(root);
        for (node, aligned) in alone.reads {
            match self.owner[node.0 as usize] {
                Some(owner) if owner == group => {}
                owner => {
                    owner.into_iter().for_each(|owner| self.needs.need(group, owner));
                    let reads = &mut self.groups[group].reads;
                    if aligned && !reads.contains_key(&node) {
                        self.aligned.entry(node).or_default().push(group);
                    }
                    *reads.entry(node).or_insert(true) &= aligned;
                }
            }
        }
    }

    /// The group of the other results of a recurrence.
    fn beside(&self, root: Id) -> Option<usize> {
        let Op::Scan { scan, .. } = &self.graph[root].op else { return None };
        let others = self.graph.results_of(scan, &self.graph[root].args);
        others.into_iter().flatten().find_map(|id| self.owner[id.0 as usize])
    }

    /// The groups that `root` might join, the best first: the latest that it reads from, then the latest beside it.
    fn candidates(&self, root: Id, reads: &Reads) -> Vec<usize> {
        let latest = |mut groups: Vec<usize>| {
            groups.sort_unstable_by_key(|&group| std::cmp::Reverse(group));
            groups.dedup();
            groups
        };
        let producers = latest(reads.keys().filter_map(|node| self.owner[node.0 as usize]).collect());
        let beside = if self.graph.shape(root).is_empty() {
            self.scalars.clone()
        } else {
            let readers = reads.iter().filter(|(_, aligned)| **aligned).filter_map(|(node, _)| {
                let groups = self.aligned.get(node)?.iter();
                Some(groups.copied().filter(|&group| self.groups[group].reads[node]))
            });
            readers.flatten().collect()
        };
        [producers, latest(beside)].concat()
    }

    fn fits(&self, alone: &Alone, group: usize) -> bool {
        let &Alone { root, ref reads, lines, split } = alone;
        let graph = self.graph;
        let is_alone = |id: Id| matches!(graph[id].op, Op::ScatterAdd { .. } | Op::Order { .. } | Op::Scan { .. });
        let cored =
            |id: Id| is_alone(id) || matches!(graph[id].op, Op::Contract { .. }) || reduces(graph, id).is_some();
        let first = self.groups[group].members[0];
        !cored(root)
            && !is_alone(first)
            && graph.shape(root) == graph.shape(first)
            && self.lines[group] + lines <= LONG
            && reads.iter().all(|(node, &aligned)| match self.owner[node.0 as usize] {
                Some(owner) if owner == group => aligned,
                Some(owner) => !self.needs.lead(owner, group),
                None => true,
            })
            && (!split && !self.split[group] || self.is_one_loop(root, group))
    }

    /// Whether the parts that one value needs are no hindrance to the others: the axes of a core stay whole.
    fn is_one_loop(&self, root: Id, group: usize) -> bool {
        let members = [&self.groups[group].members[..], &[root]].concat();
        kernels(self.graph, self.stored, &members).is_ok()
    }
}

/// Which groups need which.
#[derive(Default)]
struct Needs {
    /// By group: those that it reads from, and those that read from it.
    of: Vec<Vec<usize>>,
    by: Vec<Vec<usize>>,
    /// More than that of every group that it needs.
    level: Vec<u32>,
}

impl Needs {
    fn add(&mut self) {
        self.of.push(Vec::new());
        self.by.push(Vec::new());
        self.level.push(0);
    }

    fn need(&mut self, group: usize, other: usize) {
        if self.of[group].contains(&other) {
            return;
        }
        self.of[group].push(other);
        self.by[other].push(group);
        let mut risen = vec![other];
        while let Some(at) = risen.pop() {
            for &reader in &self.by[at] {
                if self.level[reader] <= self.level[at] {
                    self.level[reader] = self.level[at] + 1;
                    risen.push(reader);
                }
            }
        }
    }

    /// Whether `start` needs `end`, directly or not.
    fn lead(&self, start: usize, end: usize) -> bool {
        let mut seen = FxHashSet::default();
        let mut next = vec![start];
        while let Some(at) = next.pop() {
            for &other in self.of[at].iter().filter(|&&other| self.level[other] >= self.level[end]) {
                if other == end {
                    return true;
                }
                if seen.insert(other) {
                    next.push(other);
                }
            }
        }
        false
    }
}

/// Adds what a kernel reads, while its buffers are still called by the numbers of their nodes.
fn add_reads(kernel: &Kernel, reads: &mut Reads) {
    let mut add = |buffer: usize, aligned: bool| *reads.entry(Id(buffer as u32)).or_insert(true) &= aligned;
    match &kernel.core {
        Core::Loop => {}
        Core::Reduce { body, .. } => loads(body).for_each(|load| add(load.buffer, false)),
        Core::Product { left, right, .. } => [left, right].into_iter().for_each(|load| add(load.buffer, false)),
        Core::Order { source, .. } => add(*source, false),
        Core::Winograd(winograd) => {
            loads(&winograd.image.body).for_each(|load| add(load.buffer, false));
            add(winograd.other.buffer, false);
        }
        Core::Scan(_) => unreachable!("a recurrence is laid out from its node"),
    }
    let here = kernel.stores.first().map(|store| &store.at);
    let adds = kernel.stores.iter().any(|store| store.adds);
    for load in loads(&kernel.body) {
        add(load.buffer, !adds && load.guards.is_empty() && Some(&load.at) == here);
    }
}

fn loads(body: &Body) -> impl Iterator<Item = &super::Load> {
    body.lines.iter().filter_map(|line| match &line.work {
        Work::Load(load) => Some(load),
        _ => None,
    })
}
