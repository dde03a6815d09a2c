//! A coverage-guided fuzzer of dlmc's front end: it changes programs and keeps what takes a way through the compiler that
//! nothing has taken before. What is wrong goes to `fuzz/found`.

mod coverage;
mod mutate;
#[path = "../../tests/all/properties.rs"]
mod properties;
mod seeds;

use std::collections::{BTreeMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use mutate::Random;
use properties::PROPERTIES;

/// Whatever takes longer has not ended.
const HANGS: Duration = Duration::from_secs(20);

/// The text that is being tried, for which property and since when.
static TRIED: Mutex<Option<(&'static str, String, Instant)>> = Mutex::new(None);
/// Where the last panic was, and what it said.
static PANIC: Mutex<(String, String)> = Mutex::new((String::new(), String::new()));

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let target = PROPERTIES.iter().find(|it| Some(it.0) == args.first().map(String::as_str));
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |it| format!("{}:{}", it.file(), it.line()));
        *PANIC.lock().expect("the hook does not panic") = (place, info.to_string());
    }));
    std::thread::spawn(watch);
    // A stack as large as that of a process.
    let work = move || match (args.first().map(String::as_str), target) {
        (_, Some(&(word, property))) => {
            let seconds = args.get(1).map_or(60, |it| it.parse().expect("a number of seconds"));
            let seed = args.get(2).map_or(1, |it| it.parse().expect("a seed"));
            fuzz(word, property, Duration::from_secs(seconds), &mut Random::new(seed));
        }
        (Some("minimise"), None) => minimise(),
        _ => eprintln!("fuzz parse|format|check [SECONDS [SEED]]\nfuzz minimise"),
    };
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(work).expect("a thread");
    if thread.join().is_err() {
        eprintln!("{}", PANIC.lock().expect("the hook does not panic").1);
        std::process::exit(101);
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Keeps a text under the name of what is in it.
fn keep(folder: &Path, text: &str) -> PathBuf {
    std::fs::create_dir_all(folder).expect("a folder");
    let path = folder.join(format!("{}.dlm", &blake3::hash(text.as_bytes()).to_hex()[..12]));
    std::fs::write(&path, text).expect("a file");
    path
}

/// Ends the process when a text takes too long, and keeps it.
fn watch() {
    loop {
        std::thread::sleep(Duration::from_secs(1));
        if let Some((word, text, since)) = &*TRIED.lock().expect("no panic")
            && since.elapsed() > HANGS
        {
            eprintln!("{word} does not end: {}", keep(&folder("found"), text).display());
            std::process::exit(1);
        }
    }
}

/// Tries a text: what it passed, or where it panicked.
fn run(word: &'static str, property: fn(&str), text: &str) -> Result<Vec<u32>, String> {
    *TRIED.lock().expect("no panic") = Some((word, text.to_owned(), Instant::now()));
    // For what ends the process.
    std::fs::create_dir_all(folder("found")).expect("a folder");
    std::fs::write(folder("found").join(format!("last-{word}.txt")), text).expect("a file");
    coverage::reset();
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| property(text)));
    let mut passed = vec![];
    coverage::features(|it| passed.push(it));
    *TRIED.lock().expect("no panic") = None;
    ended.map(|()| passed).map_err(|_| PANIC.lock().expect("the hook does not panic").0.clone())
}

