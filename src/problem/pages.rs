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
    "block-not-closed"
    "block-not-opened"
    "body-missing"
    "bracket-mismatch"
    "bracket-not-closed"
    "bracket-not-opened"
    "colon-for-equals"
    "equals-for-colon"
    "missing-colon"
    "missing-comma"
    "name-expected"
    "nested-too-deep"
    "part-missing"
    "string-not-closed"
    "unexpected-text"
    "unknown-escape"
    "unknown-unit"
    "unknown-word"
    "value-missing"
};
