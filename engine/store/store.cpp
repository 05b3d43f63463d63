#include "engine/store/store.hpp"

#include <algorithm>
#include <mutex>

#include "engine/base/utf8.hpp"
#include "engine/store/blobs.hpp"
#include "engine/store/fetch.hpp"
#include "engine/store/grants.hpp"
#include "engine/store/object_folder.hpp"
#include "engine/store/stage_register.hpp"
#include "engine/store/work_folder.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

using detail::ObjectFolder;

bool is_http(const Uri& uri) {
  return uri.scheme == Uri::Scheme::Http || uri.scheme == Uri::Scheme::Https;
}

bool is_blob(const Uri& uri) { return uri.scheme == Uri::Scheme::Blob; }

bool is_work(const Uri& uri) { return uri.scheme == Uri::Scheme::Work; }

Error only_in_a_job(const Uri& uri) {
  return {Code::PermissionDenied,
          "address: scratch belongs to the job that asks, and nobody else: " + printable(uri.text)};
}

Error only_readable(const Uri& uri) {
  return {Code::InvalidArgument,
          "address: http and https addresses can only be read: " + printable(uri.text),
          "uri_scheme"};
}

Error never_changed(const Uri& uri) {
  return {
      Code::InvalidArgument,
      "address: a content is never changed; stage \"blob:\" for a new one: " + printable(uri.text),
      "uri_scheme"};
}

Uri new_content() {
  Uri uri;
  uri.scheme = Uri::Scheme::Blob;
  uri.text = "blob:";
  return uri;
}

Result<Uri> check_blob(Uri uri, const StoreRights& rights) {
  if (!rights.blobs) {
    return Error{Code::PermissionDenied,
                 "address: blob addresses are not open here: " + printable(uri.text)};
  }
  uri.is_open = true;
  return uri;
}

// Returns the path with its symbolic links resolved as far as it exists, or "" where that fails.
std::string resolved(const std::filesystem::path& path) {
  std::error_code fault;
  auto real = std::filesystem::weakly_canonical(path, fault).string();
  if (fault) return {};
  while (real.size() > 1 && real.back() == '/') real.pop_back();
  return real;
}

bool is_below(std::string_view path, std::string_view root) {
  if (root == "/") return true;
  return path.substr(0, root.size()) == root &&
         (path.size() == root.size() || path[root.size()] == '/');
}

Result<Uri> check_file(Uri uri, const StoreRights& rights) {
  if (rights.objects_only) {
    return Error{Code::InvalidArgument,
                 "address: a qiniu: address is required here: " + printable(uri.text),
                 "uri_scheme"};
  }
  if (!rights.grants.empty()) {
    return Error{Code::PermissionDenied,
                 "address: a key with grants opens objects only, no files: " + printable(uri.text),
                 "grants"};
  }
  uri.path = resolved(uri.path);
  if (uri.path.empty()) {
    return Error{Code::InvalidArgument, "address: cannot be resolved: " + printable(uri.text),
                 "uri_key"};
  }
  if (rights.any_file) {
    uri.root = "/";
    return uri;
  }
  for (const auto& folder : rights.roots) {
    auto root = resolved(folder);
    if (!root.empty() && is_below(uri.path, root)) {
      uri.root = std::move(root);
      return uri;
    }
  }
  return Error{
      Code::PermissionDenied,
      "address: file addresses are open only below the configured folders: " + printable(uri.text),
      "resolves to " + printable(uri.path)};
}

// Returns what the addresses of all files below a located folder begin with, to which list() adds
// "/" and more.
std::string folder_address(const Uri& uri) {
  std::string address = uri.scheme == Uri::Scheme::File ? file_uri(uri.path)
                                                        : qiniu_uri(uri.zone, uri.bucket, uri.key);
  if (address.ends_with('/')) address.pop_back();  // the root of the disk, a whole bucket
  return address;
}

std::string address_below(const Uri& uri, std::string_view folder, std::string_view name) {
  std::string address{folder};
  address += '/';
  return address.append(uri.scheme == Uri::Scheme::File ? uri_path(name) : std::string{name});
}

}  // namespace

struct Store::State {
  struct Place {
    ObjectFolder* folder;
    std::string name;
    std::string_view root{};  // of a file: address, else empty
  };

  explicit State(StoreSettings given, OpenDisk open)
      : settings{std::move(given)}, open_disk{std::move(open)}, fetcher{settings.fetch} {}

  [[nodiscard]] bool has_zone(const std::string& zone) const {
    return std::find(settings.zones.begin(), settings.zones.end(), zone) != settings.zones.end();
  }

