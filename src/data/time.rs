//! Dates and times as text: ISO 8601, the year first.

/// `2026-11-24`, `2026-11`, `2026-11-24 13:45`, `2026-11-24T13:45:12.5+01:00`: seconds since 1970, of UTC where no offset is given.
pub fn moment(text: &str) -> Option<f64> {
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let mut parts = date.split(if date.contains('/') { '/' } else { '-' });
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = parts.next().map_or(Some(1), |day| digits(day, 2))?;
    let fits = parts.next().is_none() && (1..=12).contains(&month) && (1..=month_length(year, month)).contains(&day);
    let days = fits.then(|| days_since_1970(year, month, day))?;
    Some(days as f64 * 86_400.0 + clock.map_or(Some(0.0), seconds)?)
}

/// A time as `moment` reads it, `2026-11-24T13:45:12.5`: so many units since 1970, of which 10 to the power of `digits` are a second.
pub fn text(units: i128, digits: u32) -> String {
    let second = 10_i128.pow(digits);
    let (seconds, fraction) = (units.div_euclid(second), units.rem_euclid(second));
    let (days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(days);
    let mut text =
        format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", clock / 3600, clock / 60 % 60, clock % 60);
    if fraction > 0 {
        let fraction = format!(".{fraction:0>width$}", width = digits as usize);
        text.push_str(fraction.trim_end_matches('0'));
    }
    text
}

/// The year, the month and the day, so many days after the first of 1970.
fn date(days: i128) -> (i128, i128, i128) {
    // Days since the first of March of the year 0, by spans of 400 years, in which a year begins in March.
    let days = days + 719_468;
    let (span, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let year = 400 * span + year + i128::from(month > 9);
    (year, if month > 9 { month - 9 } else { month + 3 }, day - (153 * month + 2) / 5 + 1)
}

/// `13:45`, `13:45:12.5`, each with `Z` or an offset behind it.
fn seconds(clock: &str) -> Option<f64> {
    let (clock, offset) = match clock.find(['Z', '+', '-']) {
        Some(at) => (&clock[..at], offset(&clock[at..])?),
        None => (clock, 0.0),
    };
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let second = match parts.next() {
        None => 0.0,
        Some(second) => {
            let (whole, fraction) = second.split_once('.').unwrap_or((second, "0"));
            let sound = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
            digits(whole, 2)? as f64 + format!("0.{fraction}").parse::<f64>().ok().filter(|_| sound)?
        }
    };
    let fits = parts.next().is_none() && hour < 24 && minute < 60 && second < 61.0;
    fits.then(|| (hour * 3600 + minute * 60) as f64 + second - offset)
}

fn offset(text: &str) -> Option<f64> {
    if text == "Z" {
        return Some(0.0);
    }
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let digits_only = text[1..].replace(':', "");
    let (hours, minutes) = digits_only.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { 0 } else { digits(minutes, 2)? };
    Some(sign * (digits(hours, 2)? * 3600 + minutes * 60) as f64)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let sound = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    sound.then(|| text.parse().expect("a few digits"))
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The year is taken to begin in March, so that the leap day is its last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days_before_month = (153 * month + 2) / 5;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + days_before_month + day
        - 1
        - 719_468
}
