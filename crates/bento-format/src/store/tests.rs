use super::*;

fn model(name: &str, version: &str, created: &str) -> impl FnOnce(&Path) -> Result<()> {
    let text = format!("name: {name}\nversion: {version}\ncreation_time: '{created}'\n");
    move |folder| fs::write(folder.join("model.yaml"), text).context(String::new)
}

#[test]
fn what_a_killed_run_left_a_day_ago_goes_and_the_rest_stays() {
    let home = tempfile::tempdir().unwrap();
    let tmp = home.path().join("tmp");
    for name in ["incoming-old", "incoming-young", "other"] {
        fs::create_dir_all(tmp.join(name)).unwrap();
        if name != "incoming-young" {
            let old = std::time::SystemTime::now() - ABANDONED - Duration::from_secs(60);
            fs::File::open(tmp.join(name)).unwrap().set_modified(old).unwrap();
        }
    }
    let staged = Store::at(home.path()).stage().unwrap();
    let there = |name: &str| tmp.join(name).exists();
    assert!(staged.path().exists() && there("incoming-young") && there("other") && !there("incoming-old"));
}

#[test]
fn latest_follows_creation_time_and_prefixes_must_be_unique() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::at(home.path());
    let find = |tag: &str| store.find(Kind::Model, &tag.parse().unwrap());
    store.insert(Kind::Model, model("m", "aa1", "2026-01-02T00:00:00+00:00")).unwrap();
    store.insert(Kind::Model, model("m", "ab2", "2026-01-01T00:00:00+00:00")).unwrap();
    assert_eq!(find("m").unwrap().unwrap().0.to_string(), "m:aa1");
    assert_eq!(find("m:ab").unwrap().unwrap().0.to_string(), "m:ab2");
    assert!(find("m:a").unwrap_err().to_string().contains("several models: aa1, ab2"));
    assert!(find("m:zz").unwrap().is_none() && find("n").unwrap().is_none());
    fs::remove_file(home.path().join("models/m/latest")).unwrap();
    assert_eq!(find("m:latest").unwrap().unwrap().0.to_string(), "m:aa1");
}

#[test]
fn an_item_that_is_none_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::at(home.path());
    assert!(store.insert(Kind::Bento, |_| Ok(())).unwrap_err().to_string().contains("no bento.yaml"));
    assert_eq!(fs::read_dir(home.path().join("tmp")).unwrap().count(), 0);
    assert!(!home.path().join("bentos").exists());
}

#[test]
fn of_jobs_that_save_at_the_same_time_the_newest_item_is_latest() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::at(home.path());
    std::thread::scope(|scope| {
        for second in 0..20 {
            let store = &store;
            scope.spawn(move || {
                let created = format!("2026-01-01T00:00:{second:02}+00:00");
                store.insert(Kind::Model, model("m", &format!("v{second}"), &created)).unwrap();
            });
        }
    });
    let latest = store.find(Kind::Model, &"m".parse().unwrap()).unwrap().unwrap().0;
    assert_eq!(latest.to_string(), "m:v19");
}

#[test]
fn an_item_whose_latest_cannot_be_written_is_not_left_behind() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::at(home.path());
    fs::create_dir_all(home.path().join("models/m/latest/x")).unwrap();
    let error = store.insert(Kind::Model, model("m", "v1", "2026-01-01T00:00:00+00:00")).unwrap_err();
    assert!(error.full_text().contains("latest"), "{}", error.full_text());
    assert!(!home.path().join("models/m/v1").exists());
}

#[test]
fn bentoml_home_is_expanded_as_bentoml_does() {
    let env: Env = [("BENTOML_HOME", "${A}/x/$B"), ("A", "/a"), ("HOME", "/h")].into_iter().collect();
    assert_eq!(Store::of(&env).unwrap().home(), Path::new("/a/x/$B"));
    let env: Env = [("BENTOML_HOME", "~/x"), ("HOME", "/h")].into_iter().collect();
    assert_eq!(Store::of(&env).unwrap().home(), Path::new("/h/x"));
    let env: Env = [("HOME", "/h")].into_iter().collect();
    assert_eq!(Store::of(&env).unwrap().home(), Path::new("/h/bentoml"));
}

