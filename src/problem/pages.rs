//! The pages of the catalogue: for each problem its explanation, an example of it, and what is right instead.

/// The page of the problem `code`.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(name, _)| *name == code).map(|(_, page)| *page)
}

macro_rules! pages {
    ($($code:literal)*) => { &[$(($code, include_str!(concat!("pages/", $code, ".md")))),*] };
}

/// In the order of codes. A test holds this list, the files and the catalogue together.
pub const PAGES: &[(&str, &str)] = pages! {
    "bad-cells"
    "bad-weight"
    "cells-are-tensors"
    "cells-are-text"
    "class-without-training-rows"
    "class-words"
    "column-count"
    "column-names"
    "column-shape"
    "csv-quote"
    "data-setting-twice"
    "data-setting-value"
    "data-too-large"
    "duplicate-column"
    "empty-split"
    "few-in-stratum"
    "field-not-finite"
    "file-missing"
    "file-unreadable"
    "idx-damaged"
    "ignores-nothing"
    "input-columns"
    "input-format"
    "json-lines"
    "missing-cells"
    "missing-data-setting"
    "mixed-shapes"
    "no-rows"
    "not-utf8"
    "pattern-without-columns"
    "ragged-rows"
    "row-counts"
    "rows-left-over"
    "source-not-available"
    "split-cells"
    "split-column"
    "split-needs"
    "split-too-large"
    "split-without-shares"
    "target-among-inputs"
    "test-twice"
    "unknown-class"
    "unknown-column"
    "unknown-data-setting"
    "unknown-source"
    "unknown-split"
    "unused-column"
};