  Result<Uri> check(Uri uri, const StoreRights& rights, bool for_writing) const {
    if (for_writing && is_http(uri)) return only_readable(uri);
    if (for_writing && is_blob(uri)) return never_changed(uri);
    if (is_http(uri) || is_work(uri)) return uri;
    if (is_blob(uri)) return check_blob(std::move(uri), rights);
    if (uri.scheme == Uri::Scheme::File) return check_file(std::move(uri), rights);
    if (!has_zone(uri.zone)) return unknown_zone(uri);
    if (!detail::is_granted(rights.grants, uri.zone, uri.bucket)) {
      return Error{Code::PermissionDenied,
                   fmt::format("address: bucket {}/{} is not open to this key: {}", uri.zone,
                               uri.bucket, printable(uri.text)),
                   "grants"};
    }
    return uri;
  }

  // Finds the folder and name behind a file: or qiniu: address.
  Result<Place> locate(const Uri& uri) {
    if (is_http(uri)) return only_readable(uri);
    if (is_blob(uri)) return never_changed(uri);
    if (is_work(uri)) return only_in_a_job(uri);
    if (uri.scheme == Uri::Scheme::File) {
      if (uri.root.empty() || !is_below(uri.path, uri.root)) {
        return Error{Code::PermissionDenied,
                     "address: its rights have not been checked: " + printable(uri.text)};
      }
      MR_TRY(auto* const folder, folder_at(uri.root));
      const auto skip = uri.root == "/" ? 1 : std::min(uri.root.size() + 1, uri.path.size());
      return Place{folder, uri.path.substr(skip), uri.root};
    }
    if (!has_zone(uri.zone)) return unknown_zone(uri);
    if (!objects) {
      return Error{Code::InvalidArgument,
                   "store: no folder is configured for qiniu addresses: " + printable(uri.text)};
    }
    auto name = uri.zone + '/' + uri.bucket;
    if (!uri.key.empty()) name.append("/").append(uri.key);
    return Place{objects.get(), std::move(name)};
  }

  // The same for writing: the bucket is there or will be made.
  Result<Place> locate_for_writing(const Uri& uri) {
    MR_TRY(auto place, locate(uri));
    if (uri.scheme == Uri::Scheme::Qiniu && !settings.create_buckets && !has_bucket(uri)) {
      return no_bucket(uri);
    }
    return place;
  }

  // Finds the contents that a checked blob: address may name.
  Result<Blobs*> contents(const Uri& uri) {
    if (!uri.is_open) {
      return Error{Code::PermissionDenied,
                   "address: its rights have not been checked: " + printable(uri.text)};
    }
    if (!blobs) {
      return Error{Code::InvalidArgument,
                   "store: no folder is configured for blob addresses: " + printable(uri.text)};
    }
    return blobs.get();
  }

  // Says what was asked for where something is missing; other faults get context.
  Error explain(std::string_view what, const Uri& uri, const Error& error) {
    if (error.code != Code::NotFound) return error.within(what);
    if (uri.scheme == Uri::Scheme::Qiniu && !has_bucket(uri)) return no_bucket(uri);
    return {Code::NotFound, fmt::format("{}: nothing is there: {}", what, printable(uri.text)),
            "no_object"};
  }

  StoreSettings settings;
  OpenDisk open_disk;
  detail::Fetcher fetcher;
  std::unique_ptr<ObjectFolder> objects;          // of qiniu: addresses; null without a folder
  std::unique_ptr<Blobs> blobs;                   // on the same disk; null without a folder
  std::unique_ptr<detail::StageRegister> stages;  // on the same disk; null without a folder
  std::unique_ptr<WorkFolder> work;               // scratch of jobs; null without a folder

  std::mutex mutex;                                            // guards roots
  std::map<std::string, std::unique_ptr<ObjectFolder>> roots;  // of file: addresses; never removed

  // Removes stages and their notes; goes on behind a failure and returns the first.
  Result<std::size_t> discard(const std::vector<detail::StageRegister::Stage>& all) {
    std::size_t gone = 0;
    Result<void> first;
    for (const auto& stage : all) {
      if (auto done = discard(stage); done.ok()) {
        stages->drop(stage);
        ++gone;
      } else if (first.ok()) {
        first = std::move(done);
      }
    }
    MR_CHECK(first);
    return gone;
  }

 private:
  Result<void> discard(const detail::StageRegister::Stage& stage) {
    if (stage.name.empty()) return {};  // only its note was begun
    if (stage.root.empty()) return objects->discard(stage.name, stage.owner);
    auto folder = folder_at(stage.root);
    // Who removed the folder removed the stages in it.
    if (!folder.ok() && folder.error().code == Code::NotFound) return {};
    if (!folder.ok()) return std::move(folder).error();
    return (*folder)->discard(stage.name, stage.owner);
  }

  static Error unknown_zone(const Uri& uri) {
    return {Code::InvalidArgument, "address: unknown zone: " + printable(uri.text), "uri_zone"};
  }

