// Changes the geometry of labels in their text, so that all else keeps its bytes.
#include <array>
#include <charconv>
#include <cmath>

#include "plugins/records/labels.hpp"
#include "plugins/records/raw_json.hpp"
#include "plugins/records/splice.hpp"

namespace millrace::records {

namespace {

void append_point(std::string& out, Point point) {
  out += '[';
  append_coordinate(out, point.x);
  out += ',';
  append_coordinate(out, point.y);
  out += ']';
}

class Rewriter {
 public:
  explicit Rewriter(const LabelChange& change) : change_{change} {}

  std::string object(std::string_view label) {
    Splice splice{label};
    for (raw::Members member{label}; member.next();) {
      if (member.key_is("detect")) splice.replace(member.value(), detections(member.value()));
    }
    return splice.finish();
  }

  std::string array(std::string_view label) {
    Splice splice{label};
    for (raw::Elements entry{label}; entry.next();)
      splice.replace(entry.value(), rewritten_entry(entry.value()));
    return splice.finish();
  }

 private:
  std::string detections(std::string_view detect) {
    Splice splice{detect};
    for (raw::Members one{detect}; one.next();) {
      const auto name = raw::unquote(one.key(), name_);
      splice.replace(one.value(), with_boxes(one.value(), "bbox", name, "pts"));
    }
    return splice.finish();
  }

  std::string rewritten_entry(std::string_view entry) {
    const auto type = raw::find_member(entry, "type");
    if (type == R"("face")") return with_boxes(entry, "data", {}, "bbox");
    if (type != R"("detection")") return std::string{entry};
    return with_boxes(entry, "data", raw::unquote(raw::find_member(entry, "name"), name_), "bbox");
  }

  // Rewrites the list of boxes that is the member `list_key` of `owner`.
  std::string with_boxes(std::string_view owner, std::string_view list_key, std::string_view name,
                         std::string_view points_key) {
    const auto list = raw::find_member(owner, list_key);
    if (raw::kind(list) != '[') return std::string{owner};
    Splice splice{owner};
    splice.replace(list, rewritten_list(list, name, points_key));
    return splice.finish();
  }

  std::string rewritten_list(std::string_view list, std::string_view name,
                             std::string_view points_key) {
    Splice in_place{list};   // used when every box stays: keeps the blanks too
    std::string kept = "[";  // used when one goes
    bool all_stay = true, is_first = true;
    for (raw::Elements box{list}; box.next();) {
      auto rewritten = rewritten_box(box.value(), name, points_key);
      if (!rewritten && is_first && !raw::find_member(box.value(), "cluster").empty()) {
        // Geometry never changes a face cluster, which is read from the first face.
        rewritten = without_place(box.value());
      }
      is_first = false;
      if (!rewritten) {
        all_stay = false;
        continue;
      }
      in_place.replace(box.value(), *rewritten);
      if (kept.size() > 1) kept += ',';
      kept += *rewritten;
    }
    return all_stay ? in_place.finish() : kept + ']';
  }

  // Returns nothing when the box is dropped.
  std::optional<std::string> rewritten_box(std::string_view box, std::string_view name,
                                           std::string_view points_key) {
    const auto points = raw::find_member(box, points_key),
               landmarks = raw::find_member(box, "landmarks");
    BoxFate fate;
    if (change_.box) {
      fate = change_.box(name, raw::unquote(raw::find_member(box, "class"), class_),
                         read_points(points));
    }
    if (!fate.keep) return std::nullopt;
    const bool has_new_points = fate.points && !points.empty();
    const bool has_new_landmarks =
        change_.landmark && points_key == "bbox" && raw::kind(landmarks) == '[';
    Splice splice{box};
    const auto put_points = [&] {
      std::string text = "[";
      for (const Point& point : *fate.points) {
        if (text.size() > 1) text += ',';
        append_point(text, point);
      }
      splice.replace(points, text + ']');
    };
    const bool landmarks_first = has_new_landmarks && landmarks.data() < points.data();
    if (has_new_points && !landmarks_first) put_points();
    if (has_new_landmarks) splice.replace(landmarks, rewritten_landmarks(landmarks));
    if (has_new_points && landmarks_first) put_points();
    return splice.finish();
  }

  // Returns a face that is outside of the picture: all of it but where it was.
  static std::string without_place(std::string_view face) {
    std::string kept = "{";
    for (raw::Members member{face}; member.next();) {
      if (member.key_is("bbox") || member.key_is("landmarks")) continue;
      if (kept.size() > 1) kept += ',';
      kept.append(member.key()).append(":").append(member.value());
    }
    return kept + '}';
  }

  std::string rewritten_landmarks(std::string_view landmarks) {
    Splice splice{landmarks};
    for (raw::Elements landmark{landmarks}; landmark.next();) {
      const auto point = raw::find_member(landmark.value(), "pt");
      const auto read = read_points("[" + std::string{point} + "]");
      if (point.empty() || read.size() != 1) continue;
      std::string text;
      append_point(text, change_.landmark(read.front()));
      splice.replace(point, text);
    }
    return splice.finish();
  }

  const LabelChange& change_;
  std::string name_, class_;
};

}  // namespace

std::string rewrite_label(std::string_view label, const LabelChange& change) {
  Rewriter rewriter{change};
  switch (raw::kind(raw::trim(label))) {
    case '{':
      return rewriter.object(label);
    case '[':
      return rewriter.array(label);
    default:
      return std::string{label};
  }
}

void append_coordinate(std::string& out, double value) {
  if (!std::isfinite(value)) value = 0;  // JSON has no word for it, and no picture a place
  std::array<char, 350> digits{};        // the largest double has 309 digits before its point
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                 std::chars_format::fixed, 2)
                       .ptr;
  std::string_view text{digits.data(), static_cast<std::size_t>(end - digits.data())};
  while (text.back() == '0') text.remove_suffix(1);
  if (text.back() == '.') text.remove_suffix(1);
  out += text == "-0" ? "0" : text;
}

}  // namespace millrace::records
