#include "engine/store/uploads.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/base/random.hpp"
#include "engine/store/upload_entry.hpp"

#include <fmt/format.h>

namespace millrace {

using detail::kUploadFolder;
using detail::upload_bytes_name;
using detail::upload_state_name;

namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kReadBytes = 1u << 20;

Error no_upload() { return {Code::NotFound, "no such upload"}; }

// Says that there is nothing to be taken up, for good.
bool is_no_upload(const Error& error) {
  return error.code == Code::DataInvalid || error.code == Code::NotFound;
}

// The id of the upload whose file this is.
std::string id_in(std::string_view file) {
  const auto leaf = file.substr(kUploadFolder.size() + 1);
  return std::string{leaf.substr(0, leaf.find('.'))};
}

Error taken() { return {Code::Conflict, "the upload is being used by another request"}; }

}  // namespace

// --- writing ---

UploadWriter::UploadWriter(Uploads& uploads, std::shared_ptr<detail::UploadEntry> entry,
                           std::unique_ptr<WritableFile> file)
    : uploads_{uploads}, entry_{std::move(entry)}, turn_{entry_->turn}, file_{std::move(file)} {}

Result<void> UploadWriter::write(std::string_view bytes) {
  MR_TRY(const auto busy, uploads_.go_on(entry_, turn_));
  auto& entry = *entry_;
  if (bytes.size() > entry.length_bytes - entry.offset_bytes) {
    return Error{Code::Exhausted,
                 fmt::format("the upload has {} bytes, and no more", entry.length_bytes)};
  }
  const auto done = file_->append(bytes);
  if (done.ok() && entry.digested_bytes == entry.offset_bytes) {
    entry.digest.update(bytes);
    entry.digested_bytes += bytes.size();
  }
  // A disk that failed half-way may have kept some.
  entry.offset_bytes = file_->size();
  if (!done.ok()) return done.error().within("write upload");
  return {};
}

Result<UploadStat> UploadWriter::finish() {
  MR_TRY(const auto busy, uploads_.go_on(entry_, turn_));
  if (file_) {
    if (auto done = file_->sync(); !done.ok()) return done.error().within("finish upload");
  }
  if (std::exchange(entry_->unproved_from, std::nullopt))
    MR_CHECK(detail::save_upload(uploads_.disk_, *entry_));
  return uploads_.describe(*entry_);
}

Result<void> UploadWriter::discard() {
  MR_TRY(const auto busy, uploads_.go_on(entry_, turn_));
  MR_CHECK(uploads_.settle(*entry_));
  return {};
}

// --- using ---

UploadClaim::~UploadClaim() {
  const std::lock_guard lock{uploads_.mutex_};
  entry_->is_claimed = false;
}

const std::string& UploadClaim::note() const { return entry_->note; }

Result<void> UploadClaim::publish() {
  if (entry_->pin) return {};
  MR_TRY(entry_->pin, uploads_.blobs_.adopt(upload_bytes_name(entry_->id), name_));
  return {};
}

Result<void> UploadClaim::use_up() { return uploads_.forget(*entry_); }

// --- all uploads ---

Uploads::Uploads(Disk& disk, Blobs& blobs) : disk_{disk}, blobs_{blobs} {
  if (const auto loaded = load(); !loaded.ok())
    spdlog::warn("uploads not taken up yet error={}", loaded.error().message);
}

Uploads::~Uploads() = default;

// What has a passing reason is done again when somebody asks.
Result<void> Uploads::load() {
  const std::lock_guard loading{loading_};
  if (is_loaded_) return {};
  const auto listed = disk_.list(kUploadFolder);
  // Else nothing has ever come.
  if (!listed.ok() && listed.error().code != Code::NotFound) return listed.error();
  if (listed.ok()) take_up_all(*listed);
  is_loaded_ = true;
  return {};
}

