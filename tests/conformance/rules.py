#!/usr/bin/env python3
"""Publishes every feed of the corpus as one output and checks the three documents by the rules of feed validators.

    rules.py BINARY CORPUS

RFC 4287 (ids, dates, persons, links, sources), the RSS Advisory Board's profile, JSON Feed 1.1, and what the W3C
validator warns of that can be avoided: relative references, undeclared HTML, tags and attributes that run something."""
import collections
import email.utils
import html.parser
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
IRI = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]+')
DATE = re.compile(r"(19[7-9]|20[0-2])\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(\s*;.*)?")
MAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")
UNDECLARED = re.compile(r"</?[a-zA-Z][^>]*>|&[a-z]+;")
SCRIPTING = re.compile(r"\s*(javascript|vbscript|data):", re.I)
NEVER = set("script iframe object embed style form meta link base frame applet noscript".split())

broken = collections.defaultdict(list)


def expect(holds, rule, value=""):
    if not holds:
        broken[rule].append(str(value)[:160])


def matches(pattern, value, rule):
    expect(value is not None and pattern.fullmatch(value), rule, value)


class Markup(html.parser.HTMLParser):
    """Reads HTML that a document carries."""

    def __init__(self, where):
        super().__init__()
        self.where = where

    def handle_starttag(self, tag, attributes):
        expect(tag not in NEVER, f"{self.where}: a tag that has no place in a feed", tag)
        for name, value in attributes:
            expect(not name.startswith("on") and name != "style", f"{self.where}: an attribute that has no place", name)
            if name in ("href", "src", "cite", "poster", "longdesc") and value is not None:
                matches(IRI, value.strip(), f"{self.where}: a relative or broken address")
                expect(not SCRIPTING.match(value), f"{self.where}: an address that runs something", value)


def markup(where, text):
    reader = Markup(where)
    reader.feed(text)
    reader.close()


def person(element, where):
    expect((element.findtext(ATOM + "name") or "").strip(), f"{where}: a person without a name")
    for name, pattern in (("uri", IRI), ("email", MAIL)):
        if element.find(ATOM + name) is not None:
            matches(pattern, element.findtext(ATOM + name), f"{where}: {name}")


def links(element, where):
    alternates = collections.Counter()
    for link in element.findall(ATOM + "link"):
        matches(IRI, link.get("href"), f"{where}: href")
        if link.get("rel", "alternate") == "alternate":
            alternates[link.get("type"), link.get("hreflang")] += 1
        if link.get("type") is not None:
            matches(MEDIA_TYPE, link.get("type"), f"{where}: type of a link")
        expect((link.get("length") or "0").isdigit(), f"{where}: length of a link", link.get("length"))
    expect(all(count == 1 for count in alternates.values()), f"{where}: two alternates of one type")


def construct(element, where):
    for name in ("id", "title", "updated"):
        expect(len(element.findall(ATOM + name)) == 1, f"{where}: one {name}")
    expect((element.findtext(ATOM + "title") or "").strip(), f"{where}: an empty title")
    matches(IRI, element.findtext(ATOM + "id"), f"{where}: id")
    for name in ("updated", "published"):
        if element.find(ATOM + name) is not None:
            matches(DATE, element.findtext(ATOM + name), f"{where}: {name}")
    links(element, where)
    for one in element.findall(ATOM + "author") + element.findall(ATOM + "contributor"):
        person(one, where)
    for category in element.findall(ATOM + "category"):
        expect(category.get("term", "").strip(), f"{where}: term")
        if category.get("scheme") is not None:
            matches(IRI, category.get("scheme"), f"{where}: scheme")
    for name in ("title", "summary", "content", "rights"):
        for text in element.findall(ATOM + name):
            if text.get("type", "text") == "html":
                markup(f"{where} {name}", text.text or "")
            else:
                expect(not UNDECLARED.search(text.text or ""), f"{where} {name}: undeclared HTML", text.text)
    if element.get(XML_LANG) is not None:
        matches(LANGUAGE, element.get(XML_LANG), f"{where}: language")


def atom(path):
    feed = ElementTree.parse(path).getroot()
    construct(feed, "atom feed")
    expect(feed.find(f"{ATOM}link[@rel='self']") is not None, "atom feed: self")
    ids = collections.Counter()
    for entry in feed.findall(ATOM + "entry"):
        construct(entry, "atom entry")
        ids[entry.findtext(ATOM + "id")] += 1
        expect(entry.find(ATOM + "author") is not None, "atom entry: no author")
        source = entry.find(ATOM + "source")
        expect(source is not None, "atom entry: no source")
        if source is not None:
            construct(source, "atom source")
        alternates = [link for link in entry.findall(ATOM + "link") if link.get("rel", "alternate") == "alternate"]
        expect(alternates or entry.find(ATOM + "content") is not None, "atom entry: neither link nor content")
        for media in entry.iter():
            if not media.tag.startswith(MEDIA):
                continue
            if media.get("url") is not None:
                matches(IRI, media.get("url"), "media: url")
            for name in ("width", "height", "fileSize", "duration"):
                expect((media.get(name) or "0").isdigit(), f"media: {name}", media.get(name))
            if media.tag == MEDIA + "content" and media.get("type") is not None:
                matches(MEDIA_TYPE, media.get("type"), "media: type")
            expect(media.get("medium") in (None, "image", "audio", "video"), "media: medium", media.get("medium"))
    expect(all(count == 1 for count in ids.values()), "atom: an id twice", ids.most_common(1))
    return len(ids)


