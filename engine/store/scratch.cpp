#include "engine/store/scratch.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::size_t kMaxName = 200;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

bool is_scratch_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), is_plain);
}

/// The bytes of one file, and its writer.
class MemoryScratch::File final : public ObjectWriter {
 public:
  explicit File(MemoryScratch& all) : all_{all} {}

  Result<void> write(std::string_view bytes) override {
    const std::lock_guard lock{all_.mutex_};
    MR_CHECK(all_.charge(bytes.size()));
    bytes_.append(bytes);
    return {};
  }
  Result<void> truncate(std::uint64_t size) override {
    const std::lock_guard lock{all_.mutex_};
    if (size > bytes_.size()) {
      return Error{Code::DataInvalid, fmt::format("scratch: {} bytes are wanted and {} are there",
                                                  size, bytes_.size())};
    }
    all_.used_bytes_ -= bytes_.size() - size;
    bytes_.resize(size);
    if (size == 0) bytes_.shrink_to_fit();
    return {};
  }
  [[nodiscard]] std::uint64_t size() const override {
    const std::lock_guard lock{all_.mutex_};
    return bytes_.size();
  }

  std::size_t read_at(std::uint64_t place, std::span<char> buffer) const {
    const std::lock_guard lock{all_.mutex_};
    if (place >= bytes_.size()) return 0;
    const auto count = std::min<std::size_t>(buffer.size(), bytes_.size() - place);
    std::memcpy(buffer.data(), bytes_.data() + place, count);
    return count;
  }

  bool has_writer = false;  // under the mutex
  std::string bytes_;       // under the mutex

 private:
  MemoryScratch& all_;
};

namespace {

template <class File>
class ScratchReader final : public ObjectReader {
 public:
  explicit ScratchReader(std::shared_ptr<File> file) : file_{std::move(file)} {}

  Result<std::size_t> read(std::span<char> buffer) override {
    const auto got = file_->read_at(place_, buffer);
    place_ += got;
    return got;
  }
  Result<void> seek(std::uint64_t offset) override {
    place_ = offset;
    return {};
  }

 private:
  std::shared_ptr<File> file_;  // shared with the scratch
  std::uint64_t place_ = 0;
};

Error no_file(std::string_view name) {
  return {Code::NotFound, fmt::format("scratch: no such file: {}", name), "no_object"};
}

}  // namespace

MemoryScratch::~MemoryScratch() = default;

Result<void> MemoryScratch::charge(std::uint64_t more) {
  if (more > max_bytes_ - used_bytes_) {
    return Error{Code::Exhausted,
                 fmt::format("scratch: a run that is answered at once may keep {} bytes aside; run "
                             "it as a job: {} more are wanted",
                             max_bytes_, more)};
  }
  used_bytes_ += more;
  return {};
}

Result<MemoryScratch::File*> MemoryScratch::find_or_make(std::string_view name) {
  if (!is_scratch_name(name))
    return Error{Code::InvalidArgument, "scratch: not the name of a file", "uri_key"};
  const auto found = files_.find(name);
  if (found != files_.end()) return found->second.get();
  if (files_.size() >= kMaxFiles)
    return Error{Code::Exhausted, fmt::format("scratch: more than {} files", kMaxFiles)};
  return files_.emplace(std::string{name}, std::make_shared<File>(*this)).first->second.get();
}

Result<ObjectStat> MemoryScratch::stat(std::string_view name) {
  const std::lock_guard lock{mutex_};
  const auto found = files_.find(name);
  if (found == files_.end()) return no_file(name);
  return ObjectStat{.size_bytes = found->second->bytes_.size()};
}

Result<void> MemoryScratch::list(
    const std::function<void(std::string_view, const ObjectStat&)>& each) {
  std::map<std::string, ObjectStat> found;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [name, file] : files_)
      found.emplace(name, ObjectStat{.size_bytes = file->bytes_.size()});
  }
  for (const auto& [name, stat] : found) each(name, stat);
  return {};
}

Result<std::unique_ptr<ObjectReader>> MemoryScratch::open(std::string_view name) {
  const std::lock_guard lock{mutex_};
  const auto found = files_.find(name);
  if (found == files_.end()) return no_file(name);
  return std::unique_ptr<ObjectReader>{std::make_unique<ScratchReader<File>>(found->second)};
}

Result<void> MemoryScratch::put(std::string_view name, std::string_view bytes) {
  const std::lock_guard lock{mutex_};
  MR_TRY(File* const file, find_or_make(name));
  if (file->has_writer)
    return Error{Code::Conflict, fmt::format("scratch: the file is being written: {}", name)};
  used_bytes_ -= file->bytes_.size();
  file->bytes_.clear();
  MR_CHECK(charge(bytes.size()));
  file->bytes_ = bytes;
  return {};
}

Result<ObjectWriter*> MemoryScratch::stage(std::string_view name) {
  const std::lock_guard lock{mutex_};
  MR_TRY(File* const file, find_or_make(name));
  file->has_writer = true;
  return static_cast<ObjectWriter*>(file);
}

}  // namespace millrace
