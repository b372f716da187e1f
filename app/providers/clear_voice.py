"""A voice made easy to understand over a telephone: what it is given to say is worded for the ear."""

import contextlib
from collections.abc import AsyncGenerator

from app.dialogue.spoken_text import spoken_text
from app.providers.base import TextToSpeech


class ClearVoice:
    """Any voice, heard clearly; a `TextToSpeech` itself.

    Args:
        voice: the voice as it is.
    """

    def __init__(self, voice: TextToSpeech) -> None:
        self._voice = voice
        self.name = voice.name
        self.voice_key = voice.voice_key

    async def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        """See `TextToSpeech.speak`; `text` as it is written."""
        async with contextlib.aclosing(self._voice.speak(spoken_text(text))) as pieces:
            async for piece in pieces:
                yield piece
                del piece  # the wait for the next is long, and there are many calls

    async def close(self) -> None:
        """See `TextToSpeech`."""
        await self._voice.close()
