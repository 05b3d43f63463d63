#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/maisie/field_rules.hpp"
#include "api/maisie/page.hpp"
#include "api/maisie/registry.hpp"

namespace millrace::maisie {

/// Adds the conditions of a list to `where`.
using ListFilter = std::function<void(const http::Request&, Json& where, FieldFaults&)>;

/// What the five kinds of things have in common: how their rows are listed, made, read, changed and
/// deleted.
struct Resource {
  std::string_view one;   // "project": routes and pipelines are named get_project, list_projects
  std::string_view many;  // "projects": the path
  std::vector<FieldRule> fields;
  api::Auth auth = api::Auth::Required;
  /// A row as a reply shows it.
  std::function<Json(const Views&, const Batch&, std::int64_t row, bool is_in_list)> show;
  ListFilter filter{};
  /// Adds to what a new row gets.
  std::function<void(const api::Caller&, Json& set)> complete{};
};

/// The routes of one kind, in the order list, create, get, update, remove.
struct ResourceRoutes {
  api::Route list, create, get, update, remove;
};

ResourceRoutes make_routes(const SharedRegistry& registry, const Resource& resource);

/// The id in the path.
std::int64_t path_id(const http::Request& request, std::string_view name = "id");

/// {"data": ...}
http::Response data_reply(Json data);
/// A reply of the first row that a node emitted; 404 when there is none.
api::ReplyResult reply_row(const SharedRegistry& registry, const Resource& resource,
                           const api::Answered& answered, std::string_view node);

/// Binds `where`, `limit` and `offset` of a list.
api::TranslateResult bind_page(const http::Request& request, const ListFilter& filter);
/// A page of a list: what the node "rows" emitted, each as `show` says, of the "count" of all.
using ShowRow = std::function<Json(const Batch&, std::int64_t row)>;
http::Response reply_page(const api::Answered& answered, const ShowRow& show);

Json condition(std::string_view column, std::string_view op, Json value);

/// Returns the names in a text that has commas between them; "\," is a comma in a name.
std::vector<std::string> split_names(std::string_view text);

/// Returns the values of query parameters that go by any of these names, of which each may be
/// repeated and hold several, as split_names() reads them.
std::vector<std::string> listed_values(const http::Request& request,
                                       std::initializer_list<std::string_view> names);
/// Rows of which a column contains any of the texts of the query parameter `search`.
void filter_by_text(std::string_view column, const http::Request& request, Json& where);
/// The same with the column `name`.
void filter_by_name(const http::Request& request, Json& where, FieldFaults& faults);

}  // namespace millrace::maisie
