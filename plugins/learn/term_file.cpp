// The file of a term weight model.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>
#include <unordered_map>

#include <millrace/context.hpp>

#include "plugins/learn/term_weights.hpp"
#include "plugins/records/float_text.hpp"

namespace millrace::learn {

namespace {

[[noreturn]] void refuse_terms(std::size_t line, const std::string& why) {
  throw Failure{MR_DATA_INVALID, "term file: line " + std::to_string(line) + ": " + why};
}

void check_term_file_bytes(std::size_t bytes) {
  if (bytes > kMostTermFileBytes)
    throw Failure{MR_EXHAUSTED,
                  "term file: it has more than 256 MiB: " + std::to_string(bytes) + " bytes"};
}

void check_term_rows(std::size_t rows) {
  if (rows > kMostTermRows)
    throw Failure{MR_EXHAUSTED,
                  "term file: it has more than 4,000,000 terms of labels: keep fewer terms"};
}

// Fields of CSV, one after the other. What is quoted may hold commas, quotes and line ends.
class TermRows {
 public:
  explicit TermRows(std::string_view text) : text_{text} {}

  /// Reads the next line into three fields; false at the end.
  bool next(std::string (&fields)[3]) {
    if (at_ == text_.size()) return false;
    for (int i = 0; i < 3; ++i) {
      read_field(fields[i]);
      const bool is_last = i == 2;
      if (is_last ? !take_line_end() : !take(','))
        refuse_terms(line_, "it is to have three fields: label, term, weight");
    }
    return true;
  }
  [[nodiscard]] std::size_t line() const { return line_; }

 private:
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_line_end() {
    if (at_ == text_.size()) return true;
    const auto before = at_;
    take('\r');
    if (!take('\n')) {
      at_ = before;
      return false;
    }
    ++line_;
    return true;
  }
  void read_field(std::string& field) {
    field.clear();
    if (!take('"')) {
      const auto end = std::min(text_.find_first_of(",\r\n\"", at_), text_.size());
      field = text_.substr(at_, end - at_);
      at_ = end;
      return;
    }
    for (;;) {
      const auto quote = text_.find('"', at_);
      if (quote == std::string_view::npos) refuse_terms(line_, "a quoted field has no end");
      const auto piece = text_.substr(at_, quote - at_);
      line_ += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
      field += piece;
      at_ = quote + 1;
      if (!take('"')) return;
      field += '"';
    }
  }

  std::string_view text_;
  std::size_t at_ = 0, line_ = 1;
};

void append_field(std::string& out, std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += field;
    return;
  }
  out += '"';
  for (const char c : field) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

double read_weight(std::string_view text, std::size_t line) {
  double weight = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, weight);
  if (read.ec != std::errc{} || read.ptr != end || !std::isfinite(weight))
    refuse_terms(line, "the weight is to be a number: " + std::string{text.substr(0, 64)});
  return weight;
}

}  // namespace

std::vector<LabelTerms> read_term_file(std::string_view text, const IsStopping& is_stopping) {
  check_term_file_bytes(text.size());
  StopPoll poll{is_stopping};
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  TermRows rows{text};
  std::string fields[3];
  if (!rows.next(fields) || fields[0] != "label" || fields[1] != "term" || fields[2] != "weight")
    refuse_terms(1, "it is to be label,term,weight");
  std::vector<LabelTerms> labels;
  std::unordered_map<std::string, std::size_t> places;
  std::size_t count = 0;
  for (auto line = rows.line(); rows.next(fields); line = rows.line()) {
    check_term_rows(++count);
    poll.step(16);
    if (fields[1].empty()) refuse_terms(line, "the term is empty");
    if (fields[1].size() > TermCounter::kMostTermBytes)
      refuse_terms(line, "the term has more than 4,096 bytes");
    const auto made = places.emplace(fields[0], labels.size());
    if (made.second) labels.push_back({fields[0], {}});
    labels[made.first->second].terms.push_back({fields[1], read_weight(fields[2], line)});
  }
  return labels;
}

std::string write_term_file(std::span<const LabelTerms> labels, const IsStopping& is_stopping) {
  StopPoll poll{is_stopping};
  std::size_t rows = 0;
  for (const auto& label : labels) rows += label.terms.size();
  check_term_rows(rows);
  std::string out = "label,term,weight\r\n";
  for (const auto& [label, terms] : labels) {
    for (const auto& [term, weight] : terms) {
      poll.step(16);
      append_field(out, label);
      out += ',';
      append_field(out, term);
      out += ',';
      records::append_float(out, weight);
      out += "\r\n";
    }
  }
  check_term_file_bytes(out.size());
  return out;
}

}  // namespace millrace::learn
