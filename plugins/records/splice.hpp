#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace millrace::records {

/// Copies a text with some of its parts replaced. Parts are views into the text, given from front
/// to back.
class Splice {
 public:
  explicit Splice(std::string_view text) : text_{text} {}

  void replace(std::string_view part, std::string_view with) {
    const auto begin = static_cast<std::size_t>(part.data() - text_.data());
    out_.append(text_.substr(done_, begin - done_));
    out_.append(with);
    done_ = begin + part.size();
  }

  [[nodiscard]] std::string finish() {
    out_.append(text_.substr(done_));
    return std::move(out_);
  }

 private:
  std::string_view text_;
  std::string out_;
  std::size_t done_ = 0;
};

}  // namespace millrace::records
