//! The solver of sizes, against trying one size after the other.

use dlmc::model::sizes::{Exact, Join, LARGEST, Round, Size, Solution, Trouble};
use dlmc::source::{FileId, Span};

const NOWHERE: Span = Span { file: FileId(0), start: 0, end: 0 };

fn unknown() -> Size {
    Size::Unknown("N".into(), NOWHERE)
}

fn known(value: i128) -> Size {
    Size::Known(Exact::whole(value))
}

fn join(join: Join, a: Size, b: Size) -> Size {
    Size::join(join, a, b, NOWHERE)
}

/// Numbers that look like chance, the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % sides
    }
}

/// A formula as the test sees it: what it is worth is computed in fractions of its own.
#[derive(Clone, Debug)]
enum Formula {
    Number(i64),
    N,
    Join(Join, Box<(Formula, Formula)>),
    Round(Round, Box<Formula>),
}

/// A fraction; `None` where something is divided by 0.
type Fraction = Option<(i128, i128)>;

impl Formula {
    fn thrown(dice: &mut Dice, depth: u32, joins: &[Join], rounds: bool) -> Formula {
        match dice.below(if depth == 0 { 2 } else { 6 }) {
            0 => Formula::Number(dice.below(9) as i64 + 1),
            1 => Formula::N,
            2 if rounds => {
                let round = if dice.below(2) == 0 { Round::Up } else { Round::Down };
                Formula::Round(round, Box::new(Formula::thrown(dice, depth - 1, joins, rounds)))
            }
            _ => {
                let join = joins[dice.below(joins.len() as u64) as usize];
                let a = Formula::thrown(dice, depth - 1, joins, rounds);
                // What divides is a number: so it mostly is in programs, and so it is never 0.
                let b = match join {
                    Join::Div | Join::Mod => Formula::Number(dice.below(5) as i64 + 1),
                    _ => Formula::thrown(dice, depth - 1, joins, rounds),
                };
                Formula::Join(join, Box::new((a, b)))
            }
        }
    }

    fn size(&self) -> Size {
        match self {
            Formula::Number(value) => known(i128::from(*value)),
            Formula::N => unknown(),
            Formula::Join(it, parts) => join(*it, parts.0.size(), parts.1.size()),
            Formula::Round(round, of) => Size::round(*round, of.size()),
        }
    }

    fn worth(&self, n: i128) -> Fraction {
        match self {
            Formula::Number(value) => Some((i128::from(*value), 1)),
            Formula::N => Some((n, 1)),
            Formula::Round(round, of) => of.worth(n).map(|(over, under)| match round {
                Round::Down => (over.div_euclid(under), 1),
                Round::Up => (-(-over).div_euclid(under), 1),
            }),
            Formula::Join(join, parts) => {
                let ((a, b), (c, d)) = (parts.0.worth(n)?, parts.1.worth(n)?);
                let first_is_less = a * d < c * b;
                Some(match join {
                    Join::Add => (a * d + c * b, b * d),
                    Join::Sub => (a * d - c * b, b * d),
                    Join::Mul => (a * c, b * d),
                    Join::Div if c == 0 => return None,
                    Join::Div => (a * d * c.signum(), b * c * c.signum()),
                    Join::Min => {
                        if first_is_less {
                            (a, b)
                        } else {
                            (c, d)
                        }
                    }
                    Join::Max => {
                        if first_is_less {
                            (c, d)
                        } else {
                            (a, b)
                        }
                    }
                    Join::Mod => {
                        let times = (a * d).div_euclid(b * c);
                        (a * d - times * c * b, b * d)
                    }
                })
            }
        }
    }

    fn is_worth(&self, n: i128, found: i128) -> bool {
        self.worth(n).is_some_and(|(over, under)| over == found * under)
    }
}

