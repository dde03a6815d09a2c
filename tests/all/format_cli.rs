//! `dlmc fmt` as the shell sees it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What a command said, and how it ended.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

fn fmt(folder: &Path, arguments: &[&str], input: &str) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dlmc"))
        .arg("fmt")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary is built");
    // It may refuse its arguments without reading a word.
    _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ended { code: output.status.code().expect("an exit code"), out: text(output.stdout), err: text(output.stderr) }
}

const UGLY: &str = "let   a=1\n";
const NEAT: &str = "let a = 1\n";
const BROKEN: &str = "let a = (1\nlet b  =  2\n";

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn text(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).expect("a file")
}

#[test]
fn files_are_written_where_they_change() {
    let folder = folder(&[("ugly.dlm", UGLY), ("neat.dlm", NEAT)]);
    let before = fs::metadata(folder.path().join("neat.dlm")).expect("a file").modified().expect("a time");
    let ended = fmt(folder.path(), &["ugly.dlm", "neat.dlm"], "");
    assert_eq!((ended.code, ended.out.as_str()), (0, ""));
    assert_eq!(ended.err, "formatted ugly.dlm\n1 file formatted, 1 file unchanged\n");
    assert_eq!(text(&folder, "ugly.dlm"), NEAT);
    let after = fs::metadata(folder.path().join("neat.dlm")).expect("a file").modified().expect("a time");
    assert_eq!(before, after);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
}

#[test]
fn check_names_what_would_change_and_changes_nothing() {
    let folder = folder(&[("ugly.dlm", UGLY), ("neat.dlm", NEAT)]);
    let ended = fmt(folder.path(), &["--check", "ugly.dlm", "neat.dlm"], "");
    assert_eq!((ended.code, ended.out.as_str()), (1, "ugly.dlm\n"));
    assert_eq!(ended.err, "1 file would change, 1 file unchanged\n");
    assert_eq!(text(&folder, "ugly.dlm"), UGLY);
    let ended = fmt(folder.path(), &["--check", "neat.dlm"], "");
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (0, "", "1 file unchanged\n"));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let folder = folder(&[]);
    let ended = fmt(folder.path(), &["-"], UGLY);
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (0, NEAT, ""));
    let ended = fmt(folder.path(), &["-", "--check", "--stdin-filename", "x.dlm"], UGLY);
    assert_eq!((ended.code, ended.out.as_str()), (1, "x.dlm\n"));
    let ended = fmt(folder.path(), &["-", "--stdin-filename", "x.dlm"], BROKEN);
    assert_eq!((ended.code, ended.out.as_str()), (1, ""));
    assert!(ended.err.contains("never closed") && ended.err.contains("x.dlm"), "{}", ended.err);
}

#[test]
fn a_program_with_mistakes_is_left_alone_and_the_others_are_not() {
    let folder = folder(&[("broken.dlm", BROKEN), ("ugly.dlm", UGLY)]);
    let ended = fmt(folder.path(), &["broken.dlm", "ugly.dlm"], "");
    assert_eq!((ended.code, ended.out.as_str()), (1, ""));
    assert!(ended.err.contains("bracket-not-closed"), "{}", ended.err);
    assert!(ended.err.ends_with("formatted ugly.dlm\n1 error\n1 file formatted\n"), "{}", ended.err);
    assert_eq!((text(&folder, "broken.dlm").as_str(), text(&folder, "ugly.dlm").as_str()), (BROKEN, NEAT));
}

#[test]
fn what_cannot_be_read_is_said_and_the_others_are_formatted() {
    let folder = folder(&[("ugly.dlm", UGLY)]);
    fs::write(folder.path().join("bytes.dlm"), b"let a = \xff\n").expect("a file");
    let ended = fmt(folder.path(), &["uglier.dlm", "bytes.dlm", "ugly.dlm"], "");
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("`uglier.dlm` cannot be read: there is no such file"), "{}", ended.err);
    assert!(ended.err.contains("`bytes.dlm` cannot be read: it is not UTF-8 text"), "{}", ended.err);
    assert_eq!(text(&folder, "ugly.dlm"), NEAT);
    assert_eq!(fmt(folder.path(), &[], "").code, 2);
}

#[test]
fn a_folder_stands_for_all_programs_in_it() {
    let files = [("a.dlm", UGLY), ("b/c.dlm", UGLY), ("b/notes.txt", UGLY), (".hidden/d.dlm", UGLY), ("e.dlm", NEAT)];
    let folder = folder(&files);
    let ended = fmt(folder.path(), &["--check", "."], "");
    assert_eq!((ended.code, ended.out.replace('\\', "/").as_str()), (1, "./a.dlm\n./b/c.dlm\n"));
    let ended = fmt(folder.path(), &["."], "");
    assert!(ended.err.ends_with("2 files formatted, 1 file unchanged\n"), "{}", ended.err);
    let texts = files.map(|(name, _)| text(&folder, name));
    assert_eq!(texts, [NEAT, NEAT, UGLY, UGLY, NEAT]);
}

#[test]
fn json_has_an_object_for_each_file() {
    let folder = folder(&[("broken.dlm", BROKEN), ("ugly.dlm", UGLY)]);
    let ended = fmt(folder.path(), &["--json", "ugly.dlm", "broken.dlm", "missing.dlm"], "");
    assert_eq!((ended.code, ended.err.as_str()), (2, ""));
    let objects: Vec<Value> = ended.out.lines().map(|it| serde_json::from_str(it).expect("JSON")).collect();
    let facts = |it: &Value| {
        (it["file"].as_str().map(str::to_owned), it["changed"].as_bool(), it["problems"][0]["code"].clone())
    };
    let facts: Vec<_> = objects.iter().map(facts).collect();
    assert_eq!(facts[0], (Some("ugly.dlm".into()), Some(true), Value::Null));
    assert_eq!(facts[1], (Some("broken.dlm".into()), Some(false), "bracket-not-closed".into()));
    assert_eq!(facts[2], (Some("missing.dlm".into()), Some(false), "unreadable-file".into()));
    assert_eq!(facts.len(), 3);
    let ended = fmt(folder.path(), &["--json", "-"], UGLY);
    let object: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!((object["text"].as_str(), object["changed"].as_bool()), (Some(NEAT), Some(true)));
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder(&[("real/ugly.dlm", UGLY)]);
    let real = folder.path().join("real/ugly.dlm");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o751)).expect("ours");
    symlink("real/ugly.dlm", folder.path().join("link.dlm")).expect("a link");
    let ended = fmt(folder.path(), &["link.dlm"], "");
    assert_eq!((ended.code, ended.err.as_str()), (0, "formatted link.dlm\n1 file formatted\n"));
    assert!(fs::symlink_metadata(folder.path().join("link.dlm")).expect("a link").is_symlink());
    assert_eq!(fs::metadata(&real).expect("a file").permissions().mode() & 0o7777, 0o751);
    assert_eq!(text(&folder, "real/ugly.dlm"), NEAT);
    assert_eq!(fs::read_dir(folder.path().join("real")).expect("a folder").count(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_written_is_not_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("ugly.dlm", UGLY)]);
    let path = folder.path().join("ugly.dlm");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("ours");
    if fs::OpenOptions::new().append(true).open(&path).is_ok() {
        // Nothing is forbidden to the administrator.
        return;
    }
    let ended = fmt(folder.path(), &["ugly.dlm"], "");
    assert_eq!(ended.code, 3);
    assert!(ended.err.contains("`ugly.dlm` cannot be written"), "{}", ended.err);
    assert_eq!(text(&folder, "ugly.dlm"), UGLY);
}
