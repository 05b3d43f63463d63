#include <memory>

#include <CLI/CLI.hpp>

#include "engine/catalog/catalog.hpp"
#include "engine/data_folder.hpp"
#include "engine/engine.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/new_user.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/password_prompt.hpp"
#include "tools/millrace/program.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

struct UserArguments {
  std::string login, password_file;
  bool with_models = false;
};

// A server may run on the same catalog: both only add and change rows of users here.
Result<std::unique_ptr<Catalog>> open_or_make_catalog(const Program& program) {
  auto settings = program.engine_settings().catalog;
  if (settings.address.empty()) {
    MR_CHECK(open_data_folder(program.data));
    settings.address = fmt::format("sqlite:{}", (program.data / "catalog.sqlite").string());
  }
  return Catalog::open(settings, system_clock());
}

Result<std::unique_ptr<Catalog>> open_catalog(const Program& program) {
  if (program.catalog.empty()) MR_CHECK(program.find_data_folder());
  return open_or_make_catalog(program);
}

const Asker& shell() {
  static const Asker asker{.owner = {}, .name = "command line"};
  return asker;
}

int tell(const Program& program, const Result<Batch>& rows) {
  if (!rows.ok()) return report(rows.error(), program.json);
  const auto id = rows->column<std::int64_t>("id");
  const auto login = rows->column<std::string_view>("login");
  const auto name = rows->column<std::string_view>("full_name");
  const auto email = rows->column<std::string_view>("email");
  const auto is_admin = rows->column<bool>("is_admin");
  const auto is_disabled = rows->column<bool>("is_disabled");
  Json list = Json::array();
  std::vector<std::vector<std::string>> lines{
      {"ID", "LOGIN", "NAME", "EMAIL", "ADMINISTRATOR", "DISABLED"}};
  const auto json_text = [](const std::optional<std::string_view>& text) {
    return text ? Json(*text) : Json(nullptr);
  };
  for (std::int64_t row = 0; row < rows->rows(); ++row) {
    list.push_back({{"id", id.value(row)},
                    {"login", login.value(row)},
                    {"full_name", json_text(name[row])},
                    {"email", json_text(email[row])},
                    {"is_admin", is_admin.value(row)},
                    {"is_disabled", is_disabled.value(row)}});
    lines.push_back({std::to_string(id.value(row)), std::string{login.value(row)},
                     std::string{name.value(row)}, std::string{email.value(row)},
                     is_admin.value(row) ? "yes" : "no", is_disabled.value(row) ? "yes" : "no"});
  }
  program.json ? print_json({{"users", std::move(list)}}) : print(table(lines));
  return kOk;
}

Result<std::int64_t> find_user(Catalog& catalog, const std::string& login) {
  MR_TRY(const Batch found,
         catalog.query(
             {{"entity", "users"},
              {"where", Json::array({{{"column", "login"}, {"op", "="}, {"value", login}}})}}));
  if (found.rows() == 0) return Error{Code::NotFound, "no such user: " + login};
  return found.column<std::int64_t>("id").value(0);
}

Result<Batch> set_of_user(Catalog& catalog, const std::string& login, const Json& set) {
  MR_TRY(const std::int64_t id, find_user(catalog, login));
  return catalog.change({{"entity", "users"}, {"action", "update"}, {"id", id}, {"set", set}},
                        shell());
}

int change_user(const Program& program, const std::string& login, const Json& set) {
  auto catalog = open_catalog(program);
  if (!catalog.ok()) return report(catalog.error(), program.json);
  return tell(program, set_of_user(**catalog, login, set));
}

int change_password(const Program& program, const UserArguments& arguments) {
  auto catalog = open_catalog(program);
  if (!catalog.ok()) return report(catalog.error(), program.json);
  // Nobody types a password for a user who is not there.
  if (const auto found = find_user(**catalog, arguments.login); !found.ok())
    return report(found.error(), program.json);
  auto password = read_password(arguments.password_file, true);
  if (!password.ok()) return report(password.error(), program.json);
  return tell(program,
              set_of_user(**catalog, arguments.login, {{"password", *std::move(password)}}));
}

