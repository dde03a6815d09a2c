//! Which stored values are computed in one loop.
//!
//! A value joins the loop of a value that it reads, as its epilogue, or a loop over the same space that reads what it
//! reads, beside it. What members read of one another stays in a register.

use std::collections::BTreeMap;

use super::build::kernels;
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
            let mut lines = 0;
            match graph[root].op {
                Op::Scan { .. } => reads.extend(graph[root].args.iter().map(|&arg| (arg, false))),
                _ => {
                    let kernels = kernels(graph, stored, &[root]).expect("what blocks a kernel is stored");
                    lines = kernels.iter().map(|kernel| kernel.body.lines.len()).sum();
                    kernels.iter().for_each(|kernel| add_reads(kernel, &mut reads));
                }
            }
            reads.keys().for_each(|id| needed[id.0 as usize] = true);
            alone.push((root, reads, lines));
        }
    }
    let (owner, groups, needs, lines) = (vec![None; graph.len()], Vec::new(), Vec::new(), Vec::new());
    let mut grouping = Grouping { graph, owner, groups, needs, lines };
    for (root, reads, lines) in alone.into_iter().rev() {
        grouping.place(root, reads, lines);
    }
    grouping.groups
}

struct Grouping<'a> {
    graph: &'a Graph,
    /// The group of each node.
    owner: Vec<Option<usize>>,
    groups: Vec<Group>,
    /// Which groups each group needs, directly or not.
    needs: Vec<Vec<bool>>,
    lines: Vec<usize>,
}

impl Grouping<'_> {
    fn place(&mut self, root: Id, reads: Reads, lines: usize) {
        let fitting = || self.candidates(root, &reads).find(|&group| self.fits(root, &reads, lines, group));
        let group = match self.beside(root).or_else(fitting) {
            Some(group) => group,
            None => {
                self.groups.push(Group { members: Vec::new(), reads: Reads::new() });
                self.needs.iter_mut().for_each(|needs| needs.push(false));
                self.needs.push(vec![false; self.groups.len()]);
                self.lines.push(0);
                self.groups.len() - 1
            }
        };
        self.owner[root.0 as usize] = Some(group);
        self.lines[group] += lines;
        self.groups[group].members.push(root);
        for (node, aligned) in reads {
            match self.owner[node.0 as usize] {
                Some(owner) if owner == group => {}
                owner => {
                    owner.into_iter().for_each(|owner| self.need(group, owner));
                    let all = self.groups[group].reads.entry(node).or_insert(true);
                    *all &= aligned;
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

    /// Records that `group` needs `other`, and with it whatever that needs; so does all that needs `group`.
    fn need(&mut self, group: usize, other: usize) {
        let mut news = self.needs[other].clone();
        news[other] = true;
        for at in 0..self.groups.len() {
            if at == group || self.needs[at][group] {
                self.needs[at].iter_mut().zip(&news).for_each(|(needs, new)| *needs |= new);
            }
        }
    }

    /// The groups that `root` might join, the best first: the latest that it reads from, then the latest beside it.
    fn candidates(&self, root: Id, reads: &Reads) -> impl Iterator<Item = usize> + use<> {
        let mut producers: Vec<usize> = reads.keys().filter_map(|node| self.owner[node.0 as usize]).collect();
        producers.sort_unstable();
        producers.dedup();
        let scalar = self.graph.shape(root).is_empty();
        let shares = |group: &usize| {
            scalar || reads.iter().any(|(node, &aligned)| aligned && self.groups[*group].reads.get(node) == Some(&true))
        };
        let beside: Vec<usize> = (0..self.groups.len()).rev().filter(shares).collect();
        producers.into_iter().rev().chain(beside)
    }

    fn fits(&self, root: Id, reads: &Reads, lines: usize, group: usize) -> bool {
        let graph = self.graph;
        let alone = |id: Id| matches!(graph[id].op, Op::ScatterAdd { .. } | Op::Order { .. } | Op::Scan { .. });
        let cored = |id: Id| alone(id) || matches!(graph[id].op, Op::Contract { .. }) || reduces(graph, id).is_some();
        let first = self.groups[group].members[0];
        !cored(root)
            && !alone(first)
            && graph.shape(root) == graph.shape(first)
            && self.lines[group] + lines <= LONG
            && reads.iter().all(|(node, &aligned)| match self.owner[node.0 as usize] {
                Some(owner) if owner == group => aligned,
                Some(owner) => !self.needs[owner][group],
                None => true,
            })
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
