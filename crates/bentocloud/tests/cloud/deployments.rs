//! Deployments whose answers get lost.

use actions_core::action::Cancel;
use bentocloud::deployment::Config;
use serde_json::Map;

use crate::lab::{Cloud, Flavor, Transmission, client};
use crate::relay::{Fault, Relay};

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_whose_answer_breaks_is_not_created_twice() {
    let cloud = Cloud::start(Flavor::BentoCloud, Transmission::Presigned).await;
    let relay = Relay::before(&cloud).await;
    relay.fault("POST", "/api/v2/deployments", 1, Fault::CutAnswer(5));
    let config = Config::complete(Map::new(), "no:such", None).unwrap();
    let error =
        client(&relay.endpoint, &Cancel::default()).create_deployment(None, None, false, &config).await.unwrap_err();
    assert_eq!(error.cause(), actions_core::Cause::Unreachable, "{error:?}");
    assert_eq!(relay.seen("POST /api/v2/deployments").len(), 1);
}
