"""What each `voicebot` command does; `app.cli` only declares them."""
