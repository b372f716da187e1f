"""Words, however a recogniser punctuates them: where it closes a span is not what a sentence says."""

from collections.abc import Iterable


def bare(sentences: Iterable[str]) -> list[str]:
    """Lower case, letters and digits only."""
    return [
        " ".join("".join(letter if letter.isalnum() else " " for letter in one.lower()).split()) for one in sentences
    ]
