// Feeds text to everything that handles a line of a list: reading, checking, editing, rewriting
// labels. What a reader has accepted must stay a record whatever is edited, and text that is none
// must not lead anything astray.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/records/label_path.hpp"
#include "plugins/records/labels.hpp"
#include "plugins/records/naming.hpp"
#include "plugins/records/raw_json.hpp"
#include "plugins/records/record.hpp"
#include "plugins/records/record_edit.hpp"
#include "plugins/records/statistics.hpp"

namespace {

using namespace millrace::records;

void demand(bool holds) {
  if (!holds) std::abort();
}

LabelChange mirror() {
  LabelChange change;
  change.box = [](std::string_view, std::string_view box_class, const Polygon& points) {
    Polygon mapped = points;
    for (Point& point : mapped) point.x = 100 - point.x;
    return BoxFate{box_class != "drop", mapped};
  };
  change.landmark = [](Point point) { return Point{100 - point.x, point.y}; };
  return change;
}

// Whatever the text is, walking it ends and stays inside.
void walk(std::string_view text) {
  std::string scratch;
  for (raw::Members member{text}; member.next();) raw::unquote(member.key(), scratch);
  for (raw::Elements element{text}; element.next();) walk(element.value());
  read_labels(text);
  read_points(text);
  rewrite_label(text, mirror());
}

void check_record(RecordReader& reader, const Record& record) {
  const std::string url{record.url}, label{record.label};
  Statistics statistics, restored;
  statistics.add(label);
  demand(restored.restore(statistics.snapshot()));
  demand(restored.json() == statistics.json());
  LabelValues{LabelPath{LabelPath::Kind::Class, "pulp"}}.of(label);
  demand(!file_stem(url).empty() && file_stem(url).size() <= 64);

  const std::string rewritten = label.empty() ? std::string{} : rewrite_label(label, mirror());
  RecordEdit edit{.url = "http://h/new.png", .source_url = url, .ops = "augment(flip)"};
  if (!rewritten.empty()) edit.label = rewritten;
  const std::string edited = edit_record(record.line, edit);
  Record again;
  demand(!reader.read(edited, again));
  demand(again.url == "http://h/new.png");
  demand(again.label == rewritten);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static RecordReader reader;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  Record record;
  if (!reader.read(text, record)) check_record(reader, record);
  if (size <= 4096)
    walk(text);  // walking nests, and what it is meant for was read with a limit of depth
  check_label(text);
  return 0;
}
