#include "engine/base/python_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

#include "engine/base/json_builder.hpp"
#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool is_blank(char letter) {
  return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
}

bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

void append_utf8(std::string& text, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0 | point >> 6);
  } else {
    if (point < 0x10000) {
      put(0xE0 | point >> 12);
    } else {
      put(0xF0 | point >> 18);
      put(0x80 | (point >> 12 & 0x3F));
    }
    put(0x80 | (point >> 6 & 0x3F));
  }
  put(0x80 | (point & 0x3F));
}

// --- encodings ---

struct Encoding {
  std::size_t unit = 1;  // bytes
  bool is_big_endian = false;
  std::size_t mark = 0;  // bytes of a byte order mark, which is passed over
};

// As json.detect_encoding().
Encoding encoding_of(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\0\0\xFE\xFF"sv)) return {4, true, 4};
  if (bytes.starts_with("\xFF\xFE\0\0"sv)) return {4, false, 4};
  if (bytes.starts_with("\xFE\xFF"sv)) return {2, true, 2};
  if (bytes.starts_with("\xFF\xFE"sv)) return {2, false, 2};
  if (bytes.starts_with("\xEF\xBB\xBF"sv)) return {1, false, 3};
  const auto is_zero = [&](std::size_t i) { return bytes[i] == '\0'; };
  if (bytes.size() >= 4) {
    if (is_zero(0)) return {is_zero(1) ? 4u : 2u, true, 0};
    if (is_zero(1)) return {is_zero(2) && is_zero(3) ? 4u : 2u, false, 0};
  } else if (bytes.size() == 2) {
    if (is_zero(0)) return {2, true, 0};
    if (is_zero(1)) return {2, false, 0};
  }
  return {};
}

// The unit of 2 or 4 bytes at the front of `bytes`.
std::uint32_t take_unit(std::string_view& bytes, const Encoding& encoding) {
  std::uint32_t unit = 0;
  for (std::size_t i = 0; i < encoding.unit; ++i) {
    const auto at = encoding.is_big_endian ? i : encoding.unit - 1 - i;
    unit = unit << 8 | static_cast<unsigned char>(bytes[at]);
  }
  bytes.remove_prefix(encoding.unit);
  return unit;
}

std::optional<std::string> decoded(std::string_view bytes, const Encoding& encoding) {
  if (bytes.size() % encoding.unit != 0) return std::nullopt;
  std::string text;
  while (!bytes.empty()) {
    auto point = take_unit(bytes, encoding);
    if (encoding.unit == 2 && is_high_surrogate(point)) {
      const auto low = bytes.empty() ? 0 : take_unit(bytes, encoding);
      if (!is_low_surrogate(low)) return std::nullopt;
      point = 0x10000 + ((point - 0xD800) << 10 | (low - 0xDC00));
    }
    if (is_high_surrogate(point) || is_low_surrogate(point) || point > 0x10FFFF)
      return std::nullopt;
    append_utf8(text, point);
  }
  return text;
}

// --- the scanner of _json.c ---

class Scanner {
 public:
  Scanner(std::string_view text, const JsonLimits& limits, const std::vector<std::string>& as_text)
      : text_{text}, limits_{limits}, as_text_{as_text}, builder_{limits} {}

  /// False: fault() tells.
  bool document() {
    skip_blanks();
    if (!value()) return false;
    skip_blanks();
    if (at_ < text_.size()) return wrong("Extra data", at_);
    return unfit_.empty() || refuse(unfit_);
  }

  [[nodiscard]] Json take() { return builder_.take(); }
  [[nodiscard]] std::string_view fault() const { return fault_; }
  [[nodiscard]] std::size_t place() const { return place_; }  // in bytes
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  [[nodiscard]] bool is_at(char letter) const { return at_ < text_.size() && text_[at_] == letter; }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  bool wrong(std::string_view fault, std::size_t place) {
    fault_ = fault;
    place_ = place;
    return false;
  }
  bool refuse(std::string reason) {
    reason_ = std::move(reason);
    return false;
  }
  // What is no value of ours, while the text may still have a fault.
  bool note_unfit(std::string reason) {
    if (unfit_.empty()) unfit_ = std::move(reason);
    return true;
  }

  // To the builder goes what no member keeps as its text.
  bool give(Json value) {
    return is_text_ || builder_.value(std::move(value)) || refuse(builder_.fault());
  }
  bool open(Json empty) {
    if (++depth_ > limits_.max_depth)
      return refuse(fmt::format("nested more than {} levels deep", limits_.max_depth));
    return is_text_ || builder_.open(std::move(empty)) || refuse(builder_.fault());
  }
  bool close() {
    ++at_;
    --depth_;
    if (!is_text_) builder_.close();
    return true;
  }

