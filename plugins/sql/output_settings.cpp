#include "plugins/sql/output_settings.hpp"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

namespace millrace::sql_operators {

namespace {

// How many seconds a statement may be silent: one of many rows, and one that deletes all rows of a
// table.
constexpr std::int64_t kWriteTime = 60, kDeleteTime = 600;

sql::Value scalar_of(const Value& given) {
  switch (given.kind()) {
    case MR_BOOL:
      return std::int64_t{given.boolean() ? 1 : 0};
    case MR_INTEGER:
      return given.integer();
    case MR_NUMBER:
      return given.number();
    case MR_STRING:
      return std::string{given.string()};
    default:
      return nullptr;
  }
}

std::vector<NamedValue> values_of(const Value& object) {
  std::vector<NamedValue> values;
  for (std::size_t i = 0; i < object.size(); ++i)
    values.emplace_back(object.key(i), scalar_of(object[object.key(i)]));
  return values;
}

std::vector<std::string> texts_of(const Value& array) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < array.size(); ++i) texts.emplace_back(array.at(i).string());
  return texts;
}

OutputMode mode_of(std::string_view word) {
  if (word == "replace") return OutputMode::Replace;
  if (word == "swap") return OutputMode::Swap;
  return word == "update" ? OutputMode::Update : OutputMode::Append;
}

std::string_view on_delete_of(std::string_view word) {
  if (word == "cascade") return "CASCADE";
  if (word == "set_null") return "SET NULL";
  return word == "restrict" ? "RESTRICT" : "";
}

MadeTable made_of(const Value& given) {
  MadeTable made;
  const Value columns = given["columns"], indexes = given["indexes"];
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Value column = columns.at(i), nullable = column["nullable"];
    made.columns.push_back(
        {std::string{column["name"].string()}, std::string{column["type"].string()},
         nullable.is_null() || nullable.boolean(), column["auto_increment"].boolean()});
  }
  made.key = texts_of(given["key"]);
  for (std::size_t i = 0; i < indexes.size(); ++i) made.indexes.push_back(texts_of(indexes.at(i)));
  const Value foreign = given["foreign_keys"];
  for (std::size_t i = 0; i < foreign.size(); ++i) {
    const Value one = foreign.at(i);
    made.foreign_keys.push_back({texts_of(one["columns"]), std::string{one["table"].string()},
                                 texts_of(one["references"]),
                                 on_delete_of(one["on_delete"].string())});
  }
  return made;
}

GuardSettings guard_of(const Value& given) {
  GuardSettings guard;
  guard.schema = given["schema"].string();
  guard.table = given["table"].string();
  guard.key = values_of(given["key"]);
  guard.unless = values_of(given["unless"]);
  const Value set = given["set"];
  for (std::size_t i = 0; i < set.size(); ++i) {
    const Value value = set[set.key(i)];
    const bool is_from = value.kind() == MR_OBJECT;
    guard.set.push_back({std::string{set.key(i)},
                         is_from ? std::string{value["from"].string()} : std::string{},
                         is_from ? sql::Value{} : scalar_of(value)});
  }
  return guard;
}

// A member of an object, as RFC 6901 has it in pointers.
std::string pointer_step(std::string_view name) {
  std::string text = "/";
  for (const char letter : name) {
    if (letter == '~' || letter == '/')
      text += letter == '~' ? "~0" : "~1";
    else
      text += letter;
  }
  return text;
}

