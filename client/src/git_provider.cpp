#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <unistd.h>

#include <millrace/client/error.hpp>
#include <millrace/client/git_provider.hpp>

#include "client/src/child_program.hpp"

namespace millrace::client {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kTimeout{10};

// Variables of git that say how it runs, not which repository it sees.
bool is_kept(std::string_view variable) {
  constexpr std::array<std::string_view, 4> kKept{
      "GIT_CONFIG_GLOBAL=", "GIT_CONFIG_SYSTEM=", "GIT_CONFIG_NOSYSTEM=", "GIT_EXEC_PATH="};
  if (!variable.starts_with("GIT_")) return !variable.starts_with("LC_ALL=");
  return std::any_of(kKept.begin(), kKept.end(),
                     [&](std::string_view name) { return variable.starts_with(name); });
}

std::vector<std::string> environment(const fs::path& ceiling) {
  std::vector<std::string> lines;
  for (char** line = environ; line != nullptr && *line != nullptr; ++line) {
    if (is_kept(*line)) lines.emplace_back(*line);
  }
  lines.insert(lines.end(), {"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0"});
  if (!ceiling.empty()) lines.push_back("GIT_CEILING_DIRECTORIES=" + ceiling.string());
  return lines;
}

// Runs git in a folder, without the monitor that a repository's configuration can name.
detail::Finished run_git(const fs::path& folder, std::vector<std::string> arguments,
                         const fs::path& ceiling = {}) {
  std::vector<std::string> words{"git", "-C", folder.string(), "-c", "core.fsmonitor=false"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return detail::run_program(std::move(words), environment(ceiling), kTimeout);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

[[noreturn]] void fail(const std::string& what, const detail::Finished& finished) {
  throw GitError{what + ": " +
                 (finished.errors.empty() ? "git failed" : first_line(finished.errors))};
}

}  // namespace

GitProvider::GitProvider(const std::optional<fs::path>& path) {
  std::error_code failed;
  const auto folder = path ? fs::canonical(*path, failed) : fs::current_path(failed);
  if (failed) throw GitError{"no such folder: " + (path ? path->string() : std::string{"."})};
  // A given path is a repository itself; git is not to look above it.
  const auto ceiling = path ? folder.parent_path() : fs::path{};
  const auto tree = run_git(folder, {"rev-parse", "--show-toplevel"}, ceiling);
  if (tree.exit_code == 0) {
    repository_ = first_line(tree.output);
    return;
  }
  const auto bare = run_git(folder, {"rev-parse", "--absolute-git-dir"}, ceiling);
  if (bare.exit_code != 0) fail("not a git repository: " + folder.string(), bare);
  repository_ = first_line(bare.output);
}

std::string GitProvider::active_branch() const {
  const auto head = run_git(repository_, {"symbolic-ref", "--quiet", "HEAD"});
  if (head.exit_code == 1) return {};
  if (head.exit_code != 0) fail("read the branch of " + repository_.string(), head);
  constexpr std::string_view kHeads = "refs/heads/";
  const auto name = first_line(head.output);
  return name.starts_with(kHeads) ? name.substr(kHeads.size()) : name;
}

std::string GitProvider::latest_commit() const {
  const auto head = run_git(repository_, {"rev-parse", "--verify", "--quiet", "HEAD^{commit}"});
  if (head.exit_code == 1) return {};
  if (head.exit_code != 0) fail("read the commit of " + repository_.string(), head);
  return first_line(head.output);
}

bool GitProvider::is_dirty() const {
  const auto status = run_git(repository_, {"status", "--porcelain", "-z", "--untracked-files=no"});
  if (status.exit_code != 0) fail("read the state of " + repository_.string(), status);
  return !status.output.empty();
}

std::vector<std::vector<std::string>> GitProvider::remotes(bool include_name,
                                                           bool include_url) const {
  if (!include_name && !include_url)
    throw std::invalid_argument{"remotes: neither names nor addresses are asked for"};
  const auto listed = run_git(repository_, {"config", "--local", "--includes", "-z", "--get-regexp",
                                            "^remote\\..*\\.url$"});
  if (listed.exit_code == 1) return {};  // there are none
  if (listed.exit_code != 0) fail("read the remotes of " + repository_.string(), listed);
  // Each is "remote.<name>.url", a line feed, the address, and a NUL.
  constexpr std::string_view kBefore = "remote.", kAfter = ".url";
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> found;
  std::string_view rest{listed.output};
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\0'), rest.size());
    const auto entry = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto middle = entry.find('\n');
    if (middle == std::string_view::npos || middle < kBefore.size() + kAfter.size()) continue;
    std::string name{entry.substr(kBefore.size(), middle - kBefore.size() - kAfter.size())};
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;  // a second address
    names.push_back(name);
    auto& remote = found.emplace_back();
    if (include_name) remote.push_back(std::move(name));
    if (include_url) remote.emplace_back(entry.substr(middle + 1));
  }
  return found;
}

}  // namespace millrace::client
