#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http/message.hpp"
#include "api/route/reading.hpp"
#include "engine/base/json.hpp"

namespace millrace::api {

/// The fields of a request by the place where they stand: members of a JSON body, the query, the
/// fields of a form.
class RequestFields {
 public:
  /// Takes the body apart as the dialect does, or by itself, if there is one: a JSON object, also
  /// one that calls itself a form, or a form of either media type, whose files are passed over.
  /// Code "json" for a body that is JSON by its media type and none, or no object, and for a form
  /// that cannot be taken apart.
  static Result<RequestFields, Refusal> read(const http::Request& request, const Reading& reading,
                                             const std::vector<std::string>& as_text = {});

  struct Found {
    Json value;
    Place place;
  };
  /// Returns a field as it came: of JSON any value, else a text, or with `is_list` all texts of
  /// that name; nothing when it is absent.
  [[nodiscard]] std::optional<Found> find(std::string_view name, bool is_list,
                                          const std::vector<Place>& order) const;
  /// Puts the members of an object before all fields.
  void put_first(Json object) { first_ = std::move(object); }

 private:
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  [[nodiscard]] const Pairs* pairs(Place place) const;

  Json first_ = Json::object(), json_ = Json::object();
  Pairs query_, form_;
};

/// Returns the text of that name, or with `is_list` the list of all of them; nothing where there is
/// none.
std::optional<Json> find_text(const std::vector<std::pair<std::string, std::string>>& pairs,
                              std::string_view name, bool is_list);

}  // namespace millrace::api
