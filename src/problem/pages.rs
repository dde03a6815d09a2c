//! The pages of the catalogue: for each problem its explanation, an example of it, and what is right instead.

/// The page of the problem `code`.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(name, _)| *name == code).map(|(_, page)| *page)
}

macro_rules! pages {
    ($($code:literal)*) => { &[$(($code, include_str!(concat!("pages/", $code, ".md")))),*] };
}

/// In the order of codes. A test holds this list, the files and the catalogue together.
pub const PAGES: &[(&str, &str)] = pages! {};
