// Arrow data from outside: it is checked here, once, and trusted everywhere else.
#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include <millrace/context.hpp>

#include "arrow.hpp"

namespace millrace::detail {

namespace {

// Arrays that wait for the release that this thread is in.
struct Waiting {
  ArrowArray array;
  Waiting* next;
};
thread_local bool is_releasing = false;
thread_local Waiting* first_waiting = nullptr;

// Counts the arrays of a tree; 0 when one of them has another owner.
std::int64_t count_sole(const std::shared_ptr<const Array>& array) {
  if (array.use_count() != 1) return 0;
  std::int64_t count = 1;
  for (const auto& child : array->children) {
    const auto below = count_sole(child);
    if (below == 0) return 0;
    count += below;
  }
  return count;
}

struct Format {
  std::string_view text;
  Type type;
};
constexpr std::array kFormats = {Format{"b", Type::Bool},    Format{"i", Type::Int32},
                                 Format{"l", Type::Int64},   Format{"f", Type::Float32},
                                 Format{"g", Type::Float64}, Format{"u", Type::Utf8},
                                 Format{"z", Type::Binary},  Format{"tsu:UTC", Type::Timestamp},
                                 Format{"+l", Type::List},   Format{"+s", Type::Struct}};

class Importer {
 public:
  explicit Importer(bool check_text) : check_text_{check_text} {}

  ImportedTable run(ArrowArray& array, const ArrowSchema& schema) {
    if (array.release == nullptr || schema.release == nullptr) fail("was released already");
    if (schema.format == nullptr || std::strcmp(schema.format, "+s") != 0) {
      fail("is not a struct array (\"+s\")");
    }
    ImportedTable table;
    table.rows = array.length;
    table.schema = std::make_shared<Schema>(members(schema));
    check_node(array, Type::Struct, std::ssize(*table.schema));
    if (has_nulls(array, 0, array.length)) fail("has rows that are null as a whole");
    table.foreign = std::make_shared<ForeignArray>();
    owner_ = table.foreign;
    table.columns.reserve(table.schema->size());
    for (std::size_t i = 0; i < table.schema->size(); ++i) {
      auto column = node(*array.children[i], (*table.schema)[i], array.offset, array.length);
      column->offset += array.offset;
      column->length = array.length;
      table.columns.push_back(std::move(column));
    }
    table.foreign->array = std::exchange(array, ArrowArray{});  // nothing can fail from here on
    return table;
  }

  void check_texts(const Array& array, const Field& field, std::int64_t begin, std::int64_t count) {
    const Scope scope{*this, field.name};
    switch (field.type) {
      case Type::Utf8:
        for (std::int64_t at = begin; at < begin + count; ++at) {
          if (array.validity != nullptr && !load_bit(array.validity, at)) continue;
          const auto text = load_value<std::string_view>(array, at);
          if (valid_utf8_prefix(text) != text.size()) {
            fail("has text that is not UTF-8, in row " + std::to_string(at - begin));
          }
        }
        break;
      case Type::List:
        if (count > 0) {
          const Array& items = *array.children[0];
          const std::int64_t first = load<std::int32_t>(array.values, begin);
          const std::int64_t last = load<std::int32_t>(array.values, begin + count);
          check_texts(items, field.children[0], items.offset + first, last - first);
        }
        break;
      case Type::Struct:
        for (std::size_t i = 0; i < field.children.size(); ++i) {
          check_texts(*array.children[i], field.children[i], array.children[i]->offset + begin,
                      count);
        }
        break;
      default:
        break;
    }
  }

 private:
  // Where in the tree we are, for messages.
  struct Scope {
    Scope(Importer& importer, std::string_view name) : path{importer.path_} {
      path.push_back(name);
    }
    ~Scope() { path.pop_back(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    std::vector<std::string_view>& path;
  };

  [[noreturn]] void fail(const std::string& what) const {
    std::string message = "batch is malformed: ";
    if (path_.empty()) {
      message += "it";
    } else {
      message += "column '";
      for (std::size_t i = 0; i < path_.size(); ++i) {
        if (i != 0) message += '.';
        message += path_[i];
      }
      message += '\'';
    }
    throw Failure{MR_DATA_INVALID, message + " " + what};
  }

  std::vector<Field> members(const ArrowSchema& schema) {
    if (schema.n_children < 0 || schema.n_children > kMaxFields - field_count_) {
      fail("has too many children: " + std::to_string(schema.n_children));
    }
    if (schema.n_children > 0 && schema.children == nullptr) fail("has no children array");
    field_count_ += schema.n_children;
    std::vector<Field> fields;
    fields.reserve(static_cast<std::size_t>(schema.n_children));
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
      if (schema.children[i] == nullptr) fail("has a child that is null");
      if (schema.children[i]->release == nullptr) fail("has a child whose schema was released");
      fields.push_back(field(*schema.children[i]));
    }
    check_names(fields);
    return fields;
  }

