//! Signatures of requests to AWS: version 4, in the `Authorization` header.
//!
//! Of our own because the SDK's signer brings two dozen crates for what is sixty lines, and its HMAC is in the tree
//! already, with TLS. Source: AWS's "Create a signed AWS API request"; the tests are AWS's own examples.

use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Who signs, for which service of which region.
#[derive(Debug)]
pub(crate) struct Signer<'a> {
    pub(crate) key_id: &'a str,
    pub(crate) secret: &'a SecretString,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

/// What is signed of a request to `/`.
#[derive(Debug)]
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// Encoded, its parameters sorted.
    pub(crate) query: &'a str,
    /// Names in lower case, sorted; `host` and `x-amz-date` are among them.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

impl Signer<'_> {
    /// The value of the `Authorization` header. `time` is that of `x-amz-date`: `20150830T123600Z`.
    pub(crate) fn authorization(&self, request: &Signed<'_>, time: &str) -> String {
        let day = time.split('T').next().unwrap_or_default();
        let names = request.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let headers: String =
            request.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let Signed { method, query, body, .. } = request;
        let canonical = format!("{method}\n/\n{query}\n{headers}\n{names}\n{}", hex(&Sha256::digest(body)));
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
        let secret = format!("AWS4{}", self.secret.expose_secret());
        let parts = [day, self.region, self.service, "aws4_request", &to_sign];
        let signature = parts.iter().fold(secret.into_bytes(), |key, part| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
            hmac::sign(&key, part.as_bytes()).as_ref().to_vec()
        });
        let signature = hex(&signature);
        format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", self.key_id)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "20150830T123600Z";

    fn signature(service: &str, request: &Signed<'_>) -> String {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into();
        let signer = Signer { key_id: "AKIDEXAMPLE", secret: &secret, region: "us-east-1", service };
        let header = signer.authorization(request, TIME);
        let scope = format!("Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request, SignedHeaders=");
        assert!(header.starts_with(&format!("AWS4-HMAC-SHA256 {scope}")), "{header}");
        header.rsplit('=').next().unwrap_or_default().to_owned()
    }

    /// The example of the documentation, then `get-vanilla`, `post-vanilla` and `post-x-www-form-urlencoded` of the suite.
    #[test]
    fn aws_s_published_examples_come_out() {
        let (vanilla, iam) = ("example.amazonaws.com", "iam.amazonaws.com");
        let form = "application/x-www-form-urlencoded";
        let documented = Signed {
            method: "GET",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &[
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("host", iam),
                ("x-amz-date", TIME),
            ],
            body: b"",
        };
        assert_eq!(signature("iam", &documented), "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
        for (method, headers, body, expected) in [
            (
                "GET",
                &[("host", vanilla), ("x-amz-date", TIME)][..],
                "",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "POST",
                &[("host", vanilla), ("x-amz-date", TIME)],
                "",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "POST",
                &[("content-type", form), ("host", vanilla), ("x-amz-date", TIME)],
                "Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            let request = Signed { method, query: "", headers, body: body.as_bytes() };
            assert_eq!(signature("service", &request), expected);
        }
    }
}
