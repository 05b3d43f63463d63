// Arrow data from a plugin that means harm. The bytes are a script that builds an ArrowArray and an
// ArrowSchema whose buffers have exactly the sizes that they declare, and then damages them. Batch
// must refuse the pair with DataInvalid, or read it as an independent reader does, whatever is made
// of it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>

#include "tests/sdk/arrow_walker.hpp"
#include "tests/sdk/foreign_arrow.hpp"

namespace {

using namespace millrace;
using namespace millrace::sdk_test;

constexpr int kMaxNodes = 64;

// The script: bytes in order, zeros after the last.
class Script {
 public:
  explicit Script(std::span<const std::uint8_t> bytes) : bytes_{bytes} {}
  std::uint8_t next() {
    if (at_ == bytes_.size()) return 0;
    return bytes_[at_++];
  }
  std::int64_t next(int limit) { return next() % limit; }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

class Maker {
 public:
  explicit Maker(Script& script) : script_{script} {}

  ForeignNode root() {
    ForeignNode node{"+s", "", script_.next(24), 0, 0, {std::nullopt}, {}};
    node.offset = script_.next(4);
    if (script_.next() == 255) node.format = "l";
    shape_nulls(node);
    add_members(node, 1);
    return node;
  }

 private:
  static constexpr const char* kFormats[] = {"b", "i", "l",       "f",  "g",
                                             "u", "z", "tsu:UTC", "+l", "+s"};

  // A node that has at least `needed` rows, most of the time.
  ForeignNode node(std::int64_t needed, int depth) {
    ++count_;
    const auto kind = script_.next(static_cast<int>(std::size(kFormats)) + 1);
    ForeignNode made;
    made.format = kind < std::ssize(kFormats)
                      ? kFormats[kind]
                      : std::string(1 + script_.next(3), static_cast<char>(script_.next()));
    made.name = std::string(1, static_cast<char>('a' + script_.next(26)));
    const auto surplus = script_.next(16);
    made.length = std::max<std::int64_t>(0, needed + (surplus < 14 ? surplus % 3 : -1));
    made.offset = script_.next(5);
    shape_nulls(made);
    const std::int64_t rows = made.offset + made.length;
    if (made.format == "b") {
      made.buffers.push_back(bytes((rows + 7) / 8));
    } else if (made.format == "u" || made.format == "z") {
      made.buffers.push_back({});
      const auto last = offsets(made.buffers.back(), rows);
      made.buffers.push_back(bytes(last));
    } else if (made.format == "+l") {
      made.buffers.push_back({});
      const auto last = offsets(made.buffers.back(), rows);
      if (count_ < kMaxNodes) made.children.push_back(node(last, depth + 1));
    } else if (made.format == "+s") {
      add_members(made, depth + 1);
    } else {
      made.buffers.push_back(bytes(rows * (made.format == "i" || made.format == "f" ? 4 : 8)));
    }
    return made;
  }

  void add_members(ForeignNode& parent, int depth) {
    const auto members = script_.next(depth > 1 ? 3 : 8);
    for (std::int64_t i = 0; i < members && count_ < kMaxNodes; ++i) {
      parent.children.push_back(node(parent.offset + parent.length, depth));
    }
  }

  void shape_nulls(ForeignNode& made) {
    made.buffers.clear();
    const auto rows = made.offset + made.length;
    const auto choice = script_.next(8);
    if (choice < 3) {
      made.buffers.push_back(std::nullopt);
      made.null_count = choice == 2 ? -1 : 0;
      return;
    }
    made.buffers.push_back(bytes((rows + 7) / 8));
    made.null_count = -1;
    if (choice == 3) made.null_count = script_.next(32) - 2;
    if (choice == 4) {  // the true count
      made.null_count = 0;
      for (auto row = made.offset; row < rows; ++row) {
        const auto byte =
            std::to_integer<unsigned>((*made.buffers[0])[static_cast<std::size_t>(row / 8)]);
        made.null_count += ((byte >> (row % 8)) & 1U) == 0;
      }
    }
  }

  Buffer bytes(std::int64_t size) {
    std::vector<std::byte> made(static_cast<std::size_t>(size));
    for (auto& byte : made) byte = std::byte{script_.next()};
    return made;
  }

  // Makes offsets of small steps, some of them back; returns the highest, to which what they point
  // into reaches.
  std::int64_t offsets(Buffer& buffer, std::int64_t rows) {
    std::vector<std::byte> made(static_cast<std::size_t>(rows + 1) * sizeof(std::int32_t));
    std::int32_t value = script_.next() == 255 ? -1 : static_cast<std::int32_t>(script_.next(4));
    std::int64_t highest = 0;
    for (std::int64_t i = 0; i <= rows; ++i) {
      std::memcpy(made.data() + static_cast<std::size_t>(i) * sizeof value, &value, sizeof value);
      highest = std::max<std::int64_t>(highest, value);
      const auto step = script_.next();
      value += step == 255 ? -1 : step % 5;
    }
    buffer = std::move(made);
    return highest;
  }

