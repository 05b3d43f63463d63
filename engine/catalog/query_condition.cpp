#include "engine/catalog/query_condition.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/base/json_numbers.hpp"
#include "engine/base/utf8.hpp"
#include "engine/catalog/fold.hpp"
#include "engine/catalog/query.hpp"
#include "engine/catalog/query_limits.hpp"
#include "engine/catalog/sql_spelling.hpp"
#include "engine/catalog/text_index.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

Error wrong(std::string what) {
  return {Code::InvalidArgument, fmt::format("{}: {}", kQueryWhat, what)};
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kComparisons{
    {{"=", " = ?"},
     {"!=", " <> ?"},
     {"<", " < ?"},
     {"<=", " <= ?"},
     {">", " > ?"},
     {">=", " >= ?"}}};

Result<std::string_view> comparison(std::string_view op) {
  const auto found = std::find_if(kComparisons.begin(), kComparisons.end(),
                                  [&op](const auto& known) { return known.first == op; });
  if (found == kComparisons.end()) {
    return wrong(fmt::format(
        "unknown op: {}; there are = != < <= > >= in like contains has verify is_null", op));
  }
  return found->second;
}

// A pattern of LIKE that finds the text anywhere.
std::string anywhere(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + '%';
}

// Compares the number of a document's member, kept as SplitNumber: by the double next to it, and by
// the rest among those that have it in common.
std::string number_condition(std::string_view alias, std::string_view comparison,
                             const SplitNumber& bound) {
  if (std::abs(bound.nearest) < kBesideDoubles)
    return fmt::format("{}.number{}", alias, comparison);
  const auto same = fmt::format("{0}.number = ? AND COALESCE({0}.rest, 0){1}", alias, comparison);
  if (comparison == " = ?") return same;
  const auto other = comparison == " <> ?" ? "<>" : comparison.substr(1, 1);
  return fmt::format("({}.number {} ? OR ({}))", alias, other, same);
}

// Appends the values of that condition.
void append_number(std::string_view comparison, const SplitNumber& bound,
                   std::vector<SqlValue>& values) {
  values.emplace_back(bound.nearest);
  if (std::abs(bound.nearest) < kBesideDoubles) return;
  if (comparison != " = ?") values.emplace_back(bound.nearest);
  values.emplace_back(bound.rest);
}

constexpr std::string_view kListed = "has";  // the index's name in lists()

}  // namespace

// --- the source ---

// Whether the index of the documents knows what the condition asks of the row.
bool ConditionCompiler::is_copied(const Condition& condition) const {
  return condition.column != nullptr && !members_.empty() &&
         condition.column->name == members_.front().index->copied;
}

bool ConditionCompiler::index_knows_all() const {
  return !members_.empty() &&
         std::all_of(conditions_.begin(), conditions_.end(),
                     [this](const Condition& condition) { return is_copied(condition); });
}

// Ids of several members are cut with each other: a search of the index for each id of the first
// member would take half as long again.
void ConditionCompiler::append_counted(std::string& sql, std::vector<SqlValue>& values) const {
  if (members_.size() < 2 || !index_knows_all()) return append_source(sql, values, true);
  for (const Member& member : members_) {
    sql += fmt::format("{}SELECT {}.{} FROM {} {} WHERE {}",
                       &member == &members_.front() ? " FROM (" : " INTERSECT ", member.alias,
                       member.index->row, member.index->table, member.alias, member.conditions);
    values.insert(values.end(), member.values.begin(), member.values.end());
    for (const Condition& condition : conditions_) {
      sql += fmt::format(" AND {}.{}{}", member.alias, member.index->copied, condition.rest);
      values.insert(values.end(), condition.values.begin(), condition.values.end());
    }
  }
  sql += ") counted";
}

std::vector<Question> ConditionCompiler::lists() const {
  std::vector<Question> lists;
  if (members_.size() < 2 || !index_knows_all()) return lists;
  for (const Member& member : members_) {
    const auto& index = *member.index;
    // Of one name for all, so that a list is known wherever its member stands.
    Question list{fmt::format("SELECT {0}.{1} FROM {2} {0} WHERE {3}", kListed, index.row,
                              index.table, member.listed),
                  member.values};
    for (const Condition& condition : conditions_) {
      list.sql += fmt::format(" AND {}.{}{}", kListed, index.copied, condition.rest);
      list.values.insert(list.values.end(), condition.values.begin(), condition.values.end());
    }
    list.sql += fmt::format(" LIMIT {}", AnswerCache::kMostListed + 1);
    lists.push_back(std::move(list));
  }
  return lists;
}

