#include <memory>
#include <strings.h>

#include <curl/curl.h>

#include <millrace/client/error.hpp>

#include "client/src/http_session.hpp"

namespace millrace::client::detail {
namespace {

struct UrlFree {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlFree>;

Url parsed(const std::string& text) {
  Url url{curl_url()};
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return nullptr;
  return url;
}

// Returns a part of a URL, nothing where it has none.
std::optional<std::string> part(const Url& url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string out{text};
  curl_free(text);
  return out;
}

}  // namespace

std::string checked_base_url(const std::string& url) {
  const auto refuse = [&](const std::string& why) {
    // Not the address itself: what is wrong with it may be that it holds a password.
    throw ConfigInitializationError{"api_url " + why};
  };
  if (url.empty()) refuse("is not set");
  for (const char c : url) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f)
      refuse("has a blank or a control character in it");
  }
  const auto parts = parsed(url);
  if (parts == nullptr) refuse("is no URL");
  const auto scheme = part(parts, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") refuse("begins with neither http:// nor https://");
  if (part(parts, CURLUPART_HOST).value_or("").empty()) refuse("names no host");
  if (part(parts, CURLUPART_USER) || part(parts, CURLUPART_PASSWORD))
    refuse("must not hold a user or a password");
  if (part(parts, CURLUPART_QUERY) || part(parts, CURLUPART_FRAGMENT))
    refuse("must not have a query or a fragment");
  return url.substr(0, url.find_last_not_of('/') + 1);
}

bool is_same_origin(const std::string& a, const std::string& b) {
  const auto first = parsed(a), second = parsed(b);
  if (first == nullptr || second == nullptr) return false;
  for (const auto which : {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT}) {
    const auto one = part(first, which, CURLU_DEFAULT_PORT);
    const auto other = part(second, which, CURLU_DEFAULT_PORT);
    if (!one || !other || ::strcasecmp(one->c_str(), other->c_str()) != 0) return false;
  }
  return true;
}

std::string encode_form(const Pairs& pairs) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  const auto add = [&](std::string_view text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || kPlain.find(c) != std::string_view::npos;
      if (is_plain) {
        out += c;
      } else {
        out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
      }
    }
  };
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    add(name);
    out += '=';
    add(value);
  }
  return out;
}

}  // namespace millrace::client::detail
