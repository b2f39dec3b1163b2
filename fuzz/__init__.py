"""The long randomised runs of `make fuzz`; `tests/fuzz` has a short slice of each.

The one thing a newcomer would get wrong: nothing here knows an answer of its own. What is right stands in the
contract's document, in a model beside a state machine, or in the tests' tables of rows and people.
"""
