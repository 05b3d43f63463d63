#include "engine/job/store_services.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/base/utf8.hpp"
#include "engine/catalog/part.hpp"
#include "engine/job/catalog_change.hpp"
#include "engine/job/connections.hpp"
#include "engine/job/content_collector.hpp"
#include "engine/job/model_address.hpp"
#include "engine/store/uri.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

bool is_scratch(const Uri& uri) { return uri.scheme == Uri::Scheme::Work; }

// "blob:" alone, which only what is written may be.
bool is_new_content(const Uri& uri) {
  return uri.scheme == Uri::Scheme::Blob && uri.sha256.empty();
}

}  // namespace

StoreServices::StoreServices(Surroundings around, StoreRights rights, Asker asker,
                             std::string stage_owner, LeaseGuard* guard)
    : around_{around},
      rights_{std::move(rights)},
      asker_{std::move(asker)},
      guard_{guard},
      outputs_{around.store, std::move(stage_owner), guard},
      contents_{around.store, guard,
                [this](std::string_view sha256) { return note_content(sha256); }} {}

Result<void> StoreServices::check_uri(std::string_view uri, bool for_writing) {
  if (rights_.objects_only && uri.starts_with("blob:")) {
    return Error{Code::InvalidArgument,
                 "address: a qiniu: address is required here: " + std::string{uri}, "uri_scheme"};
  }
  if (is_model_address(uri) && !for_writing) {
    MR_CHECK(check_model_rights(uri));
    MR_CHECK(parse_model_address(uri));
    return {};
  }
  MR_TRY(const Uri checked, store().check(uri, rights_, for_writing));
  if (is_new_content(checked)) {
    return Error{
        Code::InvalidArgument,
        "address: a content that has no name yet is for operators; name a file or an object: "
        "blob:",
        "uri_scheme"};
  }
  if (!is_scratch(checked)) return {};
  // What a parameter names is to be there before the job, or after it.
  return Error{
      Code::InvalidArgument,
      "address: scratch is for operators, and gone with the job; name a file or an object: " +
          std::string{uri},
      "uri_scheme"};
}

Result<void> StoreServices::check_model_rights(std::string_view uri) const {
  if (!rights_.objects_only && rights_.grants.empty()) return {};
  return Error{Code::PermissionDenied,
               "address: models of the registry are not open here: " + printable(uri)};
}

Result<Uri> StoreServices::check_model(std::string_view uri) {
  MR_CHECK(check_model_rights(uri));
  std::string sha256;
  {
    const std::lock_guard lock{finding_models_};
    if (const auto known = models_.find(uri); known != models_.end()) sha256 = known->second;
  }
  if (sha256.empty()) {
    MR_TRY(auto found, model_content(uri));
    const std::lock_guard lock{finding_models_};
    sha256 = models_.emplace(uri, std::move(found)).first->second;
  }
  return store().check(blob_uri(sha256), {.blobs = true}, false);
}

Result<std::string> StoreServices::model_content(std::string_view address) {
  return find_model_content(around_.catalog, address, asker_.owner, asker_.until);
}

Result<Uri> StoreServices::check_read(std::string_view uri) {
  if (is_model_address(uri)) return check_model(uri);
  auto checked = store().check(uri, rights_, false);
  if (checked.ok() || checked.error().code != Code::PermissionDenied) return checked;
  MR_TRY(const Uri parsed, parse_uri(uri));
  if (parsed.scheme != Uri::Scheme::Blob) return checked;
  bool is_own = contents_.has(parsed.sha256);
  if (!is_own) {
    MR_TRY(is_own, has_noted_content(parsed.sha256));
  }
  if (!is_own) return checked;
  return store().check(uri, {.blobs = true}, false);
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
  MR_TRY(const Uri checked, check_read(uri));
  if (is_scratch(checked)) {
    MR_TRY(Scratch* const files, scratch());
    return files->stat(checked.key);
  }
  return store().stat(checked, [this] { return stopping(); });
}

Result<std::string> StoreServices::identify(std::string_view uri) {
  MR_TRY(const Uri checked, check_read(uri));
  return store().identify(checked);
}

Result<void> StoreServices::list(std::string_view uri, const EachListed& each) {
  MR_TRY(const Uri checked, store().check_prefix(uri, rights_, false));
  if (is_scratch(checked)) {
    MR_TRY(Scratch* const files, scratch());
    return files->list([&](std::string_view name, const ObjectStat& stat) {
      if (!checked.key.empty() && name != checked.key) return;
      const std::string address = "work:///" + std::string{name};
      each({.folder = "work://", .uri = address, .name = name, .stat = stat});
    });
  }
  return store().list(checked, each);
}

