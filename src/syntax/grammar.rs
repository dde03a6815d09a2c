//! The parser that pest makes of `grammar/dlm.pest`.

use std::sync::Once;

use pest::Parser as _;
use pest::error::Error;
use pest::iterators::Pairs;

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/dlm.pest"]
struct Grammar;

/// Parses `text`, which has been laid out, as `rule`.
pub fn parse(rule: Rule, text: &str) -> Result<Pairs<'_, Rule>, Box<Error<Rule>>> {
    // The setting is one for the whole process; nobody else sets it.
    static DETAIL: Once = Once::new();
    DETAIL.call_once(|| pest::set_error_detail(true));
    Grammar::parse(rule, text).map_err(Box::new)
}
