#include "plugins/records/labels.hpp"

#include <charconv>
#include <cstdlib>

#include "plugins/records/raw_json.hpp"

namespace millrace::records {

namespace {

// Text of a string, or of an integer as it is written; empty for anything else.
std::string_view text_of(std::string_view value, std::string& scratch) {
  if (raw::kind(value) == '"') return raw::unquote(value, scratch);
  return raw::kind(value) == '0' ? value : std::string_view{};
}

// Goes through both shapes of labels. The scratch texts live as long as the call that got a view of
// them.
class Visit {
 public:
  explicit Visit(LabelVisitor& to) : to_{to} {}

  void object(std::string_view label) {
    for (raw::Members member{label}; member.next();) {
      const std::string_view value = member.value();
      if (member.key_is("class")) {
        for (raw::Members one{value}; one.next();) {
          to_.classification(raw::unquote(one.key(), name_), raw::unquote(one.value(), value_));
        }
      } else if (member.key_is("detect")) {
        for (raw::Members one{value}; one.next();)
          boxes(raw::unquote(one.key(), name_), one.value());
      } else if (member.key_is("facecluster")) {
        to_.facecluster(text_of(value, value_));
      }
    }
  }

  void entry(std::string_view entry) {
    const auto type = raw::find_member(entry, "type"), data = raw::find_member(entry, "data");
    const auto name = raw::unquote(raw::find_member(entry, "name"), name_);
    const auto is = [type](std::string_view word) {
      return type.size() == word.size() + 2 && type.substr(1, word.size()) == word;
    };
    if (is("classification")) {
      raw::Elements datum{data};
      const auto value =
          datum.next() ? raw::find_member(datum.value(), "class") : std::string_view{};
      if (!value.empty()) to_.classification(name, raw::unquote(value, value_));
    } else if (is("detection")) {
      to_.detection(name);
      for (raw::Elements datum{data}; datum.next();) box(name, datum.value(), "bbox");
    } else if (is("face")) {
      raw::Elements datum{data};
      const auto cluster =
          datum.next() ? raw::find_member(datum.value(), "cluster") : std::string_view{};
      const auto id = raw::find_member(cluster, "id");
      if (!id.empty()) to_.facecluster(text_of(id, value_));
    }
  }

 private:
  void boxes(std::string_view name, std::string_view detection) {
    to_.detection(name);
    for (raw::Elements one{raw::find_member(detection, "bbox")}; one.next();)
      box(name, one.value(), "pts");
  }

  void box(std::string_view name, std::string_view box, std::string_view points_key) {
    std::string_view box_class, points;
    for (raw::Members member{box}; member.next();) {
      if (member.key_is("class")) box_class = member.value();
      if (member.key_is(points_key)) points = member.value();
    }
    to_.box(name, raw::unquote(box_class, value_), points);
  }

  LabelVisitor& to_;
  std::string name_, value_;
};

class Copier final : public LabelVisitor {
 public:
  void classification(std::string_view name, std::string_view value) override {
    labels.classes.push_back({std::string{name}, std::string{value}});
  }
  void detection(std::string_view name) override {
    labels.detections.push_back({std::string{name}, {}});
  }
  void box(std::string_view, std::string_view box_class, std::string_view pts) override {
    labels.detections.back().boxes.push_back({std::string{box_class}, read_points(pts)});
  }
  void facecluster(std::string_view id) override { labels.facecluster = std::string{id}; }

  Labels labels;
};

double read_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // Beyond a double: strtod gives the infinity or the zero that from_chars leaves out.
  return error == std::errc::result_out_of_range ? std::strtod(std::string{text}.c_str(), nullptr)
                                                 : value;
}

}  // namespace

void visit_labels(std::string_view label, LabelVisitor& visitor) {
  label = raw::trim(label);
  Visit visit{visitor};
  if (raw::kind(label) == '{') {
    visit.object(label);
  } else {
    for (raw::Elements entry{label}; entry.next();) visit.entry(entry.value());
  }
}

Polygon read_points(std::string_view pts) {
  Polygon points;
  for (raw::Elements point{pts}; point.next();) {
    raw::Elements number{point.value()};
    Point read;
    if (number.next()) read.x = read_number(number.value());
    if (number.next()) read.y = read_number(number.value());
    points.push_back(read);
  }
  return points;
}

Labels read_labels(std::string_view label) {
  Copier copier;
  visit_labels(label, copier);
  return std::move(copier.labels);
}

}  // namespace millrace::records
