#include "engine/testing/release_counter.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

namespace millrace::testing {

struct ReleaseCounter::Pair {
  ArrowArray array{};
  ArrowSchema schema{};
  int array_releases = 0;
  int schema_releases = 0;
};

namespace {

template <class Struct>
void release_once(Struct& original, int& releases) {
  if (++releases == 1 && original.release != nullptr) original.release(&original);
}

void release_array(ArrowArray* array) {
  auto* pair = static_cast<ReleaseCounter::Pair*>(array->private_data);
  release_once(pair->array, pair->array_releases);
  array->release = nullptr;
}

void release_schema(ArrowSchema* schema) {
  auto* pair = static_cast<ReleaseCounter::Pair*>(schema->private_data);
  release_once(pair->schema, pair->schema_releases);
  schema->release = nullptr;
}

ReleaseCounter::Pair& new_pair() {
  static std::mutex mutex;
  static auto& pairs = *new std::deque<ReleaseCounter::Pair>;
  const std::lock_guard lock{mutex};
  return pairs.emplace_back();
}

}  // namespace

Batch ReleaseCounter::watch(Batch batch) {
  Pair& pair = new_pair();
  std::move(batch).export_to(&pair.array, &pair.schema);
  pairs_.push_back(&pair);
  ArrowArray array = pair.array;
  ArrowSchema schema = pair.schema;
  array.release = release_array;
  array.private_data = &pair;
  schema.release = release_schema;
  schema.private_data = &pair;
  return Batch::import(&array, &schema);
}

std::size_t ReleaseCounter::leaked() const {
  return static_cast<std::size_t>(std::count_if(pairs_.begin(), pairs_.end(), [](const Pair* pair) {
    return pair->array_releases == 0 || pair->schema_releases == 0;
  }));
}

std::size_t ReleaseCounter::doubled() const {
  return static_cast<std::size_t>(std::count_if(pairs_.begin(), pairs_.end(), [](const Pair* pair) {
    return pair->array_releases > 1 || pair->schema_releases > 1;
  }));
}

}  // namespace millrace::testing
