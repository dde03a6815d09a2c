//! From groups in order to kernels over buffers, each buffer with its place in memory.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::across::across;
use super::affine::{Affine, flatten};
use super::build::kernels;
use super::chunks::chunks;
use super::collapse::collapse;
use super::columns::columns;
use super::group::Group;
use super::order::{Order, Task};
use super::panels::{Blocks, Panels, blocks, panels};
use super::share::parts;
use super::trace::axis;
use super::{ALIGNMENT, Buffer, Core, Home, Kernel, Line, Load, Machine, Reg, Store, Turns, Work};
use crate::tensor::{Dtype, Function, Graph, Id, Op, Scan, Slot};

/// The buffers and the kernels of a step, and the bytes of its arena.
pub struct Layout {
    pub buffers: Vec<Buffer>,
    pub kernels: Vec<Kernel>,
    /// How many of them, one after the other, are parts of one.
    pub together: Vec<usize>,
    pub arena: usize,
}

pub fn layout(function: &Function, stored: &[bool], groups: &[Group], order: &Order, machine: &Machine) -> Layout {
    let graph = &function.graph;
    let mut writing = Writing {
        graph,
        order,
        machine,
        buffers: Vec::new(),
        kernels: Vec::new(),
        together: Vec::new(),
        at_home: FxHashMap::default(),
        of_node: vec![Vec::new(); graph.len()],
    };
    let mut read = vec![false; graph.len()];
    for group in groups {
        group.reads.keys().for_each(|id| read[id.0 as usize] = true);
    }
    for task in &order.tasks {
        if let Task::Copy(id, _) = task {
            read[id.0 as usize] = true;
        }
    }
    for task in &order.tasks {
        match task {
            Task::Group(at) => {
                let members = &groups[*at].members;
                writing.homes(members, &read);
                match &graph[members[0]].op {
                    Op::Scan { scan, .. } => writing.scan(scan, members),
                    _ => writing.group(stored, members),
                }
            }
            Task::Copy(id, home) => writing.copy(*id, *home),
        }
    }
    let Writing { mut buffers, kernels, together, .. } = writing;
    let arena = place(&mut buffers, &kernels, &together);
    Layout { buffers, kernels, together, arena }
}

struct Writing<'a> {
    graph: &'a Graph,
    order: &'a Order,
    machine: &'a Machine,
    buffers: Vec<Buffer>,
    kernels: Vec<Kernel>,
    together: Vec<usize>,
    /// The buffers outside the arena.
    at_home: FxHashMap<Home, usize>,
    /// The buffers that hold the value of a node, the first of them for readers.
    of_node: Vec<Vec<usize>>,
}

/// A place in the arena that is not settled yet.
const SOMEWHERE: Home = Home::Arena(usize::MAX);

