//! Random functions: well typed graphs over every kind of node, for tests that compare executors.

use dlmc::scalar::Scalar;
use dlmc::tensor::scan::Carry;
use dlmc::tensor::{Array, Data, Draw, Dtype, Function, Graph, Id, Op, Slot, View};

/// A small generator of its own (xorshift, Marsaglia 2003): the same numbers on every machine and for ever.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..8).for_each(|_| _ = dice.next());
        dice
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }

    pub fn within(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to - from + 1)
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    pub fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// An order of `0..count`.
    pub fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        (1..count).rev().for_each(|at| order.swap(at, self.below(at + 1)));
        order
    }
}

/// The most elements of a node.
const LARGE: usize = 4000;

struct Maker {
    dice: Dice,
    function: Function,
    /// What later nodes may use, and whether its elements do not depend on the order of a sum.
    values: Vec<(Id, bool)>,
    /// Whether many axes are longer than a register.
    long: bool,
}

/// A function of about `length` nodes.
pub fn function(seed: u64, length: usize) -> Function {
    made(seed, length, false)
}

/// The same with axes that fill several registers.
pub fn long(seed: u64, length: usize) -> Function {
    made(seed, length, true)
}

fn made(seed: u64, length: usize, long: bool) -> Function {
    let mut maker = Maker { dice: Dice::new(seed), function: Function::default(), values: Vec::new(), long };
    maker.inputs();
    for _ in 0..length {
        maker.grow();
    }
    maker.finish()
}

impl Maker {
    fn graph(&mut self) -> &mut Graph {
        &mut self.function.graph
    }

    fn shape(&self, id: Id) -> Vec<usize> {
        self.function.graph.shape(id).to_vec()
    }

    fn dtype(&self, id: Id) -> Dtype {
        self.function.graph[id].dtype
    }

    fn keep(&mut self, id: Id, exact: bool) {
        self.values.push((id, exact));
    }

    /// Extents that try tails of every length, and small ones.
    fn extent(&mut self) -> usize {
        if self.long && self.dice.chance(2) {
            return self.dice.within(16, 70);
        }
        match self.dice.below(4) {
            0 => self.dice.within(1, 3),
            1 => self.dice.within(1, 9),
            2 => self.dice.within(4, 17),
            _ => self.dice.within(1, 33),
        }
    }

    fn some_shape(&mut self) -> Vec<usize> {
        let rank = self.dice.below(4);
        let mut shape: Vec<usize> = (0..rank).map(|_| self.extent()).collect();
        while shape.iter().product::<usize>() > LARGE / 4 {
            shape.pop();
        }
        shape
    }

    fn inputs(&mut self) {
        let common = self.some_shape();
        for slot in 0..self.dice.within(2, 5) {
            let shape = if self.dice.chance(2) { common.clone() } else { self.some_shape() };
            let dtype = self.dice.pick(&[Dtype::F32, Dtype::F32, Dtype::F32, Dtype::I32, Dtype::Bool]);
            self.function.feeds.push((shape.clone(), dtype));
            let id = self.graph().input(Slot::Feed(slot as u32), &shape, dtype);
            self.keep(id, true);
        }
        for slot in 0..self.dice.within(1, 3) {
            let shape = if self.dice.chance(2) { common.clone() } else { self.some_shape() };
            let dtype = self.dice.pick(&[Dtype::F32, Dtype::F32, Dtype::F32, Dtype::I32]);
            self.function.states.push((shape.clone(), dtype));
            let id = self.graph().input(Slot::State(slot as u32), &shape, dtype);
            self.keep(id, true);
        }
        let step = self.graph().input(Slot::Step, &[], Dtype::I32);
        self.keep(step, true);
    }

    fn any(&mut self) -> (Id, bool) {
        // Rather one of the last.
        let back = self.dice.below(self.values.len()).min(self.dice.below(self.values.len()));
        self.values[self.values.len() - 1 - back]
    }

