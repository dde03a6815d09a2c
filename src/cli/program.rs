//! Programs as the command line names them: files, standard input, and settings from `--set`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Exit, Stop, Terminal, crash};
use crate::compile::{self, Checked, Override, TunePlan};
use crate::ide::{self, Look, Report};
use crate::problem::command::{UnreadableFile, UnwritableFile, reason};
use crate::problem::training::{NothingToRun, UnknownTrain, WhichTrain};
use crate::problem::tuning::{NothingToTune, UnknownTune, Untuned, WhichTune};
use crate::problem::{Problem, Severity};
use crate::session::Trained;
use crate::source::{Disk, Entry, Near, Span, World, nearest};

/// The settings that take the place of the file's own.
#[derive(clap::Args)]
pub struct Overrides {
    /// Another value for a setting: `--set optimizer.lr=0.01`, `--set train.for="3 epochs"`
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = setting)]
    set: Vec<Override>,
    /// Short for --set train.seed=N
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl Overrides {
    pub fn all(&self) -> Vec<Override> {
        let seed = self.seed.map(|seed| Override { path: "train.seed".into(), value: seed.to_string() });
        self.set.iter().cloned().chain(seed).collect()
    }
}

fn setting(text: &str) -> Result<Override, String> {
    let (path, value) = text.split_once('=').ok_or("write a setting's path, `=` and its value")?;
    Ok(Override { path: path.trim().into(), value: value.trim().into() })
}

/// A program that was named.
pub struct Opened {
    pub path: PathBuf,
    /// Where it came from standard input.
    pub text: Option<String>,
}

impl Opened {
    /// To which the paths in the program are relative.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// Reads standard input where the program is `-`; a file is read by whoever checks it.
pub fn open(file: &Path, stdin_name: Option<&Path>) -> Result<Opened, Stop> {
    if file != Path::new("-") {
        return Ok(Opened { path: file.to_owned(), text: None });
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(|error| unreadable(Path::new("standard input"), &error))?;
    Ok(Opened { path: stdin_name.unwrap_or(Path::new("<stdin>")).to_owned(), text: Some(text) })
}

/// Everything that can be said about a program.
pub fn report(opened: &Opened, overrides: &[Override], at_data: Look) -> Result<Report, Stop> {
    crash::during("checking", Some(&opened.path));
    ide::look(&Disk::of_environment(), &opened.path, opened.text.clone(), overrides, at_data)
        .map_err(|error| unreadable(&opened.path, &error))
}

/// The program checked, its problems shown. Stops if one of them is an error.
pub fn sound(opened: &Opened, overrides: &[Override], terminal: &Terminal) -> Result<Checked, Stop> {
    let report = report(opened, overrides, Look::Glance)?;
    let problems = terminal.judge(report.with(&terminal.warn));
    problems.iter().for_each(|problem| terminal.problem(&report.checked.sources, problem));
    if problems.iter().any(|it| it.severity == Severity::Error) {
        terminal.sum(&problems);
        return Err(Stop::Told(Exit::Problems));
    }
    Ok(report.checked)
}

/// The same without a look at the data, which may not be there.
pub fn without_data(opened: &Opened, overrides: &[Override], terminal: &Terminal) -> Result<Checked, Stop> {
    crash::during("checking", Some(&opened.path));
    let checked = compile::check(&Disk::of_environment(), &opened.path, opened.text.clone(), overrides)
        .map_err(|error| unreadable(&opened.path, &error))?;
    let problems = terminal.judge(checked.problems.clone());
    let errors: Vec<Problem> = problems.into_iter().filter(|it| it.severity == Severity::Error).collect();
    errors.iter().for_each(|problem| terminal.problem(&checked.sources, problem));
    match errors.is_empty() {
        true => Ok(checked),
        false => {
            terminal.sum(&errors);
            Err(Stop::Told(Exit::Problems))
        }
    }
}

/// The artifact that was named, and what there is to know before one relies on it.
pub fn trained(artifact: &Path, terminal: &Terminal) -> Result<Trained, Stop> {
    let trained = Trained::read(artifact).map_err(Stop::Failure)?;
    let warnings = terminal.judge(trained.warnings.clone());
    warnings.iter().for_each(|warning| terminal.problem(&trained.checked.sources, warning));
    match warnings.iter().any(|it| it.severity == Severity::Error) {
        true => Err(Stop::Told(Exit::Problems)),
        false => Ok(trained),
    }
}

/// The experiment that was asked for, or the only one.
pub fn choose(checked: &Checked, name: Option<&str>) -> Result<usize, Stop> {
    let names: Vec<String> = checked.programs.iter().filter_map(|program| program.name.clone()).collect();
    let stop =
        |problem| Stop::Problem { exit: Exit::Problems, sources: checked.sources.clone(), problem: Box::new(problem) };
    let Some(first) = checked.programs.first() else {
        let end = checked.sources[checked.file].text.len();
        return Err(stop(NothingToRun { at: Span::new(checked.file, end, end) }.into()));
    };
    let at = first.train.span;
    match name {
        None if checked.programs.len() == 1 => Ok(0),
        None => Err(stop(WhichTrain { names, at }.into())),
        Some(name) => checked
            .programs
            .iter()
            .position(|program| program.name.as_deref() == Some(name))
            .ok_or_else(|| stop(UnknownTrain { name: name.into(), names, at }.into())),
    }
}

/// Checks searches beside overrides, which [`sound`] leaves to those who want to search. Stops if something is wrong.
pub fn sound_searches(opened: &Opened, checked: &Checked, set: &[Override], terminal: &Terminal) -> Result<(), Stop> {
    if set.is_empty() {
        return Ok(());
    }
    let mut problems = checked.of_searches.clone();
    problems.extend(compile::at_the_ends(&Disk::of_environment(), &opened.path, checked, set));
    let problems = terminal.judge(problems);
    problems.iter().for_each(|problem| terminal.problem(&checked.sources, problem));
    match problems.iter().any(|it| it.severity == Severity::Error) {
        true => {
            terminal.sum(&problems);
            Err(Stop::Told(Exit::Problems))
        }
        false => Ok(()),
    }
}

/// The search that was asked for, or the only one; and which experiment it is over.
pub fn choose_search<'c>(checked: &'c Checked, name: Option<&str>) -> Result<(&'c TunePlan, usize), Stop> {
    let names: Vec<String> = checked.tunes.iter().filter_map(|plan| plan.name.clone()).collect();
    let stop =
        |problem| Stop::Problem { exit: Exit::Problems, sources: checked.sources.clone(), problem: Box::new(problem) };
    let Some(first) = checked.tunes.first() else {
        let end = checked.sources[checked.file].text.len();
        let at = Span::new(checked.file, end, end);
        return Err(stop(NothingToTune { what: Untuned::NoBlock, at }.into()));
    };
    let at = first.span;
    let plan = match name {
        None if checked.tunes.len() == 1 => first,
        None => return Err(stop(WhichTune { names, at }.into())),
        Some(name) => {
            let plan = checked.tunes.iter().find(|plan| plan.name.as_deref() == Some(name));
            plan.ok_or_else(|| stop(UnknownTune { name: name.into(), names, at }.into()))?
        }
    };
    let program = checked.programs.iter().position(|it| it.name == plan.train);
    Ok((plan, program.expect("a search that is sound is over an experiment that is")))
}

/// That a file cannot be read, and which one may have been meant.
pub fn unreadable(path: &Path, error: &io::Error) -> Stop {
    let near = (error.kind() == io::ErrorKind::NotFound).then(|| neighbour(path)).flatten();
    let path = path.display().to_string();
    Stop::because(Exit::Usage, UnreadableFile { path, reason: reason(error), near })
}

/// A file in the same folder with a name like that.
fn neighbour(path: &Path) -> Option<Near> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let names: Vec<String> = entries.filter_map(|it| it.ok()?.file_name().into_string().ok()).collect();
    let near = nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(folder.map_or(near.clone(), |folder| Near::likely(&folder.join(&*near).display().to_string())))
}

