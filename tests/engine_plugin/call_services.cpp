#include "call_services.hpp"

#include <algorithm>
#include <cstring>

namespace millrace::test {
namespace {

class TextReader final : public ObjectReader {
 public:
  explicit TextReader(std::string text) : text_{std::move(text)} {}
  Result<std::size_t> read(std::span<char> buffer) override {
    if (text_ == "broken") return Error{Code::Io, "the disk broke"};
    const auto count = std::min(buffer.size(), text_.size() - place_);
    std::memcpy(buffer.data(), text_.data() + place_, count);
    place_ += count;
    return count;
  }
  Result<void> seek(std::uint64_t offset) override {
    if (offset > text_.size()) return Error{Code::InvalidArgument, "past the end"};
    place_ = offset;
    return {};
  }

 private:
  std::string text_;
  std::size_t place_ = 0;
};

class TextWriter final : public ObjectWriter {
 public:
  Result<void> write(std::string_view bytes) override {
    if (bytes == "full") return Error{Code::Exhausted, "no space left"};
    text_ += bytes;
    return {};
  }
  Result<void> truncate(std::uint64_t size) override {
    text_.resize(size);
    return {};
  }
  [[nodiscard]] std::uint64_t size() const override { return text_.size(); }
  Result<std::string> seal() override {
    if (text_ == "broken") return Error{Code::Io, "the disk broke"};
    return std::string(64, static_cast<char>('0' + text_.size()));
  }

 private:
  std::string text_;
};

Error missing(std::string_view uri) {
  return Error{Code::NotFound, "no such object: " + std::string{uri}};
}

}  // namespace

void CallServices::log(std::string_view node, int level, std::string_view message) {
  logs.push_back(std::string{node} + "/" + std::to_string(level) + "/" + std::string{message});
}

void CallServices::record_event(std::string_view, const RecordLogEvent& event) {
  events.push_back(std::string{event.code} + "/" + std::string{event.message} + "/" +
                   std::to_string(event.line));
}

Result<void> CallServices::set_result(std::string_view key, std::string_view json) {
  MR_CHECK(parse_json(json));
  results[std::string{key}] = json;
  return {};
}

Result<void> CallServices::check_uri(std::string_view uri, bool for_writing) {
  asked_uris.push_back(std::string{for_writing ? "write " : "read "} + std::string{uri});
  if (!uri.starts_with("mem:"))
    return Error{Code::InvalidArgument, "unknown scheme: " + std::string{uri}, "uri_scheme"};
  if (uri.starts_with("mem:secret"))
    return Error{Code::PermissionDenied, "not open to this job: " + std::string{uri}};
  if (uri == "mem:odd")
    return Error{Code::InvalidArgument, "odd address", "disk path that is no word"};
  return {};
}

Result<ObjectStat> CallServices::stat(std::string_view uri) {
  const auto found = objects.find(uri);
  if (found == objects.end()) return missing(uri);
  return ObjectStat{found->second.size(), false, 5};
}

Result<void> CallServices::list(std::string_view uri, const EachListed& each) {
  for (const auto& [address, text] : objects) {
    if (!address.starts_with(uri)) continue;
    each({.folder = uri,
          .uri = address,
          .name = std::string_view{address}.substr(uri.size()),
          .stat = {text.size()}});
  }
  return {};
}

Result<std::unique_ptr<ObjectReader>> CallServices::open(std::string_view uri) {
  const auto found = objects.find(uri);
  if (found == objects.end()) return missing(uri);
  return std::unique_ptr<ObjectReader>{std::make_unique<TextReader>(found->second)};
}

Result<void> CallServices::put(std::string_view uri, std::string_view bytes) {
  MR_CHECK(check_uri(uri, true));
  objects[std::string{uri}] = bytes;
  return {};
}

Result<ObjectWriter*> CallServices::stage(std::string_view uri) {
  auto& writer = staged[std::string{uri}];
  if (!writer) writer = std::make_unique<TextWriter>();
  return writer.get();
}

Result<Batch> CallServices::catalog_query(const Json& query) {
  if (query == "throw") throw std::runtime_error{"services broke"};
  if (query != "rows") return Error{Code::Unavailable, "the catalog is away"};
  Builder<std::int64_t> ids;
  ids.append(1);
  return Batch{}.with("id", std::move(ids));
}

Result<Batch> CallServices::catalog_change(const Json& change) { return catalog_query(change); }

void Emissions::take(void* user, std::string_view port, Batch batch) {
  static_cast<Emissions*>(user)->batches.emplace_back(std::string{port}, std::move(batch));
}

Call Emissions::call(Services& services, std::int64_t sequence) {
  Call made{services, "node", sequence};
  made.emit = &Emissions::take;
  made.emit_user = this;
  return made;
}

}  // namespace millrace::test
