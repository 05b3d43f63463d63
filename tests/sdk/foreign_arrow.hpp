#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <millrace/abi.h>

namespace millrace::sdk_test {

/// A buffer of exactly its size, so that AddressSanitizer sees every byte read beyond it.
using Buffer = std::optional<std::vector<std::byte>>;

/// One node of an Arrow tree as somebody else would make it. Everything is taken as written, right
/// or wrong.
struct ForeignNode {
  std::string format;
  std::string name;
  std::int64_t length = 0;
  std::int64_t offset = 0;
  std::int64_t null_count = 0;
  std::vector<Buffer> buffers{};
  std::vector<ForeignNode> children{};
};

/// How often the parents of a pair were released, and whether a child was released by a stranger.
struct Releases {
  int array = 0;
  int schema = 0;
  int child = 0;
};

template <class T>
Buffer buffer(std::initializer_list<T> values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.begin(), bytes.size());
  return bytes;
}

inline Buffer text_buffer(std::string_view text) {
  std::vector<std::byte> bytes(text.size());
  if (!bytes.empty()) std::memcpy(bytes.data(), text.data(), bytes.size());
  return bytes;
}

/// Bits in the order of the rows: bits("1101").
inline Buffer bits(std::string_view rows) {
  std::vector<std::byte> bytes((rows.size() + 7) / 8);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == '1') bytes[i / 8] |= std::byte{1} << static_cast<int>(i % 8);
  }
  return bytes;
}

/// A pair over a tree of nodes; whoever takes the two structs over releases them.
struct ForeignPair {
  ArrowArray array{};
  ArrowSchema schema{};
};

namespace foreign {

struct Storage {
  ForeignNode node;
  std::vector<std::unique_ptr<std::byte[]>> exact{};
  std::vector<const void*> buffers{};
  std::vector<ArrowArray> arrays{};
  std::vector<ArrowArray*> array_pointers{};  // to the children as they were made
  std::vector<ArrowArray*> shown_arrays{};    // what the struct points to
  std::vector<ArrowSchema> schemas{};
  std::vector<ArrowSchema*> schema_pointers{};
  std::vector<ArrowSchema*> shown_schemas{};
  Releases* releases = nullptr;
  bool is_root = false;
};

// Trusts its own records alone: tests damage the struct's fields.
template <class Struct>
void release(Struct* released) {
  const std::unique_ptr<Storage> storage{static_cast<Storage*>(released->private_data)};
  const auto release_all = [](auto& children) {
    for (auto* child : children) {
      if (child->release != nullptr) child->release(child);
    }
  };
  if constexpr (std::is_same_v<Struct, ArrowArray>) {
    release_all(storage->array_pointers);
  } else {
    release_all(storage->schema_pointers);
  }
  released->release = nullptr;
  if (storage->releases == nullptr) return;
  if (!storage->is_root) {
    ++storage->releases->child;
  } else if constexpr (std::is_same_v<Struct, ArrowArray>) {
    ++storage->releases->array;
  } else {
    ++storage->releases->schema;
  }
}

inline ArrowArray make_array(const ForeignNode& node, Releases* releases, bool is_root) {
  auto storage = std::make_unique<Storage>(Storage{node});
  storage->releases = releases;
  storage->is_root = is_root;
  for (const auto& wanted : node.buffers) {
    storage->buffers.push_back(nullptr);
    if (!wanted) continue;
    storage->exact.push_back(std::make_unique<std::byte[]>(wanted->size()));
    if (!wanted->empty()) std::memcpy(storage->exact.back().get(), wanted->data(), wanted->size());
    storage->buffers.back() = storage->exact.back().get();
  }
  for (const auto& child : node.children)
    storage->arrays.push_back(make_array(child, releases, false));
  for (auto& child : storage->arrays) storage->array_pointers.push_back(&child);
  storage->shown_arrays = storage->array_pointers;
  ArrowArray made{};
  made.length = node.length;
  made.null_count = node.null_count;
  made.offset = node.offset;
  made.n_buffers = static_cast<std::int64_t>(node.buffers.size());
  made.n_children = static_cast<std::int64_t>(node.children.size());
  made.buffers = storage->buffers.data();
  made.children = storage->shown_arrays.data();
  made.release = release<ArrowArray>;
  made.private_data = storage.release();
  return made;
}

inline ArrowSchema make_schema(const ForeignNode& node, Releases* releases, bool is_root) {
  auto storage = std::make_unique<Storage>(Storage{node});
  storage->releases = releases;
  storage->is_root = is_root;
  for (const auto& child : node.children)
    storage->schemas.push_back(make_schema(child, releases, false));
  for (auto& child : storage->schemas) storage->schema_pointers.push_back(&child);
  storage->shown_schemas = storage->schema_pointers;
  ArrowSchema made{};
  made.format = storage->node.format.c_str();
  made.name = storage->node.name.c_str();
  made.flags = ARROW_FLAG_NULLABLE;
  made.n_children = static_cast<std::int64_t>(node.children.size());
  made.children = storage->shown_schemas.data();
  made.release = release<ArrowSchema>;
  made.private_data = storage.release();
  return made;
}

}  // namespace foreign

/// Makes the pair of a tree; `releases`, when given, outlives it and counts.
inline ForeignPair make_pair(const ForeignNode& root, Releases* releases = nullptr) {
  return {foreign::make_array(root, releases, true), foreign::make_schema(root, releases, true)};
}

/// The node of a table over columns that have `rows` rows from row `offset` on.
inline ForeignNode table(std::int64_t rows, std::vector<ForeignNode> columns,
                         std::int64_t offset = 0) {
  return {"+s", "", rows, offset, 0, {std::nullopt}, std::move(columns)};
}

}  // namespace millrace::sdk_test
