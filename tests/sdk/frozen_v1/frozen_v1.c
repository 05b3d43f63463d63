/* A plugin of version 1 of the ABI, written in C against its own copy of the header, without the
 * SDK. It must load and work for ever: from the release 1.0.0 on neither this file nor abi_v1.h is
 * ever changed.
 *
 * input.frozen_count emits int64 `n` = 0, 1, ... rows - 1 in batches of four, and can go on from a
 * checkpoint. filter.frozen_odd keeps the rows whose `n` is odd; null is dropped. It emits the
 * column `n` alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi_v1.h"

static const mr_host* host;

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

static mr_text text(const char* terminated) {
  mr_text made;
  made.data = terminated;
  made.size = strlen(terminated);
  return made;
}

static int32_t fail(mr_context* context, int32_t code, const char* message) {
  host->fail(context, code, text(message));
  return code;
}

/* --- one column `n` as a pair --- */

struct column {
  const void* buffers[2];
  const void* no_validity[1];
  struct ArrowArray child;
  struct ArrowArray* children[1];
};

static void release_array(struct ArrowArray* array) {
  struct column* column = array->private_data;
  if (column->child.release != NULL) column->child.release(&column->child);
  array->release = NULL;
  free(column);
}

static void release_child(struct ArrowArray* child) {
  free((void*)child->buffers[1]);
  child->release = NULL;
}

static void release_schema(struct ArrowSchema* schema) {
  int64_t i;
  for (i = 0; i < schema->n_children; ++i) {
    if (schema->children[i]->release != NULL) schema->children[i]->release(schema->children[i]);
  }
  free(schema->private_data);
  schema->release = NULL;
}

static void release_child_schema(struct ArrowSchema* schema) { schema->release = NULL; }

struct column_schema {
  struct ArrowSchema child;
  struct ArrowSchema* children[1];
};

/* Takes `values`, made by malloc, over and emits them. */
static int32_t emit(mr_context* context, int64_t* values, int64_t rows) {
  struct ArrowArray array;
  struct ArrowSchema schema;
  struct column* column = calloc(1, sizeof *column);
  struct column_schema* description = calloc(1, sizeof *description);
  mr_text main_port = TEXT("");
  if (column == NULL || description == NULL) {
    free(column);
    free(description);
    free(values);
    return fail(context, MR_EXHAUSTED, "out of memory");
  }
  column->buffers[1] = values;
  column->child.length = rows;
  column->child.n_buffers = 2;
  column->child.buffers = column->buffers;
  column->child.release = release_child;
  column->children[0] = &column->child;
  memset(&array, 0, sizeof array);
  array.length = rows;
  array.n_buffers = 1;
  array.buffers = column->no_validity;
  array.n_children = 1;
  array.children = column->children;
  array.release = release_array;
  array.private_data = column;

  description->child.format = "l";
  description->child.name = "n";
  description->child.release = release_child_schema;
  description->children[0] = &description->child;
  memset(&schema, 0, sizeof schema);
  schema.format = "+s";
  schema.name = "";
  schema.n_children = 1;
  schema.children = description->children;
  schema.release = release_schema;
  schema.private_data = description;
  return host->emit(context, main_port, &array, &schema);
}

/* --- input.frozen_count --- */

struct counter {
  int64_t next;
  int64_t rows;
};

static int32_t count_plan(const mr_operator* type, mr_context* context, const mr_value* params) {
  mr_text key = TEXT("rows");
  (void)type;
  if (host->value_integer(host->value_get(params, key)) > 1000000) {
    host->fault(context, text("range"), text("/rows"), text("more than a million rows"));
  }
  return MR_OK;
}

static int32_t count_create(const mr_operator* type, mr_context* context, const mr_value* params,
                            void** self) {
  mr_text key = TEXT("rows");
  const mr_value* rows = host->value_get(params, key);
  struct counter* counter = calloc(1, sizeof *counter);
  (void)type;
  if (counter == NULL) return fail(context, MR_EXHAUSTED, "out of memory");
  counter->rows = host->value_kind(rows) == MR_INTEGER ? host->value_integer(rows) : 10;
  *self = counter;
  return MR_OK;
}

static void count_destroy(void* self) { free(self); }

static int32_t count_produce(void* self, mr_context* context) {
  struct counter* counter = self;
  int64_t rows = counter->rows - counter->next < 4 ? counter->rows - counter->next : 4;
  int64_t* values;
  int64_t i;
  int32_t code;
  if (rows <= 0) return MR_END;
  if (host->stopping(context)) return fail(context, MR_CANCELLED, "stopped");
  values = malloc((size_t)rows * sizeof *values);
  if (values == NULL) return fail(context, MR_EXHAUSTED, "out of memory");
  for (i = 0; i < rows; ++i) values[i] = counter->next + i;
  code = emit(context, values, rows);
  if (code != MR_OK) return code;
  counter->next += rows;
  return MR_OK;
}

