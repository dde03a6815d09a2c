//! Terms: what one element of a tensor is worth, as a formula over the places along the axes.
//!
//! A term is a node of a hash-consed arena in normal form: sums and products are flat, numbers are collected, what a sum
//! over an axis does not need stands outside. Equal terms are one term, whatever their bound variables were called.

use rustc_hash::FxHashMap;

pub use super::ratio::Ratio;
use super::rules::Rule;
use crate::scalar::{Dtype, Scalar};

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Term(u32);

/// How many places an axis has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Extent {
    /// As many as there are examples.
    Batch,
    Of(u32),
}

/// A place along an axis. Below [`FREE`] the variables of sums, numbered by how deep they reach; above it the others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Var {
    pub id: u32,
    pub extent: Extent,
}

const FREE: u32 = 1 << 16;

/// An array: its axes, and the term of an element.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Lambda {
    pub vars: Vec<Var>,
    pub body: Term,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// A number, and terms with their coefficients.
    Add {
        constant: Ratio,
        terms: Vec<(Term, Ratio)>,
    },
    /// Powers of terms. At least two, or one that is no first power.
    Mul(Vec<(Term, i32)>),
    /// The number of examples.
    Count,
    /// An element of a tensor that has a name.
    Leaf {
        name: u32,
        at: Vec<Term>,
    },
    Place(Var),
    Truth(bool),
    Map(Scalar, Vec<Term>),
    Sum(Var, Term),
    Max(Var, Term),
    /// Arrays one behind the other along one axis, at a place of it.
    Join {
        parts: Vec<Lambda>,
        at: Term,
    },
    /// An element of what a function of the library gives.
    Call {
        name: u32,
        arg: Lambda,
        at: Vec<Term>,
    },
}

struct Node {
    form: Form,
    dtype: Dtype,
    free: Vec<Var>,
    level: u32,
    weight: u32,
}

#[derive(Default)]
pub struct Terms {
    nodes: Vec<Node>,
    interned: FxHashMap<Form, Term>,
    fresh: u32,
    /// The types of what leaves name.
    pub leaves: Vec<Dtype>,
    /// The functions that are recognised.
    pub rules: Vec<Rule>,
}

pub type Factors = Vec<(Term, i32)>;

impl Terms {
    pub fn form(&self, term: Term) -> &Form {
        &self.nodes[term.0 as usize].form
    }

    pub fn dtype(&self, term: Term) -> Dtype {
        self.nodes[term.0 as usize].dtype
    }

    /// The variables that the term speaks of without binding them.
    pub fn free(&self, term: Term) -> &[Var] {
        &self.nodes[term.0 as usize].free
    }

    pub fn has(&self, term: Term, var: Var) -> bool {
        self.free(term).contains(&var)
    }

    /// How much there is to read.
    pub fn weight(&self, term: Term) -> u32 {
        self.nodes[term.0 as usize].weight
    }

    pub fn var(&mut self, extent: Extent) -> Var {
        self.fresh += 1;
        Var { id: FREE + self.fresh, extent }
    }

    pub(super) fn intern(&mut self, form: Form) -> Term {
        if let Some(&term) = self.interned.get(&form) {
            return term;
        }
        let children = children(&form);
        let mut free: Vec<Var> = children.iter().flat_map(|&child| self.free(child).iter().copied()).collect();
        let mut level = children.iter().map(|&child| self.nodes[child.0 as usize].level).max().unwrap_or(0);
        let mut bind = |vars: &[Var]| {
            free.retain(|it| !vars.contains(it));
            level = vars.iter().map(|it| it.id).fold(level, u32::max);
        };
        match &form {
            Form::Sum(var, _) | Form::Max(var, _) => bind(&[*var]),
            Form::Join { parts, .. } => parts.iter().for_each(|part| bind(&part.vars)),
            Form::Call { arg, .. } => bind(&arg.vars),
            Form::Place(var) => free.push(*var),
            _ => {}
        }
        free.sort_unstable();
        free.dedup();
        let own: u32 = match &form {
            Form::Add { terms, constant } => {
                terms.iter().filter(|it| it.1 != Ratio::ONE).count() as u32 + u32::from(!constant.is_zero())
            }
            Form::Mul(factors) => factors.iter().filter(|it| it.1 != 1).count() as u32,
            _ => 1,
        };
        let weight = children.iter().fold(own.max(1), |sum, &child| sum.saturating_add(self.weight(child)));
        let dtype = self.type_of(&form);
        let term = Term(self.nodes.len() as u32);
        self.nodes.push(Node { form: form.clone(), dtype, free, level, weight });
        self.interned.insert(form, term);
        term
    }

