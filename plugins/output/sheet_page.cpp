#include "plugins/output/sheet_page.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>

#include "plugins/output/sheet_style.hpp"
#include "plugins/records/labels.hpp"

namespace millrace::sheet {

namespace {

// Colours that stand out on photographs and from one another; more classes take them again.
constexpr std::array<std::string_view, 8> kColours{"#ff4d6d", "#ffd166", "#06d6a0", "#4cc9f0",
                                                   "#c77dff", "#ff9f1c", "#b5f44a", "#f78fd6"};

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const bool is_padding = i + k > bytes.size();
      out += is_padding ? '=' : kDigits[(group >> (18 - 6 * k)) & 63];
    }
  }
  return out;
}

std::string number(double value) {
  std::string out;
  records::append_coordinate(out, value);
  return out;
}

// A two-point box is drawn as the rectangle that it stands for.
records::Polygon outline(const records::Polygon& points) {
  if (points.size() != 2) return points;
  return {points[0], {points[1].x, points[0].y}, points[1], {points[0].x, points[1].y}};
}

// Says the boxes of a picture in words, for those who cannot see them: "2 dog, 1 cat".
std::string box_words(std::string_view label) {
  std::vector<std::pair<std::string, std::size_t>> counts;
  std::unordered_map<std::string, std::size_t> places;  // among them
  for (const auto& detection : records::read_labels(label).detections) {
    for (const auto& box : detection.boxes) {
      const auto [known, is_new] = places.emplace(box.box_class, counts.size());
      if (is_new) counts.emplace_back(box.box_class, 0);
      ++counts[known->second].second;
    }
  }
  std::string words;
  for (const auto& [name, count] : counts) {
    words += (words.empty() ? "; boxes: " : ", ") + std::to_string(count) + " " + name;
  }
  return words;
}

std::string legend(std::string_view title, std::string_view items) {
  if (items.empty()) return {};
  std::string out = "<ul class=\"legend\"><li>";
  out.append(title).append("</li>").append(items).append("</ul>");
  return out;
}

}  // namespace

std::string_view Page::colour(std::string_view box_class) const {
  const auto found = std::find_if(heading_.boxes.begin(), heading_.boxes.end(),
                                  [&](const auto& known) { return known.first == box_class; });
  return kColours[static_cast<std::size_t>(found - heading_.boxes.begin()) % kColours.size()];
}

std::string Page::head() const {
  const std::string title = escaped(heading_.title);
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>" +
      title + "</title>\n<style>";
  out += kStyle;
  out += "</style>\n</head>\n<body style=\"--columns:" + std::to_string(heading_.columns) +
         "\">\n<header>\n<h1>" + title + "</h1>\n<p class=\"facts\">";
  for (const auto& fact : heading_.facts) out += "<span>" + escaped(fact) + "</span>";
  out += "</p>\n";
  std::string operations, boxes;
  for (const auto& [name, count] : heading_.operations) {
    operations +=
        "<li class=\"chip\">" + escaped(name) + " <b>" + std::to_string(count) + "</b></li>";
  }
  for (const auto& [name, count] : heading_.boxes) {
    boxes += "<li class=\"chip\"><span class=\"swatch\" style=\"background:" +
             std::string{colour(name)} + "\"></span>" +
             escaped(name.empty() ? "(no class)" : name) + " <b>" + std::to_string(count) +
             "</b></li>";
  }
  out += "<div class=\"legends\">" + legend("Operations", operations) + legend("Boxes", boxes) +
         "</div>\n</header>\n";
  if (!heading_.boxes.empty()) {
    out +=
        "<div class=\"toggle\"><label><input type=\"checkbox\" checked>Show boxes</label></div>\n";
  }
  return out + "<main>\n";
}