/// One property, for some time.
fn fuzz(word: &'static str, property: fn(&str), time: Duration, random: &mut Random) {
    let dictionary = seeds::dictionary();
    let mut seen: HashSet<u32> = HashSet::new();
    let mut panics: BTreeMap<String, usize> = BTreeMap::new();
    let mut texts: Vec<String> = seeds::seeds();
    let given = texts.len();
    texts.extend(["corpus", "work"].iter().flat_map(|it| seeds::kept(&folder(it))).map(|it| it.1));
    for text in &texts {
        match run(word, property, text) {
            Ok(passed) => seen.extend(passed),
            Err(place) => wrong(word, property, text, place, &mut panics),
        }
    }
    let (start, first, at_first) = (Instant::now(), texts.len(), seen.len());
    let (mut tried, mut said) = (0, Instant::now());
    while start.elapsed() < time {
        // Half of the time what has been found, and of two texts the shorter.
        let from = if texts.len() > given && random.below(2) == 0 { given } else { 0 };
        let mut pick = || from + random.below(texts.len() - from);
        let (one, two, other) = (pick(), pick(), pick());
        let text = if texts[one].len() < texts[two].len() { &texts[one] } else { &texts[two] };
        let text = mutate::mutate(text, &texts[other], &dictionary, random);
        tried += 1;
        match run(word, property, &text) {
            Ok(passed) => {
                let new: Vec<u32> = passed.into_iter().filter(|it| !seen.contains(it)).collect();
                if !new.is_empty() {
                    let text = mutate::shrink(&text, 60, &mut |less| passes(word, property, less, &new));
                    seen.extend(new);
                    keep(&folder("work"), &text);
                    texts.push(text);
                }
            }
            Err(place) => wrong(word, property, &text, place, &mut panics),
        }
        if said.elapsed() > Duration::from_secs(10) {
            said = Instant::now();
            eprintln!(
                "{word}: {tried} tried, {} kept, {} ways of {} edges",
                texts.len() - first,
                seen.len(),
                coverage::edges()
            );
        }
    }
    println!(
        "{word}: {tried} texts in {} s from {first}, {} kept, {at_first} ways before and {} after, panics: {panics:?}",
        start.elapsed().as_secs(),
        texts.len() - first,
        seen.len()
    );
}

fn passes(word: &'static str, property: fn(&str), text: &str, wanted: &[u32]) -> bool {
    run(word, property, text).is_ok_and(|it| wanted.iter().all(|way| it.binary_search(way).is_ok()))
}

/// Tells of a panic, the first time that it comes, with a text as short as can be found.
fn wrong(word: &'static str, property: fn(&str), text: &str, place: String, panics: &mut BTreeMap<String, usize>) {
    let count = panics.entry(place.clone()).or_default();
    *count += 1;
    if *count > 1 {
        return;
    }
    let text = mutate::shrink(text, 1000, &mut |less| run(word, property, less).err().as_ref() == Some(&place));
    _ = run(word, property, &text);
    let what = PANIC.lock().expect("the hook does not panic").1.clone();
    eprintln!("{word}: {}\n{}\n-----\n{text}\n-----", keep(&folder("found"), &text).display(), what);
}

/// Makes the corpus of what has been found: the shortest texts that pass, together and beyond the seeds, every edge that
/// any of them passes.
fn minimise() {
    // What is wrong belongs among what was found, not here.
    let edges = |word, property, text: &str| -> HashSet<u32> {
        run(word, property, text).unwrap_or_default().into_iter().map(|it| it / 8).collect()
    };
    let mut kept = seeds::kept(&folder("corpus"));
    kept.extend(seeds::kept(&folder("work")));
    kept.sort_by_key(|it| it.1.len());
    kept.dedup_by(|one, two| one.1 == two.1);
    let mut wanted: HashSet<PathBuf> = HashSet::new();
    for (word, property) in PROPERTIES {
        let mut seen: HashSet<u32> = seeds::seeds().iter().flat_map(|it| edges(word, property, it)).collect();
        for (path, text) in &kept {
            let before = seen.len();
            seen.extend(edges(word, property, text));
            if seen.len() > before {
                wanted.insert(path.clone());
            }
        }
        println!("{word}: {} edges", seen.len());
    }
    let (mut texts, mut bytes) = (0, 0);
    for (path, text) in &kept {
        // What was wrong once is kept for ever.
        let regression = path.file_name().is_some_and(|it| it.to_string_lossy().starts_with("found-"));
        if !wanted.contains(path) && !regression {
            std::fs::remove_file(path).expect("a file of ours");
        } else {
            (texts, bytes) = (texts + 1, bytes + text.len());
            if path.starts_with(folder("work")) {
                std::fs::rename(path, folder("corpus").join(path.file_name().expect("a name")))
                    .expect("a file of ours");
            }
        }
    }
    println!("corpus: {texts} texts, {bytes} bytes");
}
