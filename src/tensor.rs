//! The graph: a hash-consed arena of typed nodes in topological order.
//!
//! There are few kinds of node and many rows of scalars. Every extent is a number and every name an id: the graph
//! knows nothing of layers, losses or optimizers.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::FxHasher;
use smallvec::SmallVec;

pub use crate::scalar::Dtype;
use crate::scalar::Scalar;

pub mod array;
pub mod eval;
pub mod formula;
mod grad;
mod invert;
mod pointwise;
pub mod print;
pub mod random;
pub mod rows;
pub mod scan;
pub mod simplify;
mod squares;
mod verify;
pub mod view;

pub use array::{Array, Data, Wide};
pub use eval::{Interpreter, evaluate, evaluate_f64};
pub use grad::grad;
pub use invert::invert;
pub use pointwise::pointwise;
pub use scan::Scan;
pub use simplify::simplify;
pub use squares::squares;
pub use verify::verify;
pub use view::View;

/// A node of one graph. Operands always have smaller ids than their users.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Id(pub u32);

/// A door of the graph: where a value comes in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Slot {
    /// A tensor that lives from call to call: a parameter, a moment of an optimizer, a running mean.
    State(u32),
    /// A tensor given at each call: a column of the batch.
    Feed(u32),
    /// The number of the step, from 1: an `i32` scalar.
    Step,
    /// What a recurrence carries, while its turn is being written: see [`Graph::scan`].
    Carry(u32),
}

/// What a random node draws.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Draw {
    /// Uniform in [0, 1), a multiple of 2⁻²⁴.
    Uniform,
    /// Normal of mean 0 and deviation 1.
    Normal,
}

/// One label for each axis of a contraction's operand or result.
pub type Axes = Vec<u8>;

/// The kinds of node. Passes match on them exhaustively; scalars are data.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Op {
    Input(Slot),
    /// The same element everywhere. The bits of an f32 or an i32; 0 or 1 for a bool.
    Const(u32),
    /// A scalar primitive on every element of operands of one shape.
    Map(Scalar),
    /// The operand, seen through a view.
    View(View),
    /// The adjoint of that view: every element of the operand added to the place that it shows. The sum over an axis
    /// is the fold of an expansion. The shape of the node is the shape that is viewed.
    Fold(View),
    /// `out[..] = Σ a[..] · b[..]`, the sum over labels that are not in `out`. Every label of an operand occurs in the
    /// other operand or in the result, none twice in one operand.
    Contract {
        a: Axes,
        b: Axes,
        out: Axes,
    },
    /// The largest element along `axis`, which disappears. NaN if there is one.
    Max {
        axis: usize,
    },
    /// Operands `table` and `index` (i32). The first `batch` axes of both go together; then
    /// `out[β, i.., j.., k..] = table[β, i.., index[β, j..], k..]`, where the indexed axis of the table is `axis ≥ batch`.
    /// An index outside the table is clamped.
    Gather {
        axis: usize,
        batch: usize,
    },
    /// The adjoint of `Gather` in its table: operands `values` and `index`; the shape of the node is the table's.
    ScatterAdd {
        axis: usize,
        batch: usize,
    },
    /// The place along `axis`, as an i32.
    Index {
        axis: usize,
    },
    /// The stable ascending order along `axis`, as i32: `out[k]` is the place of the k-th smallest element. NaN comes last.
    Order {
        axis: usize,
    },
    /// An f32, a pure function of the clock's seed and step, of `site` and of the row-major place.
    Random {
        draw: Draw,
        site: u32,
    },
    /// What a recurrence has made of the value number `at` that it carries, after each of its turns side by side.
    Scan {
        scan: Arc<Scan>,
        at: usize,
    },
}

/// The operands of a node; nearly none has more than three.
pub type Args = SmallVec<[Id; 3]>;

/// The extents of a node; few have more than four.
pub type Shape = SmallVec<[usize; 4]>;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Node {
    pub op: Op,
    pub args: Args,
    pub shape: Shape,
    pub dtype: Dtype,
}

impl Node {
    /// The number of elements.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

#[derive(Default, Clone, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    /// The nodes by their hashes.
    interned: HashTable<Id>,
}

/// Two graphs are equal if their nodes are.
impl PartialEq for Graph {
    fn eq(&self, other: &Graph) -> bool {
        self.nodes == other.nodes
    }
}

impl Eq for Graph {}

impl Hash for Graph {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nodes.hash(state);
    }
}

fn hash(op: &Op, args: &[Id], shape: &[usize], dtype: Dtype) -> u64 {
    let mut state = FxHasher::default();
    (op, args, shape, dtype).hash(&mut state);
    state.finish()
}

impl std::ops::Index<Id> for Graph {
    type Output = Node;
    fn index(&self, id: Id) -> &Node {
        &self.nodes[id.0 as usize]
    }
}

