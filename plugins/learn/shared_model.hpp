#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <millrace/context.hpp>

namespace millrace::learn {

/// Returns the model of a node that `make` reads from `address`. The instances of the node share it
/// within an attempt, and it goes with the last of them; one of them makes it, the others wait.
/// [any thread]
template <class Model>
std::shared_ptr<const Model> shared_model(const Context& context, std::string_view address,
                                          const std::function<Model()>& make) {
  struct Slot {
    std::mutex making;  // guards model until it is there
    std::optional<Model> model;
  };
  static std::mutex mutex;  // guards slots
  static std::map<std::string, std::weak_ptr<Slot>> slots;
  std::string name = std::to_string(context.token());
  for (const auto part : {context.engine(), context.job(), context.node(), address})
    name.append(" ").append(std::to_string(part.size())).append(":").append(part);
  std::shared_ptr<Slot> slot;  // shared by the instances
  {
    const std::lock_guard lock{mutex};
    std::erase_if(slots, [](const auto& item) { return item.second.expired(); });
    auto& known = slots[name];
    slot = known.lock();
    if (!slot) known = slot = std::make_shared<Slot>();
  }
  const std::lock_guard lock{slot->making};
  if (!slot->model) slot->model.emplace(make());
  const Model* model = &*slot->model;
  return {std::move(slot), model};
}

}  // namespace millrace::learn
