//! Rules, and the tags that they give.

use serde_json::json;

use super::*;

fn of(reference: &str, rules: &[&str]) -> Vec<String> {
    let mut event = Event { reference: reference.into(), sha: "0123456789abcdef".into(), ..Event::default() };
    event.payload = json!({"repository": {"default_branch": "main"}});
    let rules: Vec<_> = rules.iter().map(|&rule| rule.to_owned()).collect();
    tags(&rules, &"shop:abc".parse().unwrap(), &event).unwrap()
}

#[test]
fn each_event_has_its_tags() {
    let rules = [
        "type=bento",
        "type=semver,pattern={{version}}",
        "type=semver,pattern={{major}}.{{minor}}",
        "type=ref,event=branch",
        "type=ref,event=tag",
        "type=ref,event=pr",
        "type=sha",
        "type=raw,value=latest,enable={{is_default_branch}}",
    ];
    assert_eq!(of("refs/heads/main", &rules), ["abc", "main", "latest", "sha-0123456"]);
    assert_eq!(of("refs/heads/feat/Ünï x", &rules), ["abc", "feat-n-x", "sha-0123456"]);
    assert_eq!(of("refs/tags/v1.2.3", &rules), ["abc", "1.2.3", "1.2", "v1.2.3", "sha-0123456"]);
    assert_eq!(of("refs/tags/v1.2.3-rc.1", &rules), ["abc", "1.2.3-rc.1", "v1.2.3-rc.1", "sha-0123456"]);
    assert_eq!(of("refs/pull/7/merge", &rules), ["abc", "pr-7", "sha-0123456"]);
    assert_eq!(of("refs/tags/nightly", &rules[1..3]), [""; 0]);
}

/// The tables of docker/metadata-action's documentation.
#[test]
fn rules_are_read_as_metadata_action_documents_them() {
    for (git_tag, rule, expected) in [
        ("v1.2.3", "type=semver,pattern={{raw}}", "v1.2.3"),
        ("v1.2.3", "type=semver,pattern={{version}}", "1.2.3"),
        ("v1.2.3", "type=semver,pattern={{major}}.{{minor}}", "1.2"),
        ("v1.2.3", "type=semver,pattern=v{{major}}", "v1"),
        ("v1.2.3", "type=semver,pattern={{minor}}", "2"),
        ("v1.2.3", "type=semver,pattern={{patch}}", "3"),
        ("v2.0.8-beta.67", "type=semver,pattern={{version}}", "2.0.8-beta.67"),
        ("v2.0.8-beta.67", "type=semver,pattern={{major}}", "2.0.8-beta.67"),
        ("v2.0.8-beta.67", "type=semver,pattern={{major}}.{{minor}}", "2.0.8-beta.67"),
        ("v1.2.3+build.5", "type=semver,pattern={{version}}", "1.2.3"),
        ("x", "type=semver,pattern={{version}},value=v1.0.0", "1.0.0"),
        ("v01.2.3", "type=semver,pattern={{version}}", ""),
        ("v1.2", "type=semver,pattern={{version}}", ""),
        ("v1.2.3", "type=match,pattern=\\d.\\d.\\d", "1.2.3"),
        ("v2.0.8-beta.67", "type=match,pattern=v(.*),group=1", "2.0.8-beta.67"),
        ("v2.0.8-beta.67", "type=match,pattern=v(\\d.\\d),group=1", "2.0"),
        ("20200110-RC2", "type=match,pattern=\\d+", "20200110"),
        ("p1/v1.2.3", "type=match,pattern=p1-v(\\d.\\d.\\d),group=1", "1.2.3"),
        ("v1", "Type=raw, Value=foo", "foo"),
        ("v1", "foo", "foo"),
        ("v1", "\"type=raw\",\"value=a,b\"", "a-b"),
        ("my/tag", "type=ref,event=tag", "my-tag"),
        ("v1", "type=edge", ""),
        ("v1", "type=schedule", ""),
    ] {
        assert_eq!(of(&format!("refs/tags/{git_tag}"), &[rule]).join(" "), expected, "{git_tag} by {rule}");
    }
    assert_eq!(of("refs/heads/main", &["type=edge", "type=edge,branch=dev"]), ["edge"]);
    let event = Event { name: "schedule".into(), reference: "refs/heads/main".into(), ..Event::default() };
    assert_eq!(tags(&["type=schedule".into()], &"a:b".parse().unwrap(), &event).unwrap(), ["nightly"]);
}

#[test]
fn the_priority_orders_the_tags() {
    let rules =
        ["type=sha", "type=raw,value=a", "type=raw,value=b", "type=ref,event=branch", "type=edge", "type=bento"];
    assert_eq!(of("refs/heads/main", &rules), ["abc", "edge", "main", "a", "b", "sha-0123456"]);
    let rules = ["type=sha,priority=1000", "type=raw,value=a,priority=-1", "type=raw,value=b"];
    assert_eq!(of("refs/heads/main", &rules), ["sha-0123456", "b", "a"]);
}

#[test]
fn values_prefixes_and_names() {
    assert_eq!(of("refs/heads/a", &["type=raw,value={{bento_name}}-{{branch}},prefix=x-,suffix=-y"]), ["x-shop-a-y"]);
    assert_eq!(of("refs/heads/a", &["type=sha,format=long,prefix="]), ["0123456789abcdef"]);
    assert_eq!(of("refs/pull/7/merge", &["type=ref,event=pr,prefix=x-", "type=ref,event=pr,prefix="]), ["x-7", "7"]);
    assert_eq!(
        names(&["ghcr.io/Own/Name".into()], &["1".into(), "2".into()]),
        ["ghcr.io/own/name:1", "ghcr.io/own/name:2"]
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    for (rule, text) in [
        ("type=pep440,pattern={{version}}", "pep440"),
        ("type=sha,priority=high", "high"),
        ("type=sha,format=middle", "middle"),
        ("type=raw,value=x,pattern={{version}}", "pattern means nothing for type=raw"),
        ("type=match", "pattern is missing"),
        ("type=match,pattern=v(.*),group=2", "no group 2"),
        ("type=schedule,pattern={{date 'YYYYMMDD'}}", "{{date 'YYYYMMDD'}} is not known"),
        ("type=raw", "value is missing"),
        ("type=sha,flavour=x", "flavour"),
        ("type=bento,enable=maybe", "maybe"),
        ("type=raw,value={{date 'YYYYMMDD'}}", "{{date 'YYYYMMDD'}} is not known"),
        ("type=sha,prefix={{base_ref}}-", "{{base_ref}}"),
        ("type=semver,pattern={{major}}.{{minr}}", "{{minr}}"),
    ] {
        let error = tags(&[rule.into()], &"a:b".parse().unwrap(), &Event::default()).unwrap_err().full_text();
        assert!(error.contains(text) && error.contains("Rules are"), "{error}");
    }
}
