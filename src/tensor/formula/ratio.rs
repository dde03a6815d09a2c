//! Coefficients: quotients that stay quotients, so that a third is written as a third.

use std::hash::{Hash, Hasher};

/// `num / den`, with a positive divisor; in lowest terms where both are whole.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    pub num: f64,
    pub den: f64,
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Ratio) -> bool {
        (self.num, self.den) == (other.num, other.den)
    }
}

impl Eq for Ratio {}

impl Hash for Ratio {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.num.to_bits(), self.den.to_bits()).hash(state);
    }
}

impl Ratio {
    pub const ZERO: Ratio = Ratio { num: 0.0, den: 1.0 };
    pub const ONE: Ratio = Ratio { num: 1.0, den: 1.0 };
    pub const MINUS: Ratio = Ratio { num: -1.0, den: 1.0 };

    pub fn of(value: f64) -> Ratio {
        Ratio::new(value, 1.0)
    }

    pub fn new(num: f64, den: f64) -> Ratio {
        let (mut num, mut den) = if den < 0.0 { (-num, -den) } else { (num, den) };
        if num == 0.0 {
            return Ratio::ZERO;
        }
        if num.abs() == den {
            return Ratio { num: num.signum(), den: 1.0 };
        }
        let whole = |x: f64| x.fract() == 0.0 && x.abs() < 9e15;
        if whole(num) && whole(den) {
            let common = gcd(num.abs(), den);
            (num, den) = (num / common, den / common);
        } else if den.log2().fract() == 0.0 {
            // A power of two divides exactly.
            (num, den) = (num / den, 1.0);
        }
        Ratio { num, den }
    }

    pub fn value(self) -> f64 {
        self.num / self.den
    }

    pub fn is_zero(self) -> bool {
        self.num == 0.0
    }

    pub fn times(self, other: Ratio) -> Ratio {
        // The same number over itself, whole or not.
        if self.num == other.den {
            return Ratio::new(other.num, self.den);
        }
        if self.den == other.num {
            return Ratio::new(self.num, other.den);
        }
        Ratio::new(self.num * other.num, self.den * other.den)
    }

    pub fn plus(self, other: Ratio) -> Ratio {
        if self.den == other.den {
            return Ratio::new(self.num + other.num, self.den);
        }
        Ratio::new(self.num * other.den + other.num * self.den, self.den * other.den)
    }

    pub fn power(self, power: i32) -> Ratio {
        let base = if power < 0 { Ratio::new(self.den, self.num) } else { self };
        (0..power.unsigned_abs()).fold(Ratio::ONE, |so_far, _| so_far.times(base))
    }

    pub fn negated(self) -> Ratio {
        Ratio { num: -self.num, ..self }.fixed()
    }

    pub fn abs(self) -> Ratio {
        Ratio { num: self.num.abs(), ..self }
    }

    pub fn is_negative(self) -> bool {
        self.num < 0.0
    }

    fn fixed(self) -> Ratio {
        if self.num == 0.0 { Ratio::ZERO } else { self }
    }
}

fn gcd(a: f64, b: f64) -> f64 {
    if b == 0.0 { a } else { gcd(b, a % b) }
}
