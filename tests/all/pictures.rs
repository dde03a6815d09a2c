//! Pictures in files: what is decoded, what is refused, and how a folder of them becomes rows.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dlmc::compile;
use dlmc::data::files::Files;
use dlmc::data::pictures::{Bad, decode};
use dlmc::data::{self, Dataset, Fitter, Limits, Watch, Work};
use dlmc::ide::{Look, look};
use dlmc::model::program::{PictureStep, Split};
use dlmc::problem::Problem;
use dlmc::session::formulas::Formulas;
use dlmc::source::{Entry, Memory, World};
use dlmc::tensor::Array;
use image::{DynamicImage, GrayImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba, RgbaImage};

use crate::check::render_all;
use crate::functions::Dice;

fn level(i: u32, j: u32, c: u32) -> u8 {
    ((37 * i * i + 101 * j + 53 * c + 11 * i * j) % 256) as u8
}

/// The picture that `tests/fixtures/pillow/make.py` makes.
fn picture(height: u32, width: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |j, i| Rgb([0, 1, 2].map(|c| level(i, j, c))))
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(vec![]);
    image.into().write_to(&mut bytes, format).expect("in memory");
    bytes.into_inner()
}

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    encoded(image, ImageFormat::Png)
}

#[test]
fn pixels_are_those_that_were_written() {
    let (height, width) = (5, 7);
    let image = picture(height, width);
    let shape = |channels| [5, 7, channels];
    assert_eq!(decode(&png(image.clone()), &[], shape(3)).expect("a picture"), image.as_raw()[..]);
    let grey = GrayImage::from_fn(width, height, |j, i| Luma([level(i, j, 0)]));
    assert_eq!(decode(&png(grey.clone()), &[], shape(1)).expect("a picture"), grey.as_raw()[..]);
    // Grey has the same of each colour; opacity is left away, or is full where it is wanted.
    let thrice: Vec<u8> = grey.as_raw().iter().flat_map(|&it| [it; 3]).collect();
    assert_eq!(decode(&png(grey), &[], shape(3)).expect("a picture"), thrice);
    let clear = RgbaImage::from_fn(width, height, |j, i| Rgba([level(i, j, 0), level(i, j, 1), level(i, j, 2), 9]));
    assert_eq!(decode(&png(clear.clone()), &[], shape(3)).expect("a picture"), image.as_raw()[..]);
    assert_eq!(decode(&png(clear.clone()), &[], shape(4)).expect("a picture"), clear.as_raw()[..]);
    let full: Vec<u8> = image.pixels().flat_map(|it| [it[0], it[1], it[2], 255]).collect();
    assert_eq!(decode(&png(image.clone()), &[], shape(4)).expect("a picture"), full);
    let veiled = ImageBuffer::from_fn(width, height, |j, i| LumaA([level(i, j, 0), 100]));
    let veiled = decode(&png(DynamicImage::ImageLumaA8(veiled)), &[], shape(1)).expect("a picture");
    assert!(veiled.iter().enumerate().all(|(at, &it)| it == level(at as u32 / width, at as u32 % width, 0)));
    // Of sixteen bits the upper eight, rounded.
    let deep = ImageBuffer::from_fn(width, height, |j, i| Luma([u16::from(level(i, j, 0)) * 257]));
    let deep = decode(&png(DynamicImage::ImageLuma16(deep)), &[], shape(1)).expect("a picture");
    assert!(deep.iter().enumerate().all(|(at, &it)| it == level(at as u32 / width, at as u32 % width, 0)));
    // JPEG loses something, but not much of what is smooth.
    let smooth = RgbImage::from_fn(32, 16, |j, i| Rgb([(8 * j) as u8, (16 * i) as u8, 128]));
    let found = decode(&encoded(smooth.clone(), ImageFormat::Jpeg), &[], [16, 32, 3]).expect("a picture");
    let worst = found.iter().zip(smooth.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(24), "{worst:?}");
}

/// A palette is a table of colours: this one is written byte by byte.
#[test]
fn colours_of_a_palette_are_looked_up() {
    let mut bytes = vec![];
    let mut encoder = png_encoder(&mut bytes, 3, 2);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(vec![255, 0, 0, 0, 255, 0, 7, 8, 9]);
    encoder.write_header().expect("in memory").write_image_data(&[0, 1, 2, 2, 1, 0]).expect("in memory");
    let found = decode(&bytes, &[], [2, 3, 3]).expect("a picture");
    assert_eq!(found, [255, 0, 0, 0, 255, 0, 7, 8, 9, 7, 8, 9, 0, 255, 0, 255, 0, 0]);
}

