//! The command line as a shell sees it: streams, exit codes, files. Each test runs the binary in a folder of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

mod bench;
mod ends;
mod files;
mod json;
mod look;
mod outside;
mod seeing;
mod signals;
mod tuning;

/// The binary that is tested.
pub const DLMC: &str = env!("CARGO_BIN_EXE_dlmc");

/// A folder to type commands in.
pub struct Shell {
    folder: tempfile::TempDir,
    env: Vec<(&'static str, &'static str)>,
}

/// What a command said, and how it ended: by its exit code, or 128 and the signal that ended it.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Shell {
    pub fn new() -> Shell {
        Shell { folder: tempfile::tempdir().expect("a folder"), env: vec![] }
    }

    /// A folder with `xor.dlm`, which trains in a moment.
    fn with_xor() -> Shell {
        let shell = Shell::new();
        shell.write("xor.dlm", XOR);
        shell
    }

    /// A folder with `iris.dlm`, its data, and what a short run of it wrote to `iris/`.
    fn with_iris() -> Shell {
        let shell = Shell::new();
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        for file in ["iris.dlm", "data/iris/iris.csv"] {
            shell.write(file, std::fs::read(examples.join(file)).expect("an example"));
        }
        let said = shell.run(&["run", "iris.dlm", "--set", "train.for=5 epochs", "--out", "iris", "--quiet"]);
        assert_eq!(said.code, 0, "{}", said.err);
        shell
    }

    fn env(self, name: &'static str, value: &'static str) -> Shell {
        let mut shell = self;
        shell.env.push((name, value));
        shell
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    pub fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// The files in the folder and what they hold, in order of their names.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let (mut found, mut open) = (vec![], vec![self.folder.path().to_owned()]);
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    found.push((path.clone(), std::fs::read(path).expect("a file")));
                }
            }
        }
        found.sort();
        found
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        command.env("DLMC_THREADS", "2");
        for name in ["NO_COLOR", "FORCE_COLOR", "DLMC_DATA", "DLMC_ISA", "COLUMNS"] {
            command.env_remove(name);
        }
        command.envs(self.env.iter().copied());
        command
    }

    pub fn run(&self, args: &[&str]) -> Said {
        self.feed(args, b"")
    }

    /// With these bytes on standard input.
    fn feed(&self, args: &[&str], input: &[u8]) -> Said {
        let mut command = self.command(DLMC);
        let command = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary");
        // A command that does not read its input closes it.
        _ = child.stdin.take().expect("piped").write_all(input);
        said(child.wait_with_output().expect("an end"))
    }

    /// What a shell does with these lines, in which `dlmc` is the binary.
    pub fn script(&self, lines: &str) -> Said {
        let bin = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink(DLMC, bin.path().join("dlmc")).expect("a link");
        let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").expect("a PATH"));
        said(self.command("sh").env("PATH", path).args(["-c", lines]).stdin(Stdio::null()).output().expect("a shell"))
    }
}

fn said(output: Output) -> Said {
    use std::os::unix::process::ExitStatusExt;
    let code = output.status.code().or(output.status.signal().map(|signal| 128 + signal)).expect("an end");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Said { code, out: text(output.stdout), err: text(output.stderr) }
}

/// The commands, as `dlmc --help` lists them.
pub fn commands() -> Vec<String> {
    let help = Shell::new().run(&["--help"]).out;
    let (_, list) = help.split_once("Commands:\n").expect("a list of commands");
    let names = list.lines().take_while(|line| line.starts_with("  ")).filter(|line| !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|&it| it != "help").map(String::from).collect()
}

/// A JSON object for each line of `text`.
fn objects(text: &str) -> Vec<Value> {
    let object = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(value.is_object(), "{line}");
        value
    };
    text.lines().map(object).collect()
}

/// The fields of an object, in their order.
fn fields(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

const XOR: &str = include_str!("../../examples/xor.dlm");

/// A program with three problems.
const BROKEN: &str = "let a = 1
let a = 2
layer f on x: f32[N] -> f32[N] = x |> dence(3)
train { for: 10 }
";