impl Writing<'_> {
    /// Buffers for the values of a group, where somebody wants them.
    fn homes(&mut self, members: &[Id], read: &[bool]) {
        for &member in members {
            let node = &self.graph[member];
            let mut homes = self.order.homes[member.0 as usize].clone();
            if homes.is_empty() && read[member.0 as usize] {
                homes.push(SOMEWHERE);
            }
            self.of_node[member.0 as usize] =
                homes.into_iter().map(|home| self.buffer(&node.shape, node.dtype, home)).collect();
        }
    }

    fn group(&mut self, stored: &[bool], members: &[Id]) {
        for mut kernel in kernels(self.graph, stored, members).expect("what blocks a kernel is stored") {
            self.settle(&mut kernel);
            collapse(&mut kernel);
            across(&mut kernel);
            columns(&mut kernel);
            chunks(&mut kernel, self.machine);
            self.push(kernel);
        }
    }

    /// The parts of a kernel, each with room of its own to work in.
    fn push(&mut self, kernel: Kernel) {
        let parts = parts(kernel, self.machine.threads);
        self.together.push(parts.len());
        for mut kernel in parts {
            let (laid_out, cut) = (panels(&kernel, self.machine), blocks(&kernel, self.machine));
            if let Core::Product { panels, blocks, .. } = &mut kernel.core {
                let mut room = |floats: usize| self.buffer(&[floats], Dtype::F32, SOMEWHERE);
                *panels = laid_out.map(|(kept, floats)| Panels { buffer: room(floats), kept });
                *blocks = cut.map(|(it, floats)| Blocks { buffer: room(floats), ..it });
            }
            let (axes, last) = (kernel.axes(), kernel.space.last().copied());
            if let Core::Winograd(winograd) = &mut kernel.core {
                let floats = winograd.layout(&axes, last.expect("channels")).floats();
                winograd.room = self.buffer(&[floats], Dtype::F32, SOMEWHERE);
            }
            self.kernels.push(kernel);
        }
    }

    /// The kernel of a recurrence, of which `members` are results that are read.
    fn scan(&mut self, scan: &Scan, members: &[Id]) {
        // Turns are too short to be shared.
        let plan = super::plan(&scan.turn, &Machine { threads: 1, ..self.machine.clone() });
        let args = self.graph[members[0]].args.clone();
        let operands = args.iter().map(|&arg| self.reading(arg)).collect();
        let targets = (0..scan.carried())
            .map(|at| {
                let is_this = |id: &&Id| matches!(self.graph[**id].op, Op::Scan { at: number, .. } if number == at);
                let known = members.iter().find(is_this).and_then(|id| self.of_node[id.0 as usize].first());
                let (shape, dtype) = &scan.turn.feeds[at];
                let shape = [&[scan.turns], &shape[..]].concat();
                known.copied().unwrap_or_else(|| self.buffer(&shape, *dtype, SOMEWHERE))
            })
            .collect();
        let arena = self.buffer(&[plan.arena.max(1)], Dtype::Bool, SOMEWHERE);
        let turns = Turns { plan, backwards: scan.backwards, operands, sliced: scan.sliced, targets, arena };
        let core = Core::Scan(Box::new(turns));
        self.push(Kernel { space: vec![scan.turns], core, body: super::Body::default(), stores: Vec::new() });
    }

    /// Calls the buffers of a kernel by their own numbers instead of those of their nodes.
    fn settle(&mut self, kernel: &mut Kernel) {
        match &mut kernel.core {
            Core::Loop | Core::Reduce { .. } | Core::Product { .. } | Core::Winograd(_) => {}
            Core::Scan(_) => unreachable!("a recurrence is laid out from its node"),
            Core::Order { source, target, scratch } => {
                *source = self.reading(Id(*source as u32));
                *target = self.of_node[*target][0];
                *scratch = self.buffer(&kernel.space[1..2], Dtype::I32, SOMEWHERE);
                return;
            }
        }
        for load in kernel.loads_mut() {
            load.buffer = self.reading(Id(load.buffer as u32));
        }
        let stores = std::mem::take(&mut kernel.stores);
        for store in stores {
            let homes = &self.of_node[store.buffer];
            kernel.stores.extend(homes.iter().map(|&buffer| Store { buffer, ..store.clone() }));
        }
    }

    fn copy(&mut self, id: Id, home: Home) {
        let node = &self.graph[id];
        let from = self.reading(id);
        let to = self.buffer(&node.shape, node.dtype, home);
        let point: Vec<Affine> = (0..node.shape.len()).map(|at| axis(&node.shape, at)).collect();
        let at = flatten(&point, &node.shape);
        let work = Work::Load(Load { buffer: from, at: at.clone(), guards: Vec::new() });
        let body = super::Body { lines: vec![Line { work, dtype: node.dtype }], ..Default::default() };
        let stores = vec![Store { buffer: to, at, value: Reg(0), adds: false }];
        let mut kernel = Kernel { space: node.shape.to_vec(), core: Core::Loop, body, stores };
        collapse(&mut kernel);
        self.push(kernel);
    }

    /// The buffer from which a node is read.
    fn reading(&mut self, id: Id) -> usize {
        if self.of_node[id.0 as usize].is_empty() {
            let node = &self.graph[id];
            let home = match node.op {
                Op::Input(Slot::State(state)) => Home::State(state),
                Op::Input(Slot::Feed(feed)) => Home::Feed(feed),
                ref op => unreachable!("{op:?} is read before it is written"),
            };
            let buffer = self.buffer(&node.shape, node.dtype, home);
            self.of_node[id.0 as usize] = vec![buffer];
        }
        self.of_node[id.0 as usize][0]
    }

    /// A buffer at `home`; outside the arena there is one for each home.
    fn buffer(&mut self, shape: &[usize], dtype: Dtype, home: Home) -> usize {
        let next = self.buffers.len();
        let at = if home == SOMEWHERE { next } else { *self.at_home.entry(home).or_insert(next) };
        if at == next {
            self.buffers.push(Buffer { shape: shape.to_vec(), dtype, home });
        }
        at
    }
}

/// The most buffers of an arena whose sizes say which is placed first.
const MANY: usize = 4096;

