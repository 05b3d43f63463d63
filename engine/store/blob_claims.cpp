#include "engine/store/blob_claims.hpp"

namespace millrace::detail {

void BlobClaims::hold(const std::string& sha256) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] {
    const auto claim = claims_.find(sha256);
    return claim == claims_.end() || !claim->second.is_being_removed;
  });
  ++claims_[sha256].holders;
}

void BlobClaims::let_go(const std::string& sha256) {
  const std::lock_guard lock{mutex_};
  const auto claim = claims_.find(sha256);
  if (claim != claims_.end() && --claim->second.holders == 0) claims_.erase(claim);
}

bool BlobClaims::begin_removal(const std::string& sha256) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] {
    const auto claim = claims_.find(sha256);
    return claim == claims_.end() || !claim->second.is_being_removed;
  });
  auto& claim = claims_[sha256];
  if (claim.holders > 0) return false;
  claim.is_being_removed = true;
  return true;
}

void BlobClaims::end_removal(const std::string& sha256) {
  {
    const std::lock_guard lock{mutex_};
    claims_.erase(sha256);
  }
  changed_.notify_all();
}

}  // namespace millrace::detail