int remove_user(const Program& program, const UserArguments& arguments) {
  auto catalog = open_catalog(program);
  if (!catalog.ok()) return report(catalog.error(), program.json);
  const auto id = find_user(**catalog, arguments.login);
  if (!id.ok()) return report(id.error(), program.json);
  const auto gone = (*catalog)->change(
      {{"entity", "users"}, {"action", "delete"}, {"id", *id}, {"cascade", arguments.with_models}},
      shell());
  const bool has_models = !gone.ok() && gone.error().code == Code::Conflict &&
                          gone.error().field.empty() && !arguments.with_models;
  if (has_models) {
    auto error = gone.error();
    error.message += ", or say --with-models; \"millrace users disable\" keeps them";
    return report(error, program.json);
  }
  return tell(program, gone);
}

int list_users(const Program& program) {
  auto catalog = open_catalog(program);
  if (!catalog.ok()) return report(catalog.error(), program.json);
  return tell(program,
              (*catalog)->query({{"entity", "users"}, {"order", {"id"}}, {"limit", 1'000'000}}));
}

}  // namespace

Result<std::string> password_of(const NewUser& user) {
  if (!user.password.empty()) return user.password;
  return read_password(user.password_file, true);
}

int add_user_here(const Program& program, const NewUser& user) {
  auto catalog = open_or_make_catalog(program);
  if (!catalog.ok()) return report(catalog.error(), program.json);
  auto password = password_of(user);
  if (!password.ok()) return report(password.error(), program.json);
  const auto count = (*catalog)->query({{"entity", "users"}, {"count", true}});
  if (!count.ok()) return report(count.error(), program.json);
  // The first user looks after the others.
  const bool is_first = count->column<std::int64_t>("count").value(0) == 0;
  Json set{{"login", user.login},
           {"password", *std::move(password)},
           {"is_admin", user.is_admin || is_first}};
  if (!user.name.empty()) set["full_name"] = user.name;
  if (!user.email.empty()) set["email"] = user.email;
  return tell(program,
              (*catalog)->change(
                  {{"entity", "users"}, {"action", "insert"}, {"set", std::move(set)}}, shell()));
}

void add_user(CLI::App& app, Program& program) {
  auto* command = app.get_subcommand("users");
  command->alias("user");
  command->description("Users of a server: over its API, or in the catalog of its data folder");
  const auto arguments =
      std::make_shared<UserArguments>();  // shared with the callbacks, which run later
  const auto add_password = [&](CLI::App& to) {
    to.add_option(
        "--password-file", arguments->password_file,
        "File whose first line is the password; default: asked for, or the standard input");
  };
  auto* password = command->add_subcommand(
      "password", "Gives a user another password, and ends the tokens of the user");
  password->add_option("LOGIN", arguments->login, "Name to sign in with")->required();
  add_password(*password);
  password->callback([&program, arguments] {
    program.action = [&program, arguments] { return change_password(program, *arguments); };
  });
  const auto add_change = [&](const char* name, const char* what, const Json& set) {
    auto* change = command->add_subcommand(name, what);
    change->add_option("LOGIN", arguments->login, "Name to sign in with")->required();
    change->callback([&program, arguments, set] {
      program.action = [&program, arguments, set] {
        return change_user(program, arguments->login, set);
      };
    });
  };
  add_change("end-sessions", "Ends the tokens of a user, who has to sign in again",
             {{"tokens_since", "now"}});
  add_change("disable", "Ends the tokens of a user, who cannot sign in any more",
             {{"is_disabled", true}});
  add_change("enable", "Lets a user sign in again", {{"is_disabled", false}});
  auto* remove = command->add_subcommand("remove", "Removes a user who has no models");
  remove->add_option("LOGIN", arguments->login, "Name to sign in with")->required();
  remove->add_flag("--with-models", arguments->with_models,
                   "Removes the models of the user too; their files go with the next \"millrace "
                   "models gc\"");
  remove->callback([&program, arguments] {
    program.action = [&program, arguments] { return remove_user(program, *arguments); };
  });
  auto* list = command->add_subcommand("list", "Lists the users of the data folder");
  list->callback([&program] { program.action = [&program] { return list_users(program); }; });
  command->footer(
      "ls, rm, and add with --login ask the server, as the settings of the client say. The others "
      "change the\n"
      "catalog itself, beside a running server, which knows of it within a second. \"millrace "
      "user\" "
      "is the same.\n"
      "Examples:\n"
      "  millrace users add admin --data /var/lib/millrace\n"
      "  millrace users add zofia --name \"Zofia K\" --password-file zofia.txt\n"
      "  millrace users disable zofia\n"
      "Exit code: 0 done, 1 failed, taken or still needed, 3 bad input, 4 no such user or data "
      "folder.");
}

}  // namespace millrace::tool
