"""Every page on a desk and on a telephone: what is on it, a silent console, nothing that some people can't use."""

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import serious_findings
from tests.browser.conftest import Look
from tests.browser.house import SUPERVISOR
from tests.browser.screen import DESK, SCREENS, TELEPHONE, Screen, Visit

Sql = Callable[..., list[Any]]
PAGES = {
    "today": ("/", "Aujourd’hui"),
    "calls": ("/calls", "Appels"),
    "live": ("/live", "En direct"),
    "clients": ("/clients", "Clients"),
    "security": ("/security", "Sécurité"),
}
"""Address and title of each."""
SCREEN = pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)


def with_sound(sql: Sql) -> int:
    """The newest ticket that has a recording."""
    return int(sql("SELECT id FROM tickets WHERE recording <> '' ORDER BY started_at DESC LIMIT 1")[0]["id"])


def fault_of(visit: Visit) -> list[str]:
    """What is wrong with the page that stands there."""
    visit.page.wait_for_timeout(500)  # charts and components come after Streamlit's own parts
    wide = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    too_wide = [f"{wide} px wider than the screen"] if wide > 0 else []
    return [*visit.trouble, *too_wide, *serious_findings(visit.page)]


@SCREEN
@pytest.mark.parametrize("name", PAGES)
def test_a_page(look: Look, screen: Screen, name: str) -> None:
    visit = look(screen)
    path, title = PAGES[name]
    visit.go(path)
    expect(visit.page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    visit.picture(name)
    assert fault_of(visit) == []


@SCREEN
def test_the_page_of_a_call(look: Look, sql: Sql, screen: Screen) -> None:
    number = with_sound(sql)
    visit = look(screen)
    visit.go(f"/calls?ticket={number}")
    expect(visit.page.get_by_role("heading", name=f"Ticket {number} ·")).to_be_visible()
    expect(visit.page.locator("audio")).to_be_visible()
    visit.picture("call")
    assert fault_of(visit) == []


@SCREEN
def test_the_page_of_a_client(look: Look, sql: Sql, screen: Screen) -> None:
    number = sql("SELECT client_id FROM tickets WHERE client_id IS NOT NULL ORDER BY id DESC LIMIT 1")[0]["client_id"]
    (row,) = sql("SELECT first_name, last_name FROM clients WHERE id = $1", number, database="db_clients")
    visit = look(screen)
    visit.go(f"/clients?client={number}")
    expect(visit.page.get_by_role("heading", name=f"{row['first_name']} {row['last_name']}")).to_be_visible()
    visit.picture("client")
    assert fault_of(visit) == []


@SCREEN
def test_the_login(look: Look, screen: Screen) -> None:
    visit = look(screen, user=None)
    visit.page.goto(visit.house.url + "/calls")
    assert visit.page.url.endswith("/login")
    visit.page.screenshot(path=str(visit.picture_path("login")))
    assert fault_of(visit) == []


@SCREEN
def test_all_of_it_in_english(look: Look, sql: Sql, screen: Screen) -> None:
    visit = look(screen, language="en-GB")
    for path, title in (
        ("/", "Today"),
        ("/calls", "Calls"),
        ("/live", "Live"),
        ("/clients", "Clients"),
        ("/security", "Security"),
    ):
        visit.go(path)
        expect(visit.page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        assert visit.page.evaluate("document.documentElement.lang") == "en"
    visit.go(f"/calls?ticket={with_sound(sql)}")
    expect(visit.page.get_by_role("heading", name="Follow-up")).to_be_visible()
    visit.picture("call-english")
    assert visit.trouble == []


def test_the_language_is_switched_on_the_page(look: Look) -> None:
    visit = look()
    visit.page.get_by_text("English", exact=True).click()
    expect(visit.page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    visit.page.get_by_role("link", name="Calls").click()
    expect(visit.page.get_by_role("heading", name="Calls", exact=True)).to_be_visible()
    assert visit.page.evaluate("document.documentElement.lang") == "en"


def test_the_keyboard_reaches_everything(look: Look, sql: Sql) -> None:
    visit = look()
    visit.go("/calls")
    reached = tabbed(visit.page, 40)
    for words in ("Aujourd’hui", "En direct", "Clients", "Sécurité", "Se déconnecter", "Mots dits", "Filtrer"):
        assert any(words in one for one in reached), (words, reached)
    first = str(sql("SELECT id FROM tickets ORDER BY started_at DESC, id DESC LIMIT 1")[0]["id"])
    assert any(first in one for one in reached), reached
    visit.go("/calls")
    tab_to(visit.page, first)
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_role("heading", name=f"Ticket {first} ·")).to_be_visible()


def test_the_focus_is_to_be_seen(look: Look) -> None:
    visit = look()
    visit.go("/calls")
    for _ in range(25):
        visit.page.keyboard.press("Tab")
        seen, what = visit.page.evaluate(
            """() => {
                let at = document.activeElement;
                while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
                // A field shows it with its frame, a switch with the ring around its circle.
                const around = [at, at?.parentElement, at?.parentElement?.parentElement, at?.nextElementSibling,
                    at?.previousElementSibling, ...(at?.closest('label')?.children ?? [])].filter(Boolean);
                const shown = around.some((one) => {
                    const style = getComputedStyle(one);
                    return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
                        || style.boxShadow !== 'none' || style.borderColor === 'rgb(11, 92, 122)';
                });
                return [shown || at === document.body, at?.outerHTML.slice(0, 200)];
            }"""
        )
        assert seen, what


@pytest.mark.parametrize(
    ("words", "where"),
    [("pièce jointe", "summary || transcript::text ILIKE '%pièce jointe%'"), ("06 00 00 00 00", "false")],
)
def test_words_that_were_said_are_found(look: Look, sql: Sql, words: str, where: str) -> None:
    visit = look()
    visit.go("/calls")
    field = visit.page.get_by_label("Mots dits pendant l’appel")
    field.fill(words)
    field.press("Enter")
    expected = sql(f"SELECT count(*) FROM tickets WHERE {where}")[0]["count"]
    expect(visit.page.get_by_text(count_words(expected), exact=True)).to_be_visible()


def test_tickets_are_filtered_by_status_and_mood(look: Look, sql: Sql) -> None:
    visit = look()
    visit.go("/calls")
    unfold(visit, "Filtrer")
    choose(visit, "Statut", "Abandonné")
    expected = sql("SELECT count(*) FROM tickets WHERE status = 'abandoned'")[0]["count"]
    expect(visit.page.get_by_text(count_words(expected), exact=True)).to_be_visible()
    choose(visit, "Humeur", "Mécontent")
    expected = sql("SELECT count(*) FROM tickets WHERE status = 'abandoned' AND sentiment = 'negative'")[0]["count"]
    expect(visit.page.get_by_text(count_words(expected), exact=True)).to_be_visible()
    visit.picture("calls-filtered")
    assert set(visit.page.locator("td.status").all_inner_texts()) == {"Abandonné"}
    visit.page.get_by_role("button", name="Tout effacer").click()
    total = sql("SELECT count(*) FROM tickets")[0]["count"]
    expect(visit.page.get_by_text(count_words(total), exact=True)).to_be_visible()
    assert unfolded(visit, "Filtrer")  # not folded away under the hand


def test_the_list_pages_on(look: Look, sql: Sql) -> None:
    numbers = [str(row["id"]) for row in sql("SELECT id FROM tickets ORDER BY started_at DESC, id DESC LIMIT 100")]
    visit = look()
    visit.go("/calls")
    expect(visit.page.locator("td.ticket").first).to_have_text(numbers[0])
    visit.page.get_by_role("button", name="Plus anciens").click()
    expect(visit.page.locator("td.ticket").first).to_have_text(numbers[50])
    assert visit.page.locator("td.ticket").all_inner_texts() == numbers[50:]


def test_what_is_filtered_is_exported(look: Look, sql: Sql, tmp_path: Path) -> None:
    visit = look()
    visit.go("/calls")
    unfold(visit, "Filtrer")
    choose(visit, "Statut", "Abandonné")
    expected = sql("SELECT count(*) FROM tickets WHERE status = 'abandoned'")[0]["count"]
    expect(visit.page.get_by_text(count_words(expected), exact=True)).to_be_visible()
    unfold(visit, "Exporter")
    with visit.page.expect_download() as told:
        visit.page.get_by_role("button", name="CSV").click()
    told.value.save_as(tmp_path / "tickets.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "tickets.csv").read_text("utf-8-sig")), delimiter=";"))
    assert len(rows) == expected
    assert {row["Statut"] for row in rows} == {"Abandonné"}
    with visit.page.expect_download() as told:
        visit.page.get_by_role("button", name="Excel").click()
    told.value.save_as(tmp_path / "tickets.xlsx")
    with zipfile.ZipFile(tmp_path / "tickets.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == expected + 1


def test_a_ticket_is_handed_on_commented_and_closed(look: Look, sql: Sql) -> None:
    (row,) = sql("SELECT id FROM tickets WHERE status = 'open' AND assignee IS NULL ORDER BY id DESC LIMIT 1")
    number = row["id"]
    visit = look()
    visit.go(f"/calls?ticket={number}")
    visit.page.get_by_label("Confier à").fill("Équipe réseau")
    visit.page.get_by_role("button", name="Enregistrer").click()
    expect(visit.page.get_by_text(f"{SUPERVISOR} : confié à Équipe réseau")).to_be_visible()
    visit.page.get_by_label("Commentaire").fill("Rappelé à 14 h.")
    visit.page.get_by_role("button", name="Ajouter le commentaire").click()
    expect(visit.page.get_by_text(f"{SUPERVISOR} : Rappelé à 14 h.")).to_be_visible()
    visit.page.get_by_role("button", name="Clore").click()
    expect(visit.page.get_by_role("button", name="Rouvrir")).to_be_visible()
    changes = sql("SELECT changed_by, what, before, after FROM ticket_changes WHERE ticket_id = $1 ORDER BY id", number)
    assert [tuple(change) for change in changes] == [
        (SUPERVISOR, "assignee", None, "Équipe réseau"),
        (SUPERVISOR, "comment", None, "Rappelé à 14 h."),
        (SUPERVISOR, "status", "open", "resolved"),
    ]
    assert visit.trouble == []


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(look: Look, sql: Sql) -> None:
    (row,) = sql("SELECT id FROM tickets WHERE status = 'open' AND assignee IS NULL ORDER BY id DESC LIMIT 1")
    visit = look()
    visit.go(f"/calls?ticket={row['id']}")
    visit.page.get_by_role("button", name="Clore").wait_for()
    sql("SELECT change_ticket($1, 'luc', 'status', 'open', 'transferred')", row["id"])
    visit.page.get_by_role("button", name="Clore").click()
    expect(visit.page.get_by_text("Quelqu’un d’autre a modifié ce ticket")).to_be_visible()
    assert sql("SELECT status FROM tickets WHERE id = $1", row["id"])[0]["status"] == "transferred"


def test_a_telephone_shows_cards_and_the_way_to_other_pages(look: Look) -> None:
    visit = look(TELEPHONE)
    visit.go("/calls")
    expect(visit.page.locator("td.ticket").first).to_be_visible()
    visit.page.get_by_test_id("stExpandSidebarButton").click()
    visit.page.get_by_role("link", name="Sécurité").click()
    expect(visit.page.get_by_role("heading", name="Sécurité", exact=True)).to_be_visible()


def test_logging_out_ends_what_is_open_elsewhere(look: Look) -> None:
    visit = look(DESK)
    other = visit.page.context.new_page()
    other.goto(visit.house.url + "/calls")
    expect(other.locator("td.ticket").first).to_be_visible()
    visit.page.get_by_role("link", name="Se déconnecter").click()
    expect(visit.page.locator("#password")).to_be_visible()
    other.get_by_label("Mots dits pendant l’appel").fill("box")
    other.get_by_label("Mots dits pendant l’appel").press("Enter")
    expect(other.get_by_text("Votre session est terminée.")).to_be_visible()


def count_words(count: int) -> str:
    """As the page says it."""
    if count < 2:
        return "1 ticket" if count else "Aucun ticket ne correspond."
    return f"{count:,} tickets".replace(",", "\N{NARROW NO-BREAK SPACE}")


def unfold(visit: Visit, title: str) -> None:
    """Opens a part that is folded away, and waits until it has: a list of choices opened meanwhile closes again."""
    visit.page.get_by_text(title, exact=True).click()
    assert unfolded(visit, title)


def unfolded(visit: Visit, title: str) -> bool:
    """Whether it is, once nothing moves any more."""
    visit.settled()
    visit.page.wait_for_timeout(100)  # until it begins to move
    part = visit.page.locator("details", has=visit.page.get_by_text(title, exact=True))
    visit.page.wait_for_function(
        "(part) => part.getAnimations({ subtree: true }).every((one) => one.playState !== 'running')",
        arg=part.element_handle(),
    )
    return bool(part.evaluate("(part) => part.open"))


def choose(visit: Visit, label: str, option: str) -> None:
    """Picks one of a list of choices, and waits until it is: Escape before that would take it back."""
    field = visit.page.get_by_role("combobox", name=label)
    field.click()
    field.press_sequentially(option)
    visit.page.get_by_role("option", name=option).click()
    expect(visit.page.locator("[data-tag]", has_text=option)).to_be_visible()
    field.press("Escape")


FOCUSED = """() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return [at?.innerText, at?.getAttribute('aria-label'), at?.getAttribute('href')].filter(Boolean).join(' ');
}"""


def tabbed(page: Page, count: int) -> list[str]:
    """What the Tab key reaches, from the top of the page."""
    reached = []
    for _ in range(count):
        page.keyboard.press("Tab")
        reached.append(str(page.evaluate(FOCUSED)))
    return reached


def tab_to(page: Page, words: str, at_most: int = 60) -> None:
    """Presses Tab until something with these words has the focus."""
    for _ in range(at_most):
        page.keyboard.press("Tab")
        if words in str(page.evaluate(FOCUSED)):
            return
    raise AssertionError(f"the Tab key does not reach {words!r}")
