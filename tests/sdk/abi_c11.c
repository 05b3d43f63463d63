/* Compiled as C11 with all warnings: abi.h needs nothing else. What C sees is compared with what
 * C++ sees. */
#include "abi_c11.h"

#include <stddef.h>

#include <millrace/abi.h>

const size_t mr_c11_sizes[] = {
    sizeof(struct ArrowSchema), sizeof(struct ArrowArray), sizeof(mr_text),
    sizeof(mr_where),           sizeof(mr_record_event),   sizeof(mr_object_info),
    sizeof(mr_listed),          sizeof(mr_connection),     sizeof(mr_host),
    sizeof(mr_operator),        sizeof(mr_plugin),
};
const size_t mr_c11_size_count = sizeof mr_c11_sizes / sizeof mr_c11_sizes[0];