fn png_encoder(bytes: &mut Vec<u8>, width: u32, height: u32) -> png::Encoder<'_, &mut Vec<u8>> {
    png::Encoder::new(bytes, width, height)
}

/// A JPEG that says how the camera was held.
fn held(image: &RgbImage, orientation: u8) -> Vec<u8> {
    let plain = encoded(image.clone(), ImageFormat::Jpeg);
    // APP1, its length, `Exif`, a TIFF heading, and one entry: 0x0112, a short.
    let mut tag = vec![0xFF, 0xE1, 0, 34];
    tag.extend(b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    tag.extend([orientation, 0, 0, 0, 0, 0, 0]);
    [&plain[..2], &tag, &plain[2..]].concat()
}

#[test]
fn a_picture_stands_upright_however_the_camera_was_held() {
    // Black, but for a bright quarter at the upper left and a grey one at the upper right.
    let image = RgbImage::from_fn(32, 16, |j, i| {
        Rgb([if i >= 8 {
            0
        } else if j < 16 {
            250
        } else {
            120
        }; 3])
    });
    // How the TIFF standard numbers them: the place of a corner of what is shown, in what is stored.
    for orientation in 1..=8u8 {
        let turned = orientation >= 5;
        let (height, width) = if turned { (32, 16) } else { (16, 32) };
        let found = decode(&held(&image, orientation), &[], [height, width, 1]).expect("a picture");
        let bright = |i: usize, j: usize| match found[i * width + j] {
            200.. => 'b',
            60..200 => 'g',
            _ => '.',
        };
        let corners: String = [(2, 2), (2, width - 3), (height - 3, 2), (height - 3, width - 3)]
            .map(|(i, j)| bright(i, j))
            .into_iter()
            .collect();
        let wanted = ["bg..", "gb..", "..gb", "..bg", "b.g.", ".b.g", ".g.b", "g.b."][usize::from(orientation) - 1];
        assert_eq!(corners, wanted, "orientation {orientation}");
    }
}

#[test]
fn sizes_are_changed_as_pillow_does() {
    let text = include_str!("../fixtures/pillow/resized.json");
    let document: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let numbers = |it: &serde_json::Value| -> Vec<usize> {
        it.as_array().expect("a list").iter().map(|it| it.as_u64().expect("a whole number") as usize).collect()
    };
    let cases = document["cases"].as_array().expect("cases");
    assert!(cases.len() >= 30);
    for case in cases {
        let (from, to, wanted) = (numbers(&case["from"]), numbers(&case["to"]), numbers(&case["pixels"]));
        let words = case["steps"].as_str().expect("steps");
        let steps: Vec<PictureStep> = words.split(" |> ").map(step).collect();
        let bytes = png(picture(from[0] as u32, from[1] as u32));
        let found = decode(&bytes, &steps, to[..].try_into().expect("three")).expect("a picture");
        // Pillow rounds between the two directions, and so do we, a little otherwise.
        let worst = found.iter().zip(&wanted).map(|(&a, &b)| usize::from(a).abs_diff(b)).max();
        assert!(worst <= Some(1), "{from:?} {words} {to:?}: {worst:?}");
    }
}

fn step(words: &str) -> PictureStep {
    let (name, rest) = words.strip_suffix(')').and_then(|it| it.split_once('(')).expect("a call");
    let sides: Vec<usize> = rest.split(", ").filter_map(|it| it.strip_suffix("px")?.parse().ok()).collect();
    match (name, &sides[..]) {
        ("resize", &[high, wide]) => PictureStep::Resize([high, wide]),
        ("resize", &[short]) => PictureStep::Short(short),
        ("center_crop", &[high, wide]) => PictureStep::CenterCrop([high, wide]),
        ("center_crop", &[side]) => PictureStep::CenterCrop([side, side]),
        _ => panic!("{words}"),
    }
}

#[test]
fn what_is_no_picture_is_refused_and_so_is_a_trap() {
    let refused = |bytes: &[u8]| match decode(bytes, &[], [4, 4, 3]) {
        Err(Bad::Unreadable(why)) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(b"dear diary"), "it is neither PNG nor JPEG");
    assert_eq!(refused(b""), "it is neither PNG nor JPEG");
    let whole = png(picture(4, 4));
    assert!(!refused(&whole[..whole.len() / 2]).is_empty());
    assert_eq!(decode(&whole, &[], [4, 5, 3]), Err(Bad::Size([4, 4])));
    // A heading that asks for ten thousand million pixels, with a sum that is right.
    let mut trap = vec![];
    png_encoder(&mut trap, 100_000, 100_000).write_header().map(drop).unwrap_or_default();
    assert!(refused(&trap).starts_with("it is larger than"), "{}", refused(&trap));
    // Foreign bytes never bring it down.
    let sound = [png(picture(6, 5)), encoded(picture(16, 16), ImageFormat::Jpeg), held(&picture(16, 16), 6)];
    let mut dice = Dice::new(11);
    for round in 0..3000 {
        let mut bytes = sound[round % 3].clone();
        for _ in 0..dice.within(1, 6) {
            let at = dice.below(bytes.len().max(1));
            if bytes.is_empty() {
                break;
            }
            match dice.below(3) {
                0 => bytes[at] = dice.below(256) as u8,
                1 => _ = bytes.remove(at),
                _ => bytes.truncate(at.max(1)),
            }
        }
        _ = decode(&bytes, &[PictureStep::Short(3), PictureStep::CenterCrop([2, 2])], [2, 2, 3]);
    }
}

// ------------------------------------------------------------------------------------------------ folders, and columns of paths

pub fn text(source: &str, formula: &str) -> String {
    format!(
        "dlm 1
data pets {{
  source: {source}
  input  photo: image[4, 4, 3] = {formula}
  target kind:  class[2] = folder
}}
model look on photo: image[4, 4, 3] -> logits[2] {{ photo |> flatten |> dense(2) as out }}
train {{ model: look; data: pets; loss: cross_entropy; optimizer: sgd(lr: 0.1); for: 1 epoch; batch: 2 }}"
    )
}

/// Two folders with three pictures of 4 by 4 pixels each, of one grey each, and a hidden file.
fn pets() -> Memory {
    let mut world = Memory::default().with("pets/.hidden", "not a picture");
    for (folder, first) in [("cats", 10), ("dogs/old", 40)] {
        for at in 0..3u8 {
            let image = RgbImage::from_pixel(4, 4, Rgb([first + at; 3]));
            world.0.insert(format!("pets/{folder}/{at}.png").into(), png(image));
        }
    }
    world
}

#[track_caller]
fn loaded(world: &Memory, text: &str) -> Result<Dataset, Vec<Problem>> {
    let checked = compile::check(world, Path::new("it.dlm"), Some(text.to_string()), &[]).expect("in memory");
    assert!(checked.is_sound(), "{text}\n{}", render_all(&checked.problems, &checked.sources));
    let program = &checked.programs[0];
    data::load(world, Path::new(""), &program.data, &mut Formulas(program), Limits::default())
}

fn codes(world: &Memory, text: &str) -> Vec<(&'static str, String)> {
    let report = look(world, Path::new("it.dlm"), Some(text.to_string()), &[], Look::Rows).expect("in memory");
    report.problems.into_iter().map(|it| (it.code, it.message)).collect()
}

#[test]
fn a_folder_of_folders_is_rows_of_pictures_and_classes() {
    let dataset = loaded(&pets(), &text("image_folder(\"pets\")", "file |> decode |> scale"))
        .unwrap_or_else(|it| panic!("{it:#?}"));
    let part = dataset.part(Split::Train);
    assert_eq!(part.rows, 6);
    let photos = part.field(0).expect("read");
    assert_eq!(photos.shape, [6, 4, 4, 3]);
    let of = |at: usize| (photos.floats()[at * 48] * 255.0).round();
    // `scale` divides pixels by 255.
    assert_eq!((0..6).map(of).collect::<Vec<_>>(), [10.0, 11.0, 12.0, 40.0, 41.0, 42.0]);
    let classes = Array::i32(&[6], vec![0, 0, 0, 1, 1, 1]);
    assert_eq!(**part.fields[1].as_ref().expect("read"), classes);
    // What the pictures hold is what the data is, whatever they are called; and the other way round.
    let mut other = pets();
    let path = Path::new("pets/cats/0.png");
    other.0.insert(path.into(), png(RgbImage::from_pixel(4, 4, Rgb([99; 3]))));
    let program = text("image_folder(\"pets\")", "file |> decode |> scale");
    assert_ne!(loaded(&other, &program).expect("sound").fingerprint, dataset.fingerprint);
    assert_eq!(loaded(&pets(), &program).expect("sound").fingerprint, dataset.fingerprint);
}

/// Hears of the work, and has enough of it after so many words.
struct Listener {
    heard: RefCell<Vec<(Work, usize, usize)>>,
    patience: usize,
}

impl Watch for Listener {
    fn goes_on(&self, work: Work, done: usize, of: usize) -> bool {
        self.heard.borrow_mut().push((work, done, of));
        self.heard.borrow().len() < self.patience
    }
}

/// A folder with so many pictures of 4 by 4 pixels each, in two classes.
pub fn many(pictures: usize) -> Memory {
    let mut world = Memory::default();
    let grey = |level: u8| png(RgbImage::from_pixel(4, 4, Rgb([level; 3])));
    let levels: Vec<Vec<u8>> = (0..=255).map(grey).collect();
    for at in 0..pictures {
        let folder = ["cats", "dogs"][at % 2];
        world.0.insert(format!("pets/{folder}/{at:04}.png").into(), levels[at % 256].clone());
    }
    world
}

#[test]
fn whoever_waits_for_many_pictures_hears_how_many_there_are_and_may_end_it() {
    let (world, words) = (many(600), text("image_folder(\"pets\")", "file |> decode |> scale"));
    let checked = compile::check(&world, Path::new("it.dlm"), Some(words), &[]).expect("in memory");
    let program = &checked.programs[0];
    let load = |patience: usize| {
        let watch = Listener { heard: RefCell::default(), patience };
        let files = Files { watch: &watch, ..Files::new(&world, Path::new(""), Limits::default()) };
        let loaded = data::load_watched(files, &program.data, None, &mut Formulas(program));
        (loaded.map(|dataset| dataset.part(Split::Train).rows), watch.heard.take())
    };
    let told: Vec<(Work, usize, usize)> =
        [Work::Files, Work::Pictures].into_iter().flat_map(|work| [256, 512, 600].map(|it| (work, it, 600))).collect();
    assert_eq!(load(7), (Ok(600), told.clone()));
    for patience in 1..=6 {
        assert_eq!(load(patience), (Err(vec![]), told[..patience].to_vec()), "nothing is wrong with the pictures");
    }
}

#[test]
fn more_pixels_than_are_read_at_once_are_refused() {
    let text = text("image_folder(\"pets\")", "file |> decode |> scale");
    let world = pets();
    let checked = compile::check(&world, Path::new("it.dlm"), Some(text), &[]).expect("in memory");
    let program = &checked.programs[0];
    let within = |bytes: u64| {
        let limits = Limits { bytes };
        let loaded = data::load(&world, Path::new(""), &program.data, &mut Formulas(program), limits);
        loaded.map(|_| ()).map_err(|problems| problems.iter().map(|it| it.code).collect::<Vec<_>>())
    };
    assert_eq!(within(6 * 48), Ok(()));
    assert_eq!(within(6 * 48 - 1), Err(vec!["data-too-large"]));
}

/// Files with a time, which are counted when they are opened, and a place to keep bytes.
struct Keeping {
    files: Memory,
    time: u128,
    opened: AtomicUsize,
    kept: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl World for Keeping {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.files.read(path)
    }
    fn size(&self, path: &Path) -> Option<u64> {
        self.files.size(path)
    }
    fn head(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        self.files.head(path, limit)
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn io::Read + Send>> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.files.open(path)
    }
    fn data_root(&self) -> Option<PathBuf> {
        None
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        self.files.list(folder)
    }
    fn changed(&self, _path: &Path) -> Option<u128> {
        Some(self.time)
    }
    fn recall_bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.kept.lock().unwrap().get(name).cloned()
    }
    fn keep_bytes(&self, name: &str, pieces: &[&[u8]]) {
        self.kept.lock().unwrap().insert(name.into(), pieces.concat());
    }
}

