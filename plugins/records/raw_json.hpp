#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Walks JSON text without building anything, so that what is not touched keeps its bytes. Meant
/// for text that RecordReader has accepted; on other text it stops early and never reads outside.
/// [any thread]
namespace millrace::records::raw {

/// Returns the place of the first byte from `at` that is not JSON white space, or the size of the
/// text.
std::size_t skip_blanks(std::string_view text, std::size_t at);

/// Returns the place just behind the value that begins at `at` (no blanks before it).
std::size_t skip_value(std::string_view text, std::size_t at);

/// Returns the text without the blanks around it.
std::string_view trim(std::string_view text);

/// Returns the text of a quoted JSON string. `scratch` holds it when it has escapes; else it is a
/// view into `quoted`. A lone surrogate becomes U+FFFD.
std::string_view unquote(std::string_view quoted, std::string& scratch);

/// Appends `text` as a quoted JSON string, escaping only what JSON demands.
void append_quoted(std::string& out, std::string_view text);

/// Tells what kind of value begins with this text: `{`, `[`, `"`, `0` for any number, `t`, `f`,
/// `n`, or NUL for none.
char kind(std::string_view value);

/// Goes through the members of an object or the elements of an array. `next` returns false at the
/// end.
///   for (Members member{object}; member.next();) use(member.key(), member.value());
class Members {
 public:
  explicit Members(std::string_view object);
  bool next();
  /// The quoted key.
  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] std::string_view value() const { return value_; }
  /// Compares the key with a plain word, escapes and all.
  [[nodiscard]] bool key_is(std::string_view word) const;

 private:
  std::string_view text_, key_, value_;
  std::size_t at_ = 0;
};

class Elements {
 public:
  explicit Elements(std::string_view array);
  bool next();
  [[nodiscard]] std::string_view value() const { return value_; }

 private:
  std::string_view text_, value_;
  std::size_t at_ = 0;
};

/// Returns the value of the last member of that name, or empty text.
std::string_view find_member(std::string_view object, std::string_view key);

}  // namespace millrace::records::raw
