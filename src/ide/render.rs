//! A program with everything written out that it leaves to defaults.

use std::path::Path;

use super::edits::{Edits, fill};
use super::settings::{Forms, forms, overridden, walk};
use crate::compile::Override;
use crate::model::check::outline;
use crate::problem::Problem;
use crate::source::{FileId, World};
use crate::syntax;

/// The text of a sound program in which every setting has its value, the overrides among them, in canonical layout.
///
/// It means the same, its comments stay where they are, and it is its own rendering.
pub fn render(world: &dyn World, path: &Path, text: &str, overrides: &[Override]) -> Result<String, Vec<Problem>> {
    let text = overridden(world, path, text, overrides);
    let forms: Forms = forms(world, path, &text);
    let outline = outline(world, path, &text, &[], &mut vec![]);
    let mut edits = Edits::new(&text);
    walk(&outline, &forms, &mut |seen, slot| {
        // Where nobody knows which form is meant, nothing can be said for it.
        if seen.forms == 1 {
            fill(&mut edits, &seen, slot, false);
        }
    });
    syntax::format(FileId(0), &edits.apply())
}
