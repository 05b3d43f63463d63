#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/disk.hpp"
#include "engine/base/result.hpp"
#include "engine/base/sha1.hpp"
#include "engine/plugin/services.hpp"

namespace millrace {

namespace detail {
class BlobClaims;
class PutStaging;
}  // namespace detail

class Blobs;
class Uploads;

/// Tells whether `text` is the name of a content: 64 hexadecimal digits in lower case.
bool is_blob_name(std::string_view text);

/// Returns the address of a content, "blob:<64 hexadecimal digits>", without checking it.
std::string blob_uri(std::string_view sha256);

/// What a content is called, and its size.
struct BlobName {
  std::string sha256;  // 64 hexadecimal digits in lower case
  std::uint64_t size_bytes = 0;
};

/// Keeps a content from being removed while it lives: from before it is looked for until what
/// refers to it is committed. [any thread, one at a time]
class BlobPin {
 public:
  BlobPin() = default;
  BlobPin(BlobPin&& other) noexcept = default;
  BlobPin& operator=(BlobPin&& other) noexcept;
  ~BlobPin() { release(); }

  void release();

 private:
  friend class Blobs;
  BlobPin(std::shared_ptr<detail::BlobClaims> claims, std::string sha256);

  std::shared_ptr<detail::BlobClaims>
      claims_;  // shared with the blobs and the other pins; null: holds nothing
  std::string sha256_;
};

/// Takes the bytes of one content. What was not published when it goes away leaves nothing. The
/// store outlives it. [one thread at a time; blocks]
class BlobWriter {
 public:
  ~BlobWriter();
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;

  /// Writes all of `bytes`, or nothing. A full disk is Exhausted.
  Result<void> write(std::string_view bytes);
  /// Says that all bytes have come, and returns what they are called; the bytes are on stable
  /// storage.
  Result<BlobName> finish();
  /// Moves the finished bytes to their place, durably, or drops them when the same content is
  /// there. The pin was taken before that was looked up: hold it until the row that names the
  /// content is committed.
  Result<BlobPin> publish();

 private:
  friend class Blobs;
  BlobWriter(Blobs& blobs, std::string staged, std::unique_ptr<WritableFile> file);

  Blobs& blobs_;
  std::string staged_;  // name on the disk; empty: published
  std::unique_ptr<WritableFile> file_;
  Sha256 digest_;
  BlobName name_;  // after finish()
};

/// Files by their content: the same bytes lie on the disk once, whoever brings them. They lie in a
/// folder of the store that is the name of no zone. [any thread; blocks]
///
/// Pins and removals see to it that no content goes that a row refers to, or is about to in this
/// process. Of another process at the same folder that holds for what it notes in the catalog
/// before it publishes, as jobs do.
class Blobs {
 public:
  /// Sweeps what killed processes left unfinished, and brings back what they had put aside. The
  /// disk outlives it.
  explicit Blobs(Disk& disk);
  ~Blobs();
  Blobs(const Blobs&) = delete;
  Blobs& operator=(const Blobs&) = delete;

  Result<std::unique_ptr<BlobWriter>> stage();

  struct Stat {
    std::uint64_t size_bytes = 0;
    std::int64_t modified_us = 0;
  };
  // Names that are no 64 lower-case hexadecimal digits are InvalidArgument, contents that are not
  // there NotFound.
  Result<Stat> stat(std::string_view sha256);

  struct Content {
    std::unique_ptr<ObjectReader> reader;
    Stat stat;
  };
  Result<Content> open(std::string_view sha256);
  /// Reads all bytes; DataInvalid when they are not those that the name says.
  Result<void> verify(std::string_view sha256);
  /// Calls `each` for every content, sorted by name.
  Result<void> list(const std::function<void(const BlobName&)>& each);

  /// Files that are still coming, and become contents when they are whole.
  Uploads& uploads() { return *uploads_; }

  /// Waits while the content is being removed. It need not be there.
  Result<BlobPin> pin(std::string_view sha256);
  /// Removes a content unless it is pinned or `is_referred` says that a row names it; returns
  /// whether it is gone. Nobody gets a pin on it between the question and the end, so `is_referred`
  /// must not ask for one. It is asked again when the content has been put aside, from where it
  /// comes back when another process refers to it now, or this one dies.
  Result<bool> remove_unless(std::string_view sha256,
                             const std::function<Result<bool>()>& is_referred);

 private:
  friend class BlobWriter;
  friend class UploadClaim;
  /// Moves a finished file to the place of its content, or removes it where that is there.
  Result<BlobPin> adopt(const std::string& file, const BlobName& name);
  /// Brings back what a process was removing that died.
  void restore_aside();

  Disk& disk_;
  std::unique_ptr<detail::PutStaging> staging_;
  std::shared_ptr<detail::BlobClaims> claims_;  // shared with the pins, which may live longer
  std::unique_ptr<Uploads> uploads_;            // the last, since it looks at the others
};

}  // namespace millrace
