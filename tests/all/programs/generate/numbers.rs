//! Numbers of a shape that is asked for: operations whose operands are asked for in turn.

use super::leaves::call_of;
use super::*;

impl Writer {
    /// Numbers of this shape.
    pub(super) fn numbers(&mut self, shape: &[usize]) -> String {
        if self.body.fuel == 0 || size(shape) > LARGE {
            return self.leaf(shape, false);
        }
        self.body.fuel -= 1;
        match self.dice.below(46) {
            0..6 => self.row(shape),
            6..9 => self.operator(shape),
            9..11 => self.choice(shape),
            11 | 12 => self.activation(shape),
            13..16 => self.product(shape),
            16..18 => self.contraction(shape),
            18..22 => self.comprehension(shape),
            22..25 => self.reduction(shape),
            25..31 => self.view(shape),
            31 => self.cast(shape),
            32 | 33 => self.gathered(shape),
            34 => self.noise(shape),
            35..38 => self.named(shape),
            38 | 39 => self.stage(shape),
            40 | 41 => self.layer(shape),
            42 => self.crossing(shape),
            43 | 44 => self.recurrence(shape),
            _ => self.kept(shape),
        }
    }

    /// Numbers that are not large.
    pub(super) fn calm(&mut self, shape: &[usize]) -> String {
        let x = self.numbers(shape);
        match self.dice.below(3) {
            0 => format!("tanh({x})"),
            1 => format!("(1.5 * sin({x}))"),
            _ => format!("clamped({x})"),
        }
    }

    /// A shape that stretches to `shape`: its end.
    pub(super) fn suffix(&mut self, shape: &[usize]) -> Vec<usize> {
        match self.dice.below(3) {
            0 => shape[self.dice.below(shape.len() + 1)..].to_vec(),
            _ => shape.to_vec(),
        }
    }

    /// A scalar primitive from its row.
    pub(super) fn row(&mut self, shape: &[usize]) -> String {
        let rows: Vec<(Scalar, &[Dtype])> = Scalar::ALL
            .iter()
            .flat_map(|&scalar| scalar.def().signatures.iter().map(move |&(from, to)| (scalar, from, to)))
            .filter(|&(_, _, to)| to == Dtype::F32)
            // Differences go where this lets no gradient go; the library's definitions call it where both agree.
            .filter(|&(scalar, ..)| scalar != Scalar::StopGradient)
            .map(|(scalar, from, _)| (scalar, from))
            .collect();
        let (scalar, operands) = self.dice.pick(&rows);
        let def = scalar.def();
        let (low, high) = def.sample;
        let whole = self.dice.below(operands.len());
        let mut args = vec![];
        for (at, &dtype) in operands.iter().enumerate() {
            let part = if at == whole || operands.len() == 1 { shape.to_vec() } else { self.suffix(shape) };
            args.push(match dtype {
                Dtype::Bool => self.truth(&part),
                Dtype::I32 => self.places(&part).0,
                // No gradient, or one with jumps: the operands are what everybody sees alike.
                Dtype::F32 if def.grad.is_empty() || def.grad.iter().any(|it| it.contains("floor")) => {
                    let x = self.leaf(&part, true);
                    format!("({} + {} * abs({x}))", low.max(0.1), (high - low) / 2.0)
                }
                Dtype::F32 if is_calm(scalar) || scalar == Scalar::Select => self.numbers(&part),
                Dtype::F32 => {
                    let x = self.numbers(&part);
                    format!("({} + {} * tanh({x}))", (low + high) / 2.0, (high - low) / 2.0)
                }
            });
        }
        call_of(scalar, &args)
    }

    pub(super) fn operator(&mut self, shape: &[usize]) -> String {
        let other = self.suffix(shape);
        let (mut a, mut b) = (self.numbers(shape), self.numbers(&other));
        if self.dice.chance(2) {
            std::mem::swap(&mut a, &mut b);
        }
        match self.dice.below(9) {
            0 => format!("({a} + {b})"),
            1 => format!("({a} - {b})"),
            2 => format!("({a} * {b})"),
            3 => format!("({a} / (1.25 + abs({b})))"),
            4 => format!("((abs({a}) + 0.25) ^ tanh({b}))"),
            5 => format!("(tanh({a}) ^ {} + {b})", self.dice.pick(&["2", "3", "4"])),
            6 => format!("(-{a} * {} + {b})", self.literal()),
            7 => format!("max({a}, {b})"),
            _ => format!("min({a}, {b})"),
        }
    }

