//! What is proved of a run, held against others: `tests/fixtures/privacy/make.py` says from what.

use dlmc::session::accountant::{Account, LEAST_NOISE, divergence, noise_for};
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../../fixtures/privacy/accountant.json")).expect("JSON")
}

fn number(case: &Value, name: &str) -> f64 {
    case[name].as_f64().unwrap_or_else(|| panic!("{name} of {case}"))
}

#[test]
fn divergences_are_those_of_the_integral() {
    let cases = fixture()["divergences"].as_array().expect("a list").clone();
    assert!(cases.len() > 30);
    for case in cases {
        let found = divergence(number(&case, "order"), number(&case, "noise"), number(&case, "rate"));
        let expected = number(&case, "divergence");
        assert!((found - expected).abs() <= 1e-9 * expected.abs() + 1e-14, "{found} for {case}");
    }
}

/// Another accountant finds the same epsilon from the same divergences but for its choice of orders; and an exact one, which
/// knows the whole distribution of the loss of privacy, never more.
#[test]
fn epsilons_are_those_of_other_accountants() {
    let cases = fixture()["epsilons"].as_array().expect("a list").clone();
    assert!(cases.len() > 8);
    for case in cases {
        let account = Account::new(number(&case, "noise"), number(&case, "rate"));
        let found = account.epsilon(number(&case, "updates") as u64, number(&case, "delta"));
        let (expected, least) = (number(&case, "epsilon"), number(&case, "exact"));
        assert!((found / expected - 1.0).abs() < 0.01, "{found} for {case}");
        assert!(found >= least, "{found} is less than what is spent: {case}");
    }
}

#[test]
fn all_examples_in_each_update_spend_what_a_normal_noise_spends() {
    for (order, noise) in [(1.5, 0.7), (3.0, 2.0), (40.0, 9.0)] {
        assert_eq!(divergence(order, noise, 1.0), order / (2.0 * noise * noise));
        let (near, all) = (divergence(order, noise, 1.0 - 1e-13), divergence(order, noise, 1.0));
        assert!((near / all - 1.0).abs() < 1e-9, "{near} {all}");
    }
    assert_eq!(divergence(2.0, 1.0, 0.0), 0.0);
    // At order 2 the sum has two terms: ln(1 + q²(exp(1/σ²) - 1)).
    for (noise, rate) in [(0.5, 0.01), (1.1, 0.004), (2.0, 0.3)] {
        let expected = (rate * rate * (1.0f64 / (noise * noise)).exp_m1()).ln_1p();
        assert!((divergence(2.0, noise, rate) / expected - 1.0).abs() < 1e-9);
    }
}

#[test]
fn more_updates_more_examples_and_less_noise_spend_more() {
    let spent = |noise: f64, rate: f64, updates: u64| Account::new(noise, rate).epsilon(updates, 1e-5);
    let usual = spent(1.1, 0.01, 1000);
    assert!(usual < spent(1.0, 0.01, 1000) && usual < spent(1.1, 0.011, 1000) && usual < spent(1.1, 0.01, 1001));
    assert!(Account::new(1.1, 0.01).epsilon(1000, 1e-6) > usual);
    assert_eq!(Account::new(1.1, 0.01).epsilon(0, 1e-5), 0.0);
}

#[test]
fn the_noise_is_the_least_that_keeps_the_budget() {
    for (rate, updates, epsilon, delta) in [(0.01, 1000, 3.0, 1e-5), (0.1, 300, 1.0, 1e-4), (1.0, 20, 8.0, 1e-5)] {
        let noise = noise_for(rate, updates, epsilon, delta).expect("some noise");
        let spent = |noise: f64| Account::new(noise, rate).epsilon(updates, delta);
        assert!(spent(noise) <= epsilon && spent(noise * (1.0 - 1e-5)) > epsilon, "{noise}");
    }
    assert_eq!(noise_for(0.001, 1, 900.0, 1e-2), Ok(LEAST_NOISE));
    let least = noise_for(0.1, 100, 1e-3, 1e-5).expect_err("no noise is large enough");
    assert!(least > 1e-3 && least < 1e-2, "{least}");
}
