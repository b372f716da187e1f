"""Tickets as files for a spreadsheet. Whatever a caller said stays text: no cell is ever a formula."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import xlsxwriter

from dashboard.queries.tickets import TicketRow
from dashboard.view import View

COLUMNS = (
    *("ticket", "date", "duration", "client", "number", "problem", "status", "sentiment", "assignee", "asterisk"),
    "summary",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet take a text for a formula (OWASP, "CSV Injection")."""
CELL_MAX_CHARACTERS = 32_767
"""Excel's."""


def as_csv(view: View, rows: Sequence[TicketRow], names: Mapping[int, str]) -> bytes:
    """UTF-8 with a mark, so that Excel knows; semicolons in French, as Excel expects them there."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if view.language == "fr" else ",", lineterminator="\r\n")
    writer.writerow(view.say(column) for column in COLUMNS)
    for values in _lines(view, rows, names):
        writer.writerow([_harmless(value) if isinstance(value, str) else _plain(view, value) for value in values])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(view: View, rows: Sequence[TicketRow], names: Mapping[int, str]) -> bytes:
    """A workbook with one sheet, its first line fixed and filtered."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet(view.say("page_calls"))
    bold = book.add_format({"bold": True})
    moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm" if view.language == "fr" else "yyyy-mm-dd hh:mm"})
    for index, column in enumerate(COLUMNS):
        sheet.write_string(0, index, view.say(column), bold)
    for line, values in enumerate(_lines(view, rows, names), start=1):
        for index, value in enumerate(values):
            if isinstance(value, datetime):
                sheet.write_datetime(line, index, value, moment)
            elif isinstance(value, str):
                sheet.write_string(line, index, value[:CELL_MAX_CHARACTERS])
            elif value is not None:
                sheet.write_number(line, index, value)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(rows), 1), len(COLUMNS) - 1)
    sheet.set_column(1, 1, 17)
    sheet.set_column(3, 4, 24)
    sheet.set_column(10, 10, 60)
    book.close()
    return out.getvalue()


def _lines(
    view: View, rows: Sequence[TicketRow], names: Mapping[int, str]
) -> Iterator[tuple[str | float | datetime | None, ...]]:
    """Values in the order of COLUMNS; times in the zone of the desk, the duration in seconds."""
    zone = view.desk.settings.zone
    for row in rows:
        yield (
            row.id,
            row.started_at.astimezone(zone),
            row.duration_seconds,
            names.get(row.client_id or 0, ""),
            row.caller_number or "",
            view.say(f"problem_{row.problem_type}"),
            view.say(f"status_{row.status}"),
            view.say(f"sentiment_{row.sentiment}"),
            row.assignee or "",
            row.asterisk or "",
            row.summary,
        )


def _harmless(text: str) -> str:
    """A telephone number may begin with a plus; anything else of that kind gets an apostrophe in front."""
    if text.startswith(FORMULA) and not (text[0] == "+" and text[1:].isdigit()):
        return f"'{text}"
    return text


def _plain(view: View, value: float | datetime | None) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%d/%m/%Y %H:%M}" if view.language == "fr" else f"{value:%Y-%m-%d %H:%M}"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text.replace(".", ",") if view.language == "fr" else text
