#include "engine/job/kept_changes.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace millrace {

namespace {

std::string joined(const std::vector<const std::string*>& texts) {
  std::string list = "[";
  for (const std::string* text : texts) {
    if (list.size() > 1) list += ',';
    list += *text;
  }
  return list + ']';
}

Error too_many(std::size_t most, std::string_view what) {
  return {
      Code::Exhausted,
      fmt::format("catalog changes of a job: more than {} {} wait for its end; insert many rows "
                  "as one change (rows), update them by where, or make several jobs of it",
                  most, what)};
}

}  // namespace

Result<void> KeptChanges::add(const Item& item) {
  const Json document{{"node", item.node},
                      {"sequence", item.sequence},
                      {"rows", item.rows},
                      {"change", item.change}};
  std::string text = document.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (kept_.size() >= kMostChanges) return too_many(kMostChanges, "changes");
  if (bytes_ + text.size() > kMostBytes) return too_many(kMostBytes, "bytes");
  bytes_ += text.size();
  rows_ += item.rows;
  kept_.push_back({item.sequence, std::move(text)});
  return {};
}

std::string KeptChanges::up_to_mark() const {
  std::vector<const std::string*> texts;
  for (const Kept& kept : kept_) {
    if (kept.sequence <= mark_) texts.push_back(&kept.text);
  }
  return joined(texts);
}

std::string KeptChanges::all() const {
  std::vector<const Kept*> order;
  order.reserve(kept_.size());
  for (const Kept& kept : kept_) order.push_back(&kept);
  std::stable_sort(order.begin(), order.end(), [](const Kept* one, const Kept* other) {
    return one->sequence < other->sequence;
  });
  std::vector<const std::string*> texts;
  texts.reserve(order.size());
  for (const Kept* kept : order) texts.push_back(&kept->text);
  return joined(texts);
}

Result<void> KeptChanges::restore(std::string_view list, std::int64_t sequence) {
  mark_ = sequence;
  MR_TRY(const std::vector<Item> items, read(list));
  for (const Item& item : items) MR_CHECK(add(item));
  return {};
}

Result<std::vector<KeptChanges::Item>> KeptChanges::read(std::string_view list) {
  const Error wrong{Code::DataInvalid, "kept changes of a job: not what the engine writes",
                    std::string{list.substr(0, 200)}};
  auto parsed = parse_json(list, kOwnJson);
  if (!parsed.ok() || !parsed->is_array()) return wrong;
  std::vector<Item> items;
  items.reserve(parsed->size());
  for (Json& each : *parsed) {
    if (!each.is_object() || !each.contains("change") || !each.value("node", Json{}).is_string() ||
        !each.value("sequence", Json{}).is_number_integer() ||
        !each.value("rows", Json{}).is_number_unsigned())
      return wrong;
    items.push_back({each["node"].get<std::string>(), each["sequence"].get<std::int64_t>(),
                     each["rows"].get<std::size_t>(), std::move(each["change"])});
  }
  return items;
}

}  // namespace millrace
