//! Who is drawn: each example by itself, as often as the rate says.

use dlmc::data::shuffle::drawn;

#[test]
fn each_example_is_drawn_by_itself() {
    let (rows, rate, updates) = (300, 0.07, 2000);
    let mut times = vec![0.0; rows];
    let mut sizes = vec![];
    let mut together = 0.0;
    for update in 0..updates {
        let found = drawn(rows, rate, 5, update);
        assert!(found.is_sorted_by(|a, b| a < b) && found.iter().all(|it| (*it as usize) < rows));
        found.iter().for_each(|it| times[*it as usize] += 1.0);
        together += f64::from(u8::from(found.contains(&3) && found.contains(&4)));
        sizes.push(found.len() as f64);
    }
    let updates = updates as f64;
    let mean = sizes.iter().sum::<f64>() / updates;
    let expected = rows as f64 * rate;
    let variance = expected * (1.0 - rate);
    assert!((mean - expected).abs() < 4.0 * (variance / updates).sqrt(), "{mean}");
    let spread = sizes.iter().map(|it| (it - mean) * (it - mean)).sum::<f64>() / updates;
    assert!((spread / variance - 1.0).abs() < 4.0 * (2.0 / updates).sqrt(), "{spread} for {variance}");
    let most = times.iter().map(|it: &f64| ((it / updates - rate) / (rate * (1.0 - rate) / updates).sqrt()).abs());
    assert!(most.fold(0.0, f64::max) < 4.2);
    let pair = rate * rate;
    assert!((together / updates - pair).abs() < 4.5 * (pair / updates).sqrt(), "{together}");
}

#[test]
fn a_draw_is_a_function_of_seed_and_update() {
    assert_eq!(drawn(1000, 0.1, 1, 1), drawn(1000, 0.1, 1, 1));
    assert_ne!(drawn(1000, 0.1, 1, 1), drawn(1000, 0.1, 1, 2));
    assert_ne!(drawn(1000, 0.1, 1, 1), drawn(1000, 0.1, 2, 1));
    assert_eq!(drawn(4, 1.0, 1, 1), [0, 1, 2, 3]);
    assert_eq!(drawn(1000, 0.0, 1, 1), [0; 0]);
}
