#include "engine/catalog/query.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/json_numbers.hpp"
#include "engine/catalog/pending_change.hpp"
#include "engine/catalog/query_after.hpp"
#include "engine/catalog/query_condition.hpp"
#include "engine/catalog/query_limits.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::int64_t kDefaultLimit = 1'000;
constexpr std::int64_t kMostPageRows = 1'000;  // that are asked for by their ids
constexpr std::int64_t kFarOffset = 500;       // from which passing over rows costs more than that

Error wrong(std::string what) {
  return {Code::InvalidArgument, fmt::format("{}: {}", kQueryWhat, what)};
}

class Compiler {
 public:
  Compiler(const Entity& entity, std::string_view owner)
      : entity_{entity}, owner_{owner}, conditions_{entity} {}

  Result<CompiledQuery> compile(const Json& query) {
    MR_CHECK(check_members(query));
    if (const auto counts = query.find("count"); counts != query.end()) {
      if (!counts->is_boolean()) return wrong("count is true or false");
      out_.counts = counts->get<bool>();
    }
    if (const auto settled = query.find("settled"); settled != query.end()) {
      if (!settled->is_boolean()) return wrong("settled is true or false");
      out_.is_settled = settled->get<bool>();
    }
    MR_CHECK(where(query));
    MR_CHECK(select(query));
    out_.entity = &entity_;
    out_.hash = conditions_.hash();
    out_.password = conditions_.password();
    const auto after = query.find("after");
    if (after != query.end() && (out_.counts || out_.password))
      return wrong("what is counted, or found with verify, has no pages: after");
    if (out_.is_settled && (out_.counts || after != query.end() || !is_changeable(entity_)))
      return wrong("settled is for rows of one page, of an entity that changes write");
    if (out_.counts) {
      if (out_.password) return wrong("rows found with verify are not counted");
      conditions_.append_counted(sql_, values_);
      if (is_changeable(entity_)) out_.counted = conditions_.lists();
      out_.question = {std::move(sql_), std::move(values_)};
      return std::move(out_);
    }
    MR_CHECK(order(query));
    if (after != query.end()) MR_CHECK(go_on(*after));
    MR_CHECK(window(query));
    out_.question = {std::move(sql_), std::move(values_)};
    return std::move(out_);
  }

 private:
  static Result<void> check_members(const Json& query) {
    static constexpr std::array<std::string_view, 9> kMembers{
        "entity", "columns", "where", "order", "limit", "offset", "count", "after", "settled"};
    for (const auto& [key, value] : query.items()) {
      if (std::find(kMembers.begin(), kMembers.end(), key) == kMembers.end()) {
        return wrong(
            fmt::format("unknown member: {}; there are entity, columns, where, order, limit, "
                        "offset, count, after and settled",
                        key));
      }
    }
    return {};
  }

  Result<const EntityColumn*> find(const Json& name) const {
    if (!name.is_string()) return wrong("a column is named by a string");
    return column_of(entity_, name.get_ref<const std::string&>(), kQueryWhat);
  }

  Result<void> choose_columns(const Json& query) {
    const auto given = query.find("columns");
    if (given == query.end()) {
      for (const EntityColumn& column : entity_.columns) {
        if (column.kind != ColumnKind::Password) out_.columns.push_back(&column);
      }
      return {};
    }
    if (!given->is_array() || given->empty())
      return wrong("columns is a list of at least one name");
    for (const Json& name : *given) {
      MR_TRY(const EntityColumn* column, find(name));
      if (std::find(out_.columns.begin(), out_.columns.end(), column) != out_.columns.end()) {
        return wrong(fmt::format("column named twice: {}", column->name));
      }
      if (column->kind == ColumnKind::Password)
        return wrong(fmt::format("{} is never read; ask it with verify", column->name));
      out_.columns.push_back(column);
    }
    return {};
  }

