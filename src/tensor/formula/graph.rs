//! From graphs to terms: views become arithmetic of places, sums become sums.
//!
//! A graph speaks of a number of examples; a formula must hold for any. So it is read from two graphs that differ in that
//! number alone: an extent that differs is the batch, a constant that differs is a multiple of the count.

use rustc_hash::{FxHashMap, FxHashSet};

use super::term::{Extent, Lambda, Ratio, Term, Terms, Var};
use crate::scalar::{Dtype, Scalar};
use crate::tensor::{Graph, Id, Op, View};

pub struct Reader<'a> {
    pub terms: &'a mut Terms,
    pub graph: &'a Graph,
    /// The same for another number of examples.
    pub other: &'a Graph,
    /// Nodes that have a name: they are not looked into.
    pub named: FxHashMap<Id, u32>,
    /// Of these the name says the value for one example, which the node has divided by the number of examples.
    pub means: FxHashSet<Id>,
    /// Nodes of which the positive part has a name, and that part: its sign is the same.
    pub positive: FxHashMap<Id, Id>,
    read: FxHashMap<Id, Lambda>,
}

impl<'a> Reader<'a> {
    pub fn new(terms: &'a mut Terms, graph: &'a Graph, other: &'a Graph) -> Reader<'a> {
        let (named, means, positive) = (FxHashMap::default(), FxHashSet::default(), FxHashMap::default());
        Reader { terms, graph, other, named, means, positive, read: FxHashMap::default() }
    }

    /// Forgets what was read, after more nodes have got names.
    pub fn forget(&mut self) {
        self.read.clear();
    }

    fn extent(&self, id: Id, axis: usize) -> Extent {
        let (here, there) = (self.graph.shape(id)[axis], self.other.shape(id)[axis]);
        if here == there { Extent::Of(here as u32) } else { Extent::Batch }
    }

    /// The array of a node: by its name if it has one.
    pub fn array(&mut self, id: Id) -> Lambda {
        if let Some(lambda) = self.read.get(&id) {
            return lambda.clone();
        }
        let vars: Vec<Var> = (0..self.graph.shape(id).len())
            .map(|axis| {
                let extent = self.extent(id, axis);
                self.terms.var(extent)
            })
            .collect();
        let places: Vec<Term> = vars.iter().map(|&var| self.terms.place(var)).collect();
        let body = match self.named.get(&id) {
            Some(&name) => {
                let leaf = self.terms.leaf(name, places);
                let count = self.terms.count();
                let power = -i32::from(self.means.contains(&id));
                self.terms.mul(&[(leaf, 1), (count, power)], Ratio::ONE)
            }
            None => self.element(id, &vars, &places),
        };
        let lambda = Lambda { vars, body };
        self.read.insert(id, lambda.clone());
        lambda
    }

    /// The array of a node by its definition, whether it has a name or not.
    pub fn definition(&mut self, id: Id) -> Lambda {
        let name = self.named.remove(&id);
        self.read.remove(&id);
        let lambda = self.array(id);
        if let Some(name) = name {
            self.named.insert(id, name);
            self.read.remove(&id);
        }
        lambda
    }

    fn at(&mut self, id: Id, places: &[Term]) -> Term {
        let array = self.array(id);
        self.terms.at(&array, places)
    }

    fn element(&mut self, id: Id, vars: &[Var], places: &[Term]) -> Term {
        let node = &self.graph[id];
        let arg = |at: usize| node.args[at];
        match &node.op {
            Op::Input(_) | Op::Random { .. } | Op::Order { .. } | Op::Scan { .. } => {
                unreachable!("what comes in has a name")
            }
            Op::Const(bits) => self.constant(id, *bits, node.dtype),
            Op::Map(Scalar::Add) if self.joined(id).is_some() => {
                let (axis, parts) = self.joined(id).expect("asked above");
                let parts: Vec<Lambda> = parts
                    .into_iter()
                    .map(|part| {
                        let extent = self.extent(part, axis);
                        let own = self.terms.var(extent);
                        let mut at = places.to_vec();
                        at[axis] = self.terms.place(own);
                        Lambda { vars: vec![own], body: self.at(part, &at) }
                    })
                    .collect();
                self.terms.join(parts, places[axis])
            }
            Op::Map(Scalar::Less) if self.positive.contains_key(&arg(1)) && self.is_nought(arg(0)) => {
                let part = self.positive[&arg(1)];
                let nought = self.terms.whole(0);
                let part = self.at(part, places);
                self.terms.map(Scalar::Less, &[nought, part])
            }
            Op::Map(scalar) => {
                let args: Vec<Term> = node.args.iter().map(|&it| self.at(it, places)).collect();
                let term = self.terms.map(*scalar, &args);
                if *scalar != Scalar::Add {
                    return term;
                }
                let term = self.terms.merged(term);
                self.terms.settle(term)
            }
            Op::View(view) => {
                let (source, inside) = self.source(view, arg(0), places);
                let value = self.at(arg(0), &source);
                self.within(inside, value, node.dtype)
            }
            Op::Fold(view) => self.fold(view, id, places),
            Op::Contract { a, b, out } => {
                let mut of: Vec<(u8, Term)> = out.iter().copied().zip(places.iter().copied()).collect();
                let mut sums = vec![];
                for (labels, operand) in [(a, arg(0)), (b, arg(1))] {
                    for (axis, label) in labels.iter().enumerate() {
                        if !of.iter().any(|it| it.0 == *label) {
                            let extent = self.extent(operand, axis);
                            let var = self.terms.var(extent);
                            of.push((*label, self.terms.place(var)));
                            sums.push(var);
                        }
                    }
                }
                let place = |label: &u8| of.iter().find(|it| it.0 == *label).expect("met above").1;
                let (x, y): (Vec<Term>, Vec<Term>) = (a.iter().map(place).collect(), b.iter().map(place).collect());
                let (x, y) = (self.at(arg(0), &x), self.at(arg(1), &y));
                let product = self.terms.times(x, y);
                // The batch outermost: what a person thinks of is the mean over the examples.
                sums.sort_by_key(|it| it.extent == Extent::Batch);
                sums.into_iter().fold(product, |body, var| self.terms.sum(var, body))
            }
            Op::Max { axis } => {
                let extent = self.extent(arg(0), *axis);
                let var = self.terms.var(extent);
                let mut at = places.to_vec();
                at.insert(*axis, self.terms.place(var));
                let body = self.at(arg(0), &at);
                self.terms.max(var, body)
            }
            Op::Gather { axis, batch } => {
                let rank = self.graph.shape(arg(1)).len() - batch;
                let index: Vec<Term> = [&places[..*batch], &places[*axis..axis + rank]].concat();
                let index = self.at(arg(1), &index);
                let table = [&places[..*axis], &[index], &places[axis + rank..]].concat();
                self.at(arg(0), &table)
            }
            Op::ScatterAdd { axis, batch } => {
                let rank = self.graph.shape(arg(1)).len() - batch;
                let own: Vec<Var> = (0..rank)
                    .map(|at| {
                        let extent = self.extent(arg(1), batch + at);
                        self.terms.var(extent)
                    })
                    .collect();
                let at: Vec<Term> = own.iter().map(|&it| self.terms.place(it)).collect();
                let index = self.at(arg(1), &[&places[..*batch], &at[..]].concat());
                let values = self.at(arg(0), &[&places[..*axis], &at[..], &places[axis + 1..]].concat());
                let here = self.terms.map(Scalar::Equal, &[places[*axis], index]);
                let here = self.terms.map(Scalar::ToF32, &[here]);
                let product = self.terms.times(here, values);
                let mut own = own;
                own.sort_by_key(|it| it.extent == Extent::Batch);
                own.into_iter().fold(product, |body, var| self.terms.sum(var, body))
            }
            Op::Index { axis } => self.terms.place(vars[*axis]),
        }
    }

    fn is_nought(&mut self, id: Id) -> bool {
        let Lambda { body, .. } = self.array(id);
        self.terms.as_number(body).is_some_and(Ratio::is_zero)
    }

    /// Finds the named nodes that are the positive part of another.
    pub fn look_for_positive_parts(&mut self) {
        let named: Vec<Id> = self.named.keys().copied().collect();
        for id in named {
            let node = &self.graph[id];
            if node.op == Op::Map(Scalar::Max)
                && !self.named.contains_key(&node.args[0])
                && self.is_nought(node.args[1])
            {
                self.positive.insert(node.args[0], id);
            }
        }
    }

    fn constant(&mut self, id: Id, bits: u32, dtype: Dtype) -> Term {
        let value = |bits: u32| match dtype {
            Dtype::F32 => f64::from(f32::from_bits(bits)),
            _ => f64::from(bits as i32),
        };
        let Op::Const(other) = self.other[id].op else { unreachable!("the graphs differ in a number alone") };
        match dtype {
            Dtype::Bool => self.terms.truth(bits != 0),
            _ if bits == other => self.terms.number(Ratio::of(value(bits))),
            _ => {
                // The other graph has twice as many examples.
                let power = (value(other) / value(bits)).log2().round() as i32;
                let examples = self.graph_count();
                let count = self.terms.count();
                self.terms.mul(&[(count, power)], Ratio::of(value(bits) / examples.powi(power)))
            }
        }
    }

    /// The number of examples of the graph.
    fn graph_count(&self) -> f64 {
        let differs = |id: Id| {
            let pairs = self.graph.shape(id).iter().zip(self.other.shape(id));
            pairs.into_iter().find(|(here, there)| here != there).map(|(here, _)| *here as f64)
        };
        self.graph.ids().find_map(differs).expect("something depends on the examples")
    }

    /// The parts and the axis of a sum of tensors that are padded to stand one behind the other.
    fn joined(&self, id: Id) -> Option<(usize, Vec<Id>)> {
        let mut parts = vec![];
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let node = &self.graph[id];
            match &node.op {
                Op::Map(Scalar::Add) if !self.named.contains_key(&id) || parts.is_empty() && open.is_empty() => {
                    open.extend(node.args.iter().rev());
                }
                Op::View(View::Pad { axis, before, between: 0, .. }) => parts.push((*axis, *before, node.args[0])),
                _ => return None,
            }
        }
        let axis = parts[0].0;
        let mut end = 0;
        for &(own, before, part) in &parts {
            if own != axis || before != end {
                return None;
            }
            end += self.graph.shape(part)[axis];
        }
        (end == self.graph.shape(id)[axis]).then(|| (axis, parts.into_iter().map(|it| it.2).collect()))
    }

