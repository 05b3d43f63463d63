#include "plugins/sql/source_query.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "plugins/sql/wall_time.hpp"

namespace millrace::sql_operators {

namespace {

constexpr std::size_t kMostValues = 1'000;  // of a list that a column is compared with
constexpr std::int64_t kHoursOfDay = 24;

bool is_plain(const Value& value) { return value.kind() != MR_ARRAY && value.kind() != MR_OBJECT; }

// As input.sql has conditions: a value, null or a list.
SourceQuery::Condition equality_of(std::string_view column, const Value& value) {
  SourceQuery::Condition condition{std::string{column}, "=", {}};
  if (value.is_null()) {
    condition.op = "IS NULL";
  } else if (value.kind() == MR_ARRAY) {
    condition.op = "IN";
    for (std::size_t i = 0; i < value.size(); ++i)
      condition.values.push_back(compared_value(value.at(i)));
  } else {
    condition.values.push_back(compared_value(value));
  }
  return condition;
}

// {column, op, value}
SourceQuery::Condition condition_of(const Value& given) {
  const Value value = given["value"];
  const std::string_view op = given["op"].string();
  if (op == "in") return equality_of(given["column"].string(), value);
  SourceQuery::Condition condition{std::string{given["column"].string()}, "=", {}};
  if (op == "is_null") {
    condition.op = value.is_null() || value.boolean() ? "IS NULL" : "IS NOT NULL";
    return condition;
  }
  for (const std::string_view comparison : {"<", "<=", ">", ">="}) {
    if (op == comparison) condition.op = comparison;
  }
  if (op == "!=") condition.op = "<>";
  condition.values.push_back(compared_value(value));
  return condition;
}

std::vector<SourceQuery::Column> columns_of(const Value& given) {
  std::vector<SourceQuery::Column> columns;
  const bool is_renaming = given.kind() == MR_OBJECT;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string name{given.at(i).string()};
    columns.push_back({is_renaming ? std::string{given.key(i)} : name, name});
  }
  return columns;
}

std::string pointer_of(std::string_view member, std::string_view key) {
  std::string pointer = "/" + std::string{member} + "/";
  for (const char letter : key) {
    if (letter == '~') {
      pointer += "~0";
    } else if (letter == '/') {
      pointer += "~1";
    } else {
      pointer += letter;
    }
  }
  return pointer;
}

void check_where(Context& context, const Value& where) {
  for (std::size_t i = 0; i < where.size(); ++i) {
    const Value value = where.at(i);
    if (!is_plain(value) && !is_value_list(value)) {
      context.fault("parameter_type", pointer_of("where", where.key(i)),
                    "a column is compared with a text, a number, true, false or null, or with a "
                    "list of 1 to 1000 of these but null");
    }
  }
}

void check_time(Context& context, const Params& params) {
  const Value time = params["time"];
  const auto at = [&](std::string_view name) {
    const auto parsed = parse_wall_time(time[name].string());
    if (!parsed) {
      context.fault("parameter_pattern", pointer_of("time", name),
                    "\"" + std::string{time[name].string()} +
                        "\" is no time; write it as \"2021-01-31\" or \"2021-01-31 06:00:00\"");
    }
    return parsed;
  };
  const auto from = at("from"), to = at("to");
  if (from && to && *from > *to)
    context.fault("parameter_range", "/time/to", "the time behind the last is before the first");
  for (const auto* name : {"order", "limit"}) {
    if (params[name].is_null() || (params[name].kind() == MR_ARRAY && params[name].size() == 0))
      continue;
    context.fault("parameter_unknown", "/" + std::string{name},
                  "with \"time\" rows come in its order, and all of them; leave \"" +
                      std::string{name} + "\" out, or \"time\"");
  }
}

void check_names(Context& context, const Params& params) {
  std::set<std::string> seen;
  for (const std::string& column : params.strings("columns")) {
    if (!seen.insert(column).second)
      context.fault("parameter_range", "/columns", "\"" + column + "\" is there twice");
  }
}

}  // namespace

sql::Value compared_value(const Value& value) {
  switch (value.kind()) {
    case MR_BOOL:
      return std::int64_t{value.boolean() ? 1 : 0};
    case MR_INTEGER:
      return value.integer();
    case MR_NUMBER:
      return value.number();
    case MR_STRING:
      return std::string{value.string()};
    default:
      return nullptr;
  }
}

bool is_value_list(const Value& value) {
  bool is_fine = value.kind() == MR_ARRAY && value.size() > 0 && value.size() <= kMostValues;
  for (std::size_t item = 0; is_fine && item < value.size(); ++item)
    is_fine = is_plain(value.at(item)) && !value.at(item).is_null();
  return is_fine;
}

SourceQuery::SourceQuery(const Params& params)
    : connection{params.string("connection")},
      table{params.string("schema"), params.string("table")},
      columns{columns_of(params["columns"])},
      not_null{params.strings("not_null")},
      id{params.string("id")},
      window_column{params.string("window_column", "window")},
      limit{params.integer("limit")},
      spread{params.string("spread")},
      skips_missing{params.string("missing") == "skip"},
      attempts{params.integer("attempts", 5)},
      attempt_wait{static_cast<std::int64_t>(params.number("attempt_wait_s", 3) * 1'000)},
      silence{params.integer("silence_s", 3'600)},
      batch_rows{params.integer("batch_rows", 16'384)},
      split_rows{params.integer("split_rows", 100'000)},
      split_windows{params.integer("split_windows", 28)},
      batch_bytes{static_cast<std::size_t>(params.integer("batch_bytes", 4 << 20))},
      split_bytes{static_cast<std::size_t>(params.integer("split_bytes", 8 << 20))},
      same_time_bytes{static_cast<std::size_t>(params.integer("same_time_bytes", 64 << 20))} {
  const Value conditions = params["where"];
  const bool is_list = conditions.kind() == MR_ARRAY;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const Value one = conditions.at(i);
    where.push_back(is_list ? condition_of(one) : equality_of(conditions.key(i), one));
  }
  for (const std::string& term : params.strings("order")) {
    const bool is_downward = term.starts_with('-');
    order.push_back({term.substr(is_downward ? 1 : 0), is_downward});
  }
  const Value time = params["time"];
  if (time.is_null()) return;
  time_column = time["column"].string();
  windows.from = parse_wall_time(time["from"].string()).value_or(0);
  windows.to = parse_wall_time(time["to"].string()).value_or(0);
  const Value hours = time["window_hours"];
  windows.step = (hours.is_null() ? kHoursOfDay : hours.integer()) * kHour;
  windows.is_closed = time["closed"].boolean();
}

void check_source_query(Context& context, const Params& params) {
  check_names(context, params);
  check_where(context, params["where"]);
  if (!params["time"].is_null()) check_time(context, params);
}

}  // namespace millrace::sql_operators
