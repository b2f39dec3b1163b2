"""OpenAPI 3.1 from the rows and shapes: no description exists beside the table.

The one thing a newcomer would get wrong: which errors a row may answer follows from its policy, by the same
steps the guard runs; a row adds only what its own handler raises (`errors`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from aidial_api.kernel.idempotency import LONGEST_KEY
from aidial_api.kernel.route import Access, AuthMode, Precondition, Route, SessionNeed
from aidial_api.kernel.uploads import FORM_DATA
from aidial_contract import errors
from aidial_contract.checking import TEXT_PATTERN
from aidial_contract.query import MAX_TEXT, Kind, QueryParam
from aidial_contract.transport import WireError

REF = "#/components/schemas/{name}"
_FILES = (None, bytes, str)
"""Answers without a shape: none, or a file."""
_TEXT = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": TEXT_PATTERN}
_ERROR_HEADERS = {
    401: {"WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}}},
    405: {"Allow": {"description": "The methods the path has.", "schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}},
    503: {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}},
}
_ANY_ROW = ("host_invalid", "malformed_request", "headers_too_large", "uri_too_long", "body_too_large")
_ANY_FAILURE = ("internal_error", "configuration_invalid", "dependency_unavailable", "dependency_timeout")
_CREDENTIALS = ("credentials_missing", "rate_limited", "method_not_allowed", "not_found")
_KEY = ("api_key_invalid", "api_key_expired", "api_key_revoked", "scope_insufficient")
_BEARER = ("token_malformed", "token_expired", "token_invalid", "token_scheme_unsupported")
_EVENTS = "text/event-stream"
"""Has no schema: it would be taken for that of every single event, which this version cannot say."""
_SESSION = ("session_missing", "session_invalid", "session_expired", "session_revoked")
_IDEMPOTENCY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again within 24 h with the same body, it gets the first answer, and nothing twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"},
}
_RATE_HEADERS = {
    "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
    "RateLimit": {"$ref": "#/components/headers/RateLimit"},
}
_HEADERS = {
    "RateLimit-Policy": {
        "description": "The windows the request was counted in: `q` requests in any `w` seconds.",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "What is left of each: `r` requests; one more comes back in `t` seconds.",
        "schema": {"type": "string"},
    },
}
_REPLAYED_HEADER = {
    "Idempotency-Replayed": {
        "description": "`true` on an answer given before.",
        "schema": {"type": "string", "const": "true"},
    }
}
PARTIAL = 206


def codes_of(row: Route) -> tuple[str, ...]:
    """Every error code a row can answer, in registry order."""
    codes = {*_ANY_ROW, *_ANY_FAILURE, *row.errors, "unsupported_query_parameter", "method_not_allowed"}
    codes.add("not_acceptable")
    if row.query:
        codes |= {"unsupported_query_value"}
    if any(param.kind is Kind.CURSOR for param in row.query):
        codes.add("invalid_cursor")
    if row.access is not Access.PUBLIC:
        codes |= {*_CREDENTIALS, "auth_mode_not_allowed", "ip_not_allowed"}
        codes |= set(_KEY) | set(_BEARER)
        if row.auth is not AuthMode.KEY:
            codes |= set(_SESSION)
    if row.body is not None:
        codes |= {"malformed_json", row.misfit.code, "unsupported_media_type"}
    if row.precondition is Precondition.IF_MATCH:
        codes |= {"precondition_required", "revision_stale"}
    if row.precondition is Precondition.EXPECTED_VERSION:
        codes |= {"precondition_required", "version_conflict"}
    if row.idempotent_create:
        codes |= {"idempotency_key_invalid", "idempotency_conflict", "request_in_progress"}
    return tuple(code for code in errors.ERRORS if code in codes)


def describe(rows: Sequence[Route]) -> dict[str, Any]:
    """The whole document as plain values."""
    shapes = _shapes(rows)
    _, components = msgspec.json.schema_components(shapes, ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AiDial API",
            "version": "1",
            "description": "HTTP API of the AiDial control plane. Send X-API-Key from your server.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _portable(components),
            "headers": _HEADERS,
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "service": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The access token of a registered service account; it acts like a key.",
                },
                "session": {"type": "apiKey", "in": "header", "name": "X-AiDial-Session"},
            },
        },
    }


def _portable(value: Any) -> Any:
    """Patterns as ECMA 262 has them, which JSON Schema asks for; ours are Python's.

    Lone surrogates are left out: they are refused, but most validators cannot even read such a pattern.
    """
    if isinstance(value, dict):
        return {
            name: _ecma(one) if name == "pattern" and isinstance(one, str) else _portable(one)
            for name, one in value.items()
        }
    return [_portable(one) for one in value] if isinstance(value, list) else value


def _ecma(pattern: str) -> str:
    return pattern.replace(r"\A", "^").replace(r"\Z", "$").replace(r"\ud800-\udfff", "")


def _shapes(rows: Iterable[Route]) -> list[Any]:
    shapes: dict[Any, None] = {WireError: None}
    for row in rows:
        if row.body is not None:
            shapes[row.body] = None
        shapes.update(dict.fromkeys(shape for shape in row.answers.values() if shape not in _FILES))
    return list(shapes)


def _ref(shape: Any) -> dict[str, str]:
    return {"$ref": REF.format(name=shape.__name__)}


def _schema(shape: Any) -> dict[str, str]:
    """A file is bytes or text of the row's media type."""
    if shape is str:
        return {"type": "string"}
    return {"type": "string", "format": "binary"} if shape is bytes else _ref(shape)


