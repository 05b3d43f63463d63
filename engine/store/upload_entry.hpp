#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/disk.hpp"
#include "engine/base/sha1.hpp"
#include "engine/store/blobs.hpp"

namespace millrace::detail {

/// One upload, as Uploads keeps it in memory. What may change belongs to who is busy with the
/// upload or has claimed it, but for the last group, which the mutex of Uploads guards.
struct UploadEntry {
  // As it was made.
  std::string id, owner, note;
  std::uint64_t length_bytes = 0;

  // Written to the file beside the bytes.
  std::string sha256;                          // of the whole, once it is known
  std::optional<std::uint64_t> unproved_from;  // bytes from here on wait for their checksum

  // Found out again after a restart.
  std::uint64_t offset_bytes = 0;  // as long as the file is
  Sha256 digest;                   // of the first `digested_bytes`
  std::uint64_t digested_bytes = 0;
  std::optional<BlobPin> pin;  // the bytes have become the content `sha256`

  // Guarded by the mutex.
  std::uint64_t turn = 0;  // who came last; writers of an earlier turn are over
  bool is_busy = false, is_claimed = false, is_gone = false;
};

/// The names of an upload's files on the disk: its bytes, and what is known of it.
std::string upload_bytes_name(const std::string& id);
std::string upload_state_name(const std::string& id);
inline constexpr std::string_view kUploadFolder = ".blobs/.uploads";  // no name of a zone

/// Writes what is known of an upload, durably and in one step.
Result<void> save_upload(Disk& disk, const UploadEntry& entry);
/// Reads it again; DataInvalid for a file that is none of ours.
Result<void> load_upload(Disk& disk, UploadEntry& entry);

}  // namespace millrace::detail
