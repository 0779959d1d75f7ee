//! What children get and give back, tried with real ones.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::*;

#[tokio::test]
async fn a_child_sees_the_user_s_variables_and_nothing_that_is_for_actions_alone() {
    let given = ["GITHUB_SHA=1f", "PATH=/usr/bin:/bin", "STATEMENT=kept", "TOKEN=kept"];
    let kept_back = [
        "INPUT_PASSWORD=x",
        "ACTIONS_RUNTIME_TOKEN=x",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN=x",
        "STATE_folder=x",
        "GITHUB_ENV=x",
        "GITHUB_OUTPUT=x",
        "GITHUB_PATH=x",
        "GITHUB_STATE=x",
        "GITHUB_STEP_SUMMARY=x",
    ];
    let env: Env = given.iter().chain(&kept_back).filter_map(|variable| variable.split_once('=')).collect();
    let seen = Command::new("env").inherit(&env).output(&Cancel::default()).await.unwrap();
    let mut seen: Vec<_> = seen.lines().collect();
    seen.sort_unstable();
    assert_eq!(seen, given);
    let added = Command::new("env").inherit(&env).env("ACTIONS_RUNTIME_TOKEN", "asked for");
    let seen = added.output(&Cancel::default()).await.unwrap();
    assert!(seen.contains("ACTIONS_RUNTIME_TOKEN=asked for"), "{seen}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn variables_that_are_not_utf_8_are_carried_through() {
    let odd = OsStr::from_bytes(b"caf\xe9");
    let env: Env =
        [(OsStr::from_bytes(b"N\xffME"), odd), (OsStr::new("PATH"), OsStr::new("/usr/bin:/bin"))].into_iter().collect();
    assert_eq!(env.iter().filter(|(_, value)| *value == odd).count(), 1);
    let own = Command::new("od").args(["-An", "-v", "-tx1", "/proc/self/environ"]).inherit(&env);
    let shown: String = own.output(&Cancel::default()).await.unwrap().split_whitespace().collect();
    assert!(shown.contains("4eff4d453d636166e9"), "{shown}");
}

#[tokio::test]
async fn a_child_reads_its_input_to_the_end_and_need_not() {
    let cancel = Cancel::default();
    let long = "x".repeat(1 << 20);
    assert_eq!(Command::new("wc").arg("-c").stdin(long.clone()).output(&cancel).await.unwrap().trim(), "1048576");
    assert_eq!(Command::new("cat").output(&cancel).await.unwrap(), "", "without input it is at its end");
    let deaf = Command::new("sh").args(["-c", "echo no; exit 3"]).stdin(long).capture(&cancel).await.unwrap();
    assert_eq!((deaf.status.code(), deaf.stdout.as_str()), (Some(3), "no\n"));
}

#[tokio::test]
async fn an_answer_without_end_is_refused_and_its_program_stopped() {
    let error = Command::new("yes").output(&Cancel::default()).await.unwrap_err();
    assert!(error.to_string().contains("printed more than 16.0 MiB"), "{error}");
    // Errors may be long: the last of them are kept.
    let script = "yes warning | head -c 3000000 >&2; echo last >&2; exit 1";
    let error = Command::new("sh").args(["-c", script]).output(&Cancel::default()).await.unwrap_err();
    assert!(error.to_string().ends_with("\nlast") && error.to_string().len() < 200, "{error}");
}

#[tokio::test]
async fn the_beginning_of_a_line_is_shown_though_a_grandchild_holds_the_pipe() {
    let script = "sleep 4711.3 & echo $!; printf 'no line end'";
    let ended = Command::new("sh").args(["-c", script]).stream(&Cancel::default()).await.unwrap();
    let [pid, begun] = ended.tail.as_slice() else { panic!("{:?}", ended.tail) };
    assert_eq!(begun, "no line end");
    Command::new("kill").arg(pid).output(&Cancel::default()).await.unwrap();
}

#[tokio::test]
async fn a_grandchild_that_prints_without_end_does_not_hide_the_child_s_end() {
    let flood = Command::new("sh").args(["-c", "yes >&2 & echo $!"]);
    let began = std::time::Instant::now();
    let ended = flood.capture(&Cancel::default()).await.unwrap();
    assert!(ended.status.success() && began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    // Nobody reads its pipe any more, which may have ended it by now.
    let _ = Command::new("kill").arg(ended.stdout.trim()).capture(&Cancel::default()).await.unwrap();
}

#[tokio::test]
async fn a_deadline_beyond_all_clocks_is_none() {
    let ended = Command::new("true").deadline(Duration::from_secs(u64::MAX)).stream(&Cancel::default()).await;
    assert!(ended.unwrap().status.success());
}

/// Set for the copy of this program that starts a child and is killed.
const VICTIM: &str = "BENTO_TEST_VICTIM";

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_child_dies_with_this_process_however_that_dies() {
    let own = std::env::current_exe().unwrap();
    let victim = ["--exact", "process::tests::starts_a_child_and_waits", "--nocapture"];
    let mut victim = std::process::Command::new(own)
        .args(victim)
        .env(VICTIM, "1")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(victim.stdout.take().unwrap()));
    let pid = lines.map_while(Result::ok).find_map(|line| Some(line.strip_prefix("child: ")?.to_owned()));
    let child = PathBuf::from(format!("/proc/{}", pid.expect("a child")));
    assert!(child.exists());
    victim.kill().unwrap();
    victim.wait().unwrap();
    for _ in 0..100 {
        // A dead process stands here until its new parent has looked.
        match std::fs::read_to_string(child.join("stat")) {
            Ok(stat) if !stat.contains(") Z ") => tokio::time::sleep(Duration::from_millis(50)).await,
            _ => return,
        }
    }
    panic!("{} goes on", child.display());
}

/// No test of its own: it does nothing but in the copy that is killed.
#[tokio::test]
async fn starts_a_child_and_waits() {
    if std::env::var_os(VICTIM).is_some() {
        Command::new("sh").args(["-c", "echo child: $$; exec sleep 4711.4"]).stream(&Cancel::default()).await.unwrap();
    }
}

#[tokio::test]
async fn a_child_outlives_the_thread_that_asked_for_it() {
    let runtime = tokio::runtime::Handle::current();
    let started = std::thread::spawn(move || {
        let _context = runtime.enter();
        Command::new("sleep").arg("4711.5").spawn()
    });
    let mut child = started.join().unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(child.try_wait().unwrap().is_none(), "it ended with the thread");
    child.kill().await.unwrap();
}
