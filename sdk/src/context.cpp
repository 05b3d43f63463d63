#include <algorithm>
#include <exception>
#include <mutex>
#include <utility>

#include <millrace/context.hpp>
#include <millrace/detail/plugin.hpp>

#include "text.hpp"

namespace millrace {

using detail::current_host;
using detail::text;
using detail::view;

namespace {

// Turns the code of a host function into a Failure with the host's own words.
void check(int code, mr_context* context, std::string_view what) {
  if (code == MR_OK) return;
  const std::string_view reason = view(current_host->last_error(context));
  throw Failure{code, reason.empty() ? std::string{what} + " failed" : std::string{reason}};
}

// Fails where the engine was built before a service that the operator needs.
void require(bool is_known, std::string_view service) {
  if (is_known) return;
  throw Failure{MR_CONFLICT, "this engine is older than the plugin and has no " +
                                 std::string{service} + "(); run it in a newer engine"};
}

// What parallel() hands through the host: the caller's function, and what the call of the lowest
// index threw.
struct Calls {
  const std::function<void(std::uint64_t)>& function;
  std::mutex mutex{};  // guards both below
  std::uint64_t index = UINT64_MAX;
  std::exception_ptr thrown{};
};

std::int32_t call_one(void* user, std::uint64_t index) {
  auto& calls = *static_cast<Calls*>(user);
  try {
    calls.function(index);
    return MR_OK;
  } catch (...) {
    const std::lock_guard lock{calls.mutex};
    if (index < calls.index) {
      calls.index = index;
      calls.thrown = std::current_exception();
    }
    return MR_INTERNAL;
  }
}

mr_where where(mr_context* context) {
  mr_where place{};
  place.struct_size = sizeof place;
  current_host->where(context, &place);
  return place;
}

// Uses what every version has; what is appended is asked for with MR_HAS.
ObjectInfo to_info(const mr_object_info& info) {
  return {info.size_bytes, info.is_folder != 0, info.modified_us};
}

mr_object_info empty_info() {
  mr_object_info info{};
  info.struct_size = sizeof info;
  return info;
}

// What a listing hands through the host: the caller's function, and what it threw.
template <class... What>
struct Listing {
  const std::function<void(What...)>& each;
  std::exception_ptr thrown{};

