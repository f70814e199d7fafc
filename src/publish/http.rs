//! Serves finished publications.