  bool value() {
    if (at_ == text_.size()) return wrong("Expecting value", at_);
    switch (text_[at_]) {
      case '"': {
        std::string text;
        return string(text) && give(std::move(text));
      }
      case '{':
        return object();
      case '[':
        return array();
      default:
        break;
    }
    static const std::array kWords{
        std::pair<std::string_view, Json>{"null", nullptr},
        std::pair<std::string_view, Json>{"true", true},
        std::pair<std::string_view, Json>{"false", false},
        std::pair<std::string_view, Json>{"NaN", std::numeric_limits<double>::quiet_NaN()},
        std::pair<std::string_view, Json>{"Infinity", std::numeric_limits<double>::infinity()},
        std::pair<std::string_view, Json>{"-Infinity", -std::numeric_limits<double>::infinity()}};
    const auto rest = text_.substr(at_);
    for (const auto& [word, meaning] : kWords) {
      if (!rest.starts_with(word)) continue;
      at_ += word.size();
      return give(meaning);
    }
    return number();
  }

  bool object() {
    ++at_;
    if (!open(Json::object())) return false;
    skip_blanks();
    if (is_at('}')) return close();
    for (;;) {
      if (!is_at('"')) return wrong("Expecting property name enclosed in double quotes", at_);
      std::string name;
      if (!string(name)) return false;
      const bool stays = depth_ == 1 && !is_text_ &&
                         std::find(as_text_.begin(), as_text_.end(), name) != as_text_.end();
      if (!is_text_ && !builder_.name(std::move(name))) return refuse(builder_.fault());
      skip_blanks();
      if (!is_at(':')) return wrong("Expecting ':' delimiter", at_);
      ++at_;
      skip_blanks();
      if (stays ? !text_of_value() : !value()) return false;
      skip_blanks();
      if (is_at('}')) return close();
      if (!is_at(',')) return wrong("Expecting ',' delimiter", at_);
      ++at_;
      skip_blanks();
    }
  }

  bool array() {
    ++at_;
    if (!open(Json::array())) return false;
    skip_blanks();
    if (is_at(']')) return close();
    for (;;) {
      if (!value()) return false;
      skip_blanks();
      if (is_at(']')) return close();
      if (!is_at(',')) return wrong("Expecting ',' delimiter", at_);
      ++at_;
      skip_blanks();
    }
  }

  bool text_of_value() {
    const auto begin = at_;
    is_text_ = true;
    const bool is_read = value();
    is_text_ = false;
    return is_read && give(std::string{text_.substr(begin, at_ - begin)});
  }

  bool number() {
    const auto begin = at_;
    const auto digits = [this] {
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    };
    bool is_whole = true;
    if (is_at('-')) ++at_;
    if (at_ == text_.size() || !is_digit(text_[at_])) return wrong("Expecting value", begin);
    if (is_at('0')) {
      ++at_;
    } else {
      digits();
    }
    if (is_at('.') && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) {
      is_whole = false;
      ++at_;
      digits();
    }
    if (is_at('e') || is_at('E')) {
      const auto exponent = at_++;
      if (is_at('-') || is_at('+')) ++at_;
      const auto first = at_;
      digits();
      if (at_ == first) {
        at_ = exponent;
      } else {
        is_whole = false;
      }
    }
    const auto text = text_.substr(begin, at_ - begin);
    return is_whole ? whole(text) : give(fraction(text));
  }

  bool whole(std::string_view text) {
    const auto* end = text.data() + text.size();
    std::int64_t number = 0;
    if (std::from_chars(text.data(), end, number).ec == std::errc{}) return give(number);
    std::uint64_t large = 0;
    if (text.front() != '-' && std::from_chars(text.data(), end, large).ec == std::errc{})
      return give(large);
    return note_unfit("an integer of more than 64 bits: " + printable(text, 60));
  }

  static double fraction(std::string_view text) {
    double number = 0;
    const auto* end = text.data() + text.size();
    if (std::from_chars(text.data(), end, number).ec == std::errc{}) return number;
    return std::strtod(std::string{text}.c_str(), nullptr);  // infinite, or nothing
  }

