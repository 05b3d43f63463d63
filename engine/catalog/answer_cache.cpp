#include "engine/catalog/answer_cache.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "engine/catalog/revision.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

// The question with its values; each says its kind and its length, so that no two are alike.
std::string key_of(std::string_view revision, const Question& question) {
  std::string key = fmt::format("{}|{}", revision, question.sql);
  const auto out = std::back_inserter(key);
  for (const SqlValue& value : question.values) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      fmt::format_to(out, "|i{}", *number);
    } else if (const auto* real = std::get_if<double>(&value)) {
      fmt::format_to(out, "|r{}", *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      fmt::format_to(out, "|t{}:{}", text->size(), *text);
    } else {
      key += "|n";
    }
  }
  return key;
}

Result<std::vector<std::int64_t>> read_numbers(Connection& connection, const Question& question) {
  MR_TRY(const SqlRows found, connection.query(question.sql, question.values));
  std::vector<std::int64_t> numbers;
  numbers.reserve(found.rows.size());
  for (const auto& row : found.rows) numbers.push_back(std::get<std::int64_t>(row.at(0)));
  return numbers;
}

// What is in all lists, of which there is one at the least.
AnswerCache::Numbers in_common(std::vector<AnswerCache::Numbers> lists) {
  std::sort(lists.begin(), lists.end(),
            [](const auto& a, const auto& b) { return a->size() < b->size(); });
  auto common = lists.front();
  for (const auto& list : std::span{lists}.subspan(1)) {
    std::vector<std::int64_t> both;
    both.reserve(common->size());
    std::set_intersection(common->begin(), common->end(), list->begin(), list->end(),
                          std::back_inserter(both));
    common = std::make_shared<const std::vector<std::int64_t>>(std::move(both));
  }
  return common;
}

}  // namespace

std::size_t AnswerCache::bytes_of(const std::string& key, const Answer& answer) {
  const auto numbers = answer.numbers ? answer.numbers->size() : 0;
  return kEntryBytes + key.size() + numbers * sizeof(std::int64_t);
}

Result<AnswerCache::Numbers> AnswerCache::ask(Connection& connection, std::string_view revision,
                                              const Question& question) {
  MR_TRY(const std::int64_t now, known_revision(connection, revision));
  return answer(connection, revision, now, question, Use::Once);
}

AnswerCache::Known AnswerCache::recall(std::string_view revision,
                                       std::span<const Question> questions) {
  Known known;
  std::vector<Numbers> lists;
  for (const Question& question : questions) {
    const auto key = key_of(revision, question);
    const std::lock_guard lock{mutex_};
    const auto* answer = answers_.find(key);
    if (answer == nullptr || !answer->numbers) return {};
    if (!lists.empty() && answer->revision != known.revision) return {};
    known.revision = answer->revision;
    lists.push_back(answer->numbers);
  }
  known.numbers = in_common(std::move(lists));
  return known;
}

Result<AnswerCache::Known> AnswerCache::ask_again(Connection& connection, std::string_view revision,
                                                  std::span<const Question> questions) {
  MR_TRY(const std::int64_t now, known_revision(connection, revision));
  const auto use = questions.size() == 1 ? Use::Again : Use::List;
  std::vector<Numbers> lists;
  for (const Question& question : questions) {
    MR_TRY(Numbers list, answer(connection, revision, now, question, use));
    if (!list) return Known{now, nullptr};
    lists.push_back(std::move(list));
  }
  return Known{now, in_common(std::move(lists))};
}

// `now` was read first: a change that comes between it and the answer is in the answer, of several
// perhaps in one alone, and whoever reads the later revision asks anew.
Result<AnswerCache::Numbers> AnswerCache::answer(Connection& connection, std::string_view revision,
                                                 std::int64_t now, const Question& question,
                                                 Use use) {
  const auto key = key_of(revision, question);
  bool is_known = false;
  {
    const std::lock_guard lock{mutex_};
    const auto* known = answers_.find(key);
    if (known != nullptr && known->revision != now) known = nullptr;
    if (known != nullptr && (known->numbers || known->is_too_long)) return known->numbers;
    is_known = known != nullptr;
  }
  Numbers numbers;
  if (use != Use::Again || is_known) {
    MR_TRY(auto read, read_numbers(connection, question));
    if (use == Use::List) std::sort(read.begin(), read.end());
    numbers = std::make_shared<const std::vector<std::int64_t>>(std::move(read));
  }
  const bool is_too_long =
      numbers && numbers->size() > (use == Use::List ? kMostListed : kMostNumbers);
  keep(key, {now, is_too_long ? nullptr : numbers, is_too_long});
  return is_too_long && use == Use::List ? nullptr : numbers;
}

void AnswerCache::keep(const std::string& key, Answer answer) {
  const std::lock_guard lock{mutex_};
  if (key.size() > kLongestKey) return;
  if (const auto* older = answers_.find(key)) {
    if (answer.revision < older->revision) return;
    bytes_ -= bytes_of(key, *older);
  }
  bytes_ += bytes_of(key, answer);
  answers_.get(key) = std::move(answer);
  while (bytes_ > most_bytes_) {
    const auto& [oldest, its] = *answers_.oldest();
    bytes_ -= bytes_of(oldest, its);
    answers_.forget(oldest);
  }
}

}  // namespace millrace
