#include "engine/base/shared_json.hpp"

#include <mutex>

namespace millrace {

struct SharedJson::Held {
  explicit Held(Json given) : document(std::move(given)) {}  // in braces it would be an array

  const Json document;
  mutable std::once_flag is_written;
  mutable std::string text;
};

SharedJson::SharedJson() {
  static const auto kNull = std::make_shared<const Held>(Json{});
  held_ = kNull;
}

SharedJson::SharedJson(Json document) : held_{std::make_shared<const Held>(std::move(document))} {}

const Json& SharedJson::operator*() const { return held_->document; }

const std::string& SharedJson::text() const {
  std::call_once(held_->is_written, [held = held_.get()] {
    held->text = held->document.dump(-1, ' ', false, Json::error_handler_t::replace);
  });
  return held_->text;
}

}  // namespace millrace