    fn any_of(&mut self, fits: impl Fn(&Function, Id) -> bool) -> Option<(Id, bool)> {
        let fitting: Vec<_> = self.values.iter().copied().filter(|&(id, _)| fits(&self.function, id)).collect();
        (!fitting.is_empty()).then(|| self.dice.pick(&fitting))
    }

    fn float(&mut self, rank: usize) -> Option<(Id, bool)> {
        self.any_of(|function, id| function.graph[id].dtype == Dtype::F32 && function.graph.shape(id).len() >= rank)
    }

    fn grow(&mut self) {
        match self.dice.below(21) {
            0..7 => self.map(),
            7..11 => self.view(),
            11..13 => self.fold(),
            13..15 => self.contract(),
            15 => self.max(),
            16 => self.gather(),
            17 => self.scatter(),
            18 => self.source(),
            19 => self.scan(),
            _ => self.order(),
        }
    }

    /// A value of a shape and a type: one that is there, or a constant.
    fn of(&mut self, shape: &[usize], dtype: Dtype) -> (Id, bool) {
        let fitting =
            self.any_of(|function, id| function.graph.shape(id) == shape && function.graph[id].dtype == dtype);
        match fitting {
            Some(value) if !self.dice.chance(6) => value,
            _ => {
                let number = self.dice.below(9) as f32 / 4.0 - 1.0;
                let id = match dtype {
                    Dtype::F32 => self.graph().constant(number, shape),
                    Dtype::I32 => self.graph().integer(number as i32, shape),
                    Dtype::Bool => self.graph().truth(number > 0.0, shape),
                };
                (id, true)
            }
        }
    }

    fn map(&mut self) {
        let (first, exact) = self.any();
        let shape = self.shape(first);
        let scalars: Vec<(Scalar, &[Dtype])> = Scalar::ALL
            .iter()
            .flat_map(|&scalar| scalar.def().signatures.iter().map(move |&(operands, _)| (scalar, operands)))
            .filter(|&(scalar, operands)| operands.contains(&self.dtype(first)) && (exact || is_smooth(scalar)))
            .collect();
        if scalars.is_empty() {
            return;
        }
        let (scalar, operands) = self.dice.pick(&scalars);
        let place = operands.iter().position(|&dtype| dtype == self.dtype(first)).expect("it is contained");
        let mut args = Vec::new();
        let mut all_exact = true;
        for (at, &dtype) in operands.iter().enumerate() {
            let (arg, exact) = if at == place { (first, exact) } else { self.of(&shape, dtype) };
            args.push(arg);
            all_exact &= exact;
        }
        if all_exact || is_smooth(scalar) {
            let id = self.graph().map(scalar, &args);
            self.keep(id, all_exact);
        }
    }

    fn view(&mut self) {
        let (x, exact) = self.any();
        let shape = self.shape(x);
        let rank = shape.len();
        let axis = self.dice.below(rank.max(1));
        let view = match self.dice.below(7) {
            0 | 1 => View::Expand { axis: self.dice.below(rank + 1), times: self.extent() },
            2 => View::Permute { order: self.dice.order(rank) },
            _ if rank == 0 => View::Reshape { shape: vec![1; self.dice.below(3)] },
            3 => {
                let step = self.dice.pick(&[1isize, 1, 2, 3, -1, -1, -2]);
                let start = self.dice.below(shape[axis]);
                let room = if step > 0 { shape[axis] - 1 - start } else { start };
                let len = self.dice.within(1, room / step.unsigned_abs() + 1);
                View::Slice { axis, start, step, len }
            }
            4 => self.padding(axis),
            5 => self.window(axis, shape[axis]),
            _ => View::Reshape { shape: self.reshaped(&shape) },
        };
        let size: usize = view.shape(&shape).iter().product();
        if size <= LARGE && view.shape(&shape).len() <= 5 {
            let id = self.graph().view(view, x);
            self.keep(id, exact);
        }
    }

    fn padding(&mut self, axis: usize) -> View {
        let (before, after) = (self.dice.below(3), self.dice.below(3));
        View::Pad { axis, before, after, between: self.dice.pick(&[0, 0, 1, 2]) }
    }

