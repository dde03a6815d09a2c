//! The solver of sizes, against trying one size after the other.

use dlmc::model::sizes::systems::{self, System};
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

// ------------------------------------------------------------------------------------------------ systems

const NAMES: [&str; 3] = ["N", "M", "K"];

/// An equation of the test: factors of the names, a constant, and what the sum is worth.
#[derive(Clone, Debug)]
struct Equation {
    factors: [i64; 3],
    constant: i64,
    found: i64,
}

impl Equation {
    /// With a solution often, with none sometimes.
    fn thrown(dice: &mut Dice, names: usize, hidden: [i64; 3]) -> Equation {
        let mut factors = [0; 3];
        factors[..names].iter_mut().for_each(|it| *it = dice.below(7) as i64 - 3);
        let constant = dice.below(5) as i64 - 2;
        let own: i64 = constant + factors.iter().zip(hidden).map(|(factor, it)| factor * it).sum::<i64>();
        let off = if dice.below(4) == 0 { dice.below(3) as i64 } else { 0 };
        Equation { factors, constant, found: own + off }
    }

    /// Written with a division, a difference and a product of what is known, so that all of them are read.
    fn fact(&self) -> systems::Fact {
        let mut size = known(i128::from(self.constant));
        for (factor, name) in self.factors.iter().zip(NAMES).filter(|(factor, _)| **factor != 0) {
            let term = join(Join::Mul, Size::Unknown(name.into(), NOWHERE), known(2 * i128::from(factor.abs())));
            let way = if *factor < 0 { Join::Sub } else { Join::Add };
            size = join(way, size, join(Join::Div, term, known(2)));
        }
        (size, self.found as usize)
    }

    fn holds(&self, at: [i64; 3]) -> bool {
        self.constant + self.factors.iter().zip(at).map(|(factor, it)| factor * it).sum::<i64>() == self.found
    }

    fn is_bounded(&self) -> bool {
        self.factors.iter().all(|it| *it >= 0)
    }
}

const BOX: i64 = 14;

/// All sizes up to [`BOX`] that fit; names that no equation has are 1.
fn fitting(equations: &[&Equation]) -> Vec<[i64; 3]> {
    let range = |at: usize| if equations.iter().any(|it| it.factors[at] != 0) { 1..=BOX } else { 1..=1 };
    let all = range(0).flat_map(|n| range(1).flat_map(move |m| range(2).map(move |k| [n, m, k])));
    all.filter(|at| equations.iter().all(|it| it.holds(*at))).collect()
}

