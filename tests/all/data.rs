//! Data blocks: from the text of a program and its files to arrays, or to the problems that people read.

use std::path::Path;

use dlmc::compile;
use dlmc::data::{self, DataFacts, Dataset, Fitter, Limits};
use dlmc::model::program::DataPlan;
use dlmc::problem::{Problem, Severity};
use dlmc::source::{Memory, Sources};
use dlmc::tensor::Array;

pub mod arrays;
mod batches;
mod cells;
#[cfg(feature = "sqlite")]
mod databases;
mod examples;
mod facts;
mod input;
#[cfg(feature = "parquet")]
mod parquet;
mod problems;
mod sequences;
mod sources;
mod splits;

/// A data block with the rest of a program around it, and the files that it reads.
pub struct Block {
    /// All of the program.
    #[cfg(feature = "parquet")]
    pub text: String,
    pub plan: DataPlan,
    pub sources: Sources,
    pub world: Memory,
}

impl Block {
    /// `block` is what stands between the braces of `data`.
    pub fn new(block: &str, files: &[(&str, &[u8])]) -> Block {
        let text = program(block);
        let mut world = Memory::default();
        for (path, bytes) in files {
            world.0.insert(path.into(), bytes.to_vec());
        }
        let mut checked = compile::check(&world, Path::new("test.dlm"), Some(text.clone()), &[]).expect("given");
        let errors: Vec<&Problem> = checked.problems.iter().filter(|it| it.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{text}\n{errors:#?}");
        let plan = checked.programs.remove(0).data;
        Block {
            #[cfg(feature = "parquet")]
            text,
            plan,
            sources: checked.sources,
            world,
        }
    }

    pub fn inspect(&self) -> (DataFacts, Vec<Problem>) {
        data::inspect(&self.world, Path::new(""), &self.plan)
    }

    /// Loads a block none of whose fields fits anything.
    pub fn load(&self) -> Result<Dataset, Vec<Problem>> {
        self.load_with(&mut Means(0))
    }

    pub fn load_with(&self, fitter: &mut dyn Fitter) -> Result<Dataset, Vec<Problem>> {
        data::load(&self.world, Path::new(""), &self.plan, fitter, Limits::default())
    }

    /// All problems, those of a look first.
    pub fn problems(&self) -> Vec<Problem> {
        let (_, mut problems) = self.inspect();
        match self.load() {
            Ok(dataset) => problems.extend(dataset.warnings),
            Err(more) => problems.extend(more.into_iter().filter(|it| !problems.contains(it)).collect::<Vec<_>>()),
        }
        problems
    }

    /// Problems as a person reads them, more or less.
    pub fn told(&self, problems: &[Problem]) -> String {
        let mut told = String::new();
        for problem in problems {
            let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
            told += &format!("{severity}: {} [{}]\n", problem.message, problem.code);
            for label in &problem.labels {
                let (line, _) = self.sources[label.span.file].place(label.span.start);
                let text = self.sources.text(label.span).lines().next().unwrap_or("").to_string();
                told += &format!("  {line}: `{}` {}\n", text.trim(), label.text);
            }
            problem.notes.iter().for_each(|note| told += &format!("  note: {note}\n"));
            problem.help.iter().for_each(|help| told += &format!("  help: {help}\n"));
        }
        told
    }
}

/// A model that reads every input and predicts the one target of `block`.
fn program(block: &str) -> String {
    let field = |line: &str, role: &str| -> Option<(String, String)> {
        let (name, rest) = line.trim().strip_prefix(role)?.split_once(':')?;
        let ty = rest.split('=').next()?.split('#').next()?.trim();
        Some((name.trim().into(), ty.into()))
    };
    let (mut inputs, mut parts) = (vec![], vec![]);
    let mut output = ("f32[1]".to_string(), "mse", "1".to_string());
    for line in block.lines() {
        if let Some((name, ty)) = field(line, "input ") {
            let class = ty.starts_with("class") || ty.starts_with("ordinal");
            let (set, tokens) = (ty.starts_with("set"), ty.starts_with("tokens"));
            let optional = if ty.ends_with('?') { "?" } else { "" };
            inputs.push(if class {
                format!("{name}: class[K{}]{optional}", inputs.len())
            } else if set {
                format!("{name}: set[S{}]", inputs.len())
            } else if tokens {
                format!("{name}: tokens[T{0}, V{0}]", inputs.len())
            } else {
                format!("{name}: {ty}")
            });
            parts.push(match () {
                _ if class => format!("({name} |> embed(2) as {name}_rows)"),
                _ if tokens => format!("({name} |> embed(2) as {name}_rows |> flatten)"),
                _ if ty.starts_with("image") || ty.starts_with("f32[2, ") => format!("({name} |> flatten)"),
                _ if ty == "number?" => format!("where(present({name}), {name}, 0)"),
                _ => name,
            });
        }
        match field(line, "target ") {
            Some((_, ty)) if ty.starts_with("binary") => output = ("logit".into(), "binary_cross_entropy", "1".into()),
            Some((_, ty)) if ty.starts_with("class") => output = ("logits[K]".into(), "cross_entropy", "K".into()),
            Some((_, ty)) if ty.starts_with("ordinal") => output = ("logit[K - 1]".into(), "coral", "K - 1".into()),
            Some((_, ty)) if ty.starts_with("set") => {
                output = ("logit[K]".into(), "binary_cross_entropy", "K".into());
            }
            Some((_, ty)) if ty.starts_with("f32") => {
                let size = ty.trim_start_matches("f32[").trim_end_matches(']').to_string();
                output = (ty, "mse", size);
            }
            _ => {}
        }
    }
    let joined = if parts.len() == 1 { parts[0].clone() } else { format!("concat({})", parts.join(", ")) };
    let (result, loss, outputs) = output;
    format!(
        "dlm 1\n\ndata rows {{\n{block}\n}}\n\n\
         model net on ({}) -> {result} {{\n  {joined} |> dense(3, tanh) as hidden |> dense({outputs}) as out\n}}\n\n\
         train {{\n  model: net\n  data: rows\n  loss: {loss}\n  optimizer: sgd(lr: 0.1)\n  batch: 2\n  for: 1 epochs\n}}\n",
        inputs.join(", ")
    )
}

/// Stands for the formulas of all fields: fits as many means of the training rows as it is told to, takes the first away,
/// and puts the columns side by side.
pub struct Means(pub usize);

impl Fitter for Means {
    fn fit(&mut self, _field: usize, columns: &[Array]) -> Vec<Array> {
        let floats = columns[0].floats();
        let mean = floats.iter().sum::<f32>() / floats.len() as f32;
        vec![Array::f32(&[], vec![mean]); self.0]
    }

    fn encode(&mut self, _field: usize, fits: &[Array], columns: &[Array]) -> Array {
        let mean = fits.first().map_or(0.0, |fit| fit.floats()[0]);
        let rows = columns[0].shape[0];
        let mut data = vec![];
        for row in 0..rows {
            for column in columns {
                let width = column.size() / rows;
                data.extend(column.floats()[row * width..(row + 1) * width].iter().map(|it| it - mean));
            }
        }
        Array::f32(&[rows, data.len() / rows], data)
    }

    fn encode_first(&mut self, _: usize, _: &[Array], _: &[Array]) -> Array {
        unreachable!("no field is augmented")
    }

    fn encode_rest(&mut self, _: usize, _: &[Array], _: &Array) -> Array {
        unreachable!("no field is augmented")
    }

    fn decode(&mut self, _field: usize, fits: &[Array], values: &Array) -> Array {
        let mean = fits.first().map_or(0.0, |fit| fit.floats()[0]);
        Array::f32(&values.shape, values.floats().iter().map(|it| it + mean).collect())
    }
}
