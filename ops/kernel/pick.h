/* pick.h - the version of a kernel for the dtype of its first input, where a kernel is compiled once for all machines. */
#pragma once

#define PICK(name, c) \
    switch ((c)->in[0].dtype) {                 \
    case TW_F32: return name##_f32(c);          \
    case TW_F64: return name##_f64(c);          \
    case TW_I32: return name##_i32(c);          \
    case TW_I64: return name##_i64(c);          \
    default:     return name##_u8(c);           \
    }
