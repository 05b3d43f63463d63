#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace millrace {

/// A regular expression (RE2 syntax, which runs in linear time) that a text parameter must contain
/// a match of. [any thread]
class ParameterPattern {
 public:
  static Result<std::shared_ptr<const ParameterPattern>> compile(std::string_view text);
  ~ParameterPattern();
  ParameterPattern(const ParameterPattern&) = delete;
  ParameterPattern& operator=(const ParameterPattern&) = delete;

  [[nodiscard]] bool matches(std::string_view value) const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  explicit ParameterPattern(std::string_view text);
  struct Compiled;
  std::string text_;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace millrace
