//! The pages of the family: what is wrong on a page gives its problem alone, what is right gives none.

use std::path::Path;

use dlmc::data::{self, Limits};
use dlmc::ide::report;
use dlmc::problem::data::ENTRIES;
use dlmc::problem::pages::page;
use dlmc::session::formulas::Formulas;
use dlmc::source::Memory;

/// The codes of what is said about the first program in `text` and its data, down to the last row; `None` where there is
/// no program.
fn said(text: &str) -> Option<Vec<&'static str>> {
    let (mut world, mut program) = (Memory::default(), None);
    for fence in text.split("\n```").skip(1).step_by(2) {
        let (head, body) = fence.split_once('\n').expect("a line for the kind of the block");
        match head.split_once(" file=") {
            Some((_, file)) => _ = world.0.insert(file.into(), format!("{body}\n").into_bytes()),
            None if head == "dlm" => program = Some(body.to_string()),
            None => {}
        }
    }
    let path = Path::new("plants.dlm");
    let report = report::check(&world, path, Some(program?), &[]).expect("the text is given");
    let mut codes: Vec<&str> = report.problems.iter().map(|it| it.code).collect();
    for program in &report.checked.programs {
        let loaded = data::load(&world, "".as_ref(), &program.data, &mut Formulas(program), Limits::default());
        let more = loaded.map_or_else(|problems| problems, |dataset| dataset.warnings);
        codes.extend(more.iter().map(|it| it.code).filter(|code| !codes.contains(code)).collect::<Vec<_>>());
    }
    Some(codes)
}

/// What no text in a page can show: bytes, sizes, the file that is to be predicted.
const TOLD_ONLY: [&str; 5] = ["data-too-large", "input-columns", "input-format", "not-utf8", "row-counts"];

#[test]
fn pages_about_data_show_what_they_say() {
    let mut wrong = vec![];
    for entry in ENTRIES {
        let page = page(entry.code).unwrap_or_else(|| panic!("{} has no page", entry.code));
        let (text, examples) = page.split_once("\n## Wrong\n").expect("an example");
        let (bad, good) = examples.split_once("\n## Right\n").expect("what is right");
        assert!(
            text.strip_prefix(&format!("# {}\n", entry.code)).is_some_and(|it| it.trim().len() > 80),
            "{}",
            entry.code
        );
        match (said(bad), said(good)) {
            (None, None) if TOLD_ONLY.contains(&entry.code) => {}
            (Some(bad), Some(good)) if bad == [entry.code] && good.is_empty() => {}
            (bad, good) => wrong.push(format!("{}: wrong gives {bad:?}, right gives {good:?}", entry.code)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
