//! Augmentations: what they make of images, against the same written by hand, example by example.

use super::*;

const HEIGHT: usize = 6;
const WIDTH: usize = 5;
const CHANNELS: usize = 2;

/// An image of `HEIGHT` rows.
type Image = Vec<f64>;

fn at(image: &[f64], i: usize, j: usize, c: usize) -> f64 {
    image[(i * WIDTH + j) * CHANNELS + c]
}

fn image(of: impl Fn(usize, usize, usize) -> f64) -> Image {
    let places = (0..HEIGHT).flat_map(|i| (0..WIDTH).flat_map(move |j| (0..CHANNELS).map(move |c| (i, j, c))));
    places.map(|(i, j, c)| of(i, j, c)).collect()
}

/// The pixel at a place that may be outside, as `fill` says.
fn pixel(image: &[f64], i: i64, j: i64, c: usize, fill: &str) -> f64 {
    let mirrored = |k: i64, n: i64| {
        let far = k.rem_euclid(2 * n - 2);
        far.min(2 * n - 2 - far)
    };
    let (rows, columns) = (HEIGHT as i64, WIDTH as i64);
    let (i, j) = match fill {
        "reflect" => (mirrored(i, rows), mirrored(j, columns)),
        "edge" => (i.clamp(0, rows - 1), j.clamp(0, columns - 1)),
        _ if (0..rows).contains(&i) && (0..columns).contains(&j) => (i, j),
        _ => return 0.0,
    };
    at(image, i as usize, j as usize, c)
}

/// The image at a place between its pixels.
fn bilinear(image: &[f64], v: f64, u: f64, c: usize, fill: &str) -> f64 {
    let (i, j) = (v.floor(), u.floor());
    let corner = |di: f64, dj: f64| {
        let weight = (1.0 - (v - i - di).abs()) * (1.0 - (u - j - dj).abs());
        weight * pixel(image, (i + di) as i64, (j + dj) as i64, c, fill)
    };
    corner(0.0, 0.0) + corner(0.0, 1.0) + corner(1.0, 0.0) + corner(1.0, 1.0)
}

/// The image turned against the clock.
fn turned(image: &[f64], degrees: f64, fill: &str) -> Image {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (cy, cx) = ((HEIGHT - 1) as f64 / 2.0, (WIDTH - 1) as f64 / 2.0);
    self::image(|i, j, c| {
        let (y, x) = (i as f64 - cy, j as f64 - cx);
        bilinear(image, cos * y + sin * x + cy, cos * x - sin * y + cx, c, fill)
    })
}

fn moved(image: &[f64], di: i64, dj: i64, fill: &str) -> Image {
    self::image(|i, j, c| pixel(image, i as i64 + di, j as i64 + dj, c, fill))
}

/// `n` images, and what these augmentations make of each in a step, the same on every back end.
#[track_caller]
fn varied(steps: &str, n: usize) -> Vec<(Image, Image)> {
    let function = varying(&format!("x {{ {steps} }}"), [HEIGHT, WIDTH, CHANNELS], n);
    let (states, feeds) = doors(&function, &[Feed::Within(0.0, 1.0), Feed::Bits], 3);
    let found = computed(&function, &states, &feeds, CLOCK);
    let size = HEIGHT * WIDTH * CHANNELS;
    let given: Vec<f64> = feeds[0].floats().iter().map(|&it| it.into()).collect();
    let pairs = given.chunks(size).zip(found[0].data.chunks(size));
    pairs.map(|(given, found)| (given.to_vec(), found.to_vec())).collect()
}

