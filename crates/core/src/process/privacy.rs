//! What other processes of this user may see of this one.

/// Closes this process's memory and environment, which hold inputs and tokens, to what it starts: on Linux,
/// `/proc/PID/environ` and `/proc/PID/mem` belong to root from here on. Called once, first thing in `main`.
///
/// A debugger of the same user cannot attach either, and no core is dumped. It is best effort: where the system refuses,
/// the action runs as before.
pub fn hide_environment() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