    fn window(&mut self, axis: usize, extent: usize) -> View {
        let dilation = self.dice.within(1, 2);
        let size = self.dice.within(1, 4.min((extent - 1) / dilation + 1));
        View::Window { axis, size, stride: self.dice.within(1, 3), dilation }
    }

    /// The same number of elements in other axes: two of them merged, or one split, or one of extent 1.
    fn reshaped(&mut self, shape: &[usize]) -> Vec<usize> {
        let mut to = shape.to_vec();
        for _ in 0..self.dice.within(1, 2) {
            let axis = self.dice.below(to.len());
            match self.dice.below(3) {
                0 if axis + 1 < to.len() => {
                    to[axis] *= to[axis + 1];
                    to.remove(axis + 1);
                }
                1 => {
                    let parts: Vec<usize> = (1..=to[axis]).filter(|&part| to[axis].is_multiple_of(part)).collect();
                    let part = self.dice.pick(&parts);
                    to[axis] /= part;
                    to.insert(axis + self.dice.below(2), part);
                }
                _ => to.insert(axis, 1),
            }
        }
        to
    }

    fn fold(&mut self) {
        let Some((x, _)) =
            self.any_of(|function, id| function.graph[id].dtype != Dtype::Bool && !function.graph.shape(id).is_empty())
        else {
            return;
        };
        let from = self.shape(x);
        let axis = self.dice.below(from.len());
        let mut shape = from.clone();
        let view = match self.dice.below(8) {
            0 => {
                let order = self.dice.order(from.len());
                (0..from.len()).for_each(|at| shape[order[at]] = from[at]);
                View::Permute { order }
            }
            1 => {
                let step = self.dice.pick(&[1isize, 2, -1, -2, -3]);
                let (len, room) = (from[axis], self.dice.below(3));
                let span = (len - 1) * step.unsigned_abs() + 1;
                shape[axis] = span + room + self.dice.below(2);
                let start = if step > 0 { room } else { room + span - 1 };
                View::Slice { axis, start, step, len }
            }
            2 => {
                let between = self.dice.below(3).min(from[axis] - 1);
                let extent = (from[axis] - 1) / (between + 1) + 1;
                let rest = from[axis] - (extent + between * (extent - 1));
                let before = self.dice.within(0, rest);
                shape[axis] = extent;
                View::Pad { axis, before, after: rest - before, between }
            }
            3 | 4 if axis + 1 < from.len() => {
                let (stride, dilation, size) = (self.dice.within(1, 3), self.dice.within(1, 2), from[axis + 1]);
                shape.remove(axis + 1);
                let span = (from[axis] - 1) * stride + dilation * (size - 1) + 1;
                shape[axis] = span + self.dice.below(stride);
                View::Window { axis, size, stride, dilation }
            }
            5 => {
                shape = self.reshaped(&from);
                View::Reshape { shape: from }
            }
            _ => {
                let times = shape.remove(axis);
                View::Expand { axis, times }
            }
        };
        if shape.iter().product::<usize>() <= LARGE {
            let moves = !matches!(view, View::Expand { .. } | View::Window { .. });
            let exact = self.values.iter().any(|&(id, exact)| id == x && exact);
            let whole = self.dtype(x) == Dtype::I32;
            let id = self.graph().fold(view, x, &shape);
            self.calm(id, exact && (moves || whole));
        }
    }

    /// Keeps a sum, or something of it that cannot grow.
    fn calm(&mut self, id: Id, exact: bool) {
        let id = match self.dtype(id) == Dtype::F32 && self.dice.chance(2) {
            true => self.graph().map(Scalar::Tanh, &[id]),
            false => id,
        };
        self.keep(id, exact);
    }

