#include "engine/testing/memory_services.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "engine/base/sha1.hpp"
#include "engine/plugin/log_level.hpp"
#include "engine/store/blobs.hpp"
#include "engine/store/uri.hpp"

namespace millrace::testing {
namespace {

class MemoryReader final : public ObjectReader {
 public:
  explicit MemoryReader(std::string bytes) : bytes_{std::move(bytes)} {}

  Result<std::size_t> read(std::span<char> buffer) override {
    const auto count = std::min(buffer.size(), bytes_.size() - place_);
    std::memcpy(buffer.data(), bytes_.data() + place_, count);
    place_ += count;
    return count;
  }

  Result<void> seek(std::uint64_t offset) override {
    place_ = std::min<std::uint64_t>(offset, bytes_.size());
    return {};
  }

 private:
  std::string bytes_;
  std::size_t place_ = 0;
};

Error no_object(std::string_view uri) {
  return Error{Code::NotFound, "no such object: " + std::string{uri}};
}

// The address of a folder with its slash, so that "a/b" does not hold "a/bc".
std::string folder_prefix(std::string_view uri) {
  std::string prefix{uri};
  if (prefix.empty() || prefix.back() != '/') prefix += '/';
  return prefix;
}

// Returns the name in a work: address; empty for any other.
std::string_view scratch_name(std::string_view uri) {
  constexpr std::string_view kStart = "work:///";
  return uri.starts_with(kStart) ? uri.substr(kStart.size()) : std::string_view{};
}

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return system_error("open", path.string(), errno);
  return std::string{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

}  // namespace

Result<void> MemoryWriter::write(std::string_view bytes) {
  bytes_.append(bytes);
  return {};
}

Result<void> MemoryWriter::truncate(std::uint64_t size) {
  if (size > bytes_.size()) {
    return Error{Code::InvalidArgument,
                 "truncate: the output has only " + std::to_string(bytes_.size()) + " bytes"};
  }
  bytes_.resize(size);
  return {};
}

Result<void> MemoryContent::write(std::string_view bytes) {
  if (is_sealed_) return Error{Code::InvalidArgument, "write: the content has been sealed"};
  bytes_.append(bytes);
  return {};
}

Result<void> MemoryContent::truncate(std::uint64_t size) {
  if (size == bytes_.size()) return {};
  return Error{Code::InvalidArgument, "truncate: a content is written once, from front to back"};
}

Result<std::string> MemoryContent::seal() {
  if (is_sealed_) return Error{Code::InvalidArgument, "seal: the content has been sealed"};
  is_sealed_ = true;
  std::string name = to_hex(sha256(bytes_));
  objects_[blob_uri(name)] = bytes_;
  return name;
}

MemoryServices::MemoryServices(std::string job, std::uint64_t seed, std::filesystem::path folder)
    : job_{std::move(job)}, seed_{seed}, folder_{std::move(folder)} {}

void MemoryServices::log(std::string_view, int level, std::string_view message) {
  logs.push_back(std::string{level_word(level)} + ": " + std::string{message});
}

void MemoryServices::progress(std::string_view, std::uint64_t done, std::uint64_t total,
                              std::string_view unit) {
  last_progress = Progress{done, total, std::string{unit}};
}

void MemoryServices::count(std::string_view, std::string_view counter, std::int64_t by) {
  counts[std::string{counter}] += by;
}

void MemoryServices::record_event(std::string_view, const RecordLogEvent& event) {
  events.push_back(LoggedEvent{event.level, std::string{event.code}, std::string{event.message},
                               std::string{event.file}, std::string{event.url},
                               std::string{event.op}, event.line});
}

Result<void> MemoryServices::metric(std::string_view, const MetricPoint& point) {
  metrics.push_back(ToldMetric{std::string{point.name}, point.step, point.value});
  return {};
}

Result<void> MemoryServices::set_result(std::string_view key, std::string_view json) {
  if (const auto parsed = parse_json(json); !parsed.ok()) return parsed.error().within(key);
  results[std::string{key}] = json;
  return {};
}

Result<void> MemoryServices::check_uri(std::string_view uri, bool for_writing) {
  MR_TRY(const auto parsed, parse_uri(uri));
  const bool is_remote = parsed.scheme == Uri::Scheme::Http || parsed.scheme == Uri::Scheme::Https;
  if (for_writing && is_remote) {
    return Error{Code::InvalidArgument, "cannot be written to: " + std::string{uri}, "uri_scheme"};
  }
  return {};
}

std::filesystem::path MemoryServices::real_file(std::string_view uri) const {
  if (folder_.empty()) return {};
  const auto parsed = parse_uri(uri);
  if (!parsed.ok() || parsed->scheme != Uri::Scheme::File) return {};
  const auto inside = std::filesystem::path{parsed->path}.lexically_relative(folder_);
  const bool is_below = !inside.empty() && *inside.begin() != "..";
  return is_below ? std::filesystem::path{parsed->path} : std::filesystem::path{};
}

Result<ObjectStat> MemoryServices::stat(std::string_view uri) {
  waited_for = "stat";
  if (const auto name = scratch_name(uri); !name.empty()) return scratch_.stat(name);
  if (const auto found = objects.find(uri); found != objects.end())
    return ObjectStat{found->second.size()};
  if (const auto path = real_file(uri); !path.empty()) {
    std::error_code failed;
    ObjectStat stat;
    stat.is_folder = std::filesystem::is_directory(path, failed);
    if (!stat.is_folder) stat.size_bytes = std::filesystem::file_size(path, failed);
    if (failed) return system_error("stat", path.string(), failed.value());
    return stat;
  }
  const auto prefix = folder_prefix(uri);
  const auto below = objects.lower_bound(prefix);
  if (below != objects.end() && below->first.starts_with(prefix)) return ObjectStat{0, true};
  return no_object(uri);
}

Result<void> MemoryServices::list(std::string_view uri, const EachListed& each) {
  waited_for = "list";
  if (uri == "work:///") {
    return scratch_.list([&each](std::string_view name, const ObjectStat& stat) {
      const std::string address = "work:///" + std::string{name};
      each({.folder = "work://", .uri = address, .name = name, .stat = stat});
    });
  }
  struct Found {
    std::string name;
    ObjectStat stat{};
    std::string_view why{};  // it is passed over
  };
  std::map<std::string, Found> found;  // by address
  const auto prefix = folder_prefix(uri);
  for (auto place = objects.lower_bound(prefix);
       place != objects.end() && place->first.starts_with(prefix); ++place) {
    found.emplace(place->first, Found{place->first.substr(prefix.size()), {place->second.size()}});
  }
  std::string folder = prefix.substr(0, prefix.size() - 1);
  if (auto real = real_file(prefix + "x").parent_path(); !real.empty()) {
    std::error_code failed;
    const auto resolved = std::filesystem::canonical(real, failed);
    if (!failed && !real_file(file_uri(resolved)).empty()) real = resolved;
    folder = file_uri(real);
    std::filesystem::recursive_directory_iterator files{real, failed};
    for (; !failed && files != std::filesystem::recursive_directory_iterator{};
         files.increment(failed)) {
      Found one{files->path().lexically_relative(real).string()};
      if (files->is_symlink()) {
        one.why = "a symbolic link";
      } else if (files->is_regular_file()) {
        one.stat.size_bytes = files->file_size();
      } else {
        continue;
      }
      found.emplace(file_uri(files->path()), std::move(one));
    }
    if (failed && found.empty()) return system_error("list", real.string(), failed.value());
  }
  if (found.empty()) return no_object(uri);
  for (const auto& [address, one] : found) {
    each({.folder = folder,
          .uri = one.why.empty() ? std::string_view{address} : std::string_view{},
          .name = one.name,
          .why = one.why,
          .stat = one.stat});
  }
  return {};
}

Result<std::unique_ptr<ObjectReader>> MemoryServices::open(std::string_view uri) {
  waited_for = "open";
  if (const auto name = scratch_name(uri); !name.empty()) return scratch_.open(name);
  if (const auto found = objects.find(uri); found != objects.end()) {
    return std::unique_ptr<ObjectReader>{std::make_unique<MemoryReader>(found->second)};
  }
  const auto path = real_file(uri);
  if (path.empty()) return no_object(uri);
  MR_TRY(auto bytes, read_file(path));
  return std::unique_ptr<ObjectReader>{std::make_unique<MemoryReader>(std::move(bytes))};
}

Result<void> MemoryServices::put(std::string_view uri, std::string_view bytes) {
  waited_for = "put";
  MR_CHECK(check_uri(uri, true));
  if (const auto name = scratch_name(uri); !name.empty()) return scratch_.put(name, bytes);
  if (const auto path = real_file(uri); !path.empty()) {
    std::error_code failed;
    std::filesystem::create_directories(path.parent_path(), failed);
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    file << bytes;
    file.close();
    if (!file) return system_error("write", path.string(), errno);
  }
  objects[std::string{uri}] = bytes;
  return {};
}

Result<ObjectWriter*> MemoryServices::stage(std::string_view uri) {
  waited_for = "stage";
  if (uri == "blob:") {
    contents_.push_back(std::make_unique<MemoryContent>(objects));
    return contents_.back().get();
  }
  MR_CHECK(check_uri(uri, true));
  if (const auto name = scratch_name(uri); !name.empty()) return scratch_.stage(name);
  auto& writer = staged[std::string{uri}];
  if (!writer) writer = std::make_unique<MemoryWriter>();
  return writer.get();
}

Result<ConnectionSettings> MemoryServices::connection(std::string_view name, bool) {
  const auto found = connections.find(name);
  if (found == connections.end()) return no_connection(name);
  return found->second;
}

Result<Batch> MemoryServices::catalog_query(const Json& query) {
  waited_for = "catalog";
  if (!answer) return Error{Code::Unavailable, "the test gave no answer for the catalog"};
  return answer(query);
}

Result<Batch> MemoryServices::catalog_change(const Json& change) { return catalog_query(change); }

}  // namespace millrace::testing
