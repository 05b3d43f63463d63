#ifndef MILLRACE_TESTS_SDK_ABI_C11_H
#define MILLRACE_TESTS_SDK_ABI_C11_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sizes of the structs of abi.h in the order of the header, as a C compiler sees them. */
extern const size_t mr_c11_sizes[];
extern const size_t mr_c11_size_count;

#ifdef __cplusplus
}
#endif

#endif
