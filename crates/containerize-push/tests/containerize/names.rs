//! Names of images: what no registry takes is refused before anything is built, and the way out is told.

use std::path::Path;

use crate::errors::hand_made_with;

/// Values of the inputs in an example's lines.
fn inputs(example: &str) -> Vec<(&str, String)> {
    let mut inputs: Vec<(&str, String)> = Vec::new();
    let mut taken = false;
    for line in example.lines() {
        let known = ["images: ", "tags: ", "tag-rules: "]
            .iter()
            .find_map(|key| line.trim().strip_prefix(key).map(|value| (*key, value)));
        match known {
            Some((key, value)) => {
                inputs.push((key.trim_end_matches(": "), value.trim_start_matches('|').to_owned()));
                taken = true;
            }
            None if taken && line.trim().starts_with("type=") => {
                let (_, rules) = inputs.last_mut().unwrap();
                rules.push('\n');
                rules.push_str(line.trim());
            }
            None => taken = false,
        }
    }
    inputs
}

#[test]
fn the_examples_of_the_pages_work_for_an_owner_in_capitals() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let lab = hand_made_with("", "RUN true");
    let mut tried = 0;
    for page in [
        "docs/containerize-push.md",
        "docs/workflows.md",
        "actions/containerize-push/README.md",
        "actions/build-and-push-image/README.md",
    ] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        for example in text.split("```").filter(|example| example.contains("ghcr.io/${{ github.repository }}")) {
            let example = example.replace("${{ github.repository }}", "AcmeOrg/MyRepo");
            // The simulated runner was triggered by no tag.
            let example = example.replace("pattern={{version}}", "pattern={{version}},value=v1.2.3");
            let given = inputs(&example);
            let mut with = vec![("bento-tag", "shop:abc1"), ("dry-run", "true")];
            with.extend(given.iter().map(|(name, value)| (*name, value.as_str())));
            let result = lab.step(&with);
            assert!(result.succeeded(), "{page}: {with:?}: {}", result.log_text());
            tried += 1;
        }
    }
    assert!(tried >= 4, "{tried} examples were found");
}

#[test]
fn names_that_no_registry_takes_are_refused_with_the_way_out() {
    let lab = hand_made_with("", "RUN true");
    for (with, text) in [
        (&[("push", "true"), ("tags", "ghcr.io/AcmeOrg/MyRepo:latest")][..], "Write ghcr.io/acmeorg/myrepo:latest"),
        (&[("push", "true"), ("tags", "ghcr.io/acme/acme-_chat:v1")], "acme-chat"),
        (&[("tags", "acme-_chat:v1")], "acme-chat"),
        (&[("images", "r.x/a-_b"), ("tag-rules", "type=bento")], "a-b"),
        (&[("outputs", "type=oci,dest=x.tar,name=a-_b:1")], "a-b"),
    ] {
        let with = [&[("bento-tag", "shop"), ("dry-run", "true")], with].concat();
        let result = lab.step(&with);
        assert_eq!((result.exit_code, result.errors().len()), (Some(2), 1), "{with:?}: {}", result.log_text());
        assert!(result.errors()[0].contains(text), "{with:?}: {}", result.errors()[0]);
    }
}

/// BentoML makes such a name of `Acme-Chat`.
#[test]
fn a_bento_whose_name_no_engine_takes_has_the_nearest_one() {
    let lab = hand_made_with("", "RUN true");
    let (from, to) = (lab.home().join("bentos/shop"), lab.home().join("bentos/acme-_chat"));
    std::fs::rename(from, &to).unwrap();
    let manifest = std::fs::read_to_string(to.join("abc1/bento.yaml")).unwrap();
    std::fs::write(to.join("abc1/bento.yaml"), manifest.replace("name: shop", "name: acme-_chat")).unwrap();
    let result = lab.step(&[("bento-tag", "acme-_chat:abc1"), ("load", "true")]);
    assert!(result.succeeded(), "{}", result.log_text());
    assert!(
        result.log_text().contains("Name: acme-chat:abc1, because acme-_chat:abc1 is not a name of an image"),
        "{}",
        result.log_text()
    );
    crate::lab::docker(&["image", "rm", "--force", "acme-chat:abc1"]);
}
