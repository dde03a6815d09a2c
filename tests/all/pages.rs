//! The pages of the catalogue: each problem has one, and each shows what it says. What is wrong on a page gives its problem
//! and no other, what is right gives none.
//!
//! An example is a program (a block `dlm`, without a name) that is checked, and its data loaded down to the last row. Where
//! a problem shows only when a command is given, the example is a block `console`: its commands are given. Blocks with
//! ` file=NAME` are files beside the program.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dlmc::data::{self, Limits};
use dlmc::ide::Look;
use dlmc::ide::report;
use dlmc::problem::catalogue;
use dlmc::problem::pages::{PAGES, page};
use dlmc::session::container::{pack, unpack};
use dlmc::session::formulas::Formulas;
use dlmc::source::Memory;
use dlmc::tensor::Array;
use serde_json::{Map, Value};

use crate::cli::Shell;
use crate::data::arrays::{npy, npz};

#[test]
fn every_problem_has_a_page_and_every_page_a_problem() {
    let mut codes: Vec<&str> = catalogue().map(|entry| entry.code).collect();
    codes.sort();
    let pages: Vec<&str> = PAGES.iter().map(|(code, _)| *code).collect();
    assert_eq!(pages, codes);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/problem/pages");
    let entries = std::fs::read_dir(folder).expect("the folder of pages");
    let name =
        |entry: std::io::Result<std::fs::DirEntry>| entry.expect("an entry").path().file_stem().map(|it| it.to_owned());
    let mut files: Vec<String> = entries.filter_map(name).map(|name| name.into_string().expect("UTF-8")).collect();
    files.sort();
    assert_eq!(files, pages);
}

#[test]
fn every_page_explains_before_it_shows() {
    for (code, page) in PAGES {
        let (text, _) = page.split_once("\n## Wrong\n").unwrap_or_else(|| panic!("{code} shows nothing that is wrong"));
        let text =
            text.strip_prefix(&format!("# {code}\n")).unwrap_or_else(|| panic!("{code} does not begin with its name"));
        assert!(text.trim().len() > 120, "{code} explains little");
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{code} has a line that is too long");
    }
}

#[test]
fn every_page_shows_what_it_says() {
    let (next, complaints) = (AtomicUsize::new(0), Mutex::new(vec![]));
    // Some commands on the pages wait: more of them than there are cores.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(&(code, _)) = PAGES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(complaint) = verdict(code) {
                        complaints.lock().expect("no panic").push(format!("{code}: {complaint}"));
                    }
                }
            });
        }
    });
    let complaints = complaints.into_inner().expect("no panic");
    assert!(complaints.is_empty(), "{} pages:\n{}", complaints.len(), complaints.join("\n"));
}

fn verdict(code: &str) -> Result<(), String> {
    let page = page(code).expect("a page for every code");
    let (text, examples) = page.split_once("\n## Wrong\n").ok_or("no example")?;
    let words = text.strip_prefix(&format!("# {code}\n")).ok_or("another heading")?;
    if words.trim().len() <= 80 {
        return Err("hardly a word about it".into());
    }
    let (wrong, right) = examples.split_once("\n## Right\n").ok_or("nothing that is right")?;
    if SHOWN.contains(&(code, false)) {
        return Ok(());
    }
    let setup = SETUPS.iter().find(|(name, _)| *name == code).map(|(_, setup)| setup);
    let (wrong, right) = match setup {
        Some(setup) => (setup(true), setup(false)),
        None => (said(wrong), said(right)),
    };
    if wrong != [code] {
        return Err(format!("what is wrong gives {wrong:?}"));
    }
    if !right.is_empty() {
        return Err(format!("what is right gives {right:?}"));
    }
    Ok(())
}

/// What is said about an example: codes, each once.
fn said(text: &str) -> Vec<String> {
    let blocks = blocks(text);
    let console = blocks.iter().find(|block| block.kind == "console");
    let mut codes = match console {
        Some(console) => played(console.body, &blocks),
        None => checked(&blocks),
    };
    let mut seen = vec![];
    codes.retain(|code| {
        !seen.contains(code) && {
            seen.push(code.clone());
            true
        }
    });
    codes
}

// ------------------------------------------------------------------------------------------------ programs

/// A block of an example.
#[derive(Clone)]
pub struct Block<'a> {
    pub kind: &'a str,
    pub file: Option<&'a str>,
    pub body: &'a str,
}

pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let fences = text.split("\n```").skip(1).step_by(2);
    let blocks = fences.map(|fence| {
        let (head, body) = fence.split_once('\n').expect("a line for the kind of the block");
        let (kind, file) = head.split_once(" file=").map_or((head, None), |(kind, file)| (kind, Some(file)));
        Block { kind, file, body }
    });
    blocks.collect()
}

