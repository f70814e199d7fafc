//! Papers of a town that does not exist, and a feed that means no good.

use chrono::{DateTime, TimeDelta, Utc};

use crate::origin::{Origin, Reply};
use crate::picture::harbour;

/// A story of a paper.
struct Story {
    id: &'static str,
    hours: i64,
    title: &'static str,
    summary: &'static str,
    by: &'static str,
    picture: Option<(u32, &'static str)>,
    tags: &'static [&'static str],
    takeaways: &'static [&'static str],
    text: &'static [&'static str],
}

const NONE: Story = Story {
    id: "",
    hours: 0,
    title: "",
    summary: "",
    by: "",
    picture: None,
    tags: &[],
    takeaways: &[],
    text: &[],
};

const HERALD: &[Story] = &[
    Story {
        id: "lamp",
        hours: 2,
        title: "The breakwater lamp burns again, eleven winters late",
        summary: "A lantern no larger than a bucket went on at dusk, and the pilots found their own way home for the first time since the storm.",
        by: "Ines Halvorsen",
        picture: Some((0, "The outer breakwater at dusk with its lamp lit")),
        tags: &["Harbour", "Lights and buoys"],
        takeaways: &[
            "Red to the harbour, white to the sea, as pilots and crews had each asked",
            "The lantern runs for nine days without sun",
            "Insurers lower the premium for boats under twelve metres",
        ],
        text: &[
            "At a quarter to five the lamp at the end of the outer breakwater came on, went off, and came on again. Forty people on the quay had agreed not to cheer until it stayed, and then forgot.",
            "The tower has stood dark since the winter when the cable was torn out. Since then whoever came in late steered by the light of the bakery, which has been moved twice in those years, and which nobody had told the charts.",
            "The new lantern weighs eleven kilograms and needs no cable. Its keeper, the harbour mechanic Sunna Brandt, can see from her kitchen whether it burns. “I will be the first to know,” she says, “and the last to be asked.”",
            "The old lens, made of 64 prisms, was cleaned over the autumn. It will hang in the fish market, where the hook has been waiting for it since September.",
        ],
    },
    Story {
        id: "ferry",
        hours: 5,
        title: "Island ferry keeps the late boat through the winter",
        summary: "The council found the money for the half past eleven sailing, on the condition that it leaves at half past eleven.",
        by: "Mattis Oyelaran",
        picture: Some((1, "The ferry leaving on a clear morning")),
        tags: &["Transport"],
        text: &[
            "The late boat stays. From the first of December it sails every day but Monday, and it waits for the last train only when the train says that it is coming.",
            "Eighty islanders had signed a letter that asked for nothing else.",
        ],
        ..NONE
    },
    Story {
        id: "bread",
        hours: 21,
        title: "Night bakers vote to keep the corner window open",
        summary: "Bread at three in the morning stays a right in Gullhaven, at least for those who know which pane to knock on.",
        by: "Ines Halvorsen",
        picture: Some((5, "Morning mist over the old town")),
        tags: &["Town"],
        takeaways: &[
            "The window opens at three, the door at six",
            "Knocking twice means rye",
        ],
        text: &["The vote was nine to two. The two sleep above the bakery."],
    },
    Story {
        id: "dredge",
        hours: 27,
        title: "Dredging finds a bell nobody lost",
        summary: "It bears a date, a crack and no name. Three parishes have already said that it is not theirs, in writing.",
        by: "Harbour desk",
        tags: &["Harbour"],
        text: &["The bell came up with the third bucket on Tuesday."],
        ..NONE
    },
    Story {
        id: "tax",
        hours: 46,
        title: "Mooring fees rise for the first time in a decade",
        summary: "Eleven crowns a metre from spring; boats that sail every week pay half.",
        by: "Mattis Oyelaran",
        tags: &["Town", "Harbour"],
        text: &["Fees had been frozen since the storm."],
        ..NONE
    },
];