  // From one quote to the other.
  bool string(std::string& made) {
    const auto begin = at_++;
    for (;;) {
      const auto plain = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\') {
        if (static_cast<unsigned char>(text_[at_]) < 0x20)
          return wrong("Invalid control character at", at_);
        ++at_;
      }
      made += text_.substr(plain, at_ - plain);
      if (at_ == text_.size()) return wrong("Unterminated string starting at", begin);
      if (text_[at_++] == '"') return true;
      if (at_ == text_.size()) return wrong("Unterminated string starting at", begin);
      if (text_[at_] == 'u' ? !code_unit(made) : !escape(made)) return false;
    }
  }

  // Behind the backslash.
  bool escape(std::string& made) {
    constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    const auto known = kLetters.find(text_[at_]);
    if (known == std::string_view::npos) return wrong("Invalid \\escape", at_ - 1);
    made += kMeanings[known];
    ++at_;
    return true;
  }

  // Four hexadecimal digits from `begin` on; nothing where they are not there.
  [[nodiscard]] std::optional<std::uint32_t> hexadecimal(std::size_t begin) const {
    std::uint32_t unit = 0;
    const auto digits = text_.substr(begin, 4);
    const auto* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, unit, 16);
    if (error != std::errc{} || stop != end || digits.size() < 4) return std::nullopt;
    return unit;
  }

  // At the "u". As in the C scanner, a text that ends right behind the digits is too short, and so
  // is one for the second half of a pair.
  bool code_unit(std::string& made) {
    constexpr std::string_view kFault = "Invalid \\uXXXX escape";
    const auto unit = hexadecimal(at_ + 1);
    if (!unit || points_from(at_ + 1, 5) < 5) return wrong(kFault, at_);
    at_ += 5;
    if (is_high_surrogate(*unit) && text_.substr(at_, 2) == "\\u" && points_from(at_, 7) == 7) {
      const auto low = hexadecimal(at_ + 2);
      if (!low) return wrong(kFault, at_ + 1);
      if (is_low_surrogate(*low)) {
        at_ += 6;
        append_utf8(made, 0x10000 + ((*unit - 0xD800) << 10 | (*low - 0xDC00)));
        return true;
      }
    }
    if (is_high_surrogate(*unit) || is_low_surrogate(*unit))
      return note_unfit(fmt::format("half of a surrogate pair: \\u{:04x}", *unit));
    append_utf8(made, *unit);
    return true;
  }

  // How many code points there are from a place on, up to `most`.
  [[nodiscard]] std::size_t points_from(std::size_t begin, std::size_t most) const {
    std::size_t points = 0;
    while (points < most && begin < text_.size()) {
      begin += std::max<std::size_t>(utf8_length(text_.substr(begin)), 1);
      ++points;
    }
    return points;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  const std::vector<std::string>& as_text_;
  JsonBuilder builder_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool is_text_ = false;  // what is read stays a text
  std::string_view fault_;
  std::size_t place_ = 0;
  std::string reason_, unfit_;
};

PythonJsonError unreadable(std::string reason) { return {.text = {}, .reason = std::move(reason)}; }

PythonJsonError error_at(std::string_view fault, std::string_view text, std::size_t place) {
  const auto before = text.substr(0, place);
  const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line
  return {.text = std::string{fault},
          .document = std::string{text},
          .position = code_points(before),
          .line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')),
          .column = 1 + code_points(before.substr(line_start))};
}

}  // namespace

Result<std::string> python_json_text(std::string bytes) {
  const auto encoding = encoding_of(bytes);
  const Error none{Code::DataInvalid, "JSON: not UTF-8, UTF-16 or UTF-32"};
  if (encoding.unit == 1) {
    if (!is_utf8(bytes)) return none;
    bytes.erase(0, encoding.mark);
    return bytes;
  }
  auto text = decoded(std::string_view{bytes}.substr(encoding.mark), encoding);
  if (!text) return none;
  return *std::move(text);
}

Result<Json, PythonJsonError> parse_python_json(std::string_view bytes, const JsonLimits& limits,
                                                const std::vector<std::string>& as_text) {
  if (bytes.size() > limits.max_bytes)
    return unreadable(fmt::format("{} bytes are more than the limit of {} bytes", bytes.size(),
                                  limits.max_bytes));
  std::string own;
  const auto encoding = encoding_of(bytes);
  auto text = bytes.substr(encoding.unit == 1 ? encoding.mark : 0);
  if (encoding.unit > 1 || !is_utf8(text)) {
    auto decoded_text = python_json_text(std::string{bytes});
    if (!decoded_text.ok()) return unreadable(decoded_text.error().message);
    own = *std::move(decoded_text);
    text = own;
  }
  Scanner scanner{text, limits, as_text};
  if (scanner.document()) return scanner.take();
  if (scanner.fault().empty()) return unreadable(scanner.reason());
  return error_at(scanner.fault(), text, scanner.place());
}

}  // namespace millrace
