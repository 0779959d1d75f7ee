"""Does with the real client what the cases say, each with a token of its own: [{"token", "action", "file"}] on stdin, the
reasons of those that it refused on stdout: {token: reason}.
"""

import io
import json
import os
import sys

# BentoML would say on stdout what it builds.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from bentoml._internal.cloud.client import RestApiClient  # noqa: E402
from bentoml._internal.cloud.deployment import DeploymentAPI, DeploymentConfigParameters  # noqa: E402

cases = json.load(sys.stdin)
client = RestApiClient(os.environ["ENDPOINT"], "none")
api = DeploymentAPI(client)
refused = {}
for case in cases:
    for session in {client.v1.session, client.v2.session}:
        session.headers["X-YATAI-API-TOKEN"] = case["token"]
    try:
        parameters = DeploymentConfigParameters(config_file=io.StringIO(case["file"]))
        parameters.verify(create=case["action"] == "create", _client=client)
        getattr(api, case["action"])(deployment_config_params=parameters)
    except BaseException as error:
        reasons = [f"{type(error).__name__}: {error}"]
        while getattr(error, "exceptions", None):
            error = error.exceptions[0]
            reasons.append(f"{type(error).__name__}: {error}")
        refused[case["token"]] = " / ".join(reasons)
json.dump(refused, answers)
answers.close()
