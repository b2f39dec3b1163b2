"""What the demo must remember: its secrets, and what its first seeding set out to deliver.

The one thing a newcomer would get wrong: nothing here is ever replaced. A start adds what is missing (a
person a newer version brings) and keeps the rest, or stored data could no longer be read.
"""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec
import pyotp

from aidial.seed.tenants import KEYS, PEOPLE, DemoKey
from aidial.stops import CommandStopped
from aidial_contract.ids import new_api_key
from aidial_identity.files import write_private

if TYPE_CHECKING:
    from pathlib import Path

    from aidial.demo.folder import DemoFolder

DAYS = 90
SEED = 1
_PASSWORD_BYTES = 12
T = TypeVar("T")


class Credentials(msgspec.Struct):
    """What one person signs in with; `otp_secret` (base32) is None without a second factor."""

    password: str
    otp_secret: str | None = None

    def __repr__(self) -> str:
        """Show nothing."""
        return "<Credentials>"


class Secrets(msgspec.Struct):
    """Everything secret of one demo. People by e-mail address, keys by `client_id/scope`."""

    master_key: str
    nextauth_secret: str
    client_secret: str
    people: dict[str, Credentials]
    api_keys: dict[str, str]

    def __repr__(self) -> str:
        """Show nothing."""
        return "<Secrets>"

    def api_key(self, key: DemoKey) -> str:
        """The text of one of `KEYS`."""
        return self.api_keys[key_name(key)]


class SeedPlan(msgspec.Struct):
    """What the first seeding set out to deliver; `until` is aware, `done` when all of it was answered.

    `recorded` when some of the calls were given recordings.
    """

    until: datetime
    count: int
    days: int
    seed: int
    done: bool = False
    recorded: bool = False


def key_name(key: DemoKey) -> str:
    """How a key is called in the secrets file."""
    return f"{key.client_id}/{key.scope}"


def load_secrets(folder: DemoFolder) -> Secrets:
    """The demo's secrets, made at the first start, completed at later ones."""
    known = _read(folder.secrets, Secrets)
    if known is None and (folder.postgres / "cluster").exists():
        raise CommandStopped(
            f"{folder.secrets} is missing, and the data beside it cannot be read without it. "
            "Restore it from a backup, or start anew with --reset."
        )
    kept = known or Secrets(
        master_key=base64.b64encode(secrets.token_bytes(32)).decode(),
        nextauth_secret=secrets.token_urlsafe(48),
        client_secret=secrets.token_urlsafe(32),
        people={},
        api_keys={},
    )
    before = msgspec.json.encode(kept)
    for person in PEOPLE:
        if person.email not in kept.people:
            otp = pyotp.random_base32() if person.second_factor else None
            kept.people[person.email] = Credentials(secrets.token_urlsafe(_PASSWORD_BYTES), otp)
    for key in KEYS:
        kept.api_keys.setdefault(key_name(key), new_api_key(key.environment)[0])
    if known is None or msgspec.json.encode(kept) != before:
        save(folder.secrets, kept)
    return kept


def load_plan(folder: DemoFolder, count: int) -> SeedPlan:
    """The first seeding's plan; made and kept when this is the first."""
    plan = _read(folder.plan, SeedPlan)
    if plan is None:
        plan = SeedPlan(until=datetime.now(UTC).replace(microsecond=0), count=count, days=DAYS, seed=SEED)
        save(folder.plan, plan)
    return plan


def save(path: Path, value: msgspec.Struct) -> None:
    """Write a record durably and in one step, mode 0600."""
    write_private(path, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def _read(path: Path, shape: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=shape)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError:
        raise CommandStopped(f"{path} is damaged. Restore it, or start anew with --reset.") from None