void ConditionCompiler::append_source(std::string& sql, std::vector<SqlValue>& values,
                                      bool only_ids) const {
  std::string where;
  std::vector<SqlValue> where_values;
  const auto also = [&](const std::string& condition, const std::vector<SqlValue>& bound) {
    where += (where.empty() ? " WHERE " : " AND ") + condition;
    where_values.insert(where_values.end(), bound.begin(), bound.end());
  };
  const bool is_index_alone = only_ids && index_knows_all();
  if (!is_index_alone) sql += fmt::format(" FROM {}", entity_.table);
  for (const Member& member : members_) {
    if (is_index_alone && &member == &members_.front()) {
      sql += fmt::format(" FROM {} {}", member.index->table, member.alias);
    } else {
      sql += fmt::format(" JOIN {0} {1} ON {1}.{2} = {3}", member.index->table, member.alias,
                         member.index->row,
                         is_index_alone ? row_id() : fmt::format("{}.id", entity_.table));
    }
    also(member.conditions, member.values);
  }
  if (!is_index_alone) sql += joins_;
  for (const Condition& condition : conditions_) {
    if (!is_index_alone) also(condition.sql, condition.values);
    if (!is_copied(condition)) continue;
    for (const Member& member : members_)
      also(fmt::format("{}.{}{}", member.alias, member.index->copied, condition.rest),
           condition.values);
  }
  sql += where;
  values.insert(values.end(), where_values.begin(), where_values.end());
}

void ConditionCompiler::append_check(std::string& sql, std::vector<SqlValue>& values) const {
  sql += fmt::format(" FROM {}{} WHERE ", entity_.table, joins_);
  for (const Condition& condition : conditions_) {
    const bool is_quicker = !condition.check.empty();
    sql += (is_quicker ? condition.check : condition.sql) + " AND ";
    const auto& bound = is_quicker ? condition.check_values : condition.values;
    values.insert(values.end(), bound.begin(), bound.end());
  }
  sql += fmt::format("{}.id", entity_.table);
}

bool ConditionCompiler::finds_out_of_order() const {
  return std::any_of(conditions_.begin(), conditions_.end(),
                     [](const Condition& condition) { return !condition.check.empty(); });
}

std::string ConditionCompiler::row_id() const {
  if (members_.empty()) return fmt::format("{}.id", entity_.table);
  return fmt::format("{}.{}", members_.front().alias, members_.front().index->row);
}

// --- the conditions ---

void ConditionCompiler::use(const EntityColumn& column) {
  if (column.joined.empty() || joins_.find(column.joined) != std::string::npos) return;
  joins_ += fmt::format(" {}", column.joined);
}

void ConditionCompiler::add(const EntityColumn* column, std::string sql, std::string rest,
                            std::vector<SqlValue> values) {
  conditions_.push_back({column, std::move(sql), std::move(rest), std::move(values), {}, {}});
}

void ConditionCompiler::add(std::string_view sql, std::string_view value) {
  add(nullptr, std::string{sql}, {}, {std::string{value}});
}

void ConditionCompiler::add(std::string sql, std::vector<SqlValue> values) {
  add(nullptr, std::move(sql), {}, std::move(values));
}

Result<void> ConditionCompiler::add(const Json& condition) {
  if (!condition.is_object() || !condition.contains("column") || !condition.contains("op"))
    return wrong("a condition has column, op and value");
  for (const auto& [key, value] : condition.items()) {
    if (key != "column" && key != "op" && key != "value")
      return wrong(fmt::format("unknown member of a condition: {}", key));
  }
  if (!condition.at("column").is_string()) return wrong("a column is named by a string");
  if (!condition.at("op").is_string()) return wrong("op is a string");
  MR_TRY(const EntityColumn* column,
         column_of(entity_, condition.at("column").get_ref<const std::string&>(), kQueryWhat));
  use(*column);
  const auto& op = condition.at("op").get_ref<const std::string&>();
  const auto given = condition.find("value");
  if (column->kind == ColumnKind::Password && op != "verify")
    return wrong(fmt::format("{} is only asked with verify", column->name));
  if (op == "is_null" && column->kind != ColumnKind::Rows)
    return add_is_null(*column, given == condition.end() ? Json(true) : *given);
  if (given == condition.end())
    return wrong(fmt::format("condition on {} has no value", column->name));
  if (op == "has") return add_has(*column, *given);
  if (op == "verify") return add_verify(*column, *given);
  if (column->kind == ColumnKind::Document) {
    return wrong(fmt::format("{} holds JSON, which can only be asked with is_null{}", column->name,
                             column->index.table.empty() ? "" : " and has"));
  }
  if (column->kind == ColumnKind::Rows)
    return wrong(fmt::format("{} holds rows, which can only be asked with has", column->name));
  if (op == "in") return add_in(*column, *given);
  if (op == "like") return add_like(*column, *given);
  if (op == "contains") return add_contains(*column, *given);
  return add_comparison(*column, op, *given);
}

