#include "api/auth/qiniu_signature.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "engine/base/ascii.hpp"

namespace millrace::auth {

namespace {

constexpr std::string_view kExtraPrefix = "X-Qiniu-";
constexpr std::size_t kMaxKeyLength = 128;

char lower(char letter) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
}
char upper(char letter) {
  return static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
}

// "x-qiniu-date" becomes "X-Qiniu-Date".
std::string canonical_name(std::string_view name) {
  std::string canonical;
  bool first = true;
  for (const char letter : name) {
    canonical += first ? upper(letter) : lower(letter);
    first = letter == '-';
  }
  return canonical;
}

}  // namespace

std::optional<QiniuCredential> read_credential(std::string_view header) {
  QiniuCredential credential;
  constexpr std::string_view kQiniu = "Qiniu ", kQbox = "QBox ";
  if (header.substr(0, kQiniu.size()) == kQiniu) {
    header.remove_prefix(kQiniu.size());
  } else if (header.substr(0, kQbox.size()) == kQbox) {
    credential.is_qbox = true;
    header.remove_prefix(kQbox.size());
  } else {
    return std::nullopt;
  }
  const auto colon = header.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > kMaxKeyLength) return std::nullopt;
  credential.access_key = header.substr(0, colon);
  credential.signature = header.substr(colon + 1);
  const bool has_space = header.find_first_of(" \t") != std::string_view::npos;
  if (credential.signature.empty() || has_space) return std::nullopt;
  return credential;
}

bool signs_body(const http::Request& request) {
  const auto type = trimmed(request.headers.get("Content-Type"));
  return !request.body.empty() && !type.empty() && type != "application/octet-stream";
}

std::string string_to_sign(const http::Request& request, std::string_view host) {
  std::string text{to_string(request.method)};
  text += ' ';
  text += request.target;
  if (text.back() == '?') text.pop_back();
  text += "\nHost: ";
  text += host;
  if (const auto type = trimmed(request.headers.get("Content-Type")); !type.empty()) {
    text += "\nContent-Type: ";
    text += type;
  }
  std::map<std::string, std::string_view> extras;  // the first of a repeated header counts
  for (const auto& [name, value] : request.headers.all()) {
    auto canonical = canonical_name(name);
    if (canonical.size() > kExtraPrefix.size() && canonical.starts_with(kExtraPrefix)) {
      extras.emplace(std::move(canonical), trimmed(value));
    }
  }
  for (const auto& [name, value] : extras) {
    text += '\n';
    text += name;
    text += ": ";
    text += value;
  }
  text += "\n\n";
  if (signs_body(request)) text += request.body;
  return text;
}

std::string qbox_string_to_sign(const http::Request& request) {
  std::string text = request.target;
  text += '\n';
  if (request.headers.get("Content-Type") == "application/x-www-form-urlencoded")
    text += request.body;
  return text;
}

std::string sign(std::string_view secret_key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha1(), secret_key.data(), static_cast<int>(secret_key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  std::array<unsigned char, 64> base64{};
  const int length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
  std::string signature{reinterpret_cast<const char*>(base64.data()),
                        static_cast<std::size_t>(length)};
  std::replace(signature.begin(), signature.end(), '+', '-');
  std::replace(signature.begin(), signature.end(), '/', '_');
  return signature;
}

bool equal_signatures(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace millrace::auth
