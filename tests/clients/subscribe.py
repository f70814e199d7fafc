"""Subscribes real feed readers to a running daemon and checks what they see.

The demonstration is copied to a temporary folder and served; feedparser and newsboat must see its articles once
each, a second request must be answered 304, and an edited line must move the `updated` of that one entry.
Nothing here sleeps for a fixed time: every wait looks for an event and has a deadline.
"""

import argparse
import html
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request

import feedparser

from recorder import Recorder

EXPECTED = {
    "Gullhaven to Relight Its Breakwater Lamp After Eleven Dark Winters",
    "Island Ferry Moves to Winter Hours, and Keeps the Late Boat",  # stands in two feeds
    "Fish Market Clock Runs Backwards for a Morning, Nobody Late",
    "The Harbour Hour, No. 31: What the Dredger Found",
    "Council & Crews Agree on Quiet Nights for the Boatyard",
    "The Night Library Opens Its Roof",
    "Lamp & Ladder: a Walk Along the Unlit Mile",
    "Seven Windows That Are Never Dark",
    "The Highest Neap Tide in Our Books",
    "Buoy Four Reports Again",
    "What the Sandbar Sounds Like",
    "Tide Table for December",
}
SOURCES = {"Harbour Herald", "Lantern Notes", "Tidewatch"}
EDITED = "Buoy Four Reports Again"
START_SECONDS = 30
CHANGE_SECONDS = 30
STOP_SECONDS = 10


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--feedmill", type=pathlib.Path, required=True, help="the program under test")
    arguments.add_argument("--demo", type=pathlib.Path, required=True, help="folder of demo.toml and demo/")
    arguments.add_argument("--work", type=pathlib.Path, required=True, help="an empty folder for everything written")
    given = arguments.parse_args()
    port = free_port()
    config = copy_demo(given.demo, given.work, port)
    with Daemon(given.feedmill, config, port, given.work / "feedmill.log") as daemon:
        first = check_feedparser(daemon, given.work)
        check_newsboat(daemon, given.work)
        check_edit(daemon, given.work, first)
    print("clients: feedparser and newsboat agree")


def check(condition, *facts):
    if not condition:
        raise AssertionError(" ".join(str(fact) for fact in facts))


