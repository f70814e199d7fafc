use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// A state, and words that what is or the cure must have.
fn says(check: &Check, state: State, words: &[&str]) {
    assert_eq!(check.state, state, "{check:?}");
    assert_eq!(check.cure.is_none(), state == State::Ok, "{check:?}");
    let said = format!(
        "{} {}",
        check.what,
        check.cure.as_deref().unwrap_or_default()
    );
    for word in words {
        assert!(said.contains(word), "{word:?} in {said}");
    }
    assert!(!said.contains('\n'), "one line: {said}");
}

fn seen(inspection: Option<Result<Inspection, String>>) -> StoreSeen {
    StoreSeen {
        path: "/var/lib/feedmill/feedmill.db".into(),
        inspection,
        free: Some(1 << 40),
        files: Vec::new(),
    }
}

fn sound() -> Inspection {
    Inspection {
        schema: 12,
        known: 12,
        bytes: 1 << 30,
        index: Some(IndexState::default()),
        ..Inspection::default()
    }
}

#[test]
fn a_clock_of_1970_or_behind_the_store_is_a_failure() {
    says(
        &clock(at("1970-01-01T00:00:09Z"), None),
        State::Failure,
        &["1970", "timedatectl"],
    );
    let now = at("2027-01-01T00:00:00Z");
    says(
        &clock(now, Some(at("2027-01-01T02:00:00Z"))),
        State::Failure,
        &["behind", "NTP"],
    );
    says(
        &clock(now, Some(at("2027-01-01T00:04:00Z"))),
        State::Ok,
        &[],
    );
    says(&clock(now, None), State::Ok, &["2027"]);
}

#[test]
fn missing_ca_certificates_fail_where_https_is_wanted() {
    says(
        &roots((0, true)),
        State::Failure,
        &["apt install ca-certificates"],
    );
    says(&roots((0, false)), State::Warning, &["ca-certificates"]);
    says(&roots((140, true)), State::Ok, &["140"]);
}

#[test]
fn a_full_disk_is_a_failure_and_a_narrow_one_a_warning() {
    let with = |free| StoreSeen {
        free,
        ..seen(Some(Ok(sound())))
    };
    says(
        &disk(&with(Some(1 << 20))),
        State::Failure,
        &["1 MiB are free", "make room"],
    );
    says(
        &disk(&with(Some(1 << 30))),
        State::Warning,
        &["1024 MiB", "upgrade"],
    );
    says(&disk(&with(Some(2 << 30))), State::Ok, &[]);
    says(&disk(&with(None)), State::Ok, &["does not say"]);
}

#[test]
fn a_read_only_disk_and_missing_rights_are_told_apart() {
    let with = |access, owners: [u32; 3]| StoreSeen {
        files: owners
            .iter()
            .zip(["/f", "/f/a.db", "/f/a.db.lock"])
            .map(|(owner, path)| FileSeen {
                path: path.into(),
                access,
                owner: Some(*owner),
            })
            .collect(),
        ..seen(None)
    };
    says(
        &permissions(&with(Err(ErrorKind::ReadOnlyFilesystem), [1, 1, 1])),
        State::Failure,
        &["read-only"],
    );
    says(
        &permissions(&with(Err(ErrorKind::PermissionDenied), [1, 1, 1])),
        State::Failure,
        &["may not write /f", "chown"],
    );
    says(
        &permissions(&with(Err(ErrorKind::NotFound), [1, 1, 1])),
        State::Warning,
        &["feedmill run"],
    );
    says(
        &permissions(&with(Ok(()), [0, 1, 0])),
        State::Warning,
        &["/f/a.db.lock to user 0", "chown --reference"],
    );
    says(&permissions(&with(Ok(()), [0, 1, 1])), State::Ok, &[]);
}

#[test]
fn a_store_is_missing_unreadable_damaged_old_or_sound() {
    says(
        &store(&seen(None)),
        State::Warning,
        &["no /var/lib/feedmill/feedmill.db yet"],
    );
    says(
        &store(&seen(Some(Err("not a SQLite database".to_owned())))),
        State::Failure,
        &["not a SQLite", "feedmill restore"],
    );
    let damaged = Inspection {
        damage: Some("Tree 5\npage 6".to_owned()),
        ..sound()
    };
    says(
        &store(&seen(Some(Ok(damaged)))),
        State::Failure,
        &["Tree 5 page 6", "feedmill restore"],
    );
    let old = Inspection {
        schema: 3,
        ..sound()
    };
    says(
        &store(&seen(Some(Ok(old)))),
        State::Warning,
        &["schema version 3", "copies it before"],
    );
    says(&store(&seen(Some(Ok(sound())))), State::Ok, &["1024 MiB"]);
}

