#include "plugins/records/record.hpp"

#include <cstring>
#include <simdjson.h>
#include <utility>

#include "plugins/records/labels.hpp"
#include "plugins/records/raw_json.hpp"

namespace millrace::records {

namespace {

namespace ondemand = simdjson::ondemand;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

// Checks the grammar of RFC 8259, section 6, without converting: any number of digits is fine.
bool is_number(std::string_view text) {
  std::size_t at = 0;
  if (at < text.size() && text[at] == '-') ++at;
  const std::size_t whole = at;
  at = skip_digits(text, at);
  if (at == whole || (text[whole] == '0' && at > whole + 1)) return false;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = ++at;
    at = skip_digits(text, at);
    if (at == fraction) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = at;
    at = skip_digits(text, at);
    if (at == exponent) return false;
  }
  return at == text.size();
}

// Visits every token, since simdjson's on-demand reader only checks what is visited.
class Walker {
 public:
  explicit Walker(int max_depth) : max_depth_{max_depth} {}

  // `depth` is the level of the container that holds the value.
  bool value(ondemand::value& value, int depth) {
    ondemand::json_type type{};
    if (failed(value.type().get(type))) return false;
    switch (type) {
      case ondemand::json_type::object: {
        ondemand::object object;
        return !too_deep(depth) && !failed(value.get_object().get(object)) &&
               members(object, depth + 1);
      }
      case ondemand::json_type::array: {
        ondemand::array array;
        return !too_deep(depth) && !failed(value.get_array().get(array)) &&
               elements(array, depth + 1);
      }
      case ondemand::json_type::string: {
        std::string_view text;
        return !failed(value.get_string().get(text));
      }
      case ondemand::json_type::number:
        if (is_number(raw::trim(value.raw_json_token()))) return true;
        what_ = "not a JSON number";
        return false;
      case ondemand::json_type::boolean: {
        bool flag = false;
        return !failed(value.get_bool().get(flag));
      }
      case ondemand::json_type::null: {
        bool is_null = false;
        return !failed(value.is_null().get(is_null));
      }
    }
    return false;
  }

  bool failed(simdjson::error_code code) {
    if (code != simdjson::SUCCESS) what_ = simdjson::error_message(code);
    return code != simdjson::SUCCESS;
  }

  [[nodiscard]] const std::string& what() const { return what_; }

 private:
  bool too_deep(int depth) {
    if (depth < max_depth_) return false;
    what_ = "nested deeper than " + std::to_string(max_depth_) + " levels";
    return true;
  }

  bool members(ondemand::object& object, int depth) {
    for (auto member : object) {
      ondemand::field field;
      std::string_view key;
      if (failed(std::move(member).get(field)) || failed(field.unescaped_key().get(key)))
        return false;
      if (!value(field.value(), depth)) return false;
    }
    return true;
  }

  bool elements(ondemand::array& array, int depth) {
    for (auto element : array) {
      ondemand::value found;
      if (failed(std::move(element).get(found)) || !value(found, depth)) return false;
    }
    return true;
  }

  int max_depth_;
  std::string what_;
};

}  // namespace

struct RecordReader::State {
  RecordRules rules;
  ondemand::parser parser;
  std::string padded;  // holds the line of read()

  std::optional<std::string> read(std::string_view line, Record& record);
  std::optional<std::string> member(ondemand::field& field, Walker& walker, std::string_view line,
                                    Record& record);
};

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

RecordReader::RecordReader(RecordRules rules) : state_{std::make_unique<State>()} {
  state_->rules = rules;
}
RecordReader::RecordReader(RecordReader&&) noexcept = default;
RecordReader& RecordReader::operator=(RecordReader&&) noexcept = default;
RecordReader::~RecordReader() = default;

std::optional<std::string> RecordReader::read(std::string_view line, Record& record) {
  auto& padded = state_->padded;
  padded.assign(
      line.substr(0, state_->rules.max_bytes + 1));  // read_padded() refuses what is longer
  padded.append(kPadding, '\0');
  return read_padded(std::string_view{padded}.substr(0, padded.size() - kPadding), record);
}

std::optional<std::string> RecordReader::read_padded(std::string_view line, Record& record) {
  if (line.size() > state_->rules.max_bytes) {
    return "line is longer than " + std::to_string(state_->rules.max_bytes) + " bytes";
  }
  try {
    return state_->read(raw::trim(line), record);
  } catch (const simdjson::simdjson_error& error) {
    return std::string{"not JSON: "} + error.what();
  }
}

std::optional<std::string> RecordReader::State::read(std::string_view line, Record& record) {
  record = Record{line, {}, "image", {}};
  if (line.empty() || line.front() != '{') return "not a JSON object";
  Walker walker{rules.max_depth};
  ondemand::document document;
  ondemand::object object;
  if (walker.failed(
          parser.iterate(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING)
              .get(document)) ||
      walker.failed(document.get_object().get(object))) {
    return "not JSON: " + walker.what();
  }
  for (auto next : object) {
    ondemand::field field;
    if (walker.failed(std::move(next).get(field))) return "not JSON: " + walker.what();
    if (auto fault = member(field, walker, line, record)) return fault;
  }
  // The location is out of bounds when, and only when, nothing is left.
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
    return "not JSON: text behind the record";
  if (record.url.empty()) return "no url, or an empty one";
  if (record.label.empty()) return std::nullopt;
  return check_label(record.label, rules.accept_label_array);
}

std::optional<std::string> RecordReader::State::member(ondemand::field& field, Walker& walker,
                                                       std::string_view line, Record& record) {
  std::string_view key;
  if (walker.failed(field.unescaped_key().get(key))) return "not JSON: " + walker.what();
  const auto is_text = [&](std::string_view& text) {
    return field.value().get_string().get(text) == simdjson::SUCCESS;
  };
  std::string_view text;
  if (key == "url") {
    if (!is_text(record.url)) return "url is not a string";
  } else if (key == "type") {
    if (!is_text(record.type)) return "type is not a string";
  } else if (key == "source_url") {
    if (!is_text(text)) return "source_url is not a string";
  } else if (key == "ops") {
    if (!is_text(text)) return "ops is not a string";
  } else {
    const bool is_label = key == "label";
    const std::string_view token = field.value().raw_json_token();
    if (!walker.value(field.value(), 1)) return "not JSON: " + walker.what();
    if (is_label) {
      const auto begin = static_cast<std::size_t>(token.data() - line.data());
      record.label = line.substr(begin, raw::skip_value(line, begin) - begin);
    }
  }
  return std::nullopt;
}

std::string bare_record(std::string_view url) {
  std::string text = R"({"url":)";
  raw::append_quoted(text, url);
  text += R"(,"type":"image"})";
  return text;
}

}  // namespace millrace::records
