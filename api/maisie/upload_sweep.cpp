#include "api/maisie/upload_sweep.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

#include <spdlog/spdlog.h>

#include "engine/job/content_collector.hpp"
#include "engine/store/uploads.hpp"

namespace millrace::maisie {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSeldom = std::chrono::minutes{10};
constexpr milliseconds kOften{500};

// What a task of the scheduler owns; every task runs once.
struct Next {
  std::weak_ptr<Registry> registry;  // a timer does not keep a server that has ended
  Scheduler& scheduler;
};

template <void (*kWork)(const SharedRegistry&, Scheduler&)>
Task make_task(const SharedRegistry& registry, Scheduler& scheduler) {
  return {[](void* self) {
            const std::unique_ptr<Next> next{static_cast<Next*>(self)};
            if (const auto alive = next->registry.lock()) kWork(alive, next->scheduler);
          },
          new Next{registry, scheduler}};
}

void sweep(const SharedRegistry& registry, Scheduler&) { sweep_uploads(*registry); }

}  // namespace

void sweep_uploads(Registry& registry) {
  const auto before_us = to_micros(registry.clock.now() - registry.settings.upload_lifetime);
  for (const auto& content : registry.blobs.uploads().remove_untouched(before_us)) {
    const auto removed = remove_unreferred(registry.blobs, registry.catalog, content);
    if (!removed.ok())
      spdlog::warn("the content of an old upload stays behind error={}", removed.error().message);
  }
}

void sweep_uploads_now_and_then(const SharedRegistry& registry, Scheduler& scheduler) {
  scheduler.submit(make_task<sweep>(registry, scheduler), Pool::Control);
  const milliseconds lifetime = registry->settings.upload_lifetime;
  scheduler.submit_after(std::clamp(lifetime / 2, kOften, kSeldom),
                         make_task<sweep_uploads_now_and_then>(registry, scheduler));
}

}  // namespace millrace::maisie
