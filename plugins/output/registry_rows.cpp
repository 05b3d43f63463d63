#include "plugins/output/registry_rows.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <random>

#include "plugins/records/raw_json.hpp"

namespace millrace::output {

namespace {

namespace raw = records::raw;

std::string condition(std::string_view column, std::string_view value) {
  return R"({"column":")" + std::string{column} + R"(","op":"=","value":)" + quoted(value) + "}";
}

std::optional<std::int64_t> id_of(Context& context, std::string_view entity,
                                  std::string_view column, std::string_view value) {
  const auto rows = context.query(context.parse(R"({"entity":")" + std::string{entity} +
                                                R"(","columns":["id"],"where":[)" +
                                                condition(column, value) + R"(],"limit":2})"));
  if (rows.rows() == 0) return std::nullopt;
  if (rows.rows() > 1)
    throw Failure{MR_CONFLICT,
                  std::string{entity} + ": several have the name: " + std::string{value}};
  return rows.column<std::int64_t>("id")[0];
}

// Two may find that there is none. The later one is told so at once, but within a job at its end.
std::int64_t find_or_make(Context& context, std::string_view entity, std::string_view column,
                          const std::string& value, const Members& set) {
  if (const auto known = id_of(context, entity, column, value)) return *known;
  try {
    return insert(context, entity, set).column<std::int64_t>("id").value(0);
  } catch (const Failure& failure) {
    if (failure.code() != MR_CONFLICT) throw;
    if (const auto known = id_of(context, entity, column, value)) return *known;
    throw;
  }
}

// 256 bits that nobody is told.
std::string unknown_password() {
  std::random_device random;
  std::string password;
  for (int i = 0; i < 8; ++i) password += std::to_string(random()) + '.';
  return password;
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string json;
  raw::append_quoted(json, text);
  return json;
}

void Members::add(std::string_view name, std::string_view json) {
  if (!text_.empty()) text_ += ',';
  raw::append_quoted(text_, name);
  text_.append(":").append(json);
}

void Members::add(std::string_view name, double number) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  add(name, std::string_view{digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void Members::add(std::string_view name, std::int64_t number) { add(name, std::to_string(number)); }

Batch insert(Context& context, std::string_view entity, const Members& set) {
  return context.change(context.parse(R"({"entity":")" + std::string{entity} +
                                      R"(","action":"insert","set":)" + set.object() + "}"));
}

std::int64_t user_id(Context& context, const std::string& login, bool creates) {
  if (!creates) {
    if (const auto known = id_of(context, "users", "login", login)) return *known;
    throw Failure{MR_NOT_FOUND, "user: there is no login of that name: " + login};
  }
  Members set;
  set.add("login", quoted(login));
  set.add("password", quoted(unknown_password()));
  set.add("is_disabled", "true");
  return find_or_make(context, "users", "login", login, set);
}

std::int64_t project_id(Context& context, const std::string& name, bool creates) {
  if (const auto known = id_of(context, "projects", "name", name)) return *known;
  if (!creates)
    throw Failure{MR_NOT_FOUND,
                  "project: there is none of that name; make it, or set `create`: " + name};
  Members set;
  set.add("name", quoted(name));
  const auto workspace = find_or_make(context, "workspaces", "name", name, set);
  set.add("workspace_id", workspace);
  return find_or_make(context, "projects", "name", name, set);
}

}  // namespace millrace::output
