#include "plugins/records/naming.hpp"

#include "plugins/records/draw.hpp"

namespace millrace::records {

namespace {

constexpr std::size_t kMaxStemBytes = 64;

bool is_plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// Returns what follows the authority of an address, or the whole text when it has no scheme.
std::string_view path_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return url;
  if (url.starts_with("http"))
    url = url.substr(0, url.find('#'));  // elsewhere "#" may be part of a key
  const auto path = url.find('/', scheme + 3);
  return path == std::string_view::npos ? std::string_view{} : url.substr(path);
}

}  // namespace

std::string file_stem(std::string_view url) {
  std::string_view segment = path_of(url.substr(0, url.find('?')));
  if (const auto slash = segment.rfind('/'); slash != std::string_view::npos)
    segment.remove_prefix(slash + 1);
  segment = segment.substr(0, segment.rfind('.'));
  std::string stem{segment.substr(0, kMaxStemBytes)};
  for (char& c : stem) {
    if (!is_plain(c)) c = '_';
  }
  return stem.empty() ? "image" : stem;
}

std::string name_digits(std::string_view identity, std::string_view ops) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const Sha1Digest digest = sha1(join_parts(std::string_view{"name"}, identity, ops));
  std::string hex;
  for (std::size_t i = 0; i < 8; ++i) {
    hex.push_back(kDigits[digest[i] >> 4]);
    hex.push_back(kDigits[digest[i] & 15]);
  }
  return hex;
}

std::string generated_url(std::string_view prefix, std::string_view root_url,
                          std::string_view identity, std::string_view ops,
                          std::string_view extension) {
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  std::string url{prefix};
  url += '/';
  url += file_stem(root_url);
  url += '_';
  url += name_digits(identity, ops);
  url += extension;
  return url;
}

}  // namespace millrace::records
