#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace millrace {

/// A file open for reading. [one thread at a time]
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  /// Reads up to `buffer.size()` bytes from `offset`; returns how many, 0 at the end.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Returns the open file of the kernel, for calls that move its bytes without reading them; -1:
  /// there is none.
  [[nodiscard]] virtual int descriptor() const { return -1; }
};

/// A file open for writing, made new or cut to `length` by the caller. Closing does not sync. [one
/// thread at a time]
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  /// Writes all of `bytes` at the end, or nothing. A full disk is Exhausted.
  virtual Result<void> append(std::string_view bytes) = 0;
  /// Writes `length` bytes of another file from `offset` at the end, and returns how many there
  /// were. On a failure some may stand there already.
  virtual Result<std::uint64_t> append_from(ReadableFile& source, std::uint64_t offset,
                                            std::uint64_t length);
  virtual Result<void> truncate(std::uint64_t length) = 0;
  /// Tells the disk to begin writing what a sync waits for, and returns at once.
  virtual void begin_sync() {}
  /// Returns when all that was written is on stable storage. May be called while another thread
  /// appends.
  virtual Result<void> sync() = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
};

/// Holds a lock on a file until it is destroyed or the process ends, however that ends.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

/// Everything the engine does to folders and files, so that a test can fill the disk or break it.
/// [any thread] Names are relative to the folder the disk was opened on; each segment is opened
/// beneath its parent and symbolic links are refused (openat2 RESOLVE_BENEATH |
/// RESOLVE_NO_SYMLINKS), so no name can leave the folder.
class Disk {
 public:
  struct Entry {
    std::string name;  // relative to the disk
    std::uint64_t size = 0;
    bool is_folder = false;
    std::int64_t modified_us = 0;
  };
  struct Other {
    std::string name;  // relative to the disk
    bool is_link = false;
  };

  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<ReadableFile>> open(std::string_view name) = 0;
  /// Makes missing parent folders. An existing file is kept and appended to when `keep`, else cut
  /// to nothing.
  virtual Result<std::unique_ptr<WritableFile>> create(std::string_view name,
                                                       bool keep = false) = 0;
  /// Replaces `to` atomically; makes missing folders above it. Both are on the same file system,
  /// else PermissionDenied.
  virtual Result<void> rename(std::string_view from, std::string_view to) = 0;
  /// Gives a file a second name, in a folder that is there. Conflict: something has that name.
  virtual Result<void> link(std::string_view from, std::string_view to) = 0;
  /// Makes a folder, with those above it; one that is there is as good.
  virtual Result<void> make_folder(std::string_view name) = 0;
  /// Removes an empty folder. Conflict: it is not empty.
  virtual Result<void> remove_folder(std::string_view name) = 0;
  /// Locks a file, which is made when it is missing, with the folders above it. Null: somebody
  /// else, in this process or another, holds the lock, or the file was removed meanwhile.
  virtual Result<std::unique_ptr<DiskLock>> try_lock(std::string_view name) = 0;
  /// Removes a file, not a folder.
  virtual Result<void> remove(std::string_view name) = 0;
  /// Looks up a file or folder ("" is the disk's own); anything else is InvalidArgument.
  virtual Result<Entry> stat(std::string_view name) = 0;
  /// Returns a text that two names have in common if and only if they lead to one file, on whatever
  /// disk: device and inode of the file, or, where there is none, those of the nearest folder above
  /// it with the rest of the name.
  virtual Result<std::string> identify(std::string_view name) = 0;
  /// Lists the files and folders of one folder, not of its subfolders, sorted by name bytewise.
  /// `others` takes what is neither: links, pipes, sockets, devices.
  virtual Result<std::vector<Entry>> list(std::string_view folder,
                                          std::vector<Other>* others = nullptr) = 0;
  /// Looks whether a file could be renamed to `name`, in a folder that is there, and changes
  /// nothing. Conflict: a folder stands there; InvalidArgument: something else that is no regular
  /// file; Io: mode, owner or mount forbid it.
  virtual Result<void> check_replace(std::string_view name) = 0;
  /// Returns when the bytes of a file are on stable storage.
  virtual Result<void> sync_file(std::string_view name) = 0;
  /// Returns when the names in `folder` are on stable storage, and the folder's own where this disk
  /// made it.
  virtual Result<void> sync_folder(std::string_view folder) = 0;
  [[nodiscard]] virtual std::string describe() const = 0;
};

/// Whose folder a disk stands on, and so who may read what is made there.
enum class DiskOwner {
  Program,  // made when it is missing; for nobody but its user (0700, files 0600), whatever the
            // umask
  Others    // a folder that is there; what is made there is as the umask says
};

/// Opens the machine's file system below `folder`.
Result<std::unique_ptr<Disk>> open_disk(const std::filesystem::path& folder, DiskOwner owner);

}  // namespace millrace
