#include "api/audience/refusals.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "api/http/status.hpp"

namespace millrace::audience {

namespace {

// Of a refusal whose values are the answer.
constexpr std::string_view kBody = "body";

http::Response detail(int status, Json told) {
  return http::Response::json(status, to_text(Json{{"detail", std::move(told)}}));
}

// Of a fault that no reader of values gave, the path is all names.
Json steps_of(const api::RequestFault& fault) {
  if (fault.steps.is_array()) return fault.steps;
  Json steps = Json::array();
  for (Json::json_pointer rest{fault.path}; !rest.empty(); rest.pop_back())
    steps.insert(steps.begin(), rest.back());
  return steps;
}

Json entry(const api::RequestFault& fault) {
  Json loc = Json::array({to_string(fault.place)});
  for (auto& step : steps_of(fault)) loc.push_back(std::move(step));
  return {{"loc", std::move(loc)}, {"msg", fault.text}, {"type", fault.code}};
}

http::Response wrong_values(const std::vector<api::RequestFault>& faults) {
  Json entries = Json::array();
  for (const auto& fault : faults) entries.push_back(entry(fault));
  return detail(422, std::move(entries));
}

// The text and place of Python's error, or the words for bytes that are no text.
http::Response wrong_json(const api::Refusal& refusal) {
  const auto& values = refusal.values;
  if (!values.contains("msg")) return detail(400, "There was an error parsing the body");
  const auto& message = values["msg"].get_ref<const std::string&>();
  const auto position = values["pos"].get<std::size_t>();
  const auto text = message + ": line " + values["lineno"].dump() + " column " +
                    values["colno"].dump() + " (char " + values["pos"].dump() + ")";
  Json entries = Json::array();
  entries.push_back({{"loc", Json::array({"body", position})},
                     {"msg", text},
                     {"type", "value_error.jsondecode"},
                     {"ctx", values}});
  return detail(422, std::move(entries));
}

}  // namespace

http::Response refuse(const api::Refusal& refusal, const http::Request&) {
  if (refusal.code == kBody) return http::Response::json(refusal.status, to_text(refusal.values));
  if (refusal.code == "schema") return wrong_values(refusal.faults);
  if (refusal.code == "json") return wrong_json(refusal);
  switch (const int status = api::status_of(refusal); status) {
    case 404:
      return detail(404, "Not Found");
    case 405:
      return detail(405, "Method Not Allowed");
    case 413:
      return detail(413, "Request Entity Too Large");
    case 500:
      return http::Response::text(500, "Internal Server Error");
    default:
      return detail(status, refusal.error.message.empty() ? Json(http::reason_phrase(status))
                                                          : Json(refusal.error.message));
  }
}

api::Refusal refuse_with(int code, std::string message) {
  const Error why{Code::InvalidArgument, message};
  return refuse_as({{"error_code", code}, {"error_message", std::move(message)}}, why);
}

api::Refusal refuse_as(Json body, const Error& why) {
  return {.error = why, .status = 200, .code = std::string{kBody}, .values = std::move(body)};
}

std::string to_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

http::Response answer(const Json& body) { return http::Response::json(200, to_text(body)); }

http::Response envelope(int code, Json message) {
  return answer({{"error_code", code}, {"error_message", std::move(message)}});
}

}  // namespace millrace::audience
