#include "api/maisie/known_users.hpp"

#include "engine/base/json.hpp"
#include "engine/catalog/catalog.hpp"

namespace millrace::maisie {

Result<std::optional<KnownUser>> KnownUsers::find(std::int64_t user) {
  const auto now = clock_.steady();
  std::uint64_t forgotten = 0;
  {
    const std::lock_guard lock{mutex_};
    const auto asked = asked_.find(user);
    if (asked != asked_.end() && now - asked->second.when < kTrust)
      return std::optional{asked->second.user};
    forgotten = forgotten_;
  }
  const Json id{{"column", "id"}, {"op", "="}, {"value", user}};
  MR_TRY(const Batch rows,
         catalog_.query({{"entity", "users"},
                         {"columns", Json::array({"tokens_since", "is_disabled"})},
                         {"where", Json::array({id})},
                         {"limit", 1}}));
  if (rows.rows() == 0) return std::optional<KnownUser>{};
  const KnownUser found{.tokens_since = rows.column<std::int64_t>("tokens_since").value(0),
                        .is_disabled = rows.column<bool>("is_disabled").value(0)};
  const std::lock_guard lock{mutex_};
  if (forgotten != forgotten_) return std::optional{found};
  if (asked_.size() >= most_) asked_.clear();  // one more query for each who is still active
  asked_[user] = {now, found};
  return std::optional{found};
}

void KnownUsers::forget(std::int64_t user) {
  const std::lock_guard lock{mutex_};
  asked_.erase(user);
  ++forgotten_;
}

}  // namespace millrace::maisie
