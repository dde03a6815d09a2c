//! The files of a run: whole or not at all, in a folder of their own, and what they were or refused.

use std::fs;
use std::path::Path;

use dlmc::problem::run::Damage;
use dlmc::session::container::{pack, unpack};
use dlmc::session::folder::{Folder, run_name, write_whole};
use dlmc::tensor::Array;
use serde_json::{Map, Value, json};

fn document() -> Map<String, Value> {
    match json!({"format": 1, "text": "model m on x: f32[2]\n", "numbers": [0.1, 1e-300, -0.0, 17, null]}) {
        Value::Object(map) => map,
        _ => unreachable!(),
    }
}

fn arrays() -> Vec<(String, Array)> {
    vec![
        ("hidden.w".into(), Array::f32(&[2, 2], vec![1.5, -0.0, f32::MIN_POSITIVE, 3.0])),
        ("blocks[0].a.b".into(), Array::f32(&[3], vec![0.1, 0.2, 0.3])),
        ("count".into(), Array::i32(&[], vec![-7])),
        ("mask".into(), Array::bool(&[3], vec![true, false, true])),
        ("nothing".into(), Array::f32(&[0, 4], vec![])),
    ]
}

fn packed() -> Vec<u8> {
    let arrays = arrays();
    let views: Vec<(String, &Array)> = arrays.iter().map(|(name, array)| (name.clone(), array)).collect();
    pack(document(), &views)
}

#[test]
fn a_container_gives_back_what_was_put_in() {
    let bytes = packed();
    assert_eq!(bytes, packed(), "the same contents give the same bytes");
    let container = unpack(&bytes).unwrap();
    assert_eq!(container.document, document());
    let mut expected = arrays();
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(container.tensors, expected);
}

#[test]
fn other_tools_read_the_weights() {
    let bytes = packed();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.tensor("hidden.w").unwrap().shape(), [2, 2]);
}

#[test]
fn every_truncation_is_refused() {
    let bytes = packed();
    for length in 0..bytes.len() {
        assert!(unpack(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let bytes = packed();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << bit;
            // Also where it would mean the same: `1E-300` for `1e-300`.
            assert!(unpack(&bad).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_text_that_looks_like_the_fingerprint_is_only_text() {
    let mut document = document();
    let zeros = "0".repeat(64);
    document.insert("text".into(), format!(r#"{{"a":1,"blake3":"{zeros}"}},\"blake3\":\"{zeros}"#).into());
    let bytes = pack(document.clone(), &[]);
    assert_eq!(unpack(&bytes).unwrap().document, document);
}

#[test]
fn arbitrary_bytes_are_refused() {
    arbtest::arbtest(|u| {
        let noise: Vec<u8> = u.arbitrary()?;
        assert!(unpack(&noise).is_err());
        // A length that fits, so that the header is looked at.
        let mut framed = (noise.len() as u64).to_le_bytes().to_vec();
        framed.extend(&noise);
        assert!(unpack(&framed).is_err());
        Ok(())
    });
}

fn framed(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn what_the_format_allows_and_dlmc_does_not_is_refused() {
    let tensor = r#"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
    let empty = r#"{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#;
    let cases = [
        ("a tensor that is there twice", framed(&format!(r#"{{"w":{empty},"w":{tensor}}}"#), &[0; 4])),
        ("an unknown key in a tensor", framed(r#"{"w":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}"#, &[0; 4])),
        ("a header beyond the file", [&u64::MAX.to_le_bytes()[..], b"{}"].concat()),
        ("a shape that overflows", {
            let header = r#"{"w":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,4]}}"#;
            framed(header, &[0; 4])
        }),
    ];
    for (name, bytes) in cases {
        assert!(matches!(unpack(&bytes), Err(Damage::Container(_))), "{name}");
    }
    assert!(matches!(unpack(&framed(&format!(r#"{{"w":{tensor}}}"#), &[0; 4])), Err(Damage::Foreign)));
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_appears_whole_and_leaves_nothing_beside_it() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("deep/model.dlmx");
    write_whole(&path, b"one").unwrap();
    write_whole(&path, b"two").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(files(path.parent().unwrap()), ["model.dlmx"]);
}

#[test]
fn a_file_that_cannot_be_written_leaves_the_old_one() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("model.dlmx");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("inside"), "kept").unwrap();
    assert!(write_whole(&path, b"new").is_err(), "a folder is in the way");
    assert_eq!(files(temp.path()), ["model.dlmx"]);
    assert_eq!(fs::read(path.join("inside")).unwrap(), b"kept");
}

#[test]
fn runs_are_numbered_and_never_share_a_folder() {
    let temp = tempfile::tempdir().unwrap();
    let runs = temp.path().join("runs");
    let first = Folder::create(&runs, "xor").unwrap();
    let second = Folder::create(&runs, "xor").unwrap();
    Folder::create(&runs, "xor-long").unwrap();
    assert_eq!(first.path(), runs.join("xor-1"));
    assert_eq!(second.path(), runs.join("xor-2"));
    assert_eq!(files(&runs), ["xor-1", "xor-2", "xor-long-1"]);

    assert_eq!(Folder::create_at(first.path()).unwrap_err().code, "folder-busy");
    fs::write(first.artifact(), "weights").unwrap();
    let path = first.path().to_path_buf();
    drop(first);
    assert_eq!(Folder::create_at(&path).unwrap_err().code, "folder-used");
    assert_eq!(fs::read(path.join("model.dlmx")).unwrap(), b"weights");
}

#[test]
fn an_unfinished_run_is_resumed_and_a_finished_one_is_not() {
    let temp = tempfile::tempdir().unwrap();
    let refused = |result: Result<Folder, dlmc::problem::Problem>| result.unwrap_err().code;
    assert_eq!(refused(Folder::resume(temp.path(), "xor")), "nothing-to-resume");
    let folder = Folder::create(temp.path(), "xor").unwrap();
    write_whole(&folder.checkpoint(9), b"9").unwrap();
    write_whole(&folder.checkpoint(10), b"10").unwrap();
    assert_eq!(folder.last_checkpoint(), Some(folder.checkpoint(10)), "by number, not by letters");
    folder.prune_checkpoints(1);
    assert_eq!(files(&folder.path().join("checkpoints")), ["step-10.dlmx"]);
    drop(folder);
    let folder = Folder::resume(temp.path(), "xor").unwrap();
    fs::write(folder.artifact(), "done").unwrap();
    drop(folder);
    assert_eq!(refused(Folder::resume(temp.path(), "xor")), "nothing-to-resume");
}

#[test]
fn a_folder_is_named_after_the_program_and_its_experiment() {
    let cases = [
        ("examples/xor.dlm", None, "xor"),
        ("pets.dlm", Some("finetune"), "pets-finetune"),
        ("<stdin>", None, "_stdin_"),
        ("my model.dlm", None, "my_model"),
    ];
    for (file, train, expected) in cases {
        assert_eq!(run_name(file, train), expected);
    }
}
