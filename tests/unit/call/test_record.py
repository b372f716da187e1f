"""A call that goes on after a technician did not answer: one ticket, in order, whatever the clock did meanwhile."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from app.call.record import CallRecord
from app.dialogue.case import Case
from app.dialogue.prompts import default_prompts
from app.store.tickets import Ticket

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_second_leg_comes_behind_the_first_though_the_clock_was_set_back() -> None:
    words = [{"speaker": "bot", "text": "Bonjour.", "at_s": 0.5}, {"speaker": "caller", "text": "Allô ?", "at_s": 38.0}]
    earlier = Ticket(uuid4(), NOON, duration_seconds=40.0, transcript=words)
    for began in (NOON - timedelta(hours=1), NOON + timedelta(seconds=65)):
        record = CallRecord(earlier.call_uuid, None, Case(), default_prompts().names, started_at=began)
        record.resume(earlier)
        record.add("bot", "Aucun technicien n'est disponible.", 1.0)
        assert [entry["text"] for entry in record.transcript] == [
            "Bonjour.",
            "Allô ?",
            "Aucun technicien n'est disponible.",
        ]
        assert record.ticket(5.0).started_at == NOON
        assert record.ticket(5.0).duration_seconds == 45.0
