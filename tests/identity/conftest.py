"""One provider for all tests that do not change it for others."""

from collections.abc import Iterator

import pytest

from aidial_identity import Client, ServiceAccount
from tests.support.identity import RunningIdentity

AFTER = "http://localhost:3000/api/auth/logout/callback"


@pytest.fixture(scope="session")
def idp() -> Iterator[RunningIdentity]:
    other = Client(client_id="stranger", client_secret="stranger-secret", project_id="another-project")
    robot = ServiceAccount(
        subject="robot-1", name="Delivery robot", client_id="robot", client_secret="robot-secret"
    )
    with RunningIdentity(
        more_clients=[other], service_accounts=[robot], post_logout_redirect_uris=[AFTER]
    ) as running:
        yield running