#[test]
fn decoded_pictures_are_kept_until_their_files_or_their_size_change() {
    let mut world = Keeping { files: many(300), time: 1, opened: AtomicUsize::new(0), kept: Mutex::default() };
    let plain = text("image_folder(\"pets\")", "file |> decode |> scale");
    let load = |world: &Keeping, text: &str| {
        world.opened.store(0, Ordering::Relaxed);
        let checked = compile::check(&world.files, Path::new("it.dlm"), Some(text.into()), &[]).expect("in memory");
        let program = &checked.programs[0];
        let loaded = data::load(world, Path::new(""), &program.data, &mut Formulas(program), Limits::default());
        let dataset = loaded.unwrap_or_else(|it| panic!("{it:#?}"));
        let photos = dataset.part(Split::Train).field(0).expect("read").into_owned();
        (photos, dataset.fingerprint, world.opened.load(Ordering::Relaxed))
    };
    let (photos, fingerprint, opened) = load(&world, &plain);
    assert_eq!((opened, world.kept.lock().unwrap().len()), (600, 2), "to know what they are, and to decode them");
    assert_eq!(load(&world, &plain), (photos.clone(), fingerprint.clone(), 0));
    // Another formula of the same pixels is no reason to decode them again; another size is.
    assert_eq!(load(&world, &plain.replace("scale", "scale(-1 .. 1)")).2, 0);
    assert_eq!(load(&world, &plain.replace("decode", "decode |> resize(4px, 4px)")).2, 300);
    // What was cut off or damaged is not believed.
    let all = |change: fn(&mut Vec<u8>)| world.kept.lock().unwrap().values_mut().for_each(change);
    for change in
        [|it: &mut Vec<u8>| it.truncate(it.len() / 2), |it: &mut Vec<u8>| it[5] ^= 1, |it: &mut Vec<u8>| it.clear()]
    {
        all(change);
        assert_eq!(load(&world, &plain), (photos.clone(), fingerprint.clone(), 600));
        assert_eq!(load(&world, &plain).2, 0, "kept anew");
    }
    // A file that was written again is read again, of whatever size it is.
    world.time = 2;
    let path = Path::new("pets/cats/0000.png");
    let (old, new) = (world.files.0[path].clone(), world.files.0[Path::new("pets/dogs/0001.png")].clone());
    world.files.0.insert(path.into(), new.clone());
    let (changed, other, opened) = load(&world, &plain);
    assert_eq!((opened, changed.rows(&[0]) == photos.rows(&[0]), other == fingerprint), (600, false, false));
    assert_eq!(old.len(), new.len(), "its size is what it was");
}