  Field field(const ArrowSchema& schema) {
    const std::string_view name = schema.name != nullptr ? schema.name : "";
    const Scope scope{*this, name};
    if (path_.size() > kMaxDepth) fail("is nested too deep");
    if (schema.format == nullptr) fail("has no format");
    if (schema.dictionary != nullptr) fail("is dictionary encoded, which is not supported");
    const auto* known = std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& format) {
      return format.text == schema.format;
    });
    if (known == kFormats.end())
      fail("has an unsupported format: \"" + std::string{schema.format} + "\"");
    if (check_text_ && valid_utf8_prefix(name) != name.size()) fail("has a name that is not UTF-8");
    Field made{std::string{name}, known->type};
    if (known->type == Type::List && schema.n_children != 1)
      fail("is a list without exactly one child");
    if (known->type == Type::List || known->type == Type::Struct) {
      made.children = members(schema);
      if (known->type == Type::List) made.children[0].name = kItemName;
    } else if (schema.n_children != 0) {
      fail("has children, which its type does not");
    }
    return made;
  }

  // Names are how columns are found, so two of one name would hide one of them.
  void check_names(const std::vector<Field>& fields) const {
    std::vector<std::string_view> names;
    names.reserve(fields.size());
    for (const auto& field : fields) names.push_back(field.name);
    std::sort(names.begin(), names.end());
    const auto twin = std::adjacent_find(names.begin(), names.end());
    if (twin != names.end()) fail("has two children named '" + std::string{*twin} + "'");
  }

  void check_node(const ArrowArray& array, Type type, std::int64_t child_count) const {
    if (array.dictionary != nullptr) fail("is dictionary encoded, which is not supported");
    if (array.length < 0 || array.length > kMaxLength)
      fail("has an impossible length: " + std::to_string(array.length));
    if (array.offset < 0 || array.offset > kMaxLength)
      fail("has an impossible offset: " + std::to_string(array.offset));
    if (array.null_count < -1 || array.null_count > array.length) {
      fail("has an impossible null count: " + std::to_string(array.null_count));
    }
    if (array.n_buffers != buffer_count(type)) {
      fail("has " + std::to_string(array.n_buffers) + " buffers, its type has " +
           std::to_string(buffer_count(type)));
    }
    if (array.buffers == nullptr) fail("has no buffers array");
    if (array.null_count > 0 && array.buffers[0] == nullptr)
      fail("has nulls but no validity bitmap");
    if (array.n_children != child_count) {
      fail("has " + std::to_string(array.n_children) + " children, its schema " +
           std::to_string(child_count));
    }
    if (child_count > 0 && array.children == nullptr) fail("has no children array");
    for (std::int64_t i = 0; i < child_count; ++i) {
      if (array.children[i] == nullptr) fail("has a child that is null");
      if (array.children[i]->release == nullptr) fail("has a child that was released");
    }
  }

  // Whether one of the rows [begin, begin + count) is null.
  bool has_nulls(const ArrowArray& array, std::int64_t begin, std::int64_t count) const {
    const auto* bits = static_cast<const char*>(array.buffers[0]);
    if (bits == nullptr || count == 0) return false;
    const std::int64_t nulls = count - count_ones(bits, array.offset + begin, count);
    const bool is_whole = begin == 0 && count == array.length;
    if (array.null_count >= 0 &&
        (is_whole ? nulls != array.null_count : nulls > array.null_count)) {
      fail("has a null count of " + std::to_string(array.null_count) + " and " +
           std::to_string(nulls) + " nulls");
    }
    return nulls > 0;
  }