    pub(super) fn choice(&mut self, shape: &[usize]) -> String {
        let (other, condition) = (self.suffix(shape), self.suffix(shape));
        let (a, b, c) = (self.numbers(shape), self.numbers(&other), self.truth(&condition));
        match self.dice.below(4) {
            0 => format!("(if {c} then {a} else {b})"),
            1 => format!("where({c}, {b}, {a})"),
            // Both branches read the same parameters.
            2 if self.body.loops.is_empty() => {
                let name = self.bound(shape, a);
                format!("(if training then tanh({name}) else 0.5 * {name})")
            }
            // A root that is guarded where it has no slope.
            2 => format!("where({c}, sqrt(where({c}, abs({a}) + 0.5, 1)), {b})"),
            _ => format!("where({c}, {a}, {})", self.literal()),
        }
    }

    pub(super) fn activation(&mut self, shape: &[usize]) -> String {
        let x = self.calm(shape);
        let all = library::activations();
        let name = self.dice.pick(&all);
        match self.dice.below(4) {
            0 => format!("((0.75 * tanh({x})) |> {name})"),
            1 if !shape.is_empty() => format!("(0.5 + softmax({x}))"),
            _ => format!("{name}(0.9 * tanh({x}))"),
        }
    }

    pub(super) fn product(&mut self, shape: &[usize]) -> String {
        let k = self.extent();
        let Some((&last, front)) = shape.split_last() else {
            let (a, b) = (self.calm(&[k]), self.calm(&[k]));
            return if self.dice.chance(2) { format!("dot({a}, {b})") } else { format!("({a} @ {b})") };
        };
        if size(front) * k > LARGE || k * last > LARGE {
            return self.leaf(shape, false);
        }
        let by_vector = self.dice.chance(4);
        let (left, right) = match by_vector {
            true => ([shape, &[k]].concat(), vec![k]),
            false => ([front, &[k]].concat(), vec![k, last]),
        };
        if size(&left) > LARGE {
            return self.leaf(shape, false);
        }
        let (a, b) = (self.calm(&left), self.calm(&right));
        format!("({a} @ {b})")
    }

    /// A contraction written out, its operands' axes in any order.
    pub(super) fn contraction(&mut self, shape: &[usize]) -> String {
        let k = self.extent();
        if size(shape) * k > 8 * LARGE || self.body.loops.len() > 1 {
            return self.leaf(shape, false);
        }
        let names: Vec<String> = shape.iter().map(|_| self.fresh("at")).collect();
        let inner = self.fresh("k");
        let mut sides = vec![];
        for side in 0..2 {
            let mut axes: Vec<(&str, usize)> = vec![(&inner, k)];
            for (at, (name, &extent)) in names.iter().zip(shape).enumerate() {
                if at % 2 == side || self.dice.chance(3) {
                    axes.push((name, extent));
                }
            }
            let order = self.dice.order(axes.len());
            let axes: Vec<(&str, usize)> = order.into_iter().map(|at| axes[at]).collect();
            let extents: Vec<usize> = axes.iter().map(|it| it.1).collect();
            let operand = self.calm(&extents);
            let labels: Vec<&str> = axes.iter().map(|it| it.0).collect();
            sides.push(format!("{operand}[{}]", labels.join(", ")));
        }
        let binders: Vec<String> =
            names.iter().zip(shape).map(|(name, extent)| format!("{name} in {extent}")).collect();
        let sum = format!("sum(for {inner} in {k} => {} * {})", sides[0], sides[1]);
        if binders.is_empty() { sum } else { format!("(for {} => {sum})", binders.join(", ")) }
    }

    /// One value for each place: what it is made of may read the place.
    pub(super) fn comprehension(&mut self, shape: &[usize]) -> String {
        if shape.is_empty() || self.body.loops.len() > 1 {
            return self.picked(shape);
        }
        let front = self.dice.within(1, shape.len().min(2));
        let mark = self.body.loops.len();
        let mut binders = vec![];
        for &extent in &shape[..front] {
            let name = self.fresh("at");
            binders.push(format!("{name} in {extent}"));
            self.body.loops.push((name, extent));
        }
        let inner = if self.dice.chance(3) { self.numbers(&shape[front..]) } else { self.picked(&shape[front..]) };
        self.body.loops.truncate(mark);
        format!("(for {} => {inner})", binders.join(", "))
    }

    /// One value for each turn, made of the one before.
    pub(super) fn recurrence(&mut self, shape: &[usize]) -> String {
        let Some((&turns, rest)) = shape.split_first() else { return self.reduction(shape) };
        if self.body.carries > 1 || self.body.loops.len() > 1 + self.body.carries || self.is_loss() {
            return self.leaf(shape, false);
        }
        let (at, carried) = (self.fresh("at"), self.fresh("h"));
        let holds = Holds::Numbers { exact: false };
        let start = match self.dice.below(3) {
            0 => self.calm(rest),
            _ if rest.is_empty() => "0".into(),
            _ => format!("zeros([{}])", dims(rest)),
        };
        self.body.known.push(Known { name: carried.clone(), shape: rest.to_vec(), holds });
        self.body.loops.push((at.clone(), turns));
        self.body.carries += 1;
        let next = self.numbers(rest);
        let read = self.picked(rest);
        self.body.carries -= 1;
        self.body.loops.pop();
        self.body.known.retain(|it| it.name != carried);
        format!("(for {at} in {turns}, {carried} ~ {start} => tanh({next} + 0.5 * {carried} + {read}))")
    }

