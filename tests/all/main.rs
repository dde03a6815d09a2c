//! All tests of dlmc, in one binary.

mod augmentation;
mod check;
mod cli;
mod corpus;
mod data;
mod extremes;
mod fixes;
mod floors;
mod format;
mod format_cli;
mod formula;
mod functions;
mod imports;
mod kernels;
mod library;
mod lints;
mod mixing;
mod mutations;
mod names;
mod native;
mod pages;
mod pictures;
mod pooling;
mod private;
mod programs;
mod properties;
mod readme;
mod recognised;
mod rust;
mod session_cadence;
mod session_files;
mod scalars;
mod seeing;
mod scans;
mod session;
mod stages;
mod sizes;
mod strips;
mod syntax;
mod syntax_problems;
mod syntax_recovery;
mod tensors;
mod tiles;
mod tensors_grad;
mod tensors_simplify;
mod transfer;
mod types;
mod winograd;
mod wrong_input;

/// The programs in a folder of the project, in the order of their names.
fn programs(folder: &str) -> Vec<std::path::PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).expect("the folder is there").map(|it| it.expect("an entry").path());
    let mut paths: Vec<_> = entries.filter(|path| path.extension().is_some_and(|it| it == "dlm")).collect();
    paths.sort();
    paths
}

/// The disk, with small stand-ins for the data of programs whose own is too large for the project, and without a memory.
fn disk() -> dlmc::source::Disk {
    dlmc::source::Disk { data: Some(STAND_INS.into()), memory: None, programs: false }
}

/// Where these lie; for `DLMC_DATA`.
const STAND_INS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
