"""What callers say of a remedy, sentence by sentence; `test_machine` has the dialogues."""

import pytest

from app.dialogue import remedy

JUST_PROPOSED, TRIED = {True}, {False}
ALWAYS, NEVER = {True, False}, set[bool]()


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("Ah, ça marche maintenant !", ALWAYS),
        ("La connexion est revenue.", ALWAYS),
        ("Ça marche.", TRIED),
        ("Je vais voir si ça marche.", NEVER),
        ("Je le fais, jusqu'à ce que ça remarche.", NEVER),
        ("D'accord.", NEVER),
    ],
)
def test_it_works_unless_it_is_a_promise_or_a_deal(text: str, when: set[bool]) -> None:
    assert {just_proposed for just_proposed in (True, False) if remedy.works(text, just_proposed=just_proposed)} == when


@pytest.mark.parametrize(
    ("text", "agreed", "done", "not_yet"),
    [
        ("D'accord, je vais essayer.", True, False, False),
        ("Très bien, merci.", True, False, False),
        ("Oui.", False, False, False),
        ("Oui, merci.", False, False, False),
        ("C'est fait.", False, True, False),
        ("Oui, j'ai débranché la box.", False, True, False),
        ("Non, pas encore.", False, False, True),
        ("Je suis en train de le faire.", False, False, True),
    ],
)
def test_agreed_done_or_not_yet(text: str, agreed: bool, done: bool, not_yet: bool) -> None:
    assert (remedy.agreed(text), remedy.done(text), remedy.not_yet_done(text)) == (agreed, done, not_yet)


@pytest.mark.parametrize("text", ["Non, ça ne marche pas.", "Ça fonctionne.", "Le téléphone est réparé."])
def test_words_about_working_say_so_either_way(text: str) -> None:
    assert remedy.speaks_of_working(text)
