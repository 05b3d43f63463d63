#include "api/maisie/problems.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "api/route/refusals.hpp"
#include "engine/base/json_members.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

constexpr std::string_view kNotFound =
    "The requested URL was not found on the server. If you entered the URL manually please check "
    "your spelling and try again.";
// The value of a refusal of sign-in that says of which kind it is.
constexpr const char* kKind = "error";

// What a field refers to, in the words of the document.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kParents{
    {{"workspace_id", "Workspace"}, {"project_id", "Project"}, {"job_id", "Job"}}};

http::Response answer(int status, const Json& body) {
  return http::Response::json(status,
                              body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

http::Response message(int status, std::string_view text) {
  return answer(status, {{"message", text}});
}

http::Response sign_in_message(const api::Refusal& refusal) {
  const auto kind = refusal.values.find(kKind);
  return answer(401, {{kKind, kind != refusal.values.end() ? *kind : Json("AuthenticationError")},
                      {"message", refusal.error.message},
                      {"status_code", 401}});
}

// "Workspace 77 does not exist.", where the refusal is of that kind.
std::optional<http::Response> parent_message(const api::Refusal& refusal) {
  if (refusal.error.code != Code::NotFound) return std::nullopt;
  const auto& field = refusal.error.field;
  const auto* parent = std::find_if(kParents.begin(), kParents.end(),
                                    [&](const auto& known) { return known.first == field; });
  if (parent == kParents.end()) return std::nullopt;
  const auto given = refusal.values.find(field);
  const auto id = given == refusal.values.end() ? std::string{"?"} : given->dump();
  return answer(400, {{"error", fmt::format("{} {} does not exist.", parent->second, id)}});
}

// The parameter that a JSON pointer goes through: "metrics" of "/metrics/loss".
std::string parameter_in(std::string_view path) {
  const auto end = std::min(path.find('/', 1), path.size());
  std::string name;
  for (std::size_t i = 1; i < end; ++i) {
    const bool is_escaped = path[i] == '~' && i + 1 < end;
    name += !is_escaped ? path[i] : path[++i] == '0' ? '~' : '/';
  }
  return name;
}

http::Response fields_message(const std::vector<api::RequestFault>& faults) {
  Json told = Json::object(), texts = Json::object();
  for (const auto& fault : faults) append_member(told, parameter_in(fault.path), fault.text);
  put_members(texts, told);  // of a field with several faults the last one
  return answer(400, {{"message", std::move(texts)}});
}

}  // namespace

http::Response refuse(const api::Refusal& refusal, const http::Request&) {
  const auto& error = refusal.error;
  if (refusal.code == "sign_in") return sign_in_message(refusal);
  if (refusal.code == "schema") return fields_message(refusal.faults);
  if (auto told = parent_message(refusal)) return *std::move(told);
  if (error.code == Code::NotFound && error.field == "user_id")
    return sign_in_message(refuse_lost_user());
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
  auto refused = api::refusal(Code::Unauthenticated, "sign_in", std::move(message));
  refused.values = {{kKind, kind}};
  return refused;
}

api::Refusal refuse_lost_user() {
  return refuse_sign_in("PraetorianError",
                        "Could not identify the current user from the current id");
}

api::Refusal not_found() { return api::refusal(Code::NotFound, "", std::string{kNotFound}); }

}  // namespace millrace::maisie
