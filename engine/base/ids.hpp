#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace millrace {

/// A number that is the id of one kind of thing; ids of two kinds do not mix.
template <class Tag>
struct Id {
  std::int64_t value = 0;  // 0: none; the catalog's numbers begin at 1
  auto operator<=>(const Id&) const = default;
  explicit operator bool() const { return value != 0; }
};

using JobId = Id<struct JobTag>;
using NodeId = Id<struct NodeTag>;  // place in Graph::nodes() or Plan::nodes(), from 0

}  // namespace millrace

template <class Tag>
struct std::hash<millrace::Id<Tag>> {
  std::size_t operator()(millrace::Id<Tag> id) const noexcept {
    return std::hash<std::int64_t>{}(id.value);
  }
};
