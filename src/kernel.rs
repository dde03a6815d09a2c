//! Loops and buffers: what a step computes where, in which order, and in which memory.
//!
//! [`plan`] turns a function into a [`Plan`]. A plan is all that machine code needs to know: an executor runs its kernels
//! one after the other over one arena whose layout is settled.

use crate::tensor::{Dtype, Function, Id, Op, Slot};

mod across;
pub mod affine;
mod body;
mod build;
mod chunks;
mod collapse;
mod columns;
pub mod eval;
mod factors;
mod fuse;
mod grid;
mod group;
mod layout;
pub mod machine;
mod order;
pub mod panels;
mod print;
mod share;
mod trace;
mod verify;
pub mod winograd;

pub use affine::{Affine, Var};
pub use body::{Body, Guard, Line, Load, Place, Reg, Work};
pub use machine::Machine;
pub use panels::{Blocks, Kept, Panels};
pub use print::{Loops, Names, Tables};
pub use verify::verify;
pub use winograd::Winograd;

/// Every buffer begins at a multiple of this many bytes.
pub const ALIGNMENT: usize = 64;

/// The number of partial sums of a reduction; see [`Core::Reduce`].
pub const LANES: usize = 32;

/// A step, ready to be run: kernels in order, and the memory that they work in.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Plan {
    pub machine: Machine,
    pub buffers: Vec<Buffer>,
    pub kernels: Vec<Kernel>,
    /// How many of them follow one another that may run at the same time, as parts of one: they write to different places, and
    /// none reads what another writes.
    pub together: Vec<usize>,
    /// The size of the arena in bytes. Its contents mean nothing between steps.
    pub arena: usize,
    pub states: Vec<Type>,
    pub feeds: Vec<Type>,
    pub results: Vec<Type>,
}

/// The extents and the type of a tensor.
pub type Type = (Vec<usize>, Dtype);

/// A piece of memory with the elements of one tensor in row-major order; a bool is one byte, 0 or 1.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Buffer {
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    pub home: Home,
}

/// Whose memory a buffer is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Home {
    State(u32),
    Feed(u32),
    Result(u32),
    /// Bytes of the arena from this offset.
    Arena(usize),
}

/// One nest of loops.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Kernel {
    /// The extents of the axes at whose every point values are stored. Points are visited in row-major order, or as if.
    pub space: Vec<usize>,
    pub core: Core,
    /// What is done at each point with the value of the core.
    pub body: Body,
    pub stores: Vec<Store>,
}

/// What a kernel does before its body, at each point of its space.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Core {
    /// Nothing: the body has all of it.
    Loop,
    /// Folds `value` of `body` over the axes `inner`.
    ///
    /// The places along the last of these axes are dealt out to [`LANES`] lanes in turn, and each lane is folded from the
    /// neutral element in row-major order of the inner axes. Then, as long as there are lanes, the upper half of them is
    /// folded into the lower: lane `k` with lane `k + w` for `w = LANES / 2, LANES / 4, …, 1`, where lanes beyond the
    /// extent of the axis are left out. The order depends on extents alone.
    Reduce { inner: Vec<usize>, how: Reduction, body: Body, value: Reg },
    /// `Σ left · right` over the axes `inner`: one chain of fused multiply-adds from zero, in row-major order.
    /// Where there are `panels`, the factor that has the last axis may be laid out in them before.
    /// Where there are `blocks`, the chains of all points may be lengthened block by block.
    Product { inner: Vec<usize>, left: Load, right: Load, panels: Option<Panels>, blocks: Option<Blocks> },
    /// `Σ image · other` over the axes `inner` of a convolution, in another order and with other roundings.
    Winograd(Box<Winograd>),
    /// The kernel is one call: the stable ascending order along the axis in the middle of `space`, which is
    /// (outer, axis, inner), with the elements of `source`. There is no body. `scratch` has room for one order.
    Order { source: usize, target: usize, scratch: usize },
    /// The kernel is a plan of its own, run once for each place of the one axis of `space`. There is no body.
    Scan(Box<Turns>),
}

