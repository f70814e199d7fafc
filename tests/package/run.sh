#!/usr/bin/env bash
# The Debian package in a clean Debian 12, booted with its own systemd: nothing starts unasked, then the service runs as its
# own user in its sandbox, publishes, reloads, is restarted by the watchdog when it hangs, and stops in time.
#
#     tests/package/run.sh PACKAGE.deb FOLDER_FOR_THE_BASE_SYSTEM
#
# Needs root, debootstrap and systemd-nspawn.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
package=$1 base=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf -- '-- %s\n' "$*"; }

# What the package depends on is there from the beginning, so that nothing of this machine is needed to install it; dpkg
# refuses a package that wants more.
with=systemd,systemd-sysv,dbus,ca-certificates,curl,libxml2-utils
if [[ $(cat "$base/complete" 2> /dev/null) != "$with" ]]; then
  say "a clean Debian 12"
  rm -rf "$base"
  mkdir -p "$base"
  debootstrap --variant=minbase --include="$with" bookworm "$base/root" > "$base/log" 2>&1 || {
    tail -n 20 "$base/log"
    exit 1
  }
  echo "$with" > "$base/complete"
fi
cp -a "$base/root" "$work/root"
root=$work/root

say "installing $(basename "$package")"
cp "$package" "$root/tmp/feedmill.deb"
chroot "$root" dpkg --install /tmp/feedmill.deb > "$work/dpkg.log" 2>&1 || {
  cat "$work/dpkg.log"
  exit 1
}
if compgen -G "$root/etc/systemd/system/*.wants/feedmill*" > /dev/null; then
  say "the package enabled a unit unasked"
  exit 1
fi
for file in usr/share/man/man1/feedmill.1.gz usr/share/man/man1/feedmill-run.1.gz usr/share/bash-completion/completions/feedmill \
  usr/share/doc/feedmill/examples/reference.toml usr/lib/systemd/system/feedmill.socket etc/feedmill/feedmill.toml; do
  [[ -s $root/$file ]] || { say "$file is missing"; exit 1; }
done
chroot "$root" feedmill check --config /etc/feedmill/feedmill.toml

cp -r "$here/../../config/demo" "$root/etc/feedmill/demo"
cat >> "$root/etc/feedmill/feedmill.toml" <<'TOML'
[[source]]
id = "demo"
url = "file:demo/harbour-herald.rss"
schedule = "every 1s"
TOML
install -m 755 "$here/inside.sh" "$root/usr/local/bin/inside"
cat > "$root/etc/systemd/system/inside.service" <<'UNIT'
[Unit]
After=multi-user.target
OnSuccess=poweroff.target
OnFailure=poweroff.target
[Service]
Type=oneshot
ExecStart=/usr/local/bin/inside
StandardOutput=file:/inside.log
StandardError=inherit
TimeoutStartSec=180
UNIT
mkdir -p "$root/etc/systemd/system/feedmill.service.d" "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../inside.service "$root/etc/systemd/system/multi-user.target.wants/inside.service"
printf '[Service]\nWatchdogSec=5s\n' > "$root/etc/systemd/system/feedmill.service.d/watchdog.conf"

say "booting it"
timeout 300 systemd-nspawn --quiet --register=no --keep-unit --private-network --boot --directory "$root" \
  < /dev/null > "$work/console" 2>&1 || true
cat "$root/inside.log" || { tail -n 40 "$work/console"; exit 1; }
grep -qx 'inside: all is well' "$root/inside.log"
