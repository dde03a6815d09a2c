//! The functions of a field: what is fitted, how a row is encoded, how a result is read.

use std::rc::Rc;

use super::Columns;
use super::{Fields, rows};
use crate::model::lower::{Fits, Lower, Outcome};
use crate::model::program::ColumnPlan;
use crate::model::value::{BATCH, Tensor};
use crate::problem::Problem;
use crate::scalar::Dtype;
use crate::tensor::{Function, Id, Slot};

impl Fields {
    pub(super) fn lowered<'a>(
        &'a self,
        at: usize,
        n: usize,
        fits: Fits,
        problems: &'a mut Vec<Problem>,
    ) -> Outcome<(Lower<'a>, Tensor)> {
        let mut lower = self.lower(at, n, fits, problems);
        let value = lower.field_value(at, self.decls[at].name.span, self.module)?;
        Ok((lower, value))
    }

    /// A lowering in which the formula of a field can be evaluated.
    pub(super) fn lower<'a>(&'a self, at: usize, n: usize, fits: Fits, problems: &'a mut Vec<Problem>) -> Lower<'a> {
        let mut lower = Lower::new(&self.modules, self.library_files, problems, rows(n));
        lower.fits = fits;
        lower.columns = Some(self.columns(at));
        lower
    }

    /// The columns of a field, of which none has been read.
    pub(super) fn columns(&self, at: usize) -> Columns {
        Columns {
            decls: Rc::new(self.decls.to_vec()),
            types: Rc::new(self.received.clone()),
            current: at,
            plans: vec![],
            window: None,
            open: vec![],
        }
    }

    /// What a field fits, as states.
    pub(super) fn given(&self, at: usize) -> Fits {
        Fits::given(&self.fits[at], Slot::State)
    }

    /// The function that fits; the columns that it reads; whether the formula does anything.
    pub(super) fn lower_fit(
        &self,
        at: usize,
        n: usize,
        problems: &mut Vec<Problem>,
    ) -> Outcome<(Function, Columns, Vec<usize>, bool)> {
        let (mut lower, value) = self.lowered(at, n, Fits::Fit(vec![]), problems)?;
        let columns = lower.columns.take().expect("set above");
        let encoded = !(columns.plans.len() == 1 && matches!(lower.graph[value.id].op, crate::tensor::Op::Input(_)));
        let Fits::Fit(results) = std::mem::replace(&mut lower.fits, Fits::None) else { unreachable!("set above") };
        let function = function(lower, &columns.plans, n, vec![], results);
        Ok((function, columns, value.shape, encoded))
    }

    pub fn fit(&self, at: usize, n: usize) -> Function {
        self.lower_fit(at, n, &mut Vec::new()).expect("checked before").0
    }

    pub fn encode(&self, at: usize, n: usize) -> Function {
        let mut problems = Vec::new();
        let (mut lower, value) = self.lowered(at, n, self.given(at), &mut problems).expect("checked before");
        let columns = lower.columns.take().expect("set there").plans;
        let id = lower.spread(&value, &[BATCH], &value.shape.clone());
        function(lower, &columns, n, self.fits[at].clone(), vec![id])
    }

    /// The column's value that the field's formula would turn into a given one. `None` where the formula changes nothing
    /// or cannot be turned around.
    pub fn decode(&self, at: usize, n: usize) -> Option<Function> {
        let mut problems = Vec::new();
        let (mut lower, value) = self.lowered(at, n, self.given(at), &mut problems).expect("checked before");
        let columns = lower.columns.take().expect("set there").plans;
        let [column] = &columns[..] else { return None };
        if column.shape != value.shape || value.id == Id(0) {
            return None;
        }
        let shape = [&[n][..], &value.shape].concat();
        let column = lower.graph.input(Slot::Feed(0), &shape, column.dtype);
        let given = lower.graph.input(Slot::Feed(1), &shape, self.received[at].dtype);
        let id = crate::tensor::invert(&mut lower.graph, value.id, column, given)?;
        let graph = renumber(&lower.graph, id);
        let feeds = vec![(shape, self.received[at].dtype)];
        Some(Function { graph: graph.0, states: self.fits[at].clone(), feeds, results: vec![graph.1], updates: vec![] })
    }
}

pub(super) fn function(
    lower: Lower,
    columns: &[ColumnPlan],
    n: usize,
    states: Vec<(Vec<usize>, Dtype)>,
    results: Vec<Id>,
) -> Function {
    let feeds = columns.iter().map(|it| ([&[n][..], &it.shape].concat(), it.dtype)).collect();
    Function { graph: lower.graph, states, feeds, results, updates: vec![] }
}

/// The graph with feed 1 as feed 0: an inverse reads the field's value, not the column.
fn renumber(graph: &crate::tensor::Graph, root: Id) -> (crate::tensor::Graph, Id) {
    let mut renamed = crate::tensor::Graph::default();
    let mut map: Vec<Id> = Vec::new();
    for id in graph.ids() {
        let mut node = graph[id].clone();
        if let crate::tensor::Op::Input(Slot::Feed(1)) = node.op {
            node.op = crate::tensor::Op::Input(Slot::Feed(0));
        } else if let crate::tensor::Op::Input(Slot::Feed(0)) = node.op {
            node.op = crate::tensor::Op::Input(Slot::Feed(1));
        }
        let args: Vec<Id> = node.args.iter().map(|arg| map[arg.0 as usize]).collect();
        map.push(renamed.node(node.op, &args, node.shape, node.dtype));
    }
    let root = map[root.0 as usize];
    (renamed, root)
}
