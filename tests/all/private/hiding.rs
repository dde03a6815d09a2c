//! The noise: how large it is, that it is normal, and that nothing repeats.

use super::*;
use dlmc::model::lower::site;
use dlmc::tensor::Draw;
use dlmc::tensor::random::numbers as drawn;

fn text(width: usize) -> String {
    format!(
        "dlm 1
data them {{
  source: table {{
    | x | y |
    | 0 | 0 |
  }}
  input x: number
  target y: number
}}
model net on x: number -> number = x |> dense({width}, tanh) as a |> dense(1) as b
train {{
  model: net
  data: them
  loss: mse
  optimizer: sgd(lr: 1)
  for: 1 epoch
  privacy {{
    method: dp_sgd(clip: 0.5)
    budget: epsilon(3, delta: 1e-5)
  }}
}}
"
    )
}

/// What an update without examples adds to each parameter, by path.
fn noise(program: &Program, deviation: f32, expected: f32, clock: Clock) -> Vec<(String, Vec<f32>)> {
    let before = states(program, 1);
    let mut after: Vec<Array> = before.iter().map(|it| Array::zeros(&it.shape, it.dtype())).collect();
    let feeds = [Array::f32(&[2, 1], vec![0.3, 0.1]), Array::f32(&[2, 1], vec![0.2, -0.4])];
    let [there, deviation, expected] = behind(&[0.0, 0.0], deviation, expected);
    let all: Vec<&Array> = feeds.iter().chain([&there, &deviation, &expected]).collect();
    executor(&pass(program, 2, true), Backend::Native).run(&mut after, &all, clock);
    let own = program.states.iter().zip(after);
    own.map(|(state, array)| (state.path.clone(), array.floats().iter().map(|it| -it).collect())).collect()
}

/// Of four draws the sum, by half.
#[test]
fn the_noise_is_what_the_generator_draws() {
    let program = program(&text(6));
    for (seed, step) in [(7, 3), (u64::MAX - 5, 900)] {
        let clock = Clock { seed, step };
        for (path, found) in noise(&program, 1.5, 4.0, clock) {
            let draws: Vec<Vec<f32>> = (0..4)
                .map(|at| drawn(Draw::Normal, clock, site(&format!("privacy {path}#{at}")), found.len()))
                .collect();
            for (place, found) in found.iter().enumerate() {
                let sum: f32 = draws.iter().map(|it| it[place]).sum();
                let expected = 0.5 * sum * 1.5 / 4.0;
                assert!((found - expected).abs() < 1e-6, "{path} at {place}: {found} {expected}");
            }
        }
    }
}

/// Mean, deviation, third and fourth moment, and the shares beyond some deviations.
#[test]
fn the_noise_is_normal() {
    let program = program(&text(20_000));
    let clock = Clock { seed: 11, step: 5 };
    let found = noise(&program, 3.0, 2.0, clock);
    let all: Vec<f64> = found.iter().flat_map(|(_, it)| it.iter().map(|it| f64::from(*it) / 1.5)).collect();
    let count = all.len() as f64;
    assert!(count > 60_000.0);
    let moment = |power: i32| all.iter().map(|it| it.powi(power)).sum::<f64>() / count;
    let near = |found: f64, expected: f64, deviation: f64| {
        assert!((found - expected).abs() < 4.5 * deviation / count.sqrt(), "{found} for {expected}");
    };
    near(moment(1), 0.0, 1.0);
    near(moment(2), 1.0, 2f64.sqrt());
    near(moment(3), 0.0, 15f64.sqrt());
    near(moment(4), 3.0, 96f64.sqrt());
    for (bound, share) in [(1.0, 0.317_310_5), (2.0, 0.045_500_3), (3.0, 0.002_699_8)] {
        let beyond = all.iter().filter(|it| it.abs() > bound).count() as f64 / count;
        near(beyond, share, (share * (1.0f64 - share)).sqrt());
    }
    // No parameter has the noise of another, no update that of another, and no seed.
    let next = noise(&program, 3.0, 2.0, Clock { step: 6, ..clock });
    let other = noise(&program, 3.0, 2.0, Clock { seed: 12, ..clock });
    let of =
        |all: &[(String, Vec<f32>)], path: &str| all.iter().find(|it| it.0 == path).expect("a parameter").1.clone();
    let pairs = [
        (of(&found, "a.w"), of(&found, "a.b")),
        (of(&found, "a.w"), of(&found, "b.w")),
        (of(&found, "a.w"), of(&next, "a.w")),
        (of(&found, "a.w"), of(&other, "a.w")),
    ];
    for (one, other) in pairs {
        let products = one.iter().zip(&other).map(|(a, b)| f64::from(a * b) / 2.25);
        let correlation = products.sum::<f64>() / one.len() as f64;
        assert!(correlation.abs() < 4.5 / (one.len() as f64).sqrt(), "{correlation}");
    }
}

/// An example that is not there tells nothing, whatever it is.
#[test]
fn who_is_not_drawn_changes_nothing() {
    let program = program(&text(4));
    let before = states(&program, 1);
    let run = |x: f32, y: f32| {
        let mut after = before.clone();
        let feeds = [Array::f32(&[2, 1], vec![0.3, x]), Array::f32(&[2, 1], vec![0.2, y])];
        let [there, deviation, expected] = behind(&[1.0, 0.0], 1.0, 2.0);
        let all: Vec<&Array> = feeds.iter().chain([&there, &deviation, &expected]).collect();
        let told =
            executor(&pass(&program, 2, true), Backend::Native).run(&mut after, &all, Clock { seed: 1, step: 1 });
        (after, told)
    };
    assert_eq!(run(0.1, -0.4), run(-900.0, 77.0));
}
