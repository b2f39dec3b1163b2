"""The ports through which a message leaves: one for e-mail, one for SMS.

The one thing a newcomer would get wrong: `NotSent.reason` is stored and shown to AiDial's own people, so it
is a word of ours and perhaps a number, never what the other side said: that may quote the address.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aidial_api.kernel.storage import Files


class NotSent(Exception):  # noqa: N818
    """The message did not leave. `for_good`: trying again would not help; `is_away`: nobody answered."""

    def __init__(self, reason: str, *, for_good: bool = False, is_away: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_good = for_good
        self.is_away = is_away


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a message."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person. `message_id` is the delivery's: sent twice, it is still one message.

    An SMS has no subject and no attachments.
    """

    message_id: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()


class Courier(Protocol):
    """Somebody who takes messages away. `name` is what deliveries say they left by.

    `keeps_text`: nothing leaves; what would have is kept in the database for AiDial's own people to read.
    """

    name: str
    keeps_text: bool

    async def send(self, message: Message) -> None:
        """Hand the message over, or raise `NotSent`."""


class EmbeddedOutbox:
    """Takes every message and brings none: for the demo, and until a provider is configured."""

    name = "outbox"
    keeps_text = True

    async def send(self, message: Message) -> None:
        """Nothing more to do: the delivery's row keeps the text."""


@dataclass(frozen=True, slots=True)
class Post:
    """What jobs need that send: a courier a channel, and the files and keys of what is sent."""

    mail: Courier
    sms: Courier
    files: Files

    def courier(self, channel: str) -> Courier:
        """Who takes messages of a channel, `email` or `sms`."""
        return self.mail if channel == "email" else self.sms
