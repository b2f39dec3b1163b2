"""`GET /v1/errors`, `/v1/openapi.json`, `/v1/docs`.

The one thing a newcomer would get wrong: all three are drawn from rows and shapes; there is nothing to edit.
"""

from __future__ import annotations

import secrets
from functools import cache, lru_cache
from html import escape
from typing import Any

import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.openapi import describe
from aidial_api.kernel.route import Answer, RouteTable
from aidial_contract.errors import ERRORS
from aidial_contract.headers import HSTS, HSTS_VALUE
from aidial_contract.shapes.common import ErrorEntry, ErrorRegistry


@cache
def _registry() -> bytes:
    entries = [
        ErrorEntry(
            code=row.code,
            status=row.status,
            category=str(row.category),
            message_key=row.message_key,
            message=row.message,
            retryable=row.retryable,
            what_to_do=row.what_to_do,
        )
        for row in ERRORS.values()
    ]
    return msgspec.json.encode(ErrorRegistry(errors=entries))


async def show_errors(_ask: Ask) -> Answer:
    """The whole registry."""
    return Answer(_registry())


@lru_cache(maxsize=8)
def _described(table: RouteTable) -> tuple[bytes, bytes]:
    """The document and its page; public, and a tenth of a second of CPU to draw, so they are drawn once."""
    document = describe(table.rows)
    return msgspec.json.encode(document), _page(document).encode()


async def show_openapi(ask: Ask) -> Answer:
    """OpenAPI 3.1, generated from the rows and shapes."""
    return Answer(_described(ask.services.table)[0])


async def show_docs(ask: Ask) -> Answer:
    """The same as a page that needs no script and nothing from elsewhere."""
    nonce = secrets.token_urlsafe(16)
    page = _described(ask.services.table)[1].replace(b"<style>", f"<style nonce='{nonce}'>".encode(), 1)
    headers = {
        "content-security-policy": (
            f"default-src 'none'; style-src 'nonce-{nonce}'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    # Believed of anybody: a browser that came over http ignores it.
    if "https" in {ask.scope["scheme"], ask.headers.get("x-forwarded-proto")}:
        headers[HSTS] = HSTS_VALUE
    return Answer(page, media_type="text/html; charset=utf-8", headers=headers)


_STYLE = """
:root{color-scheme:light dark;--line:#d9d6d0}
@media(prefers-color-scheme:dark){:root{--line:#3a3835}}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:32px}
h2{font-size:18px;margin-top:2.5rem;border-top:1px solid var(--line);padding-top:1rem}
code,pre{font:13px/1.5 ui-monospace,monospace}
pre{overflow:auto;padding:12px;border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:6px 12px 6px 0;vertical-align:top;border-bottom:1px solid var(--line)}
"""


def _page(document: dict[str, Any]) -> str:
    info = document["info"]
    parts = [
        "<!doctype html><html lang=en-AU><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style>",
        f"<h1>{escape(info['title'])}</h1><p>{escape(info['description'])}</p>",
        "<p><a href='/v1/openapi.json'>openapi.json</a> · <a href='/v1/errors'>errors</a></p>",
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(path, method, operation))
    parts.append("<h2 id=shapes>Shapes</h2>")
    for name, schema in document["components"]["schemas"].items():
        text = msgspec.json.format(msgspec.json.encode(schema), indent=2).decode()
        parts.append(f"<h3 id='{escape(name)}'>{escape(name)}</h3><pre>{escape(text)}</pre>")
    return "".join(parts)


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code><td>{escape(one['in'])}"
        f"<td>{escape(one.get('description', ''))}"
        for one in operation.get("parameters", [])
    )
    table = f"<table><tr><th>Name<th>In<th>Meaning{rows}</table>" if rows else ""
    answers = "".join(
        f"<tr><td>{escape(status)}<td>{escape(answer['description'])}"
        for status, answer in operation["responses"].items()
    )
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>"
        f"<p>{escape(operation['description'])}</p>{table}"
        f"<table><tr><th>Status<th>Codes{answers}</table>"
    )
