//! What frameworks call the tensors of a layer, and what the library's layers call them.

/// In each row the library's name, then those of PyTorch, Keras, Flax and their like.
const LEAVES: &[&str] = &[
    "w weight kernel embedding embeddings depthwise_kernel",
    "b bias",
    "scale weight gamma",
    "shift bias beta",
    "m running_mean moving_mean mean",
    "v running_var moving_variance moving_var var",
];

/// A tensor that counts the batches a layer has seen, which nothing here reads.
const COUNTER: &str = "num_batches_tracked";

/// What the library may call a tensor that another framework calls `foreign`.
pub fn own(foreign: &str) -> impl Iterator<Item = &str> {
    let foreign = bare(foreign);
    LEAVES.iter().filter_map(move |row| {
        let (own, others) = row.split_once(' ')?;
        others.split(' ').any(|it| it == foreign).then_some(own)
    })
}

/// Whether another framework may call the library's tensor `own` so.
pub fn means(foreign: &str, own_leaf: &str) -> bool {
    bare(foreign) == own_leaf || own(foreign).any(|it| it == own_leaf)
}

/// Whether any framework calls a tensor so.
pub fn is_known(leaf: &str) -> bool {
    LEAVES.iter().any(|row| row.split(' ').any(|it| it == bare(leaf)))
}

/// Without the number of an output, which TensorFlow adds.
fn bare(leaf: &str) -> &str {
    leaf.strip_suffix(":0").unwrap_or(leaf)
}

pub fn is_counter(name: &str) -> bool {
    leaf(name) == COUNTER
}

/// The owner of a tensor with the mark behind it, and the tensor's own name: `layer1.0.conv1.` and `weight`.
pub fn split(name: &str) -> (&str, &str) {
    if let Some(at) = name.rfind(['.', '/']) {
        return name.split_at(at + 1);
    }
    let known = name.match_indices('_').find(|(at, _)| is_known(&name[at + 1..]) || &name[at + 1..] == COUNTER);
    known.map_or(("", name), |(at, _)| name.split_at(at + 1))
}

/// The tensor's own name.
pub fn leaf(name: &str) -> &str {
    split(name).1
}
