//! The median rule: which trials are not worth going on with (Golovin et al., "Google Vizier: a service for black-box
//! optimization", 2017, section 3.2.2).
//!
//! A trial stops where the best that it has shown is worse than the median of what the trials before it showed on the
//! average until then.

use super::event::{State, Trial};

/// Before so many trials have come to their end, none is stopped.
const FIRST: usize = 5;

/// Whether a trial with these looks is to be stopped, after these others. Looks are told by the epochs before them.
pub fn is_hopeless(looks: &[(f64, f64)], others: &[Trial], rising: bool) -> bool {
    let done: Vec<&Trial> = others.iter().filter(|it| it.state == State::Done).collect();
    let (Some((now, _)), true) = (looks.last(), done.len() >= FIRST) else { return false };
    let until = |looks: &[(f64, f64)]| -> Vec<f64> {
        looks.iter().filter(|(epoch, _)| epoch <= now).map(|(_, value)| *value).collect()
    };
    let averages: Vec<f64> = done
        .iter()
        .map(|it| until(&it.looks))
        .filter(|values| !values.is_empty())
        .map(|values| values.iter().sum::<f64>() / values.len() as f64)
        .collect();
    if averages.len() < FIRST {
        return false;
    }
    let (median, values) = (median(&averages), looks.iter().map(|(_, value)| *value));
    match rising {
        true => values.fold(f64::NEG_INFINITY, f64::max) < median,
        false => values.fold(f64::INFINITY, f64::min) > median,
    }
}

/// The value in the middle, or the mean of the two that are.
///
/// # Panics
/// If there is none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { (sorted[half - 1] + sorted[half]) / 2.0 } else { sorted[half] }
}
