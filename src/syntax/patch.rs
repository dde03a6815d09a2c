//! Changes to a text, and the way back from places in the changed text to places in the original.

use crate::source::{FileId, Span};

/// Replace the bytes `start..end` of the original by `text`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Patch {
    pub start: usize,
    pub end: usize,
    pub text: String,
}

/// From places in a patched text to places in the original.
#[derive(Clone, Default, Debug)]
pub struct Places {
    /// For each patch, in order: its bytes in the patched text, and in the original.
    patches: Vec<([usize; 2], [usize; 2])>,
}

/// Applies `patches`, which are in order and do not overlap.
pub fn apply(text: &str, patches: &[Patch]) -> (String, Places) {
    let mut patched = String::with_capacity(text.len() + 16);
    let mut places = Places::default();
    let mut at = 0;
    for patch in patches {
        assert!(at <= patch.start && patch.start <= patch.end, "patches overlap at byte {}", patch.start);
        patched.push_str(&text[at..patch.start]);
        let start = patched.len();
        patched.push_str(&patch.text);
        places.patches.push(([start, patched.len()], [patch.start, patch.end]));
        at = patch.end;
    }
    patched.push_str(&text[at..]);
    (patched, places)
}

impl Places {
    pub fn span(&self, file: FileId, start: usize, end: usize) -> Span {
        let start = self.start(start);
        Span::new(file, start, self.end(end).max(start))
    }

    /// Where something that starts at `at` of the patched text starts in the original.
    fn start(&self, at: usize) -> usize {
        match self.patches.partition_point(|(new, _)| new[0] <= at).checked_sub(1) {
            None => at,
            Some(last) => {
                let (new, old) = self.patches[last];
                if at < new[1] { old[0] + (at - new[0]).min(old[1] - old[0]) } else { at - new[1] + old[1] }
            }
        }
    }

    /// Where something that ends at `at` of the patched text ends in the original.
    fn end(&self, at: usize) -> usize {
        match self.patches.partition_point(|(new, _)| new[0] < at).checked_sub(1) {
            None => at,
            Some(last) => {
                let (new, old) = self.patches[last];
                if at <= new[1] { old[1] } else { at - new[1] + old[1] }
            }
        }
    }
}
