#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace millrace::client {

/// Reads a git repository through the git program, without a shell, network or lock. Each call
/// runs it once and throws GitError when that fails or takes longer than ten seconds. [any thread;
/// blocks]
class GitProvider {
 public:
  /// `path` is a repository; without it, the nearest one at or above the current folder is taken.
  /// Throws GitError where there is none.
  explicit GitProvider(const std::optional<std::filesystem::path>& path = std::nullopt);

  /// The folder of the working tree; of a bare repository, its own.
  [[nodiscard]] const std::filesystem::path& repository() const { return repository_; }
  /// Returns the name of the branch, empty when the head is detached.
  [[nodiscard]] std::string active_branch() const;
  /// Returns the 40 hexadecimal digits of the head, empty before the first commit.
  [[nodiscard]] std::string latest_commit() const;
  /// Tells whether tracked files have changes that are not committed.
  [[nodiscard]] bool is_dirty() const;
  /// Returns [name, url], [name] or [url] of every remote. Throws std::invalid_argument when
  /// neither is asked for.
  [[nodiscard]] std::vector<std::vector<std::string>> remotes(bool include_name = true,
                                                              bool include_url = true) const;

 private:
  std::filesystem::path repository_;
};

}  // namespace millrace::client
