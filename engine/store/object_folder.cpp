#include "engine/store/object_folder.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "engine/base/random.hpp"
#include "engine/base/sha1.hpp"
#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace::detail {
namespace {

constexpr std::size_t kMaxSegment = 255;  // bytes; NAME_MAX
constexpr std::size_t kMaxOwner = 64;
constexpr std::uint64_t kCopyStepBytes = 8u << 20;  // between two looks whether to stop

ObjectStat stat_of(const Disk::Entry& entry) {
  return {entry.size, entry.is_folder, entry.modified_us};
}

std::string_view folder_of(std::string_view name) {
  const auto slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : name.substr(0, slash);
}

class FileObjectReader final : public ObjectReader {
 public:
  explicit FileObjectReader(std::unique_ptr<ReadableFile> file) : file_{std::move(file)} {}

  Result<std::size_t> read(std::span<char> buffer) override {
    auto got = file_->read_at(position_, buffer);
    if (got.ok()) position_ += *got;
    return got;
  }
  Result<void> seek(std::uint64_t offset) override {
    position_ = offset;
    return {};
  }
  int descriptor() const override { return file_->descriptor(); }

 private:
  std::unique_ptr<ReadableFile> file_;
  std::uint64_t position_ = 0;
};

class StagedObject final : public StagedWriter {
 public:
  StagedObject(std::unique_ptr<WritableFile> file, Disk& disk, std::string folder)
      : file_{std::move(file)}, disk_{disk}, folder_{std::move(folder)} {}

  Result<void> write(std::string_view bytes) override { return file_->append(bytes); }
  Result<void> truncate(std::uint64_t size) override {
    // A longer file would be filled with zeros and look whole.
    if (size > file_->size()) {
      return Error{
          Code::DataInvalid,
          fmt::format("staged object: {} bytes are wanted and {} are there", size, file_->size())};
    }
    return file_->truncate(size);
  }
  Result<void> sync() override {
    MR_CHECK(file_->sync());
    if (is_name_synced_.load(std::memory_order_relaxed)) return {};
    MR_CHECK(disk_.sync_folder(folder_));
    is_name_synced_.store(true, std::memory_order_relaxed);
    return {};
  }
  std::uint64_t size() const override { return file_->size(); }

 private:
  std::unique_ptr<WritableFile> file_;
  Disk& disk_;
  const std::string folder_;
  std::atomic<bool> is_name_synced_{false};
};

}  // namespace

Result<void> check_owner(std::string_view owner) {
  const bool is_good = !owner.empty() && owner.size() <= kMaxOwner &&
                       std::all_of(owner.begin(), owner.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '-' || c == '_';
                       });
  if (is_good) return {};
  return Error{
      Code::InvalidArgument,
      "stage object: the owner must be 1 to 64 letters, digits, '-' or '_': " + printable(owner)};
}

std::unique_ptr<ObjectReader> read_file(std::unique_ptr<ReadableFile> file) {
  return std::make_unique<FileObjectReader>(std::move(file));
}

std::string partial_name(std::string_view name, std::string_view owner) {
  const auto folder = folder_of(name);
  const auto leaf = folder.empty() ? name : name.substr(folder.size() + 1);
  const auto ending = fmt::format(".{}.partial", owner);
  std::string out{name.substr(0, name.size() - leaf.size())};
  if (leaf.size() + ending.size() <= kMaxSegment) return out.append(leaf).append(ending);
  const auto digest = to_hex(sha256(leaf)).substr(0, 32);
  out.append(leaf.substr(0, kMaxSegment - ending.size() - digest.size()));
  return out.append(digest).append(ending);
}

ObjectFolder::ObjectFolder(std::unique_ptr<Disk> disk, Kind kind)
    : disk_{std::move(disk)}, put_owner_{"put-" + system_random().hex(6) + '-'} {
  if (kind == Kind::Foreign) return;
  staging_ = std::make_unique<PutStaging>(*disk_, ".put");  // no name of a zone
  staging_->sweep();
}

Result<ObjectStat> ObjectFolder::stat(std::string_view name) {
  MR_TRY(const auto entry, disk_->stat(name));
  return stat_of(entry);
}

Result<void> ObjectFolder::list(std::string_view folder, const Listing& listing) {
  std::vector<Disk::Other> others;
  MR_TRY(auto entries, disk_->list(folder, &others));
  for (const auto& other : others)
    listing.other(other.name, other.is_link ? "a symbolic link" : "neither a file nor a folder");
  // Sorts a folder by what its files' names go on with: "a-b" stands before "a/x".
  for (auto& entry : entries) {
    if (entry.is_folder) entry.name += '/';
  }
  std::sort(entries.begin(), entries.end(),
            [](const Disk::Entry& a, const Disk::Entry& b) { return a.name < b.name; });
  for (auto& entry : entries) {
    if (!entry.is_folder) {
      listing.file(entry.name, stat_of(entry));
      continue;
    }
    entry.name.pop_back();
    auto listed = list(entry.name, listing);
    // Removed by somebody since its name was read.
    if (!listed.ok() && listed.error().code != Code::NotFound) return listed;
  }
  return {};
}

Result<std::unique_ptr<ObjectReader>> ObjectFolder::open(std::string_view name) {
  MR_TRY(auto file, disk_->open(name));
  return read_file(std::move(file));
}

Result<void> ObjectFolder::put(std::string_view name, std::string_view bytes,
                               const Allow& before_rename, UnsyncedFiles* unsynced) {
  if (!staging_) return put_beside(name, bytes, before_rename, unsynced);
  MR_TRY(const auto partial, staging_->next());
  auto done = put_through(partial, name, bytes, before_rename, unsynced);
  if (done.ok() || done.error().code != Code::PermissionDenied) return done;
  // The bucket may be another file system. Where it was something else, that is told again.
  return put_beside(name, bytes, before_rename, unsynced);
}