std::string ConditionCompiler::operand(const EntityColumn& column) const {
  auto sql = sql_of(entity_, column);
  // 0 compares as the null that it is read as
  return column.kind == ColumnKind::MaybeTime ? fmt::format("NULLIF({}, 0)", sql) : sql;
}

Result<void> ConditionCompiler::add_comparison(const EntityColumn& column, std::string_view op,
                                               const Json& value) {
  MR_TRY(const std::string_view sql, comparison(op));
  if (value.is_null())
    return wrong(fmt::format("null equals nothing; ask {} with is_null", column.name));
  MR_TRY(SqlValue bound, to_sql_value(column, value, kQueryWhat));
  add(&column, operand(column) + std::string{sql}, std::string{sql}, {std::move(bound)});
  return {};
}

Result<void> ConditionCompiler::add_is_null(const EntityColumn& column, const Json& value) {
  if (!value.is_boolean()) return wrong("the value of is_null is true or false");
  add(nullptr, operand(column) + (value.get<bool>() ? " IS NULL" : " IS NOT NULL"), {}, {});
  return {};
}

Result<void> ConditionCompiler::add_in(const EntityColumn& column, const Json& values) {
  if (!values.is_array()) return wrong("the value of in is a list");
  if (values.size() > kMostInValues)
    return wrong(fmt::format("more than {} values for in", kMostInValues));
  if (values.empty()) {
    add(nullptr, "1 = 0", {}, {});
    return {};
  }
  std::vector<SqlValue> bound;
  for (const Json& value : values) {
    if (value.is_null())
      return wrong(fmt::format("null equals nothing; ask {} with is_null", column.name));
    MR_TRY(SqlValue one, to_sql_value(column, value, kQueryWhat));
    bound.push_back(std::move(one));
  }
  auto rest = fmt::format(" IN ({})", placeholders(bound.size()));
  add(&column, operand(column) + rest, rest, std::move(bound));
  return {};
}

Result<void> ConditionCompiler::add_like(const EntityColumn& column, const Json& pattern) {
  if (column.kind != ColumnKind::Text || !pattern.is_string())
    return wrong("like compares a text column with a pattern");
  // An escape at the end or before another letter is an error in one database and not in the other.
  const auto& text = pattern.get_ref<const std::string&>();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '!') continue;
    ++i;
    if (i == text.size() || (text[i] != '!' && text[i] != '%' && text[i] != '_'))
      return wrong("in a pattern of like, ! stands before %, _ or another !");
  }
  add(nullptr, sql_of(entity_, column) + " LIKE ? ESCAPE '!'", {}, {text});
  return {};
}

Result<void> ConditionCompiler::add_contains(const EntityColumn& column, const Json& value) {
  if (column.rules.folded.empty())
    return wrong(fmt::format("{} cannot be searched with contains", column.name));
  const Json texts = value.is_array() ? value : Json::array({value});
  if (texts.empty() || texts.size() > kMostInValues)
    return wrong(fmt::format("contains takes a text, or a list of 1 to {}", kMostInValues));
  // Each text of a row can be looked at; the index is quicker where few of many rows are wanted.
  std::string look, find;
  std::vector<SqlValue> look_values, find_values;
  bool is_indexed = !column.rules.contains.table.empty();
  for (const Json& text : texts) {
    if (!text.is_string() || !is_utf8(text.get_ref<const std::string&>()))
      return wrong("contains takes a text, or a list of texts");
    const auto folded = fold_case(text.get_ref<const std::string&>());
    look += fmt::format("{}{}.{} LIKE ? ESCAPE '!'", look.empty() ? "(" : " OR ", entity_.table,
                        column.rules.folded);
    look_values.emplace_back(anywhere(folded));
    is_indexed = is_indexed && !folded.empty();
    if (!is_indexed) continue;
    find += find.empty() ? "(" : " OR ";
    append_in_index(find, find_values, column, folded);
  }
  look += ')';
  if (is_indexed) {
    conditions_.push_back(
        {nullptr, find + ')', {}, std::move(find_values), std::move(look), std::move(look_values)});
  } else {
    add(nullptr, std::move(look), {}, std::move(look_values));
  }
  return {};
}

