#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/store/blobs.hpp"

namespace millrace {

class Catalog;

/// Removes a content that no model refers to and nobody is about to; returns whether it is gone.
Result<bool> remove_unreferred(Blobs& blobs, Catalog& catalog, std::string_view sha256);

/// What is found when all contents are held against all models.
struct ModelFileCheck {
  std::int64_t contents = 0, unreferred = 0, missing = 0;
  std::uint64_t bytes = 0, unreferred_bytes = 0;
};

/// Looks for contents that no model refers to, and removes them unless it is a dry run; `each` gets
/// every one that is, or would be, removed. Models whose content is not there are counted as missing.
Result<ModelFileCheck> collect_model_files(Blobs& blobs, Catalog& catalog, bool is_dry_run,
                                           const std::function<void(const BlobName&)>& each);

}  // namespace millrace
