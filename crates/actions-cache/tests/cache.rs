//! The cache's client against the cache service that the real client, npm's `@actions/cache`, is checked against.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use actions_cache::{Cache, Saved, version};
use actions_core::Env;
use actions_core::action::{Cancel, Context};
use runner_sim::cache::Server;
use tempfile::TempDir;

const MIB: usize = 1024 * 1024;
const DEADLINE: Duration = Duration::from_secs(60);

fn context(url: &str, token: &str) -> Context {
    let variables = [("ACTIONS_RESULTS_URL", url), ("ACTIONS_RUNTIME_TOKEN", token)];
    Context::new(variables.into_iter().collect::<Env>(), Cancel::default())
}

async fn cache() -> (Server, Cache) {
    let server = Server::start().await.expect("a server");
    let cache = Cache::of(&context(&server.results_url(), server.token())).expect("a cache");
    (server, cache.first_pause(Duration::from_millis(10)))
}

/// Bytes that do not get smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(length / 8).flatten().collect()
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("writable");
    }
    folder
}

async fn restore(cache: &Cache, key: &str, others: &[&str]) -> Result<TempDir, String> {
    let others: Vec<_> = others.iter().map(|&other| other.to_owned()).collect();
    let found = cache.find(key, &others, &version(&["test"])).await.map_err(|error| error.full_text())?;
    let target = folder(&[]);
    let found = found.ok_or("a miss")?;
    cache.restore(&found, target.path(), DEADLINE).await.map(|_| target).map_err(|error| error.full_text())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_saved_in_blocks_and_restored_in_ranges() {
    let (server, cache) = cache().await;
    let large = noise(18 * MIB);
    let source = folder(&[("large", &large), ("small", b"text")]);
    let saved = cache.save("a-1", &version(&["test"]), source.path()).await.expect("saved");
    let Saved::Now(size) = saved else { panic!("{saved:?}") };
    assert_eq!(server.entries().last().and_then(|entry| entry.size), Some(size));

    for (key, others) in [("a-1", &[][..]), ("b", &["a-"][..])] {
        let restored = restore(&cache, key, others).await.expect("restored");
        assert!(fs::read(restored.path().join("large")).expect("there") == large, "the bytes differ");
        assert_eq!(fs::read(restored.path().join("small")).expect("there"), b"text");
    }
    assert_eq!(restore(&cache, "c", &[]).await.expect_err("nothing"), "a miss");
    assert_eq!(cache.find("a-1", &[], &version(&["other"])).await.expect("asked").map(|found| found.key), None);
    assert_eq!(cache.save("a-1", &version(&["test"]), source.path()).await.expect("asked"), Saved::Before);

    let count = |what: &str, method: &str| {
        server.requests().iter().filter(|request| request.what == what && request.method == method).count()
    };
    assert_eq!((count("block", "PUT"), count("blocklist", "PUT")), (10, 1));
    assert_eq!(count("blob", "GET"), 2 * 10);
    assert!(server.requests().iter().all(|request| request.method != "GET" || request.range.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_tried_again_and_the_rest_is_not() {
    let (server, cache) = cache().await;
    let source = folder(&[("large", &noise(9 * MIB))]);
    for (what, status) in
        [("CreateCacheEntry", 503), ("block", 500), ("blocklist", 503), ("FinalizeCacheEntryUpload", 502)]
    {
        server.fail(what, status);
    }
    cache.save("key", &version(&["test"]), source.path()).await.expect("saved");
    for (what, status) in
        [("GetCacheEntryDownloadURL", 504), ("GetCacheEntryDownloadURL", 500), ("blob", 503), ("blob", 0)]
    {
        server.fail(what, status);
    }
    restore(&cache, "key", &[]).await.expect("restored");

    let calls = || server.requests().iter().filter(|request| request.what == "GetCacheEntryDownloadURL").count();
    let before = calls();
    server.fail("GetCacheEntryDownloadURL", 429);
    let error = restore(&cache, "key", &[]).await.expect_err("told to slow down");
    assert!(error.contains("answered 429"), "{error}");
    assert_eq!(calls(), before + 1);
    (0..5).for_each(|_| server.fail("GetCacheEntryDownloadURL", 500));
    restore(&cache, "key", &[]).await.expect_err("five times");
    assert_eq!(calls(), before + 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_an_error_and_ends_soon() {
    let (server, cache) = cache().await;
    let source = folder(&[("large", &noise(9 * MIB))]);
    cache.save("key", &version(&["test"]), source.path()).await.expect("saved");
    server.tamper("key", |bytes| bytes[..6 * MIB].to_vec()).expect("cut");
    let error = restore(&cache, "key", &[]).await.expect_err("cut off");
    assert!(error.contains("the entry is damaged"), "{error}");
    server.tamper("key", |_| b"<html>".to_vec()).expect("replaced");
    let error = restore(&cache, "key", &[]).await.expect_err("no archive");
    assert!(error.contains("the entry is damaged"), "{error}");

    server.fail("block", 403);
    let error = cache.save("other", &version(&["test"]), source.path()).await.expect_err("refused").full_text();
    assert_eq!(error, "sending to the cache's storage: it answered 403 Forbidden");
    assert!(cache.save("missing", &version(&["test"]), &source.path().join("none")).await.is_err());
    assert_eq!(server.entries().iter().filter(|entry| entry.size.is_some()).count(), 1);

    let stranger = Cache::of(&context(&server.results_url(), "another")).expect("a cache");
    let error = restore(&stranger, "key", &[]).await.expect_err("no access");
    assert!(error.contains("401") && !error.contains("another"), "{error}");
    let nobody = Cache::of(&context("http://127.0.0.1:9", "t")).expect("a cache").first_pause(Duration::ZERO);
    let error = restore(&nobody, "key", &[]).await.expect_err("nobody there");
    assert!(error.starts_with("the cache service's GetCacheEntryDownloadURL: "), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_too_late_is_no_longer_written() {
    let (server, cache) = cache().await;
    let source = folder(&[]);
    let part = noise(MIB);
    for number in 0..200 {
        fs::write(source.path().join(format!("{number}")), &part).expect("writable");
    }
    cache.save("key", &version(&["test"]), source.path()).await.expect("saved");
    let found = cache.find("key", &[], &version(&["test"])).await.expect("asked").expect("there");
    let target = folder(&[]);
    let deadline = Duration::from_millis(100);
    let error = cache.restore(&found, target.path(), deadline).await.expect_err("too late");
    assert_eq!(error.cause(), actions_core::Cause::Timeout);
    assert!(error.to_string().contains("did not come within 0.1 s"), "{error}");
    let size = || -> u64 {
        let entries = fs::read_dir(target.path()).expect("there").flatten();
        entries.map(|entry| entry.metadata().expect("there").len()).sum()
    };
    let before = size();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(size(), before);
    drop(server);
}

/// In a process of its own: what it needs at most is counted for the whole of it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn memory_stays_flat() {
    const SOURCE: &str = "BENTO_TEST_CACHE_SOURCE";
    // Far below the 250 MiB that pass through; how little it is, the benchmark tells.
    const MOST: usize = 100 * 1024;
    if let Ok(source) = std::env::var(SOURCE) {
        return measure(Path::new(&source)).await;
    }
    let server = Server::start().await.expect("a server");
    let files = folder(&[]);
    let part = noise(25 * MIB);
    for number in 0..10 {
        fs::write(files.path().join(format!("{number}")), &part).expect("writable");
    }
    let mut child = tokio::process::Command::new(std::env::current_exe().expect("a program"));
    child.args(["--exact", "memory_stays_flat", "--nocapture"]).env(SOURCE, files.path());
    child.env("ACTIONS_RESULTS_URL", server.results_url()).env("ACTIONS_RUNTIME_TOKEN", server.token());
    let ended = child.output().await.expect("it starts");
    let text = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{text}{}", String::from_utf8_lossy(&ended.stderr));
    let peaks: Vec<usize> =
        text.lines().filter_map(|line| line.split("PEAK=").nth(1)?.split(' ').next()?.parse().ok()).collect();
    assert_eq!(peaks.len(), 2, "{text}");
    assert!(peaks.iter().all(|&peak| peak <= MOST), "{text}");
}

#[cfg(target_os = "linux")]
#[expect(clippy::print_stdout, reason = "the answer to the process that started this one")]
async fn measure(source: &Path) {
    let peak = || {
        let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        line.trim().trim_end_matches(" kB").to_owned()
    };
    let variable = |name| std::env::var(name).expect("given");
    let ctx = context(&variable("ACTIONS_RESULTS_URL"), &variable("ACTIONS_RUNTIME_TOKEN"));
    let cache = Cache::of(&ctx).expect("a cache");
    let start = Instant::now();
    cache.save("large", &version(&["test"]), source).await.expect("saved");
    println!("PEAK={} saved {:?}", peak(), start.elapsed());
    let start = Instant::now();
    restore(&cache, "large", &[]).await.expect("restored");
    println!("PEAK={} restored {:?}", peak(), start.elapsed());
}