#[test]
fn an_index_that_lost_entries_and_a_long_wal_are_warnings() {
    let index = IndexState {
        missing: 2,
        orphans: 1,
        waiting: 0,
    };
    says(
        &search(&Inspection {
            index: Some(index),
            ..sound()
        }),
        State::Warning,
        &["2 entries", "search_stale"],
    );
    says(&search(&sound()), State::Ok, &[]);
    says(
        &search(&Inspection {
            index: None,
            ..sound()
        }),
        State::Ok,
        &[],
    );
    says(
        &wal(&Inspection {
            wal_bytes: 1 << 30,
            ..sound()
        }),
        State::Warning,
        &["1024 MiB"],
    );
    says(&wal(&sound()), State::Ok, &[]);
}

#[test]
fn a_broken_configuration_and_open_secrets_are_named() {
    let broken = ConfigSeen {
        error: Some("feedmill.toml:3:1: no\nsuch key".to_owned()),
        ..ConfigSeen::default()
    };
    says(
        &config(&broken),
        State::Failure,
        &["feedmill.toml:3:1: no such key", "feedmill check"],
    );
    let warned = ConfigSeen {
        warnings: vec!["a".to_owned(), "b".to_owned()],
        ..ConfigSeen::default()
    };
    says(&config(&warned), State::Warning, &["2 warnings; a"]);
    let with = |mode| {
        let (path, key) = ("/etc/f.toml".into(), "source[1].cookie".to_owned());
        let secrets = vec![SecretSeen { path, mode, key }];
        ConfigSeen {
            secrets,
            ..ConfigSeen::default()
        }
    };
    says(
        &secrets(&with(0o100_644)),
        State::Warning,
        &[
            "source[1].cookie",
            "mode 644",
            "chmod 640 /etc/f.toml",
            "env",
        ],
    );
    says(&secrets(&with(0o100_640)), State::Ok, &[]);
    says(&secrets(&ConfigSeen::default()), State::Ok, &[]);
}

#[test]
fn names_and_answers_fail_when_all_do() {
    let found = |answers: &[bool]| -> Vec<(String, Result<usize, String>)> {
        answers
            .iter()
            .map(|well| {
                (
                    "mill".to_owned(),
                    if *well {
                        Ok(1)
                    } else {
                        Err("no such name".to_owned())
                    },
                )
            })
            .collect()
    };
    says(
        &names(&found(&[false, false])),
        State::Failure,
        &["/etc/resolv.conf", "no such name"],
    );
    says(
        &names(&found(&[true, false])),
        State::Warning,
        &["1 of 2", "mill"],
    );
    says(&names(&found(&[true])), State::Ok, &[]);
    says(&names(&[]), State::Ok, &[]);
    let lost = [
        ("mill".to_owned(), Err("timed out".to_owned())),
        ("sea".to_owned(), Ok("ok")),
    ];
    says(&reached(Some(&lost[..1])), State::Failure, &["timed out"]);
    says(&reached(Some(&lost)), State::Warning, &["1 of 2"]);
    says(&reached(Some(&lost[1..])), State::Ok, &[]);
    says(&reached(None), State::Ok, &["--online"]);
}

#[test]
fn who_listens_is_judged_by_who_runs() {
    let with = |holder, listening| {
        let listen = Some(("127.0.0.1:8080".to_owned(), listening));
        listen_of(&DaemonSeen { holder, listen })
    };
    fn listen_of(seen: &DaemonSeen) -> Check {
        listen(seen).expect("an address")
    }
    says(
        &with(Some((7, true)), Listening::Taken),
        State::Ok,
        &["served"],
    );
    says(&with(None, Listening::Free), State::Ok, &["free"]);
    says(
        &with(None, Listening::Taken),
        State::Failure,
        &["another program", "server.listen"],
    );
    says(
        &with(Some((7, false)), Listening::Taken),
        State::Failure,
        &["another program"],
    );
    says(
        &with(Some((7, true)), Listening::Free),
        State::Warning,
        &["restart"],
    );
    says(
        &with(None, Listening::Refused("permission denied".to_owned())),
        State::Failure,
        &["permission denied"],
    );
    says(
        &daemon(&DaemonSeen {
            holder: Some((7, true)),
            listen: None,
        }),
        State::Ok,
        &["process 7"],
    );
}

#[test]
fn too_few_open_files_for_the_subscribers_are_a_warning() {
    says(
        &files(Some((256, 256)), 0),
        State::Warning,
        &["LimitNOFILE"],
    );
    says(
        &files(Some((1024, 4096)), 5_000),
        State::Warning,
        &["5000 subscribers"],
    );
    says(&files(Some((1024, 4096)), 100), State::Ok, &[]);
    says(&files(None, 100), State::Ok, &[]);
}
