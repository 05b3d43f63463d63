#include "engine/catalog/related_cache.hpp"

#include <utility>

#include <fmt/format.h>

namespace millrace {

namespace {

std::string key_of(const RelatedRows& related, std::int64_t id, std::string_view owner) {
  return fmt::format("{}|{}|{}", related.entity, id, owner);
}

}  // namespace

Result<RelatedItems> RelatedCache::ask(Connection& connection, const RelatedRows& related,
                                       std::int64_t id, std::string_view owner,
                                       std::int64_t revision) {
  const auto key = key_of(related, id, owner);
  if (auto known = find(key, revision)) return RelatedItems{{known->rows()}, *std::move(known)};
  MR_TRY(auto asked, query_related(connection, related, {id}, owner));
  keep(key, revision, asked.items);
  return asked;
}

std::optional<Batch> RelatedCache::find(std::string_view key, std::int64_t revision) {
  const std::lock_guard lock{mutex_};
  const auto* known = items_.find(key);
  if (known == nullptr || known->revision != revision) return std::nullopt;
  return known->rows.share();
}

void RelatedCache::keep(const std::string& key, std::int64_t revision, const Batch& items) {
  const auto bytes = kEntryBytes + key.size() + items.size_bytes();
  const std::lock_guard lock{mutex_};
  if (const auto* older = items_.find(key)) {
    if (revision < older->revision) return;
    bytes_ -= older->bytes;
  }
  bytes_ += bytes;
  items_.get(key) = {revision, items.share(), bytes};
  while (bytes_ > most_bytes_) {
    const auto& [oldest, its] = *items_.oldest();
    bytes_ -= its.bytes;
    items_.forget(oldest);
  }
}

}  // namespace millrace
