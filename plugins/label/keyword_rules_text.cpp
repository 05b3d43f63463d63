// Reads a rule set as JSON text that comes in pieces, by nlohmann's event interface, which keeps
// nothing but the current text.
#include <array>
#include <istream>
#include <streambuf>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "plugins/label/keyword_rules.hpp"

namespace millrace::label {
namespace {

using ReadSome = std::function<std::size_t(std::span<char>)>;

// The pieces as a stream of bytes, up to the limit.
class Pieces final : public std::streambuf {
 public:
  Pieces(const ReadSome& read, std::uint64_t max_bytes) : read_{read}, max_bytes_{max_bytes} {}

 protected:
  int_type underflow() override {
    const auto size = read_(buffer_);
    total_ += size;
    if (total_ > max_bytes_) {
      throw Failure{MR_EXHAUSTED, "keyword rules: the file has more than the " +
                                      std::to_string(max_bytes_) + " bytes that are allowed"};
    }
    setg(buffer_.data(), buffer_.data(), buffer_.data() + size);
    return size == 0 ? traits_type::eof() : traits_type::to_int_type(buffer_[0]);
  }

 private:
  const ReadSome& read_;
  const std::uint64_t max_bytes_;
  std::array<char, 64 * 1024> buffer_;
  std::uint64_t total_ = 0;
};

// Takes the events of a parser. The names of its functions are the library's.
class Events {
 public:
  explicit Events(KeywordRulesBuilder& builder) : builder_{builder} {}

  bool null() { return other(); }
  bool boolean(bool) { return other(); }
  bool number_integer(std::int64_t) { return other(); }
  bool number_unsigned(std::uint64_t) { return other(); }
  bool number_float(double, const std::string&) { return other(); }
  bool binary(nlohmann::json::binary_t&) { return other(); }

  bool string(const std::string& text) {
    if (place_ == Place::Types) {
      builder_.listed_type(text);
    } else if (place_ == Place::Rule && values_ == 0) {
      builder_.keyword(text);
      ++values_;
    } else if (place_ == Place::Rule && values_ == 1) {
      builder_.type(text);
      ++values_;
    } else {
      return other();
    }
    return true;
  }
  bool start_object(std::size_t) {
    if (place_ != Place::Outside) return other();
    place_ = Place::Labels;
    return true;
  }
  bool key(const std::string& label) {
    builder_.begin_label(label);
    return true;
  }
  bool end_object() {
    place_ = Place::Outside;
    return true;
  }
  bool start_array(std::size_t) {
    switch (place_) {
      case Place::Labels:
        place_ = Place::Rules;
        return true;
      case Place::Rules:
        builder_.begin_rule();
        place_ = Place::Rule;
        values_ = 0;
        return true;
      case Place::Rule:
        if (values_ != 1) return other();
        place_ = Place::Types;
        return true;
      case Place::Outside:
      case Place::Types:
        break;
    }
    return other();
  }
  bool end_array() {
    switch (place_) {
      case Place::Types:
        place_ = Place::Rule;
        ++values_;
        break;
      case Place::Rule:
        if (values_ != 2) builder_.refuse(KeywordRulesBuilder::kNoPair);
        builder_.end_rule();
        place_ = Place::Rules;
        break;
      default:
        place_ = Place::Labels;
    }
    return true;
  }
  bool parse_error(std::size_t byte, const std::string&, const nlohmann::json::exception& error) {
    std::string_view why = error.what();  // "[json.exception.parse_error.101] parse error at ..."
    if (const auto end = why.find("] "); end != why.npos) why.remove_prefix(end + 2);
    throw Failure{MR_INVALID_ARGUMENT, "keyword rules: no JSON at byte " + std::to_string(byte) +
                                           ": " + std::string{why}};
  }

 private:
  enum class Place { Outside, Labels, Rules, Rule, Types };

  // Refuses a value that does not belong where it stands.
  bool other() {
    switch (place_) {
      case Place::Outside:
        builder_.refuse(KeywordRulesBuilder::kNoRules);
      case Place::Labels:
        builder_.refuse(KeywordRulesBuilder::kNoList);
      case Place::Rules:
        builder_.begin_rule();
        builder_.refuse(KeywordRulesBuilder::kNoPair);
      case Place::Rule:
        builder_.refuse(values_ == 0   ? KeywordRulesBuilder::kNoKeyword
                        : values_ == 1 ? KeywordRulesBuilder::kNoType
                                       : KeywordRulesBuilder::kNoPair);
      case Place::Types:
        builder_.refuse(KeywordRulesBuilder::kNoType);
    }
    return false;
  }

  KeywordRulesBuilder& builder_;
  Place place_ = Place::Outside;
  int values_ = 0;  // of the current rule so far
};

}  // namespace

KeywordRules read_keyword_rules(const ReadSome& read, const KeywordLimits& limits) {
  KeywordRulesBuilder builder{limits};
  Pieces pieces{read, limits.max_file_bytes};
  std::istream stream{&pieces};
  Events events{builder};
  nlohmann::json::sax_parse(stream, &events);
  return builder.take();
}

}  // namespace millrace::label