std::string Page::group(const Group& group) const {
  // A group takes as many places side by side as it has pictures.
  const auto side = std::min(group.tiles.size(), static_cast<std::size_t>(heading_.columns));
  std::string out =
      "<section class=\"group\" style=\"--side:" + std::to_string(std::max(side, std::size_t{1})) +
      "\">\n<div class=\"group-head\"><div><h2>" + escaped(group.name) + "</h2>";
  for (const auto& [name, value] : group.classes) {
    out += "<span class=\"chip\">" + escaped(name) + ": <b>" + escaped(value) + "</b></span>";
  }
  const std::string address = escaped(group.address);
  out += "</div><p class=\"address\" title=\"" + address + "\">" + address +
         "</p></div>\n<ul class=\"tiles\">\n";
  std::size_t made = 0;
  for (const Tile& one : group.tiles) out += tile(group, one, one.is_source ? 0 : ++made);
  return out + "</ul>\n</section>\n";
}

std::string Page::tile(const Group& group, const Tile& tile, std::size_t number_of_it) const {
  std::string steps, chips;
  if (tile.is_source) chips = "<span class=\"chip badge\">source</span>";
  for (const auto& step : tile.steps) {
    steps += (steps.empty() ? "" : ", ") + step;
    chips += "<span class=\"chip step\">" + escaped(step) + "</span>";
  }
  std::string out = tile.is_source ? "<li class=\"source\">" : "<li>";
  out += "<figure><div class=\"frame\">";
  if (tile.picture) {
    std::string alt = tile.is_source ? "Source picture " + group.name
                                     : "Picture " + std::to_string(number_of_it) + " made of " +
                                           group.name + (steps.empty() ? "" : " by " + steps);
    alt += box_words(tile.label);
    out += "<img alt=\"" + escaped(alt) +
           "\" loading=\"lazy\" decoding=\"async\" src=\"data:" + tile.picture->media_type +
           ";base64," + base64(tile.picture->bytes) + "\">" + overlay(tile);
  } else {
    out += "<p class=\"missing\">" + escaped(tile.missing) + "</p>";
  }
  const std::string name = escaped(tile.name);
  out += "</div><figcaption><span class=\"steps\">" + chips +
         "</span><span class=\"meta\"><span class=\"name\" title=\"" + name + "\">" + name +
         "</span>";
  if (tile.picture) {
    out += "<span class=\"size\">" + std::to_string(tile.picture->width) + " × " +
           std::to_string(tile.picture->height) + "</span>";
  }
  return out + "</span></figcaption></figure></li>\n";
}

std::string Page::overlay(const Tile& tile) const {
  const records::Labels labels = records::read_labels(tile.label);
  std::string shapes;
  const auto longer = static_cast<double>(std::max(tile.picture->width, tile.picture->height));
  for (const auto& detection : labels.detections) {
    for (const auto& box : detection.boxes) {
      if (box.points.size() < 2) continue;
      const std::string ink{colour(box.box_class)};
      shapes += "<polygon stroke=\"" + ink + "\" fill=\"" + ink + "\" points=\"";
      records::Point corner = box.points.front();
      for (const auto& point : outline(box.points)) {
        shapes += number(point.x) + "," + number(point.y) + " ";
        if (point.y < corner.y || (point.y == corner.y && point.x < corner.x)) corner = point;
      }
      shapes += "\"/>";
      const double size = longer / 20;
      const bool is_right = corner.x * 2 > static_cast<double>(tile.picture->width);
      shapes += "<text x=\"" + number(std::max(corner.x, 0.0) + (is_right ? -size : size) / 4) +
                "\" y=\"" + number(std::max(corner.y, 0.0) + size) + "\" font-size=\"" +
                number(size) + (is_right ? "\" text-anchor=\"end\">" : "\">") +
                escaped(box.box_class) + "</text>";
    }
  }
  if (shapes.empty()) return {};
  return "<svg class=\"overlay\" aria-hidden=\"true\" viewBox=\"0 0 " +
         std::to_string(tile.picture->width) + " " + std::to_string(tile.picture->height) + "\">" +
         shapes + "</svg>";
}

std::string Page::foot() const {
  return "</main>\n<footer>Made by <b>output.contact_sheet</b> of Millrace. Pictures are made "
         "small "
         "for this page; labels are those of the list.</footer>\n</body>\n</html>\n";
}

}  // namespace millrace::sheet
