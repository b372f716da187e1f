cdef int chosen  # the path that every kernel takes: first argument of what SIMD_DISPATCH makes (simd.h)
