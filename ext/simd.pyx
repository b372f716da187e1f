# cython: language_level=3, wraparound=False, cdivision=True
"""Which vector instructions the kernels use: the best this machine has, chosen at import.

One build holds every path of its processor family (simd.h says how), and all paths give the same bytes. Choosing
another is for tests and measurements; it holds for the whole process.
"""

cdef extern from "simd.h":
    enum:
        SIMD_BASELINE
        SIMD_AVX2
        SIMD_AVX512
        SIMD_PATHS

    bint simd_supports(int path) noexcept nogil

cdef tuple NAMES = ("baseline", "avx2", "avx512")


def paths() -> tuple:
    """The paths that this machine can take, the best last."""
    cdef int number
    return tuple([NAMES[number] for number in range(<int> SIMD_PATHS) if simd_supports(number)])


def path() -> str:
    """The path taken."""
    return NAMES[chosen]


def use_path(str name not None) -> None:
    """Makes every kernel take another path.

    Raises:
        ValueError: a path that this machine or this build does not have.
    """
    global chosen
    if name not in paths():
        raise ValueError(f"path must be one of {', '.join(paths())} here, got {name}")
    chosen = <int> NAMES.index(name)


use_path(max(paths(), key=NAMES.index))
