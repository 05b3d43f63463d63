#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/base/beneath.hpp"
#include "engine/base/utf8.hpp"
#include "engine/store/blobs.hpp"
#include "engine/store/http_uri.hpp"
#include "engine/store/uri.hpp"

namespace {

using millrace::Uri;

void require(bool holds) {
  if (!holds) std::abort();
}

// What every other part of the store relies on: a name made from an address stays below its folder.
void check(const Uri& uri, bool is_prefix) {
  switch (uri.scheme) {
    case Uri::Scheme::Qiniu: {
      const auto name = uri.zone + '/' + uri.bucket + (uri.key.empty() ? "" : '/' + uri.key);
      require(millrace::detail::is_inner_name(name));
      require(millrace::is_utf8(name) && !millrace::has_control_character(name));
      require(name.find(".partial/") == std::string::npos && !name.ends_with(".partial"));
      require(is_prefix || !uri.key.empty());
      if (!uri.key.empty()) {
        const auto again = millrace::parse_uri(millrace::qiniu_uri(uri.zone, uri.bucket, uri.key));
        require(again.ok() && again->key == uri.key && again->zone == uri.zone);
      }
      break;
    }
    case Uri::Scheme::File: {
      require(uri.path.front() == '/');
      require(millrace::detail::is_inner_name(std::string_view{uri.path}.substr(1)));
      require(uri.root.empty());
      const auto again = millrace::parse_prefix(millrace::file_uri(uri.path));
      require(!again.ok() || again->path == uri.path);
      break;
    }
    case Uri::Scheme::Http:
    case Uri::Scheme::Https:
      require(!uri.host.empty() && uri.host.find_first_of("@/\\?# ") == std::string::npos);
      require(millrace::detail::host_and_port(uri.host, false).find(':') != std::string::npos);
      break;
    case Uri::Scheme::Blob: {
      require(!is_prefix && !uri.is_open);
      require(millrace::is_blob_name(uri.sha256) && uri.text == millrace::blob_uri(uri.sha256));
      break;
    }
    case Uri::Scheme::Work: {
      require(is_prefix || !uri.key.empty());
      require(millrace::detail::is_inner_name(uri.key));
      require(uri.key.find('/') == std::string::npos && uri.text == "work:///" + uri.key);
      break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  for (const bool is_prefix : {false, true}) {
    const auto parsed = is_prefix ? millrace::parse_prefix(text) : millrace::parse_uri(text);
    if (parsed.ok()) {
      require(parsed->text == text);
      check(*parsed, is_prefix);
    } else {
      const auto& error = parsed.error();
      require(error.detail.rfind("uri_", 0) == 0);
      require(millrace::is_utf8(error.message) && error.message.size() < 500);
    }
  }
  return 0;
}
