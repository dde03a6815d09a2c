//! What is known of a file from the last time it was read.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use dlmc::data::{self, DataFacts, Limits};
use dlmc::model::program::DataPlan;
use dlmc::source::{Memory, World};

use super::{Block, Means};

/// Files in memory, with a time and a memory of their own.
struct Remembering {
    files: Memory,
    time: Mutex<u128>,
    kept: Mutex<BTreeMap<String, String>>,
}

impl World for Remembering {
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
        self.files.open(path)
    }
    fn data_root(&self) -> Option<PathBuf> {
        None
    }
    fn changed(&self, _path: &Path) -> Option<u128> {
        Some(*self.time.lock().unwrap())
    }
    fn recall(&self, name: &str) -> Option<String> {
        self.kept.lock().unwrap().get(name).cloned()
    }
    fn keep(&self, name: &str, text: &str) {
        self.kept.lock().unwrap().insert(name.into(), text.into());
    }
}

const CSV: &[u8] = b"x,y\n1,ant\n2,bee\n3,ant\n4,cow\n";

fn look(world: &Remembering, plan: &DataPlan) -> DataFacts {
    data::inspect(world, Path::new(""), plan).0
}

#[test]
fn rows_and_classes_are_known_once_a_file_has_been_read() {
    let block = |source: &str| {
        Block::new(
            &format!("  source: {source}\n  split: by_position(val: 25%)\n  input x: number\n  target y: class[3]"),
            &[],
        )
    };
    let mut world = Remembering { files: Memory::default(), time: Mutex::new(1), kept: Mutex::default() };
    world.files.0.insert("f".into(), CSV.to_vec());
    let plan = block("csv(\"f\")").plan;
    assert_eq!(look(&world, &plan).rows, None, "nobody has counted them");
    assert!(data::load(&world, Path::new(""), &plan, &mut Means(0), Limits::default()).is_ok());
    let known = look(&world, &plan);
    assert_eq!((known.rows, known.splits), (Some(4), Some([3, 1, 0])));
    let words = ["ant", "bee", "cow"].map(String::from).to_vec();
    assert_eq!(known.classes, [None, Some(words)]);
    assert_eq!(look(&world, &block("csv(\"f\", missing: [\"?\"])").plan).rows, None, "read in another way");
    *world.time.lock().unwrap() = 2;
    assert_eq!(look(&world, &plan).rows, None, "the file was changed");
    *world.time.lock().unwrap() = 1;
    world.files.0.insert("f".into(), [CSV, b"5,bee\n"].concat());
    assert_eq!(look(&world, &plan).rows, None, "the file has grown");
    world.files.0.insert("f".into(), CSV.to_vec());
    for kept in world.kept.lock().unwrap().values_mut() {
        kept.truncate(kept.len() / 2);
    }
    assert_eq!(look(&world, &plan).rows, None, "what is damaged is not believed");
}
