//! The library's texts, built into the binary.

/// Every file of the library, by the name under which messages and `dlmc doc` show it.
pub const FILES: &[(&str, &str)] = &[
    ("std/functions.dlm", include_str!("../std/functions.dlm")),
    ("std/initialisers.dlm", include_str!("../std/initialisers.dlm")),
    ("std/layers.dlm", include_str!("../std/layers.dlm")),
    ("std/convolutions.dlm", include_str!("../std/convolutions.dlm")),
    ("std/pooling.dlm", include_str!("../std/pooling.dlm")),
    ("std/norms.dlm", include_str!("../std/norms.dlm")),
    ("std/recurrent.dlm", include_str!("../std/recurrent.dlm")),
    ("std/attention.dlm", include_str!("../std/attention.dlm")),
    ("std/losses.dlm", include_str!("../std/losses.dlm")),
    ("std/metrics.dlm", include_str!("../std/metrics.dlm")),
    ("std/optimizers.dlm", include_str!("../std/optimizers.dlm")),
    ("std/schedules.dlm", include_str!("../std/schedules.dlm")),
    ("std/augmentations.dlm", include_str!("../std/augmentations.dlm")),
    ("std/regularizers.dlm", include_str!("../std/regularizers.dlm")),
    ("std/adapters.dlm", include_str!("../std/adapters.dlm")),
    ("std/encoders.dlm", include_str!("../std/encoders.dlm")),
];

/// The parts of the library that a file asks for by name, `use std.vision { … }`. Nobody else waits for them.
pub const PARTS: &[(&str, &str)] = &[("std/vision.dlm", include_str!("../std/vision.dlm"))];
