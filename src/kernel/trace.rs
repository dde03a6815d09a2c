//! How a value is computed where it is read: nodes of the graph become lines of a body, and views become index arithmetic.

use rustc_hash::FxHashMap;

use super::Reduction;
use super::affine::{Affine, Var, flatten, straddling, unflatten};
use super::body::{Body, Guard, Line, Load, Place, Reg, Work};
use crate::tensor::{Dtype, Graph, Id, Op, Slot, View};

/// A body in the making. Until the plan is laid out, the buffer of a load is the number of the node that is stored there.
pub struct Trace<'a> {
    graph: &'a Graph,
    /// Which nodes are read from memory.
    stored: &'a [bool],
    /// The extents of the axes.
    axes: Vec<usize>,
    body: Body,
    lines: FxHashMap<Line, Reg>,
    values: FxHashMap<(Id, Vec<Affine>, Vec<u32>), Reg>,
    /// Nodes whose elements this body cannot reach by affine indices unless they are stored first.
    blocked: Vec<Id>,
    /// Nodes that show zeros beside the elements of an operand.
    pub bordered: Vec<Id>,
    /// An axis of the kernel, and how many of its places next to one another it would have to group, so as to reach such a node.
    split: Option<(usize, usize)>,
}

/// Why there can be no body.
pub struct Blocked {
    /// What would have to be stored before.
    pub nodes: Vec<Id>,
    /// Or the axis that would have to be two, and the extent of the inner one.
    pub split: Option<(usize, usize)>,
}

/// Whether a node shows the elements of its operand, zeros among them perhaps, and computes nothing.
pub fn moves(graph: &Graph, id: Id) -> bool {
    match graph[id].op {
        Op::View(_) | Op::Fold(View::Permute { .. } | View::Pad { .. } | View::Reshape { .. }) => true,
        // No two elements of a slice that moves are one.
        Op::Fold(View::Slice { step, len, .. }) => step != 0 || len <= 1,
        _ => false,
    }
}

/// Reductions one inside the other, taken as one over several axes.
pub struct Chain {
    /// From the outermost reduction inwards.
    nodes: Vec<Id>,
    /// The position of each one's axis among the inner axes.
    numbers: Vec<usize>,
    /// The extents of the inner axes, in the order in which the operand has them.
    pub inner: Vec<usize>,
    /// What is reduced.
    pub operand: Id,
}

/// Whether a node folds the elements along an axis into one, and how.
pub fn reduces(graph: &Graph, id: Id) -> Option<Reduction> {
    match &graph[id].op {
        Op::Fold(_) if !moves(graph, id) => Some(Reduction::Sum),
        Op::Max { .. } => Some(Reduction::Max),
        _ => None,
    }
}

/// The reductions that end in `root`, as far inwards as they are of one sort and not stored.
pub fn chain(graph: &Graph, stored: &[bool], root: Id) -> Chain {
    let how = reduces(graph, root);
    let (mut nodes, mut extents, mut operand) = (Vec::new(), Vec::new(), root);
    // Which reduction each axis of the operand belongs to, if any.
    let mut owners: Vec<Option<usize>> = vec![None; graph.shape(root).len()];
    while nodes.is_empty() || (!stored[operand.0 as usize] && reduces(graph, operand) == how) {
        let from = graph[operand].args[0];
        let at = match &graph[operand].op {
            Op::Fold(View::Expand { axis, .. }) | Op::Max { axis } => *axis,
            Op::Fold(View::Window { axis, .. }) => axis + 1,
            op => unreachable!("{op:?} is no reduction"),
        };
        owners.insert(at, Some(nodes.len()));
        extents.push(graph.shape(from)[at]);
        nodes.push(operand);
        operand = from;
    }
    let order: Vec<usize> = owners.into_iter().flatten().collect();
    let inner = order.iter().map(|&owner| extents[owner]).collect();
    let numbers =
        (0..nodes.len()).map(|owner| order.iter().position(|&at| at == owner).expect("every owner")).collect();
    Chain { nodes, numbers, inner, operand }
}

