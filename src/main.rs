//! Arguments, tracing, exit codes: 0 done, 1 failed while running, 2 wrong usage or configuration.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use feedmill::commands::{self, Failure};
use feedmill::model::Correction;
use feedmill::{publish, service};

/// Entries are read by one thread and stored by another: the C library's allocator takes a lock for each of their pieces.
#[cfg(all(unix, feature = "jemalloc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Many feeds in, one merged feed out.
#[derive(Parser)]
#[command(name = "feedmill", version, arg_required_else_help = true)]
struct Arguments {
    /// The configuration file [default: $FEEDMILL_CONFIG, ./feedmill.toml, ./config/feedmill.toml, /etc/feedmill/feedmill.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The daemon: poll, store, publish, serve
    Run,
    /// One pass over what is due (or named, or all), then exit
    Poll {
        /// Sources to poll now, whether due or not
        #[arg(value_name = "SOURCE")]
        sources: Vec<String>,
        /// Poll every source, whether due or not
        #[arg(long, conflicts_with = "sources")]
        all: bool,
        /// Say what would be polled and why; touch nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// The running daemon reads its configuration anew
    Reload,
    /// How the running daemon is
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write a configuration to begin with
    Init {
        /// Where [default: that of --config, else $FEEDMILL_CONFIG, else ./feedmill.toml]
        file: Option<PathBuf>,
    },
    /// Follow a site: find its feed, show it, write it into the configuration
    Add(commands::Wanted),
    /// What an OPML list names into the configuration, its folders as tags; or articles of `export --format jsonl` into the
    /// store, where those that are there already stay as they are
    Import {
        /// The list, or the articles
        file: PathBuf,
        /// Of a list: a tag of all feeds; again for more
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
        /// Of a list: say what would be added; write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Follow a source no longer: out of the configuration; what is stored of it stays
    Remove {
        /// Its id or URL
        source: String,
    },
    /// Keep a source and do not poll it
    Pause {
        /// Its id or URL
        source: String,
    },
    /// Poll a paused source again
    Resume {
        /// Its id or URL
        source: String,
    },
    /// Validate the configuration, print each source with its next three polls
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Health of each source
    Sources {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Why a source is polled when it is and what is wrong with it; where an article was seen and why its entries are one
    Explain {
        /// Id of a source, or of an article
        what: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Articles that match a search, the best first; without one the newest
    Articles {
        /// Words, "phrases", AND OR NOT, word*, title:word (SQLite FTS5)
        query: Vec<String>,
        /// Only of this source
        #[arg(long, value_name = "ID")]
        source: Option<String>,
        /// Only from this date on (2026-11-24 or RFC 3339)
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
        /// Only what this filter matches, as in `keep`: a dry run of it; any of several
        #[arg(long = "filter", value_name = "FILTER")]
        filters: Vec<String>,
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take an article out everywhere, for good: neither its sources nor copies bring it back
    Forget {
        /// Its id (urn:uuid:…), the beginning of its UUID, or the id it was published under
        article: String,
    },
    /// An entry out of an article, for good: it becomes one of its own
    Split {
        /// The article's id, the beginning of its UUID, or the id it was published under
        article: String,
        /// The entry's number (#12), id, link or source, as `explain ARTICLE` shows them
        entry: String,
    },
    /// Two articles into one, for good
    Merge {
        /// The id of one
        into: String,
        /// The id of the other
        article: String,
    },
    /// URLs on standard input, one a line, to the canonical key of each
    Canonicalize,
    /// Publication times of the past under several policies: polls, and delay from publication to fetch
    Simulate {
        /// Rows `feed,instant`; without it the entries in the store
        #[arg(value_name = "TRACE.csv")]
        trace: Option<PathBuf>,
        /// "every 60m", a crontab line, entry-frequency or adaptive; again for more
        #[arg(long = "policy", value_name = "POLICY")]
        policies: Vec<String>,
        /// Polls that adaptive and entry-frequency may spend over all sources, such as 300/h [default: that of the configuration]
        #[arg(long, value_name = "N/h")]
        budget: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// A feed document as normalized JSON; nothing is stored
    Parse {
        /// A file, a URL, or - for standard input
        input: String,
        /// Base of relative references
        #[arg(long, value_name = "URL")]
        base_url: Option<url::Url>,
        /// Content-Type the document came with
        #[arg(long, value_name = "TYPE")]
        content_type: Option<String>,
        /// Say on standard error what had to be repaired, and where
        #[arg(long)]
        explain: bool,
    },
    /// A page as one article in JSON; nothing is stored
    Extract {
        /// A file, a URL, or - for standard input
        input: String,
        /// Where the page is, when it comes from a file
        #[arg(long, value_name = "URL", default_value = "")]
        url: String,
        /// Content-Type the page came with
        #[arg(long, value_name = "TYPE")]
        content_type: Option<String>,
        /// As a page of this configured source: with its selectors, time zone and request settings
        #[arg(long, value_name = "ID")]
        source: Option<String>,
        /// Say on standard error what gave each field
        #[arg(long)]
        explain: bool,
    },
    /// The manual page, or one for each command as files of a folder
    Man {
        /// Where they go; without it the page of the program goes to standard output
        #[arg(value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
    /// What a shell completes by; see its documentation for where that goes
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// What is wrong with the configuration, the store, the machine and the network here, and what to do about it
    Doctor {
        /// Ask up to 5 sources too
        #[arg(long)]
        online: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// A checked copy of the database of one instant, also while the daemon runs
    Backup {
        /// The copy
        file: PathBuf,
        /// Write over a file that is there
        #[arg(long)]
        force: bool,
    },
    /// A backup in the place of the database, which is kept beside it; the daemon must not run
    Restore {
        /// The backup
        file: PathBuf,
    },
    /// Stored articles, or what is followed, on standard output
    Export {
        /// How
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
        /// Only those of this output
        #[arg(long, value_name = "NAME")]
        output: Option<String>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// One article a line
    Jsonl,
    /// What is followed, as an OPML list; without private sources
    Opml,
    /// An Atom document
    Atom,
    /// An RSS 2.0 document
    Rss,
    /// A JSON Feed document
    Json,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    feedmill::parse::silence_panics();
    let daemon = matches!(arguments.command, Command::Run);
    let confined = |()| match daemon {
        true => commands::confine(arguments.config.as_deref()),
        false => Ok(()),
    };
    let result = tracing_to(daemon)
        .and_then(confined)
        .and_then(|()| runtime(daemon))
        .and_then(|runtime| {
            // Behind a pointer: the runtime's ways to wait for it would each have a copy of all commands in them.
            let work: Pin<Box<dyn Future<Output = _>>> = Box::pin(execute(arguments));
            runtime.block_on(work)
        });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("feedmill: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// The daemon serves while it polls; one-shot commands need a single thread.
fn runtime(daemon: bool) -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = if daemon {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    builder
        .worker_threads(2)
        .max_blocking_threads(8)
        .enable_all()
        .build()
        .map_err(Failure::running)
}

/// People read it on a terminal, the journal takes it with its fields, everybody else gets a line of JSON an event;
/// `FEEDMILL_LOG_FORMAT` says otherwise.
fn tracing_to(daemon: bool) -> Result<(), Failure> {
    use tracing_subscriber::prelude::*;
    use tracing_subscriber::{EnvFilter, fmt, registry};
    let default = if daemon {
        "feedmill=info,warn"
    } else {
        "error"
    };
    let filter =
        EnvFilter::try_from_env("FEEDMILL_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let wanted = std::env::var("FEEDMILL_LOG_FORMAT").unwrap_or_default();
    let is_journal = || wanted == "journald" || (wanted.is_empty() && service::is_journal());
    let log = fmt::layer().with_writer(std::io::stderr);
    let log = match wanted.as_str() {
        "" | "human" | "json" | "journald" => match service::journal().filter(|_| is_journal()) {
            Some(journal) => journal,
            None if wanted == "human" || (wanted.is_empty() && std::io::stderr().is_terminal()) => {
                log.with_target(false).boxed()
            }
            None => log.json().flatten_event(true).boxed(),
        },
        _ => {
            return Err(Failure::Setup(format!(
                "FEEDMILL_LOG_FORMAT={wanted}: no such form; set it to human, json or journald"
            )));
        }
    };
    registry().with(log.with_filter(filter)).init();
    Ok(())
}

async fn execute(arguments: Arguments) -> Result<(), Failure> {
    let config = arguments.config.as_deref();
    match arguments.command {
        Command::Run => commands::run(config).await,
        Command::Poll {
            sources,
            all,
            dry_run,
        } => commands::poll(config, sources, all, dry_run).await,
        Command::Init { file } => commands::init(config, file),
        Command::Add(wanted) => commands::add(config, wanted).await,
        Command::Import {
            file,
            tags,
            dry_run,
        } => commands::import(config, &file, &tags, dry_run).await,
        Command::Remove { source } => commands::remove(config, &source),
        Command::Pause { source } => commands::pause(config, &source, true),
        Command::Resume { source } => commands::pause(config, &source, false),
        Command::Check { json } => commands::check(config, json),
        Command::Man { folder } => commands::man(Arguments::command(), folder.as_deref()),
        Command::Completions { shell } => commands::completions(Arguments::command(), shell),
        Command::Reload => commands::reload(config).await,
        Command::Status { json } => commands::status(config, json).await,
        Command::Explain { what, json } => commands::explain(config, &what, json).await,
        Command::Sources { json } => commands::sources(config, json).await,
        Command::Articles {
            query,
            source,
            since,
            filters,
            limit,
            json,
        } => {
            let since = since.as_deref();
            commands::articles(config, &query, source, since, &filters, limit, json).await
        }
        Command::Forget { article } => {
            commands::correct(config, Correction::Forget { article }).await
        }
        Command::Split { article, entry } => {
            commands::correct(config, Correction::Split { article, entry }).await
        }
        Command::Merge { into, article } => {
            commands::correct(config, Correction::Merge { into, article }).await
        }
        Command::Canonicalize => {
            commands::canonicalize(std::io::stdin().lock(), std::io::stdout().lock())
        }
        Command::Parse {
            input,
            base_url,
            content_type,
            explain,
        } => commands::parse(config, &input, base_url, content_type, explain).await,
        Command::Extract {
            input,
            url,
            content_type,
            source,
            explain,
        } => {
            let asked = commands::Asked {
                input,
                url,
                content_type,
                source,
                explain,
            };
            commands::extract(config, asked).await
        }
        Command::Simulate {
            trace,
            policies,
            budget,
            json,
        } => {
            let trace = trace.as_deref();
            commands::simulate(config, trace, &policies, budget.as_deref(), json).await
        }
        Command::Backup { file, force } => commands::backup(config, &file, force).await,
        Command::Restore { file } => commands::restore(config, &file).await,
        Command::Doctor { online, json } => commands::doctor(config, online, json).await,
        Command::Export { format, output } => {
            let output = output.as_deref();
            match format {
                Format::Opml => commands::export_opml(config, output).await,
                Format::Jsonl => commands::export_jsonl(config, output).await,
                Format::Atom => commands::export_feed(config, publish::Format::Atom, output).await,
                Format::Rss => commands::export_feed(config, publish::Format::Rss, output).await,
                Format::Json => commands::export_feed(config, publish::Format::Json, output).await,
            }
        }
    }
}
