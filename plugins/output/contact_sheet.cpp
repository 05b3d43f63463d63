// Writes a page that shows source pictures and what was made of them side by side.
#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/input/line_reader.hpp"
#include "plugins/output/sheet_page.hpp"
#include "plugins/output/thumbnail.hpp"
#include "plugins/records/columns.hpp"
#include "plugins/records/labels.hpp"
#include "plugins/records/raw_json.hpp"
#include "plugins/records/record.hpp"

namespace {

namespace records = millrace::records;
namespace raw = millrace::records::raw;
namespace sheet = millrace::sheet;

// One record of the list, as far as the page shows it.
struct Shown {
  std::string url, source, label;
  std::vector<std::string> steps;  // empty: an original
};

// Takes "augment(flip,rotate/16.2016)" apart. Commas inside parentheses and brackets belong to one
// step.
std::vector<std::string> steps_of(std::string_view ops) {
  constexpr std::string_view kAugment = "augment(";
  std::vector<std::string> steps;
  if (!ops.starts_with(kAugment) || !ops.ends_with(')')) return steps;
  ops = ops.substr(kAugment.size(), ops.size() - kAugment.size() - 1);
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= ops.size(); ++i) {
    const char c = i < ops.size() ? ops[i] : ',';
    depth += c == '(' || c == '[' || c == '{' ? 1 : c == ')' || c == ']' || c == '}' ? -1 : 0;
    if (c != ',' || (depth > 0 && i < ops.size())) continue;
    steps.emplace_back(ops.substr(begin, i - begin));
    begin = i + 1;
  }
  return steps;
}

std::string_view file_name(std::string_view url) {
  return url.substr(std::min(url.rfind('/') + 1, url.size()));
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string{count == 1 ? one : many};
}

// What a page is made of, gathered from records in the order in which they came.
class Gathered {
 public:
  void add(std::string_view record) {
    records::Record read;
    if (reader_.read(record, read)) return;  // a row that is no record has nothing to show
    std::string scratch;
    Shown one{std::string{read.url}, {}, std::string{read.label}, {}};
    one.steps = steps_of(raw::unquote(raw::find_member(read.line, "ops"), scratch));
    const auto source = raw::unquote(raw::find_member(read.line, "source_url"), scratch);
    one.source = one.steps.empty() || source.empty() ? one.url : std::string{source};
    const auto [place, is_new] = places_.try_emplace(one.source, groups_.size());
    if (is_new) groups_.emplace_back();
    groups_[place->second].push_back(std::move(one));
  }

  // Takes over the labels of a source picture that the list itself does not hold.
  void add_source_label(const records::Record& record) {
    if (record.label.empty()) return;
    if (const auto found = places_.find(std::string{record.url}); found != places_.end()) {
      source_labels_[found->second] = record.label;
    }
  }

  [[nodiscard]] std::string_view source_label(std::size_t group) const {
    const auto found = source_labels_.find(group);
    return found == source_labels_.end() ? std::string_view{} : std::string_view{found->second};
  }
  [[nodiscard]] const std::vector<std::vector<Shown>>& groups() const { return groups_; }
  [[nodiscard]] records::RecordReader& reader() { return reader_; }

 private:
  records::RecordReader reader_;
  std::vector<std::vector<Shown>> groups_;  // by source
  std::unordered_map<std::string, std::size_t> places_;
  std::unordered_map<std::size_t, std::string> source_labels_;
};

