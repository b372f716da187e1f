"""Builds the Cython extensions of `ext/`; everything else is declared in pyproject.toml.

Environment:
    EXT_DEBUG=1   bounds checks, line tracing, and a trap on undefined behaviour: slower, for tests.

`boundscheck` and `initializedcheck` are decided here and not in the files' headers, which would win over it.
"""

import os
from collections.abc import Callable
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("EXT_DEBUG") == "1"
# -O3: at -O2 gcc 12 only vectorises loops whose length it knows. -ffp-contract=off: the paths of ext/simd.h, and arm64,
# give the same bytes only if a product and a sum stay two roundings.
COMPILE_ARGS = ["-O3", "-ffp-contract=off", "-Wall", "-Wconversion", "-Wno-unused-function", "-Wno-sign-conversion"]
# Traps need no runtime library, so a debug build loads into an ordinary Python.
DEBUG_ARGS = ["-g", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]


def extensions() -> list[Extension]:
    """One extension a kernel: `ext/NAME.pyx` becomes `ext.NAME`."""
    return [
        Extension(
            f"ext.{source.stem}",
            [str(source)],
            depends=[str(path) for pattern in ("*.px[di]", "*.h") for path in Path("ext").glob(pattern)],
            extra_compile_args=COMPILE_ARGS + DEBUG_ARGS if DEBUG else COMPILE_ARGS,
            define_macros=[("CYTHON_TRACE_NOGIL", "1")] if DEBUG else [],
        )
        for source in sorted(Path("ext").glob("*.pyx"))
    ]


# Cython annotates this function only in part, which strict typing takes for an untyped call.
translate: Callable[..., list[Extension]] = cythonize

setup(
    ext_modules=translate(
        extensions(),
        compiler_directives={"boundscheck": DEBUG, "initializedcheck": DEBUG, "linetrace": DEBUG},
        force=DEBUG,
    ),
)
