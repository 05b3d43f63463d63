#include "engine/base/json.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

Error error_at(std::string_view text, std::size_t offset, std::string_view what) {
  offset = std::min(offset, text.size());
  const auto before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line
  return {Code::DataInvalid,
          fmt::format("JSON, line {}, column {}: {}", line, offset - line_start + 1, what)};
}

// Walks the text and leaves behind, in `reached`, how far the parser has read.
class TracingIterator {
 public:
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  using iterator_category = std::input_iterator_tag;

  TracingIterator(const char* at, const char** reached) : at_{at}, reached_{reached} {}
  reference operator*() const { return *at_; }
  TracingIterator& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  TracingIterator operator++(int) {
    const auto before = *this;
    ++*this;
    return before;
  }
  bool operator==(const TracingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const TracingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

// Builds the document from the parser's events and stops it at the first fault.
class Builder {
 public:
  Builder(const JsonLimits& limits, const char* const* reached, const char* begin)
      : limits_{limits}, reached_{reached}, begin_{begin} {}

  bool null() { return add(nullptr) != nullptr; }
  bool boolean(bool value) { return add(value) != nullptr; }
  bool number_integer(Json::number_integer_t value) { return add(value) != nullptr; }
  bool number_unsigned(Json::number_unsigned_t value) { return add(value) != nullptr; }
  // The parser itself refuses what no double can hold, and reads an integer that has too many
  // digits as a double near it.
  bool number_float(Json::number_float_t value, const std::string& text) {
    if (text.find_first_of(".eE") == std::string::npos)
      return stop("an integer of more than 64 bits: " + printable(text, 60));
    return add(value) != nullptr;
  }
  bool string(std::string& value) { return add(std::move(value)) != nullptr; }
  bool binary(Json::binary_t&) { return stop("binary values are not JSON"); }

  bool start_object(std::size_t) { return open(Json::object()); }
  bool key(std::string& name) {
    auto& level = levels_.back();
    if (!count()) return false;
    if (name.size() > limits_.max_name_bytes)
      return stop(fmt::format("a name of more than {} bytes", limits_.max_name_bytes));
    level.known = place_of(level, name);
    if (level.known && !limits_.last_key_counts) return stop("key given twice: " + printable(name));
    level.pending_key = std::move(name);
    return true;
  }
  bool end_object() {
    levels_.pop_back();
    return true;
  }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_array() {
    levels_.pop_back();
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const Json::exception& fault) {
    std::string_view words = fault.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: what": we count ourselves.
    if (const auto end = words.find("] "); end != words.npos) words.remove_prefix(end + 2);
    if (words.substr(0, 11) == "parse error") {
      if (const auto end = words.find(": "); end != words.npos) words.remove_prefix(end + 2);
    }
    offset_ = position == 0 ? 0 : position - 1;
    what_ = printable(words);
    return false;
  }

  Json take() { return std::move(root_); }
  std::size_t offset() const { return offset_; }
  const std::string& what() const { return what_; }

 private:
  struct Level {
    Json* value;
    std::string pending_key;
    std::optional<std::size_t> known;  // place of a member that has the pending key
    std::unordered_map<std::string, std::size_t> keys;  // filled once there are more than kFewKeys
  };
  // Up to here looking at each key is cheaper than hashing it.
  static constexpr std::size_t kFewKeys = 16;

  bool stop(std::string what) {
    what_ = std::move(what);
    offset_ = static_cast<std::size_t>(*reached_ - begin_);
    return false;
  }

  // Whether there is room for one more value or name.
  bool count() {
    if (++values_ <= limits_.max_values) return true;
    return stop(
        fmt::format("more than {} values (names of members count too)", limits_.max_values));
  }

  // Where the member of that name stands; of a new one nothing, and its place is known from now on.
  std::optional<std::size_t> place_of(Level& level, const std::string& name) {
    const auto& members = level.value->get_ref<const Json::object_t&>();
    if (members.size() < kFewKeys) {
      const auto found = std::find_if(members.begin(), members.end(),
                                      [&](const auto& member) { return member.first == name; });
      if (found == members.end()) return std::nullopt;
      return static_cast<std::size_t>(found - members.begin());
    }
    if (level.keys.empty()) {
      for (const auto& member : members) level.keys.emplace(member.first, level.keys.size());
    }
    const auto [known, is_new] = level.keys.emplace(name, members.size());
    return is_new ? std::nullopt : std::optional{known->second};
  }

  // Null when there is no room for it.
  template <class Value>
  Json* add(Value&& value) {
    if (!count()) return nullptr;
    if (levels_.empty()) {
      root_ = std::forward<Value>(value);
      return &root_;
    }
    auto& level = levels_.back();
    if (level.value->is_array()) {
      auto& items = level.value->template get_ref<Json::array_t&>();
      return &items.emplace_back(std::forward<Value>(value));
    }
    // The map behind an ordered object is a vector; its own insert would search it again.
    auto& members = level.value->template get_ref<Json::object_t&>();
    using Members = Json::object_t::Container;
    if (level.known) {
      auto& member = static_cast<Members&>(members)[*level.known].second;
      member = std::forward<Value>(value);
      return &member;
    }
    return &static_cast<Members&>(members)
                .emplace_back(std::move(level.pending_key), std::forward<Value>(value))
                .second;
  }

  bool open(Json empty) {
    if (levels_.size() >= static_cast<std::size_t>(limits_.max_depth)) {
      return stop(fmt::format("nested more than {} levels deep", limits_.max_depth));
    }
    auto* value = add(std::move(empty));
    if (value == nullptr) return false;
    levels_.push_back({value, {}, {}, {}});
    return true;
  }

  const JsonLimits limits_;
  const char* const* reached_;
  const char* begin_;
  Json root_;
  std::vector<Level> levels_;
  std::size_t values_ = 0;  // and names, so far
  std::string what_;
  std::size_t offset_ = 0;
};

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return Error{Code::DataInvalid,
                 fmt::format("JSON: {} bytes are more than the limit of {} bytes", text.size(),
                             limits.max_bytes)};
  }
  // The parser takes a zero byte for the end of the text.
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) {
    return error_at(text, zero, "a zero byte");
  }
  const char* reached = text.data();
  Builder builder{limits, &reached, text.data()};
  const TracingIterator begin{text.data(), &reached};
  const TracingIterator end{text.data() + text.size(), &reached};
  try {
    if (!Json::sax_parse(begin, end, &builder)) {
      return error_at(text, builder.offset(), builder.what());
    }
  } catch (const Json::exception& fault) {
    return Error{Code::DataInvalid, "JSON: " + printable(fault.what())};
  }
  return builder.take();
}

}  // namespace millrace
