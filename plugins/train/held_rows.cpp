#include "plugins/train/held_rows.hpp"

#include <utility>

namespace millrace::train {

namespace {

constexpr std::size_t kRowsOfBatch = 1024;
constexpr std::size_t kBytesOfBatch = std::size_t{4} << 20;

void append_part(std::string& record, std::string_view text) {
  const auto size = sort_key(text.size());
  record.append(size.data(), size.size()).append(text);
}

std::string_view take_part(std::string_view& record) {
  constexpr std::size_t kSize = 8;
  std::uint64_t size = 0;
  for (const char c : record.substr(0, kSize)) size = size << 8 | static_cast<unsigned char>(c);
  if (record.size() < kSize || size > record.size() - kSize)
    throw Failure{MR_DATA_INVALID, "a row in the scratch of the job is cut short"};
  const auto part = record.substr(kSize, size);
  record.remove_prefix(kSize + size);
  return part;
}

}  // namespace

void HeldRows::add(Context& context, std::string_view set, std::string_view label,
                   std::string_view text) {
  record_.clear();
  for (const auto part : {set, label, text}) append_part(record_, part);
  const auto place = sort_key(rows_.size());
  rows_.add(context, {place.data(), place.size()}, record_);
}

bool HeldRows::emit(Context& context,
                    const std::function<Prediction(std::string_view text)>& predict) {
  Builder<std::string_view> sets, labels, texts, predicted, items;
  std::vector<std::int64_t> lengths;
  std::size_t bytes = 0;
  ExternalSort::Item item;
  while (emitted_ < rows_.size() && lengths.size() < kRowsOfBatch && bytes < kBytesOfBatch &&
         rows_.next(context, item)) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
    auto record = item.record;
    bytes += record.size();
    sets.append(take_part(record));
    labels.append(take_part(record));
    const auto text = take_part(record);
    texts.append(text);
    const auto made = predict(text);
    made.label.empty() ? predicted.append_null() : predicted.append(made.label);
    for (const auto candidate : made.candidates) items.append(candidate);
    lengths.push_back(static_cast<std::int64_t>(made.candidates.size()));
    ++emitted_;
  }
  if (lengths.empty()) return false;
  auto batch = Batch{}
                   .with(columns_.set, std::move(sets))
                   .with(columns_.label, std::move(labels))
                   .with(columns_.text, std::move(texts))
                   .with(columns_.predicted, std::move(predicted));
  if (!columns_.candidates.empty())
    batch = std::move(batch).with_list(columns_.candidates, lengths,
                                       Batch{}.with("item", std::move(items)));
  context.emit(std::move(batch), kPort);
  return emitted_ < rows_.size();
}

}  // namespace millrace::train
