"""A typed Python client for `/v1`: `AsyncAidial`, and `Aidial` for code without an event loop.

The one thing a newcomer would get wrong: results are the contract's own shapes, so what the API's reference
says of a field is what the attribute holds.
"""

from aidial_client.client import AsyncAidial, TaggedCall
from aidial_client.errors import (
    AidialError,
    Conflict,
    DependencyFailed,
    InternalFailure,
    InvalidRequest,
    NoAnswer,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    PreconditionFailed,
    RateLimited,
    Refused,
    TooLarge,
    UnexpectedAnswer,
)
from aidial_client.sync import Aidial

__all__ = [
    "Aidial",
    "AidialError",
    "AsyncAidial",
    "Conflict",
    "DependencyFailed",
    "InternalFailure",
    "InvalidRequest",
    "NoAnswer",
    "NotAllowed",
    "NotAuthenticated",
    "NotFound",
    "PreconditionFailed",
    "RateLimited",
    "Refused",
    "TaggedCall",
    "TooLarge",
    "UnexpectedAnswer",
]