void Uploads::take_up_all(const std::vector<Disk::Entry>& files) {
  std::set<std::string> made;  // meanwhile: they are known, and nothing of them is left over
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [id, entry] : entries_) made.insert(id);
  }
  std::map<std::string, SharedEntry> taken;
  std::set<std::string> unread, kept;
  for (const auto& file : files) {
    const auto id = id_in(file.name);
    if (file.name != upload_state_name(id) || made.contains(id)) continue;
    const auto entry = take_up(id);
    if (!entry.ok() && is_no_upload(entry.error())) continue;
    kept.insert(upload_state_name(id));
    kept.insert(upload_bytes_name(id));
    if (entry.ok()) {
      taken.emplace(id, *entry);
    } else {
      spdlog::warn("upload not taken up yet upload={} error={}", id, entry.error().message);
      unread.insert(id);
    }
  }
  // What was not made to its end, or not removed to it.
  for (const auto& file : files) {
    if (!file.is_folder && !kept.contains(file.name) && !made.contains(id_in(file.name)))
      static_cast<void>(disk_.remove(file.name));
  }
  const std::lock_guard lock{mutex_};
  entries_.merge(taken);
  unread_ = std::move(unread);
}

// Finds out what is known of an upload. Whatever can have a passing reason is told as it is, so
// that nothing is removed because of it.
Result<Uploads::SharedEntry> Uploads::take_up(const std::string& id) {
  const auto entry = std::make_shared<Entry>();
  entry->id = id;
  MR_CHECK(detail::load_upload(disk_, *entry));
  const auto bytes = disk_.stat(upload_bytes_name(id));
  if (bytes.ok()) {
    entry->offset_bytes = bytes->size;
    return entry;
  }
  if (bytes.error().code != Code::NotFound) return bytes.error();
  if (entry->sha256.empty()) return entry;
  const auto content = blobs_.stat(entry->sha256);
  if (content.ok()) {
    MR_TRY(entry->pin, blobs_.pin(entry->sha256));
    entry->offset_bytes = entry->length_bytes;
    return entry;
  }
  if (content.error().code != Code::NotFound) return content.error();
  entry->sha256.clear();  // somebody has removed the bytes: they are to be sent again
  return entry;
}

// Takes up one that could not be read at the start.
Result<void> Uploads::try_again(const std::string& id) {
  {
    const std::lock_guard lock{mutex_};
    if (!unread_.contains(id)) return {};
  }
  auto taken = take_up(id);
  if (!taken.ok() && !is_no_upload(taken.error())) return std::move(taken).error();
  const std::lock_guard lock{mutex_};
  if (unread_.erase(id) > 0 && taken.ok()) entries_.emplace(id, *std::move(taken));
  return {};
}

Result<UploadStat> Uploads::create(const New& wanted) {
  const auto entry = std::make_shared<Entry>();
  entry->id = system_random().hex(kIdBytes);
  entry->owner = wanted.owner;
  entry->note = wanted.note;
  entry->length_bytes = wanted.length_bytes;
  Busy busy;
  {
    const std::lock_guard lock{mutex_};
    const auto open = std::count_if(entries_.begin(), entries_.end(), [&](const auto& each) {
      return each.second->owner == wanted.owner;
    });
    if (static_cast<std::size_t>(open) >= wanted.most_open) {
      return Error{Code::PermissionDenied,
                   fmt::format("too many uploads are open, {} of {}: finish or delete one first",
                               open, wanted.most_open)};
    }
    entries_.emplace(entry->id, entry);
    busy = make_busy(*entry);
  }
  const auto made = [&]() -> Result<void> {
    MR_TRY(const auto file, disk_.create(upload_bytes_name(entry->id)));
    MR_CHECK(file->sync());
    MR_CHECK(detail::save_upload(disk_, *entry));
    // The folders above may be new.
    MR_CHECK(disk_.sync_folder(".blobs"));
    return disk_.sync_folder("");
  }();
  if (made.ok()) return describe(*entry);
  static_cast<void>(forget(*entry));
  return made.error().within("create upload");
}

Result<UploadStat> Uploads::stat(std::string_view id, std::string_view owner) {
  MR_TRY(const auto entry, find(id, owner));
  auto busy = enter(entry);
  // Of one that is claimed all has come, and nothing changes.
  if (!busy.ok() && busy.error().code == Code::Conflict) return describe(*entry);
  if (!busy.ok()) return std::move(busy).error();
  MR_CHECK(settle(*entry));
  return describe(*entry);
}

