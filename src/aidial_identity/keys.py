"""The signing keys: one file of private RSA JWKs, newest first.

The one thing a newcomer would get wrong: after a rotation the old public keys stay published, because tokens
signed with them are still in people's hands.
"""

import json
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization, RSAKey

from aidial_identity.files import write_private

ALGORITHM = "RS256"
KEYS_KEPT = 3


class KeyRing:
    """Signs with the newest key, verifies with any kept one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.exists():
            stored = json.loads(path.read_bytes())["keys"]
            self._keys = [RSAKey.import_key(key) for key in stored]
        else:
            self._keys = []
            self.rotate()

    def rotate(self) -> None:
        """Sign with a new key from now on; the last ones stay published."""
        fresh = RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
        self._keys = [fresh, *self._keys][:KEYS_KEPT]
        stored = {"keys": [key.as_dict(private=True) for key in self._keys]}
        write_private(self._path, json.dumps(stored).encode())

    def public(self) -> KeySetSerialization:
        """The JWKS document: public halves, each with `kid`, `use` and `alg`."""
        return KeySet(list(self._keys)).as_dict(private=False)

    def sign(self, claims: dict[str, Any], typ: str) -> str:
        """A compact JWS of `claims` by the newest key."""
        key = self._keys[0]
        header = {"alg": ALGORITHM, "kid": key.kid, "typ": typ}
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])

    def verify(self, token: str, typ: str) -> dict[str, Any] | None:
        """The claims of a token of type `typ` that this ring signed, else None. Times are not looked at."""
        try:
            decoded = jwt.decode(token, KeySet(list(self._keys)), algorithms=[ALGORITHM])
        except (JoseError, ValueError):
            return None
        return decoded.claims if decoded.header.get("typ") == typ else None
