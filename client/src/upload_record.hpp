#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace millrace::client::detail {

/// A file to be uploaded, as it is now.
struct LocalFile {
  std::filesystem::path path;  // absolute
  std::uint64_t size_bytes = 0;
  std::int64_t modified_ns = 0;

  /// Throws FileError when it cannot be looked up.
  static LocalFile look(const std::filesystem::path& path);
  bool operator==(const LocalFile&) const = default;
};

/// Remembers, in a folder of the user's, which upload of a server takes a file, so that the next
/// start of the program goes on with it. A file that was changed since is another. Held by one
/// process at a time; where that fails, or the folder cannot be written, nothing is remembered, and
/// an upload begins anew. [one thread]
class UploadRecord {
 public:
  /// `folder`: empty takes $XDG_STATE_HOME/millrace, else ~/.local/state/millrace.
  UploadRecord(std::filesystem::path folder, const std::string& server, const std::string& login,
               const LocalFile& file);
  ~UploadRecord();
  UploadRecord(const UploadRecord&) = delete;
  UploadRecord& operator=(const UploadRecord&) = delete;

  /// Returns the upload's id, "" when there is none.
  [[nodiscard]] const std::string& id() const { return id_; }
  void keep(const std::string& id);
  void forget();

 private:
  void read();

  const std::string key_;  // who uploads what to where
  std::filesystem::path path_;
  int descriptor_ = -1;  // locked; -1: nothing is remembered
  std::string id_;
};

/// Tells whether a text may be the id of an upload, and so a part of an address.
bool is_upload_id(const std::string& text);

}  // namespace millrace::client::detail
