#include "engine/validated_pipelines.hpp"

#include <functional>
#include <utility>

namespace millrace {

namespace {

// The hash tells 1 from 1.0, which compare equal but need not mean the same.
std::string key_of(const ValidatedPipelines::Asked& asked) {
  return std::to_string(std::hash<Json>{}(asked.document)) + ' ' +
         std::to_string(std::hash<Json>{}(asked.parameters));
}

// What is asked may be larger than what comes of it: declarations of parameters are not in that.
std::size_t size_of(const ValidatedPipelines::Asked& asked) {
  const auto size = [](const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace).size();
  };
  return size(asked.document) + size(asked.parameters);
}

}  // namespace

std::shared_ptr<const ValidatedPipelines::Valid> ValidatedPipelines::find(const Asked& asked) {
  const auto key = key_of(asked);
  std::shared_ptr<const Kept> kept;
  {
    const std::lock_guard lock{mutex_};
    if (const auto* found = kept_.find(key)) kept = *found;
  }
  if (!kept || kept->document != asked.document || kept->parameters != asked.parameters ||
      kept->rights != asked.rights || kept->rules != asked.rules)
    return nullptr;
  return {kept, &kept->valid};
}

void ValidatedPipelines::keep(const Asked& asked, Valid valid) {
  if (valid.graph->asked_store || asked.rules.check_sources) return;
  if (valid.document.text().size() > kMostBytes || size_of(asked) > kMostBytes) return;
  auto kept = std::make_shared<const Kept>(
      Kept{asked.document, asked.parameters, asked.rights, asked.rules, std::move(valid)});
  const auto key = key_of(asked);
  const std::lock_guard lock{mutex_};
  kept_.get(key) = std::move(kept);
}

}  // namespace millrace
