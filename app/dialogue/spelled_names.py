"""A name spelled letter by letter: "l o p e z", "elle o pé euh zed", "r o u deux s e l"."""

from app.dialogue.french_numbers import fold
from app.dialogue.name_words import LETTER_NAMES
from app.dialogue.said_words import SaidWords, is_first_name

SPELLED_LETTERS_MIN = 3


def take_spelled(words: SaidWords) -> str:
    """Cuts a spelled word ("l o p e z", "elle o pé euh zed") out of the words and returns it."""
    index = 0
    while index < len(words.said):
        letters, end, sure = "", index, 0
        while end < len(words.said):
            word = words.folded[end]
            if word == "comme" and letters and end + 1 < len(words.said):
                end += 2
            elif word == "," and letters and end + 1 < len(words.said) and words.folded[end + 1] in LETTER_NAMES:
                end += 1
            elif (
                word in ("deux", "2", "double") and end + 1 < len(words.said) and words.folded[end + 1] in LETTER_NAMES
            ):
                letters += LETTER_NAMES[words.folded[end + 1]] * 2
                end += 2
            elif word in LETTER_NAMES:
                letters += LETTER_NAMES[word]
                sure += len(word) == 1 or word in ("effe", "enne", "emme", "erre", "esse", "zed", "ixe", "ache")
                end += 1
            else:
                break
        if len(letters) >= SPELLED_LETTERS_MIN and sure:
            words.cut(index, end)
            return letters
        index = max(end, index + 1)
    return ""


def with_spelled(name: list[str], spelled: str) -> list[str]:
    """The spelled word stands for the part of the name that it resembles, else behind the first name."""
    for index in range(len(name) - 1, -1, -1):
        if fold(name[index])[:1] == spelled[0] and abs(len(name[index]) - len(spelled)) <= 2:
            same = fold(name[index]) == spelled
            return [*name[:index], name[index] if same else spelled, *name[index + 1 :]]
    return [*name, spelled] if len(name) <= 1 and all(is_first_name(fold(word)) for word in name) else [spelled]
