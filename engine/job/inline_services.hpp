#pragma once

#include <map>
#include <mutex>
#include <string>

#include "engine/base/clock.hpp"
#include "engine/job/store_services.hpp"
#include "engine/run/cancel.hpp"

namespace millrace {

/// What the operators of a run on the inline lane may ask for: store and catalog under the asker's
/// rights, no journal. Made for each request, so it is cheap. Staged outputs become visible with
/// publish(); what was not published is discarded with the object. [any worker]
class InlineServices final : public StoreServices {
 public:
  InlineServices(Surroundings around, const StoreRights& rights, Asker asker,
                 std::uint64_t seed = 0, const Cancel* cancel = nullptr);
  ~InlineServices() override;

  /// Scratch of such a run lies in memory and goes with it; more than this is Exhausted.
  static constexpr std::uint64_t kScratchBytes = 16u << 20;

  /// After a run that succeeded.
  Result<void> publish();
  [[nodiscard]] std::map<std::string, std::int64_t> counts() const;
  [[nodiscard]] Json result() const;

  std::string_view job() const override { return "inline"; }
  std::uint64_t seed() const override { return seed_; }
  bool stopping() const override { return cancel_ != nullptr && cancel_->stopped(); }
  void log(std::string_view node, int level, std::string_view message) override;
  void progress(std::string_view node, std::uint64_t done, std::uint64_t total,
                std::string_view unit) override;
  void count(std::string_view node, std::string_view counter, std::int64_t by) override;
  void record_event(std::string_view node, const RecordLogEvent& event) override;
  Result<void> set_result(std::string_view key, std::string_view json) override;

 private:
  Result<std::unique_ptr<Scratch>> make_scratch() override;

  const std::uint64_t seed_;
  const Cancel* cancel_;  // null: nobody can stop it
  bool published_ = false;
  mutable std::mutex mutex_;  // guards the two below
  std::map<std::string, std::int64_t> counts_;
  Json result_ = Json::object();
};

}  // namespace millrace