/// A formula that sees each byte by itself is known from what it makes of 256 of them: pixels stay bytes, and a model reads the
/// same numbers. One that compares places is applied to all.
#[test]
fn pixels_stay_bytes_and_read_the_same_to_the_bit() {
    let mut world = Memory::default();
    let image = |at: u32| RgbImage::from_fn(4, 4, |j, i| Rgb([0, 1, 2].map(|c| level(i + 3 * at, j + at, c))));
    for at in 0..9 {
        world.0.insert(format!("pets/{}/{at}.png", ["cats", "dogs"][at as usize % 2]).into(), png(image(at)));
    }
    let column = |rows: &[usize]| {
        let order = [0, 2, 4, 6, 8, 1, 3, 5, 7];
        let bytes = rows.iter().flat_map(|&row| image(order[row]).into_raw()).map(f32::from);
        Array::f32(&[rows.len(), 4, 4, 3], bytes.collect())
    };
    for (formula, stays) in [
        ("file |> decode", true),
        ("file |> decode |> scale", true),
        ("file |> decode |> scale(-1 .. 1) |> standardize(per: channel)", true),
        ("file |> decode |> scale |> standardize", true),
        ("file |> decode |> scale |> darkest", false),
    ] {
        let declared = "\nencoder darkest on x: image[H, W, C] -> image[H, W, C] = x - mean(x)\n";
        let text =
            text("image_folder(\"pets\")", formula).replace("folder\n}", "folder\n  split: by_position(val: 3)\n}");
        let text = text + declared;
        let checked = compile::check(&world, Path::new("it.dlm"), Some(text.clone()), &[]).expect("in memory");
        assert!(checked.is_sound(), "{text}\n{}", render_all(&checked.problems, &checked.sources));
        let program = &checked.programs[0];
        let dataset = loaded(&world, &text).unwrap_or_else(|it| panic!("{it:#?}"));
        for (split, rows) in [(Split::Train, [0, 1, 2, 3, 4, 5].as_slice()), (Split::Val, &[6, 7, 8])] {
            let (part, column) = (dataset.part(split), column(rows));
            assert_eq!((part.pixels[0].is_some(), part.fields[0].is_none()), (stays, stays), "{formula}");
            let found = part.field(0).expect("read").into_owned();
            let expected = match program.data.fields[0].encoded {
                true => Formulas(program).encode(0, &dataset.fitted.fields[0].fits, &[column]),
                false => column,
            };
            let bits = |array: &Array| array.floats().iter().map(|it| it.to_bits()).collect::<Vec<_>>();
            assert_eq!((&found.shape, bits(&found)), (&expected.shape, bits(&expected)), "{formula}");
            assert_eq!(part.some_of(0, &[2, 0]), Some(found.rows(&[2, 0])), "{formula}");
            assert_eq!(part.among(&[1, 2]).field(0).expect("read").into_owned(), found.rows(&[1, 2]), "{formula}");
        }
    }
}

