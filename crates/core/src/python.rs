//! Finding an interpreter, uv, virtual environments.
