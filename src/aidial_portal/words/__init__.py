"""The portal's words in the reader's language: the English text is the key, and en-AU needs no catalogue.

The one thing a newcomer would get wrong: a module is read once and serves every language, so words that stand
in a constant are only marked there (`N_("Calls")`) and translated where they are drawn (`_(place.label)`).
"""

from __future__ import annotations

from contextvars import ContextVar

from aidial_portal.words.locales import ENGLISH, Locale, all_locales, by_header, by_tag

_spoken: ContextVar[Locale] = ContextVar("spoken", default=ENGLISH)

__all__ = [
    "ENGLISH",
    "N_",
    "Locale",
    "N_many",
    "_",
    "all_locales",
    "by_header",
    "by_tag",
    "ngettext",
    "pgettext",
    "speak",
    "spoken",
]


def speak(locale: Locale) -> None:
    """Answer this request in `locale`; each request is a task with a context of its own."""
    _spoken.set(locale)


def spoken() -> Locale:
    """The language of this request; en-AU outside of one."""
    return _spoken.get()


def _(text: str) -> str:
    """`text` in the language of this request; as it stands where nobody translated it."""
    return _spoken.get().words.gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """The form for `number` in the language of this request; `one` and `many` are the English ones."""
    return _spoken.get().words.ngettext(one, many, number)


def pgettext(where: str, text: str) -> str:
    """`_` for English words that stand for several things: `where` says which."""
    return _spoken.get().words.pgettext(where, text)


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it, which translators' tools know
    """Mark words of a constant for the catalogue, and give them back as they are."""
    return text


def N_many(one: str, many: str) -> tuple[str, str]:  # noqa: N802 - as `N_`
    """Mark one and many of the same for the catalogue; `ngettext` takes them as they are drawn."""
    return one, many