/// The files that stand beside a program: texts, and the pictures of a folder, of which the manual shows the names.
pub fn files<'b>(blocks: &'b [Block<'b>]) -> impl Iterator<Item = (String, Vec<u8>)> + 'b {
    let shown = blocks.iter().filter_map(|block| Some((block, block.file?)));
    shown.flat_map(|(block, file)| match block.kind {
        "weights" => vec![(file.to_string(), weights(block.body))],
        "sql" => vec![(file.to_string(), database(block.body))],
        "parquet" => vec![(file.to_string(), columns(block.body))],
        "arrays" => vec![(file.to_string(), arrays(block.body))],
        "pictures" => block.body.lines().map(|name| (format!("{file}/{name}"), portrait(name))).collect::<Vec<_>>(),
        _ => vec![(file.to_string(), format!("{}\n", block.body).into_bytes())],
    })
}

/// A file of safetensors, of whose tensors the manual shows the names, the types and the extents.
pub fn weights(lines: &str) -> Vec<u8> {
    let (mut header, mut data) = (Map::new(), vec![]);
    for line in lines.lines() {
        let mut words = line.split_whitespace();
        let (name, kind) = (words.next().expect("a name"), words.next().expect("a type"));
        let shape: Vec<usize> = words.map(|it| it.parse().expect("an extent")).collect();
        let start = data.len();
        // A variance is no less than 0.
        let less = if name.ends_with("var") { 0.0 } else { 0.5 };
        for at in 0..shape.iter().product::<usize>() {
            let number = (name.bytes().map(usize::from).sum::<usize>() * 31 + at * 17) % 101;
            match kind {
                "f32" => data.extend((number as f32 / 101.0 - less as f32).to_le_bytes()),
                "nan" => data.extend(f32::NAN.to_le_bytes()),
                "f64" => data.extend((number as f64 / 101.0 - less).to_le_bytes()),
                "i64" => data.extend((number as i64).to_le_bytes()),
                other => panic!("{other}"),
            }
        }
        let info = serde_json::json!({
            "dtype": if kind == "nan" { "F32".into() } else { kind.to_uppercase() }, "shape": shape, "data_offsets": [start, data.len()],
        });
        header.insert(name.to_string(), info);
    }
    let header = Value::Object(header).to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}

/// A database, of which the manual shows how it is made.
#[cfg(feature = "sqlite")]
pub fn database(sql: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("it.db");
    rusqlite::Connection::open(&file).and_then(|it| it.execute_batch(sql)).expect("a database");
    std::fs::read(file).expect("a file")
}

/// Nothing: this build reads none.
#[cfg(not(feature = "sqlite"))]
pub fn database(_sql: &str) -> Vec<u8> {
    vec![]
}

/// A file of Parquet, of whose columns the manual shows the numbers, separated by commas.
#[cfg(feature = "parquet")]
pub fn columns(rows: &str) -> Vec<u8> {
    use parquet::{data_type::DoubleType, file::writer::SerializedFileWriter, schema::parser::parse_message_type};
    let mut lines = rows.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = lines.next().expect("a heading");
    let rows: Vec<Vec<f64>> = lines.map(|row| row.iter().map(|it| it.parse().expect("a number")).collect()).collect();
    let fields: String = names.iter().map(|name| format!("required double {name}; ")).collect();
    let schema = parse_message_type(&format!("message rows {{ {fields} }}")).expect("a schema");
    let mut file = SerializedFileWriter::new(vec![], schema.into(), Default::default()).expect("memory");
    let mut group = file.next_row_group().expect("memory");
    for at in 0..names.len() {
        let values: Vec<f64> = rows.iter().map(|row| row[at]).collect();
        let mut column = group.next_column().expect("memory").expect("a column");
        column.typed::<DoubleType>().write_batch(&values, None, None).expect("memory");
        column.close().expect("memory");
    }
    group.close().expect("memory");
    file.into_inner().expect("memory")
}

/// Nothing: this build reads none.
#[cfg(not(feature = "parquet"))]
pub fn columns(_rows: &str) -> Vec<u8> {
    vec![]
}

/// What only builds with a feature can show, or only those without it, and whether this is one.
const SHOWN: &[(&str, bool)] = &[
    ("table-or-query", cfg!(feature = "sqlite")),
    ("table-missing", cfg!(feature = "sqlite")),
    ("sql-refused", cfg!(feature = "sqlite")),
    ("no-cells", cfg!(feature = "sqlite")),
    ("parquet-unreadable", cfg!(feature = "parquet")),
    ("source-left-out", !cfg!(feature = "sqlite")),
];

/// A file of NumPy, of whose arrays the manual shows the names, the types and the extents. Whole numbers are 0, 1, 2 and 0 again.
fn arrays(lines: &str) -> Vec<u8> {
    let members = lines.lines().map(|line| {
        let mut words = line.split_whitespace();
        let (name, kind) = (words.next().expect("a name"), words.next().expect("a type"));
        let extents: Vec<usize> = words.map(|it| it.parse().expect("an extent")).collect();
        let all = 0..extents.iter().product();
        let (descr, body): (_, Vec<u8>) = match kind {
            "f32" => ("<f4", all.flat_map(|at| ((at * 17 % 101) as f32 / 101.0).to_le_bytes()).collect()),
            "i64" => ("<i8", all.flat_map(|at| (at as i64 % 3).to_le_bytes()).collect()),
            other => panic!("{other}"),
        };
        (name.to_string(), npy(descr, false, &extents, &body))
    });
    npz(&members.collect::<Vec<_>>(), true)
}

/// A picture of 24 by 20 pixels, of whose colours its name decides.
fn portrait(name: &str) -> Vec<u8> {
    let seed: u32 = name.bytes().map(u32::from).sum();
    let colour = |x: u32, y: u32| image::Rgb([seed * (x + 3), seed + 7 * y, x * y + seed].map(|it| (it % 256) as u8));
    let picture = image::RgbImage::from_fn(24, 20, colour);
    let mut bytes = std::io::Cursor::new(vec![]);
    picture.write_to(&mut bytes, image::ImageFormat::Png).expect("memory");
    bytes.into_inner()
}

/// What is said about the program and its data, down to the last row.
pub fn checked(blocks: &[Block]) -> Vec<String> {
    let mut world = Memory::default();
    world.0.extend(files(blocks).map(|(name, content)| (name.into(), content)));
    let program =
        blocks.iter().find(|block| block.kind == "dlm" && block.file.is_none()).expect("a program, or commands");
    let report = report::look(&world, Path::new("main.dlm"), Some(program.body.into()), &[], Look::Rows);
    report.expect("the text is given").problems.iter().map(|it| it.code.to_string()).collect()
}

// ------------------------------------------------------------------------------------------------ commands

/// What is said when the commands are given.
fn played(console: &str, blocks: &[Block]) -> Vec<String> {
    let shell = Shell::new();
    for (name, content) in files(blocks) {
        shell.write(&name, content);
    }
    let commands: Vec<&str> = console.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    let said = shell.script(&format!("{}\nwait", commands.join("\n")));
    assert!(!said.err.contains("not found") && !said.err.contains("bug of dlmc"), "{console}\n{}", said.err);
    codes(&said.err)
}

/// The codes in brackets at the ends of headlines.
fn codes(text: &str) -> Vec<String> {
    let headlines = text.lines().filter(|line| line.starts_with("error: ") || line.starts_with("warning: "));
    let code = |line: &str| Some(line.strip_suffix(']')?.rsplit_once("  [")?.1.to_string());
    headlines.map(|line| code(line).unwrap_or_else(|| line.to_string())).collect()
}

// ------------------------------------------------------------------------------------------------ what no page can show

/// Makes what is wrong, or right, and tells what is said about it.
type Setup = fn(wrong: bool) -> Vec<String>;

/// Sizes and bytes for which there is no short command.
const SETUPS: &[(&str, Setup)] = &[
    ("artifact-library", |wrong| {
        evaluated(|document, _| {
            if wrong {
                document["program"]["library"] = "of another version".into();
            }
        })
    }),
    ("artifact-mismatch", |wrong| {
        evaluated(|_, tensors| {
            if wrong {
                tensors.pop();
            }
        })
    }),
    ("artifact-version", |wrong| {
        evaluated(|document, _| {
            if wrong {
                document["format"] = 1000.into();
            }
        })
    }),
    ("data-too-large", |wrong| {
        let world = Memory::default().with("sensors.csv", "volts,warm\n3,1\n4,2\n5,4\n");
        let text = PLAIN.replace("ROWS", "csv(\"sensors.csv\")");
        let report = report::check(&world, Path::new("main.dlm"), Some(text), &[]).expect("the text is given");
        let program = &report.checked.programs[0];
        let limits = if wrong { Limits { bytes: 20 } } else { Limits::default() };
        let loaded = data::load(&world, Path::new(""), &program.data, &mut Formulas(program), limits);
        let problems = loaded.map_or_else(|problems| problems, |dataset| dataset.warnings);
        problems.iter().map(|it| it.code.to_string()).collect()
    }),
    ("decodes-no-file", |wrong| {
        let formula = if wrong { "file |> scale |> decode" } else { "file |> decode |> scale" };
        pictured("pets", formula, Memory::default(), 4)
    }),
    ("folder-missing", |wrong| {
        pictured(if wrong { "petz" } else { "pets" }, "file |> decode |> scale", Memory::default(), 4)
    }),
    ("folder-unreadable", |wrong| {
        let shell = Shell::new();
        shell.write("it.dlm", pictures_of("pets", "file |> decode |> scale"));
        for (path, bytes) in with_pictures(Memory::default(), 4).0 {
            let path = shell.path(path.to_str().expect("plain"));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, bytes).expect("a file");
        }
        // A name that is no text.
        if wrong {
            use std::os::unix::ffi::OsStrExt;
            let name = std::ffi::OsStr::from_bytes(b"\xFF.png");
            std::fs::write(shell.path("pets/cats").join(name), b"").expect("a file");
        }
        codes(&shell.run(&["check", "it.dlm"]).err)
    }),
    ("objective-not-finite", |wrong| {
        // It is told of a trial, not of the search.
        let (bad, good) = page("objective-not-finite").and_then(|it| it.split_once("## Right")).expect("two examples");
        let shell = Shell::new();
        shell.write("it.dlm", blocks(if wrong { bad } else { good })[0].body);
        let told = shell.run(&["tune", "it.dlm", "--json"]).out;
        let events = told.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let mut codes: Vec<String> =
            events.filter_map(|it| Some(it["problem"]["code"].as_str()?.to_string())).collect();
        codes.dedup();
        codes
    }),
    ("picture-size", |wrong| pictured("pets", "file |> decode |> scale", Memory::default(), if wrong { 5 } else { 4 })),
    ("picture-step-late", |wrong| {
        let steps = if wrong { "scale |> resize(4px, 4px)" } else { "resize(4px, 4px) |> scale" };
        pictured("pets", &format!("file |> decode |> {steps}"), Memory::default(), 4)
    }),
    ("pictures-unreadable", |wrong| {
        let world = Memory::default();
        let world = if wrong { world.with("pets/cats/notes.txt", "meow") } else { world };
        pictured("pets", "file |> decode |> scale", world, 4)
    }),
];