    /// The value where all conditions hold, elsewhere nothing.
    fn within(&mut self, conditions: Vec<Term>, value: Term, dtype: Dtype) -> Term {
        let nought = if dtype == Dtype::Bool { self.terms.truth(false) } else { self.terms.number(Ratio::ZERO) };
        let all = conditions.into_iter().fold(self.terms.truth(true), |a, b| self.terms.map(Scalar::And, &[a, b]));
        self.terms.map(Scalar::Select, &[all, value, nought])
    }

    fn plus(&mut self, a: Term, by: i64, constant: i64) -> Term {
        self.terms.add(&[(a, Ratio::of(by as f64))], Ratio::of(constant as f64))
    }

    /// `low <= place < high`
    fn between(&mut self, place: Term, low: i64, high: i64) -> Vec<Term> {
        let low = self.terms.whole(low - 1);
        let high = self.terms.whole(high);
        vec![self.terms.map(Scalar::Less, &[low, place]), self.terms.map(Scalar::Less, &[place, high])]
    }

    /// The place of the operand that a view shows, and when it shows one.
    fn source(&mut self, view: &View, operand: Id, places: &[Term]) -> (Vec<Term>, Vec<Term>) {
        let mut source = places.to_vec();
        let mut inside = vec![];
        match *view {
            View::Expand { axis, .. } => _ = source.remove(axis),
            View::Permute { ref order } => order.iter().zip(places).for_each(|(&axis, &it)| source[axis] = it),
            View::Slice { axis, start, step, .. } => source[axis] = self.plus(places[axis], step as i64, start as i64),
            View::Pad { axis, before, between, .. } => {
                let extent = self.graph.shape(operand)[axis] as i64;
                let shifted = self.plus(places[axis], 1, -(before as i64));
                let step = between as i64 + 1;
                inside = self.between(shifted, 0, (extent - 1) * step + 1);
                source[axis] = shifted;
                if between > 0 {
                    let step = self.terms.whole(step);
                    let rest = self.terms.map(Scalar::Mod, &[shifted, step]);
                    let nought = self.terms.whole(0);
                    inside.push(self.terms.map(Scalar::Equal, &[rest, nought]));
                    source[axis] = self.terms.intern_map(Scalar::Div, &[shifted, step]);
                }
            }
            View::Window { axis, stride, dilation, .. } => {
                let within = source.remove(axis + 1);
                let parts = [(places[axis], Ratio::of(stride as f64)), (within, Ratio::of(dilation as f64))];
                source[axis] = self.terms.add(&parts, Ratio::ZERO);
            }
            View::Reshape { ref shape } => {
                let from = self.graph.shape(operand).to_vec();
                source = self.reshaped(places, shape, &from);
            }
        }
        (source, inside)
    }

