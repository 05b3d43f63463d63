#include "engine/base/beneath.hpp"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <string>

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace millrace::detail {
namespace {

std::string_view first_segment(std::string_view name) { return name.substr(0, name.find('/')); }

bool is_link(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISLNK(status.st_mode);
}

// Opens one segment; a link is ELOOP, also where the kernel would hand out the link itself.
FileDescriptor open_segment(int folder, const std::string& segment, int flags, mode_t mode) {
  if ((flags & O_PATH) == 0) {
    return FileDescriptor{::openat(folder, segment.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode)};
  }
  FileDescriptor opened{
      ::openat(folder, segment.c_str(), (flags & ~O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC)};
  if (!opened) return opened;
  if (is_link(opened.get())) {
    opened.close();
    errno = ELOOP;
    return opened;
  }
  if ((flags & O_DIRECTORY) == 0) return opened;
  struct stat status {};
  if (::fstat(opened.get(), &status) == 0 && S_ISDIR(status.st_mode)) return opened;
  opened.close();
  errno = ENOTDIR;
  return opened;
}

}  // namespace

bool is_inner_name(std::string_view name) {
  if (name.empty()) return true;
  if (name.find('\0') != std::string_view::npos) return false;
  while (true) {
    const auto segment = first_segment(name);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (segment.size() == name.size()) return true;
    name.remove_prefix(segment.size() + 1);
  }
}

FileDescriptor walk_beneath(int root, std::string_view name, int flags, mode_t mode) {
  if (name.empty()) return FileDescriptor{::openat(root, ".", flags | O_CLOEXEC, mode)};
  FileDescriptor folder;
  while (true) {
    const auto segment = first_segment(name);
    const int parent = folder ? folder.get() : root;
    if (segment.size() == name.size()) {
      return open_segment(parent, std::string{segment}, flags, mode);
    }
    auto next = open_segment(parent, std::string{segment}, O_PATH | O_DIRECTORY, 0);
    if (!next) return next;
    folder = std::move(next);
    name.remove_prefix(segment.size() + 1);
  }
}

FileDescriptor open_beneath(int root, std::string_view name, int flags, mode_t mode) {
  static std::atomic<bool> has_openat2{true};
  if (!has_openat2.load(std::memory_order_relaxed)) return walk_beneath(root, name, flags, mode);

  const std::string path{name.empty() ? std::string_view{"."} : name};
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long opened = -1;
  do {
    opened = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
  } while (opened < 0 && errno == EINTR);
  if (opened < 0 && errno == ENOSYS) {
    has_openat2.store(false, std::memory_order_relaxed);
    return walk_beneath(root, name, flags, mode);
  }
  return FileDescriptor{static_cast<int>(opened)};
}

}  // namespace millrace::detail