    fn contract(&mut self) {
        let (Some((a, _)), Some((b, _))) = (self.float(0), self.float(0)) else { return };
        let (from_a, from_b) = (self.shape(a), self.shape(b));
        let la: Vec<u8> = (b'a'..).take(from_a.len()).collect();
        let mut lb: Vec<u8> = (b'n'..).take(from_b.len()).collect();
        let mut out: Vec<u8> = la.clone();
        for (at, label) in lb.iter_mut().enumerate() {
            let equal: Vec<usize> = (0..la.len()).filter(|&other| from_a[other] == from_b[at]).collect();
            let free = equal.into_iter().find(|&other| out.contains(&la[other]) && self.dice.chance(1));
            match free {
                Some(other) if !self.dice.chance(4) => {
                    *label = la[other];
                    if !self.dice.chance(3) {
                        out.retain(|l| l != label);
                    }
                }
                _ => out.push(*label),
            }
        }
        if (1..lb.len()).any(|at| lb[..at].contains(&lb[at])) {
            return;
        }
        let extent = |label: &u8| {
            la.iter()
                .position(|l| l == label)
                .map(|at| from_a[at])
                .or(lb.iter().position(|l| l == label).map(|at| from_b[at]))
        };
        let order = self.dice.order(out.len());
        let out: Vec<u8> = order.into_iter().map(|at| out[at]).collect();
        let size: usize = out.iter().map(|label| extent(label).expect("a label")).product();
        let terms: usize =
            la.iter().filter(|l| !out.contains(l)).map(|label| extent(label).expect("a label")).product();
        if size <= LARGE && size * terms <= 40 * LARGE && out.len() <= 5 {
            let id = self.graph().contract_axes(&la, &lb, &out, a, b);
            self.calm(id, false);
        }
    }

    fn max(&mut self) {
        if let Some((x, exact)) = self.any_of(|function, id| !function.graph.shape(id).is_empty()) {
            let axis = self.dice.below(self.shape(x).len());
            let id = self.graph().max(x, axis);
            self.keep(id, exact);
        }
    }

    /// Indices of a shape, some of them outside a table.
    fn indices(&mut self, shape: &[usize]) -> Id {
        let (index, _) = self.of(shape, Dtype::I32);
        index
    }

    fn gather(&mut self) {
        let Some((table, exact)) = self.any_of(|function, id| !function.graph.shape(id).is_empty()) else { return };
        let from = self.shape(table);
        let axis = self.dice.below(from.len());
        let batch = self.dice.within(0, axis.min(2));
        let batch = if self.dice.chance(2) { 0 } else { batch };
        let more = self.dice.below(2);
        let places: Vec<usize> = (0..more).map(|_| self.extent().min(7)).collect();
        let index = self.indices(&[&from[..batch], &places].concat());
        let shape = [&from[..axis], &places, &from[axis + 1..]].concat();
        if shape.iter().product::<usize>() <= LARGE && self.values.iter().any(|value| value.1 && value.0 == index) {
            let id = self.graph().gather(table, index, axis, batch);
            self.keep(id, exact);
        }
    }

    fn scatter(&mut self) {
        let Some((values, _)) = self.float(1) else { return };
        let from = self.shape(values);
        let axis = self.dice.below(from.len());
        let batch = if self.dice.chance(2) { 0 } else { self.dice.within(0, axis) };
        let more = self.dice.within(0, (from.len() - axis).min(2));
        let index = self.indices(&[&from[..batch], &from[axis..axis + more]].concat());
        if !self.values.iter().any(|value| value.1 && value.0 == index) {
            return;
        }
        let rows = self.extent().min(9);
        let shape = [&from[..axis], &[rows], &from[axis + more..]].concat();
        if shape.iter().product::<usize>() <= LARGE {
            let id = self.graph().scatter_add(values, index, axis, batch, &shape);
            self.calm(id, false);
        }
    }

    fn source(&mut self) {
        let (like, _) = self.any();
        let shape = self.shape(like);
        let id = match self.dice.below(3) {
            0 if !shape.is_empty() => {
                let axis = self.dice.below(shape.len());
                self.graph().index(axis, &shape)
            }
            which => {
                let draw = if which == 1 { Draw::Uniform } else { Draw::Normal };
                let site = self.dice.below(3) as u32;
                self.graph().random(draw, site, &shape)
            }
        };
        self.keep(id, true);
    }

