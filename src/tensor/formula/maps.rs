//! The algebra of scalar primitives: what is known of their values by their operands, and by cases.

use super::term::{Extent, Form, Ratio, Term, Terms};
use crate::scalar::{Dtype, Scalar};

/// Powers up to this one are products.
const POWERS: f64 = 16.0;

/// From here on an exponent is bounded for the sake of its power alone.
const GUARD: f64 = 64.0;

/// Above this weight no cases are told apart.
const SETTLED: u32 = 300;

impl Terms {
    /// `scalar` of `args`, as simple as it is known to be.
    pub fn map(&mut self, scalar: Scalar, args: &[Term]) -> Term {
        let float = |terms: &Terms| args.iter().all(|&it| terms.dtype(it) == Dtype::F32);
        match scalar {
            Scalar::Add => return self.plus(args[0], args[1]),
            Scalar::Sub => return self.minus(args[0], args[1]),
            Scalar::Neg => return self.scaled(args[0], Ratio::MINUS),
            Scalar::Mul => return self.times(args[0], args[1]),
            Scalar::Div if float(self) => return self.over(args[0], args[1]),
            Scalar::Pow => {
                if let Some(power) = self.as_number(args[1]).map(Ratio::value)
                    && power.fract() == 0.0
                    && power.abs() <= POWERS
                {
                    return self.mul(&[(args[0], power as i32)], Ratio::ONE);
                }
            }
            Scalar::Less => return self.less(args[0], args[1]),
            Scalar::LessEqual => {
                let above = self.less(args[1], args[0]);
                return self.not(above);
            }
            Scalar::Equal => return self.equal(args[0], args[1]),
            Scalar::Not => return self.not(args[0]),
            Scalar::And | Scalar::Or => return self.both(scalar, args[0], args[1]),
            Scalar::Select => return self.select(args[0], args[1], args[2]),
            Scalar::ToF32 => match self.form(args[0]) {
                Form::Truth(truth) => return self.whole(i64::from(*truth)),
                Form::Add { terms, .. } if terms.is_empty() => return args[0],
                Form::Leaf { .. } | Form::Map(..) if self.dtype(args[0]) == Dtype::F32 => return args[0],
                _ => {}
            },
            Scalar::Log => {
                let (by, mut factors) = self.split(args[0]);
                if let Some(at) = factors.iter().position(|it| matches!(self.form(it.0), Form::Map(Scalar::Exp, _))) {
                    let (power, _) = factors.remove(at);
                    let Form::Map(_, exponent) = self.form(power).clone() else { unreachable!("found above") };
                    let rest = self.mul(&factors, by);
                    let rest = self.map(Scalar::Log, &[rest]);
                    return self.plus(exponent[0], rest);
                }
            }
            Scalar::Exp => {
                let exponent = self.unguarded(args[0]);
                if exponent != args[0] {
                    return self.map(Scalar::Exp, &[exponent]);
                }
            }
            Scalar::Max | Scalar::Min if args[0] == args[1] => return args[0],
            Scalar::Abs if self.leads_negative(args[0]) => {
                let positive = self.scaled(args[0], Ratio::MINUS);
                return self.intern_map(Scalar::Abs, &[positive]);
            }
            _ => {}
        }
        let numbers: Option<Vec<f64>> = args.iter().map(|&it| self.as_number(it).map(Ratio::value)).collect();
        if let Some(numbers) = numbers {
            let types = vec![Dtype::F32; args.len()];
            if scalar.dtype(&types) == Some(Dtype::F32) {
                return self.number(Ratio::of(scalar.eval_f64(&types, &numbers)));
            }
        }
        self.intern_map(scalar, args)
    }

    /// An exponent without the bound that keeps its power within the range of numbers.
    fn unguarded(&mut self, exponent: Term) -> Term {
        let Form::Add { constant, terms } = self.form(exponent).clone() else { return self.unbounded(exponent) };
        let terms: Vec<(Term, Ratio)> = terms.into_iter().map(|(it, by)| (self.unbounded(it), by)).collect();
        self.add(&terms, constant)
    }

