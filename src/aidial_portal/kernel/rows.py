"""The two commonest rows of `/api`, so that a surface says only what is its own: a read, and a change.

The one thing a newcomer would get wrong: these are for rows that take all steps; what is public or pending
says so in a whole `Route`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_portal.kernel.route import (
    CALL_DENIAL,
    JSON,
    NO_BODY,
    Access,
    Body,
    Handler,
    Kind,
    Method,
    Precondition,
    Route,
    RouteScope,
    WithoutContext,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aidial_contract.access import Permission
    from aidial_contract.query import QueryParam
    from aidial_portal.kernel.limits import Bucket


REPEATABLE: Final = ("idempotency_key_invalid", "idempotency_conflict", "request_in_progress")
"""What a change may answer that hands the browser's `Idempotency-Key` on."""


def read_row(  # noqa: PLR0913 - a row is its policy, said in full
    path: str,
    name: str,
    handler: Handler,
    *,
    permission: Permission,
    scope: RouteScope,
    params: tuple[QueryParam, ...] = (),
    bucket: Bucket | None = None,
    denial: str = CALL_DENIAL,
    produces: str = JSON,
    formats: Mapping[str, str] | None = None,
    errors: tuple[str, ...] = (),
) -> Route:
    """`GET` for everybody who holds the permission; 503 while the API is away."""
    return Route(
        method="GET",
        path=path,
        name=name,
        handler=handler,
        kind=Kind.API,
        access=Access.FULL,
        permission=permission,
        scope=scope,
        query=frozenset(param.name for param in params),
        params=params,
        bucket=bucket,
        body=NO_BODY,
        produces=produces,
        formats=formats or {},
        precondition=Precondition.NONE,
        denial=denial,
        without_context=WithoutContext.FAIL,
        errors=errors,
    )


def change_row(  # noqa: PLR0913 - a row is its policy, said in full
    method: Method,
    path: str,
    name: str,
    handler: Handler,
    *,
    permission: Permission,
    scope: RouteScope,
    bucket: Bucket | None,
    body: Body = NO_BODY,
    precondition: Precondition = Precondition.NONE,
    params: tuple[QueryParam, ...] = (),
    denial: str = CALL_DENIAL,
    errors: tuple[str, ...] = (),
) -> Route:
    """A mutation for everybody who holds the permission, after Fetch Metadata and CSRF."""
    return Route(
        method=method,
        path=path,
        name=name,
        handler=handler,
        kind=Kind.API,
        access=Access.FULL,
        permission=permission,
        scope=scope,
        query=frozenset(param.name for param in params),
        params=params,
        bucket=bucket,
        body=body,
        produces=JSON,
        precondition=precondition,
        denial=denial,
        without_context=WithoutContext.FAIL,
        errors=errors,
    )
