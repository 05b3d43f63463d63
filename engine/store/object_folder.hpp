#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/disk.hpp"
#include "engine/plugin/services.hpp"
#include "engine/store/inheritance.hpp"
#include "engine/store/put_staging.hpp"
#include "engine/store/staged_writer.hpp"
#include "engine/store/unsynced_files.hpp"

namespace millrace::detail {

/// Objects as files below one folder. Nothing is visible under its name before it is whole: bytes
/// go to a ".partial" file, and a rename makes them the object. [any thread; blocks]
class ObjectFolder {
 public:
  /// A folder that is all ours keeps what is being put in one place, and opening it sweeps what
  /// killed processes left there. In somebody else's it lies beside its object.
  enum class Kind { Ours, Foreign };

  ObjectFolder(std::unique_ptr<Disk> disk, Kind kind);

  Result<ObjectStat> stat(std::string_view name);
  /// Tells of the files below the folder, sorted bytewise by their whole names, and of what is
  /// neither file nor folder.
  struct Listing {
    std::function<void(std::string_view name, const ObjectStat&)> file;
    std::function<void(std::string_view name, std::string_view what)> other;
  };
  Result<void> list(std::string_view folder, const Listing& listing);
  Result<std::unique_ptr<ObjectReader>> open(std::string_view name);
  /// `before_rename` may refuse what is about to become visible; empty: nobody asks. With
  /// `unsynced`, the file is noted there once it has its name; else nobody syncs it.
  Result<void> put(std::string_view name, std::string_view bytes,
                   const std::function<Result<void>()>& before_rename, UnsyncedFiles* unsynced);
  Result<void> remove(std::string_view name);
  /// What the objects lie on, for files that lie beside them.
  [[nodiscard]] Disk& disk() { return *disk_; }

  Result<std::unique_ptr<StagedWriter>> stage(std::string_view name, std::string_view owner);
  Result<void> inherit(std::string_view name, const Inheritance& inheritance);
  Result<void> check_publish(std::string_view name, std::string_view owner, Publishing publishing);
  Result<void> publish(std::string_view name, std::string_view owner, Publishing publishing);
  Result<void> discard(std::string_view name, std::string_view owner);

 private:
  Result<void> copy(const std::string& from, const std::string& to,
                    const std::function<bool()>& stopping);
  using Allow = std::function<Result<void>()>;
  Result<void> put_through(std::string_view partial, std::string_view name, std::string_view bytes,
                           const Allow& allow, UnsyncedFiles* unsynced);
  Result<void> put_beside(std::string_view name, std::string_view bytes, const Allow& allow,
                          UnsyncedFiles* unsynced);
  /// Says whether there is a stage to be renamed; where there is none, whether it has been.
  Result<bool> has_stage(std::string_view name, std::string_view owner, Publishing publishing);

  std::unique_ptr<Disk> disk_;
  std::unique_ptr<PutStaging> staging_;  // null in a foreign folder
  std::string put_owner_;                // no other process on the same folder has it
  std::atomic<std::uint64_t> put_count_{0};
};

/// An owner is 1 to 64 letters, digits, '-' or '_'.
Result<void> check_owner(std::string_view owner);

/// Returns a reader of a file, from its beginning.
std::unique_ptr<ObjectReader> read_file(std::unique_ptr<ReadableFile> file);

/// Returns the name of a staged object. One that would be longer than a file name may be keeps its
/// beginning and a digest.
std::string partial_name(std::string_view name, std::string_view owner);

}  // namespace millrace::detail
