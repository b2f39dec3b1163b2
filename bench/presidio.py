"""Presidio's Australian recognisers on our corpus, for comparison; optional, `pip install -e .[bench]`.

A newcomer's likely mistake: giving it its default model, which none of these recognisers uses. They are
patterns, checksums and context words; a blank English tokenizer is all they read. It is given whole
conversations, and of two that claim the same text the higher score counts, as in its own anonymiser.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import accumulate
from typing import Any

from aidial_api.kernel.redaction import Kind
from aidial_api.kernel.redaction.marks import Find

KINDS = {
    "PHONE_NUMBER": Kind.PHONE,
    "EMAIL_ADDRESS": Kind.EMAIL,
    "AU_MEDICARE": Kind.MEDICARE,
    "AU_TFN": Kind.TFN,
    "AU_ABN": Kind.ABN,
    "AU_ACN": Kind.ACN,
    "CREDIT_CARD": Kind.CARD,
}


def is_installed() -> bool:
    """Whether Presidio can be asked."""
    return find_spec("presidio_analyzer") is not None


class Presidio:
    """Finds in the shape of ours."""

    def __init__(self) -> None:
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry  # noqa: PLC0415 - optional
        from presidio_analyzer import predefined_recognizers as known  # noqa: PLC0415

        _stay_at_home()
        registry = RecognizerRegistry(supported_languages=["en"])
        for recogniser in (
            known.PhoneRecognizer(supported_regions=("AU", "US", "NZ", "GB")),
            known.EmailRecognizer(),
            known.AuMedicareRecognizer(),
            known.AuTfnRecognizer(),
            known.AuAbnRecognizer(),
            known.AuAcnRecognizer(),
            known.CreditCardRecognizer(),
        ):
            registry.add_recognizer(recogniser)
        self._engine: Any = AnalyzerEngine(
            registry=registry, nlp_engine=_tokenizer(), supported_languages=["en"]
        )

    def find(self, turns: Sequence[str]) -> list[list[Find]]:
        """Findings by turn, none overlapping."""
        starts = [0, *accumulate(len(turn) + 1 for turn in turns)]
        finds: list[list[Find]] = [[] for _ in turns]
        taken: list[tuple[int, int]] = []
        for one in sorted(self._engine.analyze("\n".join(turns), language="en"), key=_best_first):
            if any(one.start < end and start < one.end for start, end in taken):
                continue
            taken.append((one.start, one.end))
            turn = bisect_right(starts, one.start) - 1
            finds[turn].append(Find(one.start - starts[turn], one.end - starts[turn], KINDS[one.entity_type]))
        return finds


def _best_first(found: Any) -> tuple[float, int]:
    return -found.score, found.start - found.end


def _stay_at_home() -> None:
    """Its e-mail recogniser asks the network for the list of top-level domains; the packaged one will do."""
    import tldextract  # noqa: PLC0415 - comes with Presidio

    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def _tokenizer() -> Any:
    import spacy  # noqa: PLC0415 - comes with Presidio
    from presidio_analyzer.nlp_engine import NlpArtifacts, SpacyNlpEngine  # noqa: PLC0415

    class Blank(SpacyNlpEngine):  # type: ignore[misc, unused-ignore]
        """Tokens and, as lemmas for its context words, the words themselves."""

        def __init__(self) -> None:
            super().__init__()
            self.nlp = {"en": spacy.blank("en")}

        def process_text(self, text: str, language: str) -> NlpArtifacts:
            doc = self.nlp[language](text)
            for token in doc:
                token.lemma_ = token.lower_
            return self._doc_to_nlp_artifact(doc, language)

    return Blank()
