//! Images on this machine, and Dockerfiles that are only written.

use crate::lab::{Lab, docker};

#[test]
fn a_loaded_image_holds_the_model() {
    let lab = Lab::greeter(1000);
    // A file of the model as any other.
    std::fs::write(lab.home().join("models/greetings/v1/.dockerignore"), "weights.bin\n").unwrap();
    let image = lab.image("loaded");
    let result = lab.step(&[("bento-tag", "greeter:v1"), ("load", "true"), ("tags", &image)]);
    assert!(result.succeeded(), "{}", result.log_text());
    let look = "cd models && stat -c '%n %a %u:%g %s' greetings greetings/latest greetings/v1/weights.bin && cat greetings/latest";
    let found = docker(&["run", "--rm", "--entrypoint", "sh", &image, "-c", look]);
    let expected = "greetings 755 1034:1034 4096\ngreetings/latest 644 1034:1034 2\ngreetings/v1/weights.bin 644 1034:1034 1000\nv1";
    assert_eq!(found, expected);
    assert!(result.outputs["imageid"].starts_with("sha256:"), "{}", result.outputs["imageid"]);
    docker(&["image", "rm", "--force", &image]);
}

#[test]
fn the_dockerfile_alone_can_be_had() {
    let lab = Lab::greeter(10);
    let result = lab.step(&[("bento-tag", "greeter:v1"), ("dockerfile-only", "out.Dockerfile")]);
    assert!(result.succeeded(), "{}", result.log_text());
    let text = std::fs::read_to_string(lab.workspace().join("out.Dockerfile")).unwrap();
    assert!(text.contains("\nFROM ") && text.contains("--mount=type=cache"), "{text}");
}

#[test]
fn a_cache_that_cannot_be_written_fails_no_good_build() {
    let lab = Lab::greeter(10);
    lab.dockerfile("RUN true");
    let result = lab.step(&[
        ("bento-tag", "greeter:v1"),
        ("file", "Dockerfile"),
        ("cache-to", "type=registry,ref=127.0.0.1:1/no/cache:1"),
    ]);
    assert!(result.succeeded(), "{}", result.log_text());
    let warned = result.annotations.iter().find(|annotation| annotation.message.contains("cache is not written"));
    assert!(warned.is_some_and(|warned| warned.message.contains("127.0.0.1:1")), "{:?}", result.annotations);
}

#[test]
fn a_dockerfile_may_copy_from_the_models() {
    let lab = Lab::greeter(1000);
    lab.dockerfile(
        "WORKDIR /home/bentoml/bento\nCOPY src/service.py models/greetings/v1/greeting.txt /picked/\n\
         RUN --mount=type=bind,source=models,target=/m cat /m/greetings/latest > /picked/latest\nCOPY . ./",
    );
    let image = lab.image("picked");
    for how in ["load", "push"] {
        let with = [("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("tags", image.as_str()), (how, "true")];
        let result = lab.step(&with);
        assert!(result.succeeded(), "{}", result.log_text());
        let look = "cat /picked/latest /picked/greeting.txt && ls /picked models/greetings/v1";
        let found = docker(&["run", "--rm", "--entrypoint", "sh", &image, "-c", look]);
        assert_eq!(
            found,
            "v1Hello, /picked:\ngreeting.txt\nlatest\nservice.py\n\nmodels/greetings/v1:\ngreeting.txt\nmodel.yaml\nweights.bin\n"
        );
        docker(&["image", "rm", "--force", &image]);
    }
}

#[test]
fn the_models_stand_where_a_dockerfile_of_one_s_own_copies_the_bento() {
    let lab = Lab::greeter(10);
    let image = lab.image("app");
    let plain = "WORKDIR /app\nCOPY . .\nRUN cat models/greetings/v1/greeting.txt > /read".to_owned();
    // The same by a script of the Bento, in a stage that begins from the one that copies.
    let base = crate::lab::base();
    let inherited =
        format!("RUN true\nFROM {base} AS first\nWORKDIR /app\nCOPY . .\nFROM first AS last\nRUN sh ./src/read.sh");
    std::fs::write(lab.home().join("bentos/greeter/v1/src/read.sh"), "cat models/greetings/v1/greeting.txt > /read\n")
        .unwrap();
    for (how, lines) in [("load", &plain), ("push", &plain), ("load", &inherited), ("push", &inherited)] {
        lab.dockerfile(lines);
        let with = [("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("tags", image.as_str()), (how, "true")];
        let result = lab.step(&with);
        assert!(result.succeeded(), "{}", result.log_text());
        let look = "cat /read models/greetings/latest && ls /";
        let found = docker(&["run", "--rm", "--entrypoint", "sh", &image, "-c", look]);
        assert!(found.starts_with("Hello, v1") && !found.contains("home/bentoml"), "{found}");
        docker(&["image", "rm", "--force", &image]);
    }
}

#[test]
fn an_empty_secret_is_left_out() {
    let lab = Lab::greeter(10);
    lab.dockerfile("RUN --mount=type=secret,id=TOKEN test ! -e /run/secrets/TOKEN");
    let result =
        lab.step(&[("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("secrets", "TOKEN="), ("load", "true")]);
    assert!(result.succeeded(), "{}", result.log_text());
    assert!(result.annotations.iter().any(|one| one.message.contains("the secret TOKEN is empty")));
}

#[test]
fn of_two_versions_of_a_model_the_newer_one_is_the_latest() {
    // Neither the order of the names nor that of the service is the order of their making.
    let make = "import bentoml\nfor version in ('v1', 'v3', 'v2'):\n    \
        with bentoml.models.create(f'greetings:{version}') as model:\n        \
            open(model.path_of('greeting.txt'), 'w').write(version)\n";
    let service = "import bentoml\n\n\n@bentoml.service\nclass Two:\n    \
        a = bentoml.models.BentoModel('greetings:v2')\n    b = bentoml.models.BentoModel('greetings:v1')\n    \
        c = bentoml.models.BentoModel('greetings:v3')\n";
    let lab = Lab::new();
    lab.bentoml("python", &["-c", make]);
    lab.bento(&[("service.py", service), ("bentofile.yaml", "service: service:Two\n")], "v1");
    let lab = lab.quick();
    let image = lab.image("two");
    for how in ["load", "push"] {
        let result = lab.step(&[("bento-tag", "two:v1"), ("file", "Dockerfile"), ("tags", &image), (how, "true")]);
        assert!(result.succeeded(), "{}", result.log_text());
        let look = "cat models/greetings/latest; ls models/greetings";
        let found = docker(&["run", "--rm", "--entrypoint", "sh", &image, "-c", look]);
        assert_eq!(found, "v2latest\nv1\nv2\nv3\n", "{how}");
        docker(&["image", "rm", "--force", &image]);
    }
}

#[test]
fn a_context_that_is_no_bento_is_not_taken_for_one() {
    let lab = Lab::greeter(10);
    let image = lab.image("context");
    let result =
        lab.step(&[("bento-tag", "greeter:v1"), ("context", "."), ("dockerfile-only", "out"), ("tags", &image)]);
    assert!(result.succeeded(), "{}", result.log_text());
    let context = format!("Context: {}", lab.home().join("bentos/greeter/v1").display());
    assert!(result.log_text().contains(&context), "{}", result.log_text());
    assert!(result.annotations.iter().any(|one| one.message.contains("is not a Bento's folder")));
}