  Result<void> select(const Json& query) {
    static const EntityColumn kCount{"count", ColumnKind::Integer, "COUNT(*)"};
    std::string& sql = sql_;
    sql.reserve(512);
    sql = "SELECT ";
    if (out_.counts) {
      out_.columns.push_back(&kCount);
      sql += kCount.column;
    } else {
      MR_CHECK(choose_columns(query));
      for (const EntityColumn* column : out_.columns) {
        if (column != out_.columns.front()) sql += ", ";
        append_sql(sql, entity_, *column);
        conditions_.use(*column);
      }
      tell_revision(query);
      if (const EntityColumn* hash = conditions_.hash()) {
        sql += fmt::format(", {}.id, {}", entity_.table, sql_of(entity_, *hash));
      }
    }
    return {};
  }

  // One question answers both: rows, what belongs to them, how many there are, and which, are as
  // they were while their revision is. Of one row only what belongs to it is asked besides.
  void tell_revision(const Json& query) {
    if (query.contains("after")) return;
    const auto limit = whole_number(query.value("limit", Json(kDefaultLimit))).value_or(0);
    if (limit < 1 || limit > kMostPageRows) return;
    std::string_view revision;
    if (limit > 1 && is_changeable(entity_)) revision = revision_of(entity_);
    for (const EntityColumn* column : out_.columns) {
      if (column->kind != ColumnKind::Rows) continue;
      const auto its = find_entity(column->related.entity)->revision;
      if (its.empty() || (!revision.empty() && its != revision)) return;
      revision = its;
    }
    if (revision.empty()) return;
    out_.told = revision;
    sql_ += fmt::format(", (SELECT revision FROM catalog_revisions WHERE name = '{}')", revision);
  }

  Result<void> where(const Json& query) {
    if (!owner_.empty() && !entity_.owned_by.empty()) conditions_.add(entity_.owned_by, owner_);
    if (!entity_.pending.empty()) conditions_.add_fixed(seen_condition(entity_));
    const auto given = query.find("where");
    if (given == query.end()) return {};
    if (!given->is_array()) return wrong("where is a list of conditions");
    if (given->size() > kMostConditions)
      return wrong(fmt::format("more than {} conditions", kMostConditions));
    for (const Json& condition : *given) MR_CHECK(conditions_.add(condition));
    return {};
  }

  Result<void> order(const Json& query) {
    bool descending = false;
    const auto add = [&](const EntityColumn& column, bool down) {
      if (std::any_of(order_.begin(), order_.end(),
                      [&](const auto& by) { return by.column == &column; }))
        return;
      order_.push_back({&column, down});
      conditions_.use(column);
      descending = down;
    };
    if (const auto given = query.find("order"); given != query.end()) {
      if (!given->is_array())
        return wrong("order is a list of column names, with a - before one that descends");
      for (const Json& name : *given) {
        if (!name.is_string())
          return wrong("order is a list of column names, with a - before one that descends");
        std::string_view text = name.get_ref<const std::string&>();
        const bool down = text.starts_with('-');
        if (down) text.remove_prefix(1);
        MR_TRY(const EntityColumn* column, column_of(entity_, text, kQueryWhat));
        if (column->kind == ColumnKind::Rows || column->kind == ColumnKind::Password)
          return wrong(fmt::format("{} has no order", column->name));
        add(*column, down);
      }
    }
    // Ends every order with the key, in the direction of the last column: equal rows keep their
    // places between pages.
    for (const std::string_view name : entity_.key) {
      MR_TRY(const EntityColumn* column, column_of(entity_, name, kQueryWhat));
      add(*column, descending);
    }
    return {};
  }

  // A page behind the row that `after` tells, or the first one when it is empty. The rows end in
  // the columns of the order.
  Result<void> go_on(const Json& after) {
    Continuation& next = out_.next.emplace();
    for (const auto& [column, down] : order_) {
      next.order.push_back(column);
      sql_ += ", " + sql_of(entity_, *column);
    }
    for (const EntityColumn* column : out_.columns) {
      if (!may_be_long(*column)) continue;
      next.sizes.sql +=
          fmt::format("{}COALESCE(LENGTH({}), 0)", next.sizes.sql.empty() ? "SELECT " : " + ",
                      sql_of(entity_, *column));
    }
    if (after.is_array() && after.empty()) return {};
    MR_TRY(auto condition, behind(entity_, order_, after));
    conditions_.add(std::move(condition.sql), std::move(condition.values));
    return {};
  }

