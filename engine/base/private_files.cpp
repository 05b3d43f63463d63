#include "engine/base/private_files.hpp"

#include <cerrno>
#include <system_error>

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

}  // namespace millrace