void ConditionCompiler::append_in_index(std::string& sql, std::vector<SqlValue>& values,
                                        const EntityColumn& column,
                                        const std::string& folded) const {
  const auto range = text_range(folded);
  const auto& index = column.rules.contains;
  sql += fmt::format("({}.id IN (SELECT {} FROM {} WHERE suffix >= ?", entity_.table, index.row,
                     index.table);
  values.emplace_back(range.from);
  if (!range.until.empty()) {
    sql += " AND suffix < ?";
    values.emplace_back(range.until);
  }
  sql += ')';
  if (!range.is_exact) {
    sql += fmt::format(" AND {}.{} LIKE ? ESCAPE '!'", entity_.table, column.rules.folded);
    values.emplace_back(anywhere(folded));
  }
  sql += ')';
}

Result<void> ConditionCompiler::add_has(const EntityColumn& column, const Json& value) {
  if (column.kind == ColumnKind::Document && !column.index.table.empty())
    return add_has_member(column, value);
  if (column.kind == ColumnKind::Rows && !column.related.link.empty())
    return add_has_row(column, value);
  return wrong(fmt::format("{} cannot be asked with has", column.name));
}

// "accuracy", or {"name": "accuracy", "op": ">", "value": 0.9}.
Result<void> ConditionCompiler::add_has_member(const EntityColumn& column, const Json& value) {
  const Json member = value.is_string() ? Json{{"name", value}} : value;
  if (!member.is_object() || !member.contains("name") || !member.at("name").is_string() ||
      member.contains("op") != member.contains("value") ||
      member.size() != (member.contains("op") ? 3u : 1u))
    return wrong("has takes the name of a member, or an object with name, op and value");
  const auto& index = column.index;
  Member made{&index, fmt::format("has{}", members_.size() + 1), {}, {}, {}};
  made.values = {std::string{index.kind}, member.at("name").get<std::string>()};
  const auto named = [](std::string_view alias) {
    return fmt::format("{0}.kind = ? AND {0}.name = ?", alias);
  };
  made.conditions = named(made.alias);
  made.listed = named(kListed);
  if (member.contains("op")) {
    const auto number = split_number(member.at("value"));
    if (!member.at("op").is_string() || !number)
      return wrong("members of a document are compared with numbers of 64 bits");
    MR_TRY(const std::string_view sql, comparison(member.at("op").get_ref<const std::string&>()));
    made.conditions += " AND " + number_condition(made.alias, sql, *number);
    made.listed += " AND " + number_condition(kListed, sql, *number);
    append_number(sql, *number, made.values);
  }
  members_.push_back(std::move(made));
  return {};
}

// The name or the id of a row on the other side of the link.
Result<void> ConditionCompiler::add_has_row(const EntityColumn& column, const Json& value) {
  const auto& related = column.related;
  if (const auto id = whole_number(value)) {
    add(nullptr,
        fmt::format("{0}.id IN (SELECT {1}.{2} FROM {1} WHERE {1}.{3} = ?)", entity_.table,
                    related.link, related.own, related.other),
        {}, {*id});
    return {};
  }
  if (!value.is_string()) return wrong("has takes the name or the id of a row");
  add(nullptr,
      fmt::format(
          "{0}.id IN (SELECT {1}.{2} FROM {1} JOIN {4} ON {4}.id = {1}.{3} WHERE {4}.name = ?)",
          entity_.table, related.link, related.own, related.other,
          find_entity(related.named)->table),
      {}, {value.get<std::string>()});
  return {};
}

Result<void> ConditionCompiler::add_verify(const EntityColumn& column, const Json& value) {
  if (column.kind != ColumnKind::Password || !value.is_string())
    return wrong("verify asks the column of a password with a text");
  if (hash_ != nullptr) return wrong("verify stands there twice");
  hash_ = &column;
  password_ = value.get<std::string>();
  return {};
}

}  // namespace millrace
