#include "engine/job/store_services.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "engine/job/catalog_change.hpp"
#include "engine/job/model_files.hpp"

namespace millrace {

namespace {

bool is_scratch(const Uri& uri) { return uri.scheme == Uri::Scheme::Work; }

}  // namespace

StoreServices::StoreServices(Surroundings around, StoreRights rights, Asker asker,
                             std::string stage_owner, LeaseGuard* guard)
    : around_{around},
      rights_{std::move(rights)},
      asker_{std::move(asker)},
      guard_{guard},
      outputs_{around.store, std::move(stage_owner), guard} {}

Result<void> StoreServices::check_uri(std::string_view uri, bool for_writing) {
  MR_TRY(const Uri checked, store().check(uri, rights_, for_writing));
  if (!is_scratch(checked)) return {};
  // What a parameter names is to be there before the job, or after it.
  return Error{Code::InvalidArgument,
               "address: scratch is for operators, and gone with the job; name a file or an object: " +
                   std::string{uri},
               "uri_scheme"};
}

Result<Scratch*> StoreServices::scratch() {
  if (Scratch* const made = scratch_in_use_.load(std::memory_order_acquire)) return made;
  const std::lock_guard lock{making_scratch_};
  if (!scratch_) {
    MR_TRY(scratch_, make_scratch());
  }
  scratch_in_use_.store(scratch_.get(), std::memory_order_release);
  return scratch_.get();
}

Result<void> StoreServices::sync_scratch() {
  Scratch* const used = scratch_in_use_.load(std::memory_order_acquire);
  return used == nullptr ? Result<void>{} : used->sync();
}

Result<ObjectStat> StoreServices::stat(std::string_view uri) {
  MR_TRY(const Uri checked, store().check(uri, rights_, false));
  if (is_scratch(checked)) {
    MR_TRY(Scratch* const files, scratch());
    return files->stat(checked.key);
  }
  return store().stat(checked, [this] { return stopping(); });
}

Result<std::string> StoreServices::identify(std::string_view uri) {
  MR_TRY(const Uri checked, store().check(uri, rights_, false));
  return store().identify(checked);
}

Result<void> StoreServices::list(
    std::string_view uri, const std::function<void(std::string_view, const ObjectStat&)>& each) {
  MR_TRY(const Uri checked, store().check_prefix(uri, rights_, false));
  if (is_scratch(checked)) {
    MR_TRY(Scratch* const files, scratch());
    return files->list([&](std::string_view name, const ObjectStat& stat) {
      if (checked.key.empty() || name == checked.key) each("work:///" + std::string{name}, stat);
    });
  }
  return store().list(checked, each);
}

Result<std::unique_ptr<ObjectReader>> StoreServices::open(std::string_view uri) {
  MR_TRY(const Uri checked, store().check(uri, rights_, false));
  if (is_scratch(checked)) {
    MR_TRY(Scratch* const files, scratch());
    return files->open(checked.key);
  }
  auto reader = store().open(checked, [this] { return stopping(); });
  if (reader.ok()) MR_CHECK(outputs_.note_read(checked));
  return reader;
}

Result<void> StoreServices::put(std::string_view uri, std::string_view bytes) {
  MR_TRY(const Uri checked, store().check(uri, rights_, true));
  if (is_scratch(checked)) {
    MR_TRY(Scratch* const files, scratch());
    return files->put(checked.key, bytes);
  }
  MR_CHECK(outputs_.check_put(checked));
  has_put_.store(true, std::memory_order_relaxed);
  if (guard_ == nullptr) return store().put(checked, bytes, {}, &puts_);
  return store().put(
      checked, bytes, [this] { return guard_->check(); }, &puts_);
}

Result<void> StoreServices::sync() {
  MR_CHECK(puts_.sync());
  return outputs_.sync();
}

Result<ObjectWriter*> StoreServices::stage(std::string_view uri) {
  MR_TRY(const Uri checked, store().check(uri, rights_, true));
  if (!is_scratch(checked)) return stage_output(uri);
  MR_TRY(Scratch* const files, scratch());
  return files->stage(checked.key);
}

Result<ObjectWriter*> StoreServices::stage_output(std::string_view uri) {
  MR_TRY(Uri checked, store().check(uri, rights_, true));
  return outputs_.stage(std::move(checked));
}

// Models are gone; a file stays when that does not work, and is found by the next collection.
void StoreServices::free_files(const Batch& models) {
  if (store().blobs() == nullptr) return;
  const auto files = models.column<std::string_view>("file_sha256");
  for (std::int64_t row = 0; row < models.rows(); ++row) {
    const auto sha256 = files[row];
    if (!sha256) continue;
    const auto removed = remove_unreferred(*store().blobs(), around_.catalog, *sha256);
    if (!removed.ok())
      spdlog::warn("the file of a deleted model stays behind sha256={} error={}", *sha256,
                   removed.error().message);
  }
}

Result<Batch> StoreServices::catalog_query(const Json& query) {
  return around_.catalog.query(query, asker_.owner);
}

const Origin& StoreServices::origin() {
  static const Origin kNone;
  return kNone;
}

Result<Batch> StoreServices::catalog_change(const Json& change) {
  if (guard_ != nullptr) MR_CHECK(guard_->check());
  const Asker asker{asker_.owner, asker_.name, origin(), asker_.fence};
  MR_TRY(Batch changed, change_catalog(around_.catalog, around_.jobs, change, asker));
  const bool was_model =
      change.value("entity", Json{}) == "models" && change.value("action", Json{}) == "delete";
  if (was_model && changed.rows() > 0) free_files(changed);
  return changed;
}

}  // namespace millrace
