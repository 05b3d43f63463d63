#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "api/maisie/field_columns.hpp"
#include "api/maisie/page.hpp"
#include "api/maisie/registry.hpp"

namespace millrace::maisie {

/// Adds the conditions of a list to `where`.
using ListFilter = std::function<Result<void, api::Refusal>(const api::Call&, Json& where)>;

/// What the five kinds of things have in common: how their rows are listed, made, read, changed and
/// deleted.
struct Resource {
  std::string_view one;   // "project": routes and pipelines are named get_project, list_projects
  std::string_view many;  // "projects": the path
  std::string_view shown, listed;  // schemas of a reply, and of what a list holds
  std::string_view twice{};        // why a change is refused with 409; empty: it never is
  std::string_view in_use{};       // the same of a deletion
  std::string_view forbidden{};    // why somebody may do neither: 403
  std::vector<FieldColumn> columns;
  api::Auth auth = api::Auth::Required;
  /// A row as a reply shows it.
  std::function<Json(const Views&, const Batch&, std::int64_t row, bool is_in_list)> show;
  Json filters = Json::object();  // query parameters of the list, as a route declares them
  ListFilter filter{};
  /// Adds to what a new row gets.
  std::function<void(Json& set)> complete{};
};

/// The routes of one kind, in the order list, create, get, update, remove.
struct ResourceRoutes {
  api::Route list, create, get, update, remove;
};

ResourceRoutes make_routes(const SharedRegistry& registry, const Resource& resource);

/// Declares the id of a thing in the path.
Json id_in_path(std::string_view one);
/// Declares the query of a list: that of its page, and `filters`.
Json list_query(const Json& filters);

/// Binds what a row is set to. Where something that it refers to is not there, the refusal tells
/// what was given for it.
api::Bound bind_set(const api::Call& call, Json set);
/// Binds the id in the path.
api::TranslateResult bind_id(const api::Call& call);
/// Binds `where`, `limit` and `offset` of a list.
api::TranslateResult bind_page(const api::Call& call, const ListFilter& filter);

/// {"data": ...}
http::Response data_reply(Json data);
/// A reply of the first row that a node emitted; 404 when there is none.
api::ReplyResult reply_row(const SharedRegistry& registry, const Resource& resource,
                           const api::Answered& answered, std::string_view node);
/// A page of a list: what the node "rows" emitted, each as `show` says, of the "count" of all.
using ShowRow = std::function<Json(const Batch&, std::int64_t row)>;
http::Response reply_page(const api::Answered& answered, const ShowRow& show);

Json condition(std::string_view column, std::string_view op, Json value);

/// Declares the query parameter `search` of a list.
Json search_filter();
/// Rows of which a column contains any of the texts in `search`.
ListFilter search_in(std::string_view column);

}  // namespace millrace::maisie
