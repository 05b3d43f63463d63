// Batches given away: each exported pair is one tree of structs in one block, with a reference to
// the memory it shows.
#include <atomic>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "arrow.hpp"

namespace millrace::detail {

namespace {

// The structs of one exported tree, and what they show, in one piece of memory. A consumer may move
// children out and release them later and elsewhere, so the block lives until every struct in it
// was released.
template <class Node, class Extra, class Shown>
class Block {
 public:
  struct Entry {
    Node node{};
    Extra extra{};
  };
  struct Destroy {
    void operator()(Block* block) const {
      block->~Block();
      ::operator delete(block);
    }
  };
  using Owner = std::unique_ptr<Block, Destroy>;

  /// For a root and `children` structs below it.
  static Owner make(std::size_t children, Shown shown) {
    static_assert(std::is_trivially_destructible_v<Entry> && alignof(Entry) <= alignof(Block));
    const std::size_t bytes =
        sizeof(Block) + (children + 1) * sizeof(Entry) + children * sizeof(Node*);
    return Owner{new (::operator new(bytes)) Block{children, std::move(shown)}};
  }

  /// The next struct, the root first.
  Entry& add() { return *new (entries() + added_++) Entry{}; }
  /// Places for the pointers of a node to its children, side by side.
  Node** reserve_children(Node& node, std::size_t count) {
    if (count == 0) return nullptr;
    node.n_children = static_cast<std::int64_t>(count);
    node.children = reinterpret_cast<Node**>(entries() + capacity_) + reserved_;
    reserved_ += count;
    return node.children;
  }
  [[nodiscard]] const Node& root() const { return entries()->node; }

  std::atomic<std::size_t> unreleased;
  Shown shown;

 private:
  Block(std::size_t children, Shown what)
      : unreleased{children + 1}, shown{std::move(what)}, capacity_{children + 1} {}
  ~Block() = default;

  Entry* entries() { return reinterpret_cast<Entry*>(this + 1); }
  [[nodiscard]] const Entry* entries() const { return reinterpret_cast<const Entry*>(this + 1); }

