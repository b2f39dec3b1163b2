"""Collects the portal's words into its catalogues; `--check` exits 1 when one is stale.

The one thing a newcomer would get wrong: nothing is translated here. New words come into every `portal.po`
empty, words nobody says any more leave it, and translations stay as they are.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.jslexer import unquote_string
from babel.messages.pofile import read_po, write_po

from aidial_api.surfaces.account_exports.sources import EXCLUDED, SOURCES
from aidial_contract.audit_actions import ACTIONS
from aidial_contract.messages import keys, text
from aidial_contract.shapes.downloads import SENSITIVE_COLUMNS
from aidial_portal.words.locales import CATALOGUE

ROOT = Path(__file__).resolve().parent.parent
PORTAL = ROOT / "src" / "aidial_portal"
LOCALES = PORTAL / "locales"
"""This checkout's own, whichever one is installed."""
_MARK: Final = re.compile(r"""(?<![\w.$])(_|N_|ngettext)\(\s*(?=["'`])""")
_TEXT: Final = r'("(?:[^"\\\n]|\\.)*")'
_TEXTS: Final = re.compile(rf"{_TEXT}(?:\s*,\s*{_TEXT})?\s*[,)]")


class UnreadError(Exception):
    """A script marks words that cannot be collected."""


def of_script(
    file: IO[bytes], *_: Any, **__: Any
) -> Iterator[tuple[int, str, str | tuple[str, ...], list[str]]]:
    """The words of a script, wherever they are marked. Raises `UnreadError` for what is not one plain text.

    Babel's own reader sees neither marks within template literals nor those within another's arguments.
    """
    source = file.read().decode()
    for mark in _MARK.finditer(source):
        before = source[source.rfind("\n", 0, mark.start()) + 1 : mark.start()]
        if before.lstrip().startswith(("*", "/*", "//")):
            continue
        line, kind = source.count("\n", 0, mark.start()) + 1, mark[1]
        found = _TEXTS.match(source, mark.end())
        if found is None or (found[2] is not None) != (kind == "ngettext"):
            raise UnreadError(f'{file.name}:{line}: mark words as {kind}("..."), one text in double quotes')
        texts = tuple(unquote_string(text) for text in found.groups() if text is not None)
        yield line, kind, texts if len(texts) > 1 else texts[0], []


METHODS: list[tuple[str, Any]] = [
    ("**/templates/**.html", "jinja2"),
    ("static/js/**.js", of_script),
    ("**.py", "python"),
]
OPTIONS = {
    "**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}
}
KEYWORDS = {
    "_": None,
    "N_": None,
    "N_many": (1, 2),
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
OTHERS = {
    "aidial_contract/audit_actions.py": [one.sentence for one in ACTIONS.values()],
    "aidial_api/surfaces/account_exports/sources.py": [
        *(said for one in SOURCES.values() for said in (one.title, one.description)),
        *EXCLUDED,
    ],
    "aidial_contract/shapes/downloads.py": list(SENSITIVE_COLUMNS.values()),
    "aidial_contract/messages/en-AU.ftl": [text(key) for key in keys()],
}
"""Words of the contract and of the API that people read as they are; neither knows a catalogue."""


def collected(portal: Path = PORTAL) -> Catalog:
    """Every word the portal says, with the files that say it. Raises `UnreadError`."""
    found = Catalog(project="AiDial", charset="utf-8")
    for file, _, message, _, context in extract_from_dir(portal, METHODS, OPTIONS, KEYWORDS):
        found.add(message, locations=[(f"aidial_portal/{file}", 0)], context=context)
    for file, texts in OTHERS.items():
        for said in texts:
            found.add(said, locations=[(file, 0)])
    return found


def renewed(path: Path, words: Catalog) -> bytes:
    """The catalogue of a language with exactly these words."""
    with path.open("rb") as file:
        known = read_po(file)
    written = Catalog(locale=path.parent.parent.name, project="AiDial", charset="utf-8")
    for one in words:
        if one.id:
            kept = known.get(one.id if isinstance(one.id, str) else one.id[0], context=one.context)
            string = (
                kept.string
                if kept is not None and not kept.fuzzy and kept.pluralizable == one.pluralizable
                else None
            )
            locations = sorted(set(one.locations))
            made = written.add(one.id, string, locations=locations, context=one.context)
            made.flags = one.flags
    made_of = BytesIO()
    written.header_comment = (
        f"# The portal's words, en-AU to {written.locale_identifier}. Collected by tools/words.py."
    )
    write_po(made_of, written, width=110, omit_header=True, sort_by_file=False, include_lineno=False)
    forms = f'msgid ""\nmsgstr ""\n"Language: {written.locale_identifier}\\n"\n'
    forms += (
        '"Content-Type: text/plain; charset=utf-8\\n"\n' + f'"Plural-Forms: {written.plural_forms}\\n"\n\n'
    )
    return f"{written.header_comment}\n{forms}".encode() + made_of.getvalue()


def main() -> int:
    """The command; gives back the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a catalogue is stale"
    )
    check = parser.parse_args().check
    try:
        words, stale = collected(), []
    except UnreadError as unread:
        print(unread)
        return 1
    for path in sorted(LOCALES.glob(f"*/{CATALOGUE}")):
        after = renewed(path, words)
        if path.read_bytes() != after:
            stale.append(path)
            if not check:
                path.write_bytes(after)
    for path in stale:
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