  // Checks what the rows [begin, begin + count) use, which is all that can be reached from the rows
  // of the batch.
  std::shared_ptr<Array> node(const ArrowArray& array, const Field& field, std::int64_t begin,
                              std::int64_t count) {
    const Scope scope{*this, field.name};
    check_node(array, field.type, std::ssize(field.children));
    if (begin + count > array.length) {
      fail("has " + std::to_string(array.length) + " rows where " + std::to_string(begin + count) +
           " are needed");
    }
    auto made = std::make_shared<Array>();
    made->type = field.type;
    made->length = array.length;
    made->offset = array.offset;
    made->owner = owner_;
    if (has_nulls(array, begin, count)) made->validity = static_cast<const char*>(array.buffers[0]);
    if (field.type != Type::Struct) {
      made->values = static_cast<const char*>(array.buffers[1]);
      if (made->values == nullptr && count > 0) fail("has no values");
    }
    const std::int64_t position = array.offset + begin;
    if (field.type == Type::Utf8 || field.type == Type::Binary) {
      made->bytes = static_cast<const char*>(array.buffers[2]);
      const auto [first, last] = check_offsets(*made, position, count);
      if (made->bytes == nullptr && last > first) fail("has no bytes");
      if (check_text_) check_texts_here(*made, field, position, count);
    } else if (field.type == Type::List) {
      const auto [first, last] = check_offsets(*made, position, count);
      made->children.push_back(node(*array.children[0], field.children[0], first, last - first));
    } else if (field.type == Type::Struct) {
      for (std::size_t i = 0; i < field.children.size(); ++i) {
        made->children.push_back(node(*array.children[i], field.children[i], position, count));
      }
    }
    return made;
  }

  void check_texts_here(const Array& array, const Field& field, std::int64_t begin,
                        std::int64_t count) {
    path_.pop_back();  // check_texts() enters the field itself
    check_texts(array, field, begin, count);
    path_.push_back(field.name);
  }

  // Returns the first and the last offset of the rows at [position, position + count).
  std::pair<std::int64_t, std::int64_t> check_offsets(const Array& array, std::int64_t position,
                                                      std::int64_t count) const {
    if (count == 0) return {0, 0};
    const char* offsets = array.values + position * 4;
    unsigned is_falling = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      is_falling |= static_cast<unsigned>(load<std::int32_t>(offsets, i + 1) <
                                          load<std::int32_t>(offsets, i));
    }
    const auto first = load<std::int32_t>(offsets, 0);
    if (first < 0 || is_falling != 0) fail("has offsets that are negative or fall");
    return {first, load<std::int32_t>(offsets, count)};
  }

  bool check_text_;
  std::int64_t field_count_ = 0;
  std::vector<std::string_view> path_;
  std::shared_ptr<const void> owner_;
};

}  // namespace

// A batch that many operators changed in turn is owned through as many exports. Were they released
// one inside the other, the stack would be as deep; so the outermost release works off the others.
ForeignArray::~ForeignArray() {
  if (array.release == nullptr) return;
  if (is_releasing) {
    std::unique_ptr<Waiting> waiting{new (std::nothrow) Waiting{array, first_waiting}};
    if (waiting) {
      first_waiting = waiting.release();
    } else {
      array.release(&array);
    }
    return;
  }
  is_releasing = true;
  array.release(&array);
  while (first_waiting != nullptr) {
    const std::unique_ptr<Waiting> waiting{first_waiting};
    first_waiting = waiting->next;
    waiting->array.release(&waiting->array);
  }
  is_releasing = false;
}

ImportedTable import_table(ArrowArray& array, const ArrowSchema& schema, bool check_text) {
  return Importer{check_text}.run(array, schema);
}

// Whoever else sees the memory holds one of the arrays, or a copy of one, which counts as an owner
// of the foreign array; and who holds a copy of a parent holds its children. So the arrays are
// looked at first: between the two looks nobody gets from a copy back to an array.
bool are_sole_owners(const Columns& columns, const std::shared_ptr<ForeignArray>& foreign) {
  std::int64_t arrays = 0;
  for (const auto& column : columns) {
    const auto count = count_sole(column);
    if (count == 0) return false;
    arrays += count;
  }
  return foreign.use_count() == arrays + 1;
}

void check_text(const Schema& schema, const Columns& columns) {
  Importer importer{true};
  for (std::size_t i = 0; i < schema.size(); ++i) {
    importer.check_texts(*columns[i], schema[i], columns[i]->offset, columns[i]->length);
  }
}

}  // namespace millrace::detail
