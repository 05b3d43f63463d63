#include "api/maisie/known_users.hpp"

#include "engine/base/json.hpp"
#include "engine/catalog/catalog.hpp"

namespace millrace::maisie {

Result<bool> KnownUsers::is_there(std::int64_t user) {
  const auto now = clock_.steady();
  std::uint64_t forgotten = 0;
  {
    const std::lock_guard lock{mutex_};
    const auto asked = asked_.find(user);
    if (asked != asked_.end() && now - asked->second < kTrust) return true;
    forgotten = forgotten_;
  }
  const Json id{{"column", "id"}, {"op", "="}, {"value", user}};
  MR_TRY(const Batch found, catalog_.query({{"entity", "users"},
                                            {"columns", Json::array({"id"})},
                                            {"where", Json::array({id})},
                                            {"limit", 1}}));
  if (found.rows() == 0) return false;
  const std::lock_guard lock{mutex_};
  if (forgotten != forgotten_) return true;
  if (asked_.size() >= kMostUsers) asked_.clear();  // one more query for each who is still active
  asked_[user] = now;
  return true;
}

void KnownUsers::forget(std::int64_t user) {
  const std::lock_guard lock{mutex_};
  asked_.erase(user);
  ++forgotten_;
}

}  // namespace millrace::maisie
