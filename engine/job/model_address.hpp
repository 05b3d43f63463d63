#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/catalog/catalog.hpp"

namespace millrace {

/// A model of the registry, as an address names it:
///   model:12                    by its id
///   model:PROJECT/NAME          the newest version of the name
///   model:PROJECT/NAME@3        one version
///   model:PROJECT/NAME@STAGE    what is in force in a stage; a stage is not named by digits alone
/// In names "/", "@" and "%" are written "%2F", "%40" and "%25", and so may be all others.
struct ModelAddress {
  static constexpr std::size_t kMostBytes = 255;  // of the text

  std::int64_t id = 0;  // 0: by its name
  std::string project{}, name{};
  std::int64_t version = 0;  // 0: none is named
  std::string stage{};       // empty: none is named
};

/// Whether an address has this form, right or wrong.
constexpr bool is_model_address(std::string_view text) { return text.starts_with("model:"); }

/// Takes an address apart. InvalidArgument, detail uri_syntax, says what is wrong with it.
Result<ModelAddress> parse_model_address(std::string_view text);

/// Returns the SHA-256 of the model's file, 64 hexadecimal digits. `owner` as of queries: with one,
/// private models of others are not there. NotFound: there is no such model, or it has no file;
/// Conflict: several projects have that name. [blocks]
Result<std::string> find_model_content(Catalog& catalog, std::string_view address,
                                       std::string_view owner, Clock::Steady until);

}  // namespace millrace
