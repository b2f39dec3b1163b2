"""The API's configuration. Source: `contract.md` section 9.

The one thing a newcomer would get wrong: a missing value is not a default; the process refuses to start and
names every missing or bad one at once.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aidial_api.kernel.audit_chain.checkpointer import CheckpointSettings
from aidial_api.kernel.audit_chain.checkpoints import SigningKey, key_of_base64, public_keys
from aidial_api.kernel.audit_chain.outside import place_of_checkpoints
from aidial_api.kernel.crypto import MasterKey
from aidial_api.kernel.introspection import IntrospectionClient
from aidial_api.kernel.outgoing import settings as mail
from aidial_api.kernel.outgoing.smtp import SmtpSettings
from aidial_api.kernel.storage import StoragePlace, storage_url
from aidial_contract.database_url import database_url
from aidial_contract.limits import SCALE, Numbers, load_with_numbers
from aidial_contract.settings import (
    LOOPBACK,
    ConfigurationError,
    Network,
    Setting,
    boolean,
    http_url,
    load,
    networks,
    port,
    positive_int,
    positive_number,
    secret,
    store_url,
    text,
    words,
)

MASTER_KEY_BYTES = 32


def _master_key(raw: str) -> bytes:
    try:
        key = base64.b64decode(raw.strip(), validate=True)
    except binascii.Error:
        raise ValueError("must be base64") from None
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError("must be 32 bytes of base64")
    return key


_SWITCH = Setting("ZITADEL_INTROSPECTION", boolean, default=False)
INTROSPECTION = (
    Setting("ZITADEL_INTROSPECTION_CLIENT_ID", text),
    Setting("ZITADEL_INTROSPECTION_CLIENT_SECRET", secret(1)),
)
"""Required when `ZITADEL_INTROSPECTION` is true."""

_STORAGE_KEY = (
    Setting("AIDIAL_STORAGE_KEY_ID", text, default=None),
    Setting("AIDIAL_STORAGE_SECRET", secret(1), default=None),
)
"""One is nothing without the other."""
STORAGE = (
    Setting("AIDIAL_STORAGE_URL", storage_url, default="file:///var/lib/aidial/files"),
    *_STORAGE_KEY,
)

CHECKPOINTS = (
    Setting(
        "AIDIAL_AUDIT_CHECKPOINTS", place_of_checkpoints, default="file:///var/lib/aidial/audit-checkpoints"
    ),
    Setting("AIDIAL_AUDIT_CHECKPOINT_SECONDS", positive_number, default=60.0),
    Setting("AIDIAL_AUDIT_SIGNING_KEY", key_of_base64, default=None),
    Setting("AIDIAL_AUDIT_PUBLIC_KEYS", public_keys, default=()),
)
"""The activity log's checkpoints; without a signing key, one is made of the master key."""