  void tell(What... what) {
    if (thrown) return;
    try {
      each(what...);
    } catch (...) {
      thrown = std::current_exception();
    }
  }
};

using FileListing = Listing<std::string_view, const ObjectInfo&>;
using WholeListing = Listing<const Listed&>;

void list_one(void* user, mr_text uri, const mr_object_info* info) {
  static_cast<FileListing*>(user)->tell(view(uri), to_info(*info));
}

void list_one_below(void* user, const mr_listed* entry) {
  static_cast<WholeListing*>(user)->tell(
      Listed{.folder = view(entry->folder),
             .uri = view(entry->uri),
             .name = view(entry->name),
             .why = view(entry->why),
             .info = {.size_bytes = entry->size_bytes, .modified_us = entry->modified_us}});
}

}  // namespace

Reader::Reader(Reader&& other) noexcept
    : context_{other.context_}, reader_{std::exchange(other.reader_, nullptr)} {}

Reader& Reader::operator=(Reader&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(reader_, other.reader_);
  return *this;
}

Reader::~Reader() {
  if (reader_ != nullptr) current_host->close(reader_);
}

std::size_t Reader::read(std::span<char> buffer) {
  std::uint64_t size = 0;
  check(current_host->read(reader_, buffer.data(), buffer.size(), &size), context_, "read");
  return size;
}

void Reader::seek(std::uint64_t offset) {
  check(current_host->seek(reader_, offset), context_, "seek");
}

void Writer::write(std::string_view bytes) {
  check(current_host->write(writer_, text(bytes)), detail::current_call(), "write");
  size_ += bytes.size();
}

void Writer::truncate(std::uint64_t size) {
  check(current_host->truncate(writer_, size), detail::current_call(), "truncate");
  size_ = size;
}

std::string_view Context::job() const { return view(where(context_).job); }
std::string_view Context::node() const { return view(where(context_).node); }
std::uint64_t Context::seed() const { return where(context_).seed; }
std::int64_t Context::sequence() const { return where(context_).sequence; }
unsigned Context::attempt() const { return where(context_).attempt; }
std::string_view Context::engine() const { return view(where(context_).engine); }
std::int64_t Context::token() const { return where(context_).token; }
unsigned Context::job_attempt() const { return where(context_).job_attempt; }
std::string_view Context::installation() const { return view(where(context_).installation); }
std::chrono::milliseconds Context::lease() const {
  return std::chrono::milliseconds{where(context_).lease_ms};
}

void Context::emit(Batch batch, std::string_view port) {
  ArrowArray array;
  ArrowSchema schema;
  std::move(batch).export_to(&array, &schema);
  check(current_host->emit(context_, text(port), &array, &schema), context_, "emit");
}

// Hosts know MR_MORE since they have parallel().
void Context::more() {
  require(MR_HAS(current_host, parallel), "more");
  wants_more_ = true;
}

void Context::parallel(std::uint64_t count, const std::function<void(std::uint64_t)>& function) {
  if (!MR_HAS(current_host, parallel)) {
    for (std::uint64_t i = 0; i < count; ++i) {
      if (stopping()) throw Failure{MR_CANCELLED, "stopped"};
      function(i);
    }
    return;
  }
  Calls calls{function};
  const int code = current_host->parallel(context_, count, call_one, &calls);
  if (calls.thrown) std::rethrow_exception(calls.thrown);
  check(code, context_, "parallel");
}

bool Context::stopping() const { return current_host->stopping(context_) != 0; }

void Context::log(Level level, std::string_view message) {
  current_host->log(context_, static_cast<std::int32_t>(level), text(message));
}

void Context::progress(std::uint64_t done, std::uint64_t total, std::string_view unit) {
  current_host->progress(context_, done, total, text(unit));
}

void Context::count(std::string_view counter, std::int64_t by) {
  current_host->count(context_, text(counter), by);
}

void Context::record_event(const RecordEvent& event) {
  mr_record_event record{};
  record.struct_size = sizeof record;
  record.level = static_cast<std::int32_t>(event.level);
  record.code = text(event.code);
  record.message = text(event.message);
  record.file = text(event.file);
  record.line = event.line;
  record.url = text(event.url);
  record.op = text(event.op);
  current_host->record_event(context_, &record);
}

void Context::result(std::string_view key, std::string_view json) {
  current_host->result(context_, text(key), text(json));
}

void Context::metric(std::string_view name, std::int64_t step, double value) {
  require(MR_HAS(current_host, metric), "metric");
  check(current_host->metric(context_, text(name), step, value), context_, "metric");
}

void Context::fault(std::string_view kind, std::string_view pointer, std::string_view message) {
  current_host->fault(context_, text(kind), text(pointer), text(message));
}

void Context::trait(std::string_view key, std::string_view json) {
  current_host->trait(context_, text(key), text(json));
}

void Context::check_uri(std::string_view uri, bool for_writing) {
  check(current_host->check_uri(context_, text(uri), for_writing ? 1 : 0), context_,
        "check of an address");
}

ObjectInfo Context::stat(std::string_view uri) {
  mr_object_info info = empty_info();
  check(current_host->stat(context_, text(uri), &info), context_, "stat");
  return to_info(info);
}

void Context::list(std::string_view uri,
                   const std::function<void(std::string_view, const ObjectInfo&)>& each) {
  FileListing listing{each};
  const int code = current_host->list(context_, text(uri), list_one, &listing);
  if (listing.thrown) std::rethrow_exception(listing.thrown);
  check(code, context_, "list");
}

void Context::list_below(std::string_view uri, const std::function<void(const Listed&)>& each) {
  require(MR_HAS(current_host, list_below), "list_below");
  WholeListing listing{each};
  const int code = current_host->list_below(context_, text(uri), list_one_below, &listing);
  if (listing.thrown) std::rethrow_exception(listing.thrown);
  check(code, context_, "list");
}

Reader Context::open(std::string_view uri) {
  mr_reader* reader = nullptr;
  check(current_host->open(context_, text(uri), &reader), context_, "open");
  return Reader{context_, reader};
}

std::string Context::read_all(std::string_view uri, std::uint64_t max_bytes) {
  constexpr std::size_t kFirstBytes = 256 * 1024;
  Reader reader = open(uri);
  std::string bytes;
  std::size_t filled = 0;
  // One byte more than allowed is asked for, to see whether there is more.
  const std::uint64_t limit = max_bytes == UINT64_MAX ? max_bytes : max_bytes + 1;
  while (filled < limit) {
    if (filled == bytes.size()) {
      bytes.resize(static_cast<std::size_t>(
          std::min<std::uint64_t>(limit, std::max(kFirstBytes, filled * 2))));
    }
    const std::size_t size = reader.read({bytes.data() + filled, bytes.size() - filled});
    if (size == 0) break;
    filled += size;
  }
  if (filled > max_bytes) {
    throw Failure{MR_EXHAUSTED, "object is larger than " + std::to_string(max_bytes) +
                                    " bytes: " + std::string{uri}};
  }
  bytes.resize(filled);
  return bytes;
}

void Context::put(std::string_view uri, std::string_view bytes) {
  check(current_host->put(context_, text(uri), text(bytes)), context_, "put");
}

Writer Context::stage(std::string_view uri) {
  mr_writer* writer = nullptr;
  std::uint64_t size = 0;
  check(current_host->stage(context_, text(uri), &writer, &size), context_, "stage");
  return Writer{writer, size};
}

std::string Context::seal(Writer& writer) {
  require(MR_HAS(current_host, seal), "seal");
  if (writer.writer_ == nullptr)
    throw Failure{MR_INVALID_ARGUMENT, "seal: the content has been sealed, or was never staged"};
  std::string sha256(64, '\0');
  check(current_host->seal(context_, writer.writer_, sha256.data()), context_, "seal");
  writer.writer_ = nullptr;
  return sha256;
}

ConnectionInfo Context::connection(std::string_view name, bool for_writing) {
  require(MR_HAS(current_host, connection), "connection");
  mr_connection told{};
  told.struct_size = sizeof told;
  check(current_host->connection(context_, text(name), for_writing ? 1 : 0, &told), context_,
        "connection");
  return {std::string{view(told.address)}, std::string{view(told.password)}};
}

Batch Context::query(const Value& query) {
  ArrowArray array{};
  ArrowSchema schema{};
  check(current_host->catalog_query(context_, query.handle(), &array, &schema), context_,
        "catalog query");
  return Batch::import(&array, &schema);
}

Batch Context::change(const Value& change) {
  ArrowArray array{};
  ArrowSchema schema{};
  check(current_host->catalog_change(context_, change.handle(), &array, &schema), context_,
        "catalog change");
  return Batch::import(&array, &schema);
}

Value Context::parse(std::string_view json) {
  const mr_value* value = current_host->value_parse(context_, text(json));
  if (value == nullptr) check(MR_DATA_INVALID, context_, "parse");
  return Value{value};
}

}  // namespace millrace
