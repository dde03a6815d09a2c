//! Every row of the table of scalars, tested by what the row says of itself.

use std::collections::BTreeSet;

use dlmc::scalar::{Dtype, Scalar};

/// Of both signs, among them every boundary that a row or IEEE cares about.
fn special() -> Vec<f32> {
    let sizes = [
        0.0,
        1e-40,
        f32::MIN_POSITIVE,
        f32::MIN_POSITIVE * 1.5,
        1e-20,
        f32::EPSILON,
        0.346_573_6,
        0.5,
        0.625,
        0.70710677,
        0.8,
        1.0,
        1.0 + f32::EPSILON,
        1.5,
        2.0,
        2.5,
        3.0,
        std::f32::consts::PI,
        4.0,
        9.0,
        17.0,
        88.0,
        88.722_83,
        88.722_84,
        103.0,
        8388608.0,
        16777216.0,
        2147483648.0,
        f32::MAX,
        f32::INFINITY,
        f32::NAN,
    ];
    sizes.iter().flat_map(|&size| [size, -size]).collect()
}

/// As arithmetic takes and gives it: a denormal number is a zero.
fn flush(x: f32) -> f32 {
    if x.abs() < f32::MIN_POSITIVE { 0f32.copysign(x) } else { x }
}

/// Whether the row takes f32 operands and gives an f32 or a bool.
fn is_float(scalar: Scalar) -> bool {
    scalar.dtype(&vec![Dtype::F32; scalar.def().operands.len()]).is_some_and(|to| to != Dtype::I32)
}

/// The distance of the f32 meaning from the mathematics in units of the last place: 0 where it is the nearest number.
fn error(scalar: Scalar, x: &[f32]) -> f32 {
    let types = vec![Dtype::F32; x.len()];
    let exact = scalar.eval_f64(&types, &x.iter().map(|&x| f64::from(flush(x))).collect::<Vec<_>>());
    let word = scalar.eval(&types, &x.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
    let (value, nearest) = match scalar.dtype(&types) {
        Some(Dtype::F32) => (flush(f32::from_bits(word)), flush(exact as f32)),
        _ => (word as i32 as f32, exact as f32),
    };
    if value.to_bits() == nearest.to_bits() || value.is_nan() && nearest.is_nan() {
        return 0.0;
    }
    let place = f32::from_bits(nearest.abs().to_bits() + 1) - nearest.abs();
    let error = ((f64::from(value) - exact).abs() / f64::from(place.max(1e-45))) as f32;
    if value.is_finite() && nearest.is_finite() && value.is_sign_negative() == nearest.is_sign_negative() {
        error
    } else {
        f32::INFINITY
    }
}

#[track_caller]
fn check_error(scalar: Scalar, x: &[f32]) {
    let (def, error) = (scalar.def(), error(scalar, x));
    assert!(error <= def.ulp, "{}({x:?}) is off by {error} units of the last place", def.name);
}

#[test]
fn names_and_lists_of_a_row_agree() {
    let names: BTreeSet<&str> = Scalar::ALL.iter().map(|scalar| scalar.def().name).collect();
    assert_eq!(names.len(), Scalar::ALL.len());
    for &scalar in Scalar::ALL {
        let def = scalar.def();
        assert_eq!(Scalar::named(def.name), Some(scalar));
        for list in [def.grad, def.inverse] {
            assert!(list.is_empty() || list.len() == def.operands.len(), "{}", def.name);
        }
        for &(from, to) in def.signatures {
            assert_eq!(from.len(), def.operands.len(), "{}", def.name);
            assert_eq!(scalar.dtype(from), Some(to));
        }
    }
    assert_eq!(Scalar::named("none"), None);
    assert_eq!(Scalar::Add.dtype(&[Dtype::F32, Dtype::I32]), None);
}

#[test]
fn every_row_of_one_operand_is_as_exact_as_it_says_over_all_floats() {
    for &scalar in Scalar::ALL.iter().filter(|&&scalar| is_float(scalar) && scalar.def().operands.len() == 1) {
        special().into_iter().filter(|&x| in_domain(scalar, &[x])).for_each(|x| check_error(scalar, &[x]));
        for bits in (0..=u32::MAX).step_by(4999) {
            let x = f32::from_bits(bits);
            if in_domain(scalar, &[x]) {
                check_error(scalar, &[x]);
            }
        }
    }
}

#[test]
fn every_row_of_two_operands_is_as_exact_as_it_says() {
    for &scalar in Scalar::ALL.iter().filter(|&&scalar| is_float(scalar) && scalar.def().operands.len() == 2) {
        for a in special() {
            special().into_iter().filter(|&b| in_domain(scalar, &[a, b])).for_each(|b| check_error(scalar, &[a, b]));
        }
        let mut bits = scattered();
        for _ in 0..20_000 {
            let [a, b] = [bits(), bits()];
            let pairs = [
                [f32::from_bits(a), f32::from_bits(b)],
                [f32::from_bits(a), (b as i32 >> 22) as f32 / 8.0],
                [1.0 + a as i32 as f32 / 4294967296.0, b as i32 as f32 / 1e8],
                [(a >> 24) as f32, (b >> 28) as f32],
            ];
            pairs.iter().filter(|pair| in_domain(scalar, &pair[..])).for_each(|pair| check_error(scalar, pair));
        }
    }
}

/// Where the row promises something.
fn in_domain(scalar: Scalar, x: &[f32]) -> bool {
    match scalar {
        Scalar::Sin | Scalar::Cos => !(x[0].abs() > 65536.0 && x[0].is_finite()),
        Scalar::Mod => x[1].abs() > 1e-30 && (x[0] / x[1]).abs() < 8388608.0 || !x[0].is_finite() || flush(x[1]) == 0.0,
        _ => true,
    }
}

/// Numbers without a pattern, always the same ones.
fn scattered() -> impl FnMut() -> u32 {
    let mut state = 12345u64;
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 32) as u32
    }
}

