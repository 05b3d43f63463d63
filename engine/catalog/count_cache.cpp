#include "engine/catalog/count_cache.hpp"

#include <fmt/format.h>

#include "engine/catalog/query.hpp"
#include "engine/catalog/revision.hpp"

namespace millrace {

namespace {

// The question with its values; each says its kind and its length, so that no two are alike.
std::string key_of(const CompiledQuery& query) {
  std::string key = query.sql;
  const auto out = std::back_inserter(key);
  for (const SqlValue& value : query.values) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      fmt::format_to(out, "|i{}", *number);
    } else if (const auto* real = std::get_if<double>(&value)) {
      fmt::format_to(out, "|r{}", *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      fmt::format_to(out, "|t{}:{}", text->size(), *text);
    } else {
      key += "|n";
    }
  }
  return key;
}

}  // namespace

Result<std::int64_t> CountCache::count(Connection& connection, const CompiledQuery& query) {
  auto key = key_of(query);
  // Read first: a change that comes between this and the count is in the count, and whoever reads
  // the later revision counts anew.
  MR_TRY(const std::int64_t revision, read_revision(connection));
  {
    const std::lock_guard lock{mutex_};
    if (const auto known = counts_.find(key); revision == revision_ && known != counts_.end())
      return known->second;
  }
  MR_TRY(const SqlRows found, connection.query(query.sql, query.values));
  const auto count = std::get<std::int64_t>(found.rows.at(0).at(0));
  const std::lock_guard lock{mutex_};
  if (revision < revision_ || key.size() > kLongestKey) return count;
  if (revision > revision_ || counts_.size() >= kMostCounts) counts_.clear();
  revision_ = revision;
  counts_.insert_or_assign(std::move(key), count);
  return count;
}

}  // namespace millrace
