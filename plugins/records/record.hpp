#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::records {

/// What a line of a list may be.
struct RecordRules {
  std::size_t max_bytes = std::size_t{4} << 20;  // of one line
  int max_depth = 64;                            // levels of nesting, the record itself included
  bool accept_label_array = true;  // the later shape of labels: an array instead of an object
};

/// One record of a list. The views point into the line, or into the reader until its next call.
struct Record {
  std::string_view line;   // the record's text without blanks around it
  std::string_view url;    // unescaped, never empty
  std::string_view type;   // unescaped; "image" when absent
  std::string_view label;  // raw JSON; empty when absent
};

/// Reads list lines strictly: JSON in UTF-8, known keys of their types. Numbers are checked, never
/// converted, so that any number survives. Of keys given twice the last one counts. [one thread at
/// a time]
class RecordReader {
 public:
  explicit RecordReader(RecordRules rules = {});
  RecordReader(RecordReader&&) noexcept;
  RecordReader& operator=(RecordReader&&) noexcept;
  ~RecordReader();

  /// Bytes that must be readable behind a line given to read_padded().
  static constexpr std::size_t kPadding = 64;

  /// Reads one line (without its line feed) into `record`; returns what is wrong with it, or
  /// nothing.
  std::optional<std::string> read(std::string_view line, Record& record);
  /// The same without a copy: kPadding bytes behind the line may be read, whatever they hold.
  std::optional<std::string> read_padded(std::string_view line, Record& record);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Tells whether a record can hold the bytes as text.
bool is_utf8(std::string_view text);

/// Returns the text of a record that is nothing but an address: {"url":...,"type":"image"}.
std::string bare_record(std::string_view url);

}  // namespace millrace::records
