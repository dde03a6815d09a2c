//! What the README and the manual of the language say is so.