/// That a file cannot be written.
pub fn unwritable(path: &Path, error: &io::Error) -> Stop {
    Stop::because(Exit::Failed, UnwritableFile { path: path.display().to_string(), reason: reason(error) })
}

/// The disk, with standard input as one more file.
pub struct Input {
    disk: Disk,
    stdin: Option<Vec<u8>>,
}

/// Under this name the rows of standard input are read.
const STDIN_ROWS: &str = "<stdin>.csv";

/// Where to read rows that were named, and their names there.
pub fn input(paths: &[PathBuf]) -> Result<(Input, Vec<&Path>), Stop> {
    let mut input = Input { disk: Disk::of_environment(), stdin: None };
    let is_stdin = |path: &PathBuf| *path == Path::new("-");
    if paths.iter().any(is_stdin) {
        let mut bytes = vec![];
        io::stdin().read_to_end(&mut bytes).map_err(|error| unreadable(Path::new("standard input"), &error))?;
        input.stdin = Some(bytes);
    }
    let name = |path| if is_stdin(path) { Path::new(STDIN_ROWS) } else { path.as_path() };
    Ok((input, paths.iter().map(name).collect()))
}

impl Input {
    fn rows(&self, path: &Path) -> Option<&Vec<u8>> {
        self.stdin.as_ref().filter(|_| path == Path::new(STDIN_ROWS))
    }
}

impl World for Input {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.disk.read(path)
    }
    fn size(&self, path: &Path) -> Option<u64> {
        self.rows(path).map_or_else(|| self.disk.size(path), |rows| Some(rows.len() as u64))
    }
    fn head(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        self.rows(path).map_or_else(|| self.disk.head(path, limit), |rows| Ok(rows[..limit.min(rows.len())].to_vec()))
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn io::Read + Send>> {
        self.rows(path).map_or_else(|| self.disk.open(path), |rows| Ok(Box::new(io::Cursor::new(rows.clone()))))
    }
    fn data_root(&self) -> Option<PathBuf> {
        self.disk.data_root()
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        self.disk.list(folder)
    }
}
