"""The voicebot server: answers the telephone of a French after-sales service."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("voicebot-sav")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
