#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace millrace::maisie {

/// What the dialect can be told.
struct Settings {
  bool require_auth = false;     // every route but login needs a token; implies enforce_private
  bool enforce_private = false;  // a private model is there for its user only
  bool owners_only = false;      // a model is changed, labelled and deleted by its user alone
  std::chrono::seconds token_lifetime{900};
  std::size_t max_upload_bytes = 64u << 20;  // of a whole request
  std::size_t max_open_uploads = 32;         // of a user
  std::chrono::seconds upload_lifetime{
      std::chrono::hours{24}};  // of an upload that nobody goes on with
  std::string public_base{};    // of links, instead of scheme, Host and prefix of the request

  [[nodiscard]] bool hides_private() const { return require_auth || enforce_private; }
};

}  // namespace millrace::maisie
