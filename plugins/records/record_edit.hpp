#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace::records {

/// What to change in a record's text. Members that are absent stay as they are.
struct RecordEdit {
  std::optional<std::string_view> url{};         // plain text
  std::optional<std::string_view> source_url{};  // plain text
  std::optional<std::string_view> ops{};         // plain text, e.g. "augment(flip)"
  std::optional<std::string_view> label{};       // raw JSON
};

/// Returns the record with top-level keys replaced in their place, or appended in the order of
/// RecordEdit when absent. Every other byte is kept. `record` is text that RecordReader accepted.
/// Of a key given twice the last one is replaced.
std::string edit_record(std::string_view record, const RecordEdit& edit);

}  // namespace millrace::records
