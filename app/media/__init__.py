"""Sound: the 20 ms clock, playout, recording, voice activity, cached phrases."""
