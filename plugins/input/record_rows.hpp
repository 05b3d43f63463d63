#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>

#include "plugins/records/record.hpp"

namespace millrace::records {

/// Builds a batch of the row contract (plugins/records/columns.hpp) from the records of one list.
/// [one thread at a time]
class RecordRows {
 public:
  /// `file` is the address of the list, `node` the name of the input.
  RecordRows(std::string_view file, std::string_view node);
  void append(const Record& record, std::int64_t line);
  [[nodiscard]] std::int64_t size() const { return root_.size(); }
  [[nodiscard]] Batch batch() &&;

 private:
  std::string file_name_, node_, identity_text_;
  Builder<std::int64_t> root_, line_;
  Builder<std::string_view> url_, type_, label_, record_, identity_, file_, ops_;
};

/// Says what was tried with an address, which stands in the message once.
Failure told(const Failure& failure, std::string_view what, std::string_view address);

}  // namespace millrace::records