#[test]
fn systems_are_solved_as_trying_all_sizes_solves_them() {
    let (mut dice, mut unique, mut clashes, mut several, mut unclear) = (Dice(11), 0, 0, 0, 0);
    for _ in 0..6000 {
        let names = 1 + dice.below(3) as usize;
        let hidden = std::array::from_fn(|_| 1 + dice.below(6) as i64);
        let count = 1 + dice.below(4);
        let equations: Vec<Equation> = (0..count).map(|_| Equation::thrown(&mut dice, names, hidden)).collect();
        let equations: Vec<Equation> =
            equations.into_iter().filter(|it| it.found > 0 && it.factors != [0; 3]).collect();
        let all: Vec<&Equation> = equations.iter().collect();
        let facts: Vec<systems::Fact> = equations.iter().map(Equation::fact).collect();
        let used: Vec<usize> = (0..3).filter(|&at| equations.iter().any(|it| it.factors[at] != 0)).collect();
        let fitting = fitting(&all);
        let told = || format!("{equations:?}: {fitting:?}");
        let solution = systems::solve(&facts);
        match &solution {
            System::Clash(which) => {
                assert!(fitting.is_empty(), "{which:?} of {}", told());
                // What is named contradicts itself, and no part of it does.
                let named: Vec<systems::Fact> = which.iter().map(|&at| facts[at].clone()).collect();
                assert!(matches!(systems::solve(&named), System::Clash(_)), "{which:?} of {}", told());
                for without in 0..named.len() {
                    let mut fewer = named.clone();
                    fewer.remove(without);
                    assert!(!matches!(systems::solve(&fewer), System::Clash(_)), "{which:?} of {}", told());
                }
                clashes += 1;
            }
            System::Fixed(fixed, ways) => {
                for (at, name) in NAMES.iter().enumerate() {
                    if let Some(&size) = fixed.get(*name) {
                        assert!(fitting.iter().all(|it| it[at] == size as i64), "{name} = {size} of {}", told());
                    }
                }
                if fixed.len() == used.len() {
                    let at = NAMES.map(|name| fixed.get(name).map_or(1, |it| *it as i64));
                    assert!(all.iter().all(|it| it.holds(at)), "{at:?} of {}", told());
                    unique += 1;
                }
                // Where all sizes are within the box, what it says is all there is to say.
                let bounded = all.iter().filter(|it| it.is_bounded() && it.found - it.constant <= BOX);
                let names_bounded: Vec<usize> =
                    bounded.flat_map(|it| (0..3).filter(|&at| it.factors[at] > 0)).collect();
                if used.iter().all(|it| names_bounded.contains(it)) {
                    assert!(!fitting.is_empty(), "{solution:?} of {}", told());
                    assert_eq!(fitting.len() == 1, fixed.len() == used.len(), "{solution:?} of {}", told());
                }
                match ways {
                    Some([one, other]) => {
                        assert_ne!(one, other, "{}", told());
                        for way in [one, other] {
                            let at = NAMES.map(|name| way.get(name).map_or(1, |it| *it as i64));
                            assert!(all.iter().all(|it| it.holds(at)), "{at:?} of {}", told());
                        }
                        several += 1;
                    }
                    None => unclear += usize::from(fixed.len() != used.len()),
                }
            }
        }
        // The order does not matter, but to which facts are named.
        let turned: Vec<systems::Fact> = facts.iter().rev().cloned().collect();
        match (solution, systems::solve(&turned)) {
            (System::Clash(_), System::Clash(_)) => {}
            (System::Fixed(one, _), System::Fixed(other, _)) => assert_eq!(one, other, "{}", told()),
            (one, other) => panic!("{one:?} and {other:?} of {}", told()),
        }
    }
    assert!(unique > 1500 && clashes > 500 && several > 500, "{unique} unique, {clashes} clashes, {several} several");
    assert_eq!(unclear, 0);
}

#[test]
fn systems_far_beyond_trying() {
    let name = |name: &str| Size::Unknown(name.into(), NOWHERE);
    let sum =
        |a: i128, b: i128| join(Join::Add, join(Join::Mul, known(a), name("N")), join(Join::Mul, known(b), name("M")));
    let sizes = |n: usize, m: usize| systems::Sizes::from([("N".into(), n), ("M".into(), m)]);
    let (n, m) = (1_234_567, 7_654_321);
    let worth = |a: usize, b: usize| a * n + b * m;
    let facts = [(sum(3, 5), worth(3, 5)), (sum(7, 2), worth(7, 2))];
    assert_eq!(systems::solve(&facts), System::Fixed(sizes(n, m), None));
    // Even and odd; no whole size; none from 1 on; a fact beside, that has nothing to do with it.
    let beside = (name("K"), 9);
    assert_eq!(systems::solve(&[(sum(2, 2), 1001)]), System::Clash(vec![0]));
    assert_eq!(systems::solve(&[beside.clone(), (sum(1, 1), 9), (sum(1, -1), 4)]), System::Clash(vec![1, 2]));
    assert_eq!(systems::solve(&[(sum(1, 1), 1), beside.clone()]), System::Clash(vec![0]));
    assert_eq!(systems::solve(&[(sum(1, 1), 2), (sum(1, 0), 1)]), System::Fixed(sizes(1, 1), None));
    // One fact is enough where there is but one way.
    assert_eq!(systems::solve(&[(sum(1, 1), 2)]), System::Fixed(sizes(1, 1), None));
    assert_eq!(systems::solve(&[(sum(2, 2), 1000), (sum(1, 1), 501), (sum(3, 3), 1503)]), System::Clash(vec![0, 2]));
    let open = systems::solve(&[(sum(1, 1), 7), beside]);
    let System::Fixed(fixed, Some(_)) = &open else { panic!("{open:?}") };
    assert_eq!(fixed, &systems::Sizes::from([("K".into(), 9)]));
}