    /// A part of something larger, at a place that the variables around say.
    pub(super) fn picked(&mut self, shape: &[usize]) -> String {
        let picks = self.dice.within(1, 2);
        let (mut extents, mut indices) = (vec![], vec![]);
        for _ in 0..picks {
            let (index, extent) = self.place();
            extents.push(extent);
            indices.push(index);
        }
        let whole = [&extents[..], shape].concat();
        if size(&whole) > 2 * LARGE {
            return self.leaf(shape, false);
        }
        // What is picked from does not know of the variables, or it does.
        let outer =
            if self.body.carries > 0 || self.dice.chance(4) { vec![] } else { std::mem::take(&mut self.body.loops) };
        let base = self.numbers(&whole);
        self.body.loops.extend(outer);
        format!("({base})[{}]", indices.join(", "))
    }

    /// An index, and how far it reaches.
    pub(super) fn place(&mut self) -> (String, usize) {
        let variables = self.body.loops.clone();
        if variables.is_empty() || self.dice.chance(8) {
            let (places, bound) = self.places(&[]);
            return (places, bound);
        }
        let (i, n) = self.dice.pick(&variables);
        let (j, m) = self.dice.pick(&variables);
        let (c, f, g) = (self.dice.below(3), self.dice.within(1, 3), self.dice.within(1, 2));
        match self.dice.below(8) {
            0 | 1 => (i, n),
            2 => (format!("{i} + {c}"), n + c + self.dice.below(2)),
            3 => (format!("{} - {i}", n - 1), n),
            4 => (format!("{f} * {i} + {c}"), f * (n - 1) + c + 1 + self.dice.below(2)),
            5 | 6 => (format!("{f} * {i} + {g} * {j} + {c}"), f * (n - 1) + g * (m - 1) + c + 1 + self.dice.below(2)),
            _ => {
                let e = self.dice.within(1, 6);
                (format!("mod({i} * {f} + {c}, {e})"), e)
            }
        }
    }

    pub(super) fn reduction(&mut self, shape: &[usize]) -> String {
        let mut whole = shape.to_vec();
        let mut axes = vec![];
        for _ in 0..self.dice.within(1, 2) {
            let axis = self.dice.below(whole.len() + 1);
            let extent = self.extent();
            if size(&whole) * extent > 2 * LARGE {
                break;
            }
            axes.iter_mut().filter(|it| **it >= axis).for_each(|it| *it += 1);
            axes.push(axis);
            whole.insert(axis, extent);
        }
        let over = match (&axes[..], shape.len()) {
            ([], _) => return self.leaf(shape, false),
            (_, 0) => String::new(),
            ([one], _) => format!(", over: {one}"),
            _ => format!(", over: [{}]", dims(&axes)),
        };
        let condition = if self.dice.chance(5) { format!(", where: {}", self.truth(&whole)) } else { String::new() };
        let masked = !condition.is_empty();
        let x = self.numbers(&whole);
        match self.dice.below(7) {
            0 => format!("sum({x}{over}{condition})"),
            1 | 2 if !masked => format!("mean({x}{over})"),
            3 if !masked => format!("max({x}{over})"),
            4 if !masked => format!("min({x}{over})"),
            5 if !masked && self.dice.chance(2) => format!("median({}{over})", self.leaf(&whole, true)),
            _ => format!("tanh(sum({x}{over}{condition}))"),
        }
    }

