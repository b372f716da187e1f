"""The conversation itself, pure: no socket, no clock, no database."""
