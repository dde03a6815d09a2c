//! Layers, of the library and of the program itself.

use super::*;

impl Writer {
    /// A layer of the library that keeps or makes this shape.
    pub(super) fn stage(&mut self, shape: &[usize]) -> String {
        // What a norm makes of one number is nothing but rounding.
        if !self.body.stages || !self.body.loops.is_empty() || shape.last().is_none_or(|&it| it < 2) {
            return self.activation(shape);
        }
        let all = library::of(Kind::Layer);
        let definition = self.dice.pick(&all);
        let callable = &definition.callable;
        let name = callable.name.as_str();
        let alias = self.fresh("s");
        let ty = |ty: &Option<dlmc::syntax::tree::Type>| ty.as_ref().and_then(library::parts);
        let [input] = &callable.inputs[..] else { return self.activation(shape) };
        let (Some((word, sizes)), result) = (ty(&input.ty), ty(&callable.result)) else {
            return self.activation(shape);
        };
        let last = *shape.last().expect("not empty");
        // The setting that says how many numbers come out.
        let units = matches!((&result, &callable.config[..]), (Some((_, sizes)), [first, ..]) if sizes.last() == Some(&first.name.as_str()));
        let same = result.as_ref().is_none_or(|(_, to)| *to == sizes);
        match (word, units) {
            ("f32", true) if matches!(sizes[..], ["..", _]) || (sizes.len() == 1 && shape.len() == 1) => {
                let from = [&shape[..shape.len() - 1], &[self.extent()]].concat();
                if size(&from) > LARGE {
                    return self.leaf(shape, false);
                }
                let x = self.calm(&from);
                let act = if self.dice.chance(2) {
                    format!(", {}", self.dice.pick(&library::activations()))
                } else {
                    String::new()
                };
                let act = if callable
                    .config
                    .get(1)
                    .is_some_and(|it| it.ty.as_ref().is_some_and(|ty| library::text(ty) == "fn"))
                {
                    act
                } else {
                    String::new()
                };
                format!("({x} |> {name}({last}{act}) as {alias})")
            }
            ("class", true) if shape.len() == 1 => match self.class() {
                Some(class) => format!("({class} |> {name}({last}) as {alias})"),
                None => self.activation(shape),
            },
            ("f32", false) if same && (sizes.first() == Some(&"..") || sizes.len() == shape.len()) => {
                // What a layer requires of the size of an example, one with a single place may not have, nor an odd width.
                let places = shape.split_last().map_or(1, |(_, places)| places.iter().product());
                if (places == 1 || last % 2 == 1) && library::requires(callable) {
                    return self.activation(shape);
                }
                let across = callable.across_batch;
                let Some(call) = library::call(definition, 2, &mut self.dice) else { return self.leaf(shape, false) };
                self.body.across |= across;
                // A layer without a result type may change the shape.
                let x = self.calm(shape);
                let made = format!("({x} |> {call} as {alias})");
                if result.is_some() { made } else { format!("reshape({made}, [{}])", dims(shape)) }
            }
            _ => self.activation(shape),
        }
    }

    /// A class that comes in.
    pub(super) fn class(&mut self) -> Option<String> {
        let is_class = |it: &&Known| matches!(it.holds, Holds::Places(_));
        let classes: Vec<String> = self.body.known.iter().filter(is_class).map(|it| it.name.clone()).collect();
        (!classes.is_empty()).then(|| self.dice.pick(&classes))
    }

    /// A layer of the program's own.
    pub(super) fn layer(&mut self, shape: &[usize]) -> String {
        if !self.body.stages || !self.body.loops.is_empty() || self.items.len() > 3 {
            return self.numbers(shape);
        }
        let from = self.shape(LARGE / 2);
        let (layer, input, alias) = (self.fresh("layer"), self.fresh("x"), self.fresh("s"));
        let fuel = self.body.fuel / 2;
        self.body.fuel -= fuel;
        let x = self.numbers(&from);
        let own = Body {
            known: vec![Known { name: input.clone(), shape: from.clone(), holds: Holds::Numbers { exact: false } }],
            stages: self.dice.chance(2),
            fuel: fuel.max(2),
            ..Body::default()
        };
        let outer = std::mem::replace(&mut self.body, own);
        let mut statements = vec![];
        let result = self.numbers(shape);
        if self.dice.chance(3) {
            let state = self.fresh("m");
            let read = self.leaf(shape, false);
            statements.push(format!("state {state}: {} ~ 0.5", f32_of(shape)));
            self.body.statements.push(format!("{state}' = 0.75 * {state} + 0.25 * mean({read}, over: batch)"));
            self.body.statements.push(format!("r{state} = {result} + 0.1 * {state}"));
            self.body.across = true;
            let result = format!("r{state}");
            statements.append(&mut self.body.statements);
            statements.push(result);
        } else {
            statements.append(&mut self.body.statements);
            statements.push(result);
        }
        let own = std::mem::replace(&mut self.body, outer);
        let across = if own.across { " across batch" } else { "" };
        self.body.across |= own.across;
        let lines: String = statements.iter().map(|it| format!("  {it}\n")).collect();
        // Axes have names where the body sums over them by name.
        self.items.push(format!(
            "layer {layer} on {input}: {} -> {}{across} {{\n{lines}}}\n",
            f32_of(&from),
            f32_of(shape)
        ));
        format!("({x} |> {layer} as {alias})")
    }

    /// What the other examples have to do with this one.
    pub(super) fn crossing(&mut self, shape: &[usize]) -> String {
        if self.is_loss() || !self.body.loops.is_empty() {
            return self.numbers(shape);
        }
        self.body.across = true;
        let name = self.named(shape);
        match self.dice.below(4) {
            0 => format!("({name} - mean({name}, over: batch))"),
            1 => format!("tanh(sum({name}, over: batch))"),
            2 => format!("({name} + 0.5 * max({name}, over: batch))"),
            _ => {
                let condition = self.truth(shape);
                format!("({name} + tanh(sum({name}, over: batch, where: {condition})))")
            }
        }
    }

    /// A sum over axes that the type of a function names.
    pub(super) fn kept(&mut self, shape: &[usize]) -> String {
        if shape.len() > 2 || self.items.len() > 4 {
            return self.numbers(shape);
        }
        let (function, extent) = (self.fresh("fn"), self.extent());
        let from = [shape, &[extent]].concat();
        if size(&from) > LARGE {
            return self.leaf(shape, false);
        }
        let names = ["A", "B", "C"];
        let reduction = self.dice.pick(&["sum", "mean", "max", "min"]);
        let axis = self.dice.below(from.len());
        let mut moved = shape.to_vec();
        moved.insert(axis, extent);
        let dims: Vec<&str> = names[..moved.len()].to_vec();
        let result: Vec<&str> = dims.iter().enumerate().filter(|(at, _)| *at != axis).map(|(_, it)| *it).collect();
        let result = if result.is_empty() { "f32".into() } else { format!("f32[{}]", result.join(", ")) };
        self.items.push(format!(
            "fn {function}(x: f32[{}]) -> {result} = {reduction}(tanh(x), over: {})\n",
            dims.join(", "),
            dims[axis]
        ));
        format!("{function}({})", self.numbers(&moved))
    }
}
