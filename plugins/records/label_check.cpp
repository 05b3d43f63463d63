// Tells which known key of a label has the wrong type.
#include <string>

#include "plugins/records/labels.hpp"
#include "plugins/records/raw_json.hpp"

namespace millrace::records {

namespace {

using Fault = std::optional<std::string>;

bool is_integer(std::string_view value) {
  return raw::kind(value) == '0' && value.find_first_of(".eE") == std::string_view::npos;
}

// Names a place: "label.detect.general_d".
std::string below(std::string_view path, std::string_view quoted_key) {
  std::string scratch;
  return std::string{path} + '.' + std::string{raw::unquote(quoted_key, scratch)};
}

std::string element(std::string_view path, std::size_t index) {
  return std::string{path} + '[' + std::to_string(index) + ']';
}

bool is_point(std::string_view value) {
  std::size_t numbers = 0;
  if (raw::kind(value) != '[') return false;
  for (raw::Elements number{value}; number.next(); ++numbers) {
    if (raw::kind(number.value()) != '0') return false;
  }
  return numbers == 2;
}

bool are_points(std::string_view value) {
  std::size_t points = 0;
  if (raw::kind(value) != '[') return false;
  for (raw::Elements point{value}; point.next(); ++points) {
    if (!is_point(point.value())) return false;
  }
  return points >= 2;
}

// A cluster or its id: a string, or an integer that is read as its decimal text.
Fault check_id(std::string_view value, std::string_view path) {
  if (raw::kind(value) == '"' || is_integer(value)) return std::nullopt;
  return std::string{path} + " is neither a string nor an integer";
}

// Box of the object form, with `points_key` "pts"; datum of the array form, with "bbox".
Fault check_box(std::string_view box, std::string_view points_key, const std::string& path) {
  if (raw::kind(box) != '{') return path + " is not an object";
  for (raw::Members member{box}; member.next();) {
    if (member.key_is("class") && raw::kind(member.value()) != '"')
      return path + ".class is not a string";
    if (member.key_is(points_key) && !are_points(member.value())) {
      return below(path, member.key()) + " is not a list of two or more number pairs";
    }
  }
  return std::nullopt;
}

Fault check_classes(std::string_view classes) {
  if (raw::kind(classes) != '{') return "label.class is not an object";
  for (raw::Members member{classes}; member.next();) {
    if (raw::kind(member.value()) != '"')
      return below("label.class", member.key()) + " is not a string";
  }
  return std::nullopt;
}

Fault check_detection(std::string_view detection, const std::string& path) {
  if (raw::kind(detection) != '{') return path + " is not an object";
  for (raw::Members member{detection}; member.next();) {
    if (!member.key_is("bbox")) continue;
    if (raw::kind(member.value()) != '[') return path + ".bbox is not an array";
    std::size_t index = 0;
    for (raw::Elements box{member.value()}; box.next(); ++index) {
      if (auto fault = check_box(box.value(), "pts", element(path + ".bbox", index))) return fault;
    }
  }
  return std::nullopt;
}

Fault check_object(std::string_view label) {
  for (raw::Members member{label}; member.next();) {
    const std::string_view value = member.value();
    Fault fault;
    if (member.key_is("class")) {
      fault = check_classes(value);
    } else if (member.key_is("facecluster")) {
      fault = check_id(value, "label.facecluster");
    } else if (member.key_is("detect")) {
      if (raw::kind(value) != '{') return "label.detect is not an object";
      for (raw::Members detection{value}; !fault && detection.next();) {
        fault = check_detection(detection.value(), below("label.detect", detection.key()));
      }
    }
    if (fault) return fault;
  }
  return std::nullopt;
}

Fault check_face(std::string_view datum, const std::string& path) {
  for (raw::Members member{datum}; member.next();) {
    const std::string_view value = member.value();
    if (member.key_is("cluster")) {
      if (raw::kind(value) != '{') return path + ".cluster is not an object";
      const auto id = raw::find_member(value, "id");
      if (auto fault = id.empty() ? Fault{} : check_id(id, path + ".cluster.id")) return fault;
    } else if (member.key_is("landmarks")) {
      if (raw::kind(value) != '[') return path + ".landmarks is not an array";
      std::size_t index = 0;
      for (raw::Elements landmark{value}; landmark.next(); ++index) {
        const auto point = raw::find_member(landmark.value(), "pt");
        const std::string place = element(path + ".landmarks", index);
        if (raw::kind(landmark.value()) != '{') return place + " is not an object";
        if (!point.empty() && !is_point(point)) return place + ".pt is not a number pair";
      }
    }
  }
  return std::nullopt;
}

Fault check_entry(std::string_view entry, const std::string& path) {
  if (raw::kind(entry) != '{') return path + " is not an object";
  const bool is_face = raw::find_member(entry, "type") == R"("face")";
  for (raw::Members member{entry}; member.next();) {
    const bool is_text = raw::kind(member.value()) == '"';
    if (member.key_is("name") && !is_text) return path + ".name is not a string";
    if (member.key_is("type") && !is_text) return path + ".type is not a string";
    if (!member.key_is("data")) continue;
    if (raw::kind(member.value()) != '[') return path + ".data is not an array";
    std::size_t index = 0;
    for (raw::Elements datum{member.value()}; datum.next(); ++index) {
      const std::string place = element(path + ".data", index);
      auto fault = check_box(datum.value(), "bbox", place);
      if (!fault && is_face) fault = check_face(datum.value(), place);
      if (fault) return fault;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> check_label(std::string_view label, bool accept_label_array) {
  label = raw::trim(label);
  switch (raw::kind(label)) {
    case '{':
      return check_object(label);
    case '[': {
      if (!accept_label_array) return "label is an array, which is switched off here";
      std::size_t index = 0;
      for (raw::Elements entry{label}; entry.next(); ++index) {
        if (auto fault = check_entry(entry.value(), element("label", index))) return fault;
      }
      return std::nullopt;
    }
    default:
      return "label is neither an object nor an array";
  }
}

}  // namespace millrace::records