/// Gives each buffer of the arena its offset, so that no two overlap while both are in use. Returns the bytes needed.
///
/// A buffer is in use from the first to the last kernel that touches it; kernels that run together do so at one time.
fn place(buffers: &mut [Buffer], kernels: &[Kernel], together: &[usize]) -> usize {
    let mut uses: Vec<Option<(usize, usize)>> = vec![None; buffers.len()];
    let times = together.iter().enumerate().flat_map(|(at, &count)| std::iter::repeat_n(at, count));
    for (at, kernel) in times.zip(kernels) {
        for buffer in kernel.reads().into_iter().chain(kernel.writes()) {
            let (first, _) = uses[buffer].unwrap_or((at, at));
            uses[buffer] = Some((first, at));
        }
    }
    let in_arena = (0..buffers.len()).filter(|&at| buffers[at].home == SOMEWHERE);
    let tenants: Vec<Tenant> = in_arena
        .map(|buffer| {
            let (first, last) = uses[buffer].expect("a buffer is used");
            Tenant { buffer, bytes: buffers[buffer].bytes().next_multiple_of(ALIGNMENT), first, last }
        })
        .collect();
    let starts = if tenants.len() <= MANY { by_size(tenants) } else { by_time(tenants) };
    let mut arena = 0;
    for (tenant, start) in starts {
        buffers[tenant.buffer].home = Home::Arena(start);
        arena = arena.max(start + tenant.bytes);
    }
    arena
}

/// A buffer that wants room in the arena from one time to another, both included.
struct Tenant {
    buffer: usize,
    bytes: usize,
    first: usize,
    last: usize,
}

/// The largest is placed first, each as low as it fits. This takes the square of their number.
fn by_size(mut tenants: Vec<Tenant>) -> Vec<(Tenant, usize)> {
    tenants.sort_by_key(|tenant| (std::cmp::Reverse(tenant.bytes), tenant.buffer));
    let mut placed: Vec<(Tenant, usize)> = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        let at_one_time = |(other, _): &&(Tenant, usize)| other.first <= tenant.last && tenant.first <= other.last;
        let mut busy: Vec<(usize, usize)> =
            placed.iter().filter(at_one_time).map(|(other, start)| (*start, start + other.bytes)).collect();
        busy.sort_unstable();
        let mut start = 0;
        for (from, to) in busy {
            if start + tenant.bytes <= from {
                break;
            }
            start = start.max(to);
        }
        placed.push((tenant, start));
    }
    placed
}

/// The first to be used is placed first, in the smallest gap that has room for it.
fn by_time(mut tenants: Vec<Tenant>) -> Vec<(Tenant, usize)> {
    tenants.sort_by_key(|tenant| (tenant.first, std::cmp::Reverse(tenant.bytes), tenant.buffer));
    let mut end = 0;
    // Gaps by their start and by their size; what becomes one when a time has passed.
    let (mut gaps, mut sizes) = (BTreeMap::<usize, usize>::new(), BTreeSet::<(usize, usize)>::new());
    let mut leaving: BTreeSet<(usize, usize, usize)> = BTreeSet::new();
    let mut placed = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        while let Some(&(last, mut start, mut bytes)) = leaving.first().filter(|(last, ..)| *last < tenant.first) {
            leaving.remove(&(last, start, bytes));
            let before = gaps.range(..start).next_back().map(|(&from, &size)| (from, size));
            if let Some((from, size)) = before.filter(|(from, size)| from + size == start) {
                gaps.remove(&from);
                sizes.remove(&(size, from));
                (start, bytes) = (from, size + bytes);
            }
            if let Some(size) = gaps.remove(&(start + bytes)) {
                sizes.remove(&(size, start + bytes));
                bytes += size;
            }
            gaps.insert(start, bytes);
            sizes.insert((bytes, start));
        }
        let start = match sizes.range((tenant.bytes, 0)..).next().copied() {
            Some((size, start)) => {
                gaps.remove(&start);
                sizes.remove(&(size, start));
                if size > tenant.bytes {
                    gaps.insert(start + tenant.bytes, size - tenant.bytes);
                    sizes.insert((size - tenant.bytes, start + tenant.bytes));
                }
                start
            }
            None => {
                end += tenant.bytes;
                end - tenant.bytes
            }
        };
        if tenant.bytes > 0 {
            leaving.insert((tenant.last, start, tenant.bytes));
        }
        placed.push((tenant, start));
    }
    placed
}
