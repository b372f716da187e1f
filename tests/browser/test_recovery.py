"""PostgreSQL goes away while pages are open, and comes back."""

from playwright.sync_api import expect

from tests.browser.conftest import Look
from tests.browser.house import Data

AWAY = "La base de données ne répond pas pour l’instant."


def test_the_pages_say_so_and_recover_by_themselves(look: Look, data: Data) -> None:
    today, calls, moved = look(), look(), look()
    calls.go("/calls")
    expect(calls.page.locator("td.ticket").first).to_be_visible()
    data.stop_postgres()
    try:
        expect(today.page.get_by_text(AWAY).first).to_be_visible()  # refreshes by itself
        calls.page.get_by_label("Mots dits pendant l’appel").fill("box")
        calls.page.get_by_label("Mots dits pendant l’appel").press("Enter")
        expect(calls.page.get_by_text(AWAY).first).to_be_visible()
        moved.go("/clients")
        expect(moved.page.get_by_text(AWAY).first).to_be_visible()
        moved.picture("database-away")
        for visit in (today, calls, moved):
            assert visit.page.get_by_text("Traceback").count() == 0
    finally:
        data.start_postgres()
    for visit in (today, calls, moved):
        expect(visit.page.get_by_text(AWAY)).to_have_count(0)
    expect(today.page.get_by_text("Durée moyenne").first).to_be_visible()
    expect(calls.page.locator("td.ticket").first).to_be_visible()
    expect(moved.page.locator("td.client_name").first).to_be_visible()
    assert [visit.trouble for visit in (today, calls, moved)] == [[], [], []]


def test_a_recording_is_refused_politely_meanwhile(look: Look, data: Data) -> None:
    visit = look()
    data.stop_postgres()
    try:
        answer = visit.page.request.get(f"{visit.house.url}/recordings/1/1/both.wav")
        assert (answer.status, answer.text()) == (503, "the database does not answer")
    finally:
        data.start_postgres()
