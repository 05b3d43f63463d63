#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace millrace::detail {

/// Which contents may not be removed now, and which are being removed. [any thread]
class BlobClaims {
 public:
  /// Waits while the content is being removed; after that it stays until let_go().
  void hold(const std::string& sha256);
  void let_go(const std::string& sha256);

  /// Returns false when somebody holds the content. Waits for the end of another removal.
  bool begin_removal(const std::string& sha256);
  void end_removal(const std::string& sha256);

 private:
  struct Claim {
    std::size_t holders = 0;
    bool is_being_removed = false;
  };

  std::mutex mutex_;  // guards claims_
  std::condition_variable changed_;
  std::map<std::string, Claim> claims_;  // only of contents that somebody holds or removes
};

}  // namespace millrace::detail