#[test]
fn a_table_may_name_its_pictures() {
    let world = pets().with("pets.csv", "file,folder\npets/cats/2.png,cat\npets/dogs/old/1.png,dog\n");
    let dataset = loaded(&world, &text("csv(\"pets.csv\")", "file |> decode |> resize(4px, 4px) |> scale"));
    let dataset = dataset.unwrap_or_else(|it| panic!("{it:#?}"));
    let photos = dataset.part(Split::Train).field(0).expect("read").into_owned();
    assert_eq!((photos.floats()[0], photos.floats()[48]), (12.0 / 255.0, 41.0 / 255.0));
}

#[test]
fn files_that_are_no_pictures_are_counted_and_named() {
    let program = text("image_folder(\"pets\")", "file |> decode |> scale");
    let mut world = pets().with("pets/cats/notes.txt", "meow");
    let one = "1 of 7 pictures of pets cannot be read: pets/cats/notes.txt: it is neither PNG nor JPEG";
    assert_eq!(codes(&world, &program), [("pictures-unreadable", one.to_string())]);
    for at in 0..5 {
        world = world.with(&format!("pets/cats/x{at}.png"), "");
    }
    world.0.insert("pets/dogs/large.png".into(), png(picture(9, 4)));
    let many = [
        ("pictures-unreadable", "6 of 13 pictures of pets cannot be read".to_string()),
        ("picture-size", "1 of 13 pictures of pets is not 4 × 4".to_string()),
    ];
    assert_eq!(codes(&world, &program), many);
    let lost = pets().with("pets.csv", "file,folder\npets/cats/7.png,cat\n,dog\n");
    let lost = codes(&lost, &text("csv(\"pets.csv\")", "file |> decode |> scale"));
    assert_eq!(lost, [("pictures-unreadable", "2 of 2 pictures of pets.csv cannot be read".to_string())]);
}

