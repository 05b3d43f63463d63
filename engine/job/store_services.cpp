#include "engine/job/store_services.hpp"

#include <utility>

#include "engine/job/catalog_change.hpp"

namespace millrace {

StoreServices::StoreServices(Surroundings around, StoreRights rights, std::string owner,
                             std::string stage_owner)
    : around_{around},
      rights_{std::move(rights)},
      owner_{std::move(owner)},
      outputs_{around.store, std::move(stage_owner)} {}

Result<void> StoreServices::check_uri(std::string_view uri, bool for_writing) {
  MR_CHECK(store().check(uri, rights_, for_writing));
  return {};
}

Result<ObjectStat> StoreServices::stat(std::string_view uri) {
  MR_TRY(const Uri checked, store().check(uri, rights_, false));
  return store().stat(checked);
}

Result<void> StoreServices::list(
    std::string_view uri, const std::function<void(std::string_view, const ObjectStat&)>& each) {
  MR_TRY(const Uri checked, store().check_prefix(uri, rights_, false));
  return store().list(checked, each);
}

Result<std::unique_ptr<ObjectReader>> StoreServices::open(std::string_view uri) {
  MR_TRY(const Uri checked, store().check(uri, rights_, false));
  return store().open(checked, [this] { return stopping(); });
}

Result<void> StoreServices::put(std::string_view uri, std::string_view bytes) {
  MR_TRY(const Uri checked, store().check(uri, rights_, true));
  has_put_.store(true, std::memory_order_relaxed);
  return store().put(checked, bytes);
}

Result<ObjectWriter*> StoreServices::stage(std::string_view uri) {
  MR_TRY(Uri checked, store().check(uri, rights_, true));
  return outputs_.stage(std::move(checked));
}

Result<Batch> StoreServices::catalog_query(const Json& query) {
  return around_.catalog.query(query, owner_);
}

Result<Batch> StoreServices::catalog_change(const Json& change) {
  return change_catalog(around_.catalog, around_.jobs, change, owner_);
}

}  // namespace millrace