Result<void> ObjectFolder::put_beside(std::string_view name, std::string_view bytes,
                                      const Allow& allow, UnsyncedFiles* unsynced) {
  const auto number = put_count_.fetch_add(1, std::memory_order_relaxed);
  return put_through(partial_name(name, put_owner_ + std::to_string(number)), name, bytes, allow,
                     unsynced);
}

Result<void> ObjectFolder::put_through(std::string_view partial, std::string_view name,
                                       std::string_view bytes, const Allow& allow,
                                       UnsyncedFiles* unsynced) {
  std::unique_ptr<WritableFile> file;
  auto done = [&]() -> Result<void> {
    MR_TRY(file, disk_->create(partial));
    return file->append(bytes);
  }();
  if (done.ok() && unsynced != nullptr) file->begin_sync();
  if (done.ok() && allow) done = allow();
  if (done.ok()) done = disk_->rename(partial, name);
  if (!done.ok()) {
    // The first fault is the one to tell; where nothing was made, nothing is to be removed.
    [[maybe_unused]] const auto removed = disk_->remove(partial);
    return done;
  }
  if (unsynced == nullptr) return {};
  return unsynced->add(*disk_, std::string{folder_of(name)}, std::move(file));
}

Result<void> ObjectFolder::remove(std::string_view name) { return disk_->remove(name); }

Result<std::unique_ptr<StagedWriter>> ObjectFolder::stage(std::string_view name,
                                                          std::string_view owner) {
  MR_CHECK(check_owner(owner));
  MR_TRY(auto file, disk_->create(partial_name(name, owner), true));
  return std::unique_ptr<StagedWriter>{
      std::make_unique<StagedObject>(std::move(file), *disk_, std::string{folder_of(name)})};
}

Result<void> ObjectFolder::inherit(std::string_view name, const Inheritance& inheritance) {
  MR_CHECK(check_owner(inheritance.from));
  MR_CHECK(check_owner(inheritance.to));
  const auto from = partial_name(name, inheritance.from);
  const auto to = partial_name(name, inheritance.to);
  if (from == to) return {};
  if (const auto source = disk_->stat(from); !source.ok()) {
    if (source.error().code != Code::NotFound) return source.error();
    // Done before, and the earlier stage discarded since.
    MR_CHECK(disk_->stat(to));
    return {};
  }
  // What an earlier call left may be half a copy, and it may be the same file, which must not be
  // written to.
  if (auto removed = disk_->remove(to); !removed.ok() && removed.error().code != Code::NotFound)
    return removed;
  const bool is_linked =
      inheritance.writer == Inheritance::Writer::Dead && disk_->link(from, to).ok();
  // Not every file system has links; what else is wrong the copy meets too.
  if (!is_linked) MR_CHECK(copy(from, to, inheritance.stopping));
  return disk_->sync_folder(folder_of(name));
}

// Copies what is there now; who still writes behind that writes for nobody.
Result<void> ObjectFolder::copy(const std::string& from, const std::string& to,
                                const std::function<bool()>& stopping) {
  MR_TRY(const auto source, disk_->open(from));
  MR_TRY(const auto target, disk_->create(to));
  const auto size = source->size();
  while (target->size() < size) {
    if (stopping && stopping()) return Error{Code::Cancelled, "copy stage: stopped before its end"};
    const auto step = std::min(kCopyStepBytes, size - target->size());
    MR_TRY(const auto copied, target->append_from(*source, target->size(), step));
    if (copied == 0) break;  // its writer has cut it; whoever needs the rest finds it missing
  }
  return target->sync();
}

Result<bool> ObjectFolder::has_stage(std::string_view name, std::string_view owner,
                                     Publishing publishing) {
  MR_CHECK(check_owner(owner));
  const auto staged = disk_->stat(partial_name(name, owner));
  if (staged.ok()) return true;
  if (staged.error().code != Code::NotFound) return staged.error();
  // What stands under the name may be an older object: it counts only where ours can be it.
  if (publishing == Publishing::First)
    return Error{Code::DataInvalid, "publish object: what was staged for it is gone"};
  MR_TRY(const auto target, disk_->stat(name));
  if (target.is_folder) return Error{Code::Conflict, "publish object: a folder has its name"};
  return false;
}

Result<void> ObjectFolder::check_publish(std::string_view name, std::string_view owner,
                                         Publishing publishing) {
  MR_TRY(const bool is_staged, has_stage(name, owner, publishing));
  return is_staged ? disk_->check_replace(name) : Result<void>{};
}

Result<void> ObjectFolder::publish(std::string_view name, std::string_view owner,
                                   Publishing publishing) {
  MR_TRY(const bool is_staged, has_stage(name, owner, publishing));
  if (is_staged) {
    const auto partial = partial_name(name, owner);
    MR_CHECK(disk_->check_replace(name));
    MR_CHECK(disk_->sync_file(partial));
    MR_CHECK(disk_->rename(partial, name));
  }
  // An attempt that died behind the rename may not have come to this.
  return disk_->sync_folder(folder_of(name));
}

Result<void> ObjectFolder::discard(std::string_view name, std::string_view owner) {
  MR_CHECK(check_owner(owner));
  auto removed = disk_->remove(partial_name(name, owner));
  if (!removed.ok() && removed.error().code == Code::NotFound) return {};
  return removed;
}

}  // namespace millrace::detail
