//! The lines that would mend a transfer: which of the file's tensors are most likely meant for those that nothing fills.

mod assign;
mod lines;
mod names;

/// A tensor of the model that nothing fills.
pub struct Gap {
    /// Within the part.
    pub name: String,
    pub shape: Vec<usize>,
}

/// A tensor of the file that nobody takes.
pub struct Spare {
    pub name: String,
    pub shape: Vec<usize>,
    /// Whether its numbers can become those of a parameter.
    pub is_real: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Suggestion {
    /// `rename …` and `skip …`
    pub lines: Vec<String>,
    /// The parts for which there is nothing in the file.
    pub open: Vec<String>,
    /// Whether nothing else can be meant: names say the same, or shapes leave no choice.
    pub is_certain: bool,
}

/// Lines after which every gap is filled and nothing is left over, as far as shapes allow it. `taken` are the tensors of the
/// file that have a place already, which no line may touch.
pub fn suggest(gaps: &[Gap], spares: &[Spare], taken: &[&str]) -> Suggestion {
    let pairs = assign::assign(gaps, spares);
    let (mut lines, clear) = lines::renames(gaps, spares, taken, &pairs);
    let is_certain = clear && pairs.len() == gaps.len() && assign::is_certain(gaps, spares, &pairs);
    lines.extend(lines::skips(spares, taken, &pairs));
    Suggestion { lines, open: open(gaps, &pairs), is_certain }
}

/// The gaps that nothing fills, as the widest parts of which that is true.
fn open(gaps: &[Gap], pairs: &[(usize, usize)]) -> Vec<String> {
    let filled: Vec<&str> = pairs.iter().map(|&(gap, _)| gaps[gap].name.as_str()).collect();
    let mut found: Vec<String> = vec![];
    for gap in gaps.iter().filter(|gap| !filled.contains(&gap.name.as_str())) {
        let mut parts = gap.name.match_indices('.').map(|(at, _)| &gap.name[..at]);
        let is_open =
            |part: &&str| !filled.iter().any(|it| it.strip_prefix(*part).is_some_and(|rest| rest.starts_with('.')));
        let part = parts.find(is_open).unwrap_or(&gap.name).to_string();
        if !found.contains(&part) {
            found.push(part);
        }
    }
    found
}