    fn unbounded(&self, term: Term) -> Term {
        let Form::Map(scalar, args) = self.form(term) else { return term };
        let bound = args.get(1).and_then(|it| self.as_number(*it)).map(Ratio::value);
        match (scalar, bound) {
            (Scalar::Max, Some(bound)) if bound <= -GUARD => args[0],
            (Scalar::Min, Some(bound)) if bound >= GUARD => args[0],
            _ => term,
        }
    }

    /// `a < b` as `0 < b - a`, without the size of what is compared with 0.
    fn less(&mut self, a: Term, b: Term) -> Term {
        let difference = self.minus(b, a);
        if let Some(number) = self.as_number(difference) {
            return self.truth(number.value() > 0.0);
        }
        if let Some((low, high)) = self.range(difference) {
            if low > 0 {
                return self.truth(true);
            }
            if high <= 0 {
                return self.truth(false);
            }
        }
        let (by, factors) = self.split(difference);
        let direction = self.mul(&factors, if by.is_negative() { Ratio::MINUS } else { Ratio::ONE });
        let nought = self.number(Ratio::ZERO);
        self.intern_map(Scalar::Less, &[nought, direction])
    }

    /// Between which whole numbers a sum of places lies.
    fn range(&self, term: Term) -> Option<(i64, i64)> {
        let Form::Add { constant, terms } = self.form(term) else {
            let Form::Place(var) = self.form(term) else { return None };
            let Extent::Of(extent) = var.extent else { return None };
            return Some((0, i64::from(extent) - 1));
        };
        let mut range = (constant.value() as i64, constant.value() as i64);
        for &(term, by) in terms {
            let Form::Place(_) = self.form(term) else { return None };
            let (low, high) = self.range(term)?;
            let (a, b) = (low * by.value() as i64, high * by.value() as i64);
            range = (range.0 + a.min(b), range.1 + a.max(b));
        }
        Some(range)
    }

    /// A row-major place divided by an extent: the axes before it.
    pub fn quotient(&mut self, place: Term, extent: i64) -> Term {
        match self.divided(place, extent) {
            Some((quotient, _)) => quotient,
            None => {
                let extent = self.whole(extent);
                self.intern_map(Scalar::Div, &[place, extent])
            }
        }
    }

    /// What is left of it.
    pub fn remainder(&mut self, place: Term, extent: i64) -> Term {
        match self.divided(place, extent) {
            Some((_, rest)) => rest,
            None => {
                let extent = self.whole(extent);
                self.intern_map(Scalar::Mod, &[place, extent])
            }
        }
    }

    /// Quotient and rest of a sum of places, where the multiples of the extent can be told from what is smaller.
    fn divided(&mut self, place: Term, extent: i64) -> Option<(Term, Term)> {
        let by = extent as f64;
        let (constant, terms) = match self.form(place).clone() {
            Form::Add { constant, terms } => (constant, terms),
            _ => (Ratio::ZERO, vec![(place, Ratio::ONE)]),
        };
        let (above, below): (Vec<_>, Vec<_>) = terms.into_iter().partition(|it| it.1.value() % by == 0.0);
        let low = self.add(&below, Ratio::of(constant.value().rem_euclid(by)));
        let (least, most) = self.range(low)?;
        if least < 0 || most >= extent {
            return None;
        }
        let above: Vec<(Term, Ratio)> = above.into_iter().map(|(it, own)| (it, Ratio::of(own.value() / by))).collect();
        Some((self.add(&above, Ratio::of(constant.value().div_euclid(by))), low))
    }

    fn equal(&mut self, a: Term, b: Term) -> Term {
        if a == b && self.dtype(a) != Dtype::F32 {
            return self.truth(true);
        }
        if let (Some(a), Some(b)) = (self.as_number(a), self.as_number(b)) {
            return self.truth(a == b);
        }
        self.intern_map(Scalar::Equal, &[a.min(b), a.max(b)])
    }

