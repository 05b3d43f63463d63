#include "engine/base/disk.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <mutex>
#include <system_error>
#include <unordered_set>

#include "engine/base/beneath.hpp"
#include "engine/base/disk_file.hpp"
#include "engine/base/private_files.hpp"
#include "engine/base/utf8.hpp"

#include <sys/file.h>
#include <sys/stat.h>

namespace millrace {
namespace {

using detail::FileDescriptor;
using detail::open_beneath;

// What the umask takes away from.
struct Modes {
  mode_t file = 0666;
  mode_t folder = 0777;
};

Modes modes_of(DiskOwner owner) {
  return owner == DiskOwner::Program ? Modes{kPrivateFile, kPrivateFolder} : Modes{};
}

// So many new folders wait for a sync of theirs; the name of one more is synced as it is made.
constexpr std::size_t kMaxNewFolders = 4096;

struct Split {
  std::string_view folder;  // "" for the disk's own
  std::string leaf;
};

Split split(std::string_view name) {
  const auto slash = name.rfind('/');
  if (slash == std::string_view::npos) return {{}, std::string{name}};
  return {name.substr(0, slash), std::string{name.substr(slash + 1)}};
}

std::int64_t modified_us(const struct stat& status) {
  return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000 +
         status.st_mtim.tv_nsec / 1000;
}

Error not_a_file(std::string_view what, std::string_view name, mode_t mode) {
  if (S_ISDIR(mode)) return system_error(what, name, EISDIR);
  std::string message{what};
  message += ": not a regular file (";
  message += printable(name);
  message += ')';
  return {Code::InvalidArgument, std::move(message)};
}

class KernelDiskLock final : public DiskLock {
 public:
  explicit KernelDiskLock(FileDescriptor file) : file_{std::move(file)} {}

 private:
  FileDescriptor file_;  // closing it opens the lock
};

class KernelDisk final : public Disk {
 public:
  KernelDisk(FileDescriptor root, std::string path, Modes modes)
      : root_{std::move(root)}, path_{std::move(path)}, modes_{modes} {}

