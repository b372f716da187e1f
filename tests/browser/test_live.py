"""A call in progress is to be seen, and what is being said in it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Look
from tests.browser.house import Dashboard, Data
from tests.browser.live import watch_a_call

PATIENCE_S = 5.0
"""How quick it is, is measured elsewhere (`python -m tests.browser measure`): here the machine may be busy."""


@pytest.mark.timeout(400)  # a whole call, and a server that speaks its phrases first
def test_a_call_shows_up_with_its_words_and_ends_in_its_ticket(
    look: Look, data: Data, sql: Callable[..., list[Any]]
) -> None:
    visit = look()
    watched = watch_a_call(visit, data, sql, picture="live-call")
    assert watched.missing == ()
    assert watched.seen_after_s < PATIENCE_S
    assert watched.slowest_words_s < PATIENCE_S
    assert len(watched.words_after_s) >= 10
    visit.page.get_by_role("button", name="Ouvrir le ticket").click()
    expect(visit.page.get_by_text("Résolu").first).to_be_visible()
    expect(visit.page.locator("audio")).to_be_visible()
    assert visit.trouble == []


def test_watching_costs_next_to_nothing(look: Look, house: Dashboard) -> None:
    visit = look()
    visit.go("/live")
    before_s = processor_s(house)
    visit.page.wait_for_timeout(5000)
    assert processor_s(house) - before_s < 0.5  # of its own time, so it is the same on a busy machine


def processor_s(house: Dashboard) -> float:
    """Seconds of a processor that the dashboard has had."""
    fields = Path(f"/proc/{house.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_without_a_server_the_page_says_so(look: Look) -> None:
    visit = look()
    visit.go("/live")
    expect(visit.page.get_by_text("Le serveur vocal ne répond pas")).to_be_visible()
    assert visit.trouble == []