    fn not(&mut self, a: Term) -> Term {
        match self.form(a) {
            Form::Truth(truth) => self.truth(!*truth),
            Form::Map(Scalar::Not, args) => args[0],
            _ => self.intern_map(Scalar::Not, &[a]),
        }
    }

    fn both(&mut self, scalar: Scalar, a: Term, b: Term) -> Term {
        for (one, other) in [(a, b), (b, a)] {
            if let Form::Truth(truth) = self.form(one) {
                return if *truth == (scalar == Scalar::And) { other } else { one };
            }
        }
        let opposite = self.not(a);
        if b == opposite {
            return self.truth(scalar == Scalar::Or);
        }
        if a == b { a } else { self.intern_map(scalar, &[a.min(b), a.max(b)]) }
    }

    fn select(&mut self, condition: Term, a: Term, b: Term) -> Term {
        match self.form(condition).clone() {
            Form::Truth(truth) => return if truth { a } else { b },
            Form::Map(Scalar::Not, args) => return self.select(args[0], b, a),
            _ => {}
        }
        let (a, b) = (self.assumed(a, condition, true), self.assumed(b, condition, false));
        if a == b {
            return a;
        }
        // What both branches have of the number of examples, and a coefficient beside nothing, stand outside.
        let count = self.count();
        let (zero_a, zero_b) = (self.is_nought(a), self.is_nought(b));
        let powers = [self.power_of(count, a), self.power_of(count, b)];
        let common = match powers.into() {
            (Some(p), _) if zero_b => p,
            (_, Some(p)) if zero_a => p,
            (Some(p), Some(q)) if p == q => p,
            _ => 0,
        };
        let by = match (zero_a, zero_b) {
            (false, true) if self.as_number(a).is_none() => self.split(a).0,
            (true, false) if self.as_number(b).is_none() => self.split(b).0,
            _ => Ratio::ONE,
        };
        // Of a quotient by the number of examples the number stays within.
        let by = if common != 0 && self.is_quotient(if zero_b { a } else { b }, count) { Ratio::ONE } else { by };
        if common == 0 && by == Ratio::ONE {
            return self.intern_map(Scalar::Select, &[condition, a, b]);
        }
        let mut bare =
            |it: Term| self.mul(&[(it, 1), (count, if self.is_nought(it) { 0 } else { -common })], by.power(-1));
        let (a, b) = (bare(a), bare(b));
        let chosen = self.intern_map(Scalar::Select, &[condition, a, b]);
        self.mul(&[(chosen, 1), (count, common)], by)
    }

    fn is_quotient(&self, term: Term, count: Term) -> bool {
        matches!(self.split(term).1[..], [(only, _)] if only == count)
    }

    /// The power of a factor that all of a term has.
    pub fn power_of(&mut self, factor: Term, term: Term) -> Option<i32> {
        let (_, common, _) = self.primitive(term, false);
        let own = self.split(term).1;
        own.iter().chain(&common).find(|it| it.0 == factor).map(|it| it.1)
    }

    fn is_nought(&self, term: Term) -> bool {
        self.as_number(term).is_some_and(Ratio::is_zero)
    }

    /// A sum in which choices by the same condition are one choice.
    pub fn merged(&mut self, term: Term) -> Term {
        let Form::Add { constant, terms } = self.form(term).clone() else { return term };
        let count = self.count();
        let mut choices: Vec<(Term, i32, Term, Term)> = vec![];
        let mut rest: Vec<(Term, Ratio)> = vec![];
        for &(part, by) in &terms {
            let factors = self.split(part).1;
            let power = factors.iter().find(|it| it.0 == count).map_or(0, |it| it.1);
            let choice = factors.iter().find(|it| it.0 != count);
            let Some(&(choice, 1)) = choice.filter(|_| factors.len() == 1 + usize::from(power != 0)) else {
                rest.push((part, by));
                continue;
            };
            let Form::Map(Scalar::Select, args) = self.form(choice).clone() else {
                rest.push((part, by));
                continue;
            };
            let (a, b) = (self.scaled(args[1], by), self.scaled(args[2], by));
            match choices.iter().position(|it| (it.0, it.1) == (args[0], power)) {
                Some(at) => {
                    let (_, _, c, d) = choices[at];
                    choices[at] = (args[0], power, self.plus(c, a), self.plus(d, b));
                }
                None => choices.push((args[0], power, a, b)),
            }
        }
        if choices.len() + rest.len() == terms.len() {
            return term;
        }
        for (condition, power, a, b) in choices {
            let choice = self.select(condition, a, b);
            rest.push((self.mul(&[(choice, 1), (count, power)], Ratio::ONE), Ratio::ONE));
        }
        self.add(&rest, constant)
    }

