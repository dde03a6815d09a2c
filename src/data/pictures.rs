//! Pictures: from the bytes of a PNG or JPEG file to pixels of the size and the channels that a field declares.

use std::io::Cursor;
use std::sync::Arc;

use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, RgbImage};

use super::Work;
use super::cells::Values;
use super::decoded::Decoded;
use super::files::Files;
use super::frame::Frame;
use super::selected;
use crate::model::program::{ColumnPlan, FieldPlan, PictureStep};
use crate::problem::Problem;
use crate::problem::data::{DataTooLarge, PictureSize, PicturesUnreadable, Shown};

/// The largest side of a picture, in pixels, and the most bytes that decoding may take: what is larger is no picture but a
/// trap.
const LARGEST: (u32, u64) = (32_768, 1 << 30);

/// Why a file gives no pixels.
#[derive(Clone, PartialEq, Debug)]
pub enum Bad {
    Unreadable(String),
    /// It has another height and width than declared.
    Size([usize; 2]),
}

/// The files that a column names, decoded. Those that cannot be read are one problem, those of another size another.
pub fn read(
    field: &FieldPlan,
    plan: &ColumnPlan,
    steps: &[PictureStep],
    frame: &Frame,
    place: usize,
    files: Files,
) -> Result<Values, Vec<Problem>> {
    let shape: [usize; 3] = plan.shape[..].try_into().expect("height, width and channels");
    let size: usize = shape.iter().product();
    if (frame.rows as u64).saturating_mul(size as u64) > files.limits.bytes {
        let (what, limit) = (format!("the file {:?}", frame.shown), files.limits.bytes);
        return Err(vec![DataTooLarge { what, limit, at: Some(plan.span) }.into()]);
    }
    let paths: Vec<Option<&str>> = (0..frame.rows).map(|row| frame.column(place).cell(row, 0).text()).collect();
    let kept = Decoded::of(files, &paths, &format!("{steps:?} {shape:?}"));
    if let Some(data) = kept.as_ref().and_then(|kept| kept.recall(frame.rows * size)) {
        return Ok(Values::Bytes { shape: plan.shape.clone(), data: Arc::new(data), of_frame: false });
    }
    let mut data = vec![0; frame.rows * size];
    let mut bad: Vec<(usize, Bad)> = vec![];
    let rows: Vec<usize> = (0..frame.rows).collect();
    let pixels = |files: Files, &row: &usize| {
        let content = content(frame, place, row, files).map_err(Bad::Unreadable)?;
        decode(&content, steps, shape)
    };
    let read = files.side_by_side(Work::Pictures, &rows, pixels, |row, found| match found {
        Ok(found) => data[row * size..(row + 1) * size].copy_from_slice(&found),
        Err(why) => bad.push((row, why)),
    });
    if read.is_none() {
        return Err(vec![]);
    }
    if bad.is_empty() {
        if let Some(kept) = kept {
            kept.keep(&data);
        }
        return Ok(Values::Bytes { shape: plan.shape.clone(), data: Arc::new(data), of_frame: false });
    }
    let (mut unreadable, mut odd) = (vec![], vec![]);
    for (row, why) in bad {
        let name = frame.column(place).cell(row, 0).text().unwrap_or_default();
        match why {
            Bad::Unreadable(why) => unreadable.push(format!("{name}: {why}")),
            Bad::Size([height, width]) => odd.push(format!("{name}: {height} × {width}")),
        }
    }
    let first = |all: &[String]| all[..all.len().min(Shown::MOST)].to_vec();
    let (column, shown_as, rows) = (selected(plan), frame.shown.clone(), frame.rows);
    let (at, ty_at, wanted) = (plan.span, field.ty_span, [shape[0], shape[1]]);
    let mut problems: Vec<Problem> = vec![];
    if !unreadable.is_empty() {
        let (files, count) = (first(&unreadable), unreadable.len());
        let (column, shown) = (column.clone(), shown_as.clone());
        problems.push(PicturesUnreadable { column, shown, files, count, rows, at }.into());
    }
    if !odd.is_empty() {
        let (files, count) = (first(&odd), odd.len());
        problems.push(PictureSize { column, shown: shown_as, files, count, rows, wanted, at, ty_at }.into());
    }
    Err(problems)
}

