"""Verifiers as PostgreSQL makes them."""

import base64

from tests.unit.ansible.test_inventory_problems import plugin

scram = plugin("postgres/filter_plugins/scram.py")
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
KNOWN = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)
"""Of RFC 7677, section 3 (password "pencil"): its proof and signature hold with these keys."""


def test_a_known_password_gives_the_known_keys() -> None:
    assert scram.scram_verifier("pencil", SALT) == KNOWN


def test_it_is_that_passwords_and_no_others() -> None:
    assert scram.scram_is_of(KNOWN, "pencil")
    assert not scram.scram_is_of(KNOWN, "Pencil")


def test_every_verifier_has_a_salt_of_its_own() -> None:
    one, other = scram.scram_verifier("pencil"), scram.scram_verifier("pencil")
    assert one != other
    assert scram.scram_is_of(other, "pencil")


def test_what_is_no_verifier_is_nobodys() -> None:
    assert not scram.scram_is_of("", "pencil")
    assert not scram.scram_is_of("md5" + "0" * 32, "pencil")
