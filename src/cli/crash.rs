//! What is said when dlmc itself is wrong: that it is our bug, where in the house, and what to send.

use std::backtrace::Backtrace;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::json;

use crate::data::foreign::FOREIGN;

/// What dlmc was busy with, for the report.
static BUSY: Mutex<Busy> = Mutex::new(Busy { stage: "reading the command line", program: None });

struct Busy {
    stage: &'static str,
    program: Option<PathBuf>,
}

/// Says what comes next, and with which program.
pub fn during(stage: &'static str, program: Option<&Path>) {
    let mut busy = BUSY.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    busy.stage = stage;
    if let Some(program) = program {
        busy.program = Some(program.to_owned());
    }
}

/// From here on a panic is reported as a bug of dlmc. The exit code is Rust's own: 101.
pub fn watch() {
    std::panic::set_hook(Box::new(report));
}

fn report(panic: &PanicHookInfo) {
    // There whoever asked is told.
    if std::thread::current().name() == Some(FOREIGN) {
        return;
    }
    let busy = BUSY.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let message = panic.payload_as_str().unwrap_or("a panic without words");
    let place = panic.location().map_or("an unknown place".into(), |at| format!("{}:{}", at.file(), at.line()));
    let file = std::env::temp_dir().join(format!("dlmc-bug-{}.json", std::process::id()));
    let report = json!({
        "dlmc": env!("CARGO_PKG_VERSION"),
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "command": std::env::args().collect::<Vec<_>>(),
        "stage": busy.stage,
        "place": place,
        "message": message,
        "program": busy.program.as_ref().and_then(|path| std::fs::read_to_string(path).ok()),
        "backtrace": Backtrace::force_capture().to_string(),
    });
    let saved = std::fs::write(&file, format!("{report:#}\n"));

    let mut err = std::io::stderr().lock();
    let mut say = |line: &str| _ = writeln!(err, "{line}");
    say("");
    say("error: this is a bug of dlmc, not of your program");
    say(&format!("  while {}, at {place}:", busy.stage));
    message.lines().for_each(|line| say(&format!("    {line}")));
    match saved {
        Ok(()) => {
            say(&format!("  help: please send {} to the authors of dlmc;", file.display()));
            say("        it holds the command, the program's text and where in dlmc it happened, no data");
        }
        Err(_) => say("  help: please send these lines and your .dlm file to the authors of dlmc"),
    }
}