    fn type_of(&self, form: &Form) -> Dtype {
        match form {
            Form::Add { terms, .. } => terms.first().map_or(Dtype::F32, |it| self.dtype(it.0)),
            Form::Mul(factors) => self.dtype(factors[0].0),
            Form::Count => Dtype::F32,
            Form::Leaf { name, .. } => self.leaves[*name as usize],
            Form::Place(_) => Dtype::I32,
            Form::Truth(_) => Dtype::Bool,
            Form::Sum(_, body) | Form::Max(_, body) => self.dtype(*body),
            Form::Join { parts, .. } => self.dtype(parts[0].body),
            Form::Call { arg, .. } => self.dtype(arg.body),
            Form::Map(scalar, args) => match scalar {
                Scalar::Less | Scalar::LessEqual | Scalar::Equal | Scalar::And | Scalar::Or | Scalar::Not => {
                    Dtype::Bool
                }
                Scalar::ToI32 => Dtype::I32,
                Scalar::ToF32 => Dtype::F32,
                Scalar::Select => self.dtype(args[1]).max(self.dtype(args[2])),
                // A number alone does not say of which type it is.
                _ => {
                    args.iter().rev().map(|&it| self.dtype(it)).max_by_key(|it| *it == Dtype::I32).expect("an operand")
                }
            },
        }
    }

    // -------------------------------------------------------------------------------------------- leaves

    pub fn number(&mut self, value: Ratio) -> Term {
        self.intern(Form::Add { constant: value, terms: vec![] })
    }

    pub fn whole(&mut self, value: i64) -> Term {
        self.number(Ratio::of(value as f64))
    }

    pub fn as_number(&self, term: Term) -> Option<Ratio> {
        match self.form(term) {
            Form::Add { constant, terms } if terms.is_empty() => Some(*constant),
            _ => None,
        }
    }

    pub(super) fn is_number(&self, term: Term, value: f64) -> bool {
        self.as_number(term).is_some_and(|it| it.value() == value)
    }

    pub fn count(&mut self) -> Term {
        self.intern(Form::Count)
    }

    pub fn truth(&mut self, value: bool) -> Term {
        self.intern(Form::Truth(value))
    }

    pub fn place(&mut self, var: Var) -> Term {
        self.intern(Form::Place(var))
    }

    pub fn leaf(&mut self, name: u32, at: Vec<Term>) -> Term {
        self.intern(Form::Leaf { name, at })
    }

    /// The primitive itself; [`Terms::map`] knows what is simpler.
    pub(super) fn intern_map(&mut self, scalar: Scalar, args: &[Term]) -> Term {
        self.intern(Form::Map(scalar, args.to_vec()))
    }

    pub fn call(&mut self, name: u32, arg: Lambda, at: Vec<Term>) -> Term {
        let arg = self.closed(&arg);
        self.intern(Form::Call { name, arg, at })
    }

    // -------------------------------------------------------------------------------------------- arithmetic

    pub fn plus(&mut self, a: Term, b: Term) -> Term {
        self.add(&[(a, Ratio::ONE), (b, Ratio::ONE)], Ratio::ZERO)
    }

    pub fn minus(&mut self, a: Term, b: Term) -> Term {
        self.add(&[(a, Ratio::ONE), (b, Ratio::MINUS)], Ratio::ZERO)
    }

    pub fn scaled(&mut self, term: Term, by: Ratio) -> Term {
        self.add(&[(term, by)], Ratio::ZERO)
    }

    pub fn add(&mut self, parts: &[(Term, Ratio)], constant: Ratio) -> Term {
        let mut constant = constant;
        let mut sum: Vec<(Term, Ratio)> = vec![];
        let mut join = |term: Term, by: Ratio| match sum.iter_mut().find(|it| it.0 == term) {
            Some(it) => it.1 = it.1.plus(by),
            None => sum.push((term, by)),
        };
        for &(term, by) in parts {
            match &self.nodes[term.0 as usize].form {
                Form::Add { constant: inner, terms } => {
                    constant = constant.plus(inner.times(by));
                    terms.iter().for_each(|&(term, own)| join(term, own.times(by)));
                }
                _ => join(term, by),
            }
        }
        sum.retain(|it| !it.1.is_zero());
        sum.sort_unstable_by_key(|it| it.0);
        match sum[..] {
            [(term, Ratio { num: 1.0, den: 1.0 })] if constant.is_zero() => term,
            _ => self.intern(Form::Add { constant, terms: sum }),
        }
    }

