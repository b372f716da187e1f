"""The simulated caller: the Asterisk side of a call, for the demo, load and tests.

A script says what the caller does; the actor follows it, hearing through the ears; the report tells the rest.
"""
