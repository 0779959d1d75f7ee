//! Bentos and models on disk: tags, the store, manifests, projects, archives.
