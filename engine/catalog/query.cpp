#include "engine/catalog/query.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::int64_t kDefaultLimit = 1'000;
constexpr std::int64_t kMostRows = 1'000'000;
constexpr std::size_t kMostConditions = 64;
constexpr std::size_t kMostInValues = 1'000;

Error wrong(std::string what) {
  return {Code::InvalidArgument, "catalog query: " + std::move(what)};
}

template <class Named>
std::string names_of(const std::vector<Named>& things) {
  std::string out;
  for (const auto& thing : things)
    fmt::format_to(std::back_inserter(out), "{}{}", out.empty() ? "" : ", ", thing.name);
  return out;
}

class Compiler {
 public:
  Compiler(const Entity& entity, std::string_view owner) : entity_{entity}, owner_{owner} {}

  Result<CompiledQuery> compile(const Json& query) {
    MR_CHECK(check_members(query));
    MR_CHECK(select(query));
    MR_CHECK(where(query));
    MR_CHECK(order(query));
    MR_CHECK(window(query));
    return std::move(out_);
  }

 private:
  static Result<void> check_members(const Json& query) {
    static constexpr std::array<std::string_view, 6> kMembers{"entity", "columns", "where",
                                                              "order",  "limit",   "offset"};
    for (const auto& [key, value] : query.items()) {
      if (std::find(kMembers.begin(), kMembers.end(), key) == kMembers.end()) {
        return wrong(fmt::format(
            "unknown member: {}; there are entity, columns, where, order, limit and offset", key));
      }
    }
    return {};
  }

  Result<const EntityColumn*> find(const Json& name) {
    if (!name.is_string()) return wrong("a column is named by a string");
    const auto& text = name.get_ref<const std::string&>();
    return find(std::string_view{text});
  }

  Result<const EntityColumn*> find(std::string_view name) {
    for (const EntityColumn& column : entity_.columns) {
      if (column.name == name) return &column;
    }
    return wrong(fmt::format("{} has no column {}; there are {}", entity_.name, name,
                             names_of(entity_.columns)));
  }

  Result<void> select(const Json& query) {
    const auto given = query.find("columns");
    if (given == query.end()) {
      out_.columns.reserve(entity_.columns.size());
      for (const EntityColumn& column : entity_.columns) out_.columns.push_back(&column);
    } else {
      if (!given->is_array() || given->empty())
        return wrong("columns is a list of at least one name");
      for (const Json& name : *given) {
        MR_TRY(const EntityColumn* column, find(name));
        if (std::find(out_.columns.begin(), out_.columns.end(), column) != out_.columns.end()) {
          return wrong(fmt::format("column named twice: {}", column->name));
        }
        out_.columns.push_back(column);
      }
    }
    std::string& sql = out_.sql;
    sql.reserve(384);
    sql = "SELECT ";
    for (const EntityColumn* column : out_.columns) {
      if (column != out_.columns.front()) sql += ", ";
      sql += column->column;
    }
    sql += " FROM ";
    sql += entity_.table;
    return {};
  }

  void begin_condition() {
    out_.sql += has_condition_ ? " AND " : " WHERE ";
    has_condition_ = true;
  }

  Result<void> where(const Json& query) {
    if (!owner_.empty() && !entity_.owned_by.empty()) {
      begin_condition();
      out_.sql += entity_.owned_by;
      out_.values.emplace_back(std::string{owner_});
    }
    const auto given = query.find("where");
    if (given == query.end()) return {};
    if (!given->is_array()) return wrong("where is a list of conditions");
    if (given->size() > kMostConditions)
      return wrong(fmt::format("more than {} conditions", kMostConditions));
    for (const Json& condition : *given) {
      begin_condition();
      MR_CHECK(add_condition(condition));
    }
    return {};
  }

  Result<void> add_condition(const Json& condition) {
    if (!condition.is_object() || !condition.contains("column") || !condition.contains("op")) {
      return wrong("a condition has column, op and value");
    }
    for (const auto& [key, value] : condition.items()) {
      if (key != "column" && key != "op" && key != "value")
        return wrong(fmt::format("unknown member of a condition: {}", key));
    }
    MR_TRY(const EntityColumn* column, find(condition.at("column")));
    if (!condition.at("op").is_string()) return wrong("op is a string");
    const auto& op = condition.at("op").get_ref<const std::string&>();
    const auto given = condition.find("value");
    if (op == "is_null")
      return add_is_null(*column, given == condition.end() ? Json(true) : *given);
    if (column->kind == ColumnKind::Document) {
      return wrong(
          fmt::format("{} holds JSON, which can only be asked with is_null", column->name));
    }
    if (given == condition.end())
      return wrong(fmt::format("condition on {} has no value", column->name));
    if (op == "in") return add_in(*column, *given);
    if (op == "like") return add_like(*column, *given);
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kComparisons{
        {{"=", " = ?"},
         {"!=", " <> ?"},
         {"<", " < ?"},
         {"<=", " <= ?"},
         {">", " > ?"},
         {">=", " >= ?"}}};
    const auto comparison = std::find_if(kComparisons.begin(), kComparisons.end(),
                                         [&op](const auto& known) { return known.first == op; });
    if (comparison == kComparisons.end()) {
      return wrong(fmt::format("unknown op: {}; there are = != < <= > >= in like is_null", op));
    }
    MR_TRY(SqlValue value, to_value(*column, *given));
    add_operand(*column);
    out_.sql += comparison->second;
    out_.values.push_back(std::move(value));
    return {};
  }

