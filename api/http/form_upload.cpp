#include "api/http/form_upload.hpp"

#include <algorithm>

#include "engine/base/ascii.hpp"
#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace::http {

namespace {

constexpr std::string_view kForm = "multipart/form-data";

bool is_form(std::string_view type) {
  if (!begins_without_case(type, kForm)) return false;
  return type.size() == kForm.size() || type[kForm.size()] == ';' || type[kForm.size()] == ' ' ||
         type[kForm.size()] == '\t';
}

Error about(Code code, std::string_view field, std::string_view what) {
  return {.code = code,
          .message = fmt::format("read form: {} (field {})", what, printable(field)),
          .field = std::string{field}};
}

}  // namespace

std::unique_ptr<FormUpload> FormUpload::accept(const Request& head, OpenFile open_file,
                                               FormLimits limits) {
  const auto type = head.headers.get("Content-Type");
  if (!is_form(type)) return nullptr;
  return std::unique_ptr<FormUpload>{new FormUpload{type, std::move(open_file), limits}};
}

FormUpload::FormUpload(std::string_view content_type, OpenFile open_file, FormLimits limits)
    : open_file_{std::move(open_file)},
      limits_{limits},
      parser_{MultipartParser::open(content_type,
                                    {.begin = [this](const PartHead& head) { return begin(head); },
                                     .data = [this](std::string_view bytes) { return data(bytes); },
                                     .end = [this] { return end(); }},
                                    // One more than may be, so that it is told in our words.
                                    {.parts = limits.fields + limits.files + 1})} {}

Result<void> FormUpload::write(std::string_view bytes) {
  if (!parser_.ok()) return parser_.error();
  return parser_->feed(bytes);
}

Result<void> FormUpload::finish() {
  if (!parser_.ok()) return parser_.error();
  return parser_->finish();
}

std::optional<std::string_view> FormUpload::field(std::string_view name) const {
  for (const auto& field : fields_)
    if (field.name == name) return field.value;
  return std::nullopt;
}

Result<void> FormUpload::begin(const PartHead& head) {
  if (head.name.empty()) return Error{Code::DataInvalid, "read form: part with an empty name"};
  is_in_file_ = head.filename.has_value();
  if (is_in_file_) {
    if (files_.size() >= limits_.files)
      return about(
          Code::InvalidArgument, head.name,
          fmt::format("more than {} file{}", limits_.files, limits_.files == 1 ? "" : "s"));
    MR_TRY(auto writer, open_file_(head, *this));
    files_.push_back({.name = head.name,
                      .filename = *head.filename,
                      .content_type = std::string{head.headers.get("Content-Type")},
                      .writer = std::move(writer)});
    return {};
  }
  if (begins_without_case(head.headers.get("Content-Type"), "multipart/"))
    return about(Code::DataInvalid, head.name,
                 "a form within the form; send each file as a part of its own");
  if (fields_.size() >= limits_.fields)
    return about(Code::Exhausted, head.name, fmt::format("more than {} fields", limits_.fields));
  fields_.push_back({.name = head.name, .value = {}});
  kept_bytes_ += head.name.size();
  return {};
}

Result<void> FormUpload::data(std::string_view bytes) {
  if (is_in_file_) {
    auto& file = files_.back();
    file.size_bytes += bytes.size();
    return file.writer->write(bytes);
  }
  auto& field = fields_.back();
  if (field.value.size() + bytes.size() > limits_.field_bytes)
    return about(Code::Exhausted, field.name,
                 fmt::format("value above {} bytes", limits_.field_bytes));
  kept_bytes_ += bytes.size();
  if (kept_bytes_ > limits_.fields_bytes)
    return about(Code::Exhausted, field.name,
                 fmt::format("fields above {} bytes in all", limits_.fields_bytes));
  field.value += bytes;
  return {};
}

Result<void> FormUpload::end() {
  return is_in_file_ ? files_.back().writer->finish() : Result<void>{};
}

}  // namespace millrace::http