  Result<std::unique_ptr<ReadableFile>> open(std::string_view name) override {
    MR_CHECK(check_name("open file", name));
    // Without O_NONBLOCK a pipe in the folder would hold the thread until somebody writes to it.
    auto file = open_beneath(root_.get(), name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!file) return failed("open file", name, errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return failed("open file", name, errno);
    if (!S_ISREG(status.st_mode)) return not_a_file("open file", name, status.st_mode);
    return std::unique_ptr<ReadableFile>{std::make_unique<detail::KernelReadableFile>(
        std::move(file), std::string{name}, static_cast<std::uint64_t>(status.st_size))};
  }

  Result<std::unique_ptr<WritableFile>> create(std::string_view name, bool keep) override {
    constexpr std::string_view kWhat = "create file";
    MR_CHECK(check_name(kWhat, name));
    const int flags = O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | (keep ? 0 : O_TRUNC);
    MR_TRY(auto file, open_or_make(kWhat, name, flags));
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return failed(kWhat, name, errno);
    if (!S_ISREG(status.st_mode)) return not_a_file(kWhat, name, status.st_mode);
    return std::unique_ptr<WritableFile>{std::make_unique<detail::KernelWritableFile>(
        std::move(file), std::string{name}, static_cast<std::uint64_t>(status.st_size))};
  }

  Result<void> rename(std::string_view from, std::string_view to) override {
    constexpr std::string_view kWhat = "rename file";
    MR_CHECK(check_name(kWhat, from));
    MR_CHECK(check_name(kWhat, to));
    const auto source = split(from);
    const auto target = split(to);
    const auto source_folder = open_beneath(root_.get(), source.folder, O_PATH | O_DIRECTORY);
    if (!source_folder) return failed(kWhat, from, errno);
    FileDescriptor other_folder;
    if (target.folder != source.folder) {
      other_folder = open_beneath(root_.get(), target.folder, O_PATH | O_DIRECTORY);
      if (!other_folder && errno == ENOENT) {
        MR_CHECK(make_folders(target.folder));
        other_folder = open_beneath(root_.get(), target.folder, O_PATH | O_DIRECTORY);
      }
      if (!other_folder) return write_failed(kWhat, to, errno);
    }
    const auto& target_folder = other_folder ? other_folder : source_folder;
    if (::renameat(source_folder.get(), source.leaf.c_str(), target_folder.get(),
                   target.leaf.c_str()) != 0) {
      return errno == ENOENT ? failed(kWhat, from, errno) : write_failed(kWhat, to, errno);
    }
    return {};
  }

  Result<void> link(std::string_view from, std::string_view to) override {
    constexpr std::string_view kWhat = "link file";
    MR_CHECK(check_name(kWhat, from));
    MR_CHECK(check_name(kWhat, to));
    const auto source = split(from);
    const auto target = split(to);
    const auto source_folder = open_beneath(root_.get(), source.folder, O_PATH | O_DIRECTORY);
    if (!source_folder) return failed(kWhat, from, errno);
    const auto target_folder = open_beneath(root_.get(), target.folder, O_PATH | O_DIRECTORY);
    if (!target_folder) return failed(kWhat, to, errno);
    if (::linkat(source_folder.get(), source.leaf.c_str(), target_folder.get(), target.leaf.c_str(),
                 0) != 0) {
      return failed(kWhat, errno == EEXIST ? to : from, errno);
    }
    return {};
  }

  Result<void> make_folder(std::string_view name) override {
    MR_CHECK(check_name("make folder", name));
    return make_folders(name);
  }

  Result<void> remove_folder(std::string_view name) override {
    constexpr std::string_view kWhat = "remove folder";
    MR_CHECK(check_name(kWhat, name));
    const auto place = split(name);
    const auto folder = open_beneath(root_.get(), place.folder, O_PATH | O_DIRECTORY);
    if (folder && ::unlinkat(folder.get(), place.leaf.c_str(), AT_REMOVEDIR) == 0) return {};
    const int failure = errno;
    auto error = failed(kWhat, name, failure);
    if (failure == ENOTEMPTY || failure == EEXIST) error.code = Code::Conflict;
    return error;
  }

  Result<std::unique_ptr<DiskLock>> try_lock(std::string_view name) override {
    constexpr std::string_view kWhat = "lock file";
    MR_CHECK(check_name(kWhat, name));
    MR_TRY(auto file, open_or_make(kWhat, name, O_RDWR | O_CREAT | O_NONBLOCK | O_NOCTTY));
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::unique_ptr<DiskLock>{};
      return failed(kWhat, name, errno);
    }
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return failed(kWhat, name, errno);
    if (status.st_nlink == 0) return std::unique_ptr<DiskLock>{};
    return std::unique_ptr<DiskLock>{std::make_unique<KernelDiskLock>(std::move(file))};
  }

  Result<void> remove(std::string_view name) override {
    MR_CHECK(check_name("remove file", name));
    const auto place = split(name);
    const auto folder = open_beneath(root_.get(), place.folder, O_PATH | O_DIRECTORY);
    if (!folder || ::unlinkat(folder.get(), place.leaf.c_str(), 0) != 0) {
      return failed("remove file", name, errno);
    }
    return {};
  }

  Result<Entry> stat(std::string_view name) override {
    MR_CHECK(check_folder_name("look up file", name));
    const auto found = open_beneath(root_.get(), name, O_PATH);
    struct stat status {};
    if (!found || ::fstat(found.get(), &status) != 0) return failed("look up file", name, errno);
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
      return not_a_file("look up file", name, status.st_mode);
    }
    return entry(std::string{name}, status);
  }

  Result<std::string> identify(std::string_view name) override {
    MR_CHECK(check_folder_name("look up file", name));
    auto there = name;
    while (true) {
      const auto found = open_beneath(root_.get(), there, O_PATH);
      struct stat status {};
      if (found && ::fstat(found.get(), &status) == 0) {
        auto text = std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino);
        if (there.size() < name.size()) {
          text.append("/").append(name.substr(there.empty() ? 0 : there.size() + 1));
        }
        return text;
      }
      if (there.empty() || (errno != ENOENT && errno != ENOTDIR))
        return failed("look up file", name, errno);
      there = split(there).folder;
    }
  }

