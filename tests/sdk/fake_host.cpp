#include "tests/sdk/fake_host.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <dlfcn.h>
#include <memory>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

struct mr_reader {
  mr_context* context;
  std::string bytes;
  std::size_t at = 0;
};

struct mr_writer {
  mr_context* context;
  std::string* bytes;
};

namespace millrace::sdk_test {

namespace {

mr_text text(std::string_view view) { return {view.data(), view.size()}; }
std::string copy(mr_text text) { return std::string{view(text)}; }

std::int32_t failed(mr_context* context, std::int32_t code, std::string message) {
  context->last_error = std::move(message);
  return code;
}

mr_value to_value(const nlohmann::json& json) {
  if (json.is_boolean()) return json_bool(json.get<bool>());
  if (json.is_number_integer()) return json_integer(json.get<std::int64_t>());
  if (json.is_number()) return json_number(json.get<double>());
  if (json.is_string()) return json_string(json.get<std::string>());
  mr_value made = json_object({});
  if (json.is_null()) made.kind = MR_NULL;
  if (json.is_array()) made.kind = MR_ARRAY;
  for (const auto& item : json.items()) {
    made.members.emplace_back(json.is_object() ? item.key() : "", to_value(item.value()));
  }
  return made;
}

void add_values(mr_host& host) {
  host.value_parse = [](mr_context* context, mr_text text) -> const mr_value* {
    const auto json = nlohmann::json::parse(view(text), nullptr, false);
    if (json.is_discarded()) {
      context->last_error = "no JSON: " + copy(text);
      return nullptr;
    }
    return &context->parsed.emplace_back(to_value(json));
  };
  host.value_kind = [](const mr_value* value) {
    return std::int32_t{value != nullptr ? value->kind : MR_NULL};
  };
  host.value_bool = [](const mr_value* value) { return std::int32_t{value->boolean}; };
  host.value_integer = [](const mr_value* value) { return value->integer; };
  host.value_number = [](const mr_value* value) {
    return value->kind == MR_INTEGER ? static_cast<double>(value->integer) : value->number;
  };
  host.value_string = [](const mr_value* value) { return text(value->string); };
  host.value_size = [](const mr_value* value) { return std::uint64_t{value->members.size()}; };
  host.value_at = [](const mr_value* value, std::uint64_t index) -> const mr_value* {
    return index < value->members.size() ? &value->members[index].second : nullptr;
  };
  host.value_key = [](const mr_value* value, std::uint64_t index) {
    return text(value->members.at(index).first);
  };
  host.value_get = [](const mr_value* value, mr_text key) -> const mr_value* {
    for (const auto& [name, member] : value->members) {
      if (name == view(key)) return &member;
    }
    return nullptr;
  };
}

void add_call(mr_host& host) {
  host.where = [](mr_context* context, mr_where* where) {
    where->attempt = context->attempt;
    where->job = text(context->job);
    where->node = text(context->node);
    where->seed = context->seed;
    where->sequence = context->sequence;
    if (context->where_size <= offsetof(mr_where, engine) || !MR_HAS(where, reserved)) return;
    where->engine = text("engine-1");
    where->token = 12;
    where->job_attempt = 2;
    if (!MR_HAS(where, lease_ms)) return;
    where->installation = text("installation-1");
    where->lease_ms = 30'000;
  };
  // In descending order, and all of them: the answer is that of the lowest index all the same.
  host.parallel = [](mr_context* context, std::uint64_t count,
                     std::int32_t (*function)(void*, std::uint64_t), void* user) {
    std::int32_t code = MR_OK;
    for (std::uint64_t i = count; i-- > 0;) {
      if (const auto answer = function(user, i); answer != MR_OK) code = answer;
    }
    return code == MR_OK ? code : failed(context, code, "a parallel call failed");
  };
  host.metric = [](mr_context* context, mr_text name, std::int64_t step, double value) {
    context->metrics.push_back(copy(name) + " " + std::to_string(step) + " " +
                               std::to_string(value));
    return MR_OK;
  };
  host.fail = [](mr_context* context, std::int32_t code, mr_text message) {
    context->code = code;
    context->message = copy(message);
  };
  host.fault = [](mr_context* context, mr_text kind, mr_text pointer, mr_text message) {
    context->faults.push_back(copy(kind) + " " + copy(pointer) + " " + copy(message));
  };
  host.trait = [](mr_context* context, mr_text key, mr_text json) {
    context->traits[copy(key)] = copy(json);
  };
  host.emit = [](mr_context* context, mr_text port, ArrowArray* array, ArrowSchema* schema) {
    Batch batch = Batch::import(array, schema);
    if (context->emit_code != MR_OK)
      return failed(context, context->emit_code, "the edge is closed");
    if (context->next_type != nullptr) {
      ArrowArray next_array{};
      ArrowSchema next_schema{};
      std::move(batch).export_to(&next_array, &next_schema);
      return context->next_type->process(context->next_self, context->next_context, &next_array,
                                         &next_schema);
    }
    context->emitted.emplace_back(copy(port), std::move(batch));
    return MR_OK;
  };
  host.stopping = [](mr_context* context) { return std::int32_t{context->is_stopping}; };
  host.log = [](mr_context* context, std::int32_t level, mr_text message) {
    context->logs.push_back(std::to_string(level) + " " + copy(message));
  };
  host.progress = [](mr_context* context, std::uint64_t done, std::uint64_t total, mr_text unit) {
    context->progress.push_back(std::to_string(done) + "/" + std::to_string(total) + " " +
                                copy(unit));
  };
  host.count = [](mr_context* context, mr_text counter, std::int64_t by) {
    context->counts[copy(counter)] += by;
  };
  host.record_event = [](mr_context* context, const mr_record_event* event) {
    context->events.push_back(copy(event->code) + "|" + copy(event->message) + "|" +
                              copy(event->file) + "|" + std::to_string(event->line) + "|" +
                              copy(event->url) + "|" + copy(event->op));
  };
  host.result = [](mr_context* context, mr_text key, mr_text json) {
    context->results[copy(key)] = copy(json);
  };
  host.save_state = [](mr_context* context, mr_text state) { context->state = copy(state); };
  host.last_error = [](mr_context* context) {
    return context != nullptr ? text(context->last_error) : mr_text{};
  };
}

void add_store(mr_host& host) {
  host.check_uri = [](mr_context* context, mr_text uri, std::int32_t for_writing) {
    return for_writing != 0 && view(uri).starts_with("http:")
               ? failed(context, MR_PERMISSION_DENIED, "cannot write to " + copy(uri))
               : MR_OK;
  };
  host.stat = [](mr_context* context, mr_text uri, mr_object_info* info) {
    const auto found = context->objects.find(copy(uri));
    if (found == context->objects.end())
      return failed(context, MR_NOT_FOUND, "no such object: " + copy(uri));
    info->size_bytes = found->second.size();
    info->modified_us = 99;
    return MR_OK;
  };
  host.list = [](mr_context* context, mr_text uri,
                 void (*each)(void*, mr_text, const mr_object_info*), void* user) {
    mr_object_info info{};
    info.struct_size = sizeof info;
    for (const auto& [name, bytes] : context->objects) {
      if (!name.starts_with(view(uri))) continue;
      info.size_bytes = bytes.size();
      each(user, text(name), &info);
    }
    return view(uri).empty() ? failed(context, MR_INVALID_ARGUMENT, "an empty address") : MR_OK;
  };
  host.list_below = [](mr_context* context, mr_text uri, void (*each)(void*, const mr_listed*),
                       void* user) {
    for (const auto& [name, bytes] : context->objects) {
      if (!name.starts_with(view(uri))) continue;
      const mr_listed entry{.struct_size = sizeof(mr_listed),
                            .is_passed_over = 0,
                            .folder = uri,
                            .uri = text(name),
                            .name = text(std::string_view{name}.substr(view(uri).size())),
                            .why = {},
                            .size_bytes = bytes.size(),
                            .modified_us = 0};
      each(user, &entry);
    }
    mr_listed link{};
    link.struct_size = sizeof link;
    link.is_passed_over = 1;
    link.folder = uri;
    link.name = text("link");
    link.why = text("a symbolic link");
    each(user, &link);
    return MR_OK;
  };
  host.open = [](mr_context* context, mr_text uri, mr_reader** reader) {
    // What lies in scratch can be read while it is being written.
    const auto& all = view(uri).starts_with("work:") ? context->staged : context->objects;
    const auto found = all.find(copy(uri));
    if (found == all.end()) return failed(context, MR_NOT_FOUND, "no such object: " + copy(uri));
    *reader = std::make_unique<mr_reader>(mr_reader{context, found->second}).release();
    context->counts["open readers"] += 1;
    return MR_OK;
  };
  host.read = [](mr_reader* reader, void* buffer, std::uint64_t capacity, std::uint64_t* size) {
    if (reader->bytes == "broken") return failed(reader->context, MR_IO, "the disk is gone");
    // At most 1000 bytes at a time, as a network would.
    *size =
        std::min({capacity, std::uint64_t{1000}, std::uint64_t{reader->bytes.size() - reader->at}});
    if (*size != 0) std::memcpy(buffer, reader->bytes.data() + reader->at, *size);
    reader->at += *size;
    return MR_OK;
  };
  host.seek = [](mr_reader* reader, std::uint64_t offset) {
    if (offset > reader->bytes.size())
      return failed(reader->context, MR_INVALID_ARGUMENT, "beyond the end");
    reader->at = offset;
    return MR_OK;
  };
  host.close = [](mr_reader* reader) {
    const std::unique_ptr<mr_reader> last{reader};
    last->context->counts["open readers"] -= 1;
  };
  host.put = [](mr_context* context, mr_text uri, mr_text bytes) {
    context->objects[copy(uri)] = copy(bytes);
    return MR_OK;
  };
  host.stage = [](mr_context* context, mr_text uri, mr_writer** writer, std::uint64_t* size) {
    static std::vector<std::unique_ptr<mr_writer>>
        writers;  // the host closes them, here at the end of the program
    writers.push_back(std::make_unique<mr_writer>(mr_writer{context, &context->staged[copy(uri)]}));
    *writer = writers.back().get();
    *size = (*writer)->bytes->size();
    return MR_OK;
  };
  host.write = [](mr_writer* writer, mr_text bytes) {
    if (view(bytes) == "full") return failed(writer->context, MR_EXHAUSTED, "the disk is full");
    writer->bytes->append(view(bytes));
    return MR_OK;
  };
  host.seal = [](mr_context* context, mr_writer* writer, char* sha256) {
    if (writer->bytes->empty()) return failed(context, MR_EXHAUSTED, "no room for a name");
    const std::string name(64, 'a');
    context->objects["blob:" + name] = *writer->bytes;
    name.copy(sha256, 64);
    return MR_OK;
  };
  host.truncate = [](mr_writer* writer, std::uint64_t size) {
    writer->bytes->resize(size);
    return MR_OK;
  };
  host.connection = [](mr_context* context, mr_text name, std::int32_t for_writing,
                       mr_connection* connection) {
    if (view(name) != "input")
      return failed(context, MR_NOT_FOUND, "no connection has the name " + copy(name));
    if (for_writing != 0)
      return failed(context, MR_PERMISSION_DENIED, "the connection is for reading");
    connection->address = text("mysql://me@db.example/tags");
    connection->password = text("sesame");
    return MR_OK;
  };
  host.catalog_query = [](mr_context* context, const mr_value* query, ArrowArray* array,
                          ArrowSchema* schema) {
    context->queried = query != nullptr ? query->string : "";
    Builder<std::int64_t> builder;
    builder.append(1);
    Batch{}.with("id", std::move(builder)).export_to(array, schema);
    return MR_OK;
  };
  host.catalog_change = [](mr_context* context, const mr_value*, ArrowArray*, ArrowSchema*) {
    return failed(context, MR_CONFLICT, "changed by somebody else");
  };
}

}  // namespace

const mr_host& fake_host() {
  static const mr_host host = [] {
    mr_host made{};
    made.struct_size = sizeof made;
    made.abi_version = MR_ABI_VERSION;
    add_values(made);
    add_call(made);
    add_store(made);
    return made;
  }();
  return host;
}

mr_value json_bool(bool value) { return {.kind = MR_BOOL, .boolean = value}; }
mr_value json_integer(std::int64_t value) { return {.kind = MR_INTEGER, .integer = value}; }
mr_value json_number(double value) { return {.kind = MR_NUMBER, .number = value}; }
mr_value json_string(std::string_view value) {
  return {.kind = MR_STRING, .string = std::string{value}};
}

mr_value json_array(std::vector<mr_value> elements) {
  mr_value made{.kind = MR_ARRAY};
  for (auto& element : elements) made.members.emplace_back("", std::move(element));
  return made;
}

mr_value json_object(std::vector<std::pair<std::string, mr_value>> members) {
  return {.kind = MR_OBJECT, .members = std::move(members)};
}

LoadedPlugin::LoadedPlugin(const char* path, const mr_host* host) {
  library_ = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  const char* error = library_ == nullptr ? dlerror() : "";
  INFO(error);
  REQUIRE(library_ != nullptr);
  const auto entry = reinterpret_cast<mr_plugin_v1_function>(dlsym(library_, "mr_plugin_v1"));
  REQUIRE(entry != nullptr);
  table_ = entry(host);
  REQUIRE(table_ != nullptr);
}

const mr_operator* LoadedPlugin::find(std::string_view id) const {
  for (std::uint64_t i = 0; i < table_->operator_count; ++i) {
    if (view(table_->operators[i]->id) == id) return table_->operators[i];
  }
  return nullptr;
}

bool LoadedPlugin::exports(const char* symbol) const { return dlsym(library_, symbol) != nullptr; }

std::string_view view(mr_text text) {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

}  // namespace millrace::sdk_test
