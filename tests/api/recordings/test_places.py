"""Where files are kept, as settings say it."""

from __future__ import annotations

import pytest

from aidial_api.kernel.storage import Storage, StoragePlace
from aidial_api.settings import storage_place
from aidial_contract.settings import ConfigurationError


@pytest.mark.parametrize(
    "url",
    [
        "file:///var/lib/aidial/files",
        "s3://bucket",
        "s3://bucket/below",
        "s3://bucket?region=ap-southeast-2",
        "s3://bucket/below?endpoint=https://objects.example",
    ],
)
@pytest.mark.parametrize("key", [{}, {"AIDIAL_STORAGE_KEY_ID": "id", "AIDIAL_STORAGE_SECRET": "secret"}])
def test_every_documented_place_can_be_opened(url: str, key: dict[str, str]) -> None:
    place = storage_place({"AIDIAL_STORAGE_URL": url, **key})
    assert place == StoragePlace(url, key.get("AIDIAL_STORAGE_KEY_ID"), key.get("AIDIAL_STORAGE_SECRET"))
    Storage(place, timeout_s=1)


@pytest.mark.parametrize(
    ("given", "missing"),
    [("AIDIAL_STORAGE_KEY_ID", "AIDIAL_STORAGE_SECRET"), ("AIDIAL_STORAGE_SECRET", "AIDIAL_STORAGE_KEY_ID")],
)
def test_half_a_key_is_said_to_be_half(given: str, missing: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        storage_place({given: "half"})
    assert set(refused.value.problems) == {missing}
