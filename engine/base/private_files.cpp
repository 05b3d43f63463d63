#include "engine/base/private_files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include "engine/base/file_descriptor.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

namespace millrace {

Result<void> make_private_folder(const std::filesystem::path& folder) {
  // Of "a/b/" that is "a/b".
  const auto path =
      folder.has_filename() || folder == folder.root_path() ? folder : folder.parent_path();
  std::error_code unknown;
  if (path.empty() || std::filesystem::is_directory(path, unknown)) return {};
  if (path.has_parent_path()) MR_CHECK(make_private_folder(path.parent_path()));
  if (::mkdir(path.c_str(), kPrivateFolder) == 0 || errno == EEXIST) return {};
  return system_error("make folder", path.string(), errno);
}

Result<void> make_private_file(const std::filesystem::path& file) {
  // Not open(): closing it would end the locks that this process holds on the file (fcntl(2)).
  if (::mknod(file.c_str(), S_IFREG | kPrivateFile, 0) == 0 || errno == EEXIST) return {};
  return system_error("make file", file.string(), errno);
}

Result<std::string> read_private_file(const std::filesystem::path& file, std::size_t max_bytes) {
  const auto name = file.string();
  // O_NONBLOCK: a pipe in its place must not hold whoever starts.
  const detail::FileDescriptor open{::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!open) return system_error("read secrets", name, errno);
  struct stat status {};
  if (::fstat(open.get(), &status) != 0) return system_error("read secrets", name, errno);
  if (!S_ISREG(status.st_mode))
    return Error{Code::InvalidArgument, fmt::format("read secrets: not a file: {}", name)};
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{
        Code::PermissionDenied,
        fmt::format("read secrets: others may read the file (run: chmod 600 {}): {}", name, name)};
  }
  std::string text(max_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(open.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read secrets", name, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > max_bytes) {
    return Error{Code::Exhausted,
                 fmt::format("read secrets: more than {} bytes: {}", max_bytes, name)};
  }
  text.resize(size);
  return text;
}

}  // namespace millrace