    /// The coefficient and the factors of a term.
    pub fn split(&self, term: Term) -> (Ratio, Factors) {
        let factors = |term: Term| match self.form(term) {
            Form::Mul(factors) => factors.clone(),
            _ => vec![(term, 1)],
        };
        match self.form(term) {
            Form::Add { constant, terms } => match terms[..] {
                [] => (*constant, vec![]),
                [(one, by)] if constant.is_zero() => (by, factors(one)),
                _ => (Ratio::ONE, vec![(term, 1)]),
            },
            _ => (Ratio::ONE, factors(term)),
        }
    }

    pub fn times(&mut self, a: Term, b: Term) -> Term {
        self.mul(&[(a, 1), (b, 1)], Ratio::ONE)
    }

    pub fn over(&mut self, a: Term, b: Term) -> Term {
        self.mul(&[(a, 1), (b, -1)], Ratio::ONE)
    }

    pub fn mul(&mut self, parts: &[(Term, i32)], by: Ratio) -> Term {
        let mut by = by;
        let mut open: Vec<(Term, i32)> = parts.to_vec();
        let mut product: Vec<(Term, i32)> = vec![];
        let mut exponent: Option<Term> = None;
        while let Some((term, power)) = open.pop() {
            if power == 0 {
                continue;
            }
            match self.form(term).clone() {
                Form::Add { terms, .. } if terms.len() < 2 => {
                    let (own, factors) = self.split(term);
                    if factors == [(term, 1)] {
                        // A number and a term: a sum like any other.
                        self.factor(term, power, &mut by, &mut open, &mut product);
                    } else {
                        by = by.times(own.power(power));
                        open.extend(factors.iter().map(|&(it, p)| (it, p * power)));
                    }
                }
                Form::Add { .. } => self.factor(term, power, &mut by, &mut open, &mut product),
                Form::Mul(factors) => open.extend(factors.iter().map(|&(it, p)| (it, p * power))),
                Form::Map(Scalar::Exp, args) => {
                    let own = self.scaled(args[0], Ratio::of(f64::from(power)));
                    exponent = Some(exponent.map_or(own, |so_far| self.plus(so_far, own)));
                }
                Form::Map(Scalar::Abs, args) if power % 2 == 0 => open.push((args[0], power)),
                Form::Map(Scalar::Sqrt, args) if power % 2 == 0 => open.push((args[0], power / 2)),
                _ => join(&mut product, term, power),
            }
        }
        if by.is_zero() {
            return self.number(Ratio::ZERO);
        }
        if let Some(exponent) = exponent {
            let power = self.map(Scalar::Exp, &[exponent]);
            if !self.is_number(power, 1.0) {
                join(&mut product, power, 1);
            }
        }
        product.retain(|it| it.1 != 0);
        product.sort_unstable_by_key(|it| it.0);
        let term = match product[..] {
            [] => return self.number(by),
            [(term, 1)] => term,
            // The number of examples goes with the numbers.
            [(sum, 1), (count, power)] | [(count, power), (sum, 1)] if self.is_spread(sum, count) => {
                let Form::Add { constant, terms } = self.form(sum).clone() else { unreachable!("asked above") };
                let mut parts = vec![];
                for (term, own) in terms {
                    parts.push((self.mul(&[(term, 1), (count, power)], own), by));
                }
                parts.push((self.mul(&[(count, power)], constant), by));
                return self.add(&parts, Ratio::ZERO);
            }
            _ => self.intern(Form::Mul(product)),
        };
        self.scaled(term, by)
    }

    fn is_spread(&self, sum: Term, count: Term) -> bool {
        *self.form(count) == Form::Count && matches!(self.form(sum), Form::Add { .. })
    }

    /// A sum as a factor: what all of it has in common stands before it.
    fn factor(&mut self, term: Term, power: i32, by: &mut Ratio, open: &mut Factors, product: &mut Factors) {
        let (content, common, rest) = self.primitive(term, power < 0);
        if rest == term {
            return join(product, term, power);
        }
        *by = by.times(content.power(power));
        open.extend(common.iter().map(|&(it, p)| (it, p * power)));
        open.push((rest, power));
    }