/// The number that counts along an axis.
pub fn axis(axes: &[usize], axis: usize) -> Affine {
    match axes[axis] {
        1 => Affine::default(),
        _ => Affine::var(Var::Axis(axis as u32)),
    }
}

impl<'a> Trace<'a> {
    pub fn new(graph: &'a Graph, stored: &'a [bool], axes: &[usize]) -> Trace<'a> {
        Trace {
            graph,
            stored,
            axes: axes.to_vec(),
            body: Body::default(),
            lines: FxHashMap::default(),
            values: FxHashMap::default(),
            blocked: Vec::new(),
            bordered: Vec::new(),
            split: None,
        }
    }

    /// Says that the element of `id` at a row-major position is what `reg` holds.
    pub fn know(&mut self, id: Id, at: Affine, reg: Reg) {
        let load = Load { buffer: id.0 as usize, at, guards: Vec::new() };
        self.lines.insert(Line { work: Work::Load(load), dtype: self.graph[id].dtype }, reg);
    }

    /// The body, or the nodes that have to be stored before there can be one.
    pub fn finish(self) -> Result<Body, Blocked> {
        if self.blocked.is_empty() { Ok(self.body) } else { Err(Blocked { nodes: self.blocked, split: self.split }) }
    }

    /// The element of `id` at a place: read if it is stored, else computed. Zero where a guard fails, if it is read.
    pub fn value(&mut self, id: Id, at: &[Affine], guards: &[u32]) -> Reg {
        let key = (id, at.to_vec(), guards.to_vec());
        if let Some(&reg) = self.values.get(&key) {
            return reg;
        }
        let reg = match self.stored[id.0 as usize] {
            true => self.load(id, flatten(at, self.graph.shape(id)), guards),
            false => self.compute(id, at, guards),
        };
        self.values.insert(key, reg);
        reg
    }

    /// The element of `id` at a place, computed from its operands.
    pub fn compute(&mut self, id: Id, at: &[Affine], guards: &[u32]) -> Reg {
        let node = &self.graph[id];
        let work = match &node.op {
            Op::Input(Slot::Step) => Work::Step,
            Op::Input(Slot::Carry(_)) => unreachable!("a recurrence that was never closed"),
            Op::Input(Slot::State(_) | Slot::Feed(_)) => return self.load(id, flatten(at, &node.shape), guards),
            Op::Const(bits) => Work::Const(*bits),
            Op::Map(scalar) => Work::Map(*scalar, node.args.iter().map(|&arg| self.value(arg, at, guards)).collect()),
            Op::View(_) | Op::Fold(_) => return self.shown(id, at, guards),
            Op::Index { axis } => Work::Index(at[*axis].clone()),
            Op::Random { draw, site } => Work::Random { draw: *draw, site: *site, at: flatten(at, &node.shape) },
            Op::Gather { axis, batch } => {
                let (table, index) = (node.args[0], node.args[1]);
                let place = self.gathered(at, *axis, *batch, (table, index), guards);
                return self.value(table, &place, guards);
            }
            Op::Contract { .. } | Op::Max { .. } | Op::ScatterAdd { .. } | Op::Order { .. } | Op::Scan { .. } => {
                unreachable!("{:?} is always stored", node.op)
            }
        };
        self.line(work, node.dtype)
    }

    /// The place of the table that a gather shows at `at`, where `index` tells the place along `axis`.
    pub fn gathered(
        &mut self,
        at: &[Affine],
        axis: usize,
        batch: usize,
        (table, index): (Id, Id),
        guards: &[u32],
    ) -> Vec<Affine> {
        let after = axis + self.graph.shape(index).len() - batch;
        let reg = self.value(index, &[&at[..batch], &at[axis..after]].concat(), guards);
        let extent = self.graph.shape(table)[axis];
        [&at[..axis], &[self.place(reg, extent)], &at[after..]].concat()
    }

    /// The element of a node that moves the elements of its operand.
    fn shown(&mut self, id: Id, at: &[Affine], guards: &[u32]) -> Reg {
        if self.reshapes(id) {
            let position = flatten(at, self.graph.shape(id));
            let from = self.behind_reshapes(id);
            if self.stored[from.0 as usize] {
                return self.load(from, position, guards);
            }
            return match unflatten(&position, self.graph.shape(from), |var| self.body.extent(&self.axes, var)) {
                Some(place) => self.value(from, &place, guards),
                None => {
                    self.cannot_reach(from, &position);
                    self.line(Work::Const(0), self.graph[from].dtype)
                }
            };
        }
        let from = self.graph[id].args[0];
        let (place, guard) = self.source(id, at);
        let Some(guard) = guard else { return self.value(from, &place, guards) };
        let mut all = guards.to_vec();
        if let Err(new) = all.binary_search(&guard) {
            all.insert(new, guard);
        }
        let reg = self.value(from, &place, &all);
        self.masked(reg, vec![guard], self.graph[id].dtype)
    }

    /// Where in memory the element of `id` at a place is, if it can be read there, where the guards hold.
    pub fn operand(&mut self, mut id: Id, at: &[Affine]) -> Option<Load> {
        let (mut place, mut guards) = (at.to_vec(), vec![]);
        loop {
            if self.stored[id.0 as usize] {
                let at = flatten(&place, self.graph.shape(id));
                return Some(Load { buffer: id.0 as usize, at, guards });
            }
            if !moves(self.graph, id) {
                self.blocked.push(id);
                return None;
            }
            if self.reshapes(id) {
                let at = flatten(&place, self.graph.shape(id));
                id = self.behind_reshapes(id);
                if self.stored[id.0 as usize] {
                    return Some(Load { buffer: id.0 as usize, at, guards });
                }
                match unflatten(&at, self.graph.shape(id), |var| self.body.extent(&self.axes, var)) {
                    Some(at) => place = at,
                    None => {
                        self.cannot_reach(id, &at);
                        return None;
                    }
                }
                continue;
            }
            let (from, guard) = self.source(id, &place);
            if let Some(guard) = guard {
                self.bordered.push(id);
                guards.push(guard);
            }
            (id, place) = (self.graph[id].args[0], from);
        }
    }

    fn cannot_reach(&mut self, id: Id, position: &Affine) {
        self.blocked.push(id);
        let found = straddling(position, self.graph.shape(id), |var| self.body.extent(&self.axes, var));
        if let Some((Var::Axis(axis), size)) = found {
            self.split.get_or_insert((axis as usize, size));
        }
    }

    fn reshapes(&self, id: Id) -> bool {
        matches!(self.graph[id].op, Op::View(View::Reshape { .. }) | Op::Fold(View::Reshape { .. }))
    }

    /// The first node below `id`, which reshapes, that is stored or does more.
    fn behind_reshapes(&self, id: Id) -> Id {
        let mut id = self.graph[id].args[0];
        while self.reshapes(id) && !self.stored[id.0 as usize] {
            id = self.graph[id].args[0];
        }
        id
    }

    /// The place of the operand that the node `id`, which moves, shows at `at`, and the guard without which it shows zero.
    fn source(&mut self, id: Id, at: &[Affine]) -> (Vec<Affine>, Option<u32>) {
        let node = &self.graph[id];
        let from = &self.graph[node.args[0]].shape;
        let mut place = at.to_vec();
        let mut guard = None;
        match &node.op {
            Op::View(View::Expand { axis, .. }) => _ = place.remove(*axis),
            Op::View(View::Permute { order }) => order.iter().zip(at).for_each(|(&axis, i)| place[axis] = i.clone()),
            Op::Fold(View::Permute { order }) => place = order.iter().map(|&axis| at[axis].clone()).collect(),
            Op::View(View::Slice { axis, start, step, .. }) => {
                place[*axis] = at[*axis].times(*step as i64).plus(*start as i64);
            }
            Op::Fold(View::Slice { axis, start, step, len }) => {
                // A slice of one place may have any step.
                let step = if *step == 0 { 1 } else { *step };
                let ahead = at[*axis].plus(-(*start as i64)).times(step.signum() as i64);
                (place[*axis], guard) = self.inside(ahead, step.unsigned_abs(), *len);
            }
            Op::View(View::Pad { axis, before, between, .. }) => {
                let ahead = at[*axis].plus(-(*before as i64));
                (place[*axis], guard) = self.inside(ahead, between + 1, from[*axis]);
            }
            Op::Fold(View::Pad { axis, before, between, .. }) => {
                place[*axis] = at[*axis].times(*between as i64 + 1).plus(*before as i64);
            }
            Op::View(View::Window { axis, stride, dilation, .. }) => {
                let within = place.remove(axis + 1);
                place[*axis] = at[*axis].times(*stride as i64).add(&within.times(*dilation as i64));
            }
            op => unreachable!("{op:?} is no such node"),
        }
        (place, guard)
    }

    /// The element of the chain's operand that a point of its space and its inner axes meet.
    pub fn met(&mut self, chain: &Chain, point: &[Affine]) -> Reg {
        let graph = self.graph;
        let rank = self.axes.len() - chain.inner.len();
        let mut place = point.to_vec();
        let mut guards = Vec::new();
        for (&id, &number) in chain.nodes.iter().zip(&chain.numbers) {
            let within = axis(&self.axes, rank + number);
            match graph[id].op {
                Op::Fold(View::Expand { axis, .. }) | Op::Max { axis } => place.insert(axis, within),
                Op::Fold(View::Window { axis, stride, dilation, .. }) => {
                    let start = place[axis].add(&within.times(-(dilation as i64)));
                    let windows = graph.shape(graph[id].args[0])[axis];
                    let (window, guard) = self.inside(start, stride, windows);
                    place[axis] = window;
                    place.insert(axis + 1, within);
                    guards.extend(guard);
                }
                ref op => unreachable!("{op:?} is no reduction"),
            }
        }
        guards.sort_unstable();
        guards.dedup();
        let reg = self.value(chain.operand, &place, &guards);
        self.masked(reg, guards, graph[chain.operand].dtype)
    }

    /// The register where the guards hold, else zero.
    fn masked(&mut self, reg: Reg, guards: Vec<u32>, dtype: Dtype) -> Reg {
        match &self.body.lines[reg.0 as usize].work {
            _ if guards.is_empty() => reg,
            // A load is zero where its guards fail.
            Work::Load(load) if guards.iter().all(|guard| load.guards.contains(guard)) => reg,
            _ => self.line(Work::Mask(guards, reg), dtype),
        }
    }

    /// The quotient by `divisor` as a number in `0..extent`, with the guard that says whether it is one.
    fn inside(&mut self, value: Affine, divisor: usize, extent: usize) -> (Affine, Option<u32>) {
        let (least, greatest) = value.span(|var| self.body.extent(&self.axes, var));
        if divisor == 1 && least >= 0 && greatest < extent as i64 {
            return (value, None);
        }
        let guard = Guard { value, divisor, extent };
        let known = self.body.guards.iter().position(|known| *known == guard);
        let number = known.unwrap_or_else(|| {
            self.body.guards.push(guard);
            self.body.guards.len() - 1
        }) as u32;
        let quotient = if extent == 1 { Affine::default() } else { Affine::var(Var::Inside(number)) };
        (quotient, Some(number))
    }

    /// What a register holds, clamped to `0..extent`.
    fn place(&mut self, reg: Reg, extent: usize) -> Affine {
        if extent == 1 {
            return Affine::default();
        }
        let place = Place { reg, extent };
        let known = self.body.places.iter().position(|known| *known == place);
        let number = known.unwrap_or_else(|| {
            self.body.places.push(place);
            self.body.places.len() - 1
        });
        Affine::var(Var::Place(number as u32))
    }

    fn load(&mut self, id: Id, at: Affine, guards: &[u32]) -> Reg {
        let load = Load { buffer: id.0 as usize, at, guards: guards.to_vec() };
        self.line(Work::Load(load), self.graph[id].dtype)
    }

    pub fn line(&mut self, work: Work, dtype: Dtype) -> Reg {
        let line = Line { work, dtype };
        let lines = &mut self.body.lines;
        *self.lines.entry(line).or_insert_with_key(|line| {
            lines.push(line.clone());
            Reg(lines.len() as u32 - 1)
        })
    }
}
