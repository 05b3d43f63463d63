// [head]
#include <iostream>
#include <memory>
#include <stdexcept>

#include <millrace/client.hpp>

using millrace::client::Json;
// [/head]

// [config]
std::shared_ptr<millrace::client::Config> sign_in() {
  return std::make_shared<millrace::client::Config>(millrace::client::ConfigOptions{
      .dictionary = Json{{"api_url", "http://127.0.0.1:8080/maisie/api/v1"},
                         {"auth_user_login", "admin"},
                         {"selected_project", 1}}});  // the password: MAISIE_AUTH_USER_PASSWORD
}
// [/config]

// [upload]
std::int64_t upload(const std::shared_ptr<millrace::client::Config>& config) {
  millrace::client::Models models{config};
  const Json made =
      models.upload("lenet", "net.bin", Json{{"lr", 0.01}, {"epochs", 10}}, "parameters.json",
                    Json{{"acc", 0.98}}, {.dataset_name = "mnist", .tags = {"baseline"}});
  if (made.empty()) throw std::runtime_error{models.last_reply().problem};
  return made[0]["id"].get<std::int64_t>();
}
// [/upload]

// [list]
void print_best(const std::shared_ptr<millrace::client::Config>& config) {
  millrace::client::Models models{config};
  for (const Json& model : models.get_all({.per_page = 100, .filters = {{"metric", "acc"}}})) {
    const Json whole = models.get(model["id"].get<std::int64_t>());
    if (!whole.empty()) std::cout << whole[0]["name"] << " " << whole[0]["metrics"]["acc"] << "\n";
  }
}
// [/list]

// [download]
void fetch(const std::shared_ptr<millrace::client::Config>& config, std::int64_t id) {
  millrace::client::Models models{config};
  const auto path = models.download(
      id, {.path = "models", .progress = [](std::uint64_t done, std::uint64_t total) {
             std::cerr << done << " of " << total << " bytes\r";
             return true;  // false stops it
           }});
  if (!path.empty()) std::cout << "written: " << path << "\n";
}
// [/download]

// [stages]
void promote_and_undo(const std::shared_ptr<millrace::client::Config>& config, std::int64_t id) {
  millrace::client::Models models{config};
  millrace::client::Projects projects{config};
  const Json event = models.promote(id, "production", "best accuracy so far");
  if (event.empty()) throw std::runtime_error{models.last_reply().problem};
  std::cout << "version " << event[0]["version"] << " is in production\n";
  const Json back =
      projects.roll_back(event[0]["project_id"].get<std::int64_t>(), "lenet", "production");
  if (back.empty()) std::cout << projects.last_reply().problem << "\n";  // there was none before
}
// [/stages]

// [git]
void print_repository() {
  const millrace::client::GitProvider git;  // the repository around the current folder
  std::cout << git.active_branch() << " " << git.latest_commit()
            << (git.is_dirty() ? " with changes" : "") << "\n";
}
// [/git]

// [main]
int main(int count, char**) {
  try {
    if (count > 1) print_repository();
    const auto config = sign_in();
    if (!config->auth().logged_in()) return 1;  // the log says why
    const auto id = upload(config);
    print_best(config);
    fetch(config, id);
    promote_and_undo(config, id);
  } catch (const millrace::client::ConfigInitializationError& error) {
    std::cerr << "settings: " << error.what() << "\n";
    return 2;
  }
}
// [/main]
