//! Which values are tried, trial by trial: known before the first of them.
//!
//! Each setting is a dimension of a cube, and trials are the points of a Halton sequence in it, each digit of which is
//! permuted at random in a way that depends on the digits before it (Owen, "Randomly permuted (t, m, s)-nets and (t, s)-
//! sequences", 1995). It fills the cube more evenly than points drawn one by one, which are better than a grid already
//! (Bergstra and Bengio, "Random search for hyper-parameter optimization", 2012). What trial `n` tries depends on the seed
//! and on `n` alone.

use std::collections::HashSet;

use crate::data::shuffle::{Purpose, order, share};
use crate::model::tune::TunePlan;

/// So fine is the net that the points make of a dimension; between its lines they lie by chance.
const FINEST: f64 = 1.0 / (1 << 24) as f64;

/// So many points in a row that have been there before mean that there are no others.
const MISSES: usize = 10_000;

/// The values of the settings of `plan`, trial by trial, none of them twice. Fewer than the budget where there are no more.
pub fn points(plan: &TunePlan) -> Vec<Vec<String>> {
    let different = plan.keys.iter().try_fold(1u64, |all, key| all.checked_mul(key.values.count()?));
    let wanted = different.map_or(plan.trials, |different| plan.trials.min(different)) as usize;
    let dimensions = primes().zip(0..plan.keys.len() as u64);
    let dimensions: Vec<Dimension> =
        dimensions.map(|(base, number)| Dimension { seed: plan.seed, number, base }).collect();
    let (mut points, mut seen, mut misses) = (vec![], HashSet::new(), 0);
    for index in 0.. {
        if points.len() == wanted || misses == MISSES {
            break;
        }
        let values = plan.keys.iter().zip(&dimensions).map(|(key, dimension)| key.values.at(dimension.at(index)));
        let point: Vec<String> = values.collect();
        if seen.insert(point.clone()) {
            points.push(point);
            misses = 0;
        } else {
            misses += 1;
        }
    }
    points
}

/// One coordinate of the sequence.
struct Dimension {
    seed: u64,
    number: u64,
    base: u64,
}

impl Dimension {
    /// Of point `index`, from 0 to 1, below it.
    fn at(&self, index: u64) -> f64 {
        let (mut rest, mut before, mut weight, mut place) = (index, 0, 1, 0);
        let (mut sum, mut unit) = (0.0, 1.0);
        while unit > FINEST {
            let permuted = order(self.base as usize, self.seed, Purpose::Trial, self.round(place, before));
            let digit = rest % self.base;
            unit /= self.base as f64;
            sum += f64::from(permuted[digit as usize]) * unit;
            (rest, before, weight, place) = (rest / self.base, before + digit * weight, weight * self.base, place + 1);
        }
        sum + unit * share(self.seed, Purpose::Trial, self.round(place, before))
    }

    /// What is drawn at a place, behind these digits, has nothing in common with what is drawn elsewhere.
    fn round(&self, place: u64, before: u64) -> u64 {
        self.number << 48 | place << 40 | before
    }
}

fn primes() -> impl Iterator<Item = u64> {
    (2u64..).filter(|n| (2..).take_while(|it| it * it <= *n).all(|it| !n.is_multiple_of(it)))
}