const NOTES: &[Story] = &[
    Story {
        id: "roof",
        hours: 3,
        title: "The night library opens its roof",
        summary: "On clear Thursdays the reading room is lit by nothing but the sky, and returns are counted by ear.",
        by: "Ada Quill",
        picture: Some((4, "The open roof of the reading room under stars")),
        tags: &["Library", "Stars"],
        takeaways: &[
            "Every clear Thursday until March",
            "Bring a coat and a red lamp",
            "Loans made in the dark count from the next morning",
        ],
        text: &[
            "Two winches, one of them borrowed from a trawler, pull the panels aside in four minutes. Then the librarian says good evening to the sky, which is the only rule that has been written down.",
            "Readers lie on the long tables. Somebody always finds the Plough first and is shushed.",
        ],
    },
    Story {
        id: "ferry-too",
        hours: 6,
        title: "Island ferry keeps the late boat through the winter",
        summary: "Good news for concertgoers.",
        by: "Ada Quill",
        picture: Some((1, "The ferry leaving on a clear morning")),
        tags: &["Transport"],
        text: &[
            "The late boat stays. From the first of December it sails every day but Monday, and it waits for the last train only when the train says that it is coming.",
            "Eighty islanders had signed a letter that asked for nothing else.",
        ],
        ..NONE
    },
    Story {
        id: "choir",
        hours: 30,
        title: "A choir for people who cannot sing, and know it",
        summary: "Rehearsals are on the pier, where it does not matter.",
        by: "Teo Marsh",
        picture: Some((2, "The pier in the last light of the evening")),
        tags: &["Music"],
        text: &["Forty have joined. The conductor wears a hat, for the gulls."],
        ..NONE
    },
];

const TIDES: &[Story] = &[
    Story {
        id: "eel",
        hours: 8,
        title: "Eels come back to the mill race in numbers not counted since 1961",
        summary: "A camera under the sluice saw four thousand of them in one night, and one otter that could not believe its luck.",
        by: "Dr. Runa Sæther",
        picture: Some((3, "The mill race in pale summer light")),
        tags: &["Rivers", "Fish"],
        takeaways: &[
            "4,112 eels in the night of the spring tide",
            "The pass was built from the stones of the old weir",
        ],
        text: &[
            "The count is the work of three students and a camera that had been bought for something else.",
        ],
    },
    Story {
        id: "tide",
        hours: 26,
        title: "Why the harbour smells of cucumbers in November",
        summary: "It is the smelt, and it is a good sign.",
        by: "Dr. Runa Sæther",
        tags: &["Fish"],
        text: &[
            "Smelt come in with the first cold water. They smell of cucumbers, and nobody has found out why.",
        ],
        ..NONE
    },
];

/// Puts the papers where the origin serves them: `/herald`, `/notes`, `/tides`, `/radio` (a podcast) and `/noor` (in Arabic).
pub(crate) fn build(origin: &Origin, now: DateTime<Utc>) {
    for seed in 0..6 {
        let reply = Reply::ok(harbour(960, 540, seed)).header("Content-Type", "image/png");
        origin.script(&format!("/picture/{seed}.png"), reply);
    }
    origin.script(
        "/herald",
        paper(
            origin,
            "Harbour Herald",
            "https://herald.example",
            HERALD,
            now,
        ),
    );
    origin.script(
        "/notes",
        paper(origin, "Lantern Notes", "https://notes.example", NOTES, now),
    );
    origin.script(
        "/tides",
        paper(origin, "Tidewatch", "https://tides.example", TIDES, now),
    );
    let date = |hours| (now - TimeDelta::hours(hours)).to_rfc2822();
    origin.script("/radio", Reply::ok(format!(
        "<rss version=\"2.0\" xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\"><channel><title>Lock Radio</title><language>en</language><item><guid isPermaLink=\"false\">r7</guid><title>Half an hour at the weir</title><link>https://radio.example/7</link>\
         <pubDate>{}</pubDate><itunes:duration>30:12</itunes:duration><description>&lt;p&gt;Wind, water, and a dog who wants to be on air.&lt;/p&gt;</description>\
         <enclosure url=\"{}\" length=\"28800000\" type=\"audio/mpeg\"/></item></channel></rss>", date(10), origin.url("/7.mp3"))));
    origin.script("/noor", Reply::ok(format!(
        "<rss version=\"2.0\"><channel><title>منارة</title><language>ar</language><item><guid isPermaLink=\"false\">n1</guid><title>عاد مصباح المرفأ إلى الحياة</title><link>https://noor.example/1</link>\
         <pubDate>{}</pubDate><description>&lt;p&gt;أضاء المصباح عند الغسق، ووجد البحارة طريقهم إلى البيت.&lt;/p&gt;</description></item></channel></rss>", date(12))));
}