/// A program on pictures of 4 by 4 pixels in a folder.
fn pictures_of(folder: &str, formula: &str) -> String {
    format!(
        "data pets {{ source: image_folder({folder:?}); input photo: image[4, 4, 3] = {formula}; target kind: class[2] = folder }}
model look on photo: image[4, 4, 3] -> logits[2] = photo |> flatten |> dense(2)
train {{ model: look; data: pets; loss: cross_entropy; optimizer: adam; batch: 2; for: 3 epochs }}"
    )
}

/// Two folders with a picture each, of which the second is `side` pixels wide and high.
fn with_pictures(mut world: Memory, side: u32) -> Memory {
    for (path, side) in [("pets/cats/1.png", 4), ("pets/dogs/1.png", side)] {
        let mut bytes = std::io::Cursor::new(vec![]);
        let image = image::RgbImage::from_fn(side, side, |j, i| image::Rgb([(9 * i + j) as u8; 3]));
        image.write_to(&mut bytes, image::ImageFormat::Png).expect("in memory");
        world.0.insert(path.into(), bytes.into_inner());
    }
    world
}

/// What is said about it, down to the last picture.
fn pictured(folder: &str, formula: &str, world: Memory, side: u32) -> Vec<String> {
    let text = pictures_of(folder, formula);
    let report = report::look(&with_pictures(world, side), Path::new("main.dlm"), Some(text), &[], Look::Rows);
    report.expect("the text is given").problems.iter().map(|it| it.code.to_string()).collect()
}

const PLAIN: &str = "
data sensors { source: ROWS; input volts: number; target warm: number }
model wire on volts: number -> number = volts |> dense(1)
train { model: wire; data: sensors; loss: mae; optimizer: adam; for: 3 epochs }
";

/// What `dlmc eval` says of an artifact that was changed behind its back.
fn evaluated(change: impl Fn(&mut Map<String, Value>, &mut Vec<(String, Array)>)) -> Vec<String> {
    let shell = Shell::new();
    shell.write("it.dlm", PLAIN.replace("ROWS", "table {\n| volts | warm |\n| 3 | 1 |\n| 4 | 2 |\n}\n"));
    assert_eq!(shell.run(&["run", "it.dlm", "--out", "it", "--quiet"]).code, 0);
    let mut container = unpack(&shell.read("it/model.dlmx")).expect("what dlmc wrote");
    change(&mut container.document, &mut container.tensors);
    let views: Vec<(String, &Array)> = container.tensors.iter().map(|(name, array)| (name.clone(), array)).collect();
    shell.write("it/model.dlmx", pack(container.document, &views));
    codes(&shell.run(&["eval", "it/model.dlmx", "--split", "train"]).err)
}