static int32_t count_snapshot(void* self, mr_context* context) {
  char state[32];
  snprintf(state, sizeof state, "%lld", (long long)((struct counter*)self)->next);
  host->save_state(context, text(state));
  return MR_OK;
}

static int32_t count_restore(void* self, mr_context* context, mr_text state) {
  char digits[32];
  if (state.size >= sizeof digits) return fail(context, MR_DATA_INVALID, "state is too long");
  memcpy(digits, state.data, state.size);
  digits[state.size] = 0;
  ((struct counter*)self)->next = strtoll(digits, NULL, 10);
  return MR_OK;
}

/* --- filter.frozen_odd --- */

static int32_t odd_create(const mr_operator* type, mr_context* context, const mr_value* params,
                          void** self) {
  static int nothing;
  (void)type;
  (void)context;
  (void)params;
  *self = &nothing;
  return MR_OK;
}

static void odd_destroy(void* self) { (void)self; }

static int32_t odd_rows(mr_context* context, const struct ArrowArray* array,
                        const struct ArrowSchema* schema) {
  const struct ArrowArray* column = NULL;
  int64_t* values;
  int64_t kept = 0;
  int64_t i;
  for (i = 0; i < schema->n_children; ++i) {
    if (strcmp(schema->children[i]->name, "n") == 0 &&
        strcmp(schema->children[i]->format, "l") == 0) {
      column = array->children[i];
    }
  }
  if (column == NULL) return fail(context, MR_DATA_INVALID, "there is no int64 column `n`");
  values = malloc(((size_t)array->length + 1) * sizeof *values);
  if (values == NULL) return fail(context, MR_EXHAUSTED, "out of memory");
  for (i = 0; i < array->length; ++i) {
    const int64_t at = column->offset + array->offset + i;
    const uint8_t* validity = column->buffers[0];
    const int64_t value = ((const int64_t*)column->buffers[1])[at];
    if (validity != NULL && ((validity[at / 8] >> (at % 8)) & 1) == 0) continue;
    if (value % 2 != 0) values[kept++] = value;
  }
  host->count(context, text("dropped"), array->length - kept);
  return emit(context, values, kept);
}

static int32_t odd_process(void* self, mr_context* context, struct ArrowArray* array,
                           struct ArrowSchema* schema) {
  const int32_t code = odd_rows(context, array, schema);
  (void)self;
  array->release(array);
  schema->release(schema);
  return code;
}

static int32_t odd_finish(void* self, mr_context* context) {
  mr_where where;
  (void)self;
  memset(&where, 0, sizeof where);
  where.struct_size = sizeof where;
  host->where(context, &where);
  host->log(context, MR_LOG_DEBUG, where.node);
  return MR_OK;
}

/* --- the table --- */

static const mr_operator count_operator = {
    sizeof(mr_operator),
    0,
    TEXT("input.frozen_count"),
    TEXT("input"),
    TEXT("{\"doc\": \"Counts in batches of four.\", \"params\": {\"rows\": {\"type\": \"integer\", "
         "\"default\": 10, "
         "\"minimum\": 0}}, \"emits\": {\"n\": \"int64\"}}"),
    NULL,
    count_plan,
    count_create,
    count_destroy,
    count_produce,
    NULL,
    NULL,
    count_snapshot,
    count_restore};

static const mr_operator odd_operator = {sizeof(mr_operator),
                                         0,
                                         TEXT("filter.frozen_odd"),
                                         TEXT("filter"),
                                         TEXT("{\"doc\": \"Keeps the rows whose n is odd.\", "
                                              "\"params\": {}, \"reads\": {\"n\": \"int64\"}}"),
                                         NULL,
                                         NULL,
                                         odd_create,
                                         odd_destroy,
                                         NULL,
                                         odd_process,
                                         odd_finish,
                                         NULL,
                                         NULL};

static const mr_operator* const operators[] = {&count_operator, &odd_operator};

static const mr_plugin plugin = {
    sizeof(mr_plugin), MR_ABI_VERSION, TEXT("frozen.v1"), TEXT("1.0.0"), 2, operators};

__attribute__((visibility("default"))) const mr_plugin* mr_plugin_v1(const mr_host* given) {
  if (given != NULL) host = given;
  return &plugin;
}
