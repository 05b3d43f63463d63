#include "engine/catalog/part.hpp"

#include <algorithm>
#include <cassert>

namespace millrace {

// One declaration and one element for each file in parts/, written by the build.
#define MR_PART(name) CatalogPart part_##name();
#include "millrace_catalog_parts.inc"
#undef MR_PART

std::vector<CatalogPart> in_order(std::vector<CatalogPart> parts) {
  std::sort(parts.begin(), parts.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  std::vector<CatalogPart> ordered;
  ordered.reserve(parts.size());
  const auto stands = [&ordered](std::string_view name) {
    return std::any_of(ordered.begin(), ordered.end(),
                       [&](const auto& part) { return part.name == name; });
  };
  while (!parts.empty()) {
    const auto next = std::find_if(parts.begin(), parts.end(), [&](const auto& part) {
      return std::all_of(part.after.begin(), part.after.end(), stands);
    });
    assert(next != parts.end() && "parts of the catalog come after one another in a circle");
    if (next == parts.end()) break;
    ordered.push_back(std::move(*next));
    parts.erase(next);
  }
  return ordered;
}

const std::vector<CatalogPart>& catalog_parts() {
  static const std::vector<CatalogPart> parts = in_order({
#define MR_PART(name) part_##name(),
#include "millrace_catalog_parts.inc"
#undef MR_PART
  });
  return parts;
}

const Entity* find_entity(std::string_view name) {
  for (const CatalogPart& part : catalog_parts()) {
    for (const Entity& entity : part.entities) {
      if (entity.name == name) return &entity;
    }
  }
  return nullptr;
}

bool is_changeable(const Entity& entity) {
  return std::any_of(entity.columns.begin(), entity.columns.end(),
                     [](const EntityColumn& column) { return column.rules.is_writable; });
}

std::vector<Reference> references_to(const Entity& entity) {
  std::vector<Reference> found;
  for (const CatalogPart& part : catalog_parts()) {
    for (const Entity& other : part.entities) {
      for (const EntityColumn& column : other.columns) {
        if (column.rules.references == entity.name) found.push_back({&other, &column});
      }
    }
  }
  return found;
}

}  // namespace millrace