/// The bytes of the file that a cell names.
fn content(frame: &Frame, place: usize, row: usize, files: Files) -> Result<Vec<u8>, String> {
    let cell = frame.column(place).cell(row, 0);
    let Some(path) = cell.text().filter(|path| !path.is_empty()) else { return Err("no file is named".into()) };
    let found = files.find(path, None).map_err(|_| "it is not there".to_string())?;
    files.read(found).map(|content| content.bytes).map_err(|problem| problem.message)
}

/// The pixels of a picture, row by row, each with its channels side by side.
pub fn decode(bytes: &[u8], steps: &[PictureStep], shape: [usize; 3]) -> Result<Vec<u8>, Bad> {
    let unreadable = |why: ImageError| Bad::Unreadable(said(&why));
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut reader = reader.map_err(|why| Bad::Unreadable(why.to_string()))?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return Err(Bad::Unreadable("it is neither PNG nor JPEG".into()));
    }
    let mut limits = image::Limits::no_limits();
    (limits.max_image_width, limits.max_image_height) = (Some(LARGEST.0), Some(LARGEST.0));
    limits.max_alloc = Some(LARGEST.1);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    image.apply_orientation(orientation);
    let pixels = match shape[2] {
        1 => {
            let grey = match image {
                DynamicImage::ImageLuma8(grey) => grey,
                image if !image.color().has_color() => image.into_luma8(),
                image => luma(&image.into_rgb8()),
            };
            stepped(grey, steps)
        }
        3 => stepped(image.into_rgb8(), steps),
        _ => stepped(image.into_rgba8(), steps),
    };
    let (height, width, pixels) = pixels;
    if [height, width] == shape[..2] { Ok(pixels) } else { Err(Bad::Size([height, width])) }
}

/// What the decoder says, without its own frame.
fn said(why: &ImageError) -> String {
    match why {
        ImageError::Limits(_) => format!("it is larger than {} pixels a side, or than memory is given for", LARGEST.0),
        ImageError::Decoding(why) => {
            std::error::Error::source(why).map_or_else(|| why.to_string(), |it| it.to_string())
        }
        why => why.to_string(),
    }
}

/// Lightness by the eye, the shares of BT.601 in sixteen bits.
fn luma(image: &RgbImage) -> image::GrayImage {
    let light = |pixel: &image::Rgb<u8>| {
        let [red, green, blue] = pixel.0.map(u32::from);
        ((red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16) as u8
    };
    let pixels = image.pixels().map(light).collect();
    image::GrayImage::from_raw(image.width(), image.height(), pixels).expect("as many pixels")
}

/// The picture after the steps: its height, its width, its pixels.
fn stepped<P>(mut image: image::ImageBuffer<P, Vec<u8>>, steps: &[PictureStep]) -> (usize, usize, Vec<u8>)
where
    P: image::Pixel<Subpixel = u8> + 'static,
{
    for step in steps {
        let (width, height) = image.dimensions();
        match *step {
            PictureStep::Resize([high, wide]) => image = resized(&image, high as u32, wide as u32),
            PictureStep::Short(short) => {
                // The longer side keeps its proportion, rounded down.
                let long = |side: u32| (short as u64 * u64::from(side) / u64::from(width.min(height).max(1))) as u32;
                image = resized(&image, long(height).max(1), long(width).max(1));
            }
            PictureStep::CenterCrop([high, wide]) => {
                let (high, wide) = ((high as u32).min(height), (wide as u32).min(width));
                let (top, left) = (half(height - high), half(width - wide));
                image = imageops::crop_imm(&image, left, top, wide, high).to_image();
            }
        }
    }
    let (width, height) = image.dimensions();
    (height as usize, width as usize, image.into_raw())
}

/// By triangles that are as wide as a new pixel: every old pixel counts.
fn resized<P>(image: &image::ImageBuffer<P, Vec<u8>>, height: u32, width: u32) -> image::ImageBuffer<P, Vec<u8>>
where
    P: image::Pixel<Subpixel = u8> + 'static,
{
    if image.dimensions() == (width, height) {
        return image.clone();
    }
    imageops::resize(image, width, height, FilterType::Triangle)
}

/// Half of a margin; of an odd one the even neighbour of its half, as torchvision has it.
fn half(margin: u32) -> u32 {
    let floor = margin / 2;
    floor + (margin % 2) * (floor % 2)
}
