"""Writes every page with example contexts into a folder, and serves it when given a port.

`python tools/preview_design.py build/preview --serve 8099`. Templates are read once: restart after a change.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aidial_portal.design import assets, errors, examples
from aidial_portal.design.context import BareContext, CallRowsFragment, SignInPage
from aidial_portal.design.engine import render
from aidial_portal.design.policy import content_security_policy

BARE = BareContext(csp_nonce="example", request_id="0193a5c0-0000-7000-8000-000000000001")

PAGES: dict[str, Callable[[], str]] = {
    "dashboard": lambda: render(examples.dashboard(), examples.shell("Dashboard")),
    "dashboard-90": lambda: render(examples.dashboard(90), examples.shell("Dashboard")),
    "calls": lambda: render(examples.calls(), examples.shell()),
    "calls-open": lambda: render(examples.calls(expanded=True), examples.shell()),
    "calls-no-match": lambda: render(examples.calls("no_match"), examples.shell()),
    "calls-no-data": lambda: render(examples.calls("no_data"), examples.shell()),
    "calls-closed": lambda: render(examples.calls("not_available"), examples.shell()),
    "rows-fragment": lambda: render(CallRowsFragment(examples.calls())),
    "review-fragment": lambda: render(examples.review()),
    "account": lambda: render(examples.account(), examples.shell("Settings")),
    "account-satisfied": lambda: render(examples.account("satisfied"), examples.shell("Settings")),
    "sign-in": lambda: render(SignInPage(csrf_token="x"), BARE),  # noqa: S106 - an example
    "sign-in-error": lambda: render(
        SignInPage(csrf_token="x", email="chloe@", error="Enter an e-mail address such as name@example.com"),  # noqa: S106
        BARE,
    ),
    "not-found": lambda: render(errors.error_page(404, BARE.request_id), examples.shell("")),
    "error": lambda: render(errors.error_page(503, BARE.request_id), BARE),
    "access-denied": lambda: render(errors.access_denied(BARE.request_id, auth_csrf_token="x"), BARE),  # noqa: S106
    "ops": lambda: render(examples.ops(), examples.shell("")),
    "components": lambda: render(examples.components(), examples.shell("")),
}


class Handler(SimpleHTTPRequestHandler):
    """Serves files under the policy of the portal's pages."""

    def end_headers(self) -> None:
        """Add the policy to every answer."""
        self.send_header("Content-Security-Policy", content_security_policy(BARE.csp_nonce))
        super().end_headers()


def write(folder: Path) -> None:
    """Write every page and every asset below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PAGES.items():
        (folder / f"{name}.html").write_text(draw(), encoding="utf-8")
    for path, asset in assets.all_assets().items():
        target = folder / "static" / assets.version() / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(asset.body)


def main() -> None:
    """Read the arguments, write, and serve on loopback when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--serve", type=int, metavar="PORT")
    arguments = parser.parse_args()
    write(arguments.folder)
    print(f"{len(PAGES)} pages in {arguments.folder}")
    if arguments.serve is not None:
        handler = partial(Handler, directory=str(arguments.folder))
        with ThreadingHTTPServer(("127.0.0.1", arguments.serve), handler) as server:
            print(f"http://127.0.0.1:{server.server_port}/")
            server.serve_forever()


if __name__ == "__main__":
    main()