def wait_for(what, seconds, attempt):
    """The first true answer of `attempt`, asked for until the deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = attempt()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def copy_demo(demo, work, port):
    """The demonstration with a port, a store and a quicker pace of its own."""
    shutil.copytree(demo / "demo", work / "demo")
    text = (demo / "demo.toml").read_text(encoding="utf-8")
    for pattern, replacement in [
        (r"127\.0\.0\.1:7878", f"127.0.0.1:{port}"),
        (r'^path = ".*"', 'path = "clients.db"'),
        (r'^default = "every 10s"', 'default = "every 1s"'),
    ]:
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        check(count > 0, "demo.toml no longer has", pattern)
    config = work / "clients.toml"
    config.write_text(text, encoding="utf-8")
    return config


class Daemon:
    """`feedmill run`, ready while the block runs and stopped gracefully after it."""

    def __init__(self, program, config, port, log):
        self.command = [str(program), "run", "--config", str(config)]
        self.port = port
        self.log = log

    def __enter__(self):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_for("/readyz", START_SECONDS, self.ready)
        except BaseException:
            self.process.kill()
            self.show_log()
            raise
        return self

    def __exit__(self, failure, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = f"none within {STOP_SECONDS} s of SIGTERM"
        if failure or code != 0:
            self.show_log()
        check(failure or code == 0, "exit code", code)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def ready(self):
        check(self.process.poll() is None, "the daemon exited with", self.process.returncode)
        try:
            return urllib.request.urlopen(self.url("/readyz"), timeout=5).status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def show_log(self):
        sys.stderr.write(self.log.read_text(encoding="utf-8", errors="replace")[-8000:])


def parsed(daemon, **validators):
    feed = feedparser.parse(daemon.url("/all.atom"), **validators)
    check(not feed.bozo, "feedparser finds the feed ill-formed:", feed.get("bozo_exception"))
    return feed


def plain(title):
    """A title as a reader shows it."""
    return html.unescape(re.sub(r"<[^>]*>", "", title)).strip()


def titles(feed):
    return sorted(plain(entry.title) for entry in feed.entries)


def check_feedparser(daemon, work):
    def whole():
        feed = parsed(daemon)
        return feed if titles(feed) == sorted(EXPECTED) else None

    try:
        feed = wait_for("all entries in /all.atom", START_SECONDS, whole)
    except AssertionError:
        found = titles(parsed(daemon))
        raise AssertionError(f"missing {EXPECTED - set(found)}, unexpected {set(found) - EXPECTED}, found {found}") from None
    check(feed.status == 200 and feed.version == "atom10", feed.status, feed.version)
    check(feed.feed.get("id") and feed.feed.get("updated_parsed"), "feed without id or updated")
    ids = [entry.id for entry in feed.entries]
    check(len(set(ids)) == len(ids), "ids repeat:", ids)
    for entry in feed.entries:
        check(entry.get("link") and entry.get("updated_parsed"), "no link or updated:", entry.title)
        check(entry.get("content") or entry.get("summary"), "nothing to read:", entry.title)
    check({entry.source.title for entry in feed.entries} == SOURCES, "atom:source names", [e.source.title for e in feed.entries])
    check(feed.get("etag") and feed.get("modified"), "no validators")
    for validators in [{"etag": feed.etag}, {"modified": feed.modified}, {"etag": feed.etag, "modified": feed.modified}]:
        again = parsed(daemon, **validators)
        check(again.status == 304 and not again.entries, "not 304 with", validators, "but", again.status)
    (work / "all.atom").write_bytes(urllib.request.urlopen(daemon.url("/all.atom"), timeout=5).read())
    return feed


def check_newsboat(daemon, work):
    home = work / "newsboat"
    home.mkdir()
    with Recorder(daemon.port) as recorder:
        (home / "urls").write_text(recorder.url("/all.atom") + "\n", encoding="utf-8")
        (home / "config").write_text("auto-reload no\nmax-items 0\nuse-proxy no\n", encoding="utf-8")
        # newsboat keeps validators only for a feed that its cache holds already: from the second reload on.
        for expected in [200, 200, 304]:
            newsboat_reload(home)
            check(recorder.statuses[-1:] == [expected], "newsboat's reloads got", recorder.statuses)
            check(newsboat_titles(home) == sorted(EXPECTED), "newsboat sees", newsboat_titles(home))
        check(len(recorder.statuses) == 3, "newsboat asked more than once a reload:", recorder.statuses)


def newsboat_reload(home):
    environment = {**os.environ, "HOME": str(home), "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    files = ["-C", home / "config", "-u", home / "urls", "-c", home / "cache.db"]
    command = ["newsboat", *map(str, files), "-x", "reload"]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, text=True)
    check(done.returncode == 0, "newsboat:", done.stdout, done.stderr)


def newsboat_titles(home):
    cache = sqlite3.connect(home / "cache.db")
    try:
        return sorted(plain(title) for (title,) in cache.execute("SELECT title FROM rss_item"))
    finally:
        cache.close()


def check_edit(daemon, work, before):
    """What the README invites to: edit a line, watch that entry's `updated` move."""
    feed_file = work / "demo" / "tidewatch.json"
    text = feed_file.read_text(encoding="utf-8")
    check("A crab had closed" in text, "the sample feed lost the line that is edited")
    replacement = feed_file.with_suffix(".new")
    replacement.write_text(text.replace("A crab had closed", "Two crabs had closed"), encoding="utf-8")
    replacement.replace(feed_file)

    def changed():
        feed = parsed(daemon, etag=before.etag)
        return feed if feed.status == 200 else None

    after = wait_for("a new version of /all.atom", CHANGE_SECONDS, changed)
    old = {entry.id: (plain(entry.title), entry.updated) for entry in before.entries}
    new = {entry.id: (plain(entry.title), entry.updated) for entry in after.entries}
    check(old.keys() == new.keys(), "ids changed:", old.keys() ^ new.keys())
    moved = [title for id, (title, updated) in new.items() if updated != old[id][1]]
    check(moved == [EDITED], "updated moved for", moved)
    check(all(new[id][1] >= old[id][1] for id in old), "updated went backwards")
    check("Two crabs" in str(after.entries), "the edit is not in the feed")


if __name__ == "__main__":
    main()
