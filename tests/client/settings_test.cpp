#include <filesystem>

#include <catch2/catch.hpp>

#include <millrace/client/error.hpp>
#include <millrace/client/settings.hpp>

#include "tests/client/surroundings.hpp"

using namespace millrace::client;
using millrace::test::LogLines;
using millrace::test::Surroundings;

namespace {

std::shared_ptr<Log> log_to(LogLines& lines) {
  return std::make_shared<Log>([&lines](LogLevel level, const std::string& line) {
    lines.push_back(std::string{to_string(level)} + " " + line);
  });
}

}  // namespace

TEST_CASE("the settings are 13, in the documented order, and some have defaults",
          "[client][settings]") {
  const Surroundings here;
  LogLines lines;
  Settings settings{log_to(lines)};
  settings.fetch();
  std::string shown;
  for (const auto name : Settings::names()) {
    const auto* value = settings.find(name);
    shown += std::string{name} + " " + (value == nullptr ? "unset" : value->dump()) + " " +
             settings.getsource(name).value_or("None") + "\n";
  }
  CHECK(shown ==
        "api_url unset None\napi_page 1 dictionary\napi_per_page 10 dictionary\n"
        "git_local_repo unset None\nauth_user_login unset None\n"
        "auth_user_password null dictionary\nauth_app_token null dictionary\n"
        "auth_ssh_key null dictionary\nlogging_enable true dictionary\n"
        "logging_level \"INFO\" dictionary\nlogging_file null dictionary\n"
        "selected_project unset None\nselected_workspace unset None\n");
  CHECK(lines.empty());
}

TEST_CASE("reading what is unset gives null and an error in the log", "[client][settings]") {
  const Surroundings here;
  LogLines lines;
  Settings settings{log_to(lines)};
  settings.fetch();
  CHECK(settings.get("api_url").is_null());
  CHECK(settings.get("colour").is_null());
  CHECK(settings.get("auth_app_token").is_null());  // it is set, to null
  CHECK(lines ==
        LogLines{"ERROR Configuration attribute `api_url` was requested but could not be found",
                 "ERROR Configuration attribute `colour` was requested but could not be found"});
}

TEST_CASE("a stronger source wins: default, file, dictionary, environment", "[client][settings]") {
  Surroundings here;
  const auto file = here.write("settings.ini", "[api]\nper_page = 30\n");
  const bool has_file = GENERATE(false, true);
  const bool has_dictionary = GENERATE(false, true);
  const bool has_environment = GENERATE(false, true);
  const bool disables = GENERATE(false, true);
  if (has_environment) here.set("MAISIE_API_PER_PAGE", "50");
  FetchOptions options;
  if (has_file) options.filename = file;
  if (has_dictionary) options.dictionary = Json{{"api_per_page", 40}};
  options.disable_env = disables;
  Settings settings;
  settings.fetch(options);

  Json value = 10;
  std::string source = "dictionary";
  if (has_file) value = "30", source = file.string();
  if (has_dictionary) value = 40, source = "dictionary";
  if (has_environment && !disables) value = "50", source = "environment";
  INFO(has_file << has_dictionary << has_environment << disables);
  CHECK(settings.get("api_per_page") == value);
  CHECK(settings.getsource("api_per_page") == source);
}

TEST_CASE("every setting can come from every source", "[client][settings]") {
  Surroundings here;
  here.write("all.ini",
             "[api]\nurl=1\npage=2\nper_page=3\n[git]\nlocal_repo=4\n[auth]\nuser_login=5\n"
             "user_password=6\napp_token=7\nssh_key=8\n[logging]\nenable=9\nlevel=40\n"
             "file=11\n[selected]\nproject=12\nworkspace=13\n[other]\nkey=x\n[api_x]\nurl=y\n");
  Settings from_file;
  from_file.fetch({.filename = "all.ini"});
  Settings from_environment;
  for (const auto name : Settings::names())
    here.set(Settings::environment_name(name), from_file.text(name) + "e");
  here.set("MAISIE_LOGGING_LEVEL", "40");
  from_environment.fetch();
  Json dictionary = Json::object();
  for (const auto name : Settings::names()) dictionary[std::string{name}] = from_file.get(name);
  Settings from_dictionary;
  from_dictionary.fetch({.dictionary = dictionary, .disable_env = true});

  int number = 0;
  for (const auto name : Settings::names()) {
    INFO(name);
    ++number;
    const auto expected = number == 10 ? "40" : std::to_string(number);
    CHECK(from_file.get(name) == expected);
    CHECK(from_file.getsource(name) == "all.ini");
    CHECK(from_dictionary.get(name) == expected);
    CHECK(from_dictionary.getsource(name) == "dictionary");
    CHECK(from_environment.get(name) == (number == 10 ? expected : expected + "e"));
    CHECK(from_environment.getsource(name) == "environment");
  }
}