    /// A sum as a coefficient, the factors that all of its terms have, and what is left. Below a fraction line the least
    /// power of e is one of them.
    pub fn primitive(&mut self, term: Term, below: bool) -> (Ratio, Factors, Term) {
        let Form::Add { constant, terms } = self.form(term).clone() else { return (Ratio::ONE, vec![], term) };
        if terms.is_empty() {
            return (Ratio::ONE, vec![], term);
        }
        let mut sizes: Vec<Ratio> = terms.iter().map(|it| it.1).collect();
        if !constant.is_zero() {
            sizes.push(constant);
        }
        let content = if sizes.iter().all(|it| it.abs() == sizes[0].abs()) {
            sizes[0].abs()
        } else if sizes.iter().all(|it| it.den == sizes[0].den) && sizes[0].den != 1.0 {
            Ratio::new(1.0, sizes[0].den)
        } else {
            Ratio::ONE
        };
        let negative = sizes.iter().all(|it| it.is_negative());
        let content = if negative { content.negated() } else { content };
        let mut common: Factors = vec![];
        if constant.is_zero() {
            let all: Vec<Factors> = terms.iter().map(|it| self.split(it.0).1).collect();
            for &(factor, power) in &all[0] {
                let powers: Option<Vec<i32>> =
                    all.iter().map(|it| it.iter().find(|it| it.0 == factor).map(|it| it.1)).collect();
                let Some(powers) = powers else { continue };
                if powers.iter().all(|&it| (it > 0) == (power > 0)) {
                    let least = *powers.iter().min_by_key(|it| it.abs()).expect("a term");
                    common.push((factor, least));
                }
            }
        }
        if below
            && common.is_empty()
            && let Some(least) = self.least_exponent(&terms)
        {
            common.push((least, 1));
        }
        if content == Ratio::ONE && common.is_empty() {
            return (content, common, term);
        }
        let inverse: Factors = common.iter().map(|&(it, power)| (it, -power)).collect();
        let mut rest = vec![];
        for (part, own) in terms {
            let part: Factors = std::iter::once((part, 1)).chain(inverse.iter().copied()).collect();
            rest.push((self.mul(&part, own.times(content.power(-1))), Ratio::ONE));
        }
        let constant = self.mul(&inverse, constant.times(content.power(-1)));
        rest.push((constant, Ratio::ONE));
        let rest = self.add(&rest, Ratio::ZERO);
        (content, common, rest)
    }

    /// exp(-x), where the terms have no other power of e.
    fn least_exponent(&self, terms: &[(Term, Ratio)]) -> Option<Term> {
        let mut found = None;
        for &(term, _) in terms {
            for (factor, _) in self.split(term).1 {
                if let Form::Map(Scalar::Exp, args) = self.form(factor) {
                    if found.is_some_and(|it| it != factor) || !self.leads_negative(args[0]) {
                        return None;
                    }
                    found = Some(factor);
                }
            }
        }
        found
    }

    /// Whether a person would write a minus before it.
    pub fn leads_negative(&self, term: Term) -> bool {
        let Form::Add { constant, terms } = self.form(term) else { return false };
        match terms.iter().max_by_key(|it| (self.weight(it.0), it.0)) {
            Some(it) => it.1.is_negative(),
            None => constant.is_negative(),
        }
    }

    pub(super) fn level(&self, term: Term) -> u32 {
        self.nodes[term.0 as usize].level
    }

    /// Calls `see` for the term and all that it is made of.
    pub fn visit(&self, term: Term, see: &mut dyn FnMut(Term)) {
        see(term);
        for child in children(self.form(term)) {
            self.visit(child, see);
        }
    }
}

fn join(product: &mut Factors, term: Term, power: i32) {
    match product.iter_mut().find(|it| it.0 == term) {
        Some(it) => it.1 += power,
        None => product.push((term, power)),
    }
}

fn children(form: &Form) -> Vec<Term> {
    match form {
        Form::Add { terms, .. } => terms.iter().map(|it| it.0).collect(),
        Form::Mul(factors) => factors.iter().map(|it| it.0).collect(),
        Form::Count | Form::Place(_) | Form::Truth(_) => vec![],
        Form::Leaf { at, .. } => at.clone(),
        Form::Map(_, args) => args.clone(),
        Form::Sum(_, body) | Form::Max(_, body) => vec![*body],
        Form::Join { parts, at } => parts.iter().map(|part| part.body).chain([*at]).collect(),
        Form::Call { arg, at, .. } => std::iter::once(arg.body).chain(at.iter().copied()).collect(),
    }
}
