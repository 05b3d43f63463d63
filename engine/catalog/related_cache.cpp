#include "engine/catalog/related_cache.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace millrace {

namespace {

std::string key_of(const RelatedRows& related, std::int64_t id, std::string_view owner) {
  return fmt::format("{}|{}|{}", related.entity, id, owner);
}

// The items of each of `ids`, with memory of their own, so that none keeps that of the others.
std::vector<Batch> apart(const RelatedItems& asked) {
  std::vector<Batch> items;
  std::vector<std::int64_t> rows;
  std::int64_t begin = 0;
  for (const std::int64_t length : asked.lengths) {
    rows.resize(static_cast<std::size_t>(length));
    std::iota(rows.begin(), rows.end(), begin);
    items.push_back(asked.items.take(rows));
    begin += length;
  }
  return items;
}

RelatedItems together(std::vector<Batch> items) {
  RelatedItems out;
  for (const Batch& its : items) out.lengths.push_back(its.rows());
  auto first = items.front().share();  // has the columns, where there are no rows
  std::erase_if(items, [](const Batch& its) { return its.empty(); });
  out.items = items.empty() ? std::move(first) : Batch::concat(std::move(items));
  return out;
}

}  // namespace

Result<RelatedItems> RelatedCache::ask(Connection& connection, const RelatedRows& related,
                                       const std::vector<std::int64_t>& ids, std::string_view owner,
                                       std::int64_t revision) {
  if (ids.empty()) return query_related(connection, related, ids, owner);
  std::vector<std::optional<Batch>> known;
  std::vector<std::int64_t> unknown;
  for (const std::int64_t id : ids) {
    known.push_back(find(key_of(related, id, owner), revision));
    if (!known.back()) unknown.push_back(id);
  }
  std::vector<Batch> asked;
  if (!unknown.empty()) {
    MR_TRY(auto found, query_related(connection, related, unknown, owner));
    if (ids.size() == 1) {
      keep(key_of(related, ids.front(), owner), revision, found.items);
      return found;
    }
    asked = apart(found);
  }
  std::vector<Batch> items;
  auto next = asked.begin();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!known[i]) {
      keep(key_of(related, ids[i], owner), revision, *next);
      known[i] = std::move(*next++);
    }
    items.push_back(*std::move(known[i]));
  }
  return together(std::move(items));
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
