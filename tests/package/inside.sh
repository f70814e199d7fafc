#!/usr/bin/env bash
# Runs in the booted system; see run.sh.
set -euo pipefail

fail() {
  echo "inside: $*"
  feedmill sources --config /etc/feedmill/feedmill.toml || true
  journalctl --no-pager -u feedmill -n 20 || true
  exit 1
}

# Tries a command, four times a second, for half a minute.
until_true() {
  local tries=120
  until "$@"; do
    ((tries--)) || return 1
    sleep 0.25
  done
}

main_pid() { systemctl show -P MainPID feedmill; }
serves() { curl -fsS "http://127.0.0.1:7878/$1"; }
# No `grep -q` behind a pipe: it ends early, and whoever writes then fails.
serves_text() { [[ $(serves "$1" 2> /dev/null) == *"$2"* ]]; }

[[ $(systemctl is-active feedmill) == inactive ]] || fail "it runs unasked"

systemctl start feedmill || fail "it does not start"
serves readyz > /dev/null || fail "started, and not ready"
pid=$(main_pid)
user=$(stat -c %u "/proc/$pid")
((user >= 61184 && user <= 65519)) || fail "it runs as user $user, not as one of its own (systemd.exec(5), DynamicUser=)"
[[ $(stat -c %a /var/lib/private/feedmill) == 700 ]] || fail "others may read the store"
echo "inside: runs as user $user, process $pid: $(systemctl show -P StatusText feedmill)"

until_true serves_text all.atom '<entry' || fail "it publishes nothing"
serves all.atom | xmllint --noout - || fail "what it publishes is no XML"
journalctl -u feedmill -o json | grep '"SOURCE_ID":"demo"' > /dev/null || fail "the journal has no fields"

score=$(systemd-analyze security --no-pager feedmill.service | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
awk -v score="$score" 'BEGIN { exit !(score != "" && score <= 1.5) }' || fail "systemd-analyze security says '$score'"
systemd-analyze verify feedmill.service feedmill.socket || fail "the units are not clean"
echo "inside: exposure $score"

printf '[[output]]\nname = "all"\ntitle = "Edited"\n' > /etc/feedmill/conf.d-new
mkdir /etc/feedmill/conf.d
mv /etc/feedmill/conf.d-new /etc/feedmill/conf.d/title.toml
systemctl reload feedmill || fail "it does not reload"
until_true serves_text all.atom '<title>Edited</title>' || fail "a reload changes nothing"
[[ $(main_pid) == "$pid" ]] || fail "a reload is a restart"
feedmill status --config /etc/feedmill/feedmill.toml || fail "it does not say how it is"

# It hangs: the watchdog ends it and it is started again, with all that it had.
kill -STOP "$pid"
another() { [[ $(main_pid) != "$pid" && $(systemctl is-active feedmill) == active ]]; }
until_true another || fail "the watchdog does not act"
until_true serves_text all.atom '<entry' || fail "nothing is published after the restart"
journalctl -u feedmill | grep -i watchdog > /dev/null || fail "it was not the watchdog"
echo "inside: the watchdog restarted it as pid $(main_pid)"

SECONDS=0
systemctl stop feedmill
((SECONDS <= 10)) || fail "it takes $SECONDS s to stop"
[[ $(systemctl show -P Result feedmill) == success ]] || fail "it stops with $(systemctl show -P Result feedmill)"

# The socket: a request before the daemon runs starts it, and is answered.
systemctl start feedmill.socket
serves_text all.atom '<entry' || fail "the socket does not start it"
echo "inside: all is well"
