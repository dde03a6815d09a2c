//! The order of examples in training.

use std::collections::BTreeSet;

use dlmc::data::{Batches, Part};
use dlmc::tensor::Array;

fn part(rows: usize) -> Part {
    let numbers: Vec<u32> = (1..=rows as u32).collect();
    let floats = (0..2 * rows).map(|it| it as f32).collect();
    let classes = (0..rows as i32).collect();
    let fields = vec![Some(Array::f32(&[rows, 2], floats)), None, Some(Array::i32(&[rows], classes))];
    let fields = fields.into_iter().map(|it| it.map(std::sync::Arc::new)).collect();
    Part {
        rows,
        numbers,
        fields,
        pixels: vec![None, None, None],
        windows: None,
        halfway: false,
        texts: vec![None, None, None],
    }
}

#[test]
fn every_epoch_reads_every_example_once() {
    for (rows, size) in [(1, 1), (7, 3), (8, 4), (5, 100), (64, 1)] {
        let part = part(rows);
        let mut batches = Batches::shuffled(&part, &[0, 2], size, 9);
        assert_eq!(batches.per_epoch(), rows.div_ceil(size.min(rows)) as u64);
        let mut epochs = vec![];
        for epoch in 0..3 {
            let mut seen = vec![];
            for place in 0..batches.per_epoch() {
                let sizes = batches.sizes();
                let batch = batches.batch(epoch * rows.div_ceil(size) as u64 + place);
                assert_eq!(batch.epoch, epoch);
                assert!(sizes.contains(&batch.rows.len()));
                let rows: Vec<i32> = batch.rows.iter().map(|&row| row as i32).collect();
                assert_eq!(batch.feeds[1], Array::i32(&[rows.len()], rows.clone()));
                let floats = rows.iter().flat_map(|&row| [2.0 * row as f32, 2.0 * row as f32 + 1.0]).collect();
                assert_eq!(batch.feeds[0], Array::f32(&[rows.len(), 2], floats));
                seen.extend(rows);
            }
            assert_eq!(BTreeSet::from_iter(seen.clone()).len(), rows);
            assert_eq!(seen.len(), rows);
            epochs.push(seen);
        }
        assert!(rows < 7 || epochs[0] != epochs[1] && epochs[1] != epochs[2], "each epoch has its own order");
    }
}

#[test]
fn a_run_can_go_on_at_any_step() {
    let part = part(10);
    let mut straight = Batches::shuffled(&part, &[0], 3, 5);
    let all: Vec<Vec<u32>> = (0..20).map(|step| straight.batch(step).rows.to_vec()).collect();
    for step in (0..20).rev() {
        assert_eq!(Batches::shuffled(&part, &[0], 3, 5).batch(step).rows, all[step as usize], "step {step}");
        assert_eq!(straight.batch(step).rows, all[step as usize], "step {step}, backwards");
    }
}

/// Large batches are made by another thread: the same ones, whichever step is asked for.
#[test]
fn large_batches_are_the_same_in_any_order() {
    let (rows, width, size) = (40, 4096, 16);
    let floats = (0..rows).flat_map(|row| std::iter::repeat_n(row as f32, width)).collect();
    let part = Part { fields: vec![Some(Array::f32(&[rows, width], floats).into()), None, None], ..part(rows) };
    let numbers = super::batches::part(rows);
    let mut small = Batches::shuffled(&numbers, &[2], size, 7);
    let mut large = Batches::shuffled(&part, &[0], size, 7);
    assert_eq!((small.bytes(), large.bytes()), (4 * 16, 2 * 4 * 16 * 4096), "the next is made meanwhile");
    for step in [0, 1, 2, 3, 4, 9, 9, 10, 3, 11, 12] {
        let expected = small.batch(step).rows.to_vec();
        let batch = large.batch(step);
        assert_eq!((batch.epoch, batch.rows), (step / 3, &expected[..]), "step {step}");
        assert_eq!(batch.feeds[0].shape, [expected.len(), width]);
        for (row, floats) in expected.iter().zip(batch.feeds[0].floats().chunks_exact(width)) {
            assert!(floats.iter().all(|it| *it == *row as f32), "step {step}");
        }
    }
    assert!(large.waited() > std::time::Duration::ZERO);
}

#[test]
fn examples_to_evaluate_come_in_order() {
    let part = part(5);
    let mut batches = Batches::in_order(&part, &[2], 2);
    let all: Vec<Vec<u32>> = (0..3).map(|step| batches.batch(step).rows.to_vec()).collect();
    assert_eq!(all, [vec![0, 1], vec![2, 3], vec![4]]);
    assert_eq!(batches.sizes(), [2, 1]);
}
