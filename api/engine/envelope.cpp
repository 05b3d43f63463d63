#include "api/engine/envelope.hpp"

#include "api/route/refusals.hpp"

namespace millrace::api {

std::string to_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json to_json(const std::vector<RequestFault>& faults) {
  Json listed = Json::array();
  for (const auto& fault : faults)
    listed.push_back(
        {{"kind", fault.code}, {"pointer", pointer_of(fault)}, {"message", fault.text}});
  return listed;
}

Json error_member(const Refusal& refusal) {
  Json error{{"code", to_string(refusal.error.code)}, {"message", refusal.error.message}};
  if (!refusal.faults.empty()) error["faults"] = to_json(refusal.faults);
  return error;
}

http::Response refuse_with_envelope(const Refusal& refusal, const http::Request&) {
  auto response =
      http::Response::json(status_of(refusal), to_text(Json{{"error", error_member(refusal)}}));
  if (response.status == 503 && refusal.retry_after.count() == 0)
    response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace millrace::api
