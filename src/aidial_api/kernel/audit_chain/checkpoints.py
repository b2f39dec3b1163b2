"""A checkpoint: where a chain ended at some time, signed, kept where the database's owner has no hand.

The one thing a newcomer would get wrong: a chain alone proves little. Whoever owns the database can write it
anew from any event on, hash by hash; what they cannot do is sign, nor change what lies outside.
Source: `docs/decisions/0042-checkpoints-outside-the-database.md`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT: Final = 1
KEY_BYTES: Final = 32
_ID_LETTERS: Final = 16


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file. `hash` is that of seal `seq`, in hex; `signature` of `signed_bytes`, in base64."""

    format: int
    chain: str
    seq: int
    hash: str
    made_at: datetime
    key_id: str
    signature: str = ""

    @property
    def signed_bytes(self) -> bytes:
        """What is signed."""
        lines = ("aidial audit checkpoint 1", self.chain, self.seq, self.hash, self.made_at.isoformat())
        return "".join(f"{line}\n" for line in lines).encode()

    def encoded(self) -> bytes:
        """The file's bytes."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


class SigningKey:
    """The Ed25519 key that checkpoints are signed with, from its 32 bytes."""

    __slots__ = ("_key", "public")

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = PublicKey(self._key.public_key().public_bytes_raw())

    def checkpoint(self, chain: str, seq: int, last_hash: bytes, made_at: datetime) -> Checkpoint:
        """A signed checkpoint."""
        plain = Checkpoint(FORMAT, chain, seq, last_hash.hex(), made_at, self.public.key_id)
        signature = base64.b64encode(self._key.sign(plain.signed_bytes)).decode()
        return msgspec.structs.replace(plain, signature=signature)

    def __repr__(self) -> str:
        """The key stays out of tracebacks."""
        return f"<SigningKey {self.public.key_id}>"


class PublicKey:
    """What checkpoints are looked at with."""

    __slots__ = ("_key", "key_id", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.key_id = hashlib.sha256(raw).hexdigest()[:_ID_LETTERS]
        self._key = Ed25519PublicKey.from_public_bytes(raw)

    @property
    def text(self) -> str:
        """As people pass it on: base64."""
        return base64.b64encode(self.raw).decode()

    def has_signed(self, checkpoint: Checkpoint) -> bool:
        """Whether the signature is this key's."""
        try:
            self._key.verify(base64.b64decode(checkpoint.signature, validate=True), checkpoint.signed_bytes)
        except (InvalidSignature, binascii.Error):
            return False
        return True


def by_id(keys: Iterable[PublicKey]) -> dict[str, PublicKey]:
    """Keys by their ids."""
    return {key.key_id: key for key in keys}


def what_is_wrong(checkpoint: Checkpoint, chain: str, trusted: Mapping[str, PublicKey]) -> str:
    """Why a file of a chain's folder is not believed; "" when it is."""
    if checkpoint.format != FORMAT or checkpoint.chain != chain:
        return "it is of another chain or format"
    key = trusted.get(checkpoint.key_id)
    if key is None:
        return f"it is signed with a key that is not trusted here ({checkpoint.key_id})"
    return "" if key.has_signed(checkpoint) else "its signature does not fit"


def key_of_base64(raw: str) -> bytes:
    """The 32 bytes of a key, for settings. ValueError says what it must be."""
    try:
        key = base64.b64decode(raw.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"must be {KEY_BYTES} bytes of base64")
    return key


def public_keys(raw: str) -> tuple[PublicKey, ...]:
    """Public keys by commas, for settings."""
    try:
        return tuple(PublicKey(key_of_base64(word)) for word in raw.split(",") if word.strip())
    except ValueError:
        raise ValueError(f"must be public keys, each {KEY_BYTES} bytes of base64, by commas") from None
