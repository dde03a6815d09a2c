//! The table of scalar primitives.