  Result<void> window(const Json& query) {
    std::int64_t limit = out_.next ? kMostPagedRows : kDefaultLimit;
    std::int64_t offset = 0;
    if (const auto given = query.find("limit"); given != query.end()) {
      const auto whole = whole_number(*given);
      if (!whole) return wrong("limit is an integer");
      limit = *whole;
      if (limit < 1 || limit > kMostRows)
        return wrong(fmt::format("limit is between 1 and {}: {}", kMostRows, limit));
    }
    if (const auto given = query.find("offset"); given != query.end()) {
      const auto whole = whole_number(*given);
      if (!whole || *whole < 0) return wrong("offset is an integer from 0");
      offset = *whole;
    }
    if (out_.next) {
      limit = std::min(limit, kMostPagedRows);
      out_.next->limit = limit;
    }
    if (!out_.told.empty() && is_changeable(entity_) && is_keyed() && !out_.password)
      split_page(limit, offset);
    // Rows that are only passed over, or lack a member, are not read: an index holds their ids.
    const bool finds_ids_first = (offset > 0 || conditions_.asks_members()) && is_keyed() &&
                                 order_.size() == 1 && !out_.password;
    append_window(sql_, values_, finds_ids_first, limit, offset);
    if (out_.next && !out_.next->sizes.sql.empty()) {
      auto& sizes = out_.next->sizes;
      append_window(sizes.sql, sizes.values, finds_ids_first, limit, offset);
    }
    return {};
  }

  // Appends where the rows come from, to SQL in which the columns stand.
  void append_window(std::string& sql, std::vector<SqlValue>& values, bool finds_ids_first,
                     std::int64_t limit, std::int64_t offset) const {
    if (finds_ids_first) sql += fmt::format(" FROM (SELECT {} AS found_id", conditions_.row_id());
    conditions_.append_source(sql, values, finds_ids_first);
    sql += order_by(conditions_.row_id());
    sql += " LIMIT ? OFFSET ?";
    values.emplace_back(limit);
    values.emplace_back(offset);
    if (!finds_ids_first) return;
    sql += fmt::format(") found JOIN {0} ON {0}.id = found.found_id{1}{2}", entity_.table,
                       conditions_.joins(), order_by("found.found_id"));
  }

  // Where that is worth it. The columns stand in sql_.
  void split_page(std::int64_t limit, std::int64_t offset) {
    PageQuery& page = out_.page;
    if (order_.size() == 1 && !order_.front().is_descending) page.ids = conditions_.lists();
    if (page.ids.empty()) {
      if (offset < kFarOffset && !conditions_.finds_out_of_order()) return;
      Question ids{fmt::format("SELECT {}", conditions_.row_id()), {}};
      conditions_.append_source(ids.sql, ids.values, order_.size() == 1);
      ids.sql += order_by(conditions_.row_id());
      page.ids.push_back(std::move(ids));
    }
    page.limit = limit;
    page.offset = offset;
    page.rows.sql = sql_;
    conditions_.append_check(page.rows.sql, page.rows.values);
    page.tail = order_by(fmt::format("{}.id", entity_.table));
  }

  // The order, where `id` is how the rows' id is written.
  [[nodiscard]] std::string order_by(const std::string& id) const {
    std::string sql;
    for (const auto& [column, down] : order_) {
      sql += sql.empty() ? " ORDER BY " : ", ";
      sql += column->name == "id" && is_keyed() ? id : sql_of(entity_, *column);
      if (down) sql += " DESC";
    }
    return sql;
  }

  // Whether the rows of a single table are told apart by their id.
  [[nodiscard]] bool is_keyed() const {
    return entity_.key.size() == 1 && entity_.key.front() == "id";
  }

  const Entity& entity_;
  const std::string_view owner_;
  ConditionCompiler conditions_;
  std::vector<Ordered> order_;
  std::string sql_;
  std::vector<SqlValue> values_;
  CompiledQuery out_;
};