  void add_operand(const EntityColumn& column) {
    if (column.kind == ColumnKind::MaybeTime) {  // 0 compares as the null that it is read as
      out_.sql += "NULLIF(";
      out_.sql += column.column;
      out_.sql += ", 0)";
    } else {
      out_.sql += column.column;
    }
  }

  Result<void> add_is_null(const EntityColumn& column, const Json& value) {
    if (!value.is_boolean()) return wrong("the value of is_null is true or false");
    add_operand(column);
    out_.sql += value.get<bool>() ? " IS NULL" : " IS NOT NULL";
    return {};
  }

  Result<void> add_in(const EntityColumn& column, const Json& values) {
    if (!values.is_array()) return wrong("the value of in is a list");
    if (values.size() > kMostInValues)
      return wrong(fmt::format("more than {} values for in", kMostInValues));
    if (values.empty()) {
      out_.sql += "1 = 0";
      return {};
    }
    add_operand(column);
    out_.sql += " IN (";
    for (std::size_t i = 0; i < values.size(); ++i) {
      MR_TRY(SqlValue value, to_value(column, values[i]));
      out_.sql += i == 0 ? "?" : ", ?";
      out_.values.push_back(std::move(value));
    }
    out_.sql += ')';
    return {};
  }

  Result<void> add_like(const EntityColumn& column, const Json& pattern) {
    if (column.kind != ColumnKind::Text || !pattern.is_string())
      return wrong("like compares a text column with a pattern");
    // An escape at the end or before another letter is an error in one database and not in the
    // other.
    const auto& text = pattern.get_ref<const std::string&>();
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '!') continue;
      ++i;
      if (i == text.size() || (text[i] != '!' && text[i] != '%' && text[i] != '_')) {
        return wrong("in a pattern of like, ! stands before %, _ or another !");
      }
    }
    out_.sql += column.column;
    out_.sql += " LIKE ? ESCAPE '!'";
    out_.values.emplace_back(text);
    return {};
  }

  static Result<SqlValue> to_value(const EntityColumn& column, const Json& value) {
    const auto mismatch = [&column](std::string_view wanted) {
      return wrong(fmt::format("column {} is compared with {}", column.name, wanted));
    };
    if (value.is_null())
      return wrong(fmt::format("null equals nothing; ask {} with is_null", column.name));
    switch (column.kind) {
      case ColumnKind::Integer:
      case ColumnKind::Time:
      case ColumnKind::MaybeTime:
        if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX)
          return mismatch("a 64-bit integer");
        if (!value.is_number_integer()) return mismatch("an integer");
        return SqlValue{value.get<std::int64_t>()};
      case ColumnKind::Real:
        if (!value.is_number()) return mismatch("a number");
        return SqlValue{value.get<double>()};
      case ColumnKind::Flag:
        if (!value.is_boolean()) return mismatch("true or false");
        return SqlValue{std::int64_t{value.get<bool>() ? 1 : 0}};
      case ColumnKind::Text:
        if (!value.is_string()) return mismatch("a string");
        return SqlValue{value.get<std::string>()};
      case ColumnKind::Document:
        break;
    }
    return mismatch("nothing");
  }

  Result<void> order(const Json& query) {
    std::vector<const EntityColumn*> ordered;
    bool descending = false;
    const auto add = [&](const EntityColumn& column, bool down) {
      if (std::find(ordered.begin(), ordered.end(), &column) != ordered.end()) return;
      out_.sql += ordered.empty() ? " ORDER BY " : ", ";
      out_.sql += column.column;
      if (down) out_.sql += " DESC";
      ordered.push_back(&column);
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
        MR_TRY(const EntityColumn* column, find(text));
        add(*column, down);
      }
    }
    // Ends every order with the key, in the direction of the last column: equal rows keep their
    // places between pages.
    for (const std::string_view name : entity_.key) {
      MR_TRY(const EntityColumn* column, find(name));
      add(*column, descending);
    }
    return {};
  }

  Result<void> window(const Json& query) {
    std::int64_t limit = kDefaultLimit;
    std::int64_t offset = 0;
    if (const auto given = query.find("limit"); given != query.end()) {
      if (!given->is_number_integer()) return wrong("limit is an integer");
      limit = given->get<std::int64_t>();
      if (limit < 1 || limit > kMostRows)
        return wrong(fmt::format("limit is between 1 and {}: {}", kMostRows, limit));
    }
    if (const auto given = query.find("offset"); given != query.end()) {
      if (!given->is_number_integer() || given->get<std::int64_t>() < 0)
        return wrong("offset is an integer from 0");
      offset = given->get<std::int64_t>();
    }
    out_.sql += " LIMIT ? OFFSET ?";
    out_.values.emplace_back(limit);
    out_.values.emplace_back(offset);
    return {};
  }

  const Entity& entity_;
  const std::string_view owner_;
  CompiledQuery out_;
  bool has_condition_ = false;
};