bool holds(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Faults of parameters that contradict each other.
class OutputFaults {
 public:
  OutputFaults(Context& context, const Params& params)
      : context_{context}, params_{params}, settings_{params} {}

  void check() {
    check_table();
    check_columns();
    check_key();
    check_made();
    check_guard();
    if (!settings_.window.empty() && settings_.is_at_once())
      fault("/window", "rows that replace others are one transaction: leave the window out");
  }

 private:
  void fault(const std::string& pointer, const std::string& message) {
    context_.fault("parameter_range", pointer, message);
  }

  void check_table() {
    if (settings_.table.empty() == settings_.table_column.empty())
      fault("/table", "name the table, or in table_column the column that names it: one of them");
    if (!settings_.tables.empty() && settings_.table_column.empty())
      fault("/tables", "these are for table_column, which is not given");
  }

  void check_columns() {
    if (settings_.columns.empty()) fault("/columns", "name one column at the least");
    for (const auto& [column, value] : settings_.constants) {
      if (std::any_of(settings_.columns.begin(), settings_.columns.end(),
                      [&](const auto& one) { return one.first == column; }))
        fault("/constants" + pointer_step(column),
              "the column has its values from the rows already: " + column);
    }
    check_scalars("/constants", params_["constants"]);
  }

  void check_key() {
    const auto has_column = [&](const std::string& name) {
      return std::any_of(settings_.columns.begin(), settings_.columns.end(),
                         [&](const auto& one) { return one.first == name; });
    };
    const bool is_swap = settings_.mode == OutputMode::Swap;
    if (is_swap && settings_.made.columns.empty())
      fault("/create", "say what the tables are made of that take the place of others");
    if (settings_.mode == OutputMode::Append || is_swap) {
      if (!settings_.key.empty()) fault("/key", "rows that are appended or swapped in need none");
      return;
    }
    if (settings_.key.empty()) fault("/key", "name the columns that tell which rows are meant");
    for (const auto& name : settings_.key) {
      if (settings_.constant(name) != nullptr) continue;
      if (settings_.mode == OutputMode::Replace)
        fault("/key", "what is replaced must be a constant: " + name);
      else if (!has_column(name))
        fault("/key", "the column gets no value: " + name);
    }
    const auto set = settings_.columns.size() + settings_.constants.size();
    if (settings_.mode == OutputMode::Update && set <= settings_.key.size())
      fault("/columns", "besides the key there is nothing to update");
  }

  void check_made() {
    if (settings_.made.columns.empty()) return;
    std::vector<std::string> made;
    for (const auto& column : settings_.made.columns) {
      if (holds(made, column.name)) fault("/create/columns", "named twice: " + column.name);
      made.push_back(column.name);
    }
    const auto check_name = [&](const std::string& pointer, const std::string& name) {
      if (!holds(made, name)) fault(pointer, "the table that is made has no such column: " + name);
    };
    for (const auto& [column, from] : settings_.columns)
      check_name("/columns" + pointer_step(column), column);
    for (const auto& [column, value] : settings_.constants)
      check_name("/constants" + pointer_step(column), column);
    for (const auto& name : settings_.made.key) check_name("/create/key", name);
    for (const auto& index : settings_.made.indexes)
      for (const auto& name : index) check_name("/create/indexes", name);
    check_counting();
    for (std::size_t i = 0; i < settings_.made.foreign_keys.size(); ++i) {
      const ForeignKey& foreign = settings_.made.foreign_keys[i];
      const std::string pointer = "/create/foreign_keys/" + std::to_string(i);
      for (const auto& name : foreign.columns) check_name(pointer + "/columns", name);
      if (foreign.columns.size() != foreign.references.size())
        fault(pointer + "/references", "each column refers to one: there must be as many");
    }
  }

  // Both databases give numbers to the key alone.
  void check_counting() {
    const auto& [columns, key, indexes, foreign_keys] = settings_.made;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!columns[i].counts_up) continue;
      const std::string pointer = "/create/columns/" + std::to_string(i);
      if (key != std::vector{columns[i].name})
        fault(pointer + "/auto_increment", "a column that counts up is the whole `key`");
      std::string type = columns[i].type.substr(0, columns[i].type.find_first_of("( "));
      for (char& letter : type)
        letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
      if (!holds({"tinyint", "smallint", "mediumint", "int", "integer", "bigint"}, type))
        fault(pointer + "/type", "a column that counts up holds integers, as int or bigint does");
    }
  }

  void check_guard() {
    if (settings_.guard.table.empty()) return;
    if (settings_.guard.key.empty()) fault("/guard/key", "tell which row it is");
    check_scalars("/guard/key", params_["guard"]["key"]);
    check_scalars("/guard/unless", params_["guard"]["unless"]);
    const Value set = params_["guard"]["set"];
    for (std::size_t i = 0; i < set.size(); ++i) {
      const std::string pointer = "/guard/set" + pointer_step(set.key(i));
      const Value value = set[set.key(i)];
      if (value.kind() != MR_OBJECT) {
        check_scalar(pointer, value);
        continue;
      }
      if (value.size() != 1 ||
          !holds({"tables", "written", "position", "time"}, value["from"].string()))
        fault(pointer,
              R"(wanted is a value, or {"from": "tables", "written", "position" or "time"})");
    }
  }

  void check_scalars(const std::string& pointer, const Value& object) {
    for (std::size_t i = 0; i < object.size(); ++i)
      check_scalar(pointer + pointer_step(object.key(i)), object[object.key(i)]);
  }
  void check_scalar(const std::string& pointer, const Value& value) {
    if (value.kind() == MR_ARRAY || value.kind() == MR_OBJECT)
      fault(pointer, "wanted is a text, a number, true, false or null");
  }

  Context& context_;
  const Params& params_;
  const OutputSettings settings_;
};

}  // namespace

OutputSettings::OutputSettings(const Params& params)
    : connection{params.string("connection")},
      schema{params.string("schema")},
      table{params.string("table")},
      table_column{params.string("table_column")},
      tables{params.strings("tables")},
      constants{values_of(params["constants"])},
      mode{mode_of(params.string("mode", "append"))},
      key{params.strings("key")},
      window{params.string("window")},
      made{made_of(params["create"])},
      guard{guard_of(params["guard"])},
      ledger_schema{params["ledger"]["schema"].string()},
      ledger_table{params["ledger"]["table"].string()},
      ledger_key{params["ledger"]["key"].string()},
      transaction_time{std::chrono::duration_cast<std::chrono::steady_clock::duration>(
          std::chrono::duration<double>{params.number("transaction_s", 1)})},
      transaction_bytes{static_cast<std::size_t>(params.integer("transaction_bytes", 16 << 20))},
      attempts{static_cast<int>(params.integer("attempts", 5))},
      attempt_wait{std::lround(params.number("attempt_wait_s", 3) * 1000)},
      silence{params.integer("silence_s", is_at_once() ? kDeleteTime : kWriteTime)} {
  const Value given = params["columns"];
  for (std::size_t i = 0; i < given.size(); ++i)
    columns.emplace_back(given.key(i), given[given.key(i)].string());
  if (guard.schema.empty()) guard.schema = schema;
  if (ledger_schema.empty()) ledger_schema = schema;
  if (ledger_table.empty()) ledger_table = "millrace_ledger";
}

const sql::Value* OutputSettings::constant(std::string_view column) const {
  const auto found = std::find_if(constants.begin(), constants.end(),
                                  [&](const NamedValue& one) { return one.first == column; });
  return found == constants.end() ? nullptr : &found->second;
}

void check_output(Context& context, const Params& params) {
  OutputFaults{context, params}.check();
  const OutputSettings settings{params};
  nlohmann::ordered_json reads = nlohmann::ordered_json::object();
  for (const auto& [column, from] : settings.columns) reads[from] = "any";
  if (!settings.table_column.empty()) reads[settings.table_column] = "utf8";
  if (!settings.window.empty()) reads[settings.window] = "int64|timestamp";
  context.trait("reads", reads.dump());
}

}  // namespace millrace::sql_operators