def rss(path):
    channel = ElementTree.parse(path).getroot().find("channel")
    for name in ("title", "link", "description"):
        expect(channel.findtext(name), f"rss channel: {name}")
    guids = collections.Counter()
    for item in channel.findall("item"):
        guid = item.find("guid")
        guids[guid.text] += 1
        if guid.get("isPermaLink") != "false":
            matches(re.compile(r"https?://\S+"), guid.text, "rss: a permanent guid is an address")
        for name in ("title", "link", "description", "guid", "pubDate", "comments", "source", "enclosure"):
            expect(len(item.findall(name)) <= 1, f"rss: {name} twice")
        for name in ("link", "comments"):
            if item.find(name) is not None:
                matches(IRI, item.findtext(name), f"rss: {name}")
        expect(email.utils.parsedate_tz(item.findtext("pubDate")), "rss: pubDate", item.findtext("pubDate"))
        for enclosure in item.findall("enclosure"):
            matches(IRI, enclosure.get("url"), "rss enclosure: url")
            matches(MEDIA_TYPE, enclosure.get("type"), "rss enclosure: type")
            expect((enclosure.get("length") or "").isdigit(), "rss enclosure: length", enclosure.get("length"))
        if item.find("source") is not None:
            matches(IRI, item.find("source").get("url"), "rss: source")
        for name in ("description", "{http://purl.org/rss/1.0/modules/content/}encoded"):
            if item.find(name) is not None:
                expect((item.findtext(name) or "").strip(), f"rss: an empty {name}")
                markup("rss", item.findtext(name) or "")
        for name, pattern in ((ITUNES + "duration", re.compile(r"\d+")), ("{http://purl.org/dc/elements/1.1/}language", LANGUAGE)):
            if item.find(name) is not None:
                matches(pattern, item.findtext(name), f"rss: {name}")
    expect(all(count == 1 for count in guids.values()), "rss: a guid twice", guids.most_common(1))
    return len(guids)


def json_feed(path):
    items = json.loads(pathlib.Path(path).read_text())["items"]
    for item in items:
        expect(item.get("content_html") or item.get("content_text"), "json: neither content", item["id"])
        for name in ("url", "image"):
            if name in item:
                matches(IRI, item[name], f"json: {name}")
        for name in ("date_published", "date_modified"):
            matches(DATE, item[name], f"json: {name}")
        for attachment in item.get("attachments", []):
            matches(IRI, attachment["url"], "json attachment: url")
            matches(MEDIA_TYPE, attachment["mime_type"], "json attachment: mime_type")
        if "language" in item:
            matches(LANGUAGE, item["language"], "json: language")
        markup("json", item.get("content_html", ""))
        expect(item["authors"] and all(author["name"] for author in item["authors"]), "json: authors")
    ids = {item["id"] for item in items}
    expect(len(ids) == len(items), "json: an id twice")
    return len(items)


def main(binary, corpus):
    kept = lambda path: path.is_file() and path.suffix not in (".tsv", ".md", ".py") and not path.name.endswith(".expect.json")
    files = sorted(path for path in pathlib.Path(corpus).rglob("*") if kept(path) and "LICENSES" not in path.parts and "'" not in str(path))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        config = ['[server]\nlisten = "127.0.0.1:0"\npublic_url = "https://mill.example.org/"\n']
        config += [f"[[source]]\nid = 's{number}'\nurl = 'file:{path}'\n" for number, path in enumerate(files)]
        config.append('[[output]]\nname = "all"\nlimit = 10000\n')
        (folder / "feedmill.toml").write_text("".join(config))
        run = lambda *words: subprocess.run([binary, *words, "--config", folder / "feedmill.toml"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        run("poll", "--all")  # some of the corpus cannot be read, and is not meant to be
        counts = []
        for kind, check in (("atom", atom), ("rss", rss), ("json", json_feed)):
            (folder / kind).write_bytes(run("export", "--format", kind).stdout)
            counts.append(check(folder / kind))
    print(f"{len(files)} documents of the corpus, {counts} entries published as Atom, RSS and JSON")
    expect(len(set(counts)) == 1 and counts[0] > 1000, "the formats hold the same entries", counts)
    for rule, values in sorted(broken.items()):
        print(f"{len(values):5} {rule}: {values[:3]}")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main(*sys.argv[1:])