    fn order(&mut self) {
        let fitting = self.values.iter().copied().filter(|&(id, exact)| exact && !self.shape(id).is_empty());
        let fitting: Vec<(Id, bool)> = fitting.collect();
        if !fitting.is_empty() {
            let (x, _) = self.dice.pick(&fitting);
            let axis = self.dice.below(self.shape(x).len());
            let id = self.graph().order(x, axis);
            self.keep(id, true);
        }
    }

    /// A recurrence from some value, with the axis of its turns anywhere.
    fn scan(&mut self) {
        let Some((start, _)) = self.float(0) else { return };
        let (shape, turns) = (self.shape(start), self.dice.within(1, 6));
        if shape.iter().product::<usize>() * turns > LARGE || shape.len() > 3 {
            return;
        }
        let axis = self.dice.below(shape.len() + 1);
        let mut all = shape.clone();
        all.insert(axis, turns);
        let outside: Vec<Id> = self.values.iter().map(|value| value.0).collect();
        let starts = [Some(start), self.dice.chance(3).then_some(start)];
        let places: Vec<(Id, Id)> =
            starts.into_iter().flatten().map(|start| (start, self.graph().carry(&all, Dtype::F32))).collect();
        let carried: Vec<Id> = places.iter().map(|it| it.1).collect();
        let carries: Vec<Carry> = places
            .iter()
            .map(|&(start, place)| {
                let next = turn(&mut self.function.graph, &mut self.dice, place, &[axis], &outside, &carried);
                Carry { place, start, next }
            })
            .collect();
        let backwards = self.dice.chance(2);
        let results = self.graph().scan(axis, backwards, &carries).expect("each turn sees one place");
        results.into_iter().for_each(|id| self.keep(id, false));
    }

    /// Returns the last values and some others, and updates states where something fits.
    fn finish(mut self) -> Function {
        let mut results: Vec<Id> = self.values.iter().rev().take(3).map(|value| value.0).collect();
        for _ in 0..self.dice.below(3) {
            results.push(self.any().0);
        }
        for slot in 0..self.function.states.len() {
            let (shape, dtype) = self.function.states[slot].clone();
            let fitting =
                self.any_of(|function, id| *function.graph.shape(id) == *shape && function.graph[id].dtype == dtype);
            if let Some((id, _)) = fitting {
                self.function.updates.push((slot as u32, id));
            }
        }
        self.function.results = results;
        self.function
    }
}

