#pragma once

#include <cstdint>
#include <string>
#include <xxhash.h>

#include <millrace/context.hpp>

namespace millrace::preprocess {

/// Returns a seed of hashes that is told to nobody: it is of this start of the engine. The same for
/// all attempts of a job within it.
inline std::uint64_t hash_secret(const Context& context) {
  const std::string text = std::string{context.engine()} + '/' + std::string{context.job()} + '/' +
                           std::to_string(context.seed());
  return XXH3_64bits(text.data(), text.size());
}

}  // namespace millrace::preprocess
