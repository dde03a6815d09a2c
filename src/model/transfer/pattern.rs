//! Patterns over names: `*` stands for anything, `{i}` for a number.

use std::fmt;

/// `layer{i}.{j}.conv1.*`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Star,
    /// A number, under the name by which another pattern says it again.
    Number(String),
}

/// What stood for the stars, in order, and for the numbers, by name.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Caught {
    pub stars: Vec<String>,
    pub numbers: Vec<(String, String)>,
}

impl Pattern {
    pub fn of(text: &str) -> Pattern {
        let (mut pieces, mut rest) = (vec![], text);
        while let Some(first) = rest.chars().next() {
            let name = rest.strip_prefix('{').and_then(|it| it.split_once('}')).filter(|(name, _)| is_name(name));
            if first == '*' {
                pieces.push(Piece::Star);
                rest = &rest[1..];
            } else if let Some((name, behind)) = name {
                pieces.push(Piece::Number(name.to_string()));
                rest = behind;
            } else {
                match pieces.last_mut() {
                    Some(Piece::Text(text)) => text.push(first),
                    _ => pieces.push(Piece::Text(first.to_string())),
                }
                rest = &rest[first.len_utf8()..];
            }
        }
        Pattern { text: text.to_string(), pieces }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn stars(&self) -> usize {
        self.pieces.iter().filter(|it| **it == Piece::Star).count()
    }

    /// The names of its numbers.
    pub fn numbers(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|it| match it {
            Piece::Number(name) => Some(name.as_str()),
            Piece::Text(_) | Piece::Star => None,
        })
    }

    pub fn ends_in_star(&self) -> bool {
        self.pieces.last() == Some(&Piece::Star)
    }

    /// What stands for its stars and numbers in `name`, if that is one of its names.
    pub fn catch(&self, name: &str) -> Option<Caught> {
        let mut caught = Caught::default();
        catch(&self.pieces, name, &mut caught).then(|| {
            caught.stars.reverse();
            caught
        })
    }

    /// The name in which stars and numbers are what was caught.
    pub fn fill(&self, caught: &Caught) -> String {
        let mut stars = caught.stars.iter();
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Star => stars.next().cloned().unwrap_or_default(),
            Piece::Number(name) => {
                caught.numbers.iter().find(|(it, _)| it == name).map_or(String::new(), |(_, number)| number.clone())
            }
        };
        // A star that stands for an index of its own begins with its bracket.
        self.pieces.iter().map(piece).collect::<String>().replace(".[", "[")
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|it: char| it.is_alphabetic() || it == '_')
        && text.chars().all(|it| it.is_alphanumeric() || it == '_')
}

/// Whether the pieces make up the name; if so, what the stars are, the last one first.
fn catch(pieces: &[Piece], name: &str, caught: &mut Caught) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return name.is_empty() };
    match first {
        Piece::Text(text) => name.strip_prefix(text.as_str()).is_some_and(|behind| catch(rest, behind, caught)),
        Piece::Star => {
            let mut ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.any(|end| {
                let found = catch(rest, &name[end..], caught);
                if found {
                    caught.stars.push(name[..end].to_string());
                }
                found
            })
        }
        Piece::Number(number) => {
            let known = caught.numbers.iter().find(|(it, _)| it == number).map(|(_, text)| text.clone());
            let digits = name.bytes().take_while(u8::is_ascii_digit).count();
            (1..=digits).rev().any(|end| {
                let (text, behind) = name.split_at(end);
                if known.as_ref().is_some_and(|it| it != text) {
                    return false;
                }
                if known.is_none() {
                    caught.numbers.push((number.clone(), text.to_string()));
                }
                let found = catch(rest, behind, caught);
                if !found && known.is_none() {
                    caught.numbers.pop();
                }
                found
            })
        }
    }
}
