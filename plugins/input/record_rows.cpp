#include "plugins/input/record_rows.hpp"

#include "plugins/records/columns.hpp"
#include "plugins/records/identity.hpp"

namespace millrace::records {

RecordRows::RecordRows(std::string_view file, std::string_view node)
    : file_name_{file}, node_{node} {}

void RecordRows::append(const Record& record, std::int64_t line) {
  identity_text_.clear();
  append_identity(identity_text_, record.url, node_, line);
  root_.append(line);
  url_.append(record.url);
  type_.append(record.type);
  if (record.label.empty()) {
    label_.append_null();
  } else {
    label_.append(record.label);
  }
  record_.append(record.line);
  identity_.append(std::string_view{identity_text_});
  file_.append(std::string_view{file_name_});
  line_.append(line);
  ops_.append_null();
}

Batch RecordRows::batch() && {
  return Batch{}
      .with(kRootColumn, std::move(root_))
      .with(kUrl, std::move(url_))
      .with(kRecordType, std::move(type_))
      .with(kLabel, std::move(label_))
      .with(kRecord, std::move(record_))
      .with(kIdentity, std::move(identity_))
      .with(kFile, std::move(file_))
      .with(kLine, std::move(line_))
      .with(kOps, std::move(ops_));
}

Failure told(const Failure& failure, std::string_view what, std::string_view address) {
  const std::string_view why{failure.what()};
  std::string text{what};
  if (why.find(address) == std::string_view::npos) text.append(" ").append(address);
  return {failure.code(), text.append(": ").append(why)};
}

}  // namespace millrace::records
