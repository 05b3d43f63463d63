#include "api/audience/checks.hpp"

#include <algorithm>
#include <utility>

#include "api/audience/refusals.hpp"
#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace::audience {

namespace {

constexpr std::size_t kTaskIdDigits = 32;

void erase_all(std::string& text, std::string_view part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at))
    text.erase(at, part.size());
}

bool are_hexadecimal(std::string_view text, std::string_view digits) {
  return text.size() == kTaskIdDigits && text.find_first_not_of(digits) == std::string_view::npos;
}

// As uuid.UUID() of Python takes a text apart.
bool is_uuid(std::string_view given) {
  std::string text{given};
  erase_all(text, "urn:");
  erase_all(text, "uuid:");
  const auto first = text.find_first_not_of("{}");
  if (first == std::string::npos) return false;
  text = text.substr(first, text.find_last_not_of("{}") - first + 1);
  erase_all(text, "-");
  return are_hexadecimal(text, "0123456789abcdefABCDEF");
}

}  // namespace

Result<void, api::Refusal> check_days(std::string_view start, std::string_view end) {
  if (start < end) return {};
  return refuse_with(400, "start_time must be earlier than end_time");
}

Result<void, api::Refusal> check_task_id(std::string_view id, Profile profile) {
  if (profile == Profile::Reference) {
    if (is_uuid(id)) return {};
    auto refused = refuse_with(400, fmt::format("{} is a improper task_id", id));
    refused.status = 400;
    return refused;
  }
  const auto length = code_points(id);
  if (length == kTaskIdDigits) return {};
  return refuse_with(
      400, fmt::format("{} is not in proper format, expect 32 digits get {} digits", id, length));
}

Result<void, api::Refusal> check_dump_ids(const api::Values& values) {
  const auto* ids = values.list("ID_LIST");
  if (ids == nullptr || ids->empty())
    return refuse_with(404, "task_ids cannot be null or empty in dump_tasks");
  std::vector<api::RequestFault> faults;
  for (std::size_t i = 0; i < ids->size() && faults.size() < 100; ++i) {
    const auto& id = (*ids)[i];
    if (id.is_number_integer() ||
        are_hexadecimal(id.get_ref<const std::string&>(), "0123456789abcdef"))
      continue;
    faults.push_back({.path = fmt::format("/ID_LIST/{}", i),
                      .code = "type_error.integer",
                      .text = "value is not a valid integer",
                      .steps = Json::array({"ID_LIST", i})});
  }
  if (faults.empty()) return {};
  return api::refusal(std::move(faults));
}

}  // namespace millrace::audience
