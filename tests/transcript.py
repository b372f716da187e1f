"""What was said in a call, as its ticket has it."""

from typing import Literal

from app.store.tickets import Ticket


def said_by(side: Literal["bot", "caller"], ticket: Ticket) -> list[str]:
    """The words of one side, in order."""
    return [line["text"] for line in ticket.transcript if line["speaker"] == side]
