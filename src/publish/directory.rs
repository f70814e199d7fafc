//! Writes finished publications as files, atomically.
