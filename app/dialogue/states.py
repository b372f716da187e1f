"""The ten states of a call."""

from enum import StrEnum


class State(StrEnum):
    """Where a call is; the arrows between them are in `app.dialogue.machine`."""

    INIT = "INIT"
    WELCOME = "WELCOME"
    TICKET_VERIFICATION = "TICKET_VERIFICATION"
    IDENTIFICATION = "IDENTIFICATION"
    DIAGNOSTIC = "DIAGNOSTIC"
    SOLUTION = "SOLUTION"
    VERIFICATION = "VERIFICATION"
    TRANSFER = "TRANSFER"
    GOODBYE = "GOODBYE"
    ERROR = "ERROR"
