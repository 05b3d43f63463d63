#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/output/thumbnail.hpp"

namespace millrace::sheet {

/// One picture on the page.
struct Tile {
  bool is_source = false;
  std::string name;                // file name
  std::vector<std::string> steps;  // operations that made it: "rotate/16.2016"
  std::string label;               // raw JSON of its labels; empty: none
  std::optional<Thumbnail> picture;
  std::string missing;  // why there is no picture
};

/// A source picture and what was made of it.
struct Group {
  std::string name, address;
  std::vector<std::pair<std::string, std::string>> classes;  // its classifications
  std::vector<Tile> tiles;
};

/// What stands above the groups.
struct Heading {
  std::string title;
  std::vector<std::string> facts;                               // "12 pictures of 4 sources"
  std::vector<std::pair<std::string, std::size_t>> operations;  // and how often each was applied
  std::vector<std::pair<std::string, std::size_t>>
      boxes;  // classes of boxes, and how many there are
  int columns = 5;
};

/// Writes the page in three parts, so that no more than one group is in memory. One HTML file
/// without anything from elsewhere: styles within, pictures as data: addresses, boxes as SVG above
/// them; light and dark by the reader's setting.
class Page {
 public:
  explicit Page(Heading heading) : heading_{std::move(heading)} {}
  [[nodiscard]] std::string head() const;
  [[nodiscard]] std::string group(const Group& group) const;
  [[nodiscard]] std::string foot() const;

 private:
  [[nodiscard]] std::string tile(const Group& group, const Tile& tile, std::size_t number) const;
  [[nodiscard]] std::string overlay(const Tile& tile) const;
  [[nodiscard]] std::string_view colour(std::string_view box_class) const;

  Heading heading_;
};

}  // namespace millrace::sheet
