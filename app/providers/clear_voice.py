"""A voice made easy to understand over a telephone: its text worded for the ear, its sound shaped and evened."""

import contextlib
import math
from collections.abc import AsyncGenerator

from app.dialogue.spoken_text import spoken_text
from app.providers.base import TextToSpeech
from app.providers.voice_level import VoiceLevel
from ext.leveller import Leveller

TREATMENT = "clear2"
"""Part of the voice's key: counted on when what is done to the sound changes: what was cached is old then."""


class ClearVoice:
    """Any voice, heard clearly; a `TextToSpeech` itself.

    Args:
        voice: the voice as it is.
        level: how loud it speaks as far as is known; learns with every sentence.
        patient: hear each sentence to its end before it is given on, with one gain that is right for all of it.
    """

    def __init__(self, voice: TextToSpeech, level: VoiceLevel | None = None, *, patient: bool = False) -> None:
        self._voice = voice
        self._patient = patient
        self.level = level or VoiceLevel()
        self.name = voice.name
        self.voice_key = f"{voice.voice_key}-{TREATMENT}"

    @property
    def patient(self) -> "ClearVoice":
        """The same voice for what has time."""
        return ClearVoice(self._voice, self.level, patient=True)

    async def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        """See `TextToSpeech.speak`; `text` as it is written."""
        leveller = self.level.leveller()
        whole: list[bytes] = []
        async with contextlib.aclosing(self._voice.speak(spoken_text(text))) as pieces:
            async for piece in pieces:
                sound = leveller.process(piece)
                if self._patient:
                    whole.append(piece)
                elif sound:
                    yield sound
                del piece, sound  # the wait for the next is long, and there are many calls
        tail = leveller.flush()
        self.level.learn(leveller.active_dbov, leveller.active_s)
        if self._patient and leveller.active_s:
            exact = Leveller(leveller.active_dbov, math.inf)
            tail = exact.process(b"".join(whole)) + exact.flush()
        if tail:
            yield tail

    async def close(self) -> None:
        """See `TextToSpeech`."""
        await self._voice.close()
