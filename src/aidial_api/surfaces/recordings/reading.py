"""A recording out of the store, opened on the way.

The one thing a newcomer would get wrong: a file that is not in the store, or does not open, is the
recording's trouble (`media`) and not the store's: nothing gets better by trying again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from aidial_api.kernel.crypto import CannotDecrypt
from aidial_api.kernel.sealed import sealed_range, unseal
from aidial_api.kernel.storage import FileMissing
from aidial_contract import errors
from aidial_contract.fault import Fault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from aidial_api.kernel.storage import Storage


async def opened(
    storage: Storage,
    key: AESGCM,
    name: str,
    size: int,
    part: tuple[int, int],
    deadline: float = float("inf"),
) -> AsyncGenerator[bytes, None]:
    """The bytes of `part` (start, end); 409 `recording_unavailable`, 503 `storage_unavailable`."""
    sealed = storage.read(name, *sealed_range(size, *part), deadline=deadline)
    try:
        async with aclosing(sealed), aclosing(unseal(key, sealed, size, *part)) as pieces:
            async for piece in pieces:
                yield piece
    except (FileMissing, CannotDecrypt) as wrong:
        reason = f"the file is missing or changed: {type(wrong).__name__}"
        raise Fault(errors.RECORDING_UNAVAILABLE, details={"reason": "media"}, reason=reason) from None
