#include "plugins/tables/accumulator.hpp"

#include <bit>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include <millrace/context.hpp>

#include "plugins/preprocess/state_words.hpp"
#include "plugins/tables/value_column.hpp"
#include "plugins/tables/wide.hpp"

namespace millrace::tables {
namespace {

using preprocess::append_word;
using preprocess::take_number;
using preprocess::take_text;

[[noreturn]] void refuse(const std::string& column, const std::string& why) {
  throw Failure{MR_DATA_INVALID, "column '" + column + "' " + why};
}

[[noreturn]] void unreadable() {
  throw Failure{MR_DATA_INVALID, "the checkpoint of a node is not readable"};
}

void append_word(std::string& state, double number) {
  append_word(state, std::bit_cast<std::int64_t>(number));
}

// Whether a row is one of those that `only_with` asks for.
bool is_mark(const Cell& cell) {
  return has_value(cell) && cell != Cell{false} && cell != Cell{std::int64_t{0}} &&
         cell != Cell{0.0} && cell != Cell{std::string_view{}};
}

// An aggregate of the values of a column, which knows what type they have.
class OfColumn : public Accumulator {
 public:
  explicit OfColumn(Aggregate aggregate) : aggregate_{std::move(aggregate)} {}

  void add(const Batch& batch, std::span<const std::uint32_t> groups) final {
    if (aggregate_.column.empty()) return add_rows(batch, groups);
    if (!batch.has(aggregate_.column)) return;
    const ValueColumn values{batch, aggregate_.column};
    learn_type(values);
    if (!values.has_values()) return;
    each_row(batch, groups, [&](std::int64_t row, std::uint32_t group) {
      if (const Cell cell = values[row]; has_value(cell)) take(group, cell);
    });
  }

  void snapshot(std::string& state) const final {
    append_word(state, type_ ? std::int64_t{static_cast<int>(*type_)} : -1);
    append_word(state, std::int64_t{has_values_});
    write(state);
  }
  void restore(std::string_view& state) final {
    const auto type = take_number(state);
    if (type > static_cast<int>(Type::Timestamp)) unreadable();
    if (type >= 0) type_ = static_cast<Type>(type);
    has_values_ = take_number(state) != 0;
    read(state);
  }

 protected:
  // Takes a value, which is not null.
  virtual void take(std::uint32_t group, const Cell& cell) = 0;
  // Refuses types of which there is no such aggregate.
  virtual void check_type(Type) const {}
  virtual void write(std::string& state) const = 0;
  virtual void read(std::string_view& state) = 0;

  [[nodiscard]] const Aggregate& aggregate() const { return aggregate_; }
  // Of the values, or of the column where none came; nothing where the column never came.
  [[nodiscard]] std::optional<Type> type() const { return type_; }

 private:
  template <class Each>
  void each_row(const Batch& batch, std::span<const std::uint32_t> groups, Each each) const {
    std::optional<ValueColumn> marks;
    if (!aggregate_.only_with.empty()) {
      if (!batch.has(aggregate_.only_with)) return;
      marks.emplace(batch, aggregate_.only_with);
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      if (!marks || is_mark((*marks)[row])) each(row, groups[i]);
    }
  }

  void add_rows(const Batch& batch, std::span<const std::uint32_t> groups) {
    each_row(batch, groups, [&](std::int64_t, std::uint32_t group) { take(group, {}); });
  }

  void learn_type(const ValueColumn& values) {
    if (!values.has_values()) {
      if (!type_) type_ = values.type();
      return;
    }
    check_type(values.type());
    if (has_values_ && values.type() != *type_) {
      refuse(aggregate_.column,
             "has another type than before: " + std::string{to_string(values.type())} +
                 ", it was " + std::string{to_string(*type_)});
    }
    type_ = values.type();
    has_values_ = true;
  }

  const Aggregate aggregate_;
  std::optional<Type> type_;
  bool has_values_ = false;
};

class Count final : public OfColumn {
 public:
  using OfColumn::OfColumn;

