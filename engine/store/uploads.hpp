#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/disk.hpp"
#include "engine/base/result.hpp"
#include "engine/store/blobs.hpp"

namespace millrace {

namespace detail {
struct UploadEntry;
}

class Uploads;

/// Where an upload stands.
struct UploadStat {
  std::string id;  // 32 hexadecimal digits, all of chance
  std::uint64_t length_bytes = 0;
  std::uint64_t offset_bytes = 0;  // have come, and are on stable storage
  std::string note;                // what it was made with
  std::int64_t touched_us = 0;     // when something of it was written last
};

/// Takes the next bytes of an upload, until another request goes on with it: what is written then
/// is Conflict. What was written stays when this goes away, but for bytes that wait for their
/// checksum: these are dropped unless finish() says that they are good. [one thread at a time;
/// blocks]
class UploadWriter {
 public:
  UploadWriter(const UploadWriter&) = delete;
  UploadWriter& operator=(const UploadWriter&) = delete;

  /// Writes all of `bytes`, or nothing. More than the upload's length is Exhausted, as is a full
  /// disk.
  Result<void> write(std::string_view bytes);
  /// Returns where the upload stands, all of it on stable storage.
  Result<UploadStat> finish();
  /// Drops bytes that wait for their checksum.
  Result<void> discard();

 private:
  friend class Uploads;
  UploadWriter(Uploads& uploads, std::shared_ptr<detail::UploadEntry> entry,
               std::unique_ptr<WritableFile> file);

  Uploads& uploads_;
  std::shared_ptr<detail::UploadEntry> entry_;  // shared with Uploads
  const std::uint64_t turn_;
  std::unique_ptr<WritableFile> file_;
};

/// A whole upload that nobody else can use meanwhile. Going away gives it back, to be used another
/// time. [one thread at a time; blocks]
class UploadClaim {
 public:
  ~UploadClaim();
  UploadClaim(const UploadClaim&) = delete;
  UploadClaim& operator=(const UploadClaim&) = delete;

  [[nodiscard]] const BlobName& name() const { return name_; }
  /// What the upload was made with.
  [[nodiscard]] const std::string& note() const;
  /// Makes the bytes a content of the store, which stays for as long as the upload does.
  Result<void> publish();
  /// Ends the upload: a row refers to its content, or nobody wants its bytes.
  Result<void> use_up();

 private:
  friend class Uploads;
  UploadClaim(Uploads& uploads, std::shared_ptr<detail::UploadEntry> entry)
      : uploads_{uploads}, entry_{std::move(entry)} {}

  Uploads& uploads_;
  std::shared_ptr<detail::UploadEntry> entry_;  // shared with Uploads
  BlobName name_;
};

/// Files that come in pieces, over many connections and restarts, before they are contents. Each is
/// two files in a folder of its own: the bytes, whose length is how far the upload has come, so
/// that no second record can differ from it; and what it was made with, written when it is made,
/// when a piece with a checksum begins and ends, and when all is hashed. [any thread; blocks]
///
/// An upload is worked on by one request at a time, and who comes last goes on: a client that lost
/// its connection is not kept out by the one that the server still holds for alive.
class Uploads {
 public:
  /// Takes up what is there; what the disk does not tell now is taken up when somebody asks. Disk
  /// and blobs outlive it; writers and claims do not.
  Uploads(Disk& disk, Blobs& blobs);
  ~Uploads();
  Uploads(const Uploads&) = delete;
  Uploads& operator=(const Uploads&) = delete;

  struct New {
    std::string owner;  // others do not find it
    std::uint64_t length_bytes = 0;
    std::string note{};
    std::size_t most_open = 0;  // uploads of this owner, with this one: more are PermissionDenied
  };
  Result<UploadStat> create(const New& wanted);

  // An upload that is not there, or is somebody else's, is NotFound. Other codes than that, of a
  // disk that fails, mean that it may be there.
  /// Says where to go on; whoever was writing is over.
  Result<UploadStat> stat(std::string_view id, std::string_view owner);
  /// Goes on at `offset_bytes`; Conflict when the upload stands elsewhere, Exhausted when it lacks
  /// fewer bytes than are announced. Whoever is refused ends nobody who is writing. With
  /// `has_checksum` the bytes count once finish() is called.
  Result<std::unique_ptr<UploadWriter>> append(std::string_view id, std::string_view owner,
                                               std::uint64_t offset_bytes,
                                               bool has_checksum = false,
                                               std::uint64_t announced_bytes = 0);
  /// Takes a whole upload, and reads it where its hash is not known; Conflict when bytes are
  /// missing or somebody else has it.
  Result<std::unique_ptr<UploadClaim>> claim(std::string_view id, std::string_view owner);
  /// Removes an upload with its bytes. Returns the content that it kept from being removed, empty
  /// when there is none.
  Result<std::string> remove(std::string_view id, std::string_view owner);
  /// Removes what was last written before a time (microseconds since 1970); returns such contents.
  std::vector<std::string> remove_untouched(std::int64_t before_us);
  [[nodiscard]] std::size_t count() const;

 private:
  friend class UploadWriter;
  friend class UploadClaim;
  using Entry = detail::UploadEntry;
  using SharedEntry = std::shared_ptr<Entry>;  // shared with writers and claims

  /// The right to work on the files of one upload; waits for who has it. Null: it was refused.
  struct Leave {
    Uploads* uploads;
    void operator()(Entry* entry) const;
  };
  using Busy = std::unique_ptr<Entry, Leave>;

  Result<void> load();
  void take_up_all(const std::vector<Disk::Entry>& files);
  Result<SharedEntry> take_up(const std::string& id);
  Result<void> try_again(const std::string& id);
  Result<SharedEntry> find(std::string_view id, std::string_view owner);
  SharedEntry known(std::string_view id) const;
  /// Asked under the mutex, before whoever writes is over.
  using Check = std::function<Result<void>()>;
  Result<Busy> enter(const SharedEntry& entry, const Check& check = {});
  Result<Busy> go_on(const SharedEntry& entry, std::uint64_t turn);
  Busy make_busy(Entry& entry);
  Result<std::unique_ptr<WritableFile>> settle(Entry& entry);
  Result<void> hash(Entry& entry);
  Result<void> forget(Entry& entry);
  /// When something of an upload was written last; asks the disk alone, so anybody may.
  Result<std::int64_t> touched_us(const std::string& id);
  UploadStat describe(const Entry& entry);

  Disk& disk_;
  Blobs& blobs_;
  // Guards is_loaded_; held while the folder is read, for which the others have to wait anyway.
  std::mutex loading_;
  bool is_loaded_ = false;
  mutable std::mutex mutex_;  // guards what follows and what the entries say of it
  std::condition_variable changed_;
  std::map<std::string, SharedEntry, std::less<>> entries_;  // by id
  std::set<std::string> unread_;  // ids of those whose state could not be read, which may pass
};

}  // namespace millrace