    pub(super) fn view(&mut self, shape: &[usize]) -> String {
        let rank = shape.len();
        match self.dice.below(8) {
            0 => {
                let from = self.reshaped(shape);
                format!("reshape({}, [{}])", self.numbers(&from), dims(shape))
            }
            1 if rank > 1 => {
                let order = self.dice.order(rank);
                let mut from = vec![0; rank];
                order.iter().zip(shape).for_each(|(&axis, &extent)| from[axis] = extent);
                format!("permute({}, [{}])", self.numbers(&from), dims(&order))
            }
            2 if rank > 1 => {
                let mut from = shape.to_vec();
                from.swap(rank - 1, rank - 2);
                format!("transpose({})", self.numbers(&from))
            }
            3 if rank > 0 => {
                let axis = self.dice.below(rank);
                let mut from = shape.to_vec();
                let times = from.remove(axis);
                format!("expand({}, {axis}, {times})", self.numbers(&from))
            }
            4 if rank > 0 => {
                let axis = self.dice.below(rank);
                let first = self.dice.below(shape[axis]);
                if first == 0 {
                    return self.leaf(shape, false);
                }
                let (mut a, mut b) = (shape.to_vec(), shape.to_vec());
                (a[axis], b[axis]) = (first, shape[axis] - first);
                format!("concat({}, {}, axis: {axis})", self.numbers(&a), self.numbers(&b))
            }
            5 if rank > 0 => {
                // Every axis that is cut says from where to where.
                let (mut from, mut cuts) = (shape.to_vec(), vec![]);
                for extent in from.iter_mut().take(self.dice.within(1, rank)) {
                    let (before, after) = (self.dice.below(3), self.dice.below(3));
                    cuts.push(format!("{before} .. {}", before + *extent));
                    *extent += before + after;
                }
                if size(&from) > 2 * LARGE {
                    return self.leaf(shape, false);
                }
                format!("({})[{}]", self.numbers(&from), cuts.join(", "))
            }
            6 if rank > 0 && self.body.loops.is_empty() && shape[rank - 1] * 2 <= LARGE => {
                let (parts, axis) = (self.dice.within(2, 3), self.dice.below(rank));
                let mut from = shape.to_vec();
                from[axis] *= parts;
                if size(&from) > 2 * LARGE {
                    return self.leaf(shape, false);
                }
                let x = self.numbers(&from);
                let names: Vec<String> = (0..parts).map(|_| self.fresh("v")).collect();
                self.body.statements.push(format!("({}) = split({x}, {parts}, axis: {axis})", names.join(", ")));
                let known = |name: &String| Known {
                    name: name.clone(),
                    shape: shape.to_vec(),
                    holds: Holds::Numbers { exact: false },
                };
                self.body.known.extend(names.iter().map(known));
                format!("({} - {})", names[0], names[parts - 1])
            }
            _ => {
                let extent = self.extent();
                let from = [&[extent], shape].concat();
                if size(&from) > 2 * LARGE {
                    return self.leaf(shape, false);
                }
                let at = self.dice.below(extent);
                format!("({})[{at}]", self.numbers(&from))
            }
        }
    }

    /// As many elements in other axes.
    pub(super) fn reshaped(&mut self, shape: &[usize]) -> Vec<usize> {
        let mut from = shape.to_vec();
        for _ in 0..self.dice.within(1, 2) {
            if from.len() > 1 && self.dice.chance(2) {
                let axis = self.dice.below(from.len() - 1);
                from[axis] *= from.remove(axis + 1);
            } else if !from.is_empty() && self.dice.chance(2) {
                let axis = self.dice.below(from.len());
                let extent = from[axis];
                let parts: Vec<usize> = (1..=extent).filter(|&part| extent.is_multiple_of(part)).collect();
                let part = self.dice.pick(&parts);
                from[axis] = part;
                from.insert(axis, extent / part);
            } else {
                from.insert(self.dice.below(from.len() + 1), 1);
            }
        }
        from
    }

    pub(super) fn cast(&mut self, shape: &[usize]) -> String {
        match self.dice.chance(2) {
            true => format!("cast({}, f32)", self.truth(shape)),
            false => format!("(0.25 * cast({}, f32))", self.places(shape).0),
        }
    }

    /// Rows of a table, as an index says.
    pub(super) fn gathered(&mut self, shape: &[usize]) -> String {
        if let ([values], true) = (shape, self.dice.chance(3)) {
            let (place, bound) = self.places(&[]);
            let one = format!("one_hot({place}, {values})");
            return if bound <= *values { one } else { format!("(1 - {one})") };
        }
        let lead = self.dice.below(shape.len() + 1);
        let (index, bound) = self.places(&shape[..lead]);
        let from = [&[bound], &shape[lead..]].concat();
        if size(&from) > 2 * LARGE {
            return self.leaf(shape, false);
        }
        let table = self.numbers(&from);
        format!("({table})[{index}]")
    }

    pub(super) fn noise(&mut self, shape: &[usize]) -> String {
        let x = self.numbers(shape);
        let draw = self.dice.pick(&["uniform", "normal"]);
        format!("({x} * noise({draw}, like: {}))", self.leaf(shape, false))
    }

    /// A value with a name, which others may read too.
    pub(super) fn named(&mut self, shape: &[usize]) -> String {
        if !self.body.loops.is_empty() {
            return self.numbers(shape);
        }
        let value = self.numbers(shape);
        self.bound(shape, value)
    }

    pub(super) fn bound(&mut self, shape: &[usize], value: String) -> String {
        let name = self.fresh("v");
        self.body.statements.push(format!("{name} = {value}"));
        self.body.known.push(Known {
            name: name.clone(),
            shape: shape.to_vec(),
            holds: Holds::Numbers { exact: false },
        });
        name
    }
}
