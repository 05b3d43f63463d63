#include "api/maisie/model_filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "api/maisie/resource.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

using http::Request;

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// What a known web page does: it sends the id of a project as `query` and a text as `project`.
struct Swapped {
  bool is_so = false;
  std::string project, text;

  explicit Swapped(const Request& request) {
    const auto query = request.query_value("query");
    if (!query || !is_digits(*query) || request.query_value("search")) return;
    is_so = true;
    project = *query;
    if (const auto text_given = request.query_value("project");
        text_given && !is_list_of_digits(*text_given)) {
      text = *text_given;
    }
  }

  static bool is_list_of_digits(std::string_view list) {
    return list.find_first_not_of("0123456789,") == std::string_view::npos;
  }
};

void add_ids(std::string_view field, std::string_view column,
             const std::vector<std::string>& values, Json& where, FieldFaults& faults) {
  if (values.empty()) return;
  Json ids = Json::array();
  for (const auto& value : values) {
    const auto read = integer_of(value);
    if (const auto* id = std::get_if<std::int64_t>(&read)) {
      ids.push_back(*id);
    } else {
      faults.add(field, std::get<std::string>(read));
      return;
    }
  }
  where.push_back(condition(column, "in", std::move(ids)));
}

void add_names(std::string_view column, const std::vector<std::string>& names, Json& where) {
  for (const auto& name : names) where.push_back(condition(column, "has", name));
}

struct Comparison {
  std::string name, op;
  Json number;
};

// Reads a number of up to 64 bits, or one with a fraction or an exponent.
template <class Number>
std::optional<Json> read_number(std::string_view digits) {
  Number number = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, failed] = std::from_chars(digits.data(), end, number);
  if (failed != std::errc{} || stop != end) return std::nullopt;
  return Json(number);
}

// Reads "accuracy>=0.9"; the operator is all that stands in front of the number: "==" is one, and
// "=<" is none.
std::optional<Comparison> read_comparison(std::string_view text) {
  static constexpr std::array<std::string_view, 7> kOps{"<", "<=", "=", "==", "!=", ">=", ">"};
  const auto last = text.find_last_of("<>=");
  if (last == std::string_view::npos) return std::nullopt;
  const auto in_name = text.substr(0, last + 1).find_last_not_of("<>=!");
  if (in_name == std::string_view::npos) return std::nullopt;
  const auto op = text.substr(in_name + 1, last - in_name);
  if (std::find(kOps.begin(), kOps.end(), op) == kOps.end()) return std::nullopt;
  auto number = read_number<std::int64_t>(text.substr(last + 1));
  if (!number) number = read_number<double>(text.substr(last + 1));
  if (!number || !std::isfinite(number->get<double>())) return std::nullopt;
  return Comparison{std::string{text.substr(0, in_name + 1)}, std::string{op == "==" ? "=" : op},
                    *std::move(number)};
}

// The query string "metric.accuracy>=0.9" is a parameter "metric.accuracy>" with the value "0.9".
void add_comparisons(const Request& request, Json& where, FieldFaults& faults) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kPrefixes{
      {{"metric.", "metrics"}, {"hyperparam.", "hyperparameters"}, {"param.", "parameters"}}};
  for (const auto& [key, value] : request.query) {
    for (const auto& [prefix, column] : kPrefixes) {
      if (!key.starts_with(prefix)) continue;
      const auto text = key.substr(prefix.size()) + (value.empty() ? "" : "=" + value);
      if (const auto read = read_comparison(text)) {
        where.push_back(condition(
            column, "has", {{"name", read->name}, {"op", read->op}, {"value", read->number}}));
      } else {
        faults.add(key,
                   fmt::format("a comparison is a name, one of < <= = == != >= > and a number, "
                               "such as {}accuracy>0.9",
                               prefix));
      }
    }
  }
}

}  // namespace

void filter_models(const Request& request, Json& where, FieldFaults& faults) {
  const Swapped swapped{request};
  add_ids("workspace", "workspace_id", listed_values(request, {"workspace", "workspaces"}), where,
          faults);
  auto projects = listed_values(request, {"project", "projects"});
  if (swapped.is_so) {
    if (!swapped.text.empty()) projects.clear();
    projects.push_back(swapped.project);
  }
  add_ids("project", "project_id", projects, where, faults);
  add_ids("user", "user_id", listed_values(request, {"user", "users"}), where, faults);
  add_ids("version", "version", listed_values(request, {"version", "versions"}), where, faults);
  add_ids("job", "job_id", listed_values(request, {"job", "jobs"}), where, faults);
  add_names("hyperparameters",
            listed_values(request, {"hyperparam", "hyperparameters", "hyperparameter"}), where);
  add_names("parameters", listed_values(request, {"param", "parameters", "parameter"}), where);
  add_names("metrics", listed_values(request, {"metric", "metrics"}), where);
  add_names("tags", listed_values(request, {"tag", "tags"}), where);
  add_comparisons(request, where, faults);
  Json texts = Json::array();
  for (const auto& [name, text] : request.query) {
    if (text.empty() || (name != "search" && (name != "query" || swapped.is_so))) continue;
    texts.push_back(text);
  }
  if (!swapped.text.empty()) texts.push_back(swapped.text);
  if (!texts.empty()) where.push_back(condition("name", "contains", std::move(texts)));
}

}  // namespace millrace::maisie
