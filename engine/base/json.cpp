#include "engine/base/json.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "engine/base/json_builder.hpp"
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

// Gives the parser's events to the builder and stops it at the first fault.
class Events {
 public:
  Events(const JsonLimits& limits, const char* const* reached, const char* begin)
      : builder_{limits}, reached_{reached}, begin_{begin} {}

  bool null() { return told(builder_.value(nullptr)); }
  bool boolean(bool value) { return told(builder_.value(value)); }
  bool number_integer(Json::number_integer_t value) { return told(builder_.value(value)); }
  bool number_unsigned(Json::number_unsigned_t value) { return told(builder_.value(value)); }
  // The parser itself refuses what no double can hold, and reads an integer that has too many
  // digits as a double near it.
  bool number_float(Json::number_float_t value, const std::string& text) {
    if (text.find_first_of(".eE") == std::string::npos)
      return stop("an integer of more than 64 bits: " + printable(text, 60));
    return told(builder_.value(value));
  }
  bool string(std::string& value) { return told(builder_.value(std::move(value))); }
  bool binary(Json::binary_t&) { return stop("binary values are not JSON"); }

  bool start_object(std::size_t) { return told(builder_.open(Json::object())); }
  bool key(std::string& name) { return told(builder_.name(std::move(name))); }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return told(builder_.open(Json::array())); }
  bool end_array() { return close(); }

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

  Json take() { return builder_.take(); }
  std::size_t offset() const { return offset_; }
  const std::string& what() const { return what_; }

 private:
  bool stop(std::string what) {
    what_ = std::move(what);
    offset_ = static_cast<std::size_t>(*reached_ - begin_);
    return false;
  }
  bool told(bool is_taken) { return is_taken || stop(builder_.fault()); }
  bool close() {
    builder_.close();
    return true;
  }

  JsonBuilder builder_;
  const char* const* reached_;
  const char* begin_;
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
  Events events{limits, &reached, text.data()};
  const TracingIterator begin{text.data(), &reached};
  const TracingIterator end{text.data() + text.size(), &reached};
  try {
    if (!Json::sax_parse(begin, end, &events)) {
      return error_at(text, events.offset(), events.what());
    }
  } catch (const Json::exception& fault) {
    return Error{Code::DataInvalid, "JSON: " + printable(fault.what())};
  }
  return events.take();
}

}  // namespace millrace
