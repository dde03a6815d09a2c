//! The texts that the fuzzer has found interesting (`fuzz/corpus`), tried one after the other.

use std::panic::catch_unwind;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::properties::PROPERTIES;

fn texts() -> Vec<(PathBuf, String)> {
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a text");
        (path, text)
    };
    crate::programs("fuzz/corpus").into_iter().map(read).collect()
}

#[test]
fn what_the_fuzzer_has_found_has_every_property() {
    let texts = texts();
    assert!(texts.len() > 100, "{}", texts.len());
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(vec![]));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((path, text)) = texts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for (word, property) in PROPERTIES {
                        if catch_unwind(|| property(text)).is_err() {
                            wrong.lock().expect("no panic").push(format!("{word}: {}", path.display()));
                        }
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_corpus_is_small() {
    let bytes: usize = texts().iter().map(|it| it.1.len()).sum();
    assert!(bytes < 300_000, "{bytes}");
}