const std::string* text_of(const SqlValue& value) { return std::get_if<std::string>(&value); }

// Builds one column of `rows`; `read` returns nothing for null.
template <class T, class Read>
Batch add_column(Batch batch, const EntityColumn& column, Builder<T> builder, const SqlRows& rows,
                 std::size_t place, const Read& read) {
  builder.reserve(static_cast<std::int64_t>(rows.rows.size()));
  for (const auto& row : rows.rows) {
    if (const std::optional<T> value = read(row[place])) {
      builder.append(*value);
    } else {
      builder.append_null();
    }
  }
  return std::move(batch).with(column.name, std::move(builder));
}

std::optional<std::int64_t> integer_of(const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* real = std::get_if<double>(&value)) return static_cast<std::int64_t>(*real);
  return std::nullopt;
}

}  // namespace

Result<CompiledQuery> compile_query(const Json& query, std::string_view owner) {
  if (!query.is_object()) return wrong("not an object");
  const auto name = query.find("entity");
  if (name == query.end() || !name->is_string())
    return wrong("entity is missing; it names what is asked for");
  const Entity* entity = find_entity(name->get_ref<const std::string&>());
  if (entity == nullptr) {
    std::string known;
    for (const CatalogPart& part : catalog_parts()) {
      if (part.entities.empty()) continue;
      fmt::format_to(std::back_inserter(known), "{}{}", known.empty() ? "" : ", ",
                     names_of(part.entities));
    }
    return wrong(fmt::format("unknown entity: {}; there are {}",
                             name->get_ref<const std::string&>(), known));
  }
  return Compiler{*entity, owner}.compile(query);
}

Batch make_batch(const std::vector<const EntityColumn*>& columns, const SqlRows& rows) {
  Batch batch;
  for (std::size_t place = 0; place < columns.size(); ++place) {
    const EntityColumn& column = *columns[place];
    switch (column.kind) {
      case ColumnKind::Integer:
        batch =
            add_column(std::move(batch), column, Builder<std::int64_t>{}, rows, place, integer_of);
        break;
      case ColumnKind::Time:
        batch = add_column(std::move(batch), column, Builder<std::int64_t>{Type::Timestamp}, rows,
                           place, integer_of);
        break;
      case ColumnKind::MaybeTime:
        batch = add_column(std::move(batch), column, Builder<std::int64_t>{Type::Timestamp}, rows,
                           place, [](const SqlValue& value) {
                             const auto number = integer_of(value);
                             return number == 0 ? std::nullopt : number;
                           });
        break;
      case ColumnKind::Real:
        batch = add_column(std::move(batch), column, Builder<double>{}, rows, place,
                           [](const SqlValue& value) -> std::optional<double> {
                             if (const auto* real = std::get_if<double>(&value)) return *real;
                             if (const auto* number = std::get_if<std::int64_t>(&value))
                               return static_cast<double>(*number);
                             return std::nullopt;
                           });
        break;
      case ColumnKind::Flag:
        batch = add_column(std::move(batch), column, Builder<bool>{}, rows, place,
                           [](const SqlValue& value) -> std::optional<bool> {
                             const auto number = integer_of(value);
                             if (!number) return std::nullopt;
                             return *number != 0;
                           });
        break;
      case ColumnKind::Text:
      case ColumnKind::Document:
        batch = add_column(std::move(batch), column, Builder<std::string_view>{}, rows, place,
                           [](const SqlValue& value) -> std::optional<std::string_view> {
                             if (const std::string* text = text_of(value))
                               return std::string_view{*text};
                             return std::nullopt;
                           });
        break;
    }
  }
  return batch;
}

}  // namespace millrace
