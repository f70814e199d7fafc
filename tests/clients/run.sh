#!/usr/bin/env bash
# Real feed readers subscribe to a running daemon: newsboat and Python's feedparser.
#
#     tests/clients/run.sh [FEEDMILL]      the program under test; default: target/release/feedmill
#
# Needs newsboat, python3 with venv, xmllint; `.ci/run client` installs them. Everything is written to a temporary
# folder, and only processes that were started here are stopped.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
feedmill=${1:-${CARGO_TARGET_DIR:-$root/target}/release/feedmill}
[[ -x $feedmill ]] || { echo "clients: no program at $feedmill; build it with: cargo build --release" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

xmllint --noout "$root"/config/demo/*.rss "$root"/config/demo/*.atom
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"

# A proxy of the machine has no business between a reader and its loopback.
export PYTHONDONTWRITEBYTECODE=1
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
"$work/venv/bin/python" "$here/subscribe.py" --feedmill "$feedmill" --demo "$root/config" --work "$work"
xmllint --noout "$work/all.atom"