Result<std::unique_ptr<UploadWriter>> Uploads::append(std::string_view id, std::string_view owner,
                                                      std::uint64_t offset_bytes, bool has_checksum,
                                                      std::uint64_t announced_bytes) {
  MR_TRY(const auto entry, find(id, owner));
  const auto fits = [&entry, offset_bytes, announced_bytes]() -> Result<void> {
    // Where it stands once whoever writes is over.
    const auto stands_at = entry->unproved_from.value_or(entry->offset_bytes);
    if (stands_at != offset_bytes) {
      return Error{Code::Conflict, fmt::format("the upload stands at {} bytes, not at {}",
                                               stands_at, offset_bytes)};
    }
    const auto lacks = entry->length_bytes - stands_at;
    if (announced_bytes <= lacks) return {};
    return Error{Code::Exhausted, fmt::format("the upload lacks {} bytes, and {} are announced",
                                              lacks, announced_bytes)};
  };
  MR_TRY(const auto busy, enter(entry, fits));
  MR_TRY(auto file, settle(*entry));
  MR_CHECK(fits());  // the disk may tell something else than was known
  if (has_checksum && offset_bytes < entry->length_bytes) {
    entry->unproved_from = offset_bytes;
    MR_CHECK(detail::save_upload(disk_, *entry));
  }
  return std::unique_ptr<UploadWriter>{new UploadWriter{*this, entry, std::move(file)}};
}

Result<std::unique_ptr<UploadClaim>> Uploads::claim(std::string_view id, std::string_view owner) {
  MR_TRY(const auto entry, find(id, owner));
  std::unique_ptr<UploadClaim> claimed;
  {
    MR_TRY(const auto busy, enter(entry));
    MR_CHECK(settle(*entry));
    if (entry->offset_bytes != entry->length_bytes) {
      return Error{Code::Conflict,
                   fmt::format("the upload is not finished: {} of {} bytes have come",
                               entry->offset_bytes, entry->length_bytes)};
    }
    const std::lock_guard lock{mutex_};
    entry->is_claimed = true;
    claimed.reset(new UploadClaim{*this, entry});
  }
  if (auto hashed = hash(*entry); !hashed.ok()) return hashed.error().within("read upload");
  claimed->name_ = {entry->sha256, entry->length_bytes};
  return claimed;
}

Result<std::string> Uploads::remove(std::string_view id, std::string_view owner) {
  MR_TRY(const auto entry, find(id, owner));
  MR_TRY(const auto busy, enter(entry));
  const auto content = entry->pin ? entry->sha256 : std::string{};
  MR_CHECK(forget(*entry));
  return content;
}

std::vector<std::string> Uploads::remove_untouched(std::int64_t before_us) {
  static_cast<void>(load());
  std::vector<SharedEntry> all;
  std::set<std::string> unread;
  {
    const std::lock_guard lock{mutex_};
    unread = unread_;
  }
  // One that cannot be read now has its turn the next time.
  for (const auto& id : unread) static_cast<void>(try_again(id));
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [id, entry] : entries_) all.push_back(entry);
  }
  std::vector<std::string> contents;
  for (const auto& entry : all) {
    const auto touched = touched_us(entry->id);
    if (!touched.ok() || *touched >= before_us) continue;
    const auto removed = remove(entry->id, entry->owner);
    // One that is claimed, or whose files cannot be removed, has its turn the next time.
    if (removed.ok() && !removed->empty()) contents.push_back(*removed);
  }
  return contents;
}

std::size_t Uploads::count() const {
  const std::lock_guard lock{mutex_};
  return entries_.size();
}

// --- one at a time ---

// Says that there is none only where that is known.
Result<Uploads::SharedEntry> Uploads::find(std::string_view id, std::string_view owner) {
  auto entry = known(id);
  if (!entry) {
    MR_CHECK(load());
    MR_CHECK(try_again(std::string{id}));
    entry = known(id);
  }
  if (!entry || entry->owner != owner) return no_upload();
  return entry;
}

