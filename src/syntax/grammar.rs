//! The parser that pest makes of `grammar/dlm.pest`.

use std::sync::RwLock;

use pest::Parser as _;
use pest::error::Error;
use pest::iterators::Pairs;

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/dlm.pest"]
struct Grammar;

/// Whether pest takes notes of what it looked for is one setting for the whole process, and makes it three times
/// slower. Whoever parses holds this lock; whoever changes the setting holds it alone.
static DETAIL: RwLock<()> = RwLock::new(());

/// Parses `text`, which has been prepared, as `rule`.
pub fn parse(rule: Rule, text: &str) -> Result<Pairs<'_, Rule>, Box<Error<Rule>>> {
    let _shared = DETAIL.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    Grammar::parse(rule, text).map_err(Box::new)
}

/// Why `text` cannot be parsed as `rule`, with all that could have stood at the furthest place.
pub fn explain(rule: Rule, text: &str) -> Option<Box<Error<Rule>>> {
    let _alone = DETAIL.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    pest::set_error_detail(true);
    let error = Grammar::parse(rule, text).err();
    pest::set_error_detail(false);
    error.map(Box::new)
}
