#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>

namespace millrace::api {

/// Writes rows of the catalog as JSON objects, straight from the columns: documents that the
/// catalog keeps as JSON text go into the answer as they are, unparsed. [one thread]
class RowText {
 public:
  /// How a column is shown. After: with the columns whose names go on with "_delay_s" and "_when",
  /// as {"job": number, "delay_s": seconds, "when": word}; null where it is null.
  enum class As { Number, Text, MaybeText, Time, Document, After };
  struct Member {
    std::string_view name;    // in the answer
    std::string_view column;  // in the rows
    As as;                    // MaybeText: empty is null
  };

  /// `members` outlives the object.
  RowText(const Batch& rows, const std::vector<Member>& members);

  void append(std::string& out, std::int64_t row) const;

 private:
  struct Bound {
    const Member* member;
    Column<std::string_view> text;  // of After: when
    Column<std::int64_t> number, delay_s;
  };
  std::vector<Bound> columns_;
};

}  // namespace millrace::api
