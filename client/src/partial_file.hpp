#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

struct stat;

namespace millrace::client::detail {

/// The bytes of a download that has not ended: `<stem>.part` in the target's folder, and beside it
/// `<stem>.part.tag` with the address and the strong ETag of the file that they are the beginning
/// of. Held by one process at a time. Whatever fails is a FileError. [one thread]
class PartialFile {
 public:
  /// Opens or makes the file, which must be a plain file of this user; links are not followed.
  PartialFile(const std::filesystem::path& folder, const std::string& stem);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Returns the ETag of the file at `address` of which this is the beginning, "" when it is not.
  [[nodiscard]] std::string tag(const std::string& address) const;

  /// Empties it for the bytes of the file with this ETag; "" or a weak one: they cannot be
  /// continued.
  void begin(const std::string& address, std::string_view tag);
  void append(std::string_view bytes);
  /// Puts the whole file in its place in one step, after its bytes have reached the disk.
  void publish(const std::filesystem::path& target);
  /// Removes what cannot be continued.
  void discard();

 private:
  [[nodiscard]] bool has_its_name(const struct stat& status) const;
  [[noreturn]] void fail(const std::string& what, int error_number) const;

  std::filesystem::path part_, tag_file_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace millrace::client::detail
