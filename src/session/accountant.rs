//! What private training spends, as can be proved: Rényi differential privacy of the sampled Gaussian mechanism.
//!
//! An update draws each example with the same probability, by itself, and adds normal noise to a sum in which no example
//! counts for more than 1. Its Rényi divergence at an order is known (Mironov, Talwar & Zhang, "Rényi differential privacy of
//! the sampled Gaussian mechanism", 2019); over updates it adds up, and at every order it gives an epsilon (Canonne, Kamath &
//! Steinke, "The discrete Gaussian for differential privacy", 2020, proposition 12). The least of them holds. Two sets of
//! examples are neighbours where one has an example more.

use std::f64::consts::TAU;

/// The divergences of one update.
#[derive(Clone, PartialEq, Debug)]
pub struct Account {
    /// At each of the orders.
    divergences: Vec<f64>,
}

/// Noise below which nobody looks for less: so little hides nothing.
pub const LEAST_NOISE: f64 = 0.3;

/// And above which nobody looks for more.
const MOST_NOISE: f64 = 1e6;

/// How near the noise comes to the least that keeps a budget.
const NEAR: f64 = 1e-6;

impl Account {
    /// Of updates with noise of this deviation, which draw each example with the probability `rate`.
    pub fn new(noise: f64, rate: f64) -> Account {
        Account { divergences: orders().map(|order| divergence(order, noise, rate)).collect() }
    }

    /// The epsilon that so many updates spend at `delta`.
    pub fn epsilon(&self, updates: u64, delta: f64) -> f64 {
        if updates == 0 {
            return 0.0;
        }
        let at = |(order, divergence): (f64, &f64)| {
            let lost = (delta.ln() + order.ln()) / (order - 1.0);
            updates as f64 * divergence + (-1.0 / order).ln_1p() - lost
        };
        orders().zip(&self.divergences).map(at).fold(f64::INFINITY, f64::min).max(0.0)
    }
}

/// The least noise with which so many updates spend no more than `epsilon`, from above; else the epsilon that the largest noise
/// spends.
pub fn noise_for(rate: f64, updates: u64, epsilon: f64, delta: f64) -> Result<f64, f64> {
    let spent = |noise: f64| Account::new(noise, rate).epsilon(updates, delta);
    let (mut low, mut high) = (1.0, 1.0);
    while spent(high) > epsilon {
        if high >= MOST_NOISE {
            return Err(spent(high));
        }
        (low, high) = (high, high * 2.0);
    }
    while low == high {
        let less = (high / 2.0).max(LEAST_NOISE);
        match spent(less) <= epsilon {
            true if less == LEAST_NOISE => return Ok(less),
            true => (low, high) = (less, less),
            false => low = less,
        }
    }
    while high - low > NEAR * high {
        let middle = (low + high) / 2.0;
        if spent(middle) <= epsilon { high = middle } else { low = middle }
    }
    Ok(high)
}

/// The orders at which divergences are known: close where an epsilon of use is proved, far above for small ones.
fn orders() -> impl Iterator<Item = f64> {
    let tenths = (11..20).map(|it| f64::from(it) / 10.0);
    let quarters = (8..40).map(|it| f64::from(it) / 4.0);
    let ones = (10..32).map(f64::from);
    let twos = (16..32).map(|it| 2.0 * f64::from(it));
    let far = (0..17).map(|it| (64.0 * f64::from(it).div_euclid(4.0).exp2() * (1.0 + f64::from(it % 4) / 4.0)).round());
    tenths.chain(quarters).chain(ones).chain(twos).chain(far)
}

/// The Rényi divergence of order `order`, above 1, of one update: ln A / (order - 1) with
/// A = ∫ N(z; 0, σ²) (1 - q + q exp((2z - 1) / 2σ²))^order dz, of which σ is the noise and q the rate.
///
/// The integrand is smooth and falls like a normal density on both sides, so that equal steps are exact to the last places.
pub fn divergence(order: f64, noise: f64, rate: f64) -> f64 {
    let variance = noise * noise;
    if rate <= 0.0 {
        return 0.0;
    }
    if rate >= 1.0 {
        return order / (2.0 * variance);
    }
    let step = noise.min(variance) / 4.0;
    let (low, high) = (-9.5 * noise, order + 9.5 * noise);
    let count = ((high - low) / step).ceil() as usize;
    let exponent = |at: usize| {
        let z = low + step * at as f64;
        let x = (2.0 * z - 1.0) / (2.0 * variance);
        let ratio = match x > 0.0 {
            true => x + (rate + (1.0 - rate) * (-x).exp()).ln(),
            false => (rate * x.exp_m1()).ln_1p(),
        };
        order * ratio - z * z / (2.0 * variance)
    };
    let exponents: Vec<f64> = (0..=count).map(exponent).collect();
    let most = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = exponents.iter().map(|it| (it - most).exp()).sum();
    let log = most + (sum * step / (noise * TAU.sqrt())).ln();
    (log / (order - 1.0)).max(0.0)
}
