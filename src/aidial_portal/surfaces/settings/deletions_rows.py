"""The rows of data deletions under `/api`: for who asks, and for who reviews."""

from __future__ import annotations

from functools import partial
from typing import Final

from aidial_contract.access import Permission
from aidial_contract.params import CLIENT, DELETION_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.deletions import DeletionReview, NewDataDeletion, deletion_rules, review_rules
from aidial_portal.kernel.limits import SETTINGS_CHANGES
from aidial_portal.kernel.route import Route, RouteScope, json_body
from aidial_portal.kernel.rows import REPEATABLE, change_row, read_row
from aidial_portal.surfaces.settings import deletions

_PATH: Final = "/api/data-deletions"
_ONE: Final = f"{_PATH}/{{request_id}}"
_CLIENTS: Final = RouteScope(kind=ScopeKind.CLIENTS, client_id=None, project_id=None)
_REQUEST: Final = RouteScope(kind=ScopeKind.RECORD, client_id=None, project_id=None)
_DENIAL: Final = "/v1/data-deletions/{id}"


def rows() -> tuple[Route, ...]:
    """Asked for, listed, looked at, cancelled; listed for review, and decided."""
    submit, decide = Permission.DELETIONS_SUBMIT, Permission.DELETIONS_REVIEW
    read = partial(read_row, denial=_DENIAL)
    change = partial(change_row, "POST", bucket=SETTINGS_CHANGES, denial=_DENIAL)
    return (
        read(
            _PATH,
            "deletions.list",
            deletions.show_list,
            permission=submit,
            scope=_CLIENTS,
            params=DELETION_PARAMS,
        ),
        change(
            _PATH,
            "deletions.create",
            deletions.create,
            permission=submit,
            scope=_CLIENTS,
            body=json_body(NewDataDeletion, deletion_rules),
            errors=REPEATABLE,
        ),
        read(
            f"{_PATH}/reviews",
            "deletions.reviews",
            deletions.show_list,
            permission=decide,
            scope=_CLIENTS,
            params=DELETION_PARAMS,
            errors=("malformed_request",),
        ),
        read(_ONE, "deletions.show", deletions.show, permission=submit, scope=_REQUEST),
        change(
            f"{_ONE}/cancel",
            "deletions.cancel",
            deletions.cancel,
            permission=submit,
            scope=_REQUEST,
            errors=("state_conflict",),
        ),
        change(
            f"{_ONE}/review",
            "deletions.review",
            deletions.review,
            permission=decide,
            scope=_REQUEST,
            params=(CLIENT,),
            body=json_body(DeletionReview, review_rules),
            errors=("state_conflict", "malformed_request"),
        ),
    )
