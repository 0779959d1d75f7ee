//! Runs an action as GitHub's runner does, for tests and the demo
