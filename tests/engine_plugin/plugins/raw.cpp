// Written against abi.h alone, and wrong in the way that RAW_FLAW names.
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include <millrace/abi.h>

#define RAW_OTHER_ABI 1
#define RAW_SMALL_PLUGIN 2
#define RAW_SMALL_OPERATOR 3
#define RAW_NO_PROCESS 4
#define RAW_NULL 5
#define RAW_ESCAPING 6  // lets exceptions out
#define RAW_ONE_HOOK 7  // snapshot without restore
#define RAW_TINY_PLUGIN 8

namespace {

template <std::size_t size>
constexpr mr_text literal(const char (&text)[size]) {
  return {text, size - 1};
}

int state = 0;

std::int32_t create(const mr_operator*, mr_context*, const mr_value*, void** self) {
  *self = &state;
  return MR_OK;
}
void destroy(void*) {}
std::int32_t process(void*, mr_context*, ArrowArray* array, ArrowSchema* schema) {
  array->release(array);
  schema->release(schema);
  if (RAW_FLAW == RAW_ESCAPING) throw std::runtime_error{"out of the plugin"};
  return 77;  // no code of ours
}
std::int32_t finish(void*, mr_context*) {
  if (RAW_FLAW == RAW_ESCAPING) throw 1;
  return MR_IO;  // without a word
}
std::int32_t snapshot(void*, mr_context*) { return MR_OK; }

const mr_operator* make_operator() {
  static mr_operator op{};
  op.struct_size = RAW_FLAW == RAW_SMALL_OPERATOR ? 40 : sizeof(mr_operator);
  op.id = literal("filter.raw");
  op.role = literal("filter");
  op.declaration = literal("{}");
  op.create = create;
  op.destroy = destroy;
  op.process = RAW_FLAW == RAW_NO_PROCESS ? nullptr : process;
  op.finish = finish;
  if (RAW_FLAW == RAW_ONE_HOOK) op.snapshot = snapshot;
  return &op;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const mr_plugin* mr_plugin_v1(const mr_host*) {
  if (RAW_FLAW == RAW_NULL) return nullptr;
  static const mr_operator* const operators[] = {make_operator()};
  static mr_plugin plugin{};
  plugin.struct_size = RAW_FLAW == RAW_SMALL_PLUGIN  ? 24
                       : RAW_FLAW == RAW_TINY_PLUGIN ? 4
                                                     : sizeof(mr_plugin);
  plugin.abi_version = RAW_FLAW == RAW_OTHER_ABI ? 7 : MR_ABI_VERSION;
  plugin.name = literal("test.raw");
  plugin.version = literal("1.0.0");
  plugin.operator_count = 1;
  plugin.operators = operators;
  return &plugin;
}