class ContactSheet final : public millrace::Operator, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "output.contact_sheet";
  static constexpr auto kRole = millrace::Role::Output;
  static constexpr auto kDoc =
      "Writes one HTML file that shows the pictures of a list beside their sources, with the "
      "operations that made them and "
      "their boxes drawn above them. The file holds all it needs: it can be mailed, or opened from "
      "a disk. Pictures are made "
      "small; one that cannot be read leaves its place with the reason.";
  static constexpr auto kParams = R"({
    "file": {"type": "uri", "access": "write", "mandatory": true, "doc": "Address of the HTML file."},
    "title": {"type": "string", "default": "Contact sheet", "minLength": 1, "maxLength": 200, "doc": "Heading of the page."},
    "columns": {"type": "integer", "default": 5, "minimum": 1, "maximum": 12, "unit": "pictures",
      "doc": "Pictures side by side on a wide screen; narrow screens show fewer."},
    "limit": {"type": "integer", "default": 200, "minimum": 1, "maximum": 5000, "unit": "records",
      "doc": "Records of the list that are shown, from its beginning; the others are counted."},
    "sources": {"type": "array", "items": {"type": "uri"}, "default": [],
      "doc": "Lists that hold the records of the source pictures: their labels are drawn on the sources."}
  })";
  static constexpr auto kTraits =
      R"({"stability": "stable", "blocking": true, "reads": {"record": "utf8"},
    "examples": [{"params": {"file": "qiniu:///z0/out/sheet.html", "columns": 3},
      "rows": {"record": ["{\"url\":\"qiniu:///z0/in/a.png\"}",
        "{\"url\":\"qiniu:///z0/out/a_1.png\",\"source_url\":\"qiniu:///z0/in/a.png\",\"ops\":\"augment(flip)\"}", null]},
      "objects": {"qiniu:///z0/in/a.png": {"base64":
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="}}}]})";

  explicit ContactSheet(const millrace::Params& params)
      : file_{params.string("file")},
        title_{params.string("title", "Contact sheet")},
        columns_{static_cast<int>(params.integer("columns", 5))},
        limit_{static_cast<std::size_t>(params.integer("limit", 200))},
        sources_{params.strings("sources")} {}

  void process(millrace::Context& context, millrace::Batch batch) override {
    const auto lines = batch.column<std::string_view>(records::kRecord);
    std::size_t added = 0;
    for (std::int64_t row = 0; row < lines.size(); ++row) {
      const auto line = lines[row];
      if (!line) continue;
      ++added;
      if (records_.size() < limit_) records_.emplace_back(*line);
    }
    seen_ += added;
    context.count("read", static_cast<std::int64_t>(added));
  }

  void finish(millrace::Context& context) override {
    Gathered gathered;
    for (const auto& record : records_) gathered.add(record);
    for (const auto& list : sources_) read_labels(context, list, gathered);
    const sheet::Page page{heading(gathered)};
    millrace::Writer writer = context.stage(file_);
    if (writer.size() > 0) writer.truncate(0);
    writer.write(page.head());
    const auto& groups = gathered.groups();
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (context.stopping())
        throw millrace::Failure{MR_CANCELLED, "stopped while drawing the contact sheet"};
      writer.write(page.group(draw(context, groups[i], gathered.source_label(i))));
      context.progress(i + 1, groups.size(), "pictures");
    }
    writer.write(page.foot());
    context.count("shown", static_cast<std::int64_t>(records_.size()));
  }

  std::string snapshot(millrace::Context&) override {
    std::string state = R"({"seen":)" + std::to_string(seen_) + R"(,"records":[)";
    for (std::size_t i = 0; i < records_.size(); ++i) {
      if (i > 0) state += ',';
      raw::append_quoted(state, records_[i]);
    }
    return state + "]}";
  }

  void restore(millrace::Context&, std::string_view state) override {
    const auto seen = raw::find_member(state, "seen");
    if (std::from_chars(seen.data(), seen.data() + seen.size(), seen_).ec != std::errc{}) {
      throw millrace::Failure{MR_DATA_INVALID,
                              "the checkpoint of a contact sheet is not readable: " + file_};
    }
    records_.clear();
    std::string scratch;
    for (raw::Elements record{raw::find_member(state, "records")}; record.next();) {
      records_.emplace_back(raw::unquote(record.value(), scratch));
    }
  }

 private:
  static constexpr int kSide = 340;  // pixels of a thumbnail's longer side
  static constexpr std::uint64_t kMaxPictureBytes = 64u << 20;  // of one picture
  static constexpr std::size_t kMaxPageBytes = std::size_t{48}
                                               << 20;  // of all pictures on the page

  static void read_labels(millrace::Context& context, const std::string& list, Gathered& gathered) {
    millrace::Reader reader = context.open(list);
    records::LineReader lines{records::RecordRules{}.max_bytes};
    const auto read = [&reader](std::span<char> buffer) { return reader.read(buffer); };
    records::LineReader::Line line{};
    records::Record record;
    while (lines.next(read, line)) {
      if (line.number % records::kBlockLines == 0 && context.stopping()) return;
      if (!gathered.reader().read_padded(line.text, record)) gathered.add_source_label(record);
    }
  }

  [[nodiscard]] sheet::Heading heading(const Gathered& gathered) const {
    std::map<std::string, std::size_t> operations, boxes;
    std::size_t made = 0;
    for (const auto& group : gathered.groups()) {
      for (const Shown& one : group) {
        made += one.steps.empty() ? 0 : 1;
        for (const auto& step : one.steps) ++operations[step.substr(0, step.find('/'))];
        for (const auto& detection : records::read_labels(one.label).detections) {
          for (const auto& box : detection.boxes) ++boxes[box.box_class];
        }
      }
    }
    sheet::Heading heading;
    heading.title = title_;
    heading.columns = columns_;
    heading.facts.push_back(counted(gathered.groups().size(), "source picture", "source pictures"));
    heading.facts.push_back(counted(made, "picture made of them", "pictures made of them"));
    if (seen_ > records_.size()) {
      heading.facts.push_back("the first " + std::to_string(records_.size()) + " of " +
                              counted(seen_, "record", "records"));
    }
    const auto by_count = [](std::map<std::string, std::size_t>& counts) {
      std::vector<std::pair<std::string, std::size_t>> sorted(counts.begin(), counts.end());
      std::stable_sort(sorted.begin(), sorted.end(),
                       [](const auto& a, const auto& b) { return a.second > b.second; });
      return sorted;
    };
    heading.operations = by_count(operations);
    heading.boxes = by_count(boxes);
    return heading;
  }

  sheet::Group draw(millrace::Context& context, const std::vector<Shown>& shown,
                    std::string_view source_label) {
    sheet::Group group;
    group.address = shown.front().source;
    group.name = file_name(group.address);
    const auto original = std::find_if(shown.begin(), shown.end(),
                                       [](const Shown& one) { return one.steps.empty(); });
    const std::string_view own_label =
        original == shown.end() ? source_label : std::string_view{original->label};
    const std::string_view class_label =
        own_label.empty() ? std::string_view{shown.front().label} : own_label;
    for (const auto& [name, value] : records::read_labels(class_label).classes)
      group.classes.emplace_back(name, value);
    group.tiles.push_back(picture(context, group.address, own_label));
    group.tiles.back().is_source = true;
    for (const Shown& one : shown) {
      if (one.steps.empty()) continue;
      group.tiles.push_back(picture(context, one.url, one.label));
      group.tiles.back().steps = one.steps;
    }
    return group;
  }

  sheet::Tile picture(millrace::Context& context, std::string_view url, std::string_view label) {
    sheet::Tile tile;
    tile.name = file_name(url);
    tile.label = label;
    if (drawn_bytes_ > kMaxPageBytes) {
      tile.missing = "left out: the page is large enough";
      return tile;
    }
    sheet::NoThumbnail why;
    try {
      tile.picture = sheet::make_thumbnail(context.read_all(url, kMaxPictureBytes), kSide, why);
    } catch (const millrace::Failure& failure) {
      why.reason = std::string{"cannot be read: "} + failure.what();
    }
    if (tile.picture) {
      drawn_bytes_ += tile.picture->bytes.size();
    } else {
      tile.missing = why.reason;
      context.record_event({.level = millrace::Level::Error,
                            .code = "decode_failed",
                            .message = why.reason,
                            .url = url});
    }
    return tile;
  }

  std::string file_, title_;
  int columns_;
  std::size_t limit_;
  std::vector<std::string> sources_;
  std::vector<std::string> records_;  // those that are shown, as text
  std::size_t seen_ = 0;              // of all records
  std::size_t drawn_bytes_ = 0;       // of thumbnails
};

}  // namespace

MR_PLUGIN("output_contact_sheet", "1.0.0", ContactSheet)
