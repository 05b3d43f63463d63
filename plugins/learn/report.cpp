#include "plugins/learn/report.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string_view>
#include <unordered_map>

#include <millrace/context.hpp>

#include "plugins/learn/numpy_order.hpp"
#include "plugins/records/float_text.hpp"

namespace millrace::learn {

namespace {

double mean(const std::vector<double>& values) {
  return numpy_sum(values) / static_cast<double>(values.size());
}

// Of one label, or of one row.
struct Counts {
  std::int64_t hits = 0, predicted = 0, real = 0;
};

Scores scores_of(const Counts& counts, double undefined) {
  const auto ratio = [&](std::int64_t of) {
    return of == 0 ? undefined : static_cast<double>(counts.hits) / static_cast<double>(of);
  };
  Scores scores{ratio(counts.predicted), ratio(counts.real), 0, counts.real};
  const double sum = scores.precision + scores.recall;
  scores.f1 = 2 * scores.precision * scores.recall / (sum == 0 ? 1 : sum);
  return scores;
}

// Many scores, by kind, so that each can be added up.
struct ScoreColumns {
  std::vector<double> precision, recall, f1;

  void add(const Scores& scores) {
    precision.push_back(scores.precision);
    recall.push_back(scores.recall);
    f1.push_back(scores.f1);
  }
  [[nodiscard]] Scores average(std::int64_t support) const {
    return {mean(precision), mean(recall), mean(f1), support};
  }
};

struct Averages {
  Scores micro, macro, weighted;
};

Scores weighted_scores(const std::vector<Counts>& labels, const ScoreColumns& columns,
                       const Counts& all, double undefined) {
  if (all.real == 0) {
    const double rest = all.predicted == 0 ? undefined : 0;
    return {rest, undefined, rest, 0};
  }
  std::vector<double> products(labels.size());
  const auto average = [&](const std::vector<double>& values) {
    for (std::size_t i = 0; i < labels.size(); ++i)
      products[i] = values[i] * static_cast<double>(labels[i].real);
    return numpy_sum(products) / static_cast<double>(all.real);
  };
  return {average(columns.precision), average(columns.recall), average(columns.f1), all.real};
}

Averages averages_of(const std::vector<Counts>& labels, double undefined) {
  Counts all;
  ScoreColumns columns;
  for (const Counts& counts : labels) {
    all.hits += counts.hits;
    all.predicted += counts.predicted;
    all.real += counts.real;
    columns.add(scores_of(counts, undefined));
  }
  return {scores_of(all, undefined), columns.average(all.real),
          weighted_scores(labels, columns, all, undefined)};
}

void put(Report& report, std::string_view name, const Scores& scores) {
  const auto found = std::find_if(report.lines.begin(), report.lines.end(),
                                  [&](const auto& line) { return line.first == name; });
  if (found != report.lines.end())
    found->second = scores;
  else
    report.lines.emplace_back(name, scores);
}

void check_rows(std::size_t truth, std::size_t predicted) {
  if (truth != predicted)
    throw Failure{MR_INVALID_ARGUMENT,
                  "report: rows of truth and prediction differ: " + std::to_string(truth) + ", " +
                      std::to_string(predicted)};
  if (truth == 0) throw Failure{MR_INVALID_ARGUMENT, "report: there is no row"};
}

// As json.dumps(ensure_ascii=False).
void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto escape = std::string_view{"\"\\\b\f\n\r\t"}.find(c);
    if (escape != std::string_view::npos) {
      out += '\\';
      out += "\"\\bfnrt"[escape];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
      out += code;
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_scores(std::string& out, const Scores& scores) {
  out += "{\"precision\": ";
  records::append_float(out, scores.precision);
  out += ", \"recall\": ";
  records::append_float(out, scores.recall);
  out += ", \"f1-score\": ";
  records::append_float(out, scores.f1);
  out += ", \"support\": " + std::to_string(scores.support) + '}';
}

}  // namespace

Report report_of_sets(std::span<const std::string> labels, const LabelSets& truth,
                      const LabelSets& predicted) {
  constexpr double kUndefined = 1;
  check_rows(truth.size(), predicted.size());
  if (labels.empty()) throw Failure{MR_INVALID_ARGUMENT, "report: there is no label"};
  std::vector<Counts> by_label(labels.size());
  ScoreColumns by_row;
  std::vector<std::size_t> seen(labels.size());  // row + 1 in whose truth the label was
  std::size_t equal_rows = 0;
  for (std::size_t row = 0; row < truth.size(); ++row) {
    Counts counts{0, static_cast<std::int64_t>(predicted[row].size()),
                  static_cast<std::int64_t>(truth[row].size())};
    for (const auto label : truth[row]) {
      ++by_label[label].real;
      seen[label] = row + 1;
    }
    for (const auto label : predicted[row]) {
      const bool is_hit = seen[label] == row + 1;
      ++by_label[label].predicted;
      by_label[label].hits += is_hit ? 1 : 0;
      counts.hits += is_hit ? 1 : 0;
    }
    equal_rows += counts.hits == counts.real && counts.hits == counts.predicted ? 1 : 0;
    by_row.add(scores_of(counts, kUndefined));
  }
  Report report;
  for (std::size_t i = 0; i < labels.size(); ++i)
    put(report, labels[i], scores_of(by_label[i], kUndefined));
  const Averages averages = averages_of(by_label, kUndefined);
  put(report, "micro avg", averages.micro);
  put(report, "macro avg", averages.macro);
  put(report, "weighted avg", averages.weighted);
  put(report, "samples avg", by_row.average(averages.micro.support));
  report.accuracy = static_cast<double>(equal_rows) / static_cast<double>(truth.size());
  report.accuracy_place = report.lines.size();
  return report;
}

Report report_of_classes(std::span<const std::string> truth,
                         std::span<const std::string> predicted) {
  constexpr double kUndefined = 0;
  check_rows(truth.size(), predicted.size());
  std::vector<std::string_view> classes{truth.begin(), truth.end()};
  classes.insert(classes.end(), predicted.begin(), predicted.end());
  std::sort(classes.begin(), classes.end());  // of UTF-8: by code point
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < classes.size(); ++i) places.emplace(classes[i], i);
  std::vector<Counts> by_class(classes.size());
  std::size_t hits = 0;
  for (std::size_t row = 0; row < truth.size(); ++row) {
    ++by_class[places.at(truth[row])].real;
    Counts& counts = by_class[places.at(predicted[row])];
    ++counts.predicted;
    if (truth[row] != predicted[row]) continue;
    ++counts.hits;
    ++hits;
  }
  Report report;
  for (std::size_t i = 0; i < classes.size(); ++i)
    put(report, classes[i], scores_of(by_class[i], kUndefined));
  report.accuracy_place = report.lines.size();
  report.accuracy = static_cast<double>(hits) / static_cast<double>(truth.size());
  const Averages averages = averages_of(by_class, kUndefined);
  put(report, "macro avg", averages.macro);
  put(report, "weighted avg", averages.weighted);
  return report;
}

std::string Report::json() const {
  std::string out = "{";
  const auto begin_member = [&](std::string_view name) {
    if (out.size() > 1) out += ", ";
    append_json_text(out, name);
    out += ": ";
  };
  for (std::size_t i = 0; i <= lines.size(); ++i) {
    if (i == accuracy_place) {
      begin_member("accuracy");
      records::append_float(out, accuracy);
    }
    if (i == lines.size() || lines[i].first == "accuracy") continue;
    begin_member(lines[i].first);
    append_scores(out, lines[i].second);
  }
  return out + "}";
}

}  // namespace millrace::learn
