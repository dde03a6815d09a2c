//! What a formula ends in: names that are there, constants, parameters, views of them.

use super::*;

impl Writer {
    /// Numbers of this shape without an operation, or only with views; where `exact`, those that all executors see alike.
    pub(super) fn leaf(&mut self, shape: &[usize], exact: bool) -> String {
        let fits = |it: &&Known| matches!(it.holds, Holds::Numbers { exact: is } if is || !exact);
        let known: Vec<Known> = self.body.known.iter().filter(fits).cloned().collect();
        let same: Vec<&Known> = known.iter().filter(|it| it.shape == shape).collect();
        if !same.is_empty() && !self.dice.chance(4) {
            return self.dice.pick(&same).name.clone();
        }
        let parameters = self.body.statements.iter().filter(|it| it.starts_with("param")).count();
        if !self.is_loss() && (known.is_empty() || parameters < 5 && self.dice.chance(3)) {
            return self.parameter(shape);
        }
        if known.is_empty() {
            return self.constant(shape);
        }
        let from = self.dice.pick(&known);
        self.adapted(&from, shape)
    }

    pub(super) fn is_loss(&self) -> bool {
        self.body.known.iter().any(|it| it.name == "truth")
    }

    pub(super) fn constant(&mut self, shape: &[usize]) -> String {
        match shape {
            [] => "sum(0.5 * ones([2]))".to_string(),
            _ => format!("(0.25 * ones([{}]))", dims(shape)),
        }
    }

    pub(super) fn parameter(&mut self, shape: &[usize]) -> String {
        let name = self.fresh("p");
        let init = self.dice.pick(&["normal(0, 0.5)", "uniform(-1, 1)", "normal(0.25, 1)"]);
        let at = self.body.statements.iter().take_while(|it| it.starts_with("param")).count();
        self.body.statements.insert(at, format!("param {name}: {} ~ {init}", f32_of(shape)));
        self.body.known.push(Known {
            name: name.clone(),
            shape: shape.to_vec(),
            holds: Holds::Numbers { exact: true },
        });
        name
    }

    /// What is known, seen under another shape.
    pub(super) fn adapted(&mut self, from: &Known, shape: &[usize]) -> String {
        let (has, wants) = (size(&from.shape), size(shape));
        let name = &from.name;
        if from.shape == shape {
            return name.clone();
        }
        let flat = if from.shape.len() == 1 { name.clone() } else { format!("reshape({name}, [{has}])") };
        if has == wants {
            return format!("reshape({name}, [{}])", dims(shape));
        }
        let line = if has > wants {
            let start = self.dice.below(has - wants + 1);
            format!("({flat})[{start} .. {}]", start + wants)
        } else {
            let i = self.fresh("at");
            format!("(for {i} in {wants} => ({flat})[mod({i}, {has})])")
        };
        if shape.len() == 1 { line } else { format!("reshape({line}, [{}])", dims(shape)) }
    }

    /// Indices of this shape, and what they are below.
    pub(super) fn places(&mut self, shape: &[usize]) -> (String, usize) {
        let classes: Vec<Known> =
            self.body.known.iter().filter(|it| matches!(it.holds, Holds::Places(_))).cloned().collect();
        match shape {
            [] => {
                let variables = self.body.loops.clone();
                let mut all: Vec<(String, usize)> = variables;
                for class in &classes {
                    let Holds::Places(values) = class.holds else { continue };
                    all.push((class.name.clone(), values));
                    let factor = self.dice.within(1, 3);
                    let most = self.dice.within(1, 6);
                    all.push((format!("mod({factor} * cast({}, i32) + 1, {most})", class.name), most));
                }
                if all.is_empty() {
                    let values = self.dice.within(1, 5);
                    return (format!("positions({values})[{}]", self.dice.below(values)), values);
                }
                self.dice.pick(&all)
            }
            [extent] if self.dice.chance(2) => (format!("positions({extent})"), *extent),
            _ if self.dice.chance(4) && self.body.fuel > 0 => {
                self.body.fuel -= 1;
                let bound = self.dice.within(1, 7);
                (format!("mod({}, {bound})", self.whole_row(shape, Dtype::I32)), bound)
            }
            _ => {
                let names: Vec<String> = shape.iter().map(|_| self.fresh("at")).collect();
                let binders: Vec<String> =
                    names.iter().zip(shape).map(|(name, extent)| format!("{name} in {extent}")).collect();
                let bound = self.dice.within(1, 7);
                let more = if classes.is_empty() {
                    String::new()
                } else {
                    format!(" + cast({}, i32)", self.dice.pick(&classes).name)
                };
                let sum = names.join(" + 2 * ");
                (format!("(for {} => mod({sum}{more}, {bound}))", binders.join(", ")), bound)
            }
        }
    }

    /// Conditions of this shape. Something in each is known at run time only.
    pub(super) fn truth(&mut self, shape: &[usize]) -> String {
        let part = self.suffix(shape);
        match self.dice.below(9) {
            0 => format!("({} < {})", self.leaf(shape, true), self.leaf(&part, true)),
            1 => format!("({} >= {})", self.leaf(shape, true), self.literal()),
            2 => format!("({} > {})", self.literal(), self.leaf(shape, true)),
            3 => format!("(not {})", self.truth(shape)),
            4 => format!("({} and {})", self.truth(shape), self.truth(&part)),
            5 => format!("({} or {})", self.truth(&part), self.truth(shape)),
            6 => {
                let (a, bound) = self.places(shape);
                let sign = self.dice.pick(&["==", "!=", "<", "<="]);
                format!("({a} {sign} {})", self.dice.below(bound))
            }
            7 => format!("(noise(uniform, like: {}) < 0.6)", self.leaf(shape, false)),
            _ => self.whole_row(shape, Dtype::Bool),
        }
    }

    /// A scalar primitive that gives conditions or integers, from its row.
    pub(super) fn whole_row(&mut self, shape: &[usize], result: Dtype) -> String {
        let rows: Vec<(Scalar, &[Dtype])> = Scalar::ALL
            .iter()
            .flat_map(|&scalar| scalar.def().signatures.iter().map(move |&(from, to)| (scalar, from, to)))
            .filter(|&(_, _, to)| to == result)
            .map(|(scalar, from, _)| (scalar, from))
            .collect();
        let (scalar, operands) = self.dice.pick(&rows);
        let args: Vec<String> = operands
            .iter()
            .map(|dtype| match dtype {
                Dtype::F32 => self.leaf(shape, true),
                Dtype::I32 => format!("cast({}, i32)", self.places(shape).0),
                Dtype::Bool => self.truth(shape),
            })
            .collect();
        call_of(scalar, &args)
    }
}

/// A call by the row's name; where that is a word of the language, as this is written.
pub(super) fn call_of(scalar: Scalar, args: &[String]) -> String {
    let name = scalar.def().name;
    match (dlmc::syntax::expression(dlmc::source::FileId(0), &format!("{name}(1)")), args) {
        (Ok(_), _) => format!("{name}({})", args.join(", ")),
        (Err(_), [one]) => format!("({name} {one})"),
        (Err(_), _) => format!("({})", args.join(&format!(" {name} "))),
    }
}