Result<std::unique_ptr<ObjectReader>> StoreServices::open(std::string_view uri) {
  MR_TRY(const Uri checked, check_read(uri));
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
  if (is_new_content(checked)) {
    return Error{Code::InvalidArgument,
                 "put: a content gets its name when it is sealed; stage \"blob:\" and seal it",
                 "uri_scheme"};
  }
  MR_CHECK(outputs_.check_put(checked));
  has_put_.store(true, std::memory_order_relaxed);
  if (guard_ == nullptr) return store().put(checked, bytes, {}, &puts_);
  return store().put(
      checked, bytes, [this] { return guard_->check(); }, &puts_);
}

Result<ConnectionSettings> StoreServices::connection(std::string_view name, bool for_writing) {
  auto found = find_connection(name, for_writing);
  if (found.ok()) secrets_.add(found->password);
  return found;
}

// A file of SQLite is one of those that an address names, where the pipeline itself says which.
Result<ConnectionSettings> StoreServices::find_connection(std::string_view name, bool for_writing) {
  if (!rights_.databases) {
    return Error{Code::PermissionDenied,
                 "connection: this job may reach no databases: " + printable(name, 80)};
  }
  const auto own = own_connections_.find(name);
  if (own == own_connections_.end())
    return around_.connections == nullptr ? no_connection(name) : around_.connections->find(name);
  const auto path = sqlite_path(own->second.address);
  if (path.empty()) return own->second;
  if (!path.starts_with('/')) {
    return Error{Code::InvalidArgument,
                 fmt::format("connection {}: the file of an address is named from the root on, as "
                             "sqlite:/data/x.sqlite",
                             name)};
  }
  // SQLite follows links, so what they lead to is what is asked about, and what is opened.
  std::error_code failed;
  const auto file = std::filesystem::weakly_canonical(std::filesystem::path{path}, failed);
  if (failed) return system_error("connection", path, failed.value());
  MR_CHECK(store().check(file_uri(file), rights_, for_writing));
  return ConnectionSettings{"sqlite:" + file.string(), own->second.password};
}

Result<void> StoreServices::sync() {
  MR_CHECK(puts_.sync());
  return outputs_.sync();
}

Result<ObjectWriter*> StoreServices::stage(std::string_view uri) {
  MR_TRY(const Uri checked, store().check(uri, rights_, true));
  if (is_new_content(checked)) return contents_.stage();
  if (!is_scratch(checked)) return stage_output(uri);
  MR_TRY(Scratch* const files, scratch());
  return files->stage(checked.key);
}

Result<ObjectWriter*> StoreServices::stage_output(std::string_view uri) {
  MR_TRY(Uri checked, store().check(uri, rights_, true));
  return outputs_.stage(std::move(checked));
}

// A content stays when that does not work, and is found by the next collection.
void StoreServices::free_contents(std::string_view name, const Batch& rows) {
  const Entity* entity = find_entity(name);
  if (store().blobs() == nullptr || entity == nullptr || rows.rows() == 0) return;
  for (const EntityColumn& column : entity->columns) {
    if (!column.rules.is_content) continue;
    const auto names = rows.column<std::string_view>(column.name);
    for (std::int64_t row = 0; row < rows.rows(); ++row) {
      if (const auto sha256 = names[row])
        remove_content(*store().blobs(), around_.catalog, *sha256);
    }
  }
}

Result<Batch> StoreServices::catalog_query(const Json& query) {
  return around_.catalog.query(query, asker_.owner, asker_.until);
}

const Origin& StoreServices::origin() {
  static const Origin kNone;
  return kNone;
}

Result<Asker> StoreServices::asker() {
  if (guard_ != nullptr) MR_CHECK(guard_->check());
  return Asker{asker_.owner, asker_.name, origin(), asker_.fence, asker_.until};
}

Result<Batch> StoreServices::catalog_change(const Json& change) {
  MR_TRY(const Asker asking, asker());
  MR_TRY(Batch changed, change_catalog(around_.catalog, around_.jobs, change, asking));
  if (change.value("action", Json{}) == "delete")
    free_contents(change.value("entity", std::string{}), changed);
  return changed;
}

}  // namespace millrace
