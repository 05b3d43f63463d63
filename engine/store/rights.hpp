#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace millrace {

/// Who asks: decides which addresses are open to a job.
struct StoreRights {
  bool any_file = false;                       // `file:` anywhere (a person at the shell)
  std::vector<std::filesystem::path> roots{};  // else only below these
  std::vector<std::string> grants{};  // "zone/bucket" patterns ("*" matches a part); empty: all
  bool blobs = false;  // `blob:` for reading: whoever names a content may read it. New ones may be
                       // staged by all: they take nobody's place

  bool operator==(const StoreRights&) const = default;
};

}  // namespace millrace
