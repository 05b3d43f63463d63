#include "api/maisie/problems.hpp"

#include <array>
#include <utility>

#include "api/maisie/fields.hpp"
#include "api/route/refusals.hpp"
#include "engine/base/json_members.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

constexpr std::string_view kNotFound =
    "The requested URL was not found on the server. If you entered the URL manually please check "
    "your spelling and try again.";
constexpr std::string_view kSignIn = "sign_in:";

http::Response answer(int status, const Json& body) {
  return http::Response::json(status,
                              body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

http::Response message(int status, std::string_view text) {
  return answer(status, {{"message", text}});
}

// "Workspace 77 does not exist.", with the value as the request gave it.
http::Response no_parent(std::string_view field, std::string_view what,
                         const http::Request& request) {
  std::string id = "?";
  if (const auto fields = Fields::read(request); const auto* read = std::get_if<Fields>(&fields)) {
    const auto given = read->find(field);
    if (given) id = text_of(*given).value_or(id);
  }
  return answer(400, {{"error", fmt::format("{} {} does not exist.", what, id)}});
}

http::Response fields_message(const std::vector<Fault>& faults) {
  Json told = Json::object(), texts = Json::object();
  for (const auto& fault : faults) append_member(told, fault.pointer, fault.message);
  put_members(texts, told);  // of a field with several faults the last one
  return answer(400, {{"message", std::move(texts)}});
}

}  // namespace

http::Response refuse(const api::Refusal& refusal, const http::Request& request) {
  const auto& error = refusal.error;
  if (refusal.word.starts_with(kSignIn)) {
    return answer(401, {{"error", refusal.word.substr(kSignIn.size())},
                        {"message", error.message},
                        {"status_code", 401}});
  }
  if (refusal.word == "fields") return fields_message(refusal.faults);
  if (error.code == Code::NotFound && error.field == "workspace_id")
    return no_parent(error.field, "Workspace", request);
  if (error.code == Code::NotFound && error.field == "project_id")
    return no_parent(error.field, "Project", request);
  if (error.code == Code::NotFound && error.field == "job_id")
    return no_parent(error.field, "Job", request);
  if (error.code == Code::NotFound && error.field == "user_id")
    return refuse(refuse_lost_user(), request);
  switch (const int status = api::status_of(refusal); status) {
    case 404:
      return message(404, kNotFound);
    case 405:
      return message(405, "The method is not allowed for the requested URL.");
    case 413:
      return message(413, "The data value transmitted exceeds the capacity limit.");
    case 400:
    case 422:
      if (!error.field.empty()) return answer(400, {{"message", {{error.field, error.message}}}});
      return message(400, error.message);
    case 500:
      return message(500, "Internal Server Error");
    default:
      return message(status, error.message);
  }
}

api::Refusal refuse_sign_in(std::string_view kind, std::string message) {
  return api::refusal(Code::Unauthenticated, fmt::format("{}{}", kSignIn, kind),
                      std::move(message));
}

api::Refusal refuse_lost_user() {
  return refuse_sign_in("PraetorianError",
                        "Could not identify the current user from the current id");
}

api::Refusal not_found() { return api::refusal(Code::NotFound, "", std::string{kNotFound}); }

}  // namespace millrace::maisie
