#include "engine/plugin/parameter_pattern.hpp"

#include <re2/re2.h>

namespace millrace {

struct ParameterPattern::Compiled {
  re2::RE2 expression;
};

namespace {

re2::RE2::Options quiet_options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  return options;
}

re2::StringPiece piece(std::string_view text) { return re2::StringPiece{text.data(), text.size()}; }

}  // namespace

ParameterPattern::ParameterPattern(std::string_view text)
    : text_{text}, compiled_{new Compiled{re2::RE2{piece(text), quiet_options()}}} {}

ParameterPattern::~ParameterPattern() = default;

Result<std::shared_ptr<const ParameterPattern>> ParameterPattern::compile(std::string_view text) {
  std::shared_ptr<const ParameterPattern> pattern{new ParameterPattern{text}};
  if (!pattern->compiled_->expression.ok()) {
    return Error{Code::DataInvalid, "bad pattern: " + pattern->compiled_->expression.error() +
                                        ": " + std::string{text}};
  }
  return pattern;
}

bool ParameterPattern::matches(std::string_view value) const {
  return re2::RE2::PartialMatch(piece(value), compiled_->expression);
}

}  // namespace millrace
