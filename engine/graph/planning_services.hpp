#pragma once

#include "engine/plugin/services.hpp"

namespace millrace {

/// Answers the plan() hook of an operator that the planner puts in by itself. Its addresses are
/// copies of ones that were checked for the node they come from; everything else is refused, as in
/// any plan(). [any thread]
class PlanningServices : public Services {
 public:
  explicit PlanningServices(std::uint64_t seed) : seed_{seed} {}

  std::string_view job() const override { return {}; }
  std::uint64_t seed() const override { return seed_; }
  bool stopping() const override { return false; }

  void log(std::string_view, int, std::string_view) override {}
  void progress(std::string_view, std::uint64_t, std::uint64_t, std::string_view) override {}
  void count(std::string_view, std::string_view, std::int64_t) override {}
  void record_event(std::string_view, const RecordLogEvent&) override {}
  Result<void> set_result(std::string_view, std::string_view) override { return refused(); }

  Result<void> check_uri(std::string_view, bool) override { return {}; }
  Result<ObjectStat> stat(std::string_view) override { return refused(); }
  Result<void> list(std::string_view, const EachListed&) override { return refused(); }
  Result<std::unique_ptr<ObjectReader>> open(std::string_view) override { return refused(); }
  Result<void> put(std::string_view, std::string_view) override { return refused(); }
  Result<ObjectWriter*> stage(std::string_view) override { return refused(); }
  Result<ConnectionSettings> connection(std::string_view, bool) override { return refused(); }
  Result<Batch> catalog_query(const Json&) override { return refused(); }
  Result<Batch> catalog_change(const Json&) override { return refused(); }

 private:
  static Error refused() {
    return {Code::InvalidArgument, "an operator does no work while it is planned"};
  }

  std::uint64_t seed_;
};

}  // namespace millrace
