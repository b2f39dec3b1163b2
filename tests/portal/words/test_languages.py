"""Who reads which language, and how a language writes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import babel
import pytest

from aidial_portal.design import assets, filters
from aidial_portal.words import Locale, all_locales, by_header, by_tag, speak
from aidial_portal.words.catalogue import ENGLISH_WORDS, Words
from aidial_portal.words.folding import WordsEnvironment
from aidial_portal.words.writing import FromCldr

MOMENT: Final = datetime(2026, 11, 22, 4, 5, tzinfo=UTC)
NOW: Final = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
SIDES: Final = re.compile(
    r"(?<![-\w])((margin|padding|border)-(left|right)|(left|right):|text-align: *(left|right)|float:|clear:)"
    r"|border-(top|bottom)-(left|right)-radius"
    r"|(?<![-\w])(padding|margin|inset): *[^\s;()]+ ([^\s;()]+) [^\s;()]+ (?!\9;)[^\s;()]+;"
)


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        (None, "en-AU"), ("", "en-AU"), ("vi", "vi"), ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("en-GB,vi;q=0.9", "en-AU"), ("fr-FR, vi;q=0.5, en;q=0.4", "vi"), ("fr;q=1, de", "en-AU"),
        ("en;q=0.2,vi;q=0.7", "vi"), ("vi;q=0", "en-AU"), ("vi;q=x", "en-AU"), ("*", "en-AU"),
        (";;,=,\x00" * 99, "en-AU"), ("vietnamese", "en-AU"),
    ],
)  # fmt: skip
def test_before_sign_in_the_browser_says_the_language(header: str | None, tag: str) -> None:
    assert by_header(header).tag == tag


@pytest.mark.parametrize(
    ("chosen", "tag"),
    [("vi", "vi"), ("vi-VN", "vi"), ("VI", "vi"), ("en-NZ", "en-AU"), ("zh-Hant", "en-AU"), (None, "en-AU")],
)
def test_a_person_gets_their_language_or_english(chosen: str | None, tag: str) -> None:
    assert by_tag(chosen).tag == tag


@pytest.mark.parametrize("locale", all_locales().values(), ids=lambda one: one.tag)
def test_no_words_are_no_words_and_not_the_head_of_a_catalogue(locale: Locale) -> None:
    assert locale.words.gettext("") == ""


def test_vietnamese_writes_its_own_dates_and_numbers() -> None:
    speak(by_tag("vi"))
    try:
        assert filters.exact_time(MOMENT, "Australia/Sydney") == "22 thg 11, 2026, 15:05 AEDT"
        assert filters.relative_time(MOMENT, NOW, "Australia/Sydney") == "2 giờ trước"
        assert filters.duration(252) == "4 phút 12 giây"
        assert filters.matching(12_408, capped=True, noun="call") == "12.408+ cuộc gọi"
        assert filters.money(120_450) == "1.204,50\N{NO-BREAK SPACE}AU$"
        assert filters.label("caller_hangup") == "Người gọi gác máy"
    finally:
        speak(by_tag("en-AU"))
    assert filters.exact_time(MOMENT, "Australia/Sydney") == "22 Nov 2026, 3:05 pm AEDT"
    assert filters.matching(1, capped=True, noun="call") == "1+ calls"


@pytest.mark.parametrize(
    "tag", ["ar", "de", "el", "es", "fa", "he", "hi", "it", "ko", "pa", "tr", "ur", "zh_Hans", "zh_Hant"]
)
def test_any_other_language_could_write_too(tag: str) -> None:
    written = FromCldr(babel.Locale.parse(tag))
    assert "26" in written.day(MOMENT)
    assert "22" in written.day_of_year(MOMENT)
    assert "26" in written.month(2026, 11)
    assert "05" in written.clock(15, 5)


def folding(**translations: str) -> WordsEnvironment:
    env = WordsEnvironment(autoescape=True, extensions=["jinja2.ext.i18n"])
    env.words = Words(
        lambda text: translations.get(text, text),
        ENGLISH_WORDS.ngettext,
        ENGLISH_WORDS.pgettext,
        ENGLISH_WORDS.npgettext,
        {},
    )
    env.install_gettext_translations(env.words, newstyle=True)  # type: ignore[attr-defined] # the extension's
    return env


def test_words_are_put_in_when_a_template_is_compiled() -> None:
    env = folding(Calls="Cuộc gọi")
    assert env.from_string('<b>{{ _("Calls") }}</b>{% set x = [_("Calls")] %}{{ x[0] }}').render() == (
        "<b>Cuộc gọi</b>Cuộc gọi"
    )
    assert env.from_string('{{ _("It\'s") }} {{ (_("It\'s"),)[0] }}').render() == "It's It&#39;s"


def test_a_sentence_may_have_its_values_in_another_order_and_escapes_them() -> None:
    env = folding(**{"%(a)s of %(b)s, 5%%": "%(b)s: %(a)s (5%%)"})
    page = env.from_string("{% trans a=one, b=two %}{{ a }} of {{ b }}, 5%{% endtrans %}")
    assert page.render(one="<1>", two="2") == "2: &lt;1&gt; (5%)"


def test_scripts_have_the_words_of_every_language_but_english() -> None:
    assert [tag for tag in all_locales() if f"words/{tag}.json" in assets.all_assets()] == ["vi"]
    assert "Đã lưu".encode() in assets.all_assets()["words/vi.json"].body


def test_the_style_sheets_know_start_and_end_and_no_side() -> None:
    found = []
    for path in sorted((assets.STATIC / "css").glob("*.css")):
        for line in path.read_text().splitlines():
            # The middle is no side.
            assert not re.search(r'content: "[^"]*[a-z]', line), "words belong into a template"
            rest = re.sub(r"/\*.*?\*/", "", line).replace("left: 50%", "").removeprefix('[dir="rtl"]')
            found += [f"{path.name}: {line.strip()}"] if SIDES.search(rest) else []
    assert found == []