fn paper(origin: &Origin, title: &str, site: &str, stories: &[Story], now: DateTime<Utc>) -> Reply {
    let text = edition(origin, title, site, stories, now);
    Reply::ok(text)
        .header("ETag", "\"edition-1\"")
        .revalidates()
}

fn edition(
    origin: &Origin,
    title: &str,
    site: &str,
    stories: &[Story],
    now: DateTime<Utc>,
) -> String {
    let items: String = stories
        .iter()
        .map(|story| item(origin, site, story, now))
        .collect();
    format!(
        "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:media=\"http://search.yahoo.com/mrss/\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">\
         <channel><title>{title}</title><link>{site}/</link><language>en</language>{items}</channel></rss>"
    )
}

fn item(origin: &Origin, site: &str, story: &Story, now: DateTime<Utc>) -> String {
    let date = (now - TimeDelta::hours(story.hours)).to_rfc2822();
    let picture = story
        .picture
        .map(|(seed, alt)| (origin.url(&format!("/picture/{seed}.png")), alt));
    let media = picture.as_ref().map_or_else(String::new, |(url, alt)| {
        format!("<media:content medium=\"image\" url=\"{url}\" width=\"960\" height=\"540\"><media:description>{alt}</media:description></media:content>")
    });
    let tags: String = story
        .tags
        .iter()
        .map(|tag| format!("<category>{tag}</category>"))
        .collect();
    let text: String = story
        .text
        .iter()
        .map(|text| format!("<p>{text}</p>"))
        .collect();
    let points: String = story
        .takeaways
        .iter()
        .map(|point| format!("<li>{point}</li>"))
        .collect();
    let takeaways = if points.is_empty() {
        points
    } else {
        format!("<p><strong>Key takeaways</strong></p><ul>{points}</ul>")
    };
    let figure = picture.map_or_else(String::new, |(url, alt)| {
        format!("<figure><img src=\"{url}\" alt=\"{alt}\" width=\"960\" height=\"540\"></figure>")
    });
    format!(
        "<item><guid isPermaLink=\"false\">{id}</guid><title>{title}</title><link>{site}/{id}</link><dc:creator>{by}</dc:creator><pubDate>{date}</pubDate>{tags}{media}\
         <description>{summary}</description><content:encoded><![CDATA[{figure}{text}{takeaways}]]></content:encoded></item>",
        id = story.id,
        title = story.title,
        by = story.by,
        summary = story.summary
    )
}

/// The Herald after a correction of the first story.
pub(crate) fn correct(origin: &Origin, now: DateTime<Utc>) {
    let body = edition(
        origin,
        "Harbour Herald",
        "https://herald.example",
        HERALD,
        now,
    );
    let body = body
        .replace("Forty people on the quay", "Sixty people on the quay")
        .replace("eleven winters late", "twelve winters late");
    origin.script(
        "/herald",
        Reply::ok(body)
            .header("ETag", "\"edition-2\"")
            .revalidates(),
    );
}

