"""Keys: one master key wraps a data key a tenant, and everything a tenant hides uses that.

A newcomer would encrypt with the master key. It only wraps; a tenant's key gives four keys of its
own (encryption, blind index, fingerprints, files), and each ciphertext is bound to its tenant, purpose and
record, so that a value copied to another row does not open there. Page cursors are signed here too.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from collections.abc import Callable

    from aidial_api.kernel.transaction import Tx

T = TypeVar("T")
SUFFIX_DIGITS = range(3, 10)
"""How many digits the endings have that a caller is found by."""
TOKEN_BYTES = 16
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_FORMAT = b"\x01"
_HEAD_BYTES = len(_FORMAT) + _NONCE_BYTES
_SHORTEST = _HEAD_BYTES + _TAG_BYTES
_MAC_BYTES = 16
_LONGEST_CURSOR = 2048


class CannotDecrypt(Exception):  # noqa: N818
    """The value was changed, belongs to another tenant, purpose or record, or the key is another."""


class MasterKey:
    """The 32 bytes of `AIDIAL_MASTER_KEY`; wraps the tenants' data keys and derives other keys."""

    __slots__ = ("_aead", "_secret", "key_id")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != _KEY_BYTES:
            raise ValueError("a master key is 32 bytes")
        self._secret = secret
        self._aead = AESGCM(_derived(secret, b"aidial wrap data keys"))
        self.key_id = _derived(secret, b"aidial master key id")[:4].hex()

    @classmethod
    def from_base64(cls, text: str) -> "MasterKey":
        """Read the setting; raises `ValueError` without the value."""
        try:
            secret = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("a master key is base64") from None
        return cls(secret)

    def derived(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose of the whole installation, such as cursors."""
        return _derived(self._secret, b"aidial " + purpose.encode())

    def wrap(self, client_id: str, data_key: bytes) -> bytes:
        """Return `data_key` encrypted for the tenant's row."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._aead.encrypt(nonce, data_key, client_id.encode())

    def unwrap(self, client_id: str, wrapped: bytes) -> bytes:
        """Return the data key; raises `CannotDecrypt`."""
        return _opened(self._aead, wrapped, client_id.encode())

    def __repr__(self) -> str:
        return f"<MasterKey {self.key_id}>"


class TenantKey:
    """One tenant's keys. Never logged, never stored: `client_keys` holds the wrapped data key."""

    __slots__ = ("_aead", "_files", "_fingerprint", "_index", "client_id")

    def __init__(self, client_id: str, data_key: bytes) -> None:
        self.client_id = client_id
        self._aead = AESGCM(_derived(data_key, b"encryption"))
        self._index = _derived(data_key, b"blind index")
        self._fingerprint = _derived(data_key, b"fingerprint")
        self._files = _derived(data_key, b"files")

    def encrypt(self, plain: bytes, *, purpose: str, record: str) -> bytes:
        """Return `plain` sealed for one column (`purpose`) of one row (`record`, its id)."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._aead.encrypt(nonce, plain, self._bound(purpose, record))

    def decrypt(self, sealed: bytes, *, purpose: str, record: str) -> bytes:
        """Return what `encrypt` sealed for the same column and row; raises `CannotDecrypt`."""
        return _opened(self._aead, sealed, self._bound(purpose, record))

    def opener(self, purpose: str) -> "Callable[[bytes, bytes], bytes]":
        """Return what decrypts one column, given what `encrypt` sealed and the row's id in ASCII.

        A page of calls opens forty numbers: what is the same for all of them is done once.
        """
        decrypt, head = self._aead.decrypt, self._bound(purpose, "")

        def opened(sealed: bytes, record: bytes) -> bytes:
            if len(sealed) < _SHORTEST or sealed[0] != _FORMAT[0]:
                raise CannotDecrypt
            try:
                return decrypt(sealed[1:_HEAD_BYTES], sealed[_HEAD_BYTES:], head + record)
            except InvalidTag:
                raise CannotDecrypt from None

        return opened

    def caller_tokens(self, e164: str) -> list[bytes]:
        """Return the blind index of a number: the whole, then its last 3 to 9 digits."""
        digits = e164.removeprefix("+")
        suffixes = [self.suffix_token(digits[-n:]) for n in SUFFIX_DIGITS if len(digits) >= n]
        return [self.exact_token(e164), *suffixes]

    def exact_token(self, e164: str) -> bytes:
        """Return the 16-byte token that finds exactly this number."""
        return self._token(b"exact", e164)

    def suffix_token(self, digits: str) -> bytes:
        """Return the token that finds numbers ending in `digits`, of which there are 3 to 9."""
        if len(digits) not in SUFFIX_DIGITS or not (digits.isascii() and digits.isdigit()):
            raise ValueError("a caller is found by its last 3 to 9 digits")
        return self._token(b"suffix", digits)

    def fingerprint(self, content: bytes) -> bytes:
        """Return 32 bytes that tell whether two deliveries of this tenant had the same content."""
        return hmac.digest(self._fingerprint, content, "sha256")

    def of_file(self, name: str) -> AESGCM:
        """Return the key of one file of this tenant; a name is written once, so no nonce meets it twice."""
        return AESGCM(_derived(self._files, b"file " + name.encode()))

    def _token(self, kind: bytes, text: str) -> bytes:
        return hmac.digest(self._index, kind + b":" + text.encode(), "sha256")[:TOKEN_BYTES]

    def _bound(self, purpose: str, record: str) -> bytes:
        return f"{self.client_id}\x1f{purpose}\x1f{record}".encode()

    def __repr__(self) -> str:
        return f"<TenantKey of {self.client_id}>"


class TenantKeys:
    """The tenants' keys a process holds, at most `capacity`, the longest unused dropped first."""

    def __init__(self, master: MasterKey, *, capacity: int = 10_000) -> None:
        self._master = master
        self._capacity = capacity
        self._held: OrderedDict[str, TenantKey] = OrderedDict()

    async def get(self, tx: "Tx", client_id: str) -> TenantKey:
        """Return the tenant's keys, reading them through `tx` at the first use.

        Raises `LookupError` for a tenant without a key or out of the transaction's reach,
        `CannotDecrypt` when the master key is not the one that wrapped it.
        """
        held = self._held.get(client_id)
        if held is not None:
            self._held.move_to_end(client_id)
            return held
        wrapped = await tx.fetchval("SELECT wrapped_key FROM client_keys WHERE client_id = $1", client_id)
        if wrapped is None:
            raise LookupError(f"no key of {client_id} within reach")
        key = TenantKey(client_id, self._master.unwrap(client_id, wrapped))
        self._held[client_id] = key
        if len(self._held) > self._capacity:
            self._held.popitem(last=False)
        return key

    async def create(self, tx: "Tx", client_id: str) -> TenantKey:
        """Make a new tenant's key; not held before it is read back, because `tx` may roll back."""
        data_key = os.urandom(_KEY_BYTES)
        await tx.execute(
            "INSERT INTO client_keys (client_id, wrapped_key, master_key_id) VALUES ($1, $2, $3)",
            client_id,
            self._master.wrap(client_id, data_key),
            self._master.key_id,
        )
        return TenantKey(client_id, data_key)


class CursorInvalid(Exception):  # noqa: N818
    """Not a cursor of this list."""


class CursorKey:
    """Signs page cursors for one route, reach and set of filters, and refuses any other list's.

    Every process with the same master key makes and reads the same cursors.
    """

    __slots__ = ("_secret",)

    def __init__(self, master: MasterKey) -> None:
        self._secret = master.derived("cursors")

    def encode(self, position: object, *bound: str) -> str:
        """Return `position` (anything msgspec encodes, times included) as opaque text.

        `bound` names the list: the route, the reach and the filters, in an order of the caller's.
        """
        payload = msgspec.msgpack.encode(position)
        return base64.urlsafe_b64encode(self._mac(payload, bound) + payload).decode().rstrip("=")

    def decode(self, cursor: str, shape: type[T], *bound: str) -> T:
        """Return the position as a `shape`; raises `CursorInvalid` for any other list's cursor."""
        if len(cursor) > _LONGEST_CURSOR:
            raise CursorInvalid
        try:
            whole = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise CursorInvalid from None
        # One spelling a cursor: base64 has others, in its padding, its spare bits and its other alphabet.
        if base64.urlsafe_b64encode(whole).decode().rstrip("=") != cursor:
            raise CursorInvalid
        mac, payload = whole[:_MAC_BYTES], whole[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(payload, bound)):
            raise CursorInvalid
        try:
            return msgspec.msgpack.decode(payload, type=shape)
        except msgspec.DecodeError:
            raise CursorInvalid from None

    def _mac(self, payload: bytes, bound: tuple[str, ...]) -> bytes:
        # As a list, so that ("ab", "c") and ("a", "bc") differ.
        said = msgspec.msgpack.encode([bound, payload])
        return hashlib.blake2b(
            said, key=self._secret, digest_size=_MAC_BYTES, person=b"aidial cursor"
        ).digest()

    def __repr__(self) -> str:
        return "<CursorKey>"


def _opened(aead: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    if len(sealed) < _SHORTEST or sealed[0] != _FORMAT[0]:
        raise CannotDecrypt
    try:
        return aead.decrypt(sealed[1:_HEAD_BYTES], sealed[_HEAD_BYTES:], bound)
    except InvalidTag:
        raise CannotDecrypt from None


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(secret)
