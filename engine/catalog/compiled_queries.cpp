#include "engine/catalog/compiled_queries.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

namespace millrace {

namespace {

constexpr std::size_t kLongestShape = 4'096;  // bytes; a longer query is compiled each time

// All of a query but the values that it compares columns with, as text: queries of one shape differ
// in these values alone. Most queries of a server are of few shapes.
class Shape {
 public:
  struct Comparison {
    const std::string* column;
    const Json* value;
  };

  Shape(const Json& query, bool has_owner) {
    text_.reserve(512);
    text_ += has_owner ? 'o' : '-';
    is_simple_ = query.is_object() && read(query) && text_.size() <= kLongestShape;
  }

  /// Whether there is nothing else in the query that its SQL depends on.
  [[nodiscard]] bool is_simple() const { return is_simple_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::vector<Comparison>& comparisons() const { return comparisons_; }

 private:
  bool read(const Json& query) {
    for (const auto& [name, member] : query.get_ref<const Json::object_t&>()) {
      add(name);
      const bool is_read = name == "where"                        ? read_conditions(member)
                           : name == "entity"                     ? read_text(member)
                           : name == "limit"                      ? read_number(member)
                           : name == "columns" || name == "order" ? read_texts(member)
                                                                  : false;
      if (!is_read) return false;
    }
    return true;
  }

  // With its length in front, so that no two rows of texts look alike.
  void add(std::string_view text) {
    std::array<char, sizeof(std::size_t)> size{};
    const auto bytes = text.size();
    std::memcpy(size.data(), &bytes, sizeof bytes);
    text_.append(size.data(), size.size());
    text_ += text;
  }

  bool read_text(const Json& text) {
    if (!text.is_string() || text_.size() > kLongestShape) return false;
    add(text.get_ref<const std::string&>());
    return true;
  }

  bool read_number(const Json& number) {
    if (!number.is_number_integer()) return false;
    add(number.dump());
    return true;
  }

  bool read_texts(const Json& list) {
    if (!list.is_array()) return false;
    add(std::to_string(list.size()));
    return std::all_of(list.begin(), list.end(),
                       [this](const Json& text) { return read_text(text); });
  }

  bool read_conditions(const Json& list) {
    if (!list.is_array()) return false;
    add(std::to_string(list.size()));
    return std::all_of(list.begin(), list.end(),
                       [this](const Json& condition) { return read_condition(condition); });
  }

  bool read_condition(const Json& condition) {
    static constexpr std::array<std::string_view, 6> kComparing{"=", "!=", "<", "<=", ">", ">="};
    if (!condition.is_object() || condition.size() != 3) return false;
    const auto column = condition.find("column"), op = condition.find("op"),
               value = condition.find("value");
    if (column == condition.end() || op == condition.end() || value == condition.end() ||
        !read_text(*column) || !read_text(*op) || !value->is_primitive() || value->is_null())
      return false;
    comparisons_.push_back({&column->get_ref<const std::string&>(), &*value});
    const auto& word = op->get_ref<const std::string&>();
    return std::find(kComparing.begin(), kComparing.end(), word) != kComparing.end();
  }

  std::string text_;
  std::vector<Comparison> comparisons_;
  bool is_simple_ = false;
};

// The values of a query: those that it compares with, and `last`.
Result<std::vector<SqlValue>> bind(const Shape& shape,
                                   const std::vector<const EntityColumn*>& columns, bool has_owner,
                                   std::string_view owner, const std::vector<SqlValue>& last) {
  std::vector<SqlValue> values;
  values.reserve(columns.size() + last.size() + 1);
  if (has_owner) values.emplace_back(std::string{owner});
  for (std::size_t i = 0; i < columns.size(); ++i) {
    MR_TRY(SqlValue value, to_sql_value(*columns[i], *shape.comparisons()[i].value, kQueryWhat));
    values.push_back(std::move(value));
  }
  values.insert(values.end(), last.begin(), last.end());
  return values;
}

}  // namespace

Result<CompiledQuery> CompiledQueries::compile(const Json& query, std::string_view owner) {
  const Shape shape{query, !owner.empty()};
  if (!shape.is_simple()) return compile_query(query, owner);
  std::shared_ptr<const Kept> kept;
  {
    const std::lock_guard lock{mutex_};
    if (const auto* known = kept_.find(shape.text())) kept = *known;
  }
  if (kept) {
    auto bound = kept->query;
    MR_TRY(bound.question.values,
           bind(shape, kept->compared, kept->has_owner, owner, kept->query.question.values));
    return bound;
  }
  MR_TRY(CompiledQuery made, compile_query(query, owner));
  if (made.page.limit > 0 || !made.counted.empty()) return made;  // it holds the values twice
  Kept fresh{made, !owner.empty() && !made.entity->owned_by.empty(), {}};
  for (const auto& comparison : shape.comparisons()) {
    MR_TRY(const EntityColumn* column, column_of(*made.entity, *comparison.column, kQueryWhat));
    fresh.compared.push_back(column);
  }
  auto& values = fresh.query.question.values;
  const auto first = fresh.compared.size() + (fresh.has_owner ? 1 : 0);
  values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(first));
  const std::lock_guard lock{mutex_};
  kept_.get(shape.text()) = std::make_shared<const Kept>(std::move(fresh));
  return made;
}

}  // namespace millrace