    /// The place in `to` of the element at `places` of `from`, both in row-major order.
    fn reshaped(&mut self, places: &[Term], from: &[usize], to: &[usize]) -> Vec<Term> {
        let mut result = vec![];
        let (mut i, mut j) = (0, 0);
        while i < from.len() || j < to.len() {
            // The least groups of axes with as many elements on both sides.
            let (mut ni, mut nj) = (i, j);
            let (mut a, mut b) = (1, 1);
            loop {
                if a == b && (ni > i || nj > j) && (ni > i && nj > j || a == 1) {
                    break;
                }
                if a <= b && ni < from.len() && (a < b || ni == i) {
                    a *= from[ni];
                    ni += 1;
                } else if nj < to.len() {
                    b *= to[nj];
                    nj += 1;
                } else {
                    a *= from[ni];
                    ni += 1;
                }
            }
            match (ni - i, nj - j) {
                (_, 0) => {}
                (0, count) => result.extend((0..count).map(|_| self.terms.whole(0)).collect::<Vec<_>>()),
                (1, 1) => result.push(places[i]),
                _ => {
                    let mut offset = self.terms.whole(0);
                    for axis in i..ni {
                        let scaled = self.plus(offset, from[axis] as i64, 0);
                        offset = self.terms.plus(scaled, places[axis]);
                    }
                    let mut group = vec![];
                    for (at, &extent) in to[j..nj].iter().enumerate().rev() {
                        if at == 0 {
                            group.push(offset);
                        } else {
                            group.push(self.terms.remainder(offset, extent as i64));
                            offset = self.terms.quotient(offset, extent as i64);
                        }
                    }
                    result.extend(group.into_iter().rev());
                }
            }
            (i, j) = (ni, nj);
        }
        result
    }

