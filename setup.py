"""Builds the Cython extensions of `ext/`; everything else is declared in pyproject.toml.

Environment:
    EXT_DEBUG=1   bounds checks and line tracing on: slower, for tests and coverage.
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("EXT_DEBUG") == "1"
COMPILE_ARGS = ["-O2", "-Wall", "-Wconversion", "-Wno-unused-function", "-Wno-sign-conversion"]


def extensions() -> list[Extension]:
    """One extension a kernel: `ext/NAME.pyx` becomes `ext.NAME`."""
    return [
        Extension(
            f"ext.{source.stem}",
            [str(source)],
            extra_compile_args=COMPILE_ARGS,
            define_macros=[("CYTHON_TRACE_NOGIL", "1")] if DEBUG else [],
        )
        for source in sorted(Path("ext").glob("*.pyx"))
    ]


setup(
    ext_modules=cythonize(
        extensions(),
        compiler_directives={"boundscheck": DEBUG, "initializedcheck": DEBUG, "linetrace": DEBUG},
        force=DEBUG,
    ),
)
