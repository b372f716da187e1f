"""Exports: what a spreadsheet opens is what was shown, and nothing in it is a formula."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dashboard.access.users import User
from dashboard.config import load_dashboard_settings
from dashboard.desk import open_desk
from dashboard.export import COLUMNS, as_csv, as_xlsx
from dashboard.queries.tickets import TicketRow
from dashboard.view import View
from dashboard.words import Language

FORMULA = '=HYPERLINK("http://192.0.2.1","x")'


@pytest.fixture(params=["fr", "en"])
def view(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[View]:
    """Of somebody who looks; no database is asked."""
    language: Language = request.param
    settings = load_dashboard_settings(
        {
            "TICKETS_DATABASE_URL": "postgresql://127.0.0.1:1/tickets",
            "CLIENTS_DATABASE_URL": "postgresql://127.0.0.1:1/clients",
            "PERSONAL_IP": "127.0.0.1",
            "DASHBOARD_USERS_FILE": str(tmp_path / "users"),
        }
    )
    desk = open_desk(settings)
    yield View(desk, User("anne", "supervisor"), language, datetime.now(settings.zone))
    desk.close()


def row(number: int, summary: str, phone: str | None = "+33612345678") -> TicketRow:
    started = datetime(2026, 3, 2, 14, 5, tzinfo=ZoneInfo("Europe/Paris"))
    texts = ("192.0.2.1", started, None, 62.5, "internet", "open", "neutral", summary, None)
    return TicketRow(number, "6b0f", 7, phone, *texts)


def test_csv_as_the_language_writes_it(view: View) -> None:
    data = as_csv(view, [row(1001, "Panne; « box »\nrouge")], {7: "Zoé Lœb"})
    assert data.startswith(b"\xef\xbb\xbf")
    delimiter = ";" if view.language == "fr" else ","
    head, line = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    assert len(head) == len(line) == len(COLUMNS)
    assert line[:5] == (
        ["1001", "02/03/2026 14:05", "62,5", "Zoé Lœb", "+33612345678"]
        if view.language == "fr"
        else ["1001", "2026-03-02 14:05", "62.5", "Zoé Lœb", "+33612345678"]
    )
    assert line[-1] == "Panne; « box »\nrouge"


@pytest.mark.parametrize("text", [FORMULA, "+1+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_a_csv_is_a_formula(view: View, text: str) -> None:
    data = as_csv(view, [row(1, text, text)], {7: text}).decode("utf-8-sig")
    delimiter = ";" if view.language == "fr" else ","
    cells = [cell for line in csv.reader(io.StringIO(data, newline=""), delimiter=delimiter) for cell in line]
    assert cells.count(f"'{text}") == 3
    assert not [cell for cell in cells if cell.startswith(("=", "-", "@", "\t", "\r", "+"))]


def test_the_workbook_has_text_numbers_and_dates_and_no_formula(view: View) -> None:
    data = as_xlsx(view, [row(1001, FORMULA), row(1002, "x" * 40_000)], {7: FORMULA})
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        strings = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet.lower()
    assert "HYPERLINK" in strings
    assert 'r="A2"><v>1001</v>' in sheet
    assert 'r="C2"><v>62.5</v>' in sheet
    assert sheet.count("<row ") == 3