#[test]
fn steps_that_make_no_sense_are_told_where_they_stand() {
    for (formula, code) in [
        ("file |> decode |> scale |> resize(4px, 4px)", "picture-step-late"),
        ("file |> center_crop(4px) |> decode", "picture-step-late"),
        ("file |> scale |> decode", "decodes-no-file"),
        ("file |> decode |> resize(4px, side: long)", "unknown-name"),
        ("file |> decode |> resize(4px, side: short, filter: none)", "unknown-argument"),
        ("file |> decode |> resize(4deg)", "size-not-whole"),
        ("file |> decode |> resize", "input-count"),
        ("file |> decode |> resize(0px)", "size-out-of-range"),
    ] {
        let told = codes(&pets(), &text("image_folder(\"pets\")", formula));
        assert_eq!(told.iter().map(|it| it.0).collect::<Vec<_>>(), [code], "{formula} {told:?}");
    }
    let two = text("image_folder(\"pets\")", "file |> decode |> scale").replace("image[4, 4, 3]", "image[4, 4, 2]");
    assert_eq!(codes(&pets(), &two)[0].0, "decodes-no-file");
    let none = text("image_folder(\"petz\")", "file |> decode |> scale");
    assert_eq!(codes(&pets(), &none)[0].0, "folder-missing");
}