/// A feed that means no good, and one that is merely odd.
pub(crate) fn hostile(origin: &Origin, now: DateTime<Utc>) -> Reply {
    let date = now.to_rfc2822();
    let long = "A very long title without an end ".repeat(160);
    let word = "unbroken".repeat(300);
    let tags: String = (0..500)
        .map(|tag| format!("<category>Tag {tag} &lt;b&gt;</category>"))
        .collect();
    let missing = origin.url("/picture/missing.png");
    let evil = "&lt;script&gt;window.pwned=1&lt;/script&gt;";
    let body = format!(
        "<p onclick=\"window.pwned=1\">One <a href=\"javascript:window.pwned=1\">click</a> <a href=\"https://x.example/\"></a>\
         <img src=\"{missing}\" onerror=\"window.pwned=1\"><script>window.pwned=1</script><style>body{{display:none}}</style>\
         <iframe src=\"https://x.example/\"></iframe><form action=\"https://x.example/\"><input></form>\
         <h1>Deep</h1><h4>Deeper</h4><nav>n</nav><table><tr><th></th><td>{word}</td></tr></table><svg onload=\"window.pwned=1\"></svg><dl><p>odd</p></dl><details><summary></summary>x</details></p>"
    );
    Reply::ok(format!(
        "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>{evil}Evil \"quoted\" &amp;lt;i&amp;gt;</title><link>javascript:window.pwned=1</link>\
         <item><guid isPermaLink=\"false\">h1</guid><title>{evil}&lt;/title&gt;&lt;img src=x onerror=window.pwned=1&gt; plain</title><link>javascript:window.pwned=1</link><pubDate>{date}</pubDate>{tags}\
         <author>\"&gt;&lt;script&gt;window.pwned=1&lt;/script&gt;</author><comments>javascript:window.pwned=1</comments>\
         <enclosure url=\"javascript:window.pwned=1\" type=\"audio/mpeg\" length=\"1\"/><content:encoded><![CDATA[{body}]]></content:encoded></item>\
         <item><guid isPermaLink=\"false\">h2</guid><title>{long}</title><link>https://x.example/h2</link><pubDate>{date}</pubDate><description>{word}</description></item>\
         <item><guid isPermaLink=\"false\">h3</guid><link>https://x.example/h3</link><pubDate>{date}</pubDate><description>No title, only words. \u{1f9ed}\u{200f}</description></item>\
         <item><guid isPermaLink=\"false\">h4</guid><title>\u{202e}txet desrever \u{1f6a2}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}</title><link>https://x.example/h4?a=\"&gt;&lt;script&gt;</link><pubDate>{date}</pubDate></item>\
         </channel></rss>"
    ))
}

/// A month of small notices of three papers, at `/herald-past` and so on: what sparklines and pages are made of.
pub(crate) fn past(origin: &Origin, now: DateTime<Utc>) {
    for (id, title, pace) in [
        ("herald", "Harbour Herald", 9),
        ("notes", "Lantern Notes", 31),
        ("tides", "Tidewatch", 17),
    ] {
        let items: String = (0..700 / pace)
            .map(|number| {
                let hours = 50 + number * pace + (number * number) % 7;
                let date = (now - TimeDelta::hours(hours)).to_rfc2822();
                format!("<item><guid isPermaLink=\"false\">past-{number}</guid><title>Notice {number} of the {title}</title><link>https://{id}.example/past/{number}</link><pubDate>{date}</pubDate><description>High water at {number} minutes past, says the {title}.</description></item>")
            })
            .collect();
        origin.script(&format!("/{id}"), Reply::ok(format!("<rss version=\"2.0\"><channel><title>{title}</title><item><guid isPermaLink=\"false\">first</guid><title>Welcome</title><pubDate>{}</pubDate></item>{items}</channel></rss>", (now - TimeDelta::days(60)).to_rfc2822())));
    }
}