SETTINGS = (
    Setting("DATABASE_URL", database_url, required=True),
    Setting("AIDIAL_MASTER_KEY", _master_key, required=True),
    Setting("ZITADEL_ISSUER", http_url, required=True),
    Setting("AIDIAL_API_AUDIENCE", text, required=True),
    Setting("ZITADEL_CLIENT_ID", text, default=None),
    _SWITCH,
    *INTROSPECTION,
    Setting("AIDIAL_MFA_AMR", words, default=()),
    Setting("ZITADEL_MANAGEMENT_TOKEN", secret(1), default=None),
    Setting("AIDIAL_HOSTS", words, default=("localhost", "127.0.0.1", "[::1]")),
    Setting("AIDIAL_TRUSTED_PROXIES", networks, default=LOOPBACK),
    Setting(SCALE, positive_number, default=1.0),
    Setting("AIDIAL_LIMITS_URL", store_url),
    Setting("AIDIAL_METRICS_PORT", port),
    Setting("AIDIAL_METRICS_ADDR", text, default="127.0.0.1"),
    Setting("AIDIAL_SESSION_IDLE_MINUTES", positive_number, default=30.0),
    Setting("AIDIAL_SESSION_ABSOLUTE_HOURS", positive_number, default=12.0),
    Setting("AIDIAL_SESSION_TOUCH_SECONDS", positive_number, default=60.0),
    Setting("AIDIAL_SESSIONS_PER_USER", positive_int, default=5),
    Setting("AIDIAL_DATABASE_CONNECTIONS", positive_int, default=16),
    Setting("AIDIAL_REQUEST_TIMEOUT_MS", positive_number, default=10_000.0),
    Setting("AIDIAL_CONCURRENCY", positive_int, default=64),
    Setting("AIDIAL_QUEUE", positive_int, default=256),
    Setting("AIDIAL_STOP_TIMEOUT_MS", positive_number, default=9_000.0),
    Setting("AIDIAL_BILLING_TIMEOUT_MS", positive_number, default=2_000.0),
    *STORAGE,
    Setting("AIDIAL_STORAGE_TIMEOUT_MS", positive_number, default=3_000.0),
    Setting("AIDIAL_INVOICE_ISSUER", text, default="AiDial"),
    Setting("AIDIAL_INVOICE_ABN", text, default=None),
    Setting("AIDIAL_INVOICE_HOW_TO_PAY", text, default=None),
    *CHECKPOINTS,
    *mail.SETTINGS,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every value; `portal_client_id` is whose ID tokens are taken, `introspection` is None when off.

    `smtp` None: mail stays in the embedded outbox.
    """

    database_url: str
    master_key: bytes
    issuer: str
    audience: str
    portal_client_id: str
    introspection: IntrospectionClient | None
    mfa_amr: tuple[str, ...]
    management_token: str | None
    hosts: frozenset[str]
    trusted_proxies: tuple[Network, ...]
    numbers: Numbers
    limits_url: str | None
    metrics_port: int | None
    metrics_addr: str
    idle_minutes: float
    absolute_hours: float
    touch_seconds: float
    sessions_per_user: int
    database_connections: int
    request_timeout_ms: float
    concurrency: int
    queue: int
    stop_timeout_ms: float
    billing_timeout_ms: float
    storage: StoragePlace
    storage_timeout_ms: float
    invoice_issuer: str
    invoice_abn: str | None
    invoice_how_to_pay: str | None
    checkpoints: CheckpointSettings
    smtp: SmtpSettings | None

    def __repr__(self) -> str:
        """Secrets stay out of tracebacks."""
        return f"Settings(issuer={self.issuer!r})"


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings, or `ConfigurationError` naming every problem."""
    values, numbers = load_with_numbers(_settings_for(environ), environ)
    return Settings(
        database_url=values["DATABASE_URL"],
        master_key=values["AIDIAL_MASTER_KEY"],
        issuer=values["ZITADEL_ISSUER"],
        audience=values["AIDIAL_API_AUDIENCE"],
        portal_client_id=values["ZITADEL_CLIENT_ID"] or values["AIDIAL_API_AUDIENCE"],
        introspection=_introspection(values),
        mfa_amr=values["AIDIAL_MFA_AMR"],
        management_token=values["ZITADEL_MANAGEMENT_TOKEN"],
        hosts=frozenset(host.lower() for host in values["AIDIAL_HOSTS"]),
        trusted_proxies=values["AIDIAL_TRUSTED_PROXIES"],
        numbers=numbers,
        limits_url=values["AIDIAL_LIMITS_URL"],
        metrics_port=values["AIDIAL_METRICS_PORT"],
        metrics_addr=values["AIDIAL_METRICS_ADDR"],
        idle_minutes=values["AIDIAL_SESSION_IDLE_MINUTES"],
        absolute_hours=values["AIDIAL_SESSION_ABSOLUTE_HOURS"],
        touch_seconds=values["AIDIAL_SESSION_TOUCH_SECONDS"],
        sessions_per_user=values["AIDIAL_SESSIONS_PER_USER"],
        database_connections=values["AIDIAL_DATABASE_CONNECTIONS"],
        request_timeout_ms=values["AIDIAL_REQUEST_TIMEOUT_MS"],
        concurrency=values["AIDIAL_CONCURRENCY"],
        queue=values["AIDIAL_QUEUE"],
        stop_timeout_ms=values["AIDIAL_STOP_TIMEOUT_MS"],
        billing_timeout_ms=values["AIDIAL_BILLING_TIMEOUT_MS"],
        storage=_place(values),
        storage_timeout_ms=values["AIDIAL_STORAGE_TIMEOUT_MS"],
        invoice_issuer=values["AIDIAL_INVOICE_ISSUER"],
        invoice_abn=values["AIDIAL_INVOICE_ABN"],
        invoice_how_to_pay=values["AIDIAL_INVOICE_HOW_TO_PAY"],
        checkpoints=checkpoint_settings(values),
        smtp=mail.smtp_settings(values),
    )


def checkpoint_settings(values: Mapping[str, Any]) -> CheckpointSettings:
    """The settings of checkpoints, of values that hold `CHECKPOINTS` and AIDIAL_MASTER_KEY."""
    seed = values["AIDIAL_AUDIT_SIGNING_KEY"]
    if seed is None:
        seed = MasterKey(values["AIDIAL_MASTER_KEY"]).derived("audit checkpoints")
    return CheckpointSettings(
        place=values["AIDIAL_AUDIT_CHECKPOINTS"],
        every_s=values["AIDIAL_AUDIT_CHECKPOINT_SECONDS"],
        key=SigningKey(seed),
        also_trusted=values["AIDIAL_AUDIT_PUBLIC_KEYS"],
    )


def _settings_for(environ: Mapping[str, str]) -> tuple[Setting, ...]:
    """The settings; those of what is switched on are required then, so one complaint names all."""
    try:
        is_on = load((_SWITCH,), environ)[_SWITCH.name]
    except ConfigurationError:
        is_on = False  # the whole reading complains of it
    required = (*(INTROSPECTION if is_on else ()), *mail.needed(environ), *_storage_needed(environ))
    return tuple(replace(one, required=True) if one in required else one for one in SETTINGS)


def _storage_needed(environ: Mapping[str, str]) -> tuple[Setting, ...]:
    given = any(environ.get(one.name) or environ.get(f"{one.name}_FILE") for one in _STORAGE_KEY)
    return _STORAGE_KEY if given else ()


def storage_place(environ: Mapping[str, str]) -> StoragePlace:
    """Where files are kept. `ConfigurationError` names what is missing or bad."""
    needed = _storage_needed(environ)
    return _place(
        load(tuple(replace(one, required=True) if one in needed else one for one in STORAGE), environ)
    )


def _place(values: Mapping[str, Any]) -> StoragePlace:
    return StoragePlace(*(values[one.name] for one in STORAGE))


def _introspection(values: Mapping[str, Any]) -> IntrospectionClient | None:
    if not values[_SWITCH.name]:
        return None
    client_id, client_secret = (values[one.name] for one in INTROSPECTION)
    return IntrospectionClient(client_id, client_secret)