  static Error no_bucket(const Uri& uri) {
    return {Code::NotFound, "store: no such bucket: " + uri.zone + '/' + uri.bucket, "no_bucket"};
  }

  bool has_bucket(const Uri& uri) {
    const auto found = objects->stat(uri.zone + '/' + uri.bucket);
    return found.ok() || found.error().code != Code::NotFound;
  }

  Result<ObjectFolder*> folder_at(const std::string& root) {
    const std::lock_guard lock{mutex};
    auto& folder = roots[root];
    if (!folder) {
      auto disk = open_disk(root, DiskOwner::Others);
      if (!disk.ok()) {
        roots.erase(root);
        return std::move(disk).error();
      }
      folder = std::make_unique<ObjectFolder>(*std::move(disk), ObjectFolder::Kind::Foreign);
    }
    return folder.get();
  }
};

Store::Store() = default;
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(StoreSettings settings, OpenDisk open_disk) {
  for (const auto& zone : settings.zones) {
    if (!is_zone_name(zone)) {
      return Error{Code::InvalidArgument,
                   "store: a zone is 1 to 32 of a-z, 0-9 and '-', not: " + printable(zone)};
    }
  }
  std::unique_ptr<Store> store{new Store};
  store->state_ = std::make_unique<State>(std::move(settings), std::move(open_disk));
  auto& state = *store->state_;
  if (!state.settings.folder.empty()) {
    auto disk = state.open_disk(state.settings.folder, DiskOwner::Program);
    if (!disk.ok()) return disk.error().within("open store");
    state.objects = std::make_unique<ObjectFolder>(*std::move(disk), ObjectFolder::Kind::Ours);
    state.blobs = std::make_unique<Blobs>(state.objects->disk());
    state.stages = std::make_unique<detail::StageRegister>(state.objects->disk(), ".stages");
  }
  if (!state.settings.work.empty()) {
    auto disk = state.open_disk(state.settings.work, DiskOwner::Program);
    if (!disk.ok()) return disk.error().within("open scratch");
    state.work = std::make_unique<WorkFolder>(*std::move(disk), state.settings.max_scratch_bytes);
  }
  return store;
}

Result<Uri> Store::check(std::string_view uri, const StoreRights& rights, bool for_writing) const {
  if (for_writing && uri == "blob:") return new_content();
  MR_TRY(auto parsed, parse_uri(uri));
  return state_->check(std::move(parsed), rights, for_writing);
}

Result<Uri> Store::check_prefix(std::string_view uri, const StoreRights& rights,
                                bool for_writing) const {
  MR_TRY(auto parsed, parse_prefix(uri));
  return state_->check(std::move(parsed), rights, for_writing);
}

Result<std::string> Store::identify(const Uri& uri) {
  if (is_http(uri)) return uri.text;
  if (is_blob(uri)) return blob_uri(uri.sha256);
  MR_TRY(const auto place, state_->locate(uri));
  auto object = place.folder->disk().identify(place.name);
  if (!object.ok()) return object.error().within("look up");
  return object;
}

Result<ObjectStat> Store::stat(const Uri& uri, const std::function<bool()>& stopping) {
  if (is_http(uri)) return state_->fetcher.stat(uri, stopping);
  if (is_blob(uri)) {
    MR_TRY(auto* const blobs, state_->contents(uri));
    MR_TRY(const auto stat, blobs->stat(uri.sha256));
    return ObjectStat{.size_bytes = stat.size_bytes, .modified_us = stat.modified_us};
  }
  MR_TRY(const auto place, state_->locate(uri));
  auto found = place.folder->stat(place.name);
  if (!found.ok()) return state_->explain("look up", uri, found.error());
  return found;
}

Result<void> Store::list(const Uri& uri, const EachListed& each) {
  MR_TRY(const auto place, state_->locate(uri));
  const std::string folder = folder_address(uri);
  const std::size_t skip = place.name.empty() ? 0 : place.name.size() + 1;
  const auto pass_over = [&](std::string_view name, std::string_view why) {
    each({.folder = folder, .name = name.substr(skip), .why = why});
  };
  const auto file = [&](std::string_view name, const ObjectStat& stat) {
    if (name.ends_with(kPartialEnding)) return;
    const auto address = address_below(uri, folder, name.substr(skip));
    if (const auto parsed = parse_uri(address); !parsed.ok())
      return pass_over(name, "no address holds its name");
    each({.folder = folder, .uri = address, .name = name.substr(skip), .stat = stat});
  };
  auto listed = place.folder->list(place.name, {.file = file, .other = pass_over});
  if (!listed.ok()) return state_->explain("list", uri, listed.error());
  return {};
}

