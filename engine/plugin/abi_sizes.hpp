#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <millrace/abi.h>

namespace millrace {

/// Size of each struct that crosses the border as its first version was: the least that the other
/// side may give. It is never the size of today, since the first field appended would then shut out
/// every plugin built before. Each crossing goes through the functions below, so nothing else in
/// the engine compares a struct_size.
template <class Struct>
inline constexpr std::size_t kFirstSize = 0;

#define MR_END_OF(type, field) (offsetof(type, field) + sizeof(type::field))
template <>
inline constexpr std::size_t kFirstSize<mr_where> = MR_END_OF(mr_where, sequence);
template <>
inline constexpr std::size_t kFirstSize<mr_record_event> = MR_END_OF(mr_record_event, op);
template <>
inline constexpr std::size_t kFirstSize<mr_object_info> = MR_END_OF(mr_object_info, modified_us);
template <>
inline constexpr std::size_t kFirstSize<mr_connection> = MR_END_OF(mr_connection, password);
template <>
inline constexpr std::size_t kFirstSize<mr_operator> = MR_END_OF(mr_operator, restore);
template <>
inline constexpr std::size_t kFirstSize<mr_plugin> = MR_END_OF(mr_plugin, operators);
#undef MR_END_OF

/// Whether a struct of the other side is there and has all that the first version has.
template <class Struct>
bool is_whole(const Struct* given) {
  static_assert(kFirstSize<Struct> > 0, "the first size of this struct is not written down");
  return given != nullptr && given->struct_size >= kFirstSize<Struct>;
}

/// Returns what the other side made, as far as both know it; later fields are zero. `given` is
/// whole.
template <class Struct>
Struct read_known(const Struct& given) {
  Struct known{};
  const auto size = std::min<std::size_t>(given.struct_size, sizeof(Struct));
  std::memcpy(static_cast<void*>(&known), &given, size);
  known.struct_size = static_cast<std::uint32_t>(size);
  return known;
}

/// Fills a struct of the other side as far as both know it, and says in it how far that is. `given`
/// is whole.
template <class Struct>
void write_known(const Struct& made, Struct& given) {
  const auto size = std::min<std::size_t>(given.struct_size, sizeof(Struct));
  std::memcpy(static_cast<void*>(&given), &made, size);
  given.struct_size = static_cast<std::uint32_t>(size);
}

}  // namespace millrace
