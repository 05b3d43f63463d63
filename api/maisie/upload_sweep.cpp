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
  // A timer does not keep a server that has ended.
  const std::weak_ptr<Registry> weak = registry;
  scheduler.submit(make_task([weak] {
                     if (const auto alive = weak.lock()) sweep_uploads(*alive);
                   }),
                   Pool::Control);
  const milliseconds lifetime = registry->settings.upload_lifetime;
  scheduler.submit_after(std::clamp(lifetime / 2, kOften, kSeldom), make_task([weak, &scheduler] {
                           if (const auto alive = weak.lock())
                             sweep_uploads_now_and_then(alive, scheduler);
                         }));
}

}  // namespace millrace::maisie