/// What this block of augmentations, `x { … }` or `batch { … }`, makes of images of this size.
#[track_caller]
pub(super) fn varying(block: &str, [height, width, channels]: [usize; 3], n: usize) -> Function {
    let program = program(&format!(
        "dlm 1
data photos {{
  source: csv(\"none.csv\")
  input  x: image[{height}, {width}, {channels}] = columns(\"p*\") |> scale |> reshape([{height}, {width}, {channels}])
  target y: binary
}}
model m on x: image[{height}, {width}, {channels}] -> logit {{ x |> flatten |> dense(1) as out }}
train {{
  model: m
  data: photos
  loss: binary_cross_entropy
  optimizer: sgd(lr: 0.1)
  for: 1 epoch
  augment {block}
  batch: 4
}}"
    ));
    program.varied(n)
}

fn same(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
}

pub fn cases() -> Vec<&'static str> {
    vec![
        "augmentation flip(axis: name, p: prob) on x: image[H, W, C]",
        "augmentation rotate(by: range[angle], fill: name, p: prob) on x: image[H, W, C]",
        "augmentation translate(by: range[length], fill: name, p: prob) on x: image[H, W, C]",
        "augmentation zoom(by: range[real], fill: name, p: prob) on x: image[H, W, C]",
        "augmentation shear(by: range[angle], fill: name, p: prob) on x: image[H, W, C]",
        "augmentation crop(height: length, width: length, pad: length, fill: name) on x: image[H, W, C]",
        "augmentation crop(height: length, width: length, scale: range[prob], aspect: range[real]) on x: image[H, W, C]",
        "augmentation cutout(size: length, p: prob) on x: image[H, W, C]",
        "augmentation brightness(by: range[real], p: prob) on x: image[H, W, C]",
        "augmentation contrast(by: range[real], p: prob) on x: image[H, W, C]",
        "augmentation saturation(by: range[real], p: prob) on x: image[H, W, C]",
        "augmentation hue(by: range[angle], p: prob) on x: image[H, W, C]",
        "augmentation grey(p: prob) on x: image[H, W, C]",
        "augmentation grain(sigma: real, p: prob) on x: image[H, W, C]",
        "augmentation blur(sigma: range[real], size: int, p: prob) on x: image[H, W, C]",
        "augmentation mixup(alpha: real, p: prob) on (x: f32[.., D], other: f32[.., D])",
        "augmentation cutmix(alpha: real, p: prob) on (x: image[H, W, C], other: image[H, W, C])",
        "fn share_of(alpha: real)",
        "fn chance(p: real)",
        "fn drawn(of: range)",
        "fn luma(x: f32[H, W, C])",
        "fn within(x)",
        "fn pixel(x: f32[H, W, C], i: f32, j: f32, fill: name)",
        "fn mirrored(i, n: int)",
        "fn bilinear(x: f32[H, W, C], v: f32, u: f32, fill: name)",
        "fn moved(x: f32[H, W, C], yy: f32, yx: f32, xy: f32, xx: f32, dy: f32, dx: f32, fill: name)",
    ]
}

/// `tests/fixtures/torchvision/make.py` says from what.
#[test]
fn augmentations_are_those_of_torchvision() {
    let text = include_str!("../../fixtures/torchvision/augmentations.json");
    let document: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let numbers = |it: &serde_json::Value| -> Vec<f64> {
        it.as_array().expect("numbers").iter().map(|it| it.as_f64().expect("a number")).collect()
    };
    let size = |key: &str| document[key].as_u64().expect("a size") as usize;
    let image = numbers(&document["image"]);
    let cases = document["cases"].as_array().expect("cases");
    assert!(cases.len() >= 20);
    for case in cases {
        let step = case["step"].as_str().expect("an augmentation");
        let function = varying(&format!("x {{ {step} }}"), [size("height"), size("width"), 3], 1);
        let given = image.iter().map(|&it| it as f32).collect();
        let feeds = [Array::f32(&function.feeds[0].0, given), Array::f32(&function.feeds[1].0, vec![0.0])];
        let found = computed(&function, &[], &feeds, CLOCK);
        close(&found[0].data, &numbers(&case["gives"]), 2e-6, step);
    }
}

#[test]
fn a_flip_mirrors_as_many_images_as_it_says() {
    let left_right = |it: &[f64]| image(|i, j, c| at(it, i, WIDTH - 1 - j, c));
    let above_below = |it: &[f64]| image(|i, j, c| at(it, HEIGHT - 1 - i, j, c));
    assert!(varied("flip(horizontal, p: 100%)", 3).iter().all(|(x, it)| same(it, &left_right(x))));
    assert!(varied("flip(vertical, p: 100%)", 3).iter().all(|(x, it)| same(it, &above_below(x))));
    assert!(varied("flip(vertical, p: 0%)", 3).iter().all(|(x, it)| same(it, x)));
    let many = varied("flip(horizontal, p: 30%)", 400);
    let flipped = many.iter().filter(|(x, it)| same(it, &left_right(x))).count();
    let kept = many.iter().filter(|(x, it)| same(it, x)).count();
    assert_eq!(flipped + kept, 400, "each is mirrored or is not");
    // Three deviations of 400 draws.
    assert!((flipped as f64 - 120.0).abs() < 3.0 * (400.0_f64 * 0.3 * 0.7).sqrt(), "{flipped} of 400");
}

#[test]
fn a_turn_is_bilinear_about_the_centre() {
    for (degrees, fill) in
        [(90.0, "constant"), (30.0, "constant"), (-50.0, "edge"), (140.0, "reflect"), (400.0, "edge")]
    {
        for (x, it) in varied(&format!("rotate({degrees}deg .. {degrees}deg, fill: {fill})"), 2) {
            let wanted = turned(&x, degrees, fill);
            assert!(same(&it, &wanted), "{degrees} {fill}\n{it:?}\n{wanted:?}");
        }
    }
    // The angle of each image is its own, and within the range.
    for (x, it) in varied("rotate(-10deg .. 20deg, fill: edge)", 20) {
        let error =
            |degrees: f64| -> f64 { turned(&x, degrees, "edge").iter().zip(&it).map(|(a, b)| (a - b).abs()).sum() };
        let nearest = (-300..=400).map(|tenth| f64::from(tenth) / 10.0).min_by(|a, b| error(*a).total_cmp(&error(*b)));
        let nearest = nearest.expect("some");
        assert!((-10.0..=20.0).contains(&nearest) && error(nearest) < 0.5, "{nearest}");
    }
    let kept = varied("rotate(45deg .. 45deg, p: 50%)", 200).iter().filter(|(x, it)| same(it, x)).count();
    assert!((70..=130).contains(&kept), "{kept} of 200");
}

#[test]
fn a_crop_is_a_part_of_the_image_with_its_margin() {
    for fill in ["constant", "edge", "reflect"] {
        let found = varied(&format!("crop({HEIGHT}px, {WIDTH}px, pad: 2px, fill: {fill})"), 300);
        let mut seen = BTreeSet::new();
        for (x, it) in &found {
            let places = (-2..=2).flat_map(|di| (-2..=2).map(move |dj| (di, dj)));
            let place = places.filter(|&(di, dj)| same(it, &moved(x, di, dj, fill))).collect::<Vec<_>>();
            assert_eq!(place.len(), 1, "one place each");
            seen.insert(place[0]);
        }
        assert_eq!(seen.len(), 25, "every place is drawn");
    }
}

#[test]
fn augmentations_follow_each_other_and_draw_for_themselves() {
    // Twice mirrored by the same draw would be as before.
    let many = varied("flip(horizontal) \n flip(horizontal)", 200);
    let kept = many.iter().filter(|(x, it)| same(it, x)).count();
    assert!((70..=130).contains(&kept), "{kept} of 200");
}

#[test]
fn a_part_is_as_large_as_it_says() {
    // All of the image is the image, whatever its form would have been.
    for (x, it) in varied(&format!("crop({HEIGHT}px, {WIDTH}px, scale: 100% .. 100%, aspect: 1.2 .. 1.2)"), 2) {
        // Its width by its height is 1.2 that of a square, so it is wider than the image: as wide as that, and less high.
        let high = ((HEIGHT * WIDTH) as f64 / 1.2).sqrt();
        let tops = (0..=1000).map(|it| f64::from(it) / 1000.0 * (HEIGHT as f64 - high));
        let made = |top: f64| {
            image(|i, j, c| bilinear(&x, top + (i as f64 + 0.5) * high / HEIGHT as f64 - 0.5, j as f64, c, "edge"))
        };
        let error = |top: f64| made(top).iter().zip(&it).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let least = tops.map(error).fold(f64::INFINITY, f64::min);
        assert!(least < 2e-3, "{least}");
    }
    // Of a part the numbers are means of neighbours: none is beyond those of the image.
    for (x, it) in varied(&format!("crop({HEIGHT}px, {WIDTH}px, scale: 20% .. 60%)"), 40) {
        let most = |it: &[f64], c: usize| it.iter().skip(c).step_by(CHANNELS).copied().fold(f64::MIN, f64::max);
        let least = |it: &[f64], c: usize| it.iter().skip(c).step_by(CHANNELS).copied().fold(f64::MAX, f64::min);
        assert!((0..CHANNELS).all(|c| most(&it, c) <= most(&x, c) + 1e-6 && least(&it, c) >= least(&x, c) - 1e-6));
        assert!(!same(&x, &it));
    }
}

#[test]
fn a_cutout_is_a_black_square_somewhere() {
    let mut seen = BTreeSet::new();
    for (x, it) in varied("cutout(3px)", 300) {
        let centres = (0..HEIGHT).flat_map(|i| (0..WIDTH).map(move |j| (i, j)));
        let cut = |(ci, cj): (usize, usize)| {
            image(|i, j, c| if i.abs_diff(ci) <= 1 && j.abs_diff(cj) <= 1 { 0.0 } else { at(&x, i, j, c) })
        };
        let places: Vec<(usize, usize)> = centres.filter(|&centre| same(&it, &cut(centre))).collect();
        assert_eq!(places.len(), 1, "one square each");
        seen.insert(places[0]);
    }
    assert_eq!(seen.len(), HEIGHT * WIDTH, "every place is drawn");
    let kept = varied("cutout(3px, p: 25%)", 200).iter().filter(|(x, it)| same(it, x)).count();
    assert!((130..=170).contains(&kept), "{kept} of 200");
}

#[test]
fn grain_is_noise_of_its_deviation() {
    let mut differences = vec![];
    for (x, it) in varied("grain(0.02)", 100) {
        assert!(it.iter().all(|it| (0.0..=1.0).contains(it)));
        // Where nothing can have been cut off.
        let inner = x.iter().zip(&it).filter(|(x, _)| (0.15..=0.85).contains(*x));
        differences.extend(inner.map(|(a, b)| b - a));
    }
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let deviation = (differences.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / n).sqrt();
    assert!(mean.abs() < 4.0 * 0.02 / n.sqrt() && (deviation / 0.02 - 1.0).abs() < 0.05, "{mean} {deviation}");
}
