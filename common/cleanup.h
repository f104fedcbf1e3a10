/* SPDX-License-Identifier: MIT */
/*
 * Scope-bound cleanup.
 *
 * CLEANUP(fn) runs fn(&var) when var leaves scope; take_ptr() hands ownership
 * to the caller and disarms it.
 */
#pragma once

#include <stdlib.h>

#define CLEANUP(fn)                   __attribute__((cleanup(fn)))
#define MUST_CHECK                    __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt_idx, arg_idx) __attribute__((format(printf, fmt_idx, arg_idx)))
#define ARRAY_LEN(a)                  (sizeof(a) / sizeof((a)[0]))

#define DEFINE_CLEANUP(name, type, free_fn)                                    \
    static inline void name(type **p) /* NOLINT(bugprone-macro-parentheses) */ \
    {                                                                          \
        if (*p) {                                                              \
            free_fn(*p);                                                       \
        }                                                                      \
    }

#define take_ptr(p)                 \
    __extension__({                 \
        __typeof__(p) taken_ = (p); \
        (p) = NULL;                 \
        taken_;                     \
    })

/* For `CLEANUP(free_str) char *s`. */
static inline void free_str(char **p)
{
    free(*p);
}