template <class Named>
std::string names_of(const std::vector<Named>& things) {
  std::string out;
  for (const auto& thing : things)
    fmt::format_to(std::back_inserter(out), "{}{}", out.empty() ? "" : ", ", thing.name);
  return out;
}

}  // namespace

Question PageQuery::rows_of(std::span<const std::int64_t> page) const {
  Question made = rows;
  for (const std::int64_t id : page) {
    made.sql += made.values.size() == rows.values.size() ? " IN (?" : ", ?";
    made.values.emplace_back(id);
  }
  made.sql += ')' + tail;
  return made;
}

Result<const Entity*> entity_of(const Json& query, std::string_view what) {
  if (!query.is_object())
    return Error{Code::InvalidArgument, fmt::format("{}: not an object", what)};
  const auto name = query.find("entity");
  if (name == query.end() || !name->is_string()) {
    return Error{Code::InvalidArgument,
                 fmt::format("{}: entity is missing; it names what is asked for", what)};
  }
  const auto& text = name->get_ref<const std::string&>();
  if (const Entity* entity = find_entity(text)) return entity;
  std::string known;
  for (const CatalogPart& part : catalog_parts()) {
    if (part.entities.empty()) continue;
    fmt::format_to(std::back_inserter(known), "{}{}", known.empty() ? "" : ", ",
                   names_of(part.entities));
  }
  return Error{Code::InvalidArgument,
               fmt::format("{}: unknown entity: {}; there are {}", what, text, known)};
}

Result<const EntityColumn*> column_of(const Entity& entity, std::string_view name,
                                      std::string_view what) {
  for (const EntityColumn& column : entity.columns) {
    if (column.name == name) return &column;
  }
  return Error{Code::InvalidArgument, fmt::format("{}: {} has no column {}; there are {}", what,
                                                  entity.name, name, names_of(entity.columns))};
}

void append_sql(std::string& sql, const Entity& entity, const EntityColumn& column) {
  // What belongs to a row of ours is asked for by its id.
  const std::string_view text = column.kind == ColumnKind::Rows ? "id" : column.column;
  const bool names_its_table = text.find_first_of("(.") != std::string_view::npos;
  const bool is_join = entity.table.find(' ') != std::string_view::npos;
  if (!names_its_table && !is_join) {
    sql += entity.table;
    sql += '.';
  }
  sql += text;
}

std::string sql_of(const Entity& entity, const EntityColumn& column) {
  std::string sql;
  append_sql(sql, entity, column);
  return sql;
}

Result<SqlValue> to_sql_value(const EntityColumn& column, const Json& value,
                              std::string_view what) {
  const auto mismatch = [&](std::string_view wanted) {
    return Error{Code::InvalidArgument,
                 fmt::format("{}: column {} takes {}", what, column.name, wanted),
                 {},
                 std::string{column.name}};
  };
  switch (column.kind) {
    case ColumnKind::Integer:
    case ColumnKind::Time:
    case ColumnKind::MaybeTime:
      if (const auto whole = whole_number(value)) return SqlValue{*whole};
      return mismatch(value.is_number_integer() ? "a 64-bit integer" : "an integer");
    case ColumnKind::Real:
      if (const auto exact = exact_number(value)) return SqlValue{*exact};
      return mismatch(value.is_number() ? "a number of 53 bits" : "a number");
    case ColumnKind::Flag:
      if (!value.is_boolean()) return mismatch("true or false");
      return SqlValue{std::int64_t{value.get<bool>() ? 1 : 0}};
    case ColumnKind::Text:
    case ColumnKind::Password:
      if (!value.is_string()) return mismatch("a string");
      return SqlValue{value.get<std::string>()};
    case ColumnKind::Document:
    case ColumnKind::Rows:
      break;
  }
  return mismatch("no single value");
}

Result<CompiledQuery> compile_query(const Json& query, std::string_view owner) {
  MR_TRY(const Entity* entity, entity_of(query, kQueryWhat));
  return Compiler{*entity, owner}.compile(query);
}

}  // namespace millrace
