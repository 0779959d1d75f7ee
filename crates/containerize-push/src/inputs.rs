//! What the user sets under `with:`.

use std::time::Duration;

use secrecy::SecretString;

use crate::engine::Backend;
use crate::list::{Items, Lines};

actions_core::inputs! {
    /// Inputs of containerize-push.
    pub struct Inputs {
        /// The Bento in the local store: `name:version`, a prefix of the version that fits one Bento only, or
        /// `name:latest`; or the path of a file that `bentoml export` wrote.
        bento_tag: String => input("bento-tag").required(),
        /// The engine that builds: `buildx`, BuildKit through the docker CLI; `docker`, the same where the docker CLI is,
        /// else docker's API; `podman`, by its API; `buildah`, `nerdctl` or `buildctl`, by their command lines.
        oci_backend: Backend => input("oci-backend").default("buildx"),
        /// Custom host-to-IP mappings, such as `docker:10.180.0.1`.
        add_hosts: Items => input("add-hosts"),
        /// Privileged entitlements for the build, such as `network.host`.
        allow: Items => input("allow"),
        /// Annotations of the image, one `key=value` per line.
        annotations: Lines => input("annotations"),
        /// Attestations of what BuildKit builds, such as `type=sbom`.
        attests: Lines => input("attests"),
        /// Build-time variables, one `NAME=value` per line.
        build_args: Lines => input("build-args"),
        /// Additional build contexts, one `name=path` per line.
        build_contexts: Lines => input("build-contexts"),
        /// Name of the buildx builder.
        builder: Option<String> => input("builder"),
        /// Cache sources, such as `type=gha`.
        cache_from: Lines => input("cache-from"),
        /// Cache destinations, such as `type=gha,mode=max`. A cache that cannot be written is a warning.
        cache_to: Lines => input("cache-to"),
        /// Ask BuildKit about the Dockerfile in place of a build: `check`, `outline` or `targets`.
        call: Option<String> => input("call"),
        /// Parent cgroup of the build's containers.
        cgroup_parent: Option<String> => input("cgroup-parent"),
        /// Build context in place of the Bento's own folder: a path, or the address of a git repository. A folder that is not a
        /// Bento needs `file` too.
        context: Option<String> => input("context"),
        /// Write the Dockerfile as it would be used to this path, and stop; `true` is the path `Dockerfile`.
        dockerfile_only: Option<String> => input("dockerfile-only"),
        /// Path of a Dockerfile in place of the Bento's own.
        file: Option<String> => input("file"),
        /// Names of images without a tag, such as `ghcr.io/owner/name`, which `tag-rules` give tags to. Empty: the `tags`
        /// without a tag.
        images: Items => input("images"),
        /// Labels of the image, one `key=value` per line; they win over those that are set here by default.
        labels: Lines => input("labels"),
        /// Load the image into docker: `--output=type=docker`.
        load: bool => input("load").default("false"),
        /// Networking mode of RUN instructions.
        network: Option<String> => input("network"),
        /// Build without cache.
        no_cache: bool => input("no-cache").default("false"),
        /// Stages that are built without cache.
        no_cache_filters: Items => input("no-cache-filters"),
        /// Output destinations, such as `type=local,dest=out`. One that pushes is a push.
        outputs: Vec<String> => input("outputs"),
        /// Platforms to build for, such as `linux/amd64,linux/arm64`.
        platforms: Items => input("platforms"),
        /// Provenance: `true`, `false`, or BuildKit's attributes such as `mode=max`. Empty: `mode=max` in a public
        /// repository, `mode=min,inline-only=true` in a private one.
        provenance: Option<String> => input("provenance"),
        /// Always pull the images that the Dockerfile names.
        pull: bool => input("pull").default("false"),
        /// Push the image to the registry of its tags.
        push: bool => input("push").default("false"),
        /// SBOM: `true`, `false`, or `generator=IMAGE`.
        sbom: Option<String> => input("sbom"),
        /// Secrets for the build, one `id=value` per line.
        secrets: Lines => input("secrets"),
        /// Secrets for the build from environment variables, such as `id=VARIABLE`.
        secret_envs: Items => input("secret-envs"),
        /// Secrets for the build from files, one `id=path` per line.
        secret_files: Lines => input("secret-files"),
        /// Size of `/dev/shm` in the build, such as `2g`.
        shm_size: Option<String> => input("shm-size"),
        /// SSH agents or keys for the build, such as `default`.
        ssh: Items => input("ssh"),
        /// Names of the image, such as `ghcr.io/owner/name:tag`. Without `push`, the Bento's own tag where none is given.
        tags: Items => input("tags"),
        /// Rules that make tags of the event, one per line, such as `type=sha` or `type=semver,pattern={{version}}`.
        tag_rules: Lines => input("tag-rules"),
        /// The stage to build. In a pushed image the models are added to whatever it makes; in a local result they stand where
        /// the Dockerfile copies the Bento.
        target: Option<String> => input("target"),
        /// Ulimits of the build, such as `nofile=1024:1024`.
        ulimit: Lines => input("ulimit"),
        /// Run the pushed image with the engine until it is ready, and take it away again.
        verify: bool => input("verify").default("false"),
        /// How long it may take to be ready, seconds.
        verify_timeout: Duration => input("verify-timeout").default("300"),
        /// Several registries to log in to: a YAML list of `registry`, `username` and `password`.
        registries: Option<SecretString> => input("registries"),
        /// The registry that `username` and `password` are for. Empty: that of the first tag.
        registry: Option<String> => input("registry"),
        /// User name at the registry. Without it the credentials of `docker login` count.
        username: Option<String> => input("username"),
        /// Password or token at the registry.
        password: Option<SecretString> => input("password"),
        /// Token for a git context in this repository, and for ghcr.io where nothing else logs in there.
        github_token: Option<SecretString> => input("github-token").default("${{ github.token }}"),
        /// Print what would be done, and do nothing.
        dry_run: bool => input("dry-run").default("false"),
    }
}
