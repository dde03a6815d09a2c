//! How numbers are written for people: counts, bytes, seconds, measures.

use std::time::Duration;

/// `1,797`
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `0.9104`, `23.15`: four digits that say something.
pub fn decimals(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let before = value.abs().log10().floor().max(-20.0) as i32;
    format!("{value:.*}", (3 - before).clamp(0, 20) as usize)
}

/// `2.992`: three decimals of a bound, never less than it.
pub fn at_most(value: f64) -> String {
    format!("{:.3}", (value * 1000.0).ceil() / 1000.0)
}

/// `512 B`, `38.4 kB`, `1.20 MB`: three digits, powers of 1000.
pub fn bytes(n: u64) -> String {
    scaled(n as f64, &["B", "kB", "MB", "GB", "TB"])
}

/// `936`, `18.4 k`, `1.20 M`
pub fn short(n: u64) -> String {
    scaled(n as f64, &["", "k", "M", "G", "T"]).trim_end().to_owned()
}

fn scaled(value: f64, units: &[&str]) -> String {
    let mut value = value;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = match value {
        _ if unit == 0 => 0,
        _ if value < 9.995 => 2,
        _ if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {}", units[unit])
}

/// `0.4 s`, `19 s`, `3 min 20 s`, `2 h 5 min`
pub fn seconds(value: f64) -> String {
    let whole = value.round() as u64;
    match whole {
        _ if value < 9.95 => format!("{value:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}

/// `1.34 µs`, `2.61 ms`, `1.02 s`: three digits.
pub fn micros(time: Duration) -> String {
    let (value, unit) = match time.as_secs_f64() {
        value if value < 999.5e-6 => (value * 1e6, "µs"),
        value if value < 0.9995 => (value * 1e3, "ms"),
        value => (value, "s"),
    };
    let digits = match value {
        _ if value < 9.995 => 2,
        _ if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

/// A loss or a metric: four significant digits, and never a wide string of zeros.
pub fn measure(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return if value.is_nan() { "not a number".into() } else { format!("{value}").replace("inf", "∞") };
    }
    match size {
        0.0 => "0".into(),
        _ if !(1e-3..1e6).contains(&size) => format!("{value:.3e}"),
        _ if size < 0.99995 => format!("{value:.4}"),
        _ => format!("{value:.*}", (3 - size.log10().floor().min(3.0) as i32) as usize),
    }
}
