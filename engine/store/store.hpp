#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/disk.hpp"
#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/plugin/services.hpp"
#include "engine/store/inheritance.hpp"
#include "engine/store/rights.hpp"
#include "engine/store/staged_writer.hpp"
#include "engine/store/uri.hpp"

namespace millrace {

class Blobs;
class UnsyncedFiles;
class WorkFolder;

struct FetchLimits {
  bool allow_private = false;  // loopback, link-local, private addresses
  std::vector<std::string>
      allowed_hosts{};  // "host" or "host:port" that are let through all the same
  int tries = 3;        // 4xx is not tried again
  std::chrono::seconds connect{10}, total{60};
  std::uint64_t max_bytes = 64u << 20;
  int max_redirects = 5;
};

struct StoreSettings {
  std::filesystem::path folder{};  // <folder>/<zone>/<bucket>/<key>
  std::vector<std::string> zones{"z0"};
  bool create_buckets = true;
  FetchLimits fetch{};
  std::filesystem::path work{};  // scratch of jobs: <work>/job-<id>/t<token>; empty: none
  std::uint64_t max_scratch_bytes = 64ull << 30;  // that one job may keep there (--max-scratch)
  std::uint64_t max_content_bytes =
      64ull << 30;  // of contents that one attempt at a job may write (--max-contents)
};

/// Opens the folder of a disk; `open_disk` outside of tests.
using OpenDisk = std::function<Result<std::unique_ptr<Disk>>(const std::filesystem::path& folder,
                                                             DiskOwner owner)>;

/// Bytes by address: file:, qiniu:///zone/bucket/key on the embedded folder store, http(s): and
/// blob: for reading. [any thread; blocks] Nothing written is visible before it is whole.
class Store {
 public:
  /// Disks are opened through `open_disk`, so that a test can hand in others. Makes the folder;
  /// with an empty one, qiniu: addresses are InvalidArgument.
  static Result<std::unique_ptr<Store>> open(StoreSettings settings,
                                             OpenDisk open_disk = millrace::open_disk);
  ~Store();

  /// Checks syntax, zone and rights of an address of one object. Symbolic links in a file: path are
  /// resolved before it is compared with the roots; else there is no I/O. What comes back is what
  /// the functions below take: they refuse a file: or blob: address that was only parsed. Error
  /// codes: InvalidArgument with Error::message; the machine word of the fault (uri_syntax,
  /// uri_scheme, uri_zone, uri_bucket, uri_key) stands in Error::detail; PermissionDenied. For
  /// writing, "blob:" is an address too, of a content that has no name yet: it is staged with
  /// Blobs::stage(), not here.
  Result<Uri> check(std::string_view uri, const StoreRights& rights, bool for_writing) const;

  /// The same for an address that names a folder, as list() takes it.
  Result<Uri> check_prefix(std::string_view uri, const StoreRights& rights, bool for_writing) const;

  /// Returns a text that two addresses have in common if and only if they lead to one object:
  /// links, other spellings and file: addresses into the store's folder lead where they lead.
  /// Nothing needs to be there yet. Pages are told apart by their addresses.
  Result<std::string> identify(const Uri& uri);
  /// NotFound where nothing is; its Error::detail is "no_bucket" when the bucket itself does not
  /// exist. Asks http servers with HEAD; the size is 0 when they do not say.
  Result<ObjectStat> stat(const Uri& uri, const std::function<bool()>& stopping = {});
  /// Lists below a folder address, files only, recursive, sorted bytewise by address, and tells of
  /// what is passed over: links, and files that no address can name. What is staged and not yet
  /// whole is not there.
  Result<void> list(const Uri& uri, const EachListed& each);
  /// http(s): returns when all bytes have come and within FetchLimits::total; more than a MiB lies
  /// in a temporary file, not in memory. `stopping` is asked about once a second; when it says yes,
  /// the result is Cancelled.
  Result<std::unique_ptr<ObjectReader>> open(const Uri& uri,
                                             const std::function<bool()>& stopping = {});
  /// Publishes at once by rename. Cheap: neither syncs nor looks first. Durable once `unsynced` is
  /// synced; without it when the system comes to it. `before_rename` is asked right before it
  /// becomes visible, and may refuse that.
  Result<void> put(const Uri& uri, std::string_view bytes,
                   const std::function<Result<void>()>& before_rename = {},
                   UnsyncedFiles* unsynced = nullptr);
  Result<void> remove(const Uri& uri);

  /// Opens a staged object for one attempt of a job: `owner` names it ("job-12-t3": job 12, fencing
  /// token 3), so no other attempt writes to it. Lies beside its target under a name that ends in
  /// ".partial", which no address can name. Each write goes to the file at once. Truncating to more
  /// than is there is DataInvalid.
  Result<std::unique_ptr<StagedWriter>> stage(const Uri& uri, std::string_view owner);
  /// Makes the stage of a new attempt from that of an earlier one, which stays as it is: a second
  /// name for the file where its writer is dead, else a copy of what is there, on stable storage
  /// when this returns. Doing it again does no harm: what a call left that was cut short is made
  /// anew, and where the earlier stage is gone, the new one stays. NotFound: there is neither.
  Result<void> inherit(const Uri& uri, const Inheritance& inheritance);
  /// Looks whether publish() can succeed, and changes nothing: there is a stage, and it may take
  /// the name. DataInvalid: the stage of an attempt that publishes for the first time is gone;
  /// Conflict: a folder has the name; Io: it may not be written.
  Result<void> check_publish(const Uri& uri, std::string_view owner, Publishing publishing);
  /// Makes a staged object durable and visible. Publishing::Again after a failure or a crash: where
  /// the stage is gone and an object stands, it was published before.
  Result<void> publish(const Uri& uri, std::string_view owner, Publishing publishing);
  /// Removes the stage of one attempt; none is no error.
  Result<void> discard(const Uri& uri, std::string_view owner);
  /// Removes the stages of the attempts of a job before the one with a token, at all addresses:
  /// whoever asks may be stale, and must not reach a later one's. Goes on behind a failure and
  /// returns the first.
  Result<void> discard_stages(JobId job, std::int64_t before_token);
  /// The same for all jobs that are not alive, as far as `is_alive` can tell, and for what runs of
  /// dead processes have staged that were no jobs; returns how many stages are gone. For the start.
  Result<std::size_t> sweep_stages(const std::function<Result<bool>(JobId)>& is_alive);

  [[nodiscard]] const StoreSettings& settings() const;
  /// Returns the files that are kept by their content; null when the store has no folder.
  Blobs* blobs();
  /// Returns where jobs have their scratch; null when there is no folder for it. A work: address is
  /// only checked by the functions above; what it names is a matter of the job (StoreServices).
  WorkFolder* work();

 private:
  Store();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace
