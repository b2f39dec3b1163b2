"""What a script says is collected wherever it stands, or the collector stops and says where it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import words  # noqa: PLC0415 - tools are no package

    return words


def collected(tool: Any, folder: Path, source: str) -> list[Any]:
    """The words of a portal of one script."""
    script = folder / "static" / "js" / "one.js"
    script.parent.mkdir(parents=True)
    script.write_text(source)
    found = tool.collected(folder)
    return [one.id for one in found if one.id and "aidial_portal/static/js/one.js" in dict(one.locations)]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('say(_("Plain"));', ["Plain"]),
        ('say(`${_("Within")} a literal`);', ["Within"]),
        ('say(`It\'s ${_("Behind an apostrophe")}`);', ["Behind an apostrophe"]),
        ('say(`<b title="${_("In quotes")}">`);', ["In quotes"]),
        ('say(`${yes ? `${_("Two deep")}` : _("Beside")}`);', ["Two deep", "Beside"]),
        ('say(`${_("With {name}", { name: { a: 1 }.a })}`);', ["With {name}"]),
        ('say(_("Outer {time}", { time: _("Inner") }));', ["Outer {time}", "Inner"]),
        ('say(`${ngettext("{count} call", "{count} calls", n)}`);', [("{count} call", "{count} calls")]),
        ('say("https://a.example", _("After an address"));', ["After an address"]),
        ("say(_(message), `${_(other.message)}`);", []),
        ('/**\n * `_("In a comment")`\n */', []),
    ],
)
def test_words_of_a_script_are_collected(tool: Any, tmp_path: Path, source: str, words: list[Any]) -> None:
    assert collected(tool, tmp_path, source) == words


@pytest.mark.parametrize(
    "source", ["say(_(`A literal`));", "say(_('Single'));", 'say(_("One" + "two"));', 'ngettext("One", n)']
)
def test_words_that_cannot_be_collected_stop_the_collector(tool: Any, tmp_path: Path, source: str) -> None:
    with pytest.raises(tool.UnreadError, match=r"one\.js:2"):
        collected(tool, tmp_path, f"\n{source}")