TEST_CASE("an empty variable counts as unset", "[client][settings]") {
  Surroundings here;
  here.set("MAISIE_API_PAGE", "");
  here.set("MAISIE_SELECTED_PROJECT", "");
  Settings settings;
  settings.fetch({.dictionary = Json{{"api_page", 4}}});
  CHECK(settings.get("api_page") == 4);
  CHECK(settings.find("selected_project") == nullptr);
}

TEST_CASE("keys of a dictionary compare in lower case, others are skipped", "[client][settings]") {
  const Surroundings here;
  Settings settings;
  settings.fetch({.dictionary = Json{{"API_Url", "u"}, {"colour", 1}, {"selected_project", {1}}}});
  CHECK(settings.get("api_url") == "u");
  CHECK(settings.find("colour") == nullptr);
  CHECK(settings.get("selected_project") == Json{1});  // of any type
  CHECK_THROWS_AS(settings.fetch({.dictionary = Json{1}}), ConfigInitializationError);
}

TEST_CASE("a later fetch only lays over, and a failed one changes nothing", "[client][settings]") {
  const Surroundings here;
  Settings settings;
  settings.fetch({.dictionary = Json{{"api_url", "u"}, {"api_page", 2}}});
  settings.fetch({.dictionary = Json{{"api_page", 3}}});
  CHECK(settings.get("api_url") == "u");
  CHECK(settings.get("api_page") == 3);
  here.write("bad.ini", "[api]\npage=9\nnonsense\n");
  CHECK_THROWS_AS(settings.fetch({.filename = "bad.ini"}), ConfigInitializationError);
  CHECK(settings.get("api_page") == 3);
  settings.fetch({.filename = "nowhere.ini"});
  CHECK(settings.get("api_page") == 3);
}

TEST_CASE("a file .maisie is looked for downwards, the nearest first", "[client][settings]") {
  Surroundings here;
  here.write(".maisie", "[selected]\nproject = above\n");
  here.write("work/a/b/.maisie", "[selected]\nproject = deep\n");
  here.enter("work");
  const auto project = [] {
    Settings settings;
    settings.fetch();
    return settings.text("selected_project") + " " +
           settings.getsource("selected_project").value_or("None");
  };
  CHECK(project() == "deep " + here.path("work/a/b/.maisie").string());
  here.write("work/z/.maisie", "[selected]\nproject = near\n");
  CHECK(project() == "near " + here.path("work/z/.maisie").string());
  here.write("work/y/.maisie", "[selected]\nproject = by name\n");
  CHECK(project() == "by name " + here.path("work/y/.maisie").string());
  here.write("work/.maisie", "[selected]\nproject = here\n");
  CHECK(project() == "here " + here.path("work/.maisie").string());

  here.enter("empty");
  CHECK(project() == " None");
  std::filesystem::create_directory_symlink(here.path("work"), here.path("empty/link"));
  std::filesystem::create_directory(here.path("empty/.maisie"));
  CHECK(project() == " None");
}

TEST_CASE("there is no search when a file or a dictionary was given", "[client][settings]") {
  const Surroundings here;
  here.write(".maisie", "[selected]\nproject = found\n");
  Settings settings;
  settings.fetch({.dictionary = Json::object()});
  CHECK(settings.find("selected_project") == nullptr);
  settings.fetch({.filename = "nowhere.ini"});
  CHECK(settings.find("selected_project") == nullptr);
  settings.fetch();
  CHECK(settings.get("selected_project") == "found");
}
