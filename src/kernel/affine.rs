//! Affine index arithmetic: where in a buffer a point of a loop reads or writes, as a sum of multiples of whole numbers
//! whose ranges are known.

/// A whole number that a loop knows. Each lies in `0..extent`, and the loop's owner knows the extent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Var {
    /// The place along an axis of the kernel: its space's axes first, then those that it reduces.
    Axis(u32),
    /// The place inside a padded axis: what the guard of this number guards.
    Inside(u32),
    /// A place that the body computes, such as the row of a table.
    Place(u32),
}

/// `constant + Σ factor · variable`, the terms in the order of their variables and without zero factors.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Affine {
    pub constant: i64,
    terms: Vec<(Var, i64)>,
}

impl Affine {
    pub fn constant(value: usize) -> Affine {
        Affine { constant: value as i64, terms: Vec::new() }
    }

    pub fn var(var: Var) -> Affine {
        Affine { constant: 0, terms: vec![(var, 1)] }
    }

    pub fn terms(&self) -> &[(Var, i64)] {
        &self.terms
    }

    /// The factor of `var`, zero if it does not occur.
    pub fn factor(&self, var: Var) -> i64 {
        self.terms.iter().find(|term| term.0 == var).map_or(0, |term| term.1)
    }

    pub fn plus(&self, constant: i64) -> Affine {
        Affine { constant: self.constant + constant, terms: self.terms.clone() }
    }

    pub fn times(&self, factor: i64) -> Affine {
        if factor == 0 {
            return Affine::default();
        }
        let terms = self.terms.iter().map(|&(var, by)| (var, by * factor)).collect();
        Affine { constant: self.constant * factor, terms }
    }

    pub fn add(&self, other: &Affine) -> Affine {
        let mut sum = self.plus(other.constant);
        for &(var, factor) in &other.terms {
            match sum.terms.binary_search_by_key(&var, |term| term.0) {
                Ok(at) => sum.terms[at].1 += factor,
                Err(at) => sum.terms.insert(at, (var, factor)),
            }
        }
        sum.terms.retain(|term| term.1 != 0);
        sum
    }

    /// The same number with `value(var)` in the place of each variable.
    pub fn replace(&self, value: impl Fn(Var) -> Affine) -> Affine {
        let start = Affine { constant: self.constant, terms: Vec::new() };
        self.terms.iter().fold(start, |sum, &(var, factor)| sum.add(&value(var).times(factor)))
    }

    /// The least and the greatest value, where each variable runs over `0..extent(var)` on its own.
    pub fn span(&self, extent: impl Fn(Var) -> usize) -> (i64, i64) {
        let mut span = (self.constant, self.constant);
        for &(var, factor) in &self.terms {
            let reach = factor * (extent(var) as i64 - 1).max(0);
            span.0 += reach.min(0);
            span.1 += reach.max(0);
        }
        span
    }

    /// Quotient and remainder by `by`, if both are affine.
    pub fn divide(&self, by: usize, extent: impl Fn(Var) -> usize) -> Option<(Affine, Affine)> {
        // An empty axis has no places, so what they would be does not matter.
        let by = by.max(1) as i64;
        let (whole, broken): (Vec<_>, Vec<_>) = self.terms.iter().partition(|term| term.1 % by == 0);
        let quotient = Affine {
            constant: self.constant.div_euclid(by),
            terms: whole.into_iter().map(|(var, factor)| (var, factor / by)).collect(),
        };
        let remainder = Affine { constant: self.constant.rem_euclid(by), terms: broken };
        let (least, greatest) = remainder.span(extent);
        (least >= 0 && greatest < by).then_some((quotient, remainder))
    }

    /// The number at a point.
    pub fn at(&self, value: impl Fn(Var) -> i64) -> i64 {
        self.terms.iter().fold(self.constant, |sum, &(var, factor)| sum + factor * value(var))
    }
}

/// The row-major position of `place` in a tensor of `shape`.
pub fn flatten(place: &[Affine], shape: &[usize]) -> Affine {
    assert_eq!(place.len(), shape.len());
    place.iter().zip(shape).fold(Affine::default(), |at, (i, &extent)| at.times(extent as i64).add(i))
}

/// The place at the row-major position `at` of a tensor of `shape`, if its indices are affine.
pub fn unflatten(at: &Affine, shape: &[usize], extent: impl Fn(Var) -> usize) -> Option<Vec<Affine>> {
    let mut place = vec![Affine::default(); shape.len()];
    let mut rest = at.clone();
    for axis in (0..shape.len()).rev() {
        // The outermost index needs no division: it is what is left.
        if shape[..axis].iter().all(|&extent| extent == 1) {
            place[axis] = rest;
            return Some(place);
        }
        (rest, place[axis]) = rest.divide(shape[axis], &extent)?;
    }
    Some(place)
}

/// What keeps [`unflatten`] from finding affine indices: a variable that runs across several rows of `shape`, but would not if its
/// places were told apart in groups of the number that is returned.
pub fn straddling(at: &Affine, shape: &[usize], extent: impl Fn(Var) -> usize) -> Option<(Var, usize)> {
    let mut stride = 1;
    for &size in shape.iter().rev() {
        stride *= size;
        let across = |&&(var, factor): &&(Var, i64)| {
            let (factor, reach) = (factor.max(1) as usize, extent(var));
            factor < stride && stride < factor * reach && stride % factor == 0 && reach % (stride / factor) == 0
        };
        if let Some(&(var, factor)) = at.terms.iter().find(across) {
            return Some((var, stride / factor as usize));
        }
    }
    None
}
