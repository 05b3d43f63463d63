#include "engine/catalog/row_change.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "engine/base/json_numbers.hpp"
#include "engine/base/password.hpp"
#include "engine/base/utf8.hpp"
#include "engine/catalog/change_limits.hpp"
#include "engine/catalog/query.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::string_view kWhat = "catalog change";

Error wrong(std::string what, std::string_view field = {}) {
  return {Code::InvalidArgument, fmt::format("{}: {}", kWhat, what), {}, std::string{field}};
}

constexpr std::array<std::pair<std::string_view, RowChange::Action>, 5> kActions{
    {{"insert", RowChange::Action::Insert},
     {"update", RowChange::Action::Update},
     {"delete", RowChange::Action::Delete},
     {"attach", RowChange::Action::Attach},
     {"detach", RowChange::Action::Detach}}};

// Before the transaction, which others wait for.
Result<void> check_members(const EntityColumn& column, const Json& document) {
  if (column.index.table.empty() || !document.is_object()) return {};
  if (document.size() > kMostMembers)
    return wrong(fmt::format("{} has more than {} members", column.name, kMostMembers),
                 column.name);
  for (const auto& [name, value] : document.get_ref<const Json::object_t&>()) {
    if (name.size() <= kLongestMember || code_points(name) <= kLongestMember) continue;
    return wrong(fmt::format("{} has a member whose name is longer than {} characters: {}",
                             column.name, kLongestMember, printable(name, 60)),
                 column.name);
  }
  return {};
}

Result<std::int64_t> integer_member(const Json& change, std::string_view name) {
  const auto found = change.find(name);
  const auto whole = found == change.end() ? std::nullopt : whole_number(*found);
  if (!whole) return wrong(fmt::format("{} is an integer", name), name);
  return *whole;
}

Result<std::string> sha256_digits(const EntityColumn& column, std::string_view text) {
  std::string digits{text};
  std::transform(digits.begin(), digits.end(), digits.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (digits.size() == 64 && digits.find_first_not_of("0123456789abcdef") == std::string::npos)
    return digits;
  return wrong(fmt::format("{} is not a SHA-256 of 64 hexadecimal digits", column.name),
               column.name);
}

}  // namespace

std::string_view to_string(RowChange::Action action) {
  return std::find_if(kActions.begin(), kActions.end(),
                      [action](const auto& known) { return known.second == action; })
      ->first;
}

Result<RowChange> RowChange::compile(const Json& change, const Asker& asker, const Clock& clock,
                                     Passwords passwords) {
  MR_TRY(const Entity* entity, entity_of(change, kWhat));
  RowChange made{*entity, std::make_shared<const Asker>(asker), clock, to_micros(clock.now())};
  made.passwords_ = passwords;
  MR_CHECK(made.read_action(change));
  switch (made.action_) {
    case Action::Insert:
    case Action::Update: {
      const auto set = change.find("set");
      if (set == change.end() || !set->is_object()) return wrong("set is an object of columns");
      MR_CHECK(made.read_set(*set));
      if (made.action_ == Action::Insert) MR_CHECK(made.add_missing());
      break;
    }
    case Action::Delete:
      break;
    case Action::Attach:
    case Action::Detach:
      MR_CHECK(made.read_link(change));
      break;
  }
  return made;
}

Result<void> RowChange::read_action(const Json& change) {
  const auto word = change.value("action", Json{});
  const auto known = std::find_if(kActions.begin(), kActions.end(),
                                  [&](const auto& action) { return word == Json(action.first); });
  if (known == kActions.end())
    return wrong(fmt::format("action of {} is insert, update, delete, attach or detach: {}",
                             entity_->name, word.dump()));
  action_ = known->second;
  const bool sets = action_ == Action::Insert || action_ == Action::Update;
  const bool links = action_ == Action::Attach || action_ == Action::Detach;
  for (const auto& [key, value] : change.items()) {
    const bool is_known = key == "entity" || key == "action" ||
                          (key == "id" && action_ != Action::Insert) || (key == "set" && sets) ||
                          ((key == "column" || key == "value") && links);
    if (!is_known)
      return wrong(fmt::format("{} takes no member {}", to_string(action_), printable(key)));
  }
  if (!is_changeable(*entity_)) return wrong(fmt::format("{} is only read", entity_->name));
  if (entity_->is_append_only && action_ != Action::Insert)
    return wrong(fmt::format("rows of {} are only added", entity_->name));
  if (action_ != Action::Insert) {
    MR_TRY(id_, integer_member(change, "id"));
  }
  return {};
}

Result<void> RowChange::read_set(const Json& set) {
  for (const auto& [name, value] : set.items()) {
    MR_TRY(const EntityColumn* column, column_of(*entity_, name, kWhat));
    if (!column->rules.is_writable) return wrong(fmt::format("{} is only read", name), name);
    if (column->kind == ColumnKind::Rows) {
      MR_CHECK(read_names(*column, value));
    } else {
      MR_CHECK(read_value(*column, value));
    }
  }
  return {};
}

