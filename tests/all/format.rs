//! The formatter: a program keeps its meaning and its comments, and its layout is its own layout.

use std::path::{Path, PathBuf};

use arbtest::arbitrary::{Result, Unstructured};
use dlmc::problem::pages::PAGES;
use dlmc::source::FileId;
use dlmc::syntax::{self, print_tree};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use unicode_width::UnicodeWidthStr;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The `.dlm` files of a folder: their paths and texts.
fn programs(folder: &str) -> Vec<(String, String)> {
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a text");
        (path.display().to_string(), text)
    };
    let programs: Vec<_> = crate::programs(folder).into_iter().map(read).collect();
    assert!(!programs.is_empty(), "{folder}");
    programs
}

fn formatted(text: &str) -> String {
    syntax::format(FileId(0), text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

/// A text without white space and without the separators that a line break may stand for.
fn ink(text: &str) -> String {
    text.chars().filter(|it| !it.is_whitespace() && !matches!(it, ',' | ';' | '\u{FEFF}')).collect()
}

/// Whether a text has a layout; if so, holds the layout to everything that it promises.
fn keeps_everything(name: &str, text: &str) -> bool {
    let (tree, problems) = syntax::parse(FileId(0), text);
    if !problems.is_empty() {
        let refused = syntax::format(FileId(0), text).expect_err("a program with mistakes has no layout");
        assert_eq!(refused, problems, "{name}");
        return false;
    }
    let layout = formatted(text);
    let (again, problems) = syntax::parse(FileId(0), &layout);
    assert_eq!(problems, [], "{name}:\n{text}\n-----\n{layout}");
    assert_eq!(print_tree(&tree), print_tree(&again), "{name}:\n{text}\n-----\n{layout}");
    assert_eq!(ink(text), ink(&layout), "{name}:\n{text}\n-----\n{layout}");
    assert_eq!(formatted(&layout), layout, "{name}:\n{text}\n-----\n{layout}");
    true
}

#[test]
fn what_we_ship_is_in_canonical_layout() {
    for folder in ["tests/samples", "examples", "src/std"] {
        for (name, text) in programs(folder) {
            assert_eq!(formatted(&text), text, "{name}");
        }
    }
}

#[test]
fn every_program_of_ours_keeps_its_meaning_and_its_comments() {
    let mut sound = 0;
    for (name, text) in ["tests/samples", "examples", "src/std", "tests/format"].into_iter().flat_map(programs) {
        assert!(keeps_everything(&name, &text), "{name}");
        // The same words in one line as far as the language has it, and torn apart where it has not.
        sound += usize::from(keeps_everything(&name, &text.replace("\n  |>", " |>").replace("=\n", "= ")));
        sound += usize::from(keeps_everything(&name, &text.replace(", ", "\n,\n\n").replace(" + ", " +\n ")));
        sound += usize::from(keeps_everything(&name, &text.replace(", ", ",  # a comma\n# and more\n")));
    }
    for (name, text) in programs("tests/check") {
        let begins = |line: &str| line.starts_with("#! ") && line[3..].starts_with(|it: char| it.is_alphabetic());
        let lines: Vec<&str> = text.lines().collect();
        for case in lines.chunk_by(|_, line| !begins(line)) {
            let case: Vec<&str> = case.iter().copied().filter(|it| !it.starts_with("#!")).collect();
            sound += usize::from(keeps_everything(&name, &case.join("\n")));
        }
    }
    for (code, page) in PAGES {
        for (order, block) in page.split("```").enumerate().filter(|it| it.0 % 2 == 1) {
            let text = block.split_once('\n').map_or("", |it| it.1);
            sound += usize::from(keeps_everything(&format!("{code}, block {order}"), text));
        }
    }
    assert!(sound > 200, "{sound}");
}

/// Texts that somebody might put into a program, on purpose or not.
const STRAY: [&str; 30] = [
    "\n",
    "\n",
    "\n\n\n",
    " ",
    "      ",
    "\t",
    "\u{A0}",
    "\r\n",
    "\r",
    "  # c\n",
    "\n# own\n",
    "\n## doc\n",
    " # c\n ; ## d\n",
    ";",
    ",",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "-",
    "+",
    "|>",
    "|",
    "x",
    "'",
    "\"",
    "損",
    "1",
];

fn mutate(text: &mut String, u: &mut Unstructured) -> Result<()> {
    let mut at = u.choose_index(text.len() + 1)?;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let next = |wanted: fn(char) -> bool| text[at..].find(wanted).map(|it| at + it);
    match u.int_in_range(0..=4)? {
        0 => text.insert_str(at, u.choose(&STRAY)?),
        1 => {
            let at = next(char::is_whitespace).unwrap_or(at);
            text.insert_str(at, u.choose(&STRAY)?);
        }
        2 => {
            let end = text[at..].chars().next().map_or(at, |it| at + it.len_utf8());
            text.replace_range(at..end, "");
        }
        3 => {
            if let Some(space) = next(|it| it == ' ') {
                text.replace_range(space..space + 1, "");
            }
        }
        _ => {
            if let Some(end) = next(|it| it == '\n') {
                text.replace_range(end..end + 1, " ");
            }
        }
    }
    Ok(())
}

#[test]
fn whatever_happens_to_a_program_that_stays_one_its_layout_keeps_it() {
    let texts: Vec<String> = ["tests/samples", "examples", "src/std", "tests/format"]
        .into_iter()
        .flat_map(programs)
        .map(|it| it.1)
        .collect();
    // The same mutations every time; another seed tries others.
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut sound = 0;
    for case in 0..600 {
        let mut bytes = [0; 64];
        random.fill_bytes(&mut bytes);
        let mut u = Unstructured::new(&bytes);
        let mut text = u.choose(&texts).expect("texts").clone();
        for _ in 0..u.int_in_range(1..=4).expect("a number") {
            mutate(&mut text, &mut u).expect("bytes or zeros");
        }
        sound += usize::from(keeps_everything(&format!("mutation {case}"), &text));
    }
    assert!(sound > 60, "{sound}");
}

/// The layout of a file, of which no line is longer than it must be.
fn layout_of(name: &str) -> String {
    let layout = formatted(&std::fs::read_to_string(path(name)).expect("a text"));
    for line in layout.lines() {
        let code = line.split("  #").next().expect("a part");
        assert!(code.width() <= 120, "{line}");
    }
    layout
}

#[test]
fn an_ugly_program_becomes_a_canonical_one() {
    insta::assert_snapshot!(layout_of("tests/format/ugly.dlm"));
}

#[test]
fn long_lines_are_broken_at_their_loosest_places() {
    insta::assert_snapshot!(layout_of("tests/format/long.dlm"));
}

/// A text, and its layout.
fn check(text: &str, wanted: &str) {
    assert_eq!(formatted(text), wanted);
    assert_eq!(formatted(wanted), wanted);
}

#[test]
fn line_ends_byte_marks_and_blank_lines_are_ours() {
    check("", "");
    check(" \n\t\n", "");
    check("dlm 1", "dlm 1\n");
    check("\u{FEFF}dlm   1\n", "dlm 1\n");
    check("# only\n\n\n\n# words  ", "# only\n\n# words\n");
    check("dlm 1\r\n\r\n\r\n\r\nlet a=1 # one\r\n", "dlm 1\r\n\r\nlet a = 1  # one\r\n");
    check("dlm 1\rlet a = 1", "dlm 1\nlet a = 1\n");
    check("fn f(x) {\n\n\tx\n\n}\n", "fn f(x) {\n  x\n}\n");
    check("fn f(x) { y=x;y }", "fn f(x) {\n  y = x\n  y\n}\n");
    check("## What it does.\n\nfn f(x)=x", "## What it does.\nfn f(x) = x\n");
    check("# A title.\n\nfn f(x)=x", "# A title.\n\nfn f(x) = x\n");
}

#[test]
fn a_string_keeps_every_byte() {
    check("let a=\"\"\"\r\n   b  \n\t c\"\"\"\n", "let a = \"\"\"\r\n   b  \n\t c\"\"\"\n");
    check("let a=\"  b # no comment; \" # one", "let a = \"  b # no comment; \"  # one\n");
}

#[test]
fn units_stand_as_people_write_them() {
    check("let a = [3epochs,10 %,0.1 x,1 epoch,16  kHz]", "let a = [3 epochs, 10%, 0.1x, 1 epoch, 16kHz]\n");
}

#[test]
fn words_stay_what_they_are() {
    // `3 steps.x` would be a number and a name.
    check("let a = 3 steps . x", "let a = 3 steps. x\n");
    check("let a = - -b^-2-c.d [ 1 ] ( 2 ) '", "let a = --b^-2 - c.d[1](2)'\n");
    check("data d{source : table{\n|>| b |\n}}", "data d {\n  source: table {\n    | > | b |\n  }\n}\n");
}

#[test]
fn columns_are_those_of_the_screen() {
    let text = "data d {\n  source: table {\n    | 名 | y |\n    | abc | 1.5 |\n    | 損失 | 10 |\n  }\n}\n";
    let wanted = "data d {\n  source: table {\n    | 名   | y    |\n    | abc  |  1.5 |\n    | 損失 | 10   |\n  }\n}\n";
    check(text, wanted);
    check("fn f(x) {\n  損失 = x  # a\n  ab = x # b\n}", "fn f(x) {\n  損失 = x  # a\n  ab   = x  # b\n}\n");
}

#[test]
fn one_far_neighbour_does_not_move_the_others() {
    let text = "data d {\n  input  x: number = a\n  target y: class[\"one\", \"two\", \"three\"] = b\n}\n";
    check(text, text);
}

#[test]
fn what_is_hung_ends_with_a_comma_and_nothing_else_does() {
    check("let a = f(\n1,\n2\n)", "let a = f(\n  1,\n  2,\n)\n");
    check("let a = f(1,2,)", "let a = f(1, 2)\n");
    check("let a = f( # why\n1)", "let a = f(  # why\n  1\n)\n");
}

#[test]
fn long_programs_are_formatted_in_time_that_grows_with_their_length() {
    let list = format!("let a = [{}1]\n", "1, ".repeat(100_000));
    let layout = formatted(&list);
    assert!(layout.lines().all(|it| it.len() <= 120));
    assert_eq!(ink(&layout), ink(&list));
    let nested = format!("let a = {}1{}\n", "f(1, [".repeat(100), "])".repeat(100));
    assert_eq!(ink(&formatted(&nested)), ink(&nested));
}

/// Found by mutations: a separator between the lines of a documentation separates nothing.
#[test]
fn a_lone_separator_does_not_part_a_documentation() {
    check("dlm 1\n\n## a # c\n;\n## b\nlet x = 1\n", "dlm 1\n\n## a # c\n\n## b\nlet x = 1\n");
}
