"""Compiled audio kernels; each has a pure-Python twin in `tests/reference/`."""