/// A recurrence: the plan of its turn, and the buffers between which it goes from place to place.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Turns {
    /// Its feeds are those of a [`Scan`](crate::tensor::Scan), its results what is carried on.
    pub plan: Plan,
    /// Whether the last place comes first.
    pub backwards: bool,
    /// A buffer for each feed. Those of carried values say what they are before the first turn.
    pub operands: Vec<usize>,
    /// How many of them, after the carried ones, are seen place by place.
    pub sliced: usize,
    /// For each carried value, the buffer of what it is after each turn, place by place. The next turn reads it there.
    pub targets: Vec<usize>,
    /// Room for the arena of the plan.
    pub arena: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reduction {
    /// From zero.
    Sum,
    /// From the least value of the type. A NaN wins.
    Max,
}

/// What is written at each point.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Store {
    pub buffer: usize,
    pub at: Affine,
    pub value: Reg,
    /// Added to what is there, point after point, instead of replacing it.
    pub adds: bool,
}

/// Plans the step that computes `function` on `machine`.
pub fn plan(function: &Function, machine: &Machine) -> Plan {
    let function = &with_copies(&factors::turned(function));
    let graph = &function.graph;
    let stored = fuse::stored(function);
    let live = fuse::live(function);
    let input = |id: &Id| matches!(graph[*id].op, Op::Input(Slot::State(_) | Slot::Feed(_)));
    let roots: Vec<Id> = graph.ids().filter(|id| live[id.0 as usize] && stored[id.0 as usize] && !input(id)).collect();
    let groups = group::groups(function, &stored, &roots);
    let order = order::order(function, &groups);
    let layout::Layout { buffers, kernels, together, arena } =
        layout::layout(function, &stored, &groups, &order, machine);
    let results = function.results.iter().map(|&id| (graph.shape(id).to_vec(), graph[id].dtype)).collect();
    let (states, feeds) = (function.states.clone(), function.feeds.clone());
    let plan = Plan { machine: machine.clone(), buffers, kernels, together, arena, states, feeds, results };
    verify(&plan);
    plan
}

/// The same function, where a state or a feed that is returned, or that another state becomes, is copied by a node.
fn with_copies(function: &Function) -> Function {
    let Function { mut graph, states, feeds, results, updates } = function.clone();
    let mut copied = |id: Id| match graph[id].op {
        Op::Input(Slot::State(_) | Slot::Feed(_)) => {
            let shape = graph.shape(id).to_vec();
            graph.reshape(id, &shape)
        }
        _ => id,
    };
    let results = results.into_iter().map(&mut copied).collect();
    let stays = |state: u32, id: Id| function.graph[id].op == Op::Input(Slot::State(state));
    let updates = updates.into_iter().filter(|&(state, id)| !stays(state, id)).map(|(state, id)| (state, copied(id)));
    let updates = updates.collect();
    Function { graph, states, feeds, results, updates }
}

impl Plan {
    /// The bytes that a step needs: its arena, its states, what it is fed and what it returns.
    pub fn peak_bytes(&self) -> usize {
        let outside = self.states.iter().chain(&self.feeds).chain(&self.results);
        self.arena + outside.map(|(shape, dtype)| shape.iter().product::<usize>() * width(*dtype)).sum::<usize>()
    }

    /// The operations of a step.
    pub fn flops(&self) -> usize {
        self.kernels.iter().map(Kernel::flops).sum()
    }