/// Something of the shape of `place`, in which each place along the axes of `turns` depends on that place alone: a turn of a
/// recurrence as it is written, within those of others. Values of `outside` are used where they fit, and other `carried`
/// values.
pub fn turn(graph: &mut Graph, dice: &mut Dice, place: Id, turns: &[usize], outside: &[Id], carried: &[Id]) -> Id {
    let shape = graph.shape(place).to_vec();
    let free: Vec<usize> = (0..shape.len()).filter(|it| !turns.contains(it)).collect();
    let axis = if let [axis] = turns { *axis } else { usize::MAX };
    let mut x = place;
    let along = [outside, carried].concat();
    for _ in 0..dice.within(1, 4) {
        let which = match turns.len() < 3 && dice.chance(8) {
            true => 10,
            false if free.is_empty() => dice.below(2),
            false => dice.below(10),
        };
        let a = if free.is_empty() { 0 } else { dice.pick(&free) };
        let n = shape[a];
        x = match which {
            0 => {
                let scalar = dice.pick(&[Scalar::Tanh, Scalar::Sin, Scalar::Neg]);
                graph.map(scalar, &[x])
            }
            1 => {
                let other = beside(graph, dice, &shape, axis, &along);
                let scalar = dice.pick(&[Scalar::Add, Scalar::Sub, Scalar::Mul]);
                graph.map(scalar, &[x, other])
            }
            2 => {
                let matrix = beside(graph, dice, &[n, n], usize::MAX, outside);
                let la: Vec<u8> = (b'a'..).take(shape.len()).collect();
                let out: Vec<u8> = la.iter().map(|&l| if l == la[a] { b'z' } else { l }).collect();
                graph.contract_axes(&la, &[la[a], b'z'], &out, x, matrix)
            }
            3 => graph.view(View::Slice { axis: a, start: n - 1, step: -1, len: n }, x),
            4 => {
                let sum = if dice.chance(2) { graph.sum(x, a) } else { graph.max(x, a) };
                graph.expand(sum, a, n)
            }
            5 => {
                let size = dice.within(1, 3.min(n));
                let seen = graph.view(View::Window { axis: a, size, stride: 1, dilation: 1 }, x);
                match dice.chance(2) {
                    true => graph.fold(View::Window { axis: a, size, stride: 1, dilation: 1 }, seen, &shape),
                    false => {
                        let sum = graph.sum(seen, a + 1);
                        graph.view(View::Pad { axis: a, before: 0, after: size - 1, between: 0 }, sum)
                    }
                }
            }
            6 => {
                let order = dice.order(shape.len());
                let turned = graph.permute(x, &order);
                let merged: Vec<usize> = order.iter().map(|&it| shape[it]).chain([1]).collect();
                let turned = graph.reshape(turned, &merged);
                let turned = graph.map(Scalar::Sin, &[turned]);
                let turned = graph.reshape(turned, &merged[..shape.len()]);
                graph.fold(View::Permute { order }, turned, &shape)
            }
            7 => {
                let index = graph.index(0, &[n]);
                let last = graph.integer(n as i32 - 1, &[n]);
                let index = graph.map(Scalar::Sub, &[last, index]);
                match dice.chance(2) {
                    true => graph.gather(x, index, a, 0),
                    false => graph.scatter_add(x, index, a, 0, &shape),
                }
            }
            8 => {
                let rows = graph.index(a, &shape[..=a]);
                match dice.chance(2) {
                    true => graph.gather(x, rows, a, a),
                    false => graph.scatter_add(x, rows, a, a, &shape),
                }
            }
            10 => nested(graph, dice, x, turns, outside),
            _ => {
                let other = beside(graph, dice, &shape, axis, &along);
                let la: Vec<u8> = (b'a'..).take(shape.len()).collect();
                let out: Vec<u8> = la.iter().copied().filter(|&l| l != la[a]).collect();
                let dots = graph.contract_axes(&la, &la, &out, x, other);
                graph.expand(dots, a, n)
            }
        };
    }
    if dice.chance(2) {
        let other = beside(graph, dice, &shape, axis, &along);
        x = graph.map(Scalar::Add, &[x, other]);
    }
    graph.map(Scalar::Tanh, &[x])
}

/// What a recurrence within a turn makes of `x`: it starts as that, and sees it in each of its own turns.
fn nested(graph: &mut Graph, dice: &mut Dice, x: Id, turns: &[usize], outside: &[Id]) -> Id {
    let shape = graph.shape(x).to_vec();
    let (times, axis) = (dice.within(1, 3), dice.below(shape.len() + 1));
    let mut all = shape.clone();
    all.insert(axis, times);
    let within: Vec<usize> = turns.iter().map(|&it| it + usize::from(it >= axis)).chain([axis]).collect();
    let seen = graph.expand(x, axis, times);
    let outside = [outside, &[seen]].concat();
    let starts = if dice.chance(2) { vec![x] } else { vec![x, graph.map(Scalar::Sin, &[x])] };
    let places: Vec<Id> = starts.iter().map(|_| graph.carry(&all, Dtype::F32)).collect();
    let carries: Vec<Carry> = (starts.iter().zip(&places))
        .map(|(&start, &place)| Carry { place, start, next: turn(graph, dice, place, &within, &outside, &places) })
        .collect();
    let after = graph.scan(axis, dice.chance(2), &carries).expect("its turns are those of one place each");
    let after = dice.pick(&after);
    match dice.chance(2) {
        true => graph.sum(after, 0),
        false => {
            let one = graph.view(View::Slice { axis: 0, start: dice.below(times), step: 1, len: 1 }, after);
            graph.reshape(one, &shape)
        }
    }
}

