#include "engine/job/inline_services.hpp"

#include <atomic>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/job/content_collector.hpp"
#include "engine/plugin/engine_instance.hpp"
#include "engine/plugin/log_level.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

// Names the stage of one inline run apart from those of all others, of this process and of earlier
// ones.
std::string next_stage_owner() {
  static std::atomic<std::uint64_t> number{0};
  return fmt::format("inline-{}-{}", engine_instance(),
                     number.fetch_add(1, std::memory_order_relaxed));
}

}  // namespace

InlineServices::InlineServices(Surroundings around, const StoreRights& rights, Asker asker,
                               std::uint64_t seed, const Cancel* cancel)
    : StoreServices{around, rights, std::move(asker), next_stage_owner()},
      seed_{seed},
      cancel_{cancel} {}

InlineServices::~InlineServices() {
  for (const std::string& sha256 : contents().close())
    remove_content(*store().blobs(), catalog(), sha256);
  if (published_ || outputs().empty()) return;
  outputs().close();
  if (auto discarded = outputs().discard(); !discarded.ok()) {
    spdlog::warn("staged output stays behind error={}", discarded.error().message);
  }
}

Result<std::unique_ptr<Scratch>> InlineServices::make_scratch() {
  return std::unique_ptr<Scratch>{std::make_unique<MemoryScratch>(kScratchBytes)};
}

Result<void> InlineServices::publish() {
  if (!has_written()) return {};
  MR_CHECK(sync());
  outputs().close();
  MR_CHECK(outputs().publish());
  published_ = true;
  return {};
}

std::map<std::string, std::int64_t> InlineServices::counts() const {
  const std::lock_guard lock{mutex_};
  return counts_;
}

Json InlineServices::result() const {
  const std::lock_guard lock{mutex_};
  return result_;
}

void InlineServices::log(std::string_view node, int level, std::string_view message) {
  spdlog::log(log_level(level), "{} job=inline node={}", hide(message), node);
}

// Nobody watches a run that is over within its request.
void InlineServices::progress(std::string_view, std::uint64_t, std::uint64_t, std::string_view) {}

void InlineServices::count(std::string_view, std::string_view counter, std::int64_t by) {
  const std::lock_guard lock{mutex_};
  counts_[std::string{counter}] += by;
}

void InlineServices::record_event(std::string_view node, const RecordLogEvent& event) {
  log(node, event.level,
      fmt::format("{}: {} url={} line={}", event.code, event.message, event.url, event.line));
}

Result<void> InlineServices::set_result(std::string_view key, std::string_view json) {
  MR_TRY(Json value, parse_json(json));
  const std::lock_guard lock{mutex_};
  result_[std::string{key}] = std::move(value);
  return {};
}

}  // namespace millrace
