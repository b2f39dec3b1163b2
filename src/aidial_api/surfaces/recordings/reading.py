"""A recording out of the store, opened on the way; and whether whoever asked still may, on any way.

The one thing a newcomer would get wrong: a file that is not in the store, or does not open, is the
recording's trouble (`media`) and not the store's: nothing gets better by trying again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from aidial_api.kernel.crypto import CannotDecrypt
from aidial_api.kernel.guard import still_allowed
from aidial_api.kernel.sealed import sealed_range, unseal
from aidial_api.kernel.storage import FileMissing
from aidial_contract import errors
from aidial_contract.fault import Fault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from aidial_api.kernel.ask import Ask
    from aidial_api.kernel.storage import Storage

ASK_AGAIN_S: Final = 1.0
"""How long a file may go on before it is asked again whether it may."""


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


async def while_allowed(
    ask: Ask, pieces: AsyncGenerator[bytes, None], of_the_call: Callable[[], Awaitable[None]] | None = None
) -> AsyncGenerator[bytes, None]:
    """The pieces of a file, out or in, while `ask` may; `Fault` once a session, key or right has ended.

    `of_the_call` asks what else there is to ask, and raises as well.
    """
    loop = asyncio.get_running_loop()
    ask_again_at = loop.time() + ASK_AGAIN_S
    async with aclosing(pieces):
        async for piece in pieces:
            if loop.time() >= ask_again_at:
                await still_allowed(ask)
                if of_the_call is not None:
                    await of_the_call()
                ask_again_at = loop.time() + ASK_AGAIN_S
            yield piece