/// An f32 of `shape`: one from outside, one that is the same all along `axis`, or a formula of the place.
fn beside(graph: &mut Graph, dice: &mut Dice, shape: &[usize], axis: usize, outside: &[Id]) -> Id {
    let mut less = shape.to_vec();
    if axis < shape.len() {
        less.remove(axis);
    }
    let of = |graph: &Graph, shape: &[usize]| -> Vec<Id> {
        let fits = |id: &Id| graph.shape(*id) == shape && graph[*id].dtype == Dtype::F32;
        outside.iter().copied().filter(fits).collect()
    };
    let (same, mut without) = (of(graph, shape), of(graph, &less));
    without.retain(|id| !matches!(graph[*id].op, Op::Input(Slot::Carry(_))));
    match dice.below(4) {
        0 | 1 if !same.is_empty() => dice.pick(&same),
        2 if axis < shape.len() && !without.is_empty() => {
            let id = dice.pick(&without);
            graph.expand(id, axis, shape[axis])
        }
        3 => graph.random(Draw::Uniform, dice.below(3) as u32, shape),
        _ if shape.is_empty() => graph.constant(0.5, shape),
        _ => {
            let place = graph.index(dice.below(shape.len()), shape);
            let place = graph.map(Scalar::ToF32, &[place]);
            graph.map(Scalar::Sin, &[place])
        }
    }
}

/// Whether a small change of an operand makes a change of the result that is not much larger.
fn is_smooth(scalar: Scalar) -> bool {
    use Scalar::*;
    matches!(scalar, Add | Sub | Neg | Abs | Min | Max | Select | Tanh | Sin | Cos | Erf)
}

/// The kinds of node in a graph, and how often each occurs; views and folds by what they are.
pub fn kinds(function: &Function) -> std::collections::BTreeMap<String, usize> {
    let mut kinds = std::collections::BTreeMap::new();
    for id in function.graph.ids() {
        let word = |text: String| text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase();
        let name = match &function.graph[id].op {
            Op::Map(scalar) => scalar.def().name.to_string(),
            Op::View(view) => format!("view {}", word(format!("{view:?}"))),
            Op::Fold(view) => format!("fold {}", word(format!("{view:?}"))),
            op => format!("node {}", word(format!("{op:?}"))),
        };
        *kinds.entry(name).or_insert(0) += 1;
    }
    kinds
}

/// Arrays for states and feeds. Wild ones have NaN, infinities, zeros of both signs, denormals and huge numbers in them.
pub fn arrays(types: &[(Vec<usize>, Dtype)], dice: &mut Dice, wild: bool) -> Vec<Array> {
    let float = |dice: &mut Dice| match dice.below(8) {
        0 if wild => dice.pick(&[
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            -0.0,
            f32::MIN_POSITIVE,
            1e-40,
            -3e-39,
            3e38,
            -1e30,
            1e-30,
            16777216.0,
            2147483648.0,
        ]),
        1 => dice.below(5) as f32 - 2.0,
        _ => (dice.below(4001) as f32 - 2000.0) / 1000.0,
    };
    let array = |(shape, dtype): &(Vec<usize>, Dtype)| {
        let size: usize = shape.iter().product();
        let data = match dtype {
            Dtype::F32 => Data::F32((0..size).map(|_| float(dice)).collect()),
            Dtype::I32 if wild => Data::I32((0..size).map(|_| dice.next() as i32 >> dice.below(32)).collect()),
            Dtype::I32 => Data::I32((0..size).map(|_| dice.below(12) as i32 - 3).collect()),
            Dtype::Bool => Data::Bool((0..size).map(|_| dice.chance(2)).collect()),
        };
        Array { shape: shape.clone(), data }
    };
    types.iter().map(array).collect()
}
