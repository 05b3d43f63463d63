#include "plugins/records/record_edit.hpp"

#include <algorithm>
#include <array>

#include "plugins/records/raw_json.hpp"
#include "plugins/records/splice.hpp"

namespace millrace::records {

namespace {

struct Change {
  std::string_view key;
  std::optional<std::string> value;  // raw JSON
  std::string_view old{};            // the value it replaces, in the record
};

std::optional<std::string> quoted(const std::optional<std::string_view>& text) {
  if (!text) return std::nullopt;
  std::string out;
  raw::append_quoted(out, *text);
  return out;
}

}  // namespace

std::string edit_record(std::string_view record, const RecordEdit& edit) {
  std::array<Change, 4> changes{
      Change{"url", quoted(edit.url)}, Change{"source_url", quoted(edit.source_url)},
      Change{"ops", quoted(edit.ops)},
      Change{"label", edit.label ? std::optional{std::string{*edit.label}} : std::nullopt}};
  std::string_view last;
  for (raw::Members member{record}; member.next();) {
    last = member.value();
    for (auto& change : changes) {
      if (member.key_is(change.key)) change.old = last;
    }
  }
  std::string added;
  for (const auto& change : changes) {
    if (!change.value || !change.old.empty()) continue;
    if (!last.empty() || !added.empty()) added += ',';
    raw::append_quoted(added, change.key);
    added += ':';
    added += *change.value;
  }
  const auto in_order = [](const Change& a, const Change& b) {
    return a.old.data() < b.old.data();
  };
  std::sort(changes.begin(), changes.end(), in_order);
  Splice splice{record};
  for (const auto& change : changes) {
    if (change.value && !change.old.empty()) splice.replace(change.old, *change.value);
  }
  if (!added.empty()) {
    const std::size_t end =
        last.empty() ? record.find('{') + 1
                     : static_cast<std::size_t>(last.data() + last.size() - record.data());
    splice.replace(record.substr(end, 0), added);
  }
  return splice.finish();
}

}  // namespace millrace::records
