#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/body_sink.hpp"
#include "api/http/multipart.hpp"

namespace millrace::http {

/// Takes the bytes of one uploaded file. One that is destroyed drops what was not finished.
/// [threads for blocking work, one call at a time; may block]
class FileWriter {
 public:
  virtual ~FileWriter() = default;
  virtual Result<void> write(std::string_view bytes) = 0;
  virtual Result<void> finish() = 0;
};

struct FormLimits {
  std::size_t fields = 1000;            // Exhausted
  std::size_t field_bytes = 1u << 20;   // of one value; Exhausted
  std::size_t fields_bytes = 8u << 20;  // of all names and values; Exhausted
  std::size_t files = 1;                // InvalidArgument
};

struct FormField {
  std::string name, value;
};

struct FormFile {
  std::string name;      // of the field
  std::string filename;  // as the client says; empty where a browser sends a form without a choice
  std::string content_type;
  std::uint64_t size_bytes = 0;
  std::unique_ptr<FileWriter> writer;  // finished, once the form is
};

/// Takes multipart/form-data apart while it arrives: parts with a file name go to a writer each,
/// the others are kept in memory. What is malformed is DataInvalid or InvalidArgument; errors name
/// the field, in the message and in Error::field. [as BodySink; any thread once it is finished]
class FormUpload final : public BodySink {
 public:
  /// Opens the writer of a file whose head has come, behind the fields that `form` has by then.
  using OpenFile =
      std::function<Result<std::unique_ptr<FileWriter>>(const PartHead&, const FormUpload& form)>;

  /// Returns null for a body that is no multipart/form-data. A Content-Type without a boundary is
  /// an error of the first write.
  static std::unique_ptr<FormUpload> accept(const Request& head, OpenFile open_file,
                                            FormLimits limits = {});

  Result<void> write(std::string_view bytes) override;
  Result<void> finish() override;
  [[nodiscard]] std::size_t kept_bytes() const override { return kept_bytes_; }
  [[nodiscard]] FormUpload* form() override { return this; }

  // In the order of the form; complete after finish().
  [[nodiscard]] const std::vector<FormField>& fields() const { return fields_; }
  [[nodiscard]] std::vector<FormFile>& files() { return files_; }
  /// Returns the first value of a field, or nothing.
  [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const;

 private:
  FormUpload(std::string_view content_type, OpenFile open_file, FormLimits limits);

  Result<void> begin(const PartHead& head);
  Result<void> data(std::string_view bytes);
  Result<void> end();

  const OpenFile open_file_;
  const FormLimits limits_;
  std::vector<FormField> fields_;
  std::vector<FormFile> files_;
  std::size_t kept_bytes_ = 0;
  bool is_in_file_ = false;
  Result<MultipartParser> parser_;  // refers to this object
};

}  // namespace millrace::http
