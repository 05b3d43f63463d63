// The C table of a plugin and the functions in it: the border that no exception crosses.
#include <deque>
#include <exception>
#include <new>
#include <utility>
#include <vector>

#include <millrace/detail/plugin.hpp>

#include "text.hpp"

namespace millrace {

void Operator::process_more(Context&) {
  throw Failure{MR_INTERNAL, "the operator asked for more and has no process_more()"};
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::Input:
      return "input";
    case Role::Filter:
      return "filter";
    case Role::Augment:
      return "augment";
    case Role::Preprocess:
      return "preprocess";
    case Role::Train:
      return "train";
    case Role::Label:
      return "label";
    case Role::Output:
      return "output";
  }
  return "unknown";
}

namespace {

// Returns what stands between the braces of a JSON object, without the white space around it.
std::string_view members_of(std::string_view object) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto trim = [&](std::string_view text) {
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return std::string_view{};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
  };
  object = trim(object);
  if (object.size() < 2) return {};
  return trim(object.substr(1, object.size() - 2));
}

std::string quote(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20) {
      quoted += "\\u00";
      quoted += kDigits[byte >> 4];
      quoted += kDigits[byte & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace

std::string declaration(std::string_view doc, std::string_view params, std::string_view traits) {
  std::string json =
      "{\"doc\": " + quote(doc) + ", \"params\": {" + std::string{members_of(params)} + "}";
  if (const auto members = members_of(traits); !members.empty())
    json += ", " + std::string{members};
  return json + "}";
}

namespace detail {

namespace {

thread_local mr_context* innermost_call = nullptr;

// An emitted batch may bring this thread into another operator of the same plugin, so calls nest.
class CallScope {
 public:
  explicit CallScope(mr_context* context) : outer_{std::exchange(innermost_call, context)} {}
  ~CallScope() { innermost_call = outer_; }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

 private:
  mr_context* outer_;
};

std::int32_t fail(mr_context* context, std::int32_t code, std::string_view message) {
  current_host->fail(context, code, text(message));
  return code;
}

// Runs one call into the plugin. Every exception becomes a code and a text here.
template <class Function>
std::int32_t guarded(mr_context* context, Function&& function) noexcept {
  const CallScope scope{context};
  try {
    return std::forward<Function>(function)();
  } catch (const Failure& failure) {
    const bool is_error = failure.code() > MR_OK && failure.code() < MR_END;
    return fail(context, is_error ? failure.code() : MR_INTERNAL, failure.what());
  } catch (const std::bad_alloc&) {
    return fail(context, MR_EXHAUSTED, "out of memory");
  } catch (const std::exception& error) {
    return fail(context, MR_INTERNAL, error.what());
  } catch (...) {
    return fail(context, MR_INTERNAL, "unknown exception");
  }
}

// What the engine holds as `self`: one of the two, and its checkpoint face when it has one.
struct Instance {
  std::unique_ptr<Operator> op;
  std::unique_ptr<Source> source;
  Checkpointed* checkpointed = nullptr;
};

const OperatorDefinition& definition_of(const mr_operator* type) {
  return *static_cast<const OperatorDefinition*>(type->data);
}

std::int32_t plan(const mr_operator* type, mr_context* context, const mr_value* params) noexcept {
  return guarded(context, [&] {
    const auto& definition = definition_of(type);
    Context call{context};
    definition.plan(call, Params{params}, definition.data);
    return MR_OK;
  });
}

std::int32_t create(const mr_operator* type, mr_context* context, const mr_value* params,
                    void** self) noexcept {
  return guarded(context, [&] {
    const auto& definition = definition_of(type);
    Context call{context};
    auto instance = std::make_unique<Instance>();
    if (definition.make_source != nullptr) {
      instance->source = definition.make_source(call, Params{params}, definition.data);
    } else {
      instance->op = definition.make_operator(call, Params{params}, definition.data);
    }
    if (!instance->source && !instance->op)
      throw Failure{MR_INTERNAL, "operator made no instance: " + definition.id};
    if (definition.is_checkpointed) {
      instance->checkpointed = instance->source
                                   ? dynamic_cast<Checkpointed*>(instance->source.get())
                                   : dynamic_cast<Checkpointed*>(instance->op.get());
      if (instance->checkpointed == nullptr) {
        throw Failure{MR_INTERNAL,
                      "operator is declared Checkpointed, its instance is not: " + definition.id};
      }
    }
    *self = instance.release();
    return MR_OK;
  });
}

void destroy(void* self) noexcept {
  const std::unique_ptr<Instance> instance{static_cast<Instance*>(self)};
}

std::int32_t produce(void* self, mr_context* context) noexcept {
  return guarded(context, [&] {
    Context call{context};
    return static_cast<Instance*>(self)->source->produce(call) ? MR_OK : MR_END;
  });
}

std::int32_t answer_of(const Context& call) { return call.wants_more() ? MR_MORE : MR_OK; }

std::int32_t process(void* self, mr_context* context, ArrowArray* array,
                     ArrowSchema* schema) noexcept {
  return guarded(context, [&] {
    Context call{context};
    Operator& op = *static_cast<Instance*>(self)->op;
    if (array == nullptr) {
      op.process_more(call);
    } else {
      op.process(call, Batch::import(array, schema));
    }
    return answer_of(call);
  });
}

std::int32_t finish(void* self, mr_context* context) noexcept {
  return guarded(context, [&] {
    Context call{context};
    static_cast<Instance*>(self)->op->finish(call);
    return answer_of(call);
  });
}

std::int32_t snapshot(void* self, mr_context* context) noexcept {
  return guarded(context, [&] {
    Context call{context};
    const std::string state = static_cast<Instance*>(self)->checkpointed->snapshot(call);
    current_host->save_state(context, text(state));
    return MR_OK;
  });
}

std::int32_t restore(void* self, mr_context* context, mr_text state) noexcept {
  return guarded(context, [&] {
    Context call{context};
    static_cast<Instance*>(self)->checkpointed->restore(call, view(state));
    return MR_OK;
  });
}

// The tables that the C structs point into; made once and kept for ever.
struct PluginTable {
  PluginTable(std::string_view plugin_name, std::string_view plugin_version,
              std::span<const OperatorDefinition> definitions)
      : name{plugin_name}, version{plugin_version} {
    for (const auto& definition : definitions) {
      auto& op = operators.emplace_back();
      op.struct_size = sizeof op;
      op.id = text(definition.id);
      op.role = text(to_string(definition.role));
      op.declaration = text(definition.declaration);
      op.data = &definition;
      op.plan = definition.plan != nullptr ? plan : nullptr;
      op.create = create;
      op.destroy = destroy;
      const bool is_source = definition.make_source != nullptr;
      op.produce = is_source ? produce : nullptr;
      op.process = is_source ? nullptr : process;
      op.finish = is_source ? nullptr : finish;
      op.snapshot = definition.is_checkpointed ? snapshot : nullptr;
      op.restore = definition.is_checkpointed ? restore : nullptr;
      pointers.push_back(&op);
    }
    plugin.struct_size = sizeof plugin;
    plugin.abi_version = MR_ABI_VERSION;
    plugin.name = text(name);
    plugin.version = text(version);
    plugin.operator_count = pointers.size();
    plugin.operators = pointers.data();
  }

  std::string name;
  std::string version;
  std::deque<mr_operator> operators;
  std::vector<const mr_operator*> pointers;
  mr_plugin plugin{};
};

}  // namespace

mr_context* current_call() { return innermost_call; }

const mr_plugin* describe_table(const mr_host* host, std::string_view name,
                                std::string_view version,
                                std::span<const OperatorDefinition> operators) noexcept {
  // A plugin that is asked again, by a second registry of the same engine, may be at work.
  if (host != nullptr && host != current_host) current_host = host;
  try {
    // Never destroyed: at the end of the program operators may still be at work.
    static const PluginTable& table = *new PluginTable{name, version, operators};
    return &table.plugin;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace detail
}  // namespace millrace
