"""`python -m app` is `voicebot`."""

from app.cli import main

main()
