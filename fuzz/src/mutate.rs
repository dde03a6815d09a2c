//! Small changes of a text: of its characters, its words, its lines, with what other texts have in their place.

use std::ops::Range;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// Longer texts are checked too slowly to learn much from them.
const LONGEST: usize = 8000;

pub struct Random(ChaCha8Rng);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.0.next_u64() % bound.max(1) as u64) as usize
    }

    pub fn choose<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// `text` with some changes.
pub fn mutate(text: &str, other: &str, dictionary: &[String], random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..1 << random.below(4) {
        text = once(&text, other, dictionary, random);
    }
    while text.len() > LONGEST || !text.is_char_boundary(text.len()) {
        text.pop();
    }
    text
}

fn once(text: &str, other: &str, dictionary: &[String], random: &mut Random) -> String {
    let (words, lines) = (words(text), lines(text));
    let with = |range: Range<usize>, new: &str| format!("{}{new}{}", &text[..range.start], &text[range.end..]);
    if words.is_empty() {
        return format!("{text}{}", random.choose(dictionary).as_str());
    }
    let word = random.choose(&words).clone();
    let line = random.choose(&lines).clone();
    let few = |all: &[Range<usize>], random: &mut Random| {
        let first = random.below(all.len());
        let last = (first + random.below(4)).min(all.len() - 1);
        all[first].start..all[last].end
    };
    match random.below(14) {
        0 => with(word, ""),
        1 | 2 => with(word, random.choose(dictionary).as_str()),
        3 => with(word.start..word.start, random.choose(dictionary).as_str()),
        4 => with(word.start..word.start, &format!(" {} ", random.choose(dictionary).as_str())),
        // A word of this text, of the other.
        5 => with(word, &text[random.choose(&words).clone()]),
        6 => {
            let theirs = self::words(other);
            if theirs.is_empty() { text.to_owned() } else { with(word, &other[few(&theirs, random)]) }
        }
        7 => with(line, ""),
        8 => with(line.start..line.start, &text[few(&lines, random)]),
        9 => {
            let theirs = self::lines(other);
            if theirs.is_empty() { text.to_owned() } else { with(line.start..line.start, &other[few(&theirs, random)]) }
        }
        10 => with(few(&lines, random), ""),
        // Two words in each other's place.
        11 => {
            let second = random.choose(&words).clone();
            let (first, second) = if word.start < second.start { (word, second) } else { (second, word) };
            if first.end > second.start {
                return text.to_owned();
            }
            let (a, b) = (&text[first.clone()], &text[second.clone()]);
            format!("{}{b}{}{a}{}", &text[..first.start], &text[first.end..second.start], &text[second.end..])
        }
        12 => {
            let mut at = random.below(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
            if random.below(2) == 0 {
                with(at..end, "")
            } else {
                with(at..end, &((b' ' + random.below(95) as u8) as char).to_string())
            }
        }
        _ => match text[word.clone()].parse::<u64>() {
            Ok(number) => {
                let near = [number.wrapping_add(1), number.saturating_sub(1), number.wrapping_mul(2), number / 2, 0, 1];
                with(word, &random.choose(&near).to_string())
            }
            Err(_) => with(few(&words, random), ""),
        },
    }
}

/// The words, numbers, marks and blanks of a text.
pub fn words(text: &str) -> Vec<Range<usize>> {
    let kind = |it: char| match it {
        it if it.is_alphanumeric() || it == '_' => 0,
        ' ' => 1,
        it => 2 + u32::from(it),
    };
    let mut words: Vec<Range<usize>> = vec![];
    let mut last = None;
    for (at, character) in text.char_indices() {
        let this = kind(character);
        match words.last_mut() {
            Some(word) if last == Some(this) && this < 2 => word.end = at + character.len_utf8(),
            _ => words.push(at..at + character.len_utf8()),
        }
        last = Some(this);
    }
    words
}

/// The lines of a text with their ends.
pub fn lines(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    let mut lines = vec![];
    for line in text.split_inclusive('\n') {
        lines.push(at..at + line.len());
        at += line.len();
    }
    lines
}

/// The shortest text found in `tries` that comes of `text` by leaving something out and of which `holds` still says yes:
/// halves of its lines, then fewer, then words.
pub fn shrink(text: &str, tries: usize, holds: &mut dyn FnMut(&str) -> bool) -> String {
    let (mut text, mut left) = (text.to_owned(), tries);
    for pieces in [lines as fn(&str) -> Vec<Range<usize>>, words] {
        let mut size = (pieces(&text).len() / 2).max(1);
        loop {
            let mut at = 0;
            while left > 0 {
                let all = pieces(&text);
                if at >= all.len() {
                    break;
                }
                let gone = all[at].start..all[(at + size).min(all.len()) - 1].end;
                let less = format!("{}{}", &text[..gone.start], &text[gone.end..]);
                left -= 1;
                if holds(&less) {
                    text = less;
                } else {
                    at += size;
                }
            }
            if size == 1 || left == 0 {
                break;
            }
            size /= 2;
        }
    }
    text
}
