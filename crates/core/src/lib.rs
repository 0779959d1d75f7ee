//! What every action shares: the runner protocol, the frame of an action, Bentos on disk, child processes, Python, HTTP