#[test]
fn predictions_are_made_of_a_picture_or_a_folder() {
    let shell = crate::cli::Shell::new();
    for (path, bytes) in pets().0 {
        let path = shell.path(path.to_str().expect("plain"));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }
    let program = text("image_folder(\"pets\")", "file |> decode |> scale");
    shell.write("it.dlm", program.replace("  target kind:", "  id name: text = file\n  target kind:"));
    let run = shell.run(&["run", "it.dlm", "--out", "it", "--quiet"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let predicted = |input: &str| -> Vec<String> {
        let run = shell.run(&["predict", "it/model.dlmx", input, "--format", "csv"]);
        assert_eq!(run.code, 0, "{}", run.err);
        run.out.lines().map(|line| line.split(',').next().unwrap_or_default().to_string()).collect()
    };
    assert_eq!(predicted("pets/cats/1.png"), ["name", "pets/cats/1.png"]);
    let all = ["name", "pets/cats/0.png", "pets/cats/1.png", "pets/cats/2.png"];
    assert_eq!(predicted("pets/cats"), all);
    // A person is shown the likeliest classes of each.
    let shown = shell.run(&["predict", "it/model.dlmx", "pets/cats/1.png", "pets/dogs"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    insta::assert_snapshot!("pictures_ranked", shown.out);
    let one = shell.run(&["predict", "it/model.dlmx", "pets/cats/1.png", "pets/dogs", "--top", "1"]);
    for (all, one) in shown.out.lines().zip(one.out.lines()).skip(1) {
        assert!(all.starts_with(one), "{one}\n{all}");
    }
    assert_eq!(shell.run(&["predict", "it/model.dlmx", "pets", "--top", "1", "--format", "csv"]).code, 2);
    let told = shell.run(&["predict", "it/model.dlmx", "pets/dogs", "--json"]);
    assert!(told.out.lines().all(|line| line.starts_with("{\"name\":\"pets/dogs/")), "{}", told.out);
    // Rows have one heading, so one file.
    let mixed = shell.run(&["predict", "it/model.dlmx", "pets/cats/1.png", "it.dlm"]);
    assert!(mixed.code == 1 && mixed.err.contains("[inputs-mixed]"), "{}", mixed.err);
    // Where no field holds the file, a column does.
    shell.write("plain.dlm", text("image_folder(\"pets\")", "file |> decode |> scale"));
    assert_eq!(shell.run(&["run", "plain.dlm", "--out", "plain", "--quiet"]).code, 0);
    let plain = shell.run(&["predict", "plain/model.dlmx", "pets/cats", "--format", "csv"]);
    let firsts: Vec<&str> = plain.out.lines().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(firsts, ["file", "pets/cats/0.png", "pets/cats/1.png", "pets/cats/2.png"]);
    let lost = shell.run(&["predict", "it/model.dlmx", "pets/cats/9.png"]);
    assert!(lost.code != 0 && lost.err.contains("[file-missing]"), "{}", lost.err);
    let eval = shell.run(&["eval", "it/model.dlmx", "pets"]);
    assert_eq!(eval.code, 0, "{}", eval.err);
}

/// What has been trained on an array of pixels reads them from a file as well.
#[test]
fn a_model_of_pixels_takes_pictures() {
    let shell = crate::cli::Shell::new();
    let read = |path: &str| std::fs::read(Path::new(crate::STAND_INS).join(path)).expect("a stand-in");
    for part in ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"] {
        let path = format!("mnist/{part}-ubyte.gz");
        shell.write(&path, read(&path));
    }
    shell.write("lenet.dlm", include_str!("../../examples/mnist_lenet.dlm"));
    let run = shell.run(&["run", "lenet.dlm", "--out", "it", "--quiet", "--set", "train.for=2 steps"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let images = "mnist/t10k-images-idx3-ubyte.gz";
    let mut bytes = vec![];
    io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&read(images)[..]), &mut bytes).expect("packed");
    let pixels = |at: usize| bytes[16 + 28 * 28 * at..][..28 * 28].to_vec();
    for at in 0..3 {
        let image = GrayImage::from_raw(28, 28, pixels(at)).expect("so many pixels");
        shell.write(&format!("digits/{at}.png"), png(image));
    }
    let rows = |input: &str| shell.run(&["predict", "it/model.dlmx", input, "--format", "csv"]).out;
    let (all, some) = (rows(images), rows("digits"));
    assert_eq!(some.lines().count(), 4, "{some}");
    for (at, (all, one)) in all.lines().zip(some.lines()).enumerate() {
        let file = if at == 0 { "file".into() } else { format!("digits/{}.png", at - 1) };
        assert_eq!(format!("{file},{all}"), one);
    }
    shell.write("digits/9.png", png(GrayImage::new(20, 28)));
    let wrong = shell.run(&["predict", "it/model.dlmx", "digits"]);
    assert!(wrong.code == 1 && wrong.err.contains("digits/9.png"), "{}", wrong.err);
}

/// The six files with `rows` rows each, of which pixel (i, j) of channel c of row r of file f is `(f + r + i + 2 j + 3 c) mod 256`.
fn cifar(rows: usize) -> Memory {
    let mut world = Memory::default();
    let names = (1..=5).map(|at| format!("data_batch_{at}.bin")).chain(["test_batch.bin".to_string()]);
    for (file, name) in names.enumerate() {
        let row = |r: usize| {
            let pixels = (0..3).flat_map(move |c| {
                (0..32).flat_map(move |i| (0..32).map(move |j| ((file + r + i + 2 * j + 3 * c) % 256) as u8))
            });
            std::iter::once((r % 10) as u8).chain(pixels)
        };
        world.0.insert(format!("cifar/{name}").into(), (0..rows).flat_map(row).collect());
    }
    world
}

#[test]
fn cifar_is_read_with_its_own_test() {
    let text = "data cifar {
  source: cifar10(\"cifar\")
  split:  given(val: 10%)
  input  image: image[32, 32, 3] = pixels
  target label: class[10]
}
model net on image: image[32, 32, 3] -> logits[10] = image |> flatten |> dense(10)
train { model: net; data: cifar; loss: cross_entropy; optimizer: sgd(lr: 0.1); batch: 10; for: 1 epoch }";
    let dataset = loaded(&cifar(12), text).unwrap_or_else(|it| panic!("{it:#?}"));
    assert_eq!(Split::ALL.map(|split| dataset.part(split).rows), [54, 6, 12]);
    let test = dataset.part(Split::Test);
    let images = test.field(0).expect("read");
    let images = images.floats();
    for (r, i, j, c) in [(0, 0, 0, 0), (3, 5, 9, 2), (11, 31, 31, 1)] {
        let found = images[((r * 32 + i) * 32 + j) * 3 + c];
        assert_eq!(found, ((5 + r + i + 2 * j + 3 * c) % 256) as f32, "{r} {i} {j} {c}");
    }
    // At a glance the rows are known from the sizes of the files.
    let report = dlmc::ide::report::check(&cifar(12), Path::new("it.dlm"), Some(text.to_string()), &[]);
    let report = report.expect("in memory");
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    for damage in [
        |bytes: &mut Vec<u8>| bytes.truncate(100),
        |bytes: &mut Vec<u8>| bytes[0] = 10,
        |bytes: &mut Vec<u8>| bytes.clear(),
    ] {
        let mut world = cifar(3);
        damage(world.0.get_mut(Path::new("cifar/data_batch_4.bin")).expect("a file"));
        assert_eq!(codes(&world, text).iter().map(|it| it.0).collect::<Vec<_>>(), ["cifar-damaged"]);
    }
    // Any bytes of the right number are rows, if their classes are; of any other number they are told.
    let mut dice = Dice::new(4);
    for _ in 0..60 {
        let mut world = cifar(2);
        let size = if dice.chance(2) { 3073 * dice.within(1, 3) } else { dice.below(7000) };
        let bytes: Vec<u8> = (0..size).map(|_| dice.below(if size % 2 == 0 { 256 } else { 10 }) as u8).collect();
        let sound = size > 0 && size % 3073 == 0 && bytes.chunks(3073).all(|row| row[0] < 10);
        world.0.insert("cifar/data_batch_2.bin".into(), bytes);
        let told: Vec<&str> = codes(&world, text).iter().map(|it| it.0).collect();
        assert_eq!(told.contains(&"cifar-damaged"), !sound, "{size}: {told:?}");
    }
    let mut world = cifar(3);
    world.0.remove(Path::new("cifar/test_batch.bin"));
    world.0.remove(Path::new("cifar/data_batch_2.bin"));
    assert_eq!(codes(&world, text).iter().map(|it| it.0).collect::<Vec<_>>(), ["file-missing"]);
    let nothing = codes(&Memory::default(), text);
    assert_eq!(nothing.iter().map(|it| it.0).collect::<Vec<_>>(), ["folder-missing"]);
}
