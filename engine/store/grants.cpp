#include "engine/store/grants.hpp"

#include <algorithm>

namespace millrace::detail {
namespace {

// Goes back to the last star only, so the time is at most the product of both lengths.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t at = 0, in_text = 0;
  auto star = std::string_view::npos;
  std::size_t star_text = 0;
  while (in_text < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      star_text = in_text;
    } else if (at < pattern.size() && pattern[at] == text[in_text]) {
      ++at;
      ++in_text;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in_text = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

}  // namespace

bool is_granted(const std::vector<std::string>& grants, std::string_view zone,
                std::string_view bucket) {
  if (grants.empty()) return true;
  return std::any_of(grants.begin(), grants.end(), [&](std::string_view grant) {
    const auto slash = grant.find('/');
    return slash != std::string_view::npos && matches(grant.substr(0, slash), zone) &&
           matches(grant.substr(slash + 1), bucket);
  });
}

}  // namespace millrace::detail