Result<void> RowChange::read_value(const EntityColumn& column, const Json& value) {
  const auto& rules = column.rules;
  if (!rules.raised_by.empty()) {
    if (action_ != Action::Update || value != "now")
      return wrong(fmt::format("{} is set by an update, and to \"now\"", column.name), column.name);
    values_.push_back({&column, std::string{"now"}});
    return {};
  }
  if (value.is_null()) {
    if (rules.is_mandatory)
      return wrong(fmt::format("{} must not be null", column.name), column.name);
    values_.push_back({&column, nullptr});
    return {};
  }
  if (column.kind == ColumnKind::Document) {
    if (const auto unfit = unfit_number(value)) {
      return wrong(fmt::format("{} holds an integer beyond 64 bits with a sign: {} at \"{}\"",
                               column.name, unfit->text, unfit->pointer),
                   column.name);
    }
    MR_CHECK(check_members(column, value));
    values_.push_back({&column, value.dump(-1, ' ', false, Json::error_handler_t::replace)});
    return {};
  }
  MR_TRY(SqlValue bound, to_sql_value(column, value, kWhat));
  if (auto* text = std::get_if<std::string>(&bound)) {
    if (!is_utf8(*text)) return wrong(fmt::format("{} is not UTF-8", column.name), column.name);
    if (text->find('\0') != std::string::npos)
      return wrong(fmt::format("{} holds a NUL character", column.name), column.name);
    if (rules.longest > 0 && code_points(*text) > static_cast<std::size_t>(rules.longest)) {
      return wrong(fmt::format("{} is longer than {} characters", column.name, rules.longest),
                   column.name);
    }
    if (rules.is_sha256) {
      MR_TRY(*text, sha256_digits(column, *text));
    }
    if (column.kind == ColumnKind::Password && passwords_ == Passwords::Plain) {
      MR_TRY(*text, hash_password(*text));
    }
  }
  values_.push_back({&column, std::move(bound)});
  return {};
}

Result<void> RowChange::read_names(const EntityColumn& column, const Json& value) {
  if (column.related.named.empty()) return wrong(fmt::format("{} is only read", column.name));
  if (!value.is_array())
    return wrong(fmt::format("{} is a list of names", column.name), column.name);
  if (value.size() > kMostNames)
    return wrong(fmt::format("{} has more than {} names", column.name, kMostNames), column.name);
  MR_TRY(const EntityColumn* name, column_of(*find_entity(column.related.named), "name", kWhat));
  Names names{&column, {}};
  std::unordered_set<std::string> seen;
  for (const Json& each : value) {
    if (!each.is_string())
      return wrong(fmt::format("{} is a list of names", column.name), column.name);
    auto text = each.get<std::string>();
    if (!is_utf8(text) || code_points(text) > static_cast<std::size_t>(name->rules.longest)) {
      return wrong(
          fmt::format("{} has a name of more than {} characters", column.name, name->rules.longest),
          column.name);
    }
    if (seen.insert(text).second) names.names.push_back(std::move(text));
  }
  names_.push_back(std::move(names));
  return {};
}

// What an insert left out.
Result<void> RowChange::add_missing() {
  for (const EntityColumn& column : entity_->columns) {
    const auto is_it = [&column](const auto& given) { return given.column == &column; };
    if (!column.rules.raised_by.empty()) continue;
    if (!column.rules.is_writable || std::any_of(values_.begin(), values_.end(), is_it)) continue;
    if (!column.rules.fallback.empty()) {
      MR_TRY(const Json fallback, parse_json(column.rules.fallback));
      MR_CHECK(read_value(column, fallback));
    } else if (column.rules.is_mandatory) {
      return wrong(fmt::format("{} is missing", column.name), column.name);
    } else if (!column.rules.folded.empty()) {
      values_.push_back({&column, nullptr});
    }
  }
  asked_ = values_.size();
  return {};
}

Result<void> RowChange::read_link(const Json& change) {
  const auto name = change.find("column");
  if (name == change.end() || !name->is_string()) return wrong("column names what is attached");
  MR_TRY(linked_, column_of(*entity_, name->get_ref<const std::string&>(), kWhat));
  if (linked_->kind != ColumnKind::Rows || linked_->related.link.empty())
    return wrong(fmt::format("nothing can be attached to {}", linked_->name));
  MR_TRY(other_id_, integer_member(change, "value"));
  return {};
}

void RowChange::hide_passwords(Json& set) const {
  for (const auto& [column, value] : values_) {
    const auto* hash = std::get_if<std::string>(&value);
    if (column->kind == ColumnKind::Password && hash != nullptr)
      set[std::string{column->name}] = *hash;
  }
}

bool RowChange::is_empty() const {
  return action_ == Action::Update && values_.empty() && names_.empty();
}

}  // namespace millrace
