"""How much silence, voice or delay decides something of a turn: the figures, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How much silence ends a turn, by what the state expects.

    Attributes:
        complete_s: what was said is plainly complete.
        usual_s: it may be complete or not.
        longest_s: the same for a caller who pauses within sentences.
        settle_in_noise_s: silence after which the final words are asked for where soft words drown: as late as can be.
    """

    complete_s: float
    usual_s: float
    longest_s: float
    settle_in_noise_s: float


YES_NO = Patience(complete_s=0.48, usual_s=0.5, longest_s=0.62, settle_in_noise_s=0.28)
OPEN = Patience(complete_s=0.8, usual_s=1.2, longest_s=1.35, settle_in_noise_s=0.36)
FIELD = Patience(complete_s=0.4, usual_s=1.2, longest_s=1.35, settle_in_noise_s=0.28)
"""`usual_s` are the original product's 500 and 1200 ms. The others were chosen by `make trials` (`docs/trials.md`)."""

SETTLE_S = 0.16
"""Silence after which the final words are asked for: longer than within words (a "t" is silent for 0.1 s), shorter than
many a comma, behind which the recogniser goes on with what it knows."""
SETTLE_OVER_BOT_S = 0.08
"""Of a voice that has made the bot pause at once: it waits for the words."""
SETTLE_UNDER_BOT_S = 0.3
"""Of any other while the bot speaks: nobody waits for an answer, and asking costs (as Deepgram's own endpointing)."""
CLOSED_S = 0.5
"""It closes an utterance by itself after so much of it (`ENDPOINTING_MS` and its delay)."""
CLOSED_LEAST_S = 0.3
"""From its words on, a caller in noise may go on for so long at least: a comma closes an utterance, too."""
UNFINISHED_S = 1.8
"""Half an address, six of ten digits, "parce que…": the caller is thinking or reading. With an answer that is prepared
meanwhile a caller who has left it at that still hears one within 2 s."""
FINALIZE_TIMEOUT_S = 0.6
"""Deepgram need not answer a Finalize when little audio is buffered: then what is there counts."""
FINALIZE_INTERIM_TIMEOUT_S = 1.5
"""With words that are not final yet it does answer: a busy recogniser is worth waiting for."""
WORD_LEAST_S = 0.12
"""Voice that each word over the bot must have taken in noise, half of what French words take: what stood out for less
somebody else in the room has said."""
SPOKE_S = 0.6
"""Voice that lasts so long is no cough: if no words come of it, the caller must be told."""
WORDS_WITHOUT_VOICE_S = 1.0
"""Words that came without voice activity (a very quiet caller): the turn ends so long after the latest ones."""
NO_NEW_WORDS_S = 3.0
"""Voice goes on after words and brings no more of them: it is noise, or somebody else. The turn ends."""
NO_NEW_WORDS_IN_NOISE_S = 1.3
"""There sooner: of a caller who goes on there are words by then (interims come every second)."""
VOICE_WITHOUT_WORDS_S = 8.0
"""Voice for so long without a word: noise (steady noise becomes the floor of `VoiceActivity` within 6 s)."""
PROVIDER_SILENT_S = 7.0
"""The recogniser that ends turns itself has not: Flux's own time-out is 5 s (`eot_timeout_ms`)."""
DROWNED_S = 3.0
"""In noise a "non" may be heard by nobody: a yes-or-no question without an answer for so long is asked again, once. Who
answers at once, as most do, waits for less than 2 s then; who thinks for longer has been asked twice."""
