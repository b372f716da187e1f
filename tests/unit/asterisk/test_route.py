"""What a dialplan is told: in an order that can be relied on, in characters that mean nothing to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.asterisk.messages import encode
from app.asterisk.route import MAX_SUMMARY_CHARACTERS, Route, harmless

TROUBLE = ',;"\\${}[]()&|<>=\r\n\t\0'


def test_a_transfer_names_everything_and_the_way_last() -> None:
    route = Route("transfer", "6001", "1001", "Panne Internet · Marie Lopez.")
    assert route.variables == (
        ("VOICEBOT_TARGET", "6001"),
        ("VOICEBOT_TICKET", "1001"),
        ("VOICEBOT_SUMMARY", "Panne Internet · Marie Lopez."),
        ("VOICEBOT_NEXT", "transfer"),
    )


def test_any_other_end_is_a_hang_up() -> None:
    assert Route("hangup", "6001", "1001", "x").variables == (("VOICEBOT_NEXT", "hangup"),)
    assert Route("server").variables == (("VOICEBOT_NEXT", "server"),)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("a\r\n\r\nAction: Originate", "a Action: Originate"),
        ("${SHELL(rm -rf /)}", "SHELL rm -rf /"),
        ("« l’été », 50 % [box]", "l'été 50 % box"),
        ("", ""),
        (TROUBLE, ""),
    ],
)
def test_harmless(said: str, told: str) -> None:
    assert harmless(said) == told


@given(st.text(max_size=400))
def test_whatever_was_said_is_one_harmless_line(said: str) -> None:
    told = harmless(said)
    assert not set(told) & set(TROUBLE)
    assert len(told) <= MAX_SUMMARY_CHARACTERS
    encode("Setvar", {"Value": told})