Result<std::unique_ptr<ObjectReader>> Store::open(const Uri& uri,
                                                  const std::function<bool()>& stopping) {
  if (is_http(uri)) return state_->fetcher.open(uri, stopping);
  if (is_blob(uri)) {
    MR_TRY(auto* const blobs, state_->contents(uri));
    MR_TRY(auto content, blobs->open(uri.sha256));
    return std::move(content.reader);
  }
  MR_TRY(const auto place, state_->locate(uri));
  auto opened = place.folder->open(place.name);
  if (!opened.ok()) return state_->explain("open", uri, opened.error());
  return opened;
}

const StoreSettings& Store::settings() const { return state_->settings; }

Blobs* Store::blobs() { return state_->blobs.get(); }

WorkFolder* Store::work() { return state_->work.get(); }

Result<void> Store::put(const Uri& uri, std::string_view bytes,
                        const std::function<Result<void>()>& before_rename,
                        UnsyncedFiles* unsynced) {
  MR_TRY(const auto place, state_->locate_for_writing(uri));
  if (auto done = place.folder->put(place.name, bytes, before_rename, unsynced); !done.ok()) {
    return done.error().within("store object");
  }
  return {};
}

Result<void> Store::remove(const Uri& uri) {
  MR_TRY(const auto place, state_->locate(uri));
  if (auto done = place.folder->remove(place.name); !done.ok()) {
    return state_->explain("remove", uri, done.error());
  }
  return {};
}

Result<std::unique_ptr<StagedWriter>> Store::stage(const Uri& uri, std::string_view owner) {
  MR_TRY(const auto place, state_->locate_for_writing(uri));
  auto staged = [&]() -> Result<std::unique_ptr<StagedWriter>> {
    MR_CHECK(detail::check_owner(owner));
    if (state_->stages) MR_CHECK(state_->stages->add(owner, place.root, place.name));
    return place.folder->stage(place.name, owner);
  }();
  if (!staged.ok()) return staged.error().within("stage object");
  return staged;
}

Result<void> Store::inherit(const Uri& uri, const Inheritance& inheritance) {
  MR_TRY(const auto place, state_->locate(uri));
  auto done = [&]() -> Result<void> {
    MR_CHECK(detail::check_owner(inheritance.to));
    if (state_->stages) MR_CHECK(state_->stages->add(inheritance.to, place.root, place.name));
    return place.folder->inherit(place.name, inheritance);
  }();
  if (!done.ok()) return state_->explain("inherit stage", uri, done.error());
  return {};
}

Result<void> Store::check_publish(const Uri& uri, std::string_view owner, Publishing publishing) {
  MR_TRY(const auto place, state_->locate(uri));
  if (auto done = place.folder->check_publish(place.name, owner, publishing); !done.ok()) {
    return state_->explain("publish", uri, done.error());
  }
  return {};
}

Result<void> Store::publish(const Uri& uri, std::string_view owner, Publishing publishing) {
  MR_TRY(const auto place, state_->locate(uri));
  if (auto done = place.folder->publish(place.name, owner, publishing); !done.ok()) {
    return state_->explain("publish", uri, done.error());
  }
  if (state_->stages) state_->stages->drop(owner, place.root, place.name);
  return {};
}

Result<void> Store::discard(const Uri& uri, std::string_view owner) {
  MR_TRY(const auto place, state_->locate(uri));
  if (auto done = place.folder->discard(place.name, owner); !done.ok()) {
    return done.error().within("discard object");
  }
  if (state_->stages) state_->stages->drop(owner, place.root, place.name);
  return {};
}

Result<void> Store::discard_stages(JobId job, std::int64_t before_token) {
  if (!state_->stages) return {};
  MR_TRY(const auto found, state_->stages->find([&](std::string_view owner) -> Result<bool> {
    return detail::job_of_owner(owner) == job && detail::token_of_owner(owner) < before_token;
  }));
  auto done = state_->discard(found);
  if (!done.ok()) return done.error().within("discard stages");
  return {};
}

Result<std::size_t> Store::sweep_stages(const std::function<Result<bool>(JobId)>& is_alive) {
  if (!state_->stages) return std::size_t{0};
  std::map<JobId, bool> known;
  MR_TRY(const auto found, state_->stages->find([&](std::string_view owner) -> Result<bool> {
    const auto job = detail::job_of_owner(owner);
    if (!job) return false;
    const auto asked = known.find(job);
    if (asked != known.end()) return !asked->second;
    MR_TRY(const bool is_one, is_alive(job));
    known.emplace(job, is_one);
    return !is_one;
  }));
  auto done = [&]() -> Result<std::size_t> {
    MR_TRY(auto gone, state_->discard(found));
    MR_CHECK(state_->stages->find_dead([&](const auto& dead) -> Result<void> {
      MR_TRY(const auto more, state_->discard(dead));
      gone += more;
      return {};
    }));
    return gone;
  }();
  if (!done.ok()) return done.error().within("sweep stages");
  return done;
}

}  // namespace millrace
