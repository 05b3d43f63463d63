#include "plugins/records/statistics.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "plugins/records/labels.hpp"
#include "plugins/records/raw_json.hpp"

namespace millrace::records {

namespace {

template <class Map>
auto& entry(Map& map, std::string_view key) {
  if (const auto found = map.find(key); found != map.end()) return found->second;
  return map[std::string{key}];
}

// The entries of a map by key, bytewise.
template <class Map>
std::vector<const typename Map::value_type*> sorted(const Map& map) {
  std::vector<const typename Map::value_type*> entries;
  entries.reserve(map.size());
  for (const auto& one : map) entries.push_back(&one);
  std::sort(entries.begin(), entries.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  return entries;
}

template <class Counts>
void append_counts(std::string& out, const Counts& counts) {
  out += '{';
  const char* separator = "";
  for (const auto* one : sorted(counts)) {
    out += separator;
    raw::append_quoted(out, one->first);
    out += ':' + std::to_string(one->second);
    separator = ",";
  }
  out += '}';
}

template <class Groups>
std::string label_list(const Groups& groups) {
  std::string out = "[";
  for (const auto* group : sorted(groups)) {
    std::uint64_t total = 0;
    for (const auto& one : group->second) total += one.second;
    if (out.size() > 1) out += ',';
    out += R"({"name":)";
    raw::append_quoted(out, group->first);
    out += R"(,"total":)" + std::to_string(total) + R"(,"count":)";
    append_counts(out, group->second);
    out += '}';
  }
  return out + ']';
}

template <class Groups>
void append_groups(std::string& out, const Groups& groups) {
  out += '{';
  const char* separator = "";
  for (const auto* group : sorted(groups)) {
    out += separator;
    raw::append_quoted(out, group->first);
    out += ':';
    append_counts(out, group->second);
    separator = ",";
  }
  out += '}';
}

bool read_count(std::string_view text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

template <class Counts>
bool read_counts(std::string_view object, Counts& counts) {
  std::string scratch;
  if (raw::kind(object) != '{') return false;
  for (raw::Members member{object}; member.next();) {
    if (!read_count(member.value(), entry(counts, raw::unquote(member.key(), scratch))))
      return false;
  }
  return true;
}

template <class Groups>
bool read_groups(std::string_view object, Groups& groups) {
  std::string scratch;
  if (raw::kind(object) != '{') return false;
  for (raw::Members member{object}; member.next();) {
    if (!read_counts(member.value(), entry(groups, raw::unquote(member.key(), scratch))))
      return false;
  }
  return true;
}

template <class Counts>
void add_counts(Counts& to, const Counts& from) {
  for (const auto& [key, count] : from) entry(to, key) += count;
}

}  // namespace

class Statistics::Counter final : public LabelVisitor {
 public:
  explicit Counter(Statistics& to) : to_{to} {}
  void classification(std::string_view name, std::string_view value) override {
    ++entry(entry(to_.classes_, name), value);
  }
  void detection(std::string_view name) override { entry(to_.detections_, name); }
  void box(std::string_view name, std::string_view box_class, std::string_view) override {
    ++entry(entry(to_.detections_, name), box_class);
  }
  void facecluster(std::string_view id) override { ++entry(to_.clusters_, id); }

 private:
  Statistics& to_;
};

void Statistics::add(std::string_view label) {
  ++file_count_;
  Counter counter{*this};
  visit_labels(label, counter);
}

void Statistics::merge(const Statistics& other) {
  file_count_ += other.file_count_;
  for (const auto& [name, counts] : other.classes_) add_counts(entry(classes_, name), counts);
  for (const auto& [name, counts] : other.detections_) add_counts(entry(detections_, name), counts);
  add_counts(clusters_, other.clusters_);
}

std::string Statistics::json(bool aliases) const {
  std::uint64_t total = 0, largest = 0, smallest = 0;
  for (const auto& [id, count] : clusters_) {
    smallest = total == 0 ? count : std::min(smallest, count);
    largest = std::max(largest, count);
    total += count;
  }
  const std::string classes = label_list(classes_), detections = label_list(detections_);
  std::string out = R"({"fileCount":)" + std::to_string(file_count_);
  out += R"(,"class":)" + classes + R"(,"detect":)" + detections;
  if (aliases) out += R"(,"classification":)" + classes + R"(,"detection":)" + detections;
  out += R"(,"facecluster":{"total":)" + std::to_string(total) + R"(,"faceMax":)" +
         std::to_string(largest) + R"(,"faceMin":)" + std::to_string(smallest) + "}}";
  return out;
}

std::string Statistics::snapshot() const {
  std::string out = R"({"files":)" + std::to_string(file_count_) + R"(,"class":)";
  append_groups(out, classes_);
  out += R"(,"detect":)";
  append_groups(out, detections_);
  out += R"(,"facecluster":)";
  append_counts(out, clusters_);
  return out + '}';
}

bool Statistics::restore(std::string_view text) {
  Statistics read;
  if (!read_count(raw::find_member(text, "files"), read.file_count_) ||
      !read_groups(raw::find_member(text, "class"), read.classes_) ||
      !read_groups(raw::find_member(text, "detect"), read.detections_) ||
      !read_counts(raw::find_member(text, "facecluster"), read.clusters_)) {
    return false;
  }
  *this = std::move(read);
  return true;
}

}  // namespace millrace::records