  void resize(std::size_t groups) override { counts_.resize(groups); }
  std::size_t size_bytes() const override { return counts_.size() * sizeof counts_[0]; }
  std::size_t result_bytes(std::size_t) const override { return sizeof counts_[0]; }
  Batch put(Batch batch, std::string_view name, std::size_t begin, std::size_t end) const override {
    Builder<std::int64_t> column;
    for (auto group = begin; group < end; ++group) column.append(counts_[group]);
    return std::move(batch).with(name, std::move(column));
  }

 private:
  void take(std::uint32_t group, const Cell&) override { ++counts_[group]; }
  void write(std::string& state) const override {
    for (const auto count : counts_) append_word(state, count);
  }
  void read(std::string_view& state) override {
    for (auto& count : counts_) count = take_number(state);
  }

  std::vector<std::int64_t> counts_;
};

class Sum final : public OfColumn {
 public:
  using OfColumn::OfColumn;

  void resize(std::size_t groups) override { sums_.resize(groups); }
  std::size_t size_bytes() const override { return sums_.size() * sizeof sums_[0]; }
  std::size_t result_bytes(std::size_t) const override { return sizeof(std::int64_t); }
  Batch put(Batch batch, std::string_view name, std::size_t begin, std::size_t end) const override {
    ValueBuilder column{type() == Type::Float64 ? Type::Float64 : Type::Int64};
    for (auto group = begin; group < end; ++group) {
      type() == Type::Float64 ? column.append(sums_[group].number) : column.append(whole(group));
    }
    return std::move(column).put(std::move(batch), name);
  }

 private:
  // Of a column one of them counts.
  struct Value {
    Wide whole = 0;
    double number = 0;
  };

  [[nodiscard]] std::int64_t whole(std::size_t group) const {
    const auto sum = narrow(sums_[group].whole);
    if (!sum) refuse(aggregate().column, "has a sum that is beyond 64 bits");
    return *sum;
  }

  void check_type(Type type) const override {
    if (type != Type::Int64 && type != Type::Float64)
      refuse(aggregate().column,
             "is " + std::string{to_string(type)} + ", but a sum is of numbers");
  }
  void take(std::uint32_t group, const Cell& cell) override {
    if (const auto* whole = std::get_if<std::int64_t>(&cell)) {
      sums_[group].whole += *whole;
    } else {
      sums_[group].number += std::get<double>(cell);
    }
  }
  void write(std::string& state) const override {
    for (const Value& sum : sums_) {
      append_word(state, static_cast<std::int64_t>(sum.whole >> 64));
      append_word(state, static_cast<std::int64_t>(sum.whole));
      append_word(state, sum.number);
    }
  }
  void read(std::string_view& state) override {
    for (Value& sum : sums_) {
      sum.whole = Wide{take_number(state)} << 64;
      sum.whole |= static_cast<std::uint64_t>(take_number(state));
      sum.number = std::bit_cast<double>(take_number(state));
    }
  }

  std::vector<Value> sums_;
};

// One of the values: the first or last that came, the least or greatest.
class Choice final : public OfColumn {
 public:
  using OfColumn::OfColumn;

  void resize(std::size_t groups) override { chosen_.resize(groups); }
  std::size_t size_bytes() const override { return chosen_.size() * sizeof(OwnCell) + text_bytes_; }
  std::size_t result_bytes(std::size_t group) const override {
    const auto* text = std::get_if<std::string>(&chosen_[group]);
    return sizeof(std::int64_t) + (text == nullptr ? 0 : text->size());
  }
  Batch put(Batch batch, std::string_view name, std::size_t begin, std::size_t end) const override {
    ValueBuilder column{type().value_or(Type::Utf8)};
    for (auto group = begin; group < end; ++group) column.append(view(chosen_[group]));
    return std::move(column).put(std::move(batch), name);
  }

 private:
  static bool is_less(const Cell& one, const Cell& other) {
    const auto *number = std::get_if<double>(&one), *another = std::get_if<double>(&other);
    // What is not a number stands behind all numbers, as in a sort.
    if (number != nullptr && another != nullptr && std::isnan(*another))
      return !std::isnan(*number);
    return one < other;
  }
  [[nodiscard]] bool is_better(const Cell& cell, const Cell& than) const {
    switch (aggregate().kind) {
      case Aggregate::Kind::Min:
        return is_less(cell, than);
      case Aggregate::Kind::Max:
        return is_less(than, cell);
      default:
        return aggregate().kind == Aggregate::Kind::Last;
    }
  }
  static std::size_t text_bytes(const OwnCell& cell) {
    const auto* text = std::get_if<std::string>(&cell);
    return text == nullptr ? 0 : text->capacity();
  }