#[test]
fn whole_powers_are_exact() {
    for base in -12..=12 {
        for power in 0..=6 {
            let word = Scalar::Pow.eval(&[Dtype::F32; 2], &[base as f32, power as f32].map(f32::to_bits));
            assert_eq!(f32::from_bits(word), (base as f32).powi(power), "{base}^{power}");
        }
    }
}

#[test]
fn integers_wrap_and_divide_downwards_and_nothing_traps() {
    let numbers = [0, 1, -1, 2, -2, 3, 7, -7, 100, i32::MAX, i32::MIN, i32::MIN + 1];
    for a in numbers {
        for b in numbers {
            let value = |scalar: Scalar| scalar.eval(&[Dtype::I32; 2], &[a as u32, b as u32]) as i32;
            assert_eq!(value(Scalar::Add), a.wrapping_add(b));
            assert_eq!(value(Scalar::Sub), a.wrapping_sub(b));
            assert_eq!(value(Scalar::Mul), a.wrapping_mul(b));
            let quotient = if b == 0 { 0 } else { (f64::from(a) / f64::from(b)).floor() as i64 as i32 };
            assert_eq!(value(Scalar::Div), quotient, "{a} / {b}");
            let rest =
                if b == 0 { 0 } else { i64::from(a) - i64::from(b) * (f64::from(a) / f64::from(b)).floor() as i64 };
            assert_eq!(i64::from(value(Scalar::Mod)), rest, "{a} mod {b}");
            assert_eq!(value(Scalar::Min), a.min(b));
            assert_eq!(value(Scalar::Max), a.max(b));
            assert_eq!(value(Scalar::Less), i32::from(a < b));
            assert_eq!(value(Scalar::LessEqual), i32::from(a <= b));
            assert_eq!(value(Scalar::Equal), i32::from(a == b));
        }
        assert_eq!(Scalar::Abs.eval(&[Dtype::I32], &[a as u32]) as i32, a.wrapping_abs());
        assert_eq!(Scalar::Neg.eval(&[Dtype::I32], &[a as u32]) as i32, a.wrapping_neg());
        assert_eq!(Scalar::ToF32.eval(&[Dtype::I32], &[a as u32]), (a as f32).to_bits());
    }
    for x in special() {
        assert_eq!(Scalar::ToI32.eval(&[Dtype::F32], &[x.to_bits()]) as i32, x as i32, "{x}");
    }
}

#[test]
fn a_nan_is_kept_by_the_first_operand_and_never_leaks_from_the_other_branch() {
    let [nan, one] = [f32::NAN, 1f32].map(f32::to_bits);
    let floats = [Dtype::F32; 2];
    for scalar in [Scalar::Max, Scalar::Min] {
        assert!(f32::from_bits(scalar.eval(&floats, &[nan, one])).is_nan());
    }
    let choice = [Dtype::Bool, Dtype::F32, Dtype::F32];
    assert_eq!(Scalar::Select.eval(&choice, &[1, one, nan]), one);
    assert_eq!(Scalar::Select.eval(&choice, &[0, nan, one]), one);
    for (a, b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let bools = [Dtype::Bool; 2];
        assert_eq!(Scalar::And.eval(&bools, &[a, b]), a & b);
        assert_eq!(Scalar::Or.eval(&bools, &[a, b]), a | b);
        assert_eq!(Scalar::Equal.eval(&bools, &[a, b]), u32::from(a == b));
        assert_eq!(Scalar::Select.eval(&[Dtype::Bool; 3], &[1, a, b]), a);
        assert_eq!(Scalar::Select.eval(&[Dtype::Bool; 3], &[0, a, b]), b);
        assert_eq!(Scalar::Not.eval(&[Dtype::Bool], &[a]), 1 - a);
    }
}

#[test]
fn the_manual_of_scalars() {
    let mut manual = String::new();
    for scalar in Scalar::ALL {
        let def = scalar.def();
        let types = |types: &[Dtype]| types.iter().map(|dtype| dtype.name()).collect::<Vec<_>>().join(", ");
        manual += &format!("{}({})\n    {}\n", def.name, def.operands.join(", "), def.doc);
        for (from, to) in def.signatures {
            manual += &format!("    {} -> {}\n", types(from), to.name());
        }
        for (operand, formula) in def.operands.iter().zip(def.grad).filter(|(_, text)| !text.is_empty()) {
            manual += &format!("    d{operand} = {formula}\n");
        }
        for (operand, formula) in def.operands.iter().zip(def.inverse) {
            manual += &format!("    {operand} = {formula}\n");
        }
    }
    insta::assert_snapshot!(manual);
}
