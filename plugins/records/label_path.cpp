#include "plugins/records/label_path.hpp"

#include <string>
#include <unordered_set>

namespace millrace::records {

namespace {

class Collector final : public LabelVisitor {
 public:
  Collector(const LabelPath& path, std::vector<std::string>& values)
      : path_{path}, values_{values} {}

  void classification(std::string_view name, std::string_view value) override {
    if (path_.kind == LabelPath::Kind::Class && name == path_.name) add(value);
  }
  void box(std::string_view name, std::string_view box_class, std::string_view) override {
    if (path_.kind == LabelPath::Kind::Detect && name == path_.name) add(box_class);
  }
  void facecluster(std::string_view id) override {
    if (path_.kind == LabelPath::Kind::Facecluster) add(id);
  }

 private:
  void add(std::string_view value) {
    if (seen_.emplace(value).second) values_.emplace_back(value);
  }

  const LabelPath& path_;
  std::vector<std::string>& values_;
  std::unordered_set<std::string> seen_{values_.begin(), values_.end()};
};

}  // namespace

std::optional<LabelPath> LabelPath::parse(std::string_view text) {
  constexpr std::string_view kLabelPrefix = "label.", kClass = "class.", kDetect = "detect.";
  if (text.starts_with(kLabelPrefix)) text.remove_prefix(kLabelPrefix.size());
  if (text == "facecluster") return LabelPath{Kind::Facecluster, {}};
  LabelPath path;
  if (text.starts_with(kClass)) {
    path = {Kind::Class, std::string{text.substr(kClass.size())}};
  } else if (text.starts_with(kDetect)) {
    path = {Kind::Detect, std::string{text.substr(kDetect.size())}};
  }
  if (path.name.empty()) return std::nullopt;
  return path;
}

std::string bad_label_path(std::string_view text) {
  return "not a label path: write class.NAME, detect.NAME or facecluster: " + std::string{text};
}

const std::vector<std::string>& LabelValues::of(std::string_view label) {
  values_.clear();
  Collector collector{path_, values_};
  visit_labels(label, collector);
  return values_;
}

}  // namespace millrace::records
