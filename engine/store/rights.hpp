#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace millrace {

/// Who asks: decides which addresses are open to a job.
struct StoreRights {
  bool any_file = false;                       // `file:` anywhere (a person at the shell)
  std::vector<std::filesystem::path> roots{};  // else only below these
  /// "zone/bucket" patterns ("*" matches a part); empty: all. They hold for every address: whoever
  /// has any opens no file, which may lie in another bucket.
  std::vector<std::string> grants{};
  bool objects_only = false;  // `file:` is no address here, nor `blob:` in a parameter
  bool blobs = false;  // `blob:` for reading: whoever names a content may read it. New ones may be
                       // staged by all: they take nobody's place

  // It may reach databases: those that the engine's settings name, and what its own pipeline says.
  bool databases = false;

  bool operator==(const StoreRights&) const = default;
};

}  // namespace millrace
