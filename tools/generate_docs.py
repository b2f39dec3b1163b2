"""Writes the reference pages of `docs/` from the registry, the role table, the route tables and the shapes.

`python tools/generate_docs.py` writes them, `--check` exits 1 when one is out of date. The one thing a
newcomer would get wrong: nobody edits those pages; a wrong sentence there is a wrong row in the code.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import docs_api
import docs_audit_events
import docs_coverage
import docs_decisions
import docs_errors
import docs_faults
import docs_limits
import docs_roles

ROOT = Path(__file__).resolve().parent.parent
PAGES: dict[str, Callable[[], str]] = {
    "errors.md": docs_errors.page,
    "limits.md": docs_limits.page,
    "roles.md": docs_roles.page,
    "api.md": docs_api.page,
    "audit-events.md": docs_audit_events.page,
    "contract-coverage.md": docs_coverage.page,
    "when-things-fail.md": docs_faults.page,
    "decisions/README.md": docs_decisions.page,
}


def stale(folder: Path) -> list[str]:
    """The names of pages that are missing or differ from what would be written."""
    found = []
    for name, page in PAGES.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != page():
            found.append(name)
    return found


def write(folder: Path) -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(page(), encoding="utf-8")


def main() -> int:
    """The command; gives back the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is stale")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs", help="where the pages are")
    options = parser.parse_args()
    if not options.check:
        write(options.folder)
        return 0
    names = stale(options.folder)
    for name in names:
        print(f"{options.folder / name} is out of date: run `make docs` and commit it", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
