"""The rules as a language model that never fails, answers at once, and writes no reply."""

from collections.abc import AsyncGenerator

from app.dialogue.intents import Understanding
from app.providers.base import Turn
from app.providers.rules.classifier import understand


class RulesModel:
    """Fulfils `app.providers.base.LanguageModel` offline: the understanding only, the words come from"
    " phrases."""

    name = "rules"

    async def respond(self, turn: Turn) -> AsyncGenerator[Understanding | str, None]:
        """Yields the understanding of the turn and nothing else."""
        yield understand(turn.state, turn.utterance)

    async def close(self) -> None:
        """Nothing to release."""