Uploads::SharedEntry Uploads::known(std::string_view id) const {
  const std::lock_guard lock{mutex_};
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second;
}

void Uploads::Leave::operator()(Entry* entry) const {
  {
    const std::lock_guard lock{uploads->mutex_};
    entry->is_busy = false;
  }
  uploads->changed_.notify_all();
}

Uploads::Busy Uploads::make_busy(Entry& entry) {
  entry.is_busy = true;
  return Busy{&entry, Leave{this}};
}

Result<Uploads::Busy> Uploads::enter(const SharedEntry& entry, const Check& check) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return !entry->is_busy; });
  if (entry->is_gone) return no_upload();
  if (entry->is_claimed) return taken();
  if (check) MR_CHECK(check());
  ++entry->turn;
  return make_busy(*entry);
}

Result<Uploads::Busy> Uploads::go_on(const SharedEntry& entry, std::uint64_t turn) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return !entry->is_busy; });
  if (entry->is_gone) return no_upload();
  if (entry->turn != turn)
    return Error{Code::Conflict, "another request has gone on with the upload"};
  return make_busy(*entry);
}

// Makes sure that what is there is durable, and drops what waited for its checksum. Returns the
// file to be written on; null where the bytes are a content.
Result<std::unique_ptr<WritableFile>> Uploads::settle(Entry& entry) {
  if (entry.pin) return std::unique_ptr<WritableFile>{};
  MR_TRY(auto file, disk_.create(upload_bytes_name(entry.id), true));
  const auto whole = entry.unproved_from.value_or(entry.length_bytes);
  if (file->size() > whole) {
    MR_CHECK(file->truncate(whole));
  }
  MR_CHECK(file->sync());
  entry.offset_bytes = file->size();
  if (entry.digested_bytes > entry.offset_bytes) {
    entry.digest = Sha256{};
    entry.digested_bytes = 0;
  }
  if (std::exchange(entry.unproved_from, std::nullopt)) MR_CHECK(detail::save_upload(disk_, entry));
  return file;
}

// Goes on from where the digest stands: after a restart, or a checksum that was wrong, that is the
// beginning.
Result<void> Uploads::hash(Entry& entry) {
  if (!entry.sha256.empty()) return {};
  MR_TRY(const auto file, disk_.open(upload_bytes_name(entry.id)));
  std::string buffer;
  while (entry.digested_bytes < entry.length_bytes) {
    buffer.resize(std::min<std::uint64_t>(kReadBytes, entry.length_bytes - entry.digested_bytes));
    MR_TRY(const auto got, file->read_at(entry.digested_bytes, buffer));
    if (got == 0) return Error{Code::Io, "the file of an upload has become shorter", entry.id};
    entry.digest.update({buffer.data(), got});
    entry.digested_bytes += got;
  }
  entry.sha256 = to_hex(std::exchange(entry.digest, Sha256{}).finish());
  entry.digested_bytes = 0;
  return detail::save_upload(disk_, entry);
}

Result<void> Uploads::forget(Entry& entry) {
  // Without the state the bytes are nobody's, also when this comes no further.
  if (const auto done = disk_.remove(upload_state_name(entry.id));
      !done.ok() && done.error().code != Code::NotFound) {
    return done.error().within("remove upload");
  }
  {
    const std::lock_guard lock{mutex_};
    entry.is_gone = true;
    entries_.erase(entry.id);
  }
  static_cast<void>(disk_.remove(upload_bytes_name(entry.id)));
  entry.pin.reset();
  return {};
}

Result<std::int64_t> Uploads::touched_us(const std::string& id) {
  std::int64_t latest = 0;
  for (const auto& name : {upload_bytes_name(id), upload_state_name(id)}) {
    const auto file = disk_.stat(name);
    if (file.ok()) {
      latest = std::max(latest, file->modified_us);
    } else if (file.error().code != Code::NotFound) {
      return file.error();
    }
  }
  return latest;
}

UploadStat Uploads::describe(const Entry& entry) {
  return {entry.id, entry.length_bytes, entry.offset_bytes, entry.note,
          touched_us(entry.id).value_or(0)};
}

}  // namespace millrace
