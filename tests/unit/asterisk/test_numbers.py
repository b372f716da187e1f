"""Callers' numbers, as trunks give them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.asterisk.numbers import caller_number


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("0612345678", "+33612345678"),
        ("+33612345678", "+33612345678"),
        ("33612345678", "+33612345678"),
        ("0033612345678", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("0033(0)612345678", "+33612345678"),
        ("01.99.00.00.01", "+33199000001"),
        ("+441632960961", "+441632960961"),
        ("00441632960961", "+441632960961"),
        ("1001", "1001"),
        ("3900", "3900"),
        ("*97", "*97"),
    ],
)
def test_as_e164_where_it_can_be(given: str, number: str) -> None:
    assert caller_number(given) == number


@pytest.mark.parametrize(
    "given",
    [
        *("", " ", "anonymous", "Anonymous", "unknown", "<unknown>", "unavailable", "Restricted", "private", "alice"),
        *("0", "0000000000", "+", "1" * 18, "06\n12345678,", "0612345678;x", "sip:0612345678"),
    ],
)
def test_withheld_or_no_number_at_all(given: str) -> None:
    assert caller_number(given) is None


@given(st.text(max_size=40))
def test_whatever_comes_is_a_number_or_none(given: str) -> None:
    number = caller_number(given)
    assert number is None or (set(number) <= set("+0123456789*#") and len(number) <= 18)