  Result<std::vector<Entry>> list(std::string_view folder, std::vector<Other>* others) override {
    MR_CHECK(check_folder_name("list folder", folder));
    auto opened = open_beneath(root_.get(), folder, O_RDONLY | O_DIRECTORY);
    if (!opened) return failed("list folder", folder, errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(opened.get()), ::closedir};
    if (!stream) return failed("list folder", folder, errno);
    opened.release();  // the stream closes it

    std::vector<Entry> entries;
    while (true) {
      errno = 0;
      const dirent* item = ::readdir(stream.get());
      if (item == nullptr && errno != 0) return failed("list folder", folder, errno);
      if (item == nullptr) break;
      const std::string_view leaf{item->d_name};
      if (leaf == "." || leaf == "..") continue;
      struct stat status {};
      if (::fstatat(::dirfd(stream.get()), item->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;  // removed while we were reading
        return failed("list folder", folder, errno);
      }
      std::string name{folder};
      if (!name.empty()) name += '/';
      name += leaf;
      if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
        if (others != nullptr) others->push_back({std::move(name), S_ISLNK(status.st_mode)});
        continue;
      }
      entries.push_back(entry(std::move(name), status));
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return entries;
  }

  Result<void> check_replace(std::string_view name) override {
    constexpr std::string_view kWhat = "rename file";
    MR_CHECK(check_name(kWhat, name));
    const auto place = split(name);
    const auto folder = open_beneath(root_.get(), place.folder, O_PATH | O_DIRECTORY);
    if (!folder) return write_failed(kWhat, name, errno);
    if (::faccessat(folder.get(), ".", W_OK | X_OK, AT_EACCESS) != 0)
      return failed(kWhat, name, errno);
    constexpr unsigned kWanted = STATX_TYPE | STATX_MODE | STATX_UID;
    struct statx above {
    }, there{};
    if (::statx(folder.get(), "", AT_EMPTY_PATH, kWanted, &above) != 0)
      return failed(kWhat, name, errno);
    const bool is_free =
        ::statx(folder.get(), place.leaf.c_str(), AT_SYMLINK_NOFOLLOW, kWanted, &there) != 0;
    if (is_free && errno != ENOENT) return failed(kWhat, name, errno);
    constexpr auto kFixed = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND;
    if (((above.stx_attributes | there.stx_attributes) & kFixed) != 0)
      return failed(kWhat, name, EPERM);
    if (is_free) return {};
    if (S_ISDIR(there.stx_mode)) return write_failed(kWhat, name, EISDIR);
    if (!S_ISREG(there.stx_mode)) return not_a_file(kWhat, name, there.stx_mode);
    const auto user = ::geteuid();
    const bool is_others =
        user != 0 && user != there.stx_uid && user != above.stx_uid;  // see S_ISVTX in rename(2)
    if ((above.stx_mode & S_ISVTX) != 0 && is_others) return failed(kWhat, name, EPERM);
    return {};
  }

  Result<void> sync_file(std::string_view name) override {
    MR_CHECK(check_name("sync file", name));
    const auto file = open_beneath(root_.get(), name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!file || ::fsync(file.get()) != 0) return failed("sync file", name, errno);
    return {};
  }

  Result<void> sync_folder(std::string_view folder) override {
    MR_CHECK(check_folder_name("sync folder", folder));
    MR_CHECK(sync_names(folder));
    while (is_new(folder)) {
      const auto above = split(folder).folder;
      MR_CHECK(sync_names(above));
      const std::lock_guard lock{mutex_};
      new_folders_.erase(std::string{folder});
      folder = above;
    }
    return {};
  }

  std::string describe() const override { return "folder " + path_; }

 private:
  static Entry entry(std::string name, const struct stat& status) {
    const bool is_folder = S_ISDIR(status.st_mode);
    return {std::move(name), is_folder ? 0 : static_cast<std::uint64_t>(status.st_size), is_folder,
            modified_us(status)};
  }

  Error failed(std::string_view what, std::string_view name, int error_number) const {
    auto error = system_error(what, name, error_number);
    error.detail += " below " + path_;
    return error;
  }

  // A file in the way of a folder, or a folder in the way of a file, is nothing that is missing.
  Error write_failed(std::string_view what, std::string_view name, int error_number) const {
    auto error = failed(what, name, error_number);
    if (error_number == ENOTDIR || error_number == EISDIR) error.code = Code::Conflict;
    return error;
  }

  static Result<void> check_folder_name(std::string_view what, std::string_view name) {
    if (detail::is_inner_name(name)) return {};
    return Error{Code::InvalidArgument,
                 std::string{what} + ": not a name below the folder (" + printable(name) + ')'};
  }

  static Result<void> check_name(std::string_view what, std::string_view name) {
    if (name.empty())
      return Error{Code::InvalidArgument, std::string{what} + ": the name is empty"};
    return check_folder_name(what, name);
  }

  // Opens a file with O_CREAT among the flags, and makes the folders above it.
  Result<FileDescriptor> open_or_make(std::string_view what, std::string_view name, int flags) {
    auto file = open_beneath(root_.get(), name, flags, modes_.file);
    if (!file && errno == ENOENT) {
      MR_CHECK(make_folders(split(name).folder));
      file = open_beneath(root_.get(), name, flags, modes_.file);
    }
    if (!file) return write_failed(what, name, errno);
    return file;
  }

  // Makes the folder and those above it; another thread may make the same ones.
  Result<void> make_folders(std::string_view folder) {
    for (auto end = folder.find('/'); !folder.empty(); end = folder.find('/', end + 1)) {
      const auto made = folder.substr(0, end);
      const auto place = split(made);
      const auto parent = open_beneath(root_.get(), place.folder, O_PATH | O_DIRECTORY);
      if (!parent) return write_failed("make folder", folder, errno);
      const bool is_there = ::faccessat(parent.get(), place.leaf.c_str(), F_OK, 0) == 0;
      // Noted before it is there: who finds it there finds the note as well.
      const bool is_noted = is_there || note_new(made);
      if (!is_there && ::mkdirat(parent.get(), place.leaf.c_str(), modes_.folder) != 0 &&
          errno != EEXIST) {
        return write_failed("make folder", folder, errno);
      }
      if (!is_noted) MR_CHECK(sync_names(place.folder));
      if (end == std::string_view::npos) break;
    }
    return {};
  }

  Result<void> sync_names(std::string_view folder) {
    const auto opened = open_beneath(root_.get(), folder, O_RDONLY | O_DIRECTORY);
    if (!opened || ::fsync(opened.get()) != 0) return failed("sync folder", folder, errno);
    return {};
  }

  bool note_new(std::string_view folder) {
    const std::lock_guard lock{mutex_};
    if (new_folders_.size() >= kMaxNewFolders) return false;
    new_folders_.emplace(folder);
    return true;
  }

  bool is_new(std::string_view folder) {
    const std::lock_guard lock{mutex_};
    return !new_folders_.empty() && new_folders_.contains(std::string{folder});
  }

  FileDescriptor root_;
  std::string path_;
  const Modes modes_;
  std::mutex mutex_;                             // guards new_folders_
  std::unordered_set<std::string> new_folders_;  // their names in the folders above are not synced
};

}  // namespace

Result<std::unique_ptr<Disk>> open_disk(const std::filesystem::path& folder, DiskOwner owner) {
  const auto path = folder.string();
  if (owner == DiskOwner::Program) MR_CHECK(make_private_folder(folder));
  FileDescriptor root{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!root) return system_error("open folder", path, errno);
  return std::unique_ptr<Disk>{
      std::make_unique<KernelDisk>(std::move(root), path, modes_of(owner))};
}

}  // namespace millrace
