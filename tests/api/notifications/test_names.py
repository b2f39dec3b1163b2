"""Names are hidden however they are written, and words of every day stay."""

from __future__ import annotations

import pytest

from aidial_api.surfaces.notifications.names import names_in, without_names


def masked(*texts: str) -> list[str]:
    """The texts, without the names that any of them tells."""
    names = names_in(texts)
    return [without_names(text, names) for text in texts]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("my name is sarah jones and i need a cleaning", "my name is [NAME] and i need a cleaning"),
        ("my name is sarah i called before", "my name is [NAME] i called before"),
        ("hi my name's sarah", "hi my name's [NAME]"),
        ("MY NAME IS SARAH JONES", "MY NAME IS [NAME]"),
        ("I'm Élodie, hello.", "I'm [NAME], hello."),
        ("I'm E\u0301lodie, hello.", "I'm [NAME], hello."),
        ("This is Łukasz Żółć speaking.", "This is [NAME] speaking."),
        ("My name is O'Brien.", "My name is [NAME]."),
        ("My name is Anne-Marie Ng. Anne-Marie.", "My name is [NAME]. [NAME]."),
        ("This is Sarah's mother. Is Sarah there?", "This is [NAME]'s mother. Is [NAME] there?"),
        ("This is Sarah\u2019s mother. Sarah\u2019s?", "This is [NAME]\u2019s mother. [NAME]\u2019s?"),
        ("My name is 王伟. 王伟", "My name is [NAME]. [NAME]"),
        ("My name is Will Smith. Will you, if I will?", "My name is [NAME]. [NAME] you, if I will?"),
        ("My name is Dr Jones, Jones.", "My name is Dr [NAME], [NAME]."),
        ("Speaking with Mr. Quimby now", "Speaking with Mr. [NAME] now"),
        ("hi i'm sarah", "hi i'm [NAME]"),
        ("i'm sarah jones and i need a cleaning", "i'm [NAME] and i need a cleaning"),
        ("yeah i\u2019m tom from bayside", "yeah i\u2019m [NAME] from bayside"),
        ("hello this is priya nair speaking", "hello this is [NAME] speaking"),
        ("i am mary-anne o'brien", "i am [NAME]"),
        ("it's dr sarah nguyen here", "it's dr [NAME] here"),
        ("I'M SARAH JONES, AND SARAH WAITS", "I'M [NAME], AND [NAME] WAITS"),
        ("i'm sarah wanting to book", "i'm [NAME] wanting to book"),
        ("this is sarah's mother", "this is [NAME]'s mother"),
        ("thanks sarah that's great", "thanks [NAME] that's great"),
    ],
)
def test_a_name_is_hidden_however_it_is_written(said: str, left: str) -> None:
    assert masked(said) == [left]


def test_a_name_told_in_capitals_is_hidden_in_small_letters_too() -> None:
    assert masked("MY NAME IS SARAH JONES", "Thanks, sarah.", "Sarah Jones's crown", "JONES?") == [
        "MY NAME IS [NAME]",
        "Thanks, [NAME].",
        "[NAME]'s crown",
        "[NAME]?",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "I'm calling about my tooth.",
        "I'M CALLING ABOUT MY TOOTH",
        "this is great, thank you very much",
        "My name is not on the list.",
        "It's fine. Thanks, I'm Sorry.",
        "My number is [PHONE] and my name is unknown.",
        "Thank You. Hello There.",
        "This is May the first, and I'm August.",
        "i'm sick and i'm worried about it",
        "i'm running late from work",
        "i'm home, i'm back from holidays",
        "it's cold here and this is urgent",
        "i'm frank with you, i'm happy to wait",
        "hi there, hello again, thanks heaps",
        "i'm due for a check, i'm free tuesday",
        "this is my second call and it's grace period over",
        "I'M HAPPY WITH THAT",
    ],
)
def test_words_of_every_day_stay(said: str) -> None:
    assert masked(said) == [said]


def test_a_name_within_a_word_stays() -> None:
    assert masked("My name is Ann.", "The annual check, Annie.") == [
        "My name is [NAME].",
        "The annual check, Annie.",
    ]
