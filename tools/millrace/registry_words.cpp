#include "tools/millrace/registry_words.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace millrace::tool {
namespace {

constexpr std::array<std::string_view, 6> kGroups{"models",     "projects",      "users",
                                                  "workspaces", "client-config", "config"};
constexpr std::array<std::string_view, 17> kOptions{
    "hp",    "id",  "git",    "url",   "page",         "per_page", "repo",      "login", "password",
    "token", "key", "enable", "level", "logging_file", "project",  "workspace", "file"};

bool is_documented(std::string_view word) {
  if (word.size() < 3 || word[0] != '-' || word[1] == '-') return false;
  const auto name = word.substr(1, word.find('=') - 1);
  return std::find(kOptions.begin(), kOptions.end(), name) != kOptions.end();
}

}  // namespace

std::vector<std::string> with_two_dashes(std::vector<std::string> words) {
  auto word = std::find_if(words.begin(), words.end(), [](const std::string& one) {
    return std::find(kGroups.begin(), kGroups.end(), one) != kGroups.end();
  });
  for (; word != words.end() && *word != "--"; ++word) {
    if (is_documented(*word)) word->insert(0, "-");
  }
  return words;
}

}  // namespace millrace::tool