    /// The term where a condition is known.
    fn assumed(&mut self, term: Term, condition: Term, truth: bool) -> Term {
        let mut found = false;
        self.visit(term, &mut |it| found |= it == condition);
        if !found {
            return term;
        }
        self.rebuild(term, &mut |terms, it| (it == condition).then(|| terms.truth(truth)))
    }

    // -------------------------------------------------------------------------------------------- cases

    /// As [`Terms::settled`], where two cases are the same if the same is recognised in both.
    pub fn settle(&mut self, term: Term) -> Term {
        if self.weight(term) > SETTLED {
            return term;
        }
        let rules = std::mem::take(&mut self.rules);
        let settled = self.settled(term, &mut |terms, it| {
            let it = terms.recognised(it, &rules);
            let (by, mut factors, rest) = terms.primitive(it, false);
            factors.push((rest, 1));
            terms.mul(&factors, by)
        });
        self.rules = rules;
        settled
    }

    /// A simpler term that is the same whatever the sign of what the term compares with 0.
    pub fn settled(&mut self, term: Term, same: &mut dyn FnMut(&mut Terms, Term) -> Term) -> Term {
        let mut signs: Vec<Term> = vec![];
        self.visit(term, &mut |it| {
            if let Form::Map(Scalar::Less, args) = self.form(it)
                && self.dtype(args[1]) == Dtype::F32
                && !signs.contains(&args[1])
                && self.free(args[1]).iter().all(|var| self.has(term, *var))
            {
                signs.push(args[1]);
            }
        });
        for sign in signs.into_iter().take(4) {
            let [above, below] = [true, false].map(|positive| self.given(term, sign, positive));
            let lighter = if self.weight(below) < self.weight(above) { below } else { above };
            if self.weight(lighter) < self.weight(term) && same(self, above) == same(self, below) {
                return self.settled(lighter, same);
            }
        }
        term
    }

    /// The term where `sign` is positive, or is not.
    fn given(&mut self, term: Term, sign: Term, positive: bool) -> Term {
        let opposite = self.scaled(sign, Ratio::MINUS);
        // Whether a difference is positive, if that is known.
        let judge = |terms: &Terms, difference: Term| {
            if difference == sign || difference == opposite {
                return Some((difference == sign) == positive);
            }
            let (by, factors) = terms.split(difference);
            let (own, direction) = terms.split(sign);
            let same = factors == direction;
            same.then(|| (by.is_negative() == own.is_negative()) == positive)
        };
        self.rebuild(term, &mut |terms, it| {
            let Form::Map(scalar, args) = terms.form(it).clone() else { return None };
            match scalar {
                Scalar::Less if args[1] == sign => Some(terms.truth(positive)),
                Scalar::Less if args[1] == opposite => Some(terms.truth(!positive)),
                Scalar::Abs => {
                    let is_positive = judge(terms, args[0])?;
                    let inner = terms.given(args[0], sign, positive);
                    Some(if is_positive { inner } else { terms.scaled(inner, Ratio::MINUS) })
                }
                Scalar::Max | Scalar::Min => {
                    let difference = terms.minus(args[0], args[1]);
                    let first = judge(terms, difference)? == (scalar == Scalar::Max);
                    Some(terms.given(args[usize::from(!first)], sign, positive))
                }
                _ => None,
            }
        })
    }
}