#[test]
fn a_folder_that_was_never_completed_is_no_item_and_is_named() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::at(home.path());
    let find = |tag: &str| store.find(Kind::Model, &tag.parse().unwrap());
    let half = home.path().join("models/m/half");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("weights.bin"), "4").unwrap();
    let named = |error: Error| {
        let text = error.full_text();
        let is_named = text.contains("models/m/half is not a model: it has no model.yaml") && text.contains("Remove");
        assert!(error.cause() == Cause::Input && is_named, "{text}");
    };
    named(find("m:half").unwrap_err());
    assert!(find("m").unwrap().is_none() && find("m:ha").unwrap().is_none());
    assert!(store.get(Kind::Model, &"m:half".parse().unwrap()).is_none());
    named(store.insert(Kind::Model, model("m", "half", "2026-01-01T00:00:00+00:00")).unwrap_err());
    assert!(half.join("weights.bin").exists(), "it may be another run's that goes on");
    // Beside it whole ones are found, whatever `latest` says.
    store.insert(Kind::Model, model("m", "whole", "2026-01-01T00:00:00+00:00")).unwrap();
    fs::write(home.path().join("models/m/latest"), "half").unwrap();
    assert_eq!(find("m").unwrap().unwrap().0.to_string(), "m:whole");
}

#[test]
fn a_latest_that_names_nothing_gives_way_to_the_newest() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::at(home.path());
    for (version, day) in [("old", "01"), ("new", "02"), ("cut", "03")] {
        store.insert(Kind::Model, model("m", version, &format!("2026-01-{day}T00:00:00+00:00"))).unwrap();
    }
    // Cut off in the middle: who knows when it was made?
    fs::write(home.path().join("models/m/cut/model.yaml"), "name: m\nversi").unwrap();
    for latest in [&b"gone"[..], b"", b"\xff\xfe", b"../m/old/.."] {
        fs::write(home.path().join("models/m/latest"), latest).unwrap();
        let found = store.find(Kind::Model, &"m:latest".parse().unwrap()).unwrap().unwrap().0;
        assert_eq!(found.to_string(), "m:new", "{latest:?}");
    }
}

#[test]
fn who_saves_waits_for_who_holds_the_lock() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::at(home.path());
    let held = store.lock().unwrap().unwrap();
    let waited = std::thread::scope(|scope| {
        let saving = scope.spawn(|| {
            let started = Instant::now();
            store.insert(Kind::Model, model("m", "v1", "2026-01-01T00:00:00+00:00")).unwrap();
            started.elapsed()
        });
        std::thread::sleep(Duration::from_millis(200));
        drop(held);
        saving.join().unwrap()
    });
    assert!(waited >= Duration::from_millis(150) && waited < PATIENCE, "{waited:?}");
    assert!(home.path().join("models/m/latest").exists());
}

#[test]
fn a_lock_that_is_never_given_back_does_not_hold_the_job() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::at(home.path());
    let _held = store.lock().unwrap().unwrap();
    store.insert(Kind::Model, model("m", "v1", "2026-01-01T00:00:00+00:00")).unwrap();
    assert!(home.path().join("models/m/latest").exists());
}

#[test]
fn who_waits_for_the_lock_ends_with_the_job_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let cancel = Cancel::default();
    let store = Store::at(home.path()).cancelled_by(&cancel);
    let _held = store.lock().unwrap().unwrap();
    let error = std::thread::scope(|scope| {
        let saving =
            scope.spawn(|| store.insert(Kind::Model, model("m", "v1", "2026-01-01T00:00:00+00:00")).unwrap_err());
        while !home.path().join("models/m/v1").exists() {
            std::thread::sleep(PAUSE);
        }
        cancel.cancel();
        saving.join().unwrap()
    });
    assert_eq!(error.cause(), Cause::Cancelled, "{}", error.full_text());
    let left = |folder: &str| fs::read_dir(home.path().join(folder)).unwrap().count();
    assert_eq!((left("models/m"), left("tmp")), (0, 0));
}

#[cfg(unix)]
#[test]
fn a_store_whose_name_is_not_utf_8_is_the_one_that_is_used() {
    use std::os::unix::ffi::OsStrExt;
    let root = tempfile::tempdir().unwrap();
    let name = root.path().join(std::ffi::OsStr::from_bytes(b"h\xf6me"));
    let mut env = Env::default();
    env.set(BENTOML_HOME, name.clone());
    env.set("HOME", root.path());
    let store = Store::of(&env).unwrap();
    store.insert(Kind::Model, model("m", "v1", "2026-01-01T00:00:00+00:00")).unwrap();
    assert!(name.join("models/m/v1/model.yaml").is_file());
    assert!(store.find(Kind::Model, &"m".parse().unwrap()).unwrap().is_some());
}
