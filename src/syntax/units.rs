//! The units that may stand behind a number.

/// A unit as written, and whether a space stands before it.
struct Unit {
    word: &'static str,
    spaced: bool,
}

const fn tight(word: &'static str) -> Unit {
    Unit { word, spaced: false }
}

const fn spaced(word: &'static str) -> Unit {
    Unit { word, spaced: true }
}

const UNITS: &[Unit] = &[
    tight("%"),
    tight("x"),
    tight("deg"),
    tight("rad"),
    tight("px"),
    tight("us"),
    tight("ms"),
    tight("s"),
    tight("min"),
    tight("h"),
    tight("d"),
    tight("Hz"),
    tight("kHz"),
    tight("MHz"),
    tight("dB"),
    tight("KB"),
    tight("MB"),
    tight("GB"),
    tight("KiB"),
    tight("MiB"),
    tight("GiB"),
    spaced("byte"),
    spaced("bytes"),
    spaced("epoch"),
    spaced("epochs"),
    spaced("step"),
    spaced("steps"),
    spaced("update"),
    spaced("updates"),
    spaced("batch"),
    spaced("batches"),
    spaced("sample"),
    spaced("samples"),
    spaced("example"),
    spaced("examples"),
    spaced("row"),
    spaced("rows"),
    spaced("token"),
    spaced("tokens"),
    spaced("trial"),
    spaced("trials"),
    spaced("day"),
    spaced("days"),
];

/// Whether `word` is a unit.
pub fn is_unit(word: &str) -> bool {
    UNITS.iter().any(|it| it.word == word)
}

/// Whether a space stands before this unit: `3 epochs`, but `10%`.
pub fn is_spaced(word: &str) -> bool {
    UNITS.iter().any(|it| it.spaced && it.word == word)
}

/// All units, for suggestions and for the manual.
pub fn words() -> impl Iterator<Item = &'static str> {
    UNITS.iter().map(|it| it.word)
}
