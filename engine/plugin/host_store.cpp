#include <memory>
#include <span>
#include <utility>

#include "engine/plugin/abi_sizes.hpp"
#include "engine/plugin/held_reports.hpp"
#include "engine/plugin/host.hpp"
#include "engine/plugin/operator_instance.hpp"
#include "engine/plugin/text.hpp"

/// An object of the store that a plugin has open; made by open(), gone with close().
struct mr_reader {
  std::unique_ptr<millrace::ObjectReader> object;
};

namespace millrace::detail {
namespace {

// A writer belongs to the job; the plugin only borrows it.
mr_writer* to_handle(ObjectWriter* writer) { return reinterpret_cast<mr_writer*>(writer); }
ObjectWriter* to_writer(mr_writer* writer) { return reinterpret_cast<ObjectWriter*>(writer); }

std::int32_t code_of(const Result<void>& result) {
  return result.ok() ? MR_OK : failed(result.error());
}

mr_object_info to_info(const ObjectStat& stat) {
  mr_object_info info{};
  info.struct_size = sizeof(mr_object_info);
  info.is_folder = stat.is_folder ? 1 : 0;
  info.size_bytes = stat.size_bytes;
  info.modified_us = stat.modified_us;
  return info;
}

std::int32_t check_uri(mr_context* context, mr_text uri, std::int32_t for_writing) {
  return guarded(
      [&] { return code_of(context->call.services.check_uri(view(uri), for_writing != 0)); });
}

std::int32_t stat(mr_context* context, mr_text uri, mr_object_info* info) {
  return guarded([&] {
    if (!is_whole(info)) {
      return failed(Error{Code::InvalidArgument, "stat: struct_size of the info is too small"});
    }
    const auto found = context->call.services.stat(view(uri));
    if (!found.ok()) return failed(found.error());
    write_known(to_info(*found), *info);
    return MR_OK;
  });
}

std::int32_t list(mr_context* context, mr_text uri,
                  void (*each)(void* user, mr_text uri, const mr_object_info* info), void* user) {
  return guarded([&] {
    return code_of(context->call.services.list(view(uri), [&](const ListedObject& object) {
      if (object.is_passed_over()) return;
      const auto info = to_info(object.stat);
      each(user, to_text(object.uri), &info);
    }));
  });
}

std::int32_t list_below(mr_context* context, mr_text uri,
                        void (*each)(void* user, const mr_listed* entry), void* user) {
  return guarded([&] {
    return code_of(context->call.services.list(view(uri), [&](const ListedObject& object) {
      const mr_listed entry{.struct_size = sizeof(mr_listed),
                            .is_passed_over = object.is_passed_over() ? 1u : 0u,
                            .folder = to_text(object.folder),
                            .uri = to_text(object.uri),
                            .name = to_text(object.name),
                            .why = to_text(object.why),
                            .size_bytes = object.stat.size_bytes,
                            .modified_us = object.stat.modified_us};
      each(user, &entry);
    }));
  });
}

std::int32_t open(mr_context* context, mr_text uri, mr_reader** reader) {
  return guarded([&] {
    *reader = nullptr;
    auto object = context->call.services.open(view(uri));
    if (!object.ok()) return failed(object.error());
    *reader = std::make_unique<mr_reader>(mr_reader{*std::move(object)}).release();
    return MR_OK;
  });
}

std::int32_t read(mr_reader* reader, void* buffer, std::uint64_t capacity, std::uint64_t* size) {
  return guarded([&] {
    *size = 0;
    const auto count = reader->object->read(std::span{static_cast<char*>(buffer), capacity});
    if (!count.ok()) return failed(count.error());
    *size = *count;
    return MR_OK;
  });
}

std::int32_t seek(mr_reader* reader, std::uint64_t offset) {
  return guarded([&] { return code_of(reader->object->seek(offset)); });
}

void close(mr_reader* reader) { std::unique_ptr<mr_reader>{reader}.reset(); }

std::int32_t put(mr_context* context, mr_text uri, mr_text bytes) {
  return guarded([&] { return code_of(context->call.services.put(view(uri), view(bytes))); });
}

std::int32_t stage(mr_context* context, mr_text uri, mr_writer** writer, std::uint64_t* size) {
  return guarded([&] {
    *writer = nullptr;
    *size = 0;
    const auto staged = context->call.services.stage(view(uri));
    if (!staged.ok()) return failed(staged.error());
    *writer = to_handle(*staged);
    *size = (*staged)->size();
    return MR_OK;
  });
}

std::int32_t write(mr_writer* writer, mr_text bytes) {
  return guarded([&] { return code_of(to_writer(writer)->write(view(bytes))); });
}

std::int32_t seal(mr_context*, mr_writer* writer, char* sha256) {
  return guarded([&] {
    const auto name = to_writer(writer)->seal();
    if (!name.ok()) return failed(name.error());
    name->copy(sha256, 64);
    return MR_OK;
  });
}

std::int32_t truncate(mr_writer* writer, std::uint64_t size) {
  return guarded([&] { return code_of(to_writer(writer)->truncate(size)); });
}

std::int32_t give_rows(Result<Batch> rows, ArrowArray* array, ArrowSchema* schema) {
  if (!rows.ok()) return failed(rows.error());
  (*std::move(rows)).export_to(array, schema);
  return MR_OK;
}

const Json& json_or_null(const mr_value* value) {
  static const Json null;
  return value == nullptr ? null : *to_json_value(value);
}

std::int32_t connection(mr_context* context, mr_text name, std::int32_t for_writing,
                        mr_connection* given) {
  return guarded([&] {
    if (!is_whole(given))
      return failed(Error{Code::InvalidArgument, "connection: the struct is not one of this ABI"});
    auto found = context->call.services.connection(view(name), for_writing != 0);
    if (!found.ok()) return failed(found.error());
    const auto& told = context->connections.emplace_front(*std::move(found));
    mr_connection made{};
    made.address = to_text(told.address);
    made.password = to_text(told.password);
    write_known(made, *given);
    return MR_OK;
  });
}

std::int32_t catalog_query(mr_context* context, const mr_value* query, ArrowArray* array,
                           ArrowSchema* schema) {
  return guarded([&] {
    return give_rows(context->call.services.catalog_query(json_or_null(query)), array, schema);
  });
}

std::int32_t catalog_change(mr_context* context, const mr_value* change, ArrowArray* array,
                            ArrowSchema* schema) {
  return guarded([&] {
    const Call& call = context->call;
    auto made = call.services.make_change(json_or_null(change));
    if (!made.ok()) return failed(made.error());
    if (!made->kept.is_null()) {
      const auto kept = call.held != nullptr ? call.held->keep_change(std::move(made->kept))
                                             : call.services.keep_change(call.node, call.sequence,
                                                                         std::move(made->kept));
      if (!kept.ok()) return failed(kept.error());
    }
    return give_rows(std::move(made->answer), array, schema);
  });
}

}  // namespace

void fill_store_functions(mr_host& host) {
  host.check_uri = check_uri;
  host.stat = stat;
  host.list = list;
  host.list_below = list_below;
  host.open = open;
  host.read = read;
  host.seek = seek;
  host.close = close;
  host.put = put;
  host.stage = stage;
  host.write = write;
  host.truncate = truncate;
  host.seal = seal;
  host.connection = connection;
  host.catalog_query = catalog_query;
  host.catalog_change = catalog_change;
}

}  // namespace millrace::detail
