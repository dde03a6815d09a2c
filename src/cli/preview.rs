//! `dlmc preview`: a sheet of images as training sees them.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::program::unwritable;
use super::terminal::Format;
use super::{Exit, Overrides, Stop, Terminal, crash, program};
use crate::data::{self, Limits};
use crate::problem::command::{FileExists, NothingToPreview};
use crate::session::folder::write_whole;
use crate::session::formulas::Formulas;
use crate::session::preview::{Samples, samples};
use crate::session::{Cause, Failure};
use crate::source::Disk;
use crate::tensor::Array;

/// Draw a sheet of images as training sees them: each example as it is, then varied
#[derive(clap::Args)]
pub struct Args {
    /// The program; `-` is standard input
    file: PathBuf,
    /// Which of its `train` blocks, where there are several
    train: Option<String>,
    #[command(flatten)]
    overrides: Overrides,
    /// Where to draw [default: the program's name with `.png`, here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the sheet if it is there already
    #[arg(long)]
    force: bool,
    /// Examples on the sheet
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    examples: u32,
    /// How often each is varied
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    times: u32,
    /// The name to show for standard input, and the folder to look in for what it names
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let opened = program::open(&self.file, self.stdin_filename.as_deref())?;
        let checked = program::sound(&opened, &self.overrides.all(), terminal)?;
        let chosen = program::choose(&checked, self.train.as_deref())?;
        crash::during("drawing a preview", Some(&opened.path));
        let stem = opened.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let out = self.out.unwrap_or_else(|| format!("{stem}.png").into());
        if out.exists() && !self.force {
            let facts = FileExists { path: out.display().to_string(), replaceable: true };
            return Err(Stop::because(Exit::Usage, facts));
        }
        let program = &checked.programs[chosen];
        let fail =
            |problems| Stop::Failure(Failure { cause: Cause::Program, problems, sources: checked.sources.clone() });
        let is_image = |field: &usize| Layout::of(program.data.fields[*field].step_shape()).is_some();
        if !program.varied_fields().iter().any(is_image) {
            return Err(fail(vec![NothingToPreview { at: program.train.span }.into()]));
        }
        let loaded = data::load(
            &Disk::of_environment().starting_programs(terminal.commands),
            opened.folder(),
            &program.data,
            &mut Formulas(program),
            Limits::default(),
        )
        .map_err(fail)?;
        let samples = samples(program, &loaded, self.examples as usize, self.times);
        let samples: Vec<&Samples> = samples.iter().filter(|it| Layout::of(&it.plain.shape[1..]).is_some()).collect();
        let bytes = sheet(&samples).encoded();
        // A bare name stands in the folder `.`.
        write_whole(&Path::new(".").join(&out), &bytes).map_err(|error| unwritable(&out, &error))?;
        let path = out.display().to_string();
        let fields: Vec<&str> = samples.iter().map(|it| &*it.field).collect();
        let examples = samples.first().map_or(0, |it| it.plain.shape[0]);
        match terminal.format {
            Format::Json => {
                let facts = json!({ "file": path, "fields": fields, "examples": examples, "times": self.times });
                terminal.data(&format!("{facts}\n"))?;
            }
            _ => {
                terminal.data(&format!("{path}\n"))?;
                let of = fields.join(" and ");
                terminal.talk(&format!(
                    "{examples} examples of {of}, a row each: as it is, then as {} steps see it\n",
                    self.times
                ));
            }
        }
        Ok(Exit::Fine)
    }
}

/// Pixels between images, and between what is and what is varied.
const GAP: usize = 4;
/// Small images are drawn larger, by a whole number, up to about so many pixels.
const SIZE: usize = 64;
const PAPER: [u8; 3] = [30, 30, 34];

/// A picture in red, green and blue, row by row.
struct Sheet {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Sheet {
    fn encoded(&self) -> Vec<u8> {
        let mut bytes = vec![];
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().expect("a sheet has a size");
        writer.write_image_data(self.pixels.as_flattened()).expect("as many bytes as the sheet has");
        writer.finish().expect("memory");
        bytes
    }
}

/// How the numbers of an image lie.
#[derive(Clone, Copy)]
struct Layout {
    height: usize,
    width: usize,
    channels: usize,
}

impl Layout {
    /// Of rows, columns and channels; nothing else can be drawn.
    fn of(shape: &[usize]) -> Option<Layout> {
        match *shape {
            [height, width, channels] => Some(Layout { height, width, channels }),
            _ => None,
        }
    }

    fn zoom(self) -> usize {
        (SIZE / self.height.max(self.width)).max(1)
    }

    /// How large a cell of the sheet is.
    fn cell(self) -> [usize; 2] {
        [self.height * self.zoom() + GAP, self.width * self.zoom() + GAP]
    }
}

/// All samples: a row for each example of each field, beside each other its image and what becomes of it.
fn sheet(samples: &[&Samples]) -> Sheet {
    let layouts: Vec<Layout> =
        samples.iter().map(|it| Layout::of(&it.plain.shape[1..]).expect("only images are kept")).collect();
    let (examples, times) = (samples[0].plain.shape[0], samples[0].varied.len());
    let width = layouts.iter().map(|it| it.cell()[1] * (times + 1)).max().expect("an image") + 2 * GAP;
    let height: usize = layouts.iter().map(|it| it.cell()[0] * examples).sum::<usize>() + GAP;
    let mut sheet = Sheet { width, height, pixels: vec![PAPER; width * height] };
    let mut top = GAP;
    for example in 0..examples {
        for (samples, layout) in samples.iter().zip(&layouts) {
            for (column, array) in std::iter::once(&samples.plain).chain(&samples.varied).enumerate() {
                let left = GAP + column * layout.cell()[1] + if column > 0 { GAP } else { 0 };
                draw(&mut sheet, [top, left], *layout, array, example);
            }
            top += layout.cell()[0];
        }
    }
    sheet
}

/// One channel is grey, three are red, green and blue; of other numbers of channels the first is drawn.
fn draw(sheet: &mut Sheet, [top, left]: [usize; 2], layout: Layout, array: &Array, example: usize) {
    let Layout { height, width, channels } = layout;
    let zoom = layout.zoom();
    let pixels = &array.floats()[example * height * width * channels..];
    for i in 0..height * zoom {
        for j in 0..width * zoom {
            let pixel = &pixels[(i / zoom * width + j / zoom) * channels..];
            let shade = |channel: usize| (pixel[channel].clamp(0.0, 1.0) * 255.0).round() as u8;
            let color = if channels == 3 { [shade(0), shade(1), shade(2)] } else { [shade(0); 3] };
            sheet.pixels[(top + i) * sheet.width + left + j] = color;
        }
    }
}
