/* Written in C against the header that ABI_HEADER names, an older or a later one than the engine's:
 * uses every struct that crosses and tells what came of it. A later header has fields that the
 * engine does not know; they hold 7 until the engine writes over them. */
#include ABI_HEADER

#include <stdio.h>
#include <string.h>

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

static const mr_host* host;

static mr_text text(const char* terminated) {
  mr_text made;
  made.data = terminated;
  made.size = strlen(terminated);
  return made;
}

static void tell(mr_context* context, const char* key, long long number) {
  char digits[32];
  snprintf(digits, sizeof digits, "%lld", number);
  host->result(context, text(key), text(digits));
}

static void each(void* user, mr_text uri, const mr_object_info* info) {
  (void)uri;
  *(uint64_t*)user += info->size_bytes;
}

static int32_t create(const mr_operator* type, mr_context* context, const mr_value* params,
                      void** self) {
  static int nothing;
  (void)type;
  (void)context;
  (void)params;
  *self = &nothing;
  return MR_OK;
}

static void destroy(void* self) { (void)self; }

static int32_t process(void* self, mr_context* context, struct ArrowArray* array,
                       struct ArrowSchema* schema) {
  mr_where where;
  mr_object_info info;
  mr_record_event event;
  uint64_t listed = 0;
  int32_t code;
  (void)self;
  array->release(array);
  schema->release(schema);

  memset(&where, 0, sizeof where);
  where.struct_size = sizeof where;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
#ifdef ABI_LATER
  where.later = 7;
  info.later = 7;
#endif
  host->where(context, &where);
  tell(context, "sequence", where.sequence);
  tell(context, "where size", where.struct_size);
  host->log(context, MR_LOG_INFO, where.node);
  code = host->stat(context, text("mem:a"), &info);
  if (code != MR_OK) return code;
  tell(context, "object", (long long)info.size_bytes);
  code = host->list(context, text("mem:"), each, &listed);
  if (code != MR_OK) return code;
  tell(context, "listed", (long long)listed);
#ifdef ABI_LATER
  {
    mr_connection connection;
    memset(&connection, 0, sizeof connection);
    connection.struct_size = sizeof connection;
    connection.later = 7;
    code = host->connection(context, text("input"), 0, &connection);
    if (code != MR_OK) return code;
    tell(context, "connection size", connection.struct_size);
    tell(context, "later of connection", connection.later);
    host->log(context, MR_LOG_INFO, connection.address);
  }
  tell(context, "later of where", where.later);
  tell(context, "later of object", info.later);
  tell(context, "host has later", MR_HAS(host, later));
  tell(context, "host has metric", MR_HAS(host, metric));
#endif

  memset(&event, 0, sizeof event);
  event.struct_size = sizeof event;
  event.code = text("seen");
  event.message = text("by the host");
  event.line = 3;
  host->record_event(context, &event);
  return MR_OK;
}

static const mr_operator sizes_operator = {
    .struct_size = sizeof(mr_operator),
    .id = TEXT("label.sizes"),
    .role = TEXT("label"),
    .declaration = TEXT("{\"doc\": \"Tells what crosses.\"}"),
    .create = create,
    .destroy = destroy,
    .process = process,
#ifdef ABI_LATER
    .later = 7,
#endif
};

static const mr_operator* const operators[] = {&sizes_operator};

static const mr_plugin plugin = {
    .struct_size = sizeof(mr_plugin),
    .abi_version = MR_ABI_VERSION,
    .name = TEXT("test.sizes"),
    .version = TEXT("1.0.0"),
    .operator_count = 1,
    .operators = operators,
#ifdef ABI_LATER
    .later = 7,
#endif
};

__attribute__((visibility("default"))) const mr_plugin* mr_plugin_v1(const mr_host* given) {
  if (given != NULL) host = given;
  return &plugin;
}
