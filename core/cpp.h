/* cpp.h - the devices of core.h for C++: numbers as nodes by overloads, options by a reference to a temporary.
 *
 * A system header to compilers: options that are not named are left out of the initialiser on purpose,
 * and -Wextra would say so at every call.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#pragma GCC system_header

extern "C++" {
static inline tw_arg tw__arg(tw_node *n) { return tw__arg_node(n); }
template <class T> static inline tw_arg tw__arg(T v) { return tw__arg_number((double)v); }    /* an int 0 is no pointer */
template <class T> static inline const T *tw__ref(const T &t) { return &t; }
template <class... T> static inline int tw__many(T...) { return (int)sizeof...(T); }
}
#define TW_ARG(x) tw__arg(x)
#define TW_OPTS(T, ...) tw__ref<T>(T{ ._size = (int)sizeof(T), __VA_ARGS__ })
#define TW_AXES(...)  (tw_axes{ tw__many(__VA_ARGS__), { __VA_ARGS__ } })
#define TW_SHAPE(...) (tw_shape{ tw__many(__VA_ARGS__), { __VA_ARGS__ } })
#define TW_AUTO auto
