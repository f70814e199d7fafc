#!/usr/bin/env bash
# Builds the Debian package from a release build: target/debian/feedmill_VERSION_ARCH.deb.
#
#     cargo build --release && packaging/debian/build.sh
#
# Needs cargo-deb (`cargo install cargo-deb`) and dpkg-dev.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
target=${CARGO_TARGET_DIR:-$root/target}
made=$root/target/package
rm -rf "$made"
mkdir -p "$made/man" "$made/completions"
"$target/release/feedmill" man "$made/man"
gzip -9n "$made"/man/*.1
"$target/release/feedmill" completions bash > "$made/completions/feedmill"
"$target/release/feedmill" completions zsh > "$made/completions/_feedmill"
"$target/release/feedmill" completions fish > "$made/completions/feedmill.fish"
cargo deb --no-build --locked --strip "$@"