/// Building: each method checks its operands with `assert!`; a graph that exists is well typed.
impl Graph {
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = Id> + ExactSizeIterator + use<> {
        (0..self.nodes.len() as u32).map(Id)
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub fn shape(&self, id: Id) -> &[usize] {
        &self[id].shape
    }

    /// The node `op(args)`; the same node for the same question.
    pub fn node(&mut self, op: Op, args: &[Id], shape: impl Into<Shape>, dtype: Dtype) -> Id {
        debug_assert!(args.iter().all(|arg| (arg.0 as usize) < self.nodes.len()));
        let shape = shape.into();
        let hash = hash(&op, args, &shape, dtype);
        if let Some(id) = self.known(hash, &op, args, &shape, dtype) {
            return id;
        }
        let id = Id(self.nodes.len() as u32);
        self.nodes.push(Node { op, args: args.into(), shape, dtype });
        self.interned.insert_unique(hash, id, |id| {
            let Node { op, args, shape, dtype } = &self.nodes[id.0 as usize];
            self::hash(op, args, shape, *dtype)
        });
        id
    }

    /// The node `op(args)`, if it is there.
    pub fn find(&self, op: Op, args: &[Id], shape: &[usize], dtype: Dtype) -> Option<Id> {
        self.known(hash(&op, args, shape, dtype), &op, args, shape, dtype)
    }

    fn known(&self, hash: u64, op: &Op, args: &[Id], shape: &[usize], dtype: Dtype) -> Option<Id> {
        let is_it = |id: &Id| {
            let node = &self[*id];
            node.op == *op && node.args[..] == *args && node.shape[..] == *shape && node.dtype == dtype
        };
        self.interned.find(hash, is_it).copied()
    }

    pub fn input(&mut self, slot: Slot, shape: &[usize], dtype: Dtype) -> Id {
        self.node(Op::Input(slot), &[], shape.to_vec(), dtype)
    }

    /// The f32 `value` everywhere.
    pub fn constant(&mut self, value: f32, shape: &[usize]) -> Id {
        self.node(Op::Const(value.to_bits()), &[], shape.to_vec(), Dtype::F32)
    }

    /// The i32 `value` everywhere.
    pub fn integer(&mut self, value: i32, shape: &[usize]) -> Id {
        self.node(Op::Const(value as u32), &[], shape.to_vec(), Dtype::I32)
    }

    pub fn truth(&mut self, value: bool, shape: &[usize]) -> Id {
        self.node(Op::Const(u32::from(value)), &[], shape.to_vec(), Dtype::Bool)
    }

    /// `scalar` on every element of `args`, which have one shape.
    pub fn map(&mut self, scalar: Scalar, args: &[Id]) -> Id {
        let shape = self[args[0]].shape.clone();
        for &arg in args {
            assert_eq!(self[arg].shape, shape, "{scalar:?} of unequal shapes");
        }
        let dtypes: Vec<Dtype> = args.iter().map(|&arg| self[arg].dtype).collect();
        let dtype = scalar.dtype(&dtypes).unwrap_or_else(|| panic!("{scalar:?} of {dtypes:?}"));
        self.node(Op::Map(scalar), args, shape, dtype)
    }

    pub fn view(&mut self, view: View, x: Id) -> Id {
        let shape = view.shape(&self[x].shape);
        let dtype = self[x].dtype;
        self.node(Op::View(view), &[x], shape, dtype)
    }

    /// The adjoint of `view`, as seen from a tensor of `shape`.
    pub fn fold(&mut self, view: View, x: Id, shape: &[usize]) -> Id {
        assert_eq!(self.shape(x), &view.shape(shape)[..], "fold of {view:?}");
        let dtype = self[x].dtype;
        assert_ne!(dtype, Dtype::Bool, "fold of a bool");
        self.node(Op::Fold(view), &[x], shape.to_vec(), dtype)
    }

    /// The sum over `axis`, which disappears.
    pub fn sum(&mut self, x: Id, axis: usize) -> Id {
        let mut shape = self[x].shape.clone();
        let times = shape.remove(axis);
        self.fold(View::Expand { axis, times }, x, &shape)
    }

    /// Inserts `axis` with `times` equal copies.
    pub fn expand(&mut self, x: Id, axis: usize, times: usize) -> Id {
        self.view(View::Expand { axis, times }, x)
    }

    pub fn permute(&mut self, x: Id, order: &[usize]) -> Id {
        self.view(View::Permute { order: order.to_vec() }, x)
    }

    pub fn reshape(&mut self, x: Id, shape: &[usize]) -> Id {
        self.view(View::Reshape { shape: shape.to_vec() }, x)
    }

    /// `contract("ni,io->no", x, w)`
    pub fn contract(&mut self, spec: &str, a: Id, b: Id) -> Id {
        let (args, out) = spec.split_once("->").expect("an arrow");
        let (la, lb) = args.split_once(',').expect("a comma");
        self.contract_axes(la.as_bytes(), lb.as_bytes(), out.as_bytes(), a, b)
    }

    pub fn contract_axes(&mut self, la: &[u8], lb: &[u8], out: &[u8], a: Id, b: Id) -> Id {
        assert_eq!((la.len(), lb.len()), (self[a].shape.len(), self[b].shape.len()), "one label for each axis");
        assert!((self[a].dtype, self[b].dtype) == (Dtype::F32, Dtype::F32), "a contraction of f32");
        for labels in [la, lb, out] {
            assert!((1..labels.len()).all(|i| !labels[..i].contains(&labels[i])), "no label twice");
        }
        assert!(la.iter().all(|l| lb.contains(l) || out.contains(l)), "sum the axis first");
        assert!(lb.iter().all(|l| la.contains(l) || out.contains(l)), "sum the axis first");
        let extent = |label: &u8| {
            let in_a = la.iter().position(|l| l == label).map(|at| self[a].shape[at]);
            let in_b = lb.iter().position(|l| l == label).map(|at| self[b].shape[at]);
            if let (Some(left), Some(right)) = (in_a, in_b) {
                assert_eq!(left, right, "label {}", *label as char);
            }
            in_a.or(in_b).expect("a label of an operand")
        };
        la.iter().chain(lb).for_each(|label| _ = extent(label));
        let shape: Shape = out.iter().map(extent).collect();
        self.node(Op::Contract { a: la.into(), b: lb.into(), out: out.into() }, &[a, b], shape, Dtype::F32)
    }

    /// The largest element along `axis`, which disappears.
    pub fn max(&mut self, x: Id, axis: usize) -> Id {
        let mut shape = self[x].shape.clone();
        assert!(shape.remove(axis) > 0, "the largest of nothing");
        let dtype = self[x].dtype;
        self.node(Op::Max { axis }, &[x], shape, dtype)
    }

    pub fn gather(&mut self, table: Id, index: Id, axis: usize, batch: usize) -> Id {
        let (from, at) = (&self[table].shape, &self[index].shape);
        assert!(axis >= batch && axis < from.len() && from[..batch] == at[..batch] && from[axis] > 0);
        assert_eq!(self[index].dtype, Dtype::I32);
        let shape = [&from[..axis], &at[batch..], &from[axis + 1..]].concat();
        let dtype = self[table].dtype;
        self.node(Op::Gather { axis, batch }, &[table, index], shape, dtype)
    }

    /// Adds `values` into a tensor of zeros of `shape`, at the places that `gather` with the same `index` reads.
    pub fn scatter_add(&mut self, values: Id, index: Id, axis: usize, batch: usize, shape: &[usize]) -> Id {
        let at = &self[index].shape;
        let expected = [&shape[..axis], &at[batch..], &shape[axis + 1..]].concat();
        assert_eq!(self.shape(values), &expected[..], "values of a scatter");
        assert_eq!((self[values].dtype, self[index].dtype), (Dtype::F32, Dtype::I32));
        self.node(Op::ScatterAdd { axis, batch }, &[values, index], shape.to_vec(), Dtype::F32)
    }

    pub fn index(&mut self, axis: usize, shape: &[usize]) -> Id {
        assert!(axis < shape.len());
        self.node(Op::Index { axis }, &[], shape.to_vec(), Dtype::I32)
    }

    pub fn order(&mut self, x: Id, axis: usize) -> Id {
        let shape = self[x].shape.clone();
        assert!(axis < shape.len());
        self.node(Op::Order { axis }, &[x], shape, Dtype::I32)
    }

    pub fn random(&mut self, draw: Draw, site: u32, shape: &[usize]) -> Id {
        self.node(Op::Random { draw, site }, &[], shape.to_vec(), Dtype::F32)
    }

    /// The nodes that `ends` are made of, these among them, operands first.
    pub fn needed(&self, ends: impl Iterator<Item = Id>) -> Vec<Id> {
        let mut needed = vec![false; self.len()];
        ends.for_each(|id| needed[id.0 as usize] = true);
        for id in self.ids().rev() {
            if needed[id.0 as usize] {
                self[id].args.iter().for_each(|arg| needed[arg.0 as usize] = true);
            }
        }
        self.ids().filter(|id| needed[id.0 as usize]).collect()
    }
}

/// A graph with its doors: what is computed by one call.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub struct Function {
    pub graph: Graph,
    /// The tensors that live from call to call, by slot. A function may leave some of them unread.
    pub states: Vec<(Vec<usize>, Dtype)>,
    /// The tensors given at each call, by slot.
    pub feeds: Vec<(Vec<usize>, Dtype)>,
    /// What a call returns.
    pub results: Vec<Id>,
    /// At the end of the call the state of this slot becomes the value of this node. No slot twice.
    pub updates: Vec<(u32, Id)>,
}

impl Function {
    /// The nodes that results and updates are made of, operands first.
    pub fn needed(&self) -> Vec<Id> {
        self.graph.needed(self.results.iter().copied().chain(self.updates.iter().map(|&(_, id)| id)))
    }
}

/// What the random numbers of a call depend on, and the number of the step (from 1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    pub seed: u64,
    pub step: u32,
}

/// A function made ready to be called: interpreted, or compiled.
pub trait Executor {
    /// Computes the results and moves the states on. `states` and `feeds` have the types that the function declares.
    fn run(&mut self, states: &mut [Array], feeds: &[&Array], clock: Clock) -> Vec<Array>;
}
