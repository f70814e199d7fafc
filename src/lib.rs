//! Feedmill polls feeds, brings their entries into one article schema, keeps one copy of each story in SQLite
//! and republishes merged Atom feeds.
//!
//! The program is one sentence, and the modules are its words in order:
//! **config → schedule → fetch → parse → normalize → dedup → store → publish**. One article walks through each
//! once; no stage calls back. Functions in the middle are pure; [`poll`] and [`daemon`] join the stages to
//! sockets, disk and clock. `docs/architecture.md` has the bird's-eye view.

pub mod model;

pub mod text;

pub mod search;

pub mod sketch;

pub mod filter;

pub mod config;

pub mod schedule;

pub mod fetch;

pub mod recover;

pub mod parse;

pub mod discover;

pub mod normalize;

pub mod extract;

pub mod dedup;

pub mod websub;

pub mod store;

pub mod publish;

pub mod web;

pub mod poll;

pub mod push;

pub mod hub;

pub mod archives;

pub mod full_text;

pub mod service;

pub mod daemon;

pub mod control;

pub mod commands;

pub mod clock;

pub mod meters;

pub mod system;