  const std::size_t capacity_;
  std::size_t added_ = 0, reserved_ = 0;
};

struct ArrayExtra {
  const void* buffers[3] = {};
};
struct SchemaExtra {};

using ArrayBlock = Block<ArrowArray, ArrayExtra, Columns>;
using SchemaBlock = Block<ArrowSchema, SchemaExtra, std::shared_ptr<Schema>>;

// Marks a node and all of its children that are still here as released, and counts them.
template <class Node>
std::size_t mark_released(Node& node) {
  std::size_t count = 1;
  for (std::int64_t i = 0; i < node.n_children; ++i) {
    // A child that was moved out is somebody else's now.
    if (node.children[i]->release != nullptr) count += mark_released(*node.children[i]);
  }
  node.release = nullptr;
  return count;
}

template <class Node, class AnyBlock>
void release_node(Node* node) {
  auto* block = static_cast<AnyBlock*>(node->private_data);
  const std::size_t count = mark_released(*node);
  if (block->unreleased.fetch_sub(count, std::memory_order_acq_rel) == count) {
    const typename AnyBlock::Owner last{block};
  }
}

std::size_t count_nodes(const Schema& fields) {
  std::size_t count = fields.size();
  for (const auto& field : fields) count += count_nodes(field.children);
  return count;
}

ArrayBlock::Entry& add_array(ArrayBlock& block, std::int64_t length, std::int64_t offset,
                             const Columns& children) {
  auto& entry = block.add();
  entry.node.length = length;
  entry.node.offset = offset;
  entry.node.n_buffers = buffer_count(Type::Struct);
  entry.node.buffers = entry.extra.buffers;
  entry.node.release = release_node<ArrowArray, ArrayBlock>;
  entry.node.private_data = &block;
  ArrowArray** places = block.reserve_children(entry.node, children.size());
  for (std::size_t i = 0; i < children.size(); ++i) {
    const Array& child = *children[i];
    auto& made = add_array(block, child.length, child.offset, child.children);
    made.node.null_count = child.validity != nullptr ? -1 : 0;
    made.node.n_buffers = buffer_count(child.type);
    made.extra.buffers[0] = child.validity;
    made.extra.buffers[1] = child.values;
    made.extra.buffers[2] = child.bytes;
    places[i] = &made.node;
  }
  return entry;
}

ArrowSchema* add_schema(SchemaBlock& block, const char* format, const char* name,
                        const Schema& children) {
  auto& entry = block.add();
  entry.node.format = format;
  entry.node.name = name;
  entry.node.release = release_node<ArrowSchema, SchemaBlock>;
  entry.node.private_data = &block;
  ArrowSchema** places = block.reserve_children(entry.node, children.size());
  for (std::size_t i = 0; i < children.size(); ++i) {
    const Field& child = children[i];
    places[i] = add_schema(block, format_of(child.type), child.name.c_str(), child.children);
    places[i]->flags = ARROW_FLAG_NULLABLE;
  }
  return &entry.node;
}

// Whether the children of a node are those that add_array() made of the columns.
bool shows(const ArrowArray& node, const Columns& children) {
  if (node.n_children != std::ssize(children) || node.dictionary != nullptr) return false;
  for (std::size_t i = 0; i < children.size(); ++i) {
    const Array& child = *children[i];
    const ArrowArray& shown = *node.children[i];
    const bool has_bytes = shown.n_buffers > 2;
    if (shown.release != release_node<ArrowArray, ArrayBlock> || shown.length != child.length ||
        shown.offset != child.offset || shown.n_buffers != buffer_count(child.type) ||
        shown.null_count != (child.validity != nullptr ? -1 : 0) ||
        shown.buffers[0] != child.validity ||
        (shown.n_buffers > 1 && shown.buffers[1] != child.values) ||
        (has_bytes && shown.buffers[2] != child.bytes) || !shows(shown, child.children)) {
      return false;
    }
  }
  return true;
}

bool shows(const ArrowSchema& node, const Schema& children) {
  if (node.n_children != std::ssize(children) || node.dictionary != nullptr) return false;
  for (std::size_t i = 0; i < children.size(); ++i) {
    const Field& child = children[i];
    const ArrowSchema& shown = *node.children[i];
    if (shown.release != release_node<ArrowSchema, SchemaBlock> ||
        shown.format != format_of(child.type) || shown.name != child.name.c_str() ||
        !shows(shown, child.children)) {
      return false;
    }
  }
  return true;
}

}  // namespace

void export_table(Table table, ArrowArray& array, ArrowSchema& schema) {
  const std::size_t nodes = count_nodes(*table.schema);
  auto arrays = ArrayBlock::make(nodes, std::move(table.columns));
  auto schemas = SchemaBlock::make(nodes, std::move(table.schema));
  array = add_array(*arrays, table.rows, 0, arrays->shown).node;
  schema = *add_schema(*schemas, format_of(Type::Struct), "", *schemas->shown);
  // The root has moved to the caller, and the blocks belong to the two structs from here on.
  static_cast<void>(arrays.release());
  static_cast<void>(schemas.release());
}

std::optional<Table> exported_table(const ArrowArray& array, const ArrowSchema& schema) {
  if (array.release != release_node<ArrowArray, ArrayBlock> ||
      schema.release != release_node<ArrowSchema, SchemaBlock>) {
    return std::nullopt;
  }
  const auto& arrays = *static_cast<const ArrayBlock*>(array.private_data);
  const auto& schemas = *static_cast<const SchemaBlock*>(schema.private_data);
  // A child that was moved out and put in as a root is ours too, but it is not the root of a table.
  const ArrowArray& made = arrays.root();
  const bool is_root = array.children == made.children && array.buffers == made.buffers &&
                       array.length == made.length && array.offset == 0 &&
                       array.null_count == made.null_count && array.n_buffers == made.n_buffers &&
                       schema.children == schemas.root().children &&
                       schema.format == schemas.root().format;
  if (!is_root || !shows(array, arrays.shown) || !shows(schema, *schemas.shown)) {
    return std::nullopt;
  }
  return Table{schemas.shown, arrays.shown, array.length};
}

const Columns* exported_columns(const ArrowArray& array) {
  if (array.release != release_node<ArrowArray, ArrayBlock>) return nullptr;
  const auto& block = *static_cast<const ArrayBlock*>(array.private_data);
  const ArrowArray& made = block.root();
  const bool is_root = array.children == made.children && array.buffers == made.buffers &&
                       array.length == made.length && array.offset == 0;
  return is_root ? &block.shown : nullptr;
}

}  // namespace millrace::detail