    /// The bytes that a kernel moves, each element counted once.
    pub fn traffic(&self, kernel: &Kernel) -> usize {
        let mut touched: Vec<(usize, usize)> = Vec::new();
        let axes = kernel.axes();
        let all = |buffer: usize| (buffer, self.buffers[buffer].size());
        let mut add = |(buffer, size): (usize, usize)| {
            let size = size.min(self.buffers[buffer].size());
            match touched.iter_mut().find(|entry| entry.0 == buffer) {
                Some(entry) => entry.1 = entry.1.max(size),
                None => touched.push((buffer, size)),
            }
        };
        for (body, load) in kernel.loads() {
            let extents = load.at.terms().iter().map(|term| body.map_or(1, |body| body.extent(&axes, term.0)));
            // A factor of a product has axes only.
            let axes_only = load.at.terms().iter().map(|term| match term.0 {
                Var::Axis(axis) => axes[axis as usize],
                _ => 1,
            });
            let size = if body.is_some() { extents.product() } else { axes_only.product() };
            add((load.buffer, size));
        }
        match &kernel.core {
            Core::Order { source, .. } => add(all(*source)),
            Core::Scan(turns) => turns.operands.iter().chain(&turns.targets).for_each(|&buffer| add(all(buffer))),
            Core::Loop | Core::Reduce { .. } | Core::Product { .. } | Core::Winograd(_) => {}
        }
        let reads: usize = touched.iter().map(|&(buffer, size)| size * width(self.buffers[buffer].dtype)).sum();
        let points: usize = kernel.space.iter().product();
        let writes = if let Core::Scan(_) = kernel.core { vec![] } else { kernel.writes() };
        let written = writes.into_iter().map(|buffer| {
            let buffer = &self.buffers[buffer];
            buffer.size().min(points) * width(buffer.dtype)
        });
        reads + written.sum::<usize>()
    }
}

impl Kernel {
    /// The extents of all axes, those of the core after those of the space.
    pub fn axes(&self) -> Vec<usize> {
        match &self.core {
            Core::Reduce { inner, .. } | Core::Product { inner, .. } => [&self.space[..], inner].concat(),
            Core::Winograd(winograd) => [&self.space[..], &winograd.inner].concat(),
            Core::Loop | Core::Order { .. } | Core::Scan(_) => self.space.clone(),
        }
    }

    /// The loads of the core and of the body, each with the body that its indices belong to, if they need one.
    pub fn loads(&self) -> Vec<(Option<&Body>, &Load)> {
        fn of(body: &Body) -> impl Iterator<Item = (Option<&Body>, &Load)> {
            body.lines.iter().filter_map(move |line| match &line.work {
                Work::Load(load) => Some((Some(body), load)),
                _ => None,
            })
        }
        let mut loads = match &self.core {
            Core::Loop | Core::Order { .. } | Core::Scan(_) => Vec::new(),
            Core::Reduce { body, .. } => of(body).collect(),
            Core::Product { left, right, .. } => vec![(None, left), (None, right)],
            Core::Winograd(winograd) => of(&winograd.image.body).chain([(None, &winograd.other)]).collect(),
        };
        loads.extend(of(&self.body));
        loads
    }

    /// The same loads, to be changed.
    fn loads_mut(&mut self) -> Vec<&mut Load> {
        fn of(body: &mut Body) -> impl Iterator<Item = &mut Load> {
            body.lines.iter_mut().filter_map(|line| match &mut line.work {
                Work::Load(load) => Some(load),
                _ => None,
            })
        }
        let mut loads = match &mut self.core {
            Core::Loop | Core::Order { .. } | Core::Scan(_) => Vec::new(),
            Core::Reduce { body, .. } => of(body).collect(),
            Core::Product { left, right, .. } => vec![left, right],
            Core::Winograd(winograd) => of(&mut winograd.image.body).chain([&mut winograd.other]).collect(),
        };
        loads.extend(of(&mut self.body));
        loads
    }

