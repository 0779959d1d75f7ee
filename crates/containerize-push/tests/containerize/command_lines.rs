//! Engines with a command line of their own. None of them is here: a script in their place writes down its arguments,
//! which shows that the words are the table's, and not that the engine obeys them. The same script in docker's place shows
//! what docker is told where a real one needs a network, or is too old.

use std::os::unix::fs::PermissionsExt;

use crate::lab::Lab;

/// What buildx tells of docker's own, older store of images.
const INSPECT: &str =
    "Driver: docker\\nStatus: running\\nLabels:\\n org.mobyproject.buildkit.worker.moby.host-gateway-ip: x\\n";

/// Puts the script on a PATH of its own and returns what it was told in the run; the contents of secrets follow.
fn told(lab: &Lab, program: &str, with: &[(&str, &str)]) -> Vec<String> {
    told_in(lab, program, with, &[])
}

/// The same in a job with these variables. All that was in the program's environment is in the file `environment`.
fn told_in(lab: &Lab, program: &str, with: &[(&str, &str)], env: &[(&str, &str)]) -> Vec<String> {
    let folder = lab.folder(program);
    let (script, record) = (folder.join(program), folder.join("record"));
    let metadata = "while [ $# -gt 0 ]; do if [ \"$1\" = --metadata-file ]; then echo '{}' > \"$2\"; fi; shift; done";
    let secrets =
        "for word; do case \"$word\" in id=*,src=*) echo \"secret ${word%%,*} $(cat \"${word#*,src=}\")\";; esac; done";
    let inspect = format!("if [ \"$2\" = inspect ]; then printf '{INSPECT}'; fi");
    let text = format!(
        "#!/bin/sh\nenv >> '{}'\n{{ echo \"$*\"; {secrets}; }} >> '{}'\n{inspect}\n{metadata}\n",
        folder.join("environment").display(),
        record.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let own = [("oci-backend", program), ("bento-tag", "greeter:v1")];
    let given = |name: &str| with.iter().any(|(other, _)| *other == name);
    let with: Vec<_> = own.into_iter().filter(|(name, _)| !given(name)).chain(with.iter().copied()).collect();
    let env: Vec<_> = [("PATH", path.as_str())].into_iter().chain(env.iter().copied()).collect();
    let result = lab.run(&with, &env, |step| step);
    assert!(result.succeeded(), "{}", result.log_text());
    let record = std::fs::read_to_string(record).unwrap();
    record.lines().map(|line| line.replace(&lab.home().display().to_string(), "HOME")).collect()
}

fn has(line: &str, words: &[&str]) {
    for word in words {
        assert!(line.contains(word), "{word:?} is not in {line:?}");
    }
}

#[test]
fn each_is_told_in_its_own_words() {
    let lab = Lab::greeter(10);
    let with = [("tags", "shop:1"), ("build-args", "A=1,2"), ("target", "base"), ("load", "true")];
    let context = "HOME/bentos/greeter/v1";

    let buildah = told(&lab, "buildah", &[&with[..], &[("ulimit", "nofile=9"), ("pull", "true")]].concat());
    assert_eq!(buildah[0], "version");
    has(&buildah[1], &["build --layers ", "--build-arg A=1,2", "--target base", "--ulimit nofile=9", "--pull=always"]);
    has(&buildah[1], &["--build-context bento-folders=", "--build-context bento-model-0=HOME/models/greetings/v1"]);
    has(&buildah[1], &["--label com.bentoml.bento.tag=greeter:v1", "--tag shop:1", "/Dockerfile"]);
    assert!(buildah[1].ends_with(context), "{}", buildah[1]);

    let nerdctl = told(&lab, "nerdctl", &with);
    assert_eq!(nerdctl[0], "info");
    has(&nerdctl[1], &["build --progress plain ", "--build-arg A=1,2", "--tag shop:1"]);
    assert!(nerdctl[1].ends_with(context) && !nerdctl[1].contains("--output"), "{}", nerdctl[1]);

    let more = [
        ("tags", "shop:1"),
        ("outputs", "type=oci,dest=out.tar"),
        ("build-args", "A=1,2\nHOME\nNOT_SET"),
        ("labels", "bare"),
        ("add-hosts", "a:10.0.0.1,b:::1"),
        ("build-contexts", "base=docker-image://r.x/a:1\nmore=."),
        ("no-cache", "true"),
    ];
    let buildctl = told(&lab, "buildctl", &more);
    assert_eq!(buildctl[0], "debug workers");
    has(&buildctl[1], &["build --frontend dockerfile.v0 ", "--opt build-arg:A=1,2", "--no-cache", "--metadata-file "]);
    has(&buildctl[1], &["--opt build-arg:HOME=", "--opt label:bare= ", "--opt add-hosts=a=10.0.0.1,b=::1 "]);
    has(
        &buildctl[1],
        &["--local more=. ", "--opt context:more=local:more", "--opt context:base=docker-image://r.x/a:1"],
    );
    assert!(!buildctl[1].contains("--local base=") && !buildctl[1].contains("NOT_SET"), "{}", buildctl[1]);
    has(
        &buildctl[1],
        &["--local bento-model-0=HOME/models/greetings/v1", "--opt context:bento-model-0=local:bento-model-0"],
    );
    has(
        &buildctl[1],
        &[
            "--opt filename=Dockerfile",
            "--output type=oci,dest=out.tar,name=shop:1",
            &format!("--local context={context}"),
        ],
    );
}

#[test]
fn a_token_reaches_git_contexts_of_the_job_s_repository_alone_and_never_by_a_command_line() {
    let lab = Lab::plain();
    // The simulated runner's repository.
    for (context, expected) in [
        ("https://github.com/octocat/hello-world.git#main:sub", true),
        ("https://github.com/octocat/hello-world-two.git", false),
        ("https://git.x/octocat/hello-world.git", false),
    ] {
        let lab = &lab;
        let with = [("bento-tag", "plain:v1"), ("context", context), ("github-token", "x-git-token"), ("load", "true")];
        let _ = std::fs::remove_dir_all(lab.folder("docker"));
        let told = told(lab, "docker", &with);
        let build = told.iter().find(|line| line.starts_with("buildx build ")).unwrap();
        assert!(build.ends_with(context) && !build.contains("x-git-token"), "{build}");
        let secret = "secret id=GIT_AUTH_TOKEN.github.com x-git-token";
        assert_eq!(told.iter().any(|line| line == secret), expected, "{told:?}");
    }
    let _ = std::fs::remove_dir_all(lab.folder("docker"));
    let told = told(&lab, "docker", &[("bento-tag", "plain:v1"), ("call", "check")]);
    has(told.iter().find(|line| line.starts_with("buildx build ")).unwrap(), &["buildx build --call check "]);
}

#[test]
fn docker_s_older_store_is_asked_for_no_statement() {
    let lab = Lab::plain();
    let with = [("bento-tag", "plain:v1"), ("outputs", "type=local,dest=out")];
    let told = told(&lab, "docker", &with);
    let build = told.iter().find(|line| line.starts_with("buildx build ")).unwrap();
    assert!(!build.contains("--provenance"), "{build}");
    let path = format!("{}:/usr/bin:/bin", lab.folder("docker").display());
    let given = lab.run(&[&with[..], &[("provenance", "mode=max")]].concat(), &[("PATH", &path)], |step| step);
    assert_eq!(given.exit_code, Some(2), "{}", given.log_text());
    assert!(given.log_text().contains("input provenance: the engine's image store keeps no attestations"));
}

#[test]
fn credentials_of_a_git_context_are_secrets_of_the_build_and_nowhere_else() {
    let lab = crate::errors::hand_made_with("", "RUN true");
    let shown = "https://github.com/o/r.git#main";
    for (address, secret) in [
        ("https://ghp_SECRETSECRET@github.com/o/r.git#main", "secret id=GIT_AUTH_TOKEN.github.com ghp_SECRETSECRET"),
        (
            "https://me:ghp_SECRET%2FSECRET@github.com/o/r.git#main",
            "secret id=GIT_AUTH_HEADER.github.com basic bWU6Z2hwX1NFQ1JFVC9TRUNSRVQ=",
        ),
    ] {
        let _ = std::fs::remove_dir_all(lab.folder("docker"));
        let told = told(&lab, "docker", &[("bento-tag", "shop:abc1"), ("context", address), ("load", "true")]);
        assert!(told.contains(&secret.to_owned()), "{told:#?}");
        let build = told.iter().find(|line| line.starts_with("buildx build ")).unwrap();
        assert!(build.ends_with(shown) && !build.contains("SECRET"), "{build}");
    }
    for address in ["https://x:half-a#half-b@github.com/o/r.git", "https://half-a/half-b@github.com/o/r.git"] {
        let refused = lab.step(&[("bento-tag", "shop:abc1"), ("context", address)]);
        assert_eq!((refused.exit_code, refused.errors().len()), (Some(2), 1), "{}", refused.log_text());
        assert!(
            refused.errors()[0].contains("input context") && !refused.log_text().contains("half-"),
            "{}",
            refused.log_text()
        );
    }
    let context = ("build-contexts", "a=.\nbase=https://x:half-a@github.com/o/r.git");
    let refused = lab.step(&[("bento-tag", "shop:abc1"), context]);
    assert!(refused.errors()[0].contains("item 2") && !refused.log_text().contains("half-a"), "{}", refused.log_text());
}

#[test]
fn an_engine_that_is_too_old_for_an_input_is_told() {
    let lab = crate::errors::hand_made_with("", "RUN true");
    let folder = lab.folder("old");
    let text = format!(
        "#!/bin/sh\nif [ \"$2\" = inspect ]; then printf '{INSPECT}'; exit 0; fi\necho 'unknown flag: --call' >&2\nexit 125\n"
    );
    std::fs::write(folder.join("docker"), text).unwrap();
    std::fs::set_permissions(folder.join("docker"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let result = lab.run(&[("bento-tag", "shop"), ("call", "check")], &[("PATH", &path)], |step| step);
    assert_eq!((result.exit_code, result.errors().len()), (Some(6), 1), "{}", result.log_text());
    assert!(result.errors()[0].contains("too old for one of the inputs"), "{:?}", result.errors());
}

/// What the job keeps from a build, and what a Bento of somebody else's asks for.
const KEPT: [(&str, &str); 7] = [
    ("ACTIONS_RUNTIME_TOKEN", "x-runtime"),
    ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "x-oidc"),
    ("AWS_SECRET_ACCESS_KEY", "x-aws"),
    ("STATE_folder", "x-state"),
    ("GITHUB_TOKEN", "x-job"),
    ("HF_TOKEN", "x-hub"),
    ("DEPLOY_PAT", "x-pat"),
];

/// A Bento chooses names of secrets, and no variable of the program that builds.
#[test]
fn a_bento_rules_neither_the_environment_of_the_engine_nor_takes_values_of_the_runner() {
    let asked =
        "INPUT_PASSWORD ACTIONS_RUNTIME_TOKEN AWS_SECRET_ACCESS_KEY STATE_folder GITHUB_TOKEN HF_TOKEN DEPLOY_PAT";
    let envs: String = asked.split(' ').map(|name| format!("- {{name: {name}, stage: build}}\n")).collect();
    let more = "- {name: DOCKER_HOST, value: 'tcp://attacker.example:2375', stage: build}\n\
        - {name: LD_PRELOAD, value: /evil.so, stage: build}\n- {name: DOCKER_CONFIG, value: /evil, stage: build}\n\
        - {name: MINE, value: default, stage: build}\n- {name: THEIRS, value: own, stage: build}\n";
    let lab = crate::errors::hand_made_with(
        &format!("envs:\n{envs}{more}"),
        "RUN --mount=type=secret,id=INPUT_PASSWORD --mount=type=secret,id=GIT_AUTH_TOKEN true",
    );
    let variables = [&KEPT[..], &[("MINE", "from the step"), ("DOCKER_CONFIG", "/mine"), ("DOCKER_HOST", "")]].concat();
    for program in ["buildah", "nerdctl", "buildctl", "docker"] {
        let backend = if program == "docker" { "buildx" } else { program };
        let with = [
            ("bento-tag", "shop:abc1"),
            ("oci-backend", backend),
            ("username", "alice"),
            ("password", "s3cr3t-pw"),
            ("registry", "r.x"),
            ("github-token", "x-git-token"),
            ("tags", "r.x/shop:1"),
        ];
        let told = told_in(&lab, program, &with, &variables);
        let environment = std::fs::read_to_string(lab.folder(program).join("environment")).unwrap();
        for kept in ["x-runtime", "x-oidc", "s3cr3t-pw", "x-git-token", "attacker", "/evil", "INPUT_"] {
            assert!(!environment.contains(kept), "{program}: {kept} is in\n{environment}");
        }
        for kept in ["x-runtime", "x-oidc", "x-state", "x-aws", "x-job", "x-hub", "x-pat", "s3cr3t-pw", "x-git-token"] {
            assert!(!told.iter().any(|line| line.contains(kept)), "{program}: {kept} is in {told:#?}");
        }
        for secret in ["id=MINE from the step", "id=THEIRS own", "id=DOCKER_HOST tcp://attacker.example:2375"] {
            assert!(told.contains(&format!("secret {secret}")), "{program}: {secret} is not in {told:#?}");
        }
        assert!(!told.iter().any(|line| line.contains(",env=")), "{told:#?}");
    }
}

#[test]
fn what_a_bento_asks_for_is_handed_over_where_the_user_says_so() {
    let lab = crate::errors::hand_made_with(
        "envs:\n- {name: AWS_SECRET_ACCESS_KEY, stage: build}\n",
        "RUN --mount=type=secret,id=GIT_AUTH_TOKEN true",
    );
    std::fs::copy(lab.home().join("bentos/shop/abc1/env/docker/Dockerfile"), lab.workspace().join("Dockerfile"))
        .unwrap();
    let with = [
        ("bento-tag", "shop:abc1"),
        ("github-token", "x-git-token"),
        ("file", "Dockerfile"),
        ("secret-envs", "AWS_SECRET_ACCESS_KEY=AWS_SECRET_ACCESS_KEY"),
        ("cache-to", "type=gha,mode=max"),
        ("load", "true"),
    ];
    let told = told_in(&lab, "docker", &with, &KEPT);
    for secret in ["id=AWS_SECRET_ACCESS_KEY x-aws", "id=GIT_AUTH_TOKEN x-git-token"] {
        assert!(told.contains(&format!("secret {secret}")), "{secret} is not in {told:#?}");
    }
    let environment = std::fs::read_to_string(lab.folder("docker").join("environment")).unwrap();
    assert!(environment.contains("ACTIONS_RUNTIME_TOKEN=x-runtime"), "the cache was asked for\n{environment}");
    assert!(!environment.contains("x-oidc"), "{environment}");
}
