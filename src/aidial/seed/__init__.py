"""Demo data: believable phone calls of three made-up Australian practices, and the organisation around them.

A newcomer would look for the text in a file: there is none. Each call is composed line by line from phrase
variants by a seeded random generator, so the same seed always tells the same calls and no two read alike.
"""

from aidial.seed.businesses import (
    BAYSIDE_PHYSIO,
    BUSINESSES,
    HARBOUR_DENTAL,
    NORTHSIDE_DENTAL,
    Business,
    Project,
)
from aidial.seed.calls import generate_calls

__all__ = [
    "BAYSIDE_PHYSIO",
    "BUSINESSES",
    "HARBOUR_DENTAL",
    "NORTHSIDE_DENTAL",
    "Business",
    "Project",
    "generate_calls",
]
