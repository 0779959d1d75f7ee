//! The build-bento action: a Bento from a project
