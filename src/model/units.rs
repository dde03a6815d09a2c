//! Units: what each one measures, and how much of it.

/// What a number with a unit measures.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Measure {
    /// A share: `10%` is 0.1.
    Share,
    /// A multiple: `0.1x`.
    Factor,
    /// In radians.
    Angle,
    /// In pixels.
    Length,
    /// In seconds.
    Seconds,
    Epochs,
    Steps,
    Batches,
    Samples,
    Tokens,
    Trials,
    /// In hertz.
    Frequency,
    /// In decibels.
    Level,
    Bytes,
}

/// One row for each unit: its spellings, what it measures, how many of the base unit it is.
const UNITS: &[(&[&str], Measure, f64)] = &[
    (&["%"], Measure::Share, 0.01),
    (&["x"], Measure::Factor, 1.0),
    (&["deg"], Measure::Angle, std::f64::consts::PI / 180.0),
    (&["rad"], Measure::Angle, 1.0),
    (&["px"], Measure::Length, 1.0),
    (&["us"], Measure::Seconds, 1e-6),
    (&["ms"], Measure::Seconds, 1e-3),
    (&["s"], Measure::Seconds, 1.0),
    (&["min"], Measure::Seconds, 60.0),
    (&["h"], Measure::Seconds, 3600.0),
    (&["d", "day", "days"], Measure::Seconds, 86400.0),
    (&["epoch", "epochs"], Measure::Epochs, 1.0),
    (&["step", "steps", "update", "updates"], Measure::Steps, 1.0),
    (&["batch", "batches"], Measure::Batches, 1.0),
    (&["sample", "samples", "example", "examples", "row", "rows"], Measure::Samples, 1.0),
    (&["token", "tokens"], Measure::Tokens, 1.0),
    (&["trial", "trials"], Measure::Trials, 1.0),
    (&["Hz"], Measure::Frequency, 1.0),
    (&["kHz"], Measure::Frequency, 1e3),
    (&["MHz"], Measure::Frequency, 1e6),
    (&["dB"], Measure::Level, 1.0),
    (&["byte", "bytes"], Measure::Bytes, 1.0),
    (&["KB"], Measure::Bytes, 1e3),
    (&["MB"], Measure::Bytes, 1e6),
    (&["GB"], Measure::Bytes, 1e9),
    (&["KiB"], Measure::Bytes, 1024.0),
    (&["MiB"], Measure::Bytes, 1048576.0),
    (&["GiB"], Measure::Bytes, 1073741824.0),
];

/// What `unit` measures, and its size in the base unit. Every unit that the grammar knows has a row; a test holds that.
pub fn unit(word: &str) -> Option<(Measure, f64)> {
    UNITS.iter().find(|(words, ..)| words.contains(&word)).map(|&(_, measure, factor)| (measure, factor))
}

impl Measure {
    /// So much of it, in a unit that people use: `5%`, `15deg`, `3 epochs`.
    pub fn written(self, value: f64) -> String {
        let (unit, factor, space) = match self {
            Measure::Share => ("%", 0.01, ""),
            Measure::Factor => ("x", 1.0, ""),
            Measure::Angle => ("deg", std::f64::consts::PI / 180.0, ""),
            Measure::Length => ("px", 1.0, ""),
            Measure::Seconds => ("s", 1.0, ""),
            Measure::Epochs => ("epochs", 1.0, " "),
            Measure::Steps => ("steps", 1.0, " "),
            Measure::Batches => ("batches", 1.0, " "),
            Measure::Samples => ("samples", 1.0, " "),
            Measure::Tokens => ("tokens", 1.0, " "),
            Measure::Trials => ("trials", 1.0, " "),
            Measure::Frequency => ("Hz", 1.0, ""),
            Measure::Level => ("dB", 1.0, ""),
            Measure::Bytes => ("bytes", 1.0, " "),
        };
        // The factor leaves traces in the last figures.
        let number = (value / factor * 1e9).round() / 1e9;
        let unit = match unit {
            "batches" if number == 1.0 => "batch",
            words if number == 1.0 && !space.is_empty() => words.trim_end_matches('s'),
            words => words,
        };
        format!("{number}{space}{unit}")
    }

    /// The unit of which one is one of the base unit, where there is such a unit.
    pub fn base(self) -> Option<&'static str> {
        UNITS.iter().find(|&&(_, measure, factor)| measure == self && factor == 1.0).map(|(words, ..)| words[0])
    }

    /// The unit, where there is one only, and the number stays the same with it.
    pub fn only_unit(self) -> Option<&'static str> {
        match self {
            Measure::Factor => Some("x"),
            Measure::Length => Some("px"),
            Measure::Level => Some("dB"),
            Measure::Share | Measure::Angle | Measure::Seconds | Measure::Frequency | Measure::Bytes => None,
            Measure::Epochs
            | Measure::Steps
            | Measure::Batches
            | Measure::Samples
            | Measure::Tokens
            | Measure::Trials => None,
        }
    }

    /// For messages: `a share, like 10%`.
    pub fn example(self) -> &'static str {
        match self {
            Measure::Share => "a share, like 10%",
            Measure::Factor => "a multiple, like 0.1x",
            Measure::Angle => "an angle, like 15deg",
            Measure::Length => "a length, like 4px",
            Measure::Seconds => "a time, like 10min",
            Measure::Epochs => "a number of epochs, like 3 epochs",
            Measure::Steps => "a number of steps, like 500 steps",
            Measure::Batches => "a number of batches, like 4 batches",
            Measure::Samples => "a number of samples, like 200 samples",
            Measure::Tokens => "a number of tokens, like 200 tokens",
            Measure::Trials => "a number of trials, like 30 trials",
            Measure::Frequency => "a frequency, like 16kHz",
            Measure::Level => "a level, like 6dB",
            Measure::Bytes => "a number of bytes, like 64MiB",
        }
    }
}
