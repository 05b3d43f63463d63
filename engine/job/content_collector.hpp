#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/store/blobs.hpp"

namespace millrace {

class Catalog;

// A content stays for the rows that name it (ColumnRules::is_content), and for the job that made it
// until that ends. Others are collected.

/// Removes a content that nothing names and nobody is about to; returns whether it is gone.
Result<bool> remove_unreferred(Blobs& blobs, Catalog& catalog, std::string_view sha256);

/// The same where a content that stays behind does no harm: a failure is logged, and the next
/// collection finds it.
void remove_content(Blobs& blobs, Catalog& catalog, std::string_view sha256);

/// What is found when all contents are held against all that names contents.
struct ContentCheck {
  std::int64_t contents = 0, unreferred = 0, missing = 0, damaged = 0;
  std::uint64_t bytes = 0, unreferred_bytes = 0;
};

struct CollectOptions {
  bool is_dry_run = false;  // only tell
  bool verify = false;      // also read what stays
};

/// Looks for contents that nothing names, and removes them unless it is a dry run; `each` gets
/// every one that is, or would be, removed. Rows whose content is not there are counted as missing.
/// With `verify`, contents that stay are read and held against their names; `damaged` gets those
/// whose bytes are others.
Result<ContentCheck> collect_contents(Blobs& blobs, Catalog& catalog, CollectOptions options,
                                      const std::function<void(const BlobName&)>& each,
                                      const std::function<void(const BlobName&)>& damaged);

}  // namespace millrace
