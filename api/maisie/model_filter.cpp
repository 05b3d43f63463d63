#include "api/maisie/model_filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "api/maisie/resource.hpp"
#include "api/route/name_list.hpp"
#include "engine/base/json_members.hpp"
#include "engine/graph/pointer.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

using api::Call;
using api::RequestFault;

// A filter whose values go into one condition as they are.
struct Filter {
  const char* name;
  std::vector<const char*> also;
  std::string_view column;
  bool is_id;  // rows whose column is one of the values; otherwise whose column has all of them
  std::string_view doc;
};

const std::vector<Filter>& plain_filters() {
  static const std::vector<Filter> filters{
      {"workspace",
       {"workspaces"},
       "workspace_id",
       true,
       "ids of the workspaces of their projects"},
      {"user", {"users"}, "user_id", true, "ids of the users who uploaded them"},
      {"version", {"versions"}, "version", true, "versions of their names"},
      {"job", {"jobs"}, "job_id", true, "ids of the jobs that made them"},
      {"hyperparam",
       {"hyperparameters", "hyperparameter"},
       "hyperparameters",
       false,
       "hyperparameters that they have; hyperparam.NAME>0.9 compares one, as metric.NAME does"},
      {"param",
       {"parameters", "parameter"},
       "parameters",
       false,
       "parameters that they have; param.NAME>0.9 compares one, as metric.NAME does"},
      {"metric",
       {"metrics"},
       "metrics",
       false,
       "metrics that they have; metric.NAME>0.9 as a parameter of its own compares one, by <, <=, "
       "=, ==, !=, >= or >"},
      {"tag", {"tags"}, "tags", false, "names of tags that they carry"}};
  return filters;
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view first_text(const Call& call, std::string_view name) {
  const auto* texts = call.values.list(name);
  if (texts == nullptr || texts->empty()) return {};
  return texts->front().get_ref<const std::string&>();
}

// What a known web page does: it sends the id of a project as `query` and a text as `project`.
struct Swapped {
  bool is_so = false;
  std::string_view project, text;

  explicit Swapped(const Call& call) {
    const auto query = first_text(call, "query");
    if (!is_digits(query) || call.values.has("search")) return;
    is_so = true;
    project = query;
    const auto text_given = first_text(call, "project");
    if (text_given.find_first_not_of("0123456789,") != std::string_view::npos) text = text_given;
  }
};

// The texts of a list that has commas in it still.
std::vector<std::string> split_texts(const Call& call, std::string_view name) {
  std::vector<std::string> items;
  const auto* texts = call.values.list(name);
  if (texts == nullptr) return items;
  for (const Json& text : *texts) {
    for (auto& item : api::split_names(text.get_ref<const std::string&>()))
      if (!item.empty()) items.push_back(std::move(item));
  }
  return items;
}

void add_projects(const Call& call, const Swapped& swapped, Json& where,
                  std::vector<RequestFault>& faults) {
  auto projects = split_texts(call, "project");
  if (!swapped.text.empty()) projects.clear();
  if (swapped.is_so) projects.emplace_back(swapped.project);
  Json ids = Json::array();
  for (const auto& project : projects) {
    auto id = api::Reading::reqparse_integer(project);
    if (!id.ok()) {
      auto unfit = std::move(id).error();
      faults.push_back(
          {api::Place::Query, "/project", std::move(unfit.code), std::move(unfit.text)});
      return;
    }
    ids.push_back(*std::move(id));
  }
  if (!ids.empty()) where.push_back(condition("project_id", "in", std::move(ids)));
}

void add_plain(const Call& call, Json& where) {
  for (const auto& filter : plain_filters()) {
    const auto* values = call.values.list(filter.name);
    if (values == nullptr || values->empty()) continue;
    if (filter.is_id) {
      where.push_back(condition(filter.column, "in", *values));
    } else {
      for (const Json& name : *values) where.push_back(condition(filter.column, "has", name));
    }
  }
}

void add_texts(const Call& call, const Swapped& swapped, Json& where) {
  Json texts = Json::array();
  const auto add = [&](std::string_view name) {
    if (const auto* given = call.values.list(name))
      for (const Json& text : *given) texts.push_back(text);
  };
  add("search");
  if (!swapped.is_so) add("query");
  if (!swapped.text.empty()) texts.push_back(swapped.text);
  if (!texts.empty()) where.push_back(condition("name", "contains", std::move(texts)));
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
void add_comparisons(const Call& call, Json& where, std::vector<RequestFault>& faults) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kPrefixes{
      {{"metric.", "metrics"}, {"hyperparam.", "hyperparameters"}, {"param.", "parameters"}}};
  for (const auto& [key, value] : call.request.query) {
    for (const auto& [prefix, column] : kPrefixes) {
      if (!key.starts_with(prefix)) continue;
      const auto text = key.substr(prefix.size()) + (value.empty() ? "" : "=" + value);
      if (const auto read = read_comparison(text)) {
        where.push_back(condition(
            column, "has", {{"name", read->name}, {"op", read->op}, {"value", read->number}}));
      } else {
        faults.push_back(
            {api::Place::Query, "/" + pointer_segment(key), "comparison",
             fmt::format("a comparison is a name, one of < <= = == != >= > and a number, "
                         "such as {}accuracy>0.9",
                         prefix)});
      }
    }
  }
}

}  // namespace

Json model_filters() {
  const auto list = [](const char* item, std::string_view doc) {
    return Json{{"type", "array"}, {"items", {{"type", item}}}, {"doc", doc}};
  };
  auto declared = Json::object();
  for (const auto& filter : plain_filters()) {
    auto declaration = list(filter.is_id ? "integer" : "string", filter.doc);
    declaration["commas"] = true;
    declaration["also"] = filter.also;
    append_member(declared, filter.name, std::move(declaration));
  }
  // As they stand: a text among them may belong to `query`.
  auto projects = list("string", "ids of their projects, with commas between them");
  projects["also"] = Json::array({"projects"});
  append_member(declared, "project", std::move(projects));
  put_members(declared, search_filter());
  append_member(declared, "query", list("string", "the same as search"));
  return declared;
}

Result<void, api::Refusal> filter_models(const Call& call, Json& where) {
  const Swapped swapped{call};
  std::vector<RequestFault> faults;
  add_plain(call, where);
  add_projects(call, swapped, where, faults);
  add_comparisons(call, where, faults);
  add_texts(call, swapped, where);
  if (!faults.empty()) return api::refusal(std::move(faults));
  return {};
}

}  // namespace millrace::maisie
