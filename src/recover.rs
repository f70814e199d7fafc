//! Bytes → text that a strict parser can read.
