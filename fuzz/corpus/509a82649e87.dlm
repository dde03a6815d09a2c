=
batch: