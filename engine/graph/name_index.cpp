#include "engine/graph/name_index.hpp"

#include <bit>
#include <functional>

namespace millrace {
namespace {

std::uint64_t hash_of(std::string_view name) { return std::hash<std::string_view>{}(name); }

std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

NameIndex::NameIndex(std::size_t names) : slots_(std::bit_ceil(2 * names + 2)) {
  names_.reserve(names);
  places_.reserve(names);
}

std::size_t NameIndex::slot_of(std::string_view name, std::uint64_t hash) const {
  const auto mask = slots_.size() - 1;
  const auto tag = tag_of(hash);
  auto slot = static_cast<std::size_t>(hash) & mask;
  while (slots_[slot].entry != kNone &&
         (slots_[slot].tag != tag || names_[slots_[slot].entry] != name)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

std::uint32_t NameIndex::add(std::string_view name, std::uint32_t place) {
  const auto hash = hash_of(name);
  auto& slot = slots_[slot_of(name, hash)];
  if (slot.entry != kNone) return places_[slot.entry];
  slot = {tag_of(hash), static_cast<std::uint32_t>(names_.size())};
  names_.push_back(name);
  places_.push_back(place);
  return kNone;
}

std::uint32_t NameIndex::find(std::string_view name) const {
  const auto& slot = slots_[slot_of(name, hash_of(name))];
  return slot.entry == kNone ? kNone : places_[slot.entry];
}

}  // namespace millrace
