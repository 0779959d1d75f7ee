//! A model as a layer into a repository that lacks it. Today: `curl` sends a file whose digest is known.

use std::process::Command;

use anyhow::{Context, Result};

use super::Row;
use crate::bench::figure::Outcome;
use crate::bench::lab::Lab;
use crate::bench::measure::compare;
use crate::bench::model;
use crate::{command, layout};

pub(super) const ROW: Row = Row {
    name: "graft",
    work: "a {model} model as a layer into a registry that lacks it (today: `curl` of the same bytes)",
    aim: "≤ 1.25 × the time of curl, ≤ 40 MiB",
    measure,
};

const CURL: &str = r#"
start=$(curl --silent --show-error --fail --request POST --dump-header - --output /dev/null "$1" | tr -d '\r')
address=$(sed -n 's/^[Ll]ocation: //p' <<< "$start")
curl --silent --show-error --fail --upload-file "$2" --header 'Content-Type: application/octet-stream' "$address&digest=$3"
"#;

fn measure(lab: &Lab) -> Result<Outcome> {
    let weights = lab.weights()?;
    let digest = command::capture(command::clean("sha256sum").arg(&weights))?;
    let digest = format!("sha256:{}", digest.split(' ').next().context("sha256sum prints a digest")?);
    let home = lab.fresh_folder("home")?;
    model::add(&home, "v1", &weights)?;
    let folder = home.join("models").join(model::NAME).join("v1");
    let images = lab.images()?;
    // A repository of its own for each run: what a repository has is not sent again.
    let today = |turn| {
        let mut curl = Command::new("bash");
        let address = format!("http://{}/blobs/uploads/", images.api(&format!("curl-{turn}")));
        curl.args(["-ec", CURL, "-", &address]).arg(&weights).arg(&digest);
        Ok(curl.into())
    };
    let here = |turn| {
        let program = layout::release_binaries().join(format!("examples/upload{}", std::env::consts::EXE_SUFFIX));
        let mut upload = command::clean(program);
        upload.arg(images.repository(&format!("graft-{turn}"))).arg(&folder);
        Ok(upload.into())
    };
    compare(lab, lab.scale.long_runs(), &today, Some(&here))
}
