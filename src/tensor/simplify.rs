//! Simplification: the same function with less to do.
//!
//! Nodes are built anew, operands first, each by a constructor that knows the rewrites of its kind; whatever a rewrite
//! makes goes through the same constructors. In the normal form that comes out, expansions stand as far outside as they
//! can and sums as far inside, so that work is done once and on few elements; sums of products are contractions.

use rustc_hash::FxHashSet;

use super::{Axes, Dtype, Function, Graph, Id, Op, Shape, View};
use crate::scalar::Scalar;

mod contractions;
mod maps;
mod peel;
mod places;
pub mod rules;
mod scans;
mod views;
mod windows;

/// The function simplified, with the nodes that it needs and no others. Results, updates and doors are the same; numbers
/// are the same but for the sign of zeros, the order of sums and, by the rules that say so, a last rounding.
pub fn simplify(function: &Function) -> Function {
    let mut now = compact(function);
    // Each round sees what the one before has made; two or three are enough, and the bound is for our own mistakes.
    for _ in 0..8 {
        let next = compact(&rewrite(&now));
        if next.graph.nodes == now.graph.nodes && next.results == now.results && next.updates == now.updates {
            break;
        }
        now = next;
    }
    now
}

/// Only the needed nodes, in the same order.
fn compact(function: &Function) -> Function {
    let mut graph = Graph::default();
    rebuilt(function, |_, node, args| graph.node(node.op.clone(), args, node.shape.clone(), node.dtype)).with(graph)
}

fn rewrite(function: &Function) -> Function {
    let readers = readers(function);
    let mut rewriter = Rewriter::default();
    let doors = rebuilt(function, |old, node, args| {
        let id = rewriter.node(node.op.clone(), args, node.shape.clone(), node.dtype);
        if readers[old.0 as usize] > 1 {
            rewriter.shared.insert(id);
        }
        id
    });
    doors.with(rewriter.graph)
}

/// A function that lacks its graph.
struct Doors(Function);

impl Doors {
    fn with(self, graph: Graph) -> Function {
        Function { graph, ..self.0 }
    }
}

/// Has every needed node built again from its new operands.
fn rebuilt(function: &Function, mut build: impl FnMut(Id, &super::Node, &[Id]) -> Id) -> Doors {
    let mut new: Vec<Option<Id>> = vec![None; function.graph.len()];
    let find = |new: &[Option<Id>], id: Id| new[id.0 as usize].expect("operands come first");
    for id in function.needed() {
        let node = &function.graph[id];
        let args: Vec<Id> = node.args.iter().map(|&arg| find(&new, arg)).collect();
        new[id.0 as usize] = Some(build(id, node, &args));
    }
    Doors(Function {
        graph: Graph::default(),
        states: function.states.clone(),
        feeds: function.feeds.clone(),
        results: function.results.iter().map(|&id| find(&new, id)).collect(),
        updates: function.updates.iter().map(|&(state, id)| (state, find(&new, id))).collect(),
    })
}

/// How often each node is read, by other nodes, as a result, or as a new state.
fn readers(function: &Function) -> Vec<usize> {
    let mut readers = vec![0; function.graph.len()];
    let doors = function.results.iter().chain(function.updates.iter().map(|(_, id)| id));
    doors.for_each(|id| readers[id.0 as usize] += 1);
    for id in function.needed() {
        function.graph[id].args.iter().for_each(|arg| readers[arg.0 as usize] += 1);
    }
    readers
}

/// A graph under construction in normal form.
#[derive(Default)]
pub struct Rewriter {
    graph: Graph,
    /// The nodes that more than one other reads: to rewrite a reader together with them would do their work twice.
    shared: FxHashSet<Id>,
}

impl Rewriter {
    /// A node of the same value as `op(args)`.
    fn node(&mut self, op: Op, args: &[Id], shape: impl Into<Shape>, dtype: Dtype) -> Id {
        let shape = shape.into();
        let simpler = match &op {
            Op::Map(scalar) => maps::rewrite(self, *scalar, args, dtype),
            Op::View(view) => views::view(self, view, args[0], &shape),
            Op::Fold(view) => views::fold(self, view, args[0], &shape),
            Op::Contract { a, b, out } => contractions::rewrite(self, [a, b, out], [args[0], args[1]]),
            Op::Max { axis } => views::largest(self, *axis, args[0], &shape),
            Op::Input(_) | Op::Const(_) | Op::Index { .. } | Op::Random { .. } => None,
            Op::Gather { axis, batch } => places::gather(self, *axis, *batch, [args[0], args[1]]),
            Op::Scan { scan, at } => scans::rewrite(self, (scan, *at), args, (&shape, dtype)),
            Op::ScatterAdd { .. } | Op::Order { .. } => None,
        };
        simpler.unwrap_or_else(|| self.graph.node(op, args, shape, dtype))
    }

    fn shape(&self, id: Id) -> &[usize] {
        self.graph.shape(id)
    }

    /// The bits of a constant.
    fn bits(&self, id: Id) -> Option<u32> {
        match self.graph[id].op {
            Op::Const(bits) => Some(bits),
            _ => None,
        }
    }

    /// The view of which `id` is the result, and its operand.
    fn as_view(&self, id: Id) -> Option<(View, Id)> {
        match &self.graph[id].op {
            Op::View(view) => Some((view.clone(), self.graph[id].args[0])),
            _ => None,
        }
    }

    fn constant(&mut self, bits: u32, shape: &[usize], dtype: Dtype) -> Id {
        self.graph.node(Op::Const(bits), &[], shape.to_vec(), dtype)
    }

    fn map(&mut self, scalar: Scalar, args: &[Id]) -> Id {
        let types: Vec<Dtype> = args.iter().map(|&arg| self.graph[arg].dtype).collect();
        let dtype = scalar.dtype(&types).expect("operands of the row");
        self.node(Op::Map(scalar), args, self.shape(args[0]).to_vec(), dtype)
    }

    fn view(&mut self, view: View, x: Id) -> Id {
        let (shape, dtype) = (view.shape(self.shape(x)), self.graph[x].dtype);
        self.node(Op::View(view), &[x], shape, dtype)
    }

    fn expand(&mut self, x: Id, axis: usize, times: usize) -> Id {
        self.view(View::Expand { axis, times }, x)
    }

    fn permute(&mut self, x: Id, order: Vec<usize>) -> Id {
        self.view(View::Permute { order }, x)
    }

    fn reshape(&mut self, x: Id, shape: &[usize]) -> Id {
        self.view(View::Reshape { shape: shape.to_vec() }, x)
    }

    fn sum(&mut self, x: Id, axis: usize) -> Id {
        let mut shape = self.shape(x).to_vec();
        let times = shape.remove(axis);
        let dtype = self.graph[x].dtype;
        self.node(Op::Fold(View::Expand { axis, times }), &[x], shape, dtype)
    }

    fn contract(&mut self, [a, b, out]: [Axes; 3], [x, w]: [Id; 2]) -> Id {
        let shape = contractions::shape_of(self, [&a, &b, &out], [x, w]);
        self.node(Op::Contract { a, b, out }, &[x, w], shape, Dtype::F32)
    }
}