/// How many of the answers were `Unclear`.
fn tried(count: usize, joins: &[Join], rounds: bool) -> usize {
    const ALL: i128 = 400;
    let (mut dice, mut unclear, mut solved) = (Dice(7), 0, 0);
    for _ in 0..count {
        let formula = Formula::thrown(&mut dice, 3, joins, rounds);
        let size = formula.size();
        if size.unknowns().is_empty() {
            continue;
        }
        let own = formula.worth(1 + dice.below(40) as i128);
        let found = own.filter(|(over, under)| over % under == 0 && *over > 0).map(|(over, under)| over / under);
        let found = found.unwrap_or(1 + dice.below(60) as i128);
        let fitting: Vec<i128> = (1..=ALL).filter(|&n| formula.is_worth(n, found)).collect();
        let told = || format!("{formula:?} = {found}: {fitting:?}");
        match size.solve(found as usize) {
            Solution::One(n) => {
                let n = n as i128;
                assert!(formula.is_worth(n, found), "{n} does not fit {}", told());
                assert!(fitting.iter().all(|&it| it == n), "{n} is not the only one of {}", told());
                solved += 1;
            }
            Solution::Several(one, other) => {
                assert!(one != other, "{}", told());
                assert!(formula.is_worth(one as i128, found) && formula.is_worth(other as i128, found), "{}", told());
            }
            Solution::None => assert!(fitting.is_empty(), "{}", told()),
            Solution::Unclear => unclear += 1,
        }
    }
    assert!(solved > count / 8, "{solved} of {count} are solved");
    unclear
}

#[test]
fn sums_of_products_are_always_solved() {
    assert_eq!(tried(4000, &[Join::Add, Join::Mul, Join::Sub, Join::Div], false), 0);
}

#[test]
fn what_rounds_and_what_bounds_is_solved_or_left_alone() {
    let joins = [Join::Add, Join::Mul, Join::Div, Join::Min, Join::Max];
    assert_eq!(tried(4000, &joins, true), 0);
    let joins = [Join::Add, Join::Sub, Join::Mul, Join::Div, Join::Min, Join::Max, Join::Mod];
    let unclear = tried(6000, &joins, true);
    assert!(unclear < 1500, "{unclear} of 6000 are left alone");
}

#[test]
fn sizes_of_real_layers() {
    use Solution::*;
    // H - k + 1 and (H - k) / s + 1, as windows have them.
    let window = |k: i128| join(Join::Add, join(Join::Sub, unknown(), known(k)), known(1));
    assert_eq!(window(5).solve(24), One(28));
    let strided = join(Join::Add, join(Join::Div, join(Join::Sub, unknown(), known(3)), known(2)), known(1));
    assert_eq!(strided.solve(13), One(27));
    let floored = Size::round(Round::Down, join(Join::Div, unknown(), known(2)));
    assert_eq!(floored.solve(13), Several(26, 27));
    let stride = Size::round(Round::Up, join(Join::Div, known(28), unknown()));
    assert_eq!(stride.solve(7), One(4));
    assert_eq!(stride.solve(9), None);
    let twice = join(Join::Add, unknown(), join(Join::Sub, known(3), unknown()));
    assert_eq!(twice.solve(3), Several(1, 2));
    assert_eq!(twice.solve(4), None);
}

#[test]
fn numbers_beyond_all_tensors_stay_exact() {
    let huge = 1_000_000_000_000_000_000;
    let scaled = join(Join::Mul, unknown(), known(huge));
    assert_eq!(scaled.solve(3), Solution::None);
    assert_eq!(join(Join::Div, scaled, known(huge)).solve(3), Solution::One(3));
    assert_eq!(join(Join::Sub, join(Join::Add, unknown(), known(huge)), known(huge)).solve(7), Solution::One(7));
    assert_eq!(unknown().solve(LARGEST as usize), Solution::One(LARGEST as usize));
    assert_eq!(join(Join::Add, unknown(), known(1)).solve(1), Solution::None);
    let beyond = (0..5).fold(known(1), |so_far, _| join(Join::Mul, so_far, known(huge)));
    assert_eq!(beyond.worth(), Err(Trouble::Overflow));
    assert_eq!(join(Join::Mul, beyond, unknown()).solve(3), Solution::Unclear);
}

#[test]
fn a_rest_stays_a_rest_until_something_rounds() {
    let third = join(Join::Div, known(7), known(3));
    let back = join(Join::Mul, third, known(3));
    assert_eq!(back.worth(), Err(Trouble::Inexact(NOWHERE)));
    assert_eq!(Size::round(Round::Down, back.clone()).worth(), Ok(Exact::whole(7)));
    assert_eq!(Size::round(Round::Up, back).worth(), Ok(Exact::whole(7)));
    let inside = join(Join::Add, join(Join::Div, known(8), known(4)), known(1));
    assert_eq!(inside.worth(), Ok(Exact::whole(3)));
    assert_eq!(join(Join::Div, known(1), known(0)).worth(), Err(Trouble::ByZero));
}