    /// The adjoint of a view, at a place of what is viewed.
    fn fold(&mut self, view: &View, id: Id, places: &[Term]) -> Term {
        let x = self.graph[id].args[0];
        match *view {
            View::Expand { axis, .. } => {
                let extent = self.extent(x, axis);
                let var = self.terms.var(extent);
                let mut at = places.to_vec();
                at.insert(axis, self.terms.place(var));
                let body = self.at(x, &at);
                self.terms.sum(var, body)
            }
            View::Permute { ref order } => {
                let at: Vec<Term> = order.iter().map(|&axis| places[axis]).collect();
                self.at(x, &at)
            }
            View::Reshape { .. } => {
                let (from, to) = (self.graph.shape(id).to_vec(), self.graph.shape(x).to_vec());
                let at = self.reshaped(places, &from, &to);
                self.at(x, &at)
            }
            View::Pad { axis, before, between, .. } => {
                let mut at = places.to_vec();
                at[axis] = self.plus(places[axis], between as i64 + 1, before as i64);
                self.at(x, &at)
            }
            View::Slice { axis, start, step: 1, len } => {
                let mut at = places.to_vec();
                at[axis] = self.plus(places[axis], 1, -(start as i64));
                let inside = self.between(at[axis], 0, len as i64);
                let value = self.at(x, &at);
                self.within(inside, value, Dtype::F32)
            }
            View::Slice { axis, .. } | View::Window { axis, .. } => {
                let more = usize::from(matches!(view, View::Window { .. }));
                let vars: Vec<Var> = (axis..=axis + more)
                    .map(|axis| {
                        let extent = self.extent(x, axis);
                        self.terms.var(extent)
                    })
                    .collect();
                let mut at = places.to_vec();
                at.remove(axis);
                for (offset, &var) in vars.iter().enumerate() {
                    at.insert(axis + offset, self.terms.place(var));
                }
                let (source, _) = self.source(view, id, &at);
                let here = self.terms.map(Scalar::Equal, &[source[axis], places[axis]]);
                let value = self.at(x, &at);
                let body = self.within(vec![here], value, Dtype::F32);
                vars.into_iter().rev().fold(body, |body, var| self.terms.sum(var, body))
            }
        }
    }
}