  void take(std::uint32_t group, const Cell& cell) override {
    OwnCell& chosen = chosen_[group];
    if (chosen.index() != 0 && !is_better(cell, view(chosen))) return;
    text_bytes_ -= text_bytes(chosen);
    chosen = own(cell);
    text_bytes_ += text_bytes(chosen);
  }

  void write(std::string& state) const override;
  void read(std::string_view& state) override;

  std::vector<OwnCell> chosen_;
  std::size_t text_bytes_ = 0;
};

// A word for the kind of value, and the value, where there is one.
void Choice::write(std::string& state) const {
  for (const OwnCell& cell : chosen_) {
    append_word(state, static_cast<std::int64_t>(cell.index()));
    if (const auto* flag = std::get_if<bool>(&cell)) append_word(state, std::int64_t{*flag});
    if (const auto* whole = std::get_if<std::int64_t>(&cell)) append_word(state, *whole);
    if (const auto* number = std::get_if<double>(&cell)) append_word(state, *number);
    if (const auto* text = std::get_if<std::string>(&cell))
      append_word(state, std::string_view{*text});
  }
}

void Choice::read(std::string_view& state) {
  for (OwnCell& cell : chosen_) {
    switch (take_number(state)) {
      case 0:
        break;
      case 1:
        cell = take_number(state) != 0;
        break;
      case 2:
        cell = take_number(state);
        break;
      case 3:
        cell = std::bit_cast<double>(take_number(state));
        break;
      case 4:
        cell = take_text(state);
        break;
      default:
        unreadable();
    }
    text_bytes_ += text_bytes(cell);
  }
}

// All values as one text.
class Join final : public OfColumn {
 public:
  using OfColumn::OfColumn;

  void resize(std::size_t groups) override { texts_.resize(groups); }
  std::size_t size_bytes() const override { return texts_.size() * sizeof texts_[0] + text_bytes_; }
  std::size_t result_bytes(std::size_t group) const override {
    return sizeof(std::int32_t) + (texts_[group] ? texts_[group]->size() : 0);
  }
  Batch put(Batch batch, std::string_view name, std::size_t begin, std::size_t end) const override {
    Builder<std::string_view> column;
    for (auto group = begin; group < end; ++group)
      column.append(texts_[group] ? std::string_view{*texts_[group]} : std::string_view{});
    return std::move(batch).with(name, std::move(column));
  }

 private:
  void take(std::uint32_t group, const Cell& cell) override {
    auto& text = texts_[group];
    const std::size_t before = text ? text->capacity() : 0;
    text ? void(text->append(aggregate().separator)) : void(text.emplace());
    append_text(*text, *type(), cell);
    text_bytes_ += text->capacity() - before;
  }
  void write(std::string& state) const override {
    for (const auto& text : texts_) {
      append_word(state, std::int64_t{text.has_value()});
      if (text) append_word(state, std::string_view{*text});
    }
  }
  void read(std::string_view& state) override {
    for (auto& text : texts_) {
      if (take_number(state) == 0) continue;
      text = take_text(state);
      text_bytes_ += text->capacity();
    }
  }

  std::vector<std::optional<std::string>> texts_;  // nothing: no value came
  std::size_t text_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Accumulator> Accumulator::make(const Aggregate& aggregate) {
  switch (aggregate.kind) {
    case Aggregate::Kind::Sum:
      return std::make_unique<Sum>(aggregate);
    case Aggregate::Kind::Count:
      return std::make_unique<Count>(aggregate);
    case Aggregate::Kind::Join:
      return std::make_unique<Join>(aggregate);
    case Aggregate::Kind::Min:
    case Aggregate::Kind::Max:
    case Aggregate::Kind::First:
    case Aggregate::Kind::Last:
      break;
  }
  return std::make_unique<Choice>(aggregate);
}

}  // namespace millrace::tables
