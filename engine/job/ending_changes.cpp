#include "engine/job/ending_changes.hpp"

#include <utility>

#include "engine/job/ending_policy.hpp"
#include "engine/job/kept_changes.hpp"

namespace millrace {

Result<EndingChanges> EndingChanges::read(std::string list, const Asker& asker,
                                          const Clock& clock) {
  EndingChanges made;
  MR_TRY(std::vector<KeptChanges::Item> items, KeptChanges::read(list));
  made.changes_.reserve(items.size());
  for (KeptChanges::Item& item : items) {
    MR_TRY(KeptChange change, KeptChange::from_json(item.change, asker, clock));
    made.changes_.push_back(std::move(change));
    made.nodes_.push_back(std::move(item.node));
  }
  made.list_ = std::move(list);
  return made;
}

Result<void> EndingChanges::apply(Connection& connection) {
  refusal_.reset();
  std::size_t made = 0;
  auto done = KeptChange::apply_all(connection, changes_, made);
  if (done.ok() || after_error(EndingStep::Write, done.error().code) == EndingChoice::Again)
    return done;
  refusal_ = done.error().within("change the catalog at the end of the job");
  refused_node_ = nodes_.at(made);
  return *refusal_;
}

Result<void> EndingChanges::check(Connection& connection) {
  MR_CHECK(connection.run("SAVEPOINT changes_of_end"));
  MR_CHECK(apply(connection));  // what is refused undoes the whole write
  MR_CHECK(connection.run("ROLLBACK TO SAVEPOINT changes_of_end"));
  return connection.run("RELEASE SAVEPOINT changes_of_end");
}

std::set<std::int64_t> EndingChanges::unseen() const {
  std::set<std::int64_t> ids;
  for (const KeptChange& each : changes_) {
    if (each.unseen() != 0) ids.insert(each.unseen());
  }
  return ids;
}

}  // namespace millrace