  Script& script_;
  int count_ = 0;
};

void collect(ArrowArray& array, ArrowSchema& schema,
             std::vector<std::pair<ArrowArray*, ArrowSchema*>>& all) {
  all.emplace_back(&array, &schema);
  for (std::int64_t i = 0; i < array.n_children; ++i)
    collect(*array.children[i], *schema.children[i], all);
}

// Breaks the promises of the structs. Sizes only shrink or become impossible: what they could be is
// not told by Arrow.
void damage(ForeignPair& pair, Script& script) {
  std::vector<std::pair<ArrowArray*, ArrowSchema*>> all;
  collect(pair.array, pair.schema, all);
  static ArrowArray some_array{};
  static ArrowSchema some_schema{};
  for (auto times = script.next(4); times > 0; --times) {
    auto [array, schema] = all[static_cast<std::size_t>(script.next(static_cast<int>(all.size())))];
    if (array->release == nullptr || schema->release == nullptr) continue;
    const bool has_children =
        array->n_children > 0 && array->children != nullptr && schema->children != nullptr;
    const auto child = has_children ? script.next(static_cast<int>(array->n_children)) : -1;
    switch (script.next(20)) {
      case 0:
        array->length = -1 - script.next();
        break;
      case 1:
        array->length = INT64_MAX - script.next();
        break;
      case 2:
        array->offset = -1 - script.next();
        break;
      case 3:
        array->offset = INT64_MAX - script.next();
        break;
      case 4:
        array->length = std::max<std::int64_t>(0, array->length - 1);
        break;
      case 5:
        array->null_count = script.next() - 3;
        break;
      case 6:
        array->n_buffers = script.next(6);
        return;  // the buffers themselves are as many as before
      case 7:
        array->buffers = nullptr;
        break;
      case 8:
        if (array->buffers != nullptr && array->n_buffers > 0) array->buffers[0] = nullptr;
        break;
      case 9:
        if (array->buffers != nullptr && array->n_buffers == 2) array->buffers[1] = nullptr;
        break;
      case 10:
        array->n_children = array->n_children > 0 ? array->n_children - 1 : -1;
        break;
      case 11:
        schema->n_children = schema->n_children > 0 ? schema->n_children - 1 : -1;
        break;
      case 12:
        if (child >= 0) array->children[child] = nullptr;
        break;
      case 13:
        if (child >= 0) schema->children[child] = nullptr;
        break;
      case 14:
        array->children = nullptr;
        array->n_children = script.next(3);
        break;
      case 15:
        schema->format = nullptr;
        break;
      case 16:
        schema->name = script.next(2) == 0 ? nullptr : "\xC3(\xFF";
        break;
      case 17:
        array->dictionary = &some_array;
        break;
      case 18:
        schema->dictionary = &some_schema;
        break;
      default:
        if (array != &pair.array) {
          script.next(2) == 0 ? array->release(array) : schema->release(schema);
        }
        return;  // what lies below a released node is gone
    }
  }
}

ForeignPair build(std::span<const std::uint8_t> bytes) {
  Script script{bytes};
  ForeignPair pair = make_pair(Maker{script}.root());
  damage(pair, script);
  return pair;
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

std::string rows_of(Batch batch) {
  ArrowArray array{};
  ArrowSchema schema{};
  std::move(batch).export_to(&array, &schema);
  std::string rows = walk(array, schema);
  array.release(&array);
  schema.release(&schema);
  return rows;
}

template <class T>
std::size_t touch(const Batch& batch, std::string_view name) {
  const auto column = batch.column<T>(name);
  std::size_t sum = 0;
  for (std::int64_t row = 0; row < column.size(); ++row) {
    const auto value = column[row];
    if constexpr (std::is_same_v<T, std::string_view>) {
      if (value) sum += static_cast<std::size_t>(std::count(value->begin(), value->end(), 'x'));
    } else {
      if (value) sum += value != T{};
    }
  }
  return sum;
}

std::size_t touch_all(const Batch& batch) {
  std::size_t sum = batch.size_bytes();
  for (const auto& field : batch.schema()) {
    switch (field.type) {
      case Type::Bool:
        sum += touch<bool>(batch, field.name);
        break;
      case Type::Int32:
        sum += touch<std::int32_t>(batch, field.name);
        break;
      case Type::Int64:
      case Type::Timestamp:
        sum += touch<std::int64_t>(batch, field.name);
        break;
      case Type::Float32:
      case Type::Float64:
        sum += touch<double>(batch, field.name);
        break;
      case Type::Utf8:
      case Type::Binary:
        sum += touch<std::string_view>(batch, field.name);
        break;
      case Type::List:
        for (std::int64_t row = 0; row < batch.rows(); ++row) {
          const auto [first, last] = batch.list_range(field.name, row);
          require(0 <= first && first <= last && last <= batch.child(field.name).rows(),
                  "a range of a list");
        }
        sum += touch_all(batch.child(field.name));
        break;
      case Type::Struct:
        sum += touch_all(batch.child(field.name));
        break;
    }
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes{data, size};
  ForeignPair pair = build(bytes);
  const Batch batch = Batch::import(&pair.array, &pair.schema);
  try {
    (void)batch.schema();
  } catch (const Failure& failure) {
    require(failure.code() == MR_DATA_INVALID, "the code of a refusal");
    return 0;
  }
  try {
    batch.validate();
  } catch (const Failure& failure) {
    require(failure.code() == MR_DATA_INVALID, "the code of a refusal of text");
  }

  // Accepted: nothing fails from here on, and the independent reader of the same script agrees.
  ForeignPair twin = build(bytes);
  const std::string rows = walk(twin.array, twin.schema);
  if (twin.array.release != nullptr) twin.array.release(&twin.array);
  if (twin.schema.release != nullptr) twin.schema.release(&twin.schema);
  require(rows_of(batch.share()) == rows, "rows after import and export");
  static_cast<void>(touch_all(batch));

  std::vector<std::int64_t> all;
  for (std::int64_t row = 0; row < batch.rows(); ++row) all.push_back(row);
  require(rows_of(batch.take(all)) == rows, "rows taken one by one");
  std::vector<Batch> halves;
  const std::int64_t half = batch.rows() / 2;
  halves.push_back(batch.slice(0, half));
  halves.push_back(batch.slice(half, batch.rows() - half));
  static_cast<void>(touch_all(halves[1]));
  require(rows_of(Batch::concat(std::move(halves))) == rows, "rows cut in two and joined");
  return 0;
}