    /// The kernel without the places of its buffers, which are numbered as they come, and what each number stands for. `None` of a
    /// kernel that is a call, or a plan of its own.
    pub fn pattern(&self) -> Option<(Kernel, Vec<usize>)> {
        let (mut kernel, mut buffers) = (self.clone(), vec![]);
        let mut number = |buffer: &mut usize| {
            let known = buffers.iter().position(|it| it == buffer);
            let number = known.unwrap_or_else(|| {
                buffers.push(*buffer);
                buffers.len() - 1
            });
            *buffer = number;
        };
        match &mut kernel.core {
            Core::Order { .. } | Core::Scan(_) => return None,
            Core::Product { panels, blocks, .. } => {
                panels.iter_mut().for_each(|panels| number(&mut panels.buffer));
                blocks.iter_mut().for_each(|blocks| number(&mut blocks.buffer));
            }
            Core::Winograd(winograd) => number(&mut winograd.room),
            Core::Loop | Core::Reduce { .. } => {}
        }
        kernel.loads_mut().into_iter().for_each(|load| number(&mut load.buffer));
        kernel.stores.iter_mut().for_each(|store| number(&mut store.buffer));
        Some((kernel, buffers))
    }

    /// The buffers that are read.
    pub fn reads(&self) -> Vec<usize> {
        let mut reads: Vec<usize> = self.loads().into_iter().map(|(_, load)| load.buffer).collect();
        match &self.core {
            Core::Order { source, .. } => reads.push(*source),
            Core::Scan(turns) => reads.extend(&turns.operands),
            Core::Loop | Core::Reduce { .. } | Core::Product { .. } | Core::Winograd(_) => {}
        }
        reads
    }

    /// The buffers that are written, as often as there are stores to them.
    pub fn writes(&self) -> Vec<usize> {
        let mut writes: Vec<usize> = self.stores.iter().map(|store| store.buffer).collect();
        match &self.core {
            Core::Order { target, scratch, .. } => writes.extend([target, scratch]),
            Core::Scan(turns) => writes.extend(turns.targets.iter().chain([&turns.arena])),
            Core::Product { panels, blocks, .. } => {
                writes.extend(panels.map(|it| it.buffer));
                writes.extend(blocks.map(|it| it.buffer));
            }
            Core::Winograd(winograd) => writes.push(winograd.room),
            Core::Loop | Core::Reduce { .. } => {}
        }
        writes
    }

    /// The scalar operations of products alone; those of convolutions by Winograd's method are the operations that it saves as well.
    pub fn product_flops(&self) -> usize {
        let points: usize = self.space.iter().product();
        match &self.core {
            Core::Product { inner, .. } => points * inner.iter().product::<usize>() * 2,
            Core::Winograd(winograd) => points * winograd.inner.iter().product::<usize>() * 2,
            Core::Scan(turns) => points * turns.plan.kernels.iter().map(Kernel::product_flops).sum::<usize>(),
            Core::Loop | Core::Reduce { .. } | Core::Order { .. } => 0,
        }
    }

    /// The scalar operations: each `Map` is one, each step of a product two.
    pub fn flops(&self) -> usize {
        let maps = |body: &Body| body.lines.iter().filter(|line| matches!(line.work, Work::Map(..))).count();
        let points: usize = self.space.iter().product();
        let core = match &self.core {
            Core::Loop => 0,
            Core::Reduce { inner, body, .. } => inner.iter().product::<usize>() * (maps(body) + 1),
            Core::Product { inner, .. } => inner.iter().product::<usize>() * 2,
            Core::Winograd(winograd) => winograd.inner.iter().product::<usize>() * 2,
            // A comparison for each level of a merge.
            Core::Order { .. } => self.space[1].max(1).ilog2() as usize,
            Core::Scan(turns) => turns.plan.flops(),
        };
        points * (core + maps(&self.body) + self.stores.iter().filter(|store| store.adds).count())
    }
}

impl Buffer {
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn bytes(&self) -> usize {
        self.size() * width(self.dtype)
    }
}

/// The bytes of one element.
pub fn width(dtype: Dtype) -> usize {
    match dtype {
        Dtype::F32 | Dtype::I32 => 4,
        Dtype::Bool => 1,
    }
}
