//! The order of the kernels, and where results and the new values of states are written.
//!
//! A state is read where it lies and, if every other reader of its old value can come first, overwritten where it lies.
//! Otherwise its new value waits in the arena and is copied when the readers are done.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::group::Group;
use super::{Home, width};
use crate::tensor::{Function, Id, Op, Slot};

/// A piece of work of a step.
#[derive(Clone, Debug)]
pub enum Task {
    /// Computes the members of the group of this number.
    Group(usize),
    /// Copies the value of a node into memory outside the arena.
    Copy(Id, Home),
}

/// All tasks in their order, and the memory outside the arena that the group of each node writes it to.
pub struct Order {
    pub tasks: Vec<Task>,
    pub homes: Vec<Vec<Home>>,
}

/// Orders `groups` and settles the places of what `function` returns and updates.
pub fn order(function: &Function, groups: &[Group]) -> Order {
    let graph = &function.graph;
    let mut owner = vec![usize::MAX; graph.len()];
    for (at, group) in groups.iter().enumerate() {
        group.members.iter().for_each(|member| owner[member.0 as usize] = at);
    }
    // Who reads the old value of a state.
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); function.states.len()];
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); groups.len()];
    for (at, group) in groups.iter().enumerate() {
        for node in group.reads.keys() {
            match graph[*node].op {
                Op::Input(Slot::State(state)) => readers[state as usize].push(at),
                Op::Input(Slot::Feed(_)) => {}
                _ => followers[owner[node.0 as usize]].push(at),
            }
        }
    }
    let mut tasks: Vec<Task> = (0..groups.len()).map(Task::Group).collect();
    let mut homes: Vec<Vec<Home>> = vec![Vec::new(); graph.len()];
    let copy = |tasks: &mut Vec<Task>, followers: &mut Vec<Vec<usize>>, node: Id, home: Home| {
        let at = tasks.len();
        tasks.push(Task::Copy(node, home));
        followers.push(Vec::new());
        followers[owner[node.0 as usize]].push(at);
        at
    };
    // Scatterings add into memory, orders move in it and recurrences read it again, so they have one home each.
    let single = |node: Id| matches!(graph[node].op, Op::ScatterAdd { .. } | Op::Order { .. } | Op::Scan { .. });
    for (slot, &node) in function.results.iter().enumerate() {
        let home = Home::Result(slot as u32);
        match single(node) && !homes[node.0 as usize].is_empty() {
            true => _ = copy(&mut tasks, &mut followers, node, home),
            false => homes[node.0 as usize].push(home),
        }
    }
    for &(state, node) in &function.updates {
        let writer = owner[node.0 as usize];
        let before: Vec<usize> = readers[state as usize].iter().copied().filter(|&at| at != writer).collect();
        let old = |id: &Id| graph[*id].op == Op::Input(Slot::State(state));
        let aligned = groups[writer].reads.iter().all(|(id, &aligned)| aligned || !old(id));
        let home = Home::State(state);
        if aligned && !single(node) && !leads(&followers, writer, &before) {
            before.iter().for_each(|&reader| followers[reader].push(writer));
            // What others read of this node they read from its first home.
            homes[node.0 as usize].insert(0, home);
        } else {
            let at = copy(&mut tasks, &mut followers, node, home);
            readers[state as usize].iter().for_each(|&reader| followers[reader].push(at));
        }
    }
    let order = line_up(function, groups, &tasks, &followers, &homes);
    Order { tasks: order.into_iter().map(|at| tasks[at].clone()).collect(), homes }
}

/// Whether one of `ends` comes after `start`.
fn leads(followers: &[Vec<usize>], start: usize, ends: &[usize]) -> bool {
    let mut seen = FxHashSet::default();
    let mut stack = vec![start];
    while let Some(at) = stack.pop() {
        if ends.contains(&at) {
            return true;
        }
        stack.extend(followers[at].iter().filter(|&&next| seen.insert(next)));
    }
    false
}

/// An order of the tasks that keeps `followers`. Of those that could be next, one that frees memory; else the first.
fn line_up(
    function: &Function,
    groups: &[Group],
    tasks: &[Task],
    followers: &[Vec<usize>],
    homes: &[Vec<Home>],
) -> Vec<usize> {
    let graph = &function.graph;
    // Bytes in the arena of a node, once it is there; readers that still wait for it.
    let bytes = |id: Id| match (&graph[id].op, homes[id.0 as usize].is_empty()) {
        (Op::Input(Slot::State(_) | Slot::Feed(_)), _) | (_, false) => 0,
        _ => (graph[id].size() * width(graph[id].dtype)) as i64,
    };
    let reads = |task: &Task| -> Vec<Id> {
        match task {
            Task::Group(at) => groups[*at].reads.keys().copied().collect(),
            Task::Copy(node, _) => vec![*node],
        }
    };
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); graph.len()];
    for (at, task) in tasks.iter().enumerate() {
        reads(task).into_iter().for_each(|id| readers[id.0 as usize].push(at));
    }
    let mut waiting: Vec<usize> = readers.iter().map(Vec::len).collect();
    let growth = |waiting: &[usize], at: usize| -> i64 {
        let made: i64 = match &tasks[at] {
            Task::Group(group) => {
                let kept = groups[*group].members.iter().filter(|member| waiting[member.0 as usize] > 0);
                kept.map(|member| bytes(*member)).sum()
            }
            Task::Copy(..) => 0,
        };
        let last = |id: &Id| waiting[id.0 as usize] == 1;
        made - reads(&tasks[at]).into_iter().filter(last).map(bytes).sum::<i64>()
    };
    let mut missing = vec![0; tasks.len()];
    followers.iter().flatten().for_each(|&at| missing[at] += 1);
    // What could be next, by how much it frees. `rank` is where a task stands in it.
    let mut ready: BTreeSet<(i64, usize)> = BTreeSet::new();
    let mut rank: Vec<Option<i64>> = vec![None; tasks.len()];
    let mut line = |ready: &mut BTreeSet<_>, waiting: &[usize], at: usize| {
        let new = growth(waiting, at).min(0);
        rank[at].replace(new).into_iter().for_each(|old| _ = ready.remove(&(old, at)));
        ready.insert((new, at));
    };
    (0..tasks.len()).filter(|&at| missing[at] == 0).for_each(|at| line(&mut ready, &waiting, at));
    let mut done = vec![false; tasks.len()];
    let mut order = Vec::with_capacity(tasks.len());
    while let Some((_, next)) = ready.pop_first() {
        done[next] = true;
        for id in reads(&tasks[next]) {
            waiting[id.0 as usize] -= 1;
            if waiting[id.0 as usize] == 1 {
                // Its last reader frees it.
                let last = readers[id.0 as usize].iter().copied().find(|&at| !done[at]);
                last.into_iter().filter(|&at| missing[at] == 0).for_each(|at| line(&mut ready, &waiting, at));
            }
        }
        for &at in &followers[next] {
            missing[at] -= 1;
            if missing[at] == 0 {
                line(&mut ready, &waiting, at);
            }
        }
        order.push(next);
    }
    assert_eq!(order.len(), tasks.len(), "no task waits for itself");
    order
}
