// What an operator does with odd batches: empty, all null, sliced, of another schema; and whether
// it lets go of them.
#include <algorithm>
#include <utility>

#include "engine/testing/batch_json.hpp"
#include "engine/testing/checks.hpp"
#include "engine/testing/release_counter.hpp"

namespace millrace::testing {
namespace {

constexpr std::string_view kPolite = "; allowed are InvalidArgument, DataInvalid and NotFound";

Transcript feed(const Subject& subject, Batch batch) {
  Trial trial{subject.found, subject.example};
  auto transcript = trial.push(std::move(batch)).finish().transcript();
  if (!trial.flaw().empty()) subject.add(trial.flaw());
  return transcript;
}

// Makes the example's rows with each value replaced.
Batch rows_with(const Example& example, const Json& rows, const Json& types) {
  auto made = batch_from_json(rows, types);
  return made.ok() ? *std::move(made) : example.make_rows();
}

void check_empty(const Subject& subject) {
  const auto empty = subject.example.make_rows().slice(0, 0);
  const auto transcript = feed(subject, empty.share());
  if (!transcript.is_ok) subject.add("fails for a batch without rows: " + failure_text(transcript));
}

void check_all_null(const Subject& subject) {
  // The types are those of the example, so that only the values are missing.
  const auto schema = subject.example.make_rows().schema();
  const Batch batch = subject.example.make_rows();
  Json nulls = Json::object();
  Json types = Json::object();
  for (const auto& field : schema) {
    if (field.type == Type::List || field.type == Type::Struct) continue;
    const bool is_root = field.name == kRootColumn;
    nulls[field.name] =
        is_root ? subject.example.rows.at(field.name)
                : Json(std::vector<Json>(static_cast<std::size_t>(batch.rows()), Json{}));
    types[field.name] = std::string{to_string(field.type)};
  }
  const auto transcript = feed(subject, rows_with(subject.example, nulls, types));
  if (!transcript.is_ok && !is_polite(transcript.code)) {
    subject.add("breaks for a batch of nulls: " + failure_text(transcript) + std::string{kPolite});
  }
}

// Rows [n, 2n) of a batch three times as long, with the offset in the outermost struct, as Arrow
// allows.
Batch offset_outside(const Example& example) {
  const auto rows = example.make_rows().rows();
  ArrowArray array{};
  ArrowSchema schema{};
  example.make_rows(3).export_to(&array, &schema);
  array.offset += rows;
  array.length = rows;
  array.null_count = 0;
  return Batch::import(&array, &schema);
}

void check_sliced(const Subject& subject) {
  const auto rows = subject.example.make_rows().rows();
  const auto plain = feed(subject, subject.example.make_rows()).whole();
  const auto sliced = feed(subject, subject.example.make_rows(3).slice(rows, rows)).whole();
  const auto outside = feed(subject, offset_outside(subject.example)).whole();
  if (const auto differs = difference(plain, sliced); !differs.empty()) {
    subject.add("a sliced batch gives something else than the same rows alone: " + differs);
  }
  if (const auto differs = difference(plain, outside); !differs.empty()) {
    subject.add("a batch with an offset in its outer struct gives something else: " + differs);
  }
}

void check_wrong_schema(const Subject& subject) {
  const Json unrelated = Json::parse(R"({"unrelated": [1, null, 3]})");
  const auto lacking = feed(subject, rows_with(subject.example, unrelated, Json::object()));
  if (!lacking.is_ok && !is_polite(lacking.code)) {
    subject.add("breaks for a batch without its columns: " + failure_text(lacking) +
                std::string{kPolite});
  }
  for (const auto& [column, word] : subject.info().reads.items()) {
    if (word == "any" || !subject.example.rows.contains(column) || column == kRootColumn) continue;
    Json rows = subject.example.rows;
    Json types = subject.example.types;
    const std::string_view type = word.get_ref<const std::string&>();
    const bool is_text = type.find("utf8") != type.npos || type.find("binary") != type.npos;
    for (auto& value : rows[column]) value = is_text ? Json(1) : Json("text");
    types[column] = is_text ? "int64" : "utf8";
    const auto wrong = feed(subject, rows_with(subject.example, rows, types));
    if (!wrong.is_ok && !is_polite(wrong.code)) {
      subject.add("breaks where column " + column + " has another type: " + failure_text(wrong) +
                  std::string{kPolite});
    }
  }
}

void check_release(const Subject& subject) {
  ReleaseCounter counter;
  {
    Trial trial{subject.found, subject.example};
    trial.push(counter.watch(subject.example.make_rows()))
        .push(counter.watch(subject.example.make_rows().slice(0, 1)))
        .finish()
        .destroy();
  }
  {
    // An operator that fails has taken the batch over all the same.
    Trial trial{subject.found, subject.example};
    const Json unrelated = Json::parse(R"({"unrelated": [1]})");
    trial.push(counter.watch(rows_with(subject.example, unrelated, Json::object()))).destroy();
  }
  if (counter.leaked() > 0) {
    subject.add(std::to_string(counter.leaked()) + " of " + std::to_string(counter.watched()) +
                " batches were not released when the operator was gone");
  }
  if (counter.doubled() > 0) {
    subject.add(std::to_string(counter.doubled()) + " of " + std::to_string(counter.watched()) +
                " batches were released more than once");
  }
}

// Returns the roots of all rows of the main port, or nothing where a row has none.
std::vector<Json> roots_of(const Transcript& transcript) {
  std::vector<Json> roots;
  const auto schema = transcript.schemas.find("");
  const auto emitted = transcript.emitted.find("");
  if (schema == transcript.schemas.end() || emitted == transcript.emitted.end()) return roots;
  std::size_t place = 0;
  while (place < schema->second.size() && schema->second[place].at(0) != kRootColumn) ++place;
  for (const auto& batch : emitted->second) {
    for (const auto& row : batch) roots.push_back(place < row.size() ? row[place] : Json{});
  }
  return roots;
}

void check_root(const Subject& subject) {
  Json rows = subject.example.rows;
  const auto count = static_cast<std::int64_t>(subject.example.make_rows().rows());
  Json given = Json::array();
  for (std::int64_t row = 0; row < count; ++row) given.push_back(100 + row);
  rows[std::string{kRootColumn}] = given;
  auto batch = batch_from_json(rows, subject.example.types);
  if (!batch.ok() || count == 0) return;
  const auto transcript = feed(subject, *std::move(batch));
  if (!transcript.is_ok)
    return subject.add("fails when rows carry their root: " + failure_text(transcript));
  const auto roots = roots_of(transcript);
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (!roots[i].is_number_integer() || roots[i] < given.front() || roots[i] > given.back()) {
      return subject.add("emits a row without the root of the row it descends from: row " +
                         std::to_string(i));
    }
    if (i > 0 && roots[i] < roots[i - 1])
      return subject.add("emits rows out of the order of their roots: row " + std::to_string(i));
  }
}

bool to_passing(const Example& example) {
  return example.info.role == "filter" || example.info.role == "augment" ||
         example.info.role == "preprocess" || example.info.role == "label";
}

}  // namespace

std::vector<Check> data_checks() {
  return {
      {{"empty", "A batch without rows is no failure."}, true, to_sinks, check_empty},
      {{"all_null", "A batch of nulls gives rows or a polite failure."},
       true,
       to_sinks,
       check_all_null},
      {{"sliced", "A slice of a batch gives what its rows alone give."},
       true,
       to_sinks,
       check_sliced},
      {{"wrong_schema",
        "Missing columns and columns of another type give rows or a polite failure."},
       true,
       to_sinks,
       check_wrong_schema},
      {{"release", "Each batch is released once, also after a failure."},
       true,
       to_sinks,
       check_release},
      {{"root", "Emitted rows keep @root, in ascending order."}, true, to_passing, check_root},
  };
}

}  // namespace millrace::testing