def _operation(row: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": row.name,
        "summary": row.summary,
        "description": _policy(row),
        "parameters": [*_path_parameters(row), *_header_parameters(row), *map(_parameter, row.query)],
        "responses": _responses(row),
        "security": _security(row),
    }
    if row.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {media_type: {"schema": _ref(row.body)} for media_type in row.takes},
        }
    if row.receives is not None:
        file = {"type": "string", "format": "binary"}
        form = {"type": "object", "properties": {"file": file}, "required": ["file"]}
        operation["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": form if kind == FORM_DATA else file} for kind in row.takes if kind},
        }
    return operation


def _policy(row: Route) -> str:
    if row.access is Access.PUBLIC:
        return "Public."
    permission = row.permission if row.or_permission is None else f"{row.permission} or {row.or_permission}"
    return f"Credential: {row.auth}. Permission: {permission}. Scope: {row.scope}."


def _security(row: Route) -> list[dict[str, list[str]]]:
    like_key: list[dict[str, list[str]]] = [{"key": []}, {"service": []}]
    bearer: dict[str, list[str]] = {"bearer": []}
    if row.session is SessionNeed.REQUIRED:
        bearer["session"] = []
    return {
        AuthMode.NONE: [],
        AuthMode.KEY: like_key,
        AuthMode.BEARER: [bearer],
        AuthMode.EITHER: [*like_key, bearer],
    }[row.auth]


def _path_parameters(row: Route) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in row.path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _header_parameters(row: Route) -> list[dict[str, Any]]:
    found = []
    if row.precondition is Precondition.IF_MATCH:
        found.append(("If-Match", "The ETag of the revision this changes, or *."))
    if any(shape is not None for shape in row.answers.values()) and row.method == "GET":
        found.append(("If-None-Match", "Answer 304 when the ETag is still this."))
    if PARTIAL in row.answers:
        found.append(("Range", "The bytes that are wanted: one range."))
        found.append(("If-Range", "Only while the ETag is still this; else the whole."))
    if row.receives is not None:
        found.append(("If-Match", "The call's ETag, where only that revision may be changed."))
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "header", "required": False, "description": about, "schema": {"type": "string"}}
        for name, about in found
    ]
    if row.idempotent_create:
        parameters.append(_IDEMPOTENCY_PARAMETER)
    return parameters


def _parameter(param: QueryParam) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    extra: dict[str, Any] = {}
    if param.kind is Kind.TEXT:
        schema = dict(_TEXT)
    elif param.kind is Kind.CHOICE:
        schema = {"type": "string", "enum": list(param.choices)}
    elif param.kind is Kind.CHOICES:
        schema = {"type": "array", "items": {"type": "string", "enum": list(param.choices)}, "minItems": 1}
        extra = {"style": "form", "explode": False}
    elif param.kind is Kind.TEXTS:
        schema = {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": MAX_TEXT}
        extra = {"style": "form", "explode": False}
    elif param.kind is Kind.WHOLE:
        schema = {"type": "integer", "minimum": param.least, "maximum": param.most}
        if param.default is not None:
            schema["default"] = param.default
    elif param.kind is Kind.MOMENT:
        schema = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
    return {
        "name": param.name,
        "in": "query",
        "required": param.required or param.chosen,
        "description": param.about,
        "schema": _portable(schema),
        **extra,
    }


def _responses(row: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, shape in row.answers.items():
        responses[str(status)] = {"description": "Done."}
        if shape is not None:
            responses[str(status)]["content"] = {
                media: {} if _is_its_own(media, shape) else {"schema": _schema(shape)}
                for media in row.media_types
            }
        if row.idempotent_create:
            responses[str(status)]["headers"] = _REPLAYED_HEADER
    if row.method == "GET" and row.access is not Access.PUBLIC:
        responses["304"] = {"description": "Not modified."}
    by_status: dict[str, list[str]] = {}
    for code in codes_of(row):
        by_status.setdefault(str(errors.ERRORS[code].status), []).append(code)
    for text, codes in by_status.items():
        if text in responses:
            continue
        responses[text] = _error_response(int(text), codes)
    return {text: _with_rates(row, response) for text, response in sorted(responses.items())}


def _is_its_own(media: str, shape: object) -> bool:
    """Whether a body has no schema: events, and a file of JSON, which a checker would not take for bytes."""
    return media.startswith(_EVENTS) or (shape is bytes and media.startswith("application/json"))


def _with_rates(row: Route, response: dict[str, Any]) -> dict[str, Any]:
    if row.access is Access.PUBLIC:
        return response
    return response | {"headers": response.get("headers", {}) | _RATE_HEADERS}


def _error_response(status: int, codes: Sequence[str]) -> dict[str, Any]:
    """An error in the `transport` envelope with one of these codes, and what its status always brings."""
    one_of = {"properties": {"code": {"enum": list(codes)}}}
    response: dict[str, Any] = {
        "description": ", ".join(codes),
        "content": {"application/json": {"schema": {"allOf": [_ref(WireError), one_of]}}},
    }
    if status in _ERROR_HEADERS:
        headers = _ERROR_HEADERS[status]
        response["headers"] = {name: {**header, "required": True} for name, header in headers.items()}
    return response
