/* Compiles the loops of one kernel once for each path, that is, for each set of vector instructions.
 *
 * A .pyx defines SIMD_BODY as the name of a header of loops and includes this file. The header is read once a path,
 * with
 *
 *     SIMD_LOOP      what stands before a function: static, compiled for the path's instructions
 *     SIMD(name)     the function's name on this path: name_baseline, name_avx2, name_avx512
 *     SIMD_SAMPLES   how many int16 a vector holds
 *
 * and SIMD_DISPATCH then makes `name`, whose first argument says which path to take; ext.simd knows the best.
 * The loops are plain C for the compiler to vectorise. What they compute does not depend on the path: integers, and
 * single floating-point operations that IEEE 754 defines (-ffp-contract=off keeps a product and a sum apart), never a
 * floating-point sum whose order the compiler could choose.
 *
 * The baseline is what the compiler assumes anyway: SSE2 on x86-64, NEON on arm64.
 */

#ifndef EXT_SIMD_H
#define EXT_SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SIMD_BASELINE, SIMD_AVX2, SIMD_AVX512, SIMD_PATHS };

#if defined(__x86_64__) && defined(__GNUC__)
#define SIMD_X86_64 1
#else
#define SIMD_X86_64 0
#endif

#define SIMD_JOIN_(name, path) name##_##path
#define SIMD_JOIN(name, path) SIMD_JOIN_(name, path)
#define SIMD(name) SIMD_JOIN(name, SIMD_PATH)

/* Whether this machine can take a path. */
static int simd_supports(int path)
{
#if SIMD_X86_64
    __builtin_cpu_init();
    if (path == SIMD_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    if (path == SIMD_AVX2)
        return __builtin_cpu_supports("avx2") != 0;
#endif
    return path == SIMD_BASELINE;
}

#if SIMD_X86_64
#define SIMD_DISPATCH(result, name, parameters, arguments) \
    static result name parameters \
    { \
        switch (path) { \
        case SIMD_AVX512: \
            return name##_avx512 arguments; \
        case SIMD_AVX2: \
            return name##_avx2 arguments; \
        default: \
            return name##_baseline arguments; \
        } \
    }
#else
#define SIMD_DISPATCH(result, name, parameters, arguments) \
    static result name parameters \
    { \
        (void) path; \
        return name##_baseline arguments; \
    }
#endif

#endif

#ifdef SIMD_BODY

#define SIMD_PATH baseline
#define SIMD_SAMPLES 8
#define SIMD_LOOP static
#include SIMD_BODY
#undef SIMD_LOOP
#undef SIMD_SAMPLES
#undef SIMD_PATH

#if SIMD_X86_64

#define SIMD_PATH avx2
#define SIMD_SAMPLES 16
#define SIMD_LOOP __attribute__((target("avx2"))) static
#include SIMD_BODY
#undef SIMD_LOOP
#undef SIMD_SAMPLES
#undef SIMD_PATH

/* gcc halves its vectors for the sake of the first processors with AVX-512, which slowed down with whole ones. */
#if defined(__clang__)
#define SIMD_AVX512_TARGET "avx512f,avx512bw,avx512vl,avx512dq"
#else
#define SIMD_AVX512_TARGET "avx512f,avx512bw,avx512vl,avx512dq,prefer-vector-width=512"
#endif
#define SIMD_PATH avx512
#define SIMD_SAMPLES 32
#define SIMD_LOOP __attribute__((target(SIMD_AVX512_TARGET))) static
#include SIMD_BODY
#undef SIMD_LOOP
#undef SIMD_SAMPLES
#undef SIMD_PATH

#endif

#endif
