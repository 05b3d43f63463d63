#include "engine/data_folder.hpp"

#include <cerrno>
#include <optional>

#include "engine/base/private_files.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

namespace millrace {

namespace {

constexpr std::string_view kWhat = "open data folder";
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

std::optional<mode_t> mode_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status.st_mode;
}

// Whether others could read what the program keeps in a folder that they may enter, or change it.
bool was_open(const std::filesystem::path& folder, mode_t mode) {
  for (const char* made_first : {"lock", "catalog.sqlite"}) {
    const auto made = mode_of(folder / made_first);
    if (made && ((*made & kOthers) != 0 || (mode & (S_IWGRP | S_IWOTH)) != 0)) return true;
  }
  return false;
}

}  // namespace

Result<void> open_data_folder(const std::filesystem::path& folder) {
  if (auto made = make_private_folder(folder); !made.ok())
    return std::move(made).error().within(std::string{kWhat});
  const auto mode = mode_of(folder);
  if (!mode) return system_error(kWhat, folder.string(), errno);
  if (!S_ISDIR(*mode)) return system_error(kWhat, folder.string(), ENOTDIR);
  if ((*mode & kOthers) == 0) return {};
  // A folder in which everybody makes files (/tmp) is nobody's to close.
  const bool is_shared = (*mode & S_ISVTX) != 0;
  if (!is_shared && !was_open(folder, *mode)) {
    if (::chmod(folder.c_str(), kPrivateFolder) == 0) return {};
    return system_error(kWhat, folder.string(), errno);
  }
  return Error{
      Code::PermissionDenied,
      fmt::format("{}: others may read or write it (mode {:04o}), and it holds passwords "
                  "and private models: {} {}",
                  kWhat, *mode & 07777,
                  is_shared ? "name another folder than" : "run chmod -R go-rwx", folder.string())};
}

}  // namespace millrace
