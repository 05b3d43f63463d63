#include <catch2/catch.hpp>

#include "tests/api_maisie/registry_server.hpp"

#include <fmt/format.h>

using namespace millrace;
using test::RegistryServer;

namespace {

void add_project(RegistryServer& server) {
  server.sign_in();
  REQUIRE(server.form("POST", "/api/v1/workspaces/", "name=w").status == 200);
  REQUIRE(server.form("POST", "/api/v1/projects/", "name=p&workspace_id=1").status == 200);
}

// Every byte as in an address.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char letter : text) out += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
  return out;
}

std::string field_message(const RegistryServer::Answer& answer, const char* field) {
  INFO(answer.text);
  CHECK(answer.status == 400);
  return answer.body["message"].value(field, std::string{});
}

}  // namespace

TEST_CASE("JSON goes before the query string, and that before a form", "[maisie][fields]") {
  RegistryServer server{SqlDialect::Sqlite};
  CHECK(server.json("POST", "/api/v1/workspaces/?name=query", {{"name", "json"}}).data()["name"] ==
        "json");
  CHECK(server.form("POST", "/api/v1/workspaces/?name=query", "name=form").data()["name"] ==
        "query");
  CHECK(server.form("POST", "/api/v1/workspaces/", "name=first&name=second").data()["name"] ==
        "first");
  CHECK(server.form("POST", "/api/v1/workspaces/", "name=").data()["name"] == "");
  CHECK(server.json("POST", "/api/v1/workspaces/", {{"name", 5}}).data()["name"] == "5");
  CHECK(server.json("POST", "/api/v1/workspaces/", {{"name", {"a", "b"}}}).data()["name"] == "a");
  CHECK(server.json("POST", "/api/v1/workspaces/", {{"name", "x"}, {"description", nullptr}})
            .data()["description"]
            .is_null());
  CHECK(server.json("POST", "/api/v1/workspaces/", {{"name", nullptr}}).status == 400);
  CHECK(
      server.send("POST", "/api/v1/workspaces/", {"Content-Type: application/json"}, "{\"name\": ")
          .status == 400);
  CHECK(server.send("POST", "/api/v1/workspaces/", {"Content-Type: application/json"}, "[1]")
            .status == 400);
}

TEST_CASE("long texts, wrong numbers and wrong dictionaries are told by field",
          "[maisie][fields]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  RegistryServer server{kind};
  add_project(server);
  const std::string forty(40, 'x');
  CHECK(server.form("POST", "/api/v1/workspaces/", "name=" + forty).status == 200);
  CHECK(field_message(server.form("POST", "/api/v1/workspaces/", "name=x" + forty), "name") ==
        "is longer than 40 characters");
  std::string umlauts;
  for (int i = 0; i < 40; ++i) umlauts += "ü";
  CHECK(server.json("POST", "/api/v1/workspaces/", {{"name", umlauts}}).data()["name"] == umlauts);
  for (const char* number : {"", "1.5", "abc", "0x1"}) {
    CHECK(
        field_message(
            server.form("POST", "/api/v1/projects/", fmt::format("name=p&workspace_id={}", number)),
            "workspace_id") == fmt::format("invalid literal for int() with base 10: '{}'", number));
  }
  for (const char* wrong : {"[1]", "7", "{", "null"})
    CHECK_FALSE(
        field_message(server.upload({{"project_id", "1"}, {"metrics", wrong}}), "metrics").empty());
  CHECK(server.upload({{"project_id", "999"}}).body ==
        Json{{"error", "Project 999 does not exist."}});
  CHECK(server.upload({{"project_id", "1"}, {"user_id", "x"}}).status == 400);
  CHECK(test::eventually(
      [&] { return server.contents() == 0; }));  // nothing of what was refused is kept
}

TEST_CASE("private is read as the document means it", "[maisie][fields]") {
  RegistryServer server{SqlDialect::Sqlite};
  add_project(server);
  for (const char* no : {"False", "false", "0", "no", "OFF", "None", "null", ""})
    CHECK(server.upload({{"project_id", "1"}, {"private", no}}).data()["visibility"] == "public");
  for (const char* yes : {"True", "1", "yes", "anything"})
    CHECK(server.upload({{"project_id", "1"}, {"private", yes}}).data()["visibility"] == "private");
}

TEST_CASE("a change is partial, may come as a payload, and leaves the rest", "[maisie][fields]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  RegistryServer server{kind};
  add_project(server);
  REQUIRE(
      server.upload({{"project_id", "1"}, {"name", "m"}, {"metrics", R"({"a":1})"}, {"tags", "x"}})
          .status == 200);
  const auto put = [&](const Json& body) {
    return server.json("PUT", "/api/v1/models/1/", body, {server.bearer()});
  };
  CHECK(put({{"payload", {{"name", "n"}}}}).data()["name"] == "n");
  CHECK(put({{"payload", R"({"metrics": {"b": 2}})"}}).data()["metrics"] == Json{{"b", 2}});
  CHECK(put({{"tags", {"y", "z"}}}).data()["tags"].size() == 2);
  CHECK(put({{"tags", ""}}).data()["tags"].empty());
  CHECK(put({{"private", true}}).data()["visibility"] == "private");
  CHECK(put({{"id", 9}, {"created", "x"}, {"unknown", 1}}).data()["id"] == 1);
  CHECK(put({{"payload", 7}}).status == 400);
  CHECK(put({{"project_id", 77}}).body == Json{{"error", "Project 77 does not exist."}});
  CHECK(put({{"project_id", nullptr}}).status == 400);
  CHECK(server.json("PUT", "/api/v1/models/99/", {{"name", "n"}}, {server.bearer()}).status == 404);
  CHECK(server.json("PUT", "/api/v1/projects/1/", {{"workspace_id", 5}}).body ==
        Json{{"error", "Workspace 5 does not exist."}});
  CHECK(server.json("PUT", "/api/v1/workspaces/1/", {{"name", nullptr}}).status == 400);
  CHECK(server.form("PUT", "/api/v1/users/1/", "name=Ada", {server.bearer()}).data()["full_name"] ==
        "Ada");
  CHECK(server.form("PUT", "/api/v1/users/1/", "password=new", {server.bearer()}).status == 200);
  CHECK(server.form("POST", "/api/v1/auth/login/", "login=admin&password=admin").status == 401);
  CHECK(server.form("POST", "/api/v1/auth/login/", "login=admin&password=new").status == 200);
}

TEST_CASE("numbers in the query of the known web page are a project", "[maisie][filters]") {
  RegistryServer server{SqlDialect::Sqlite};
  add_project(server);
  REQUIRE(server.upload({{"project_id", "1"}, {"name", "lenet"}, {"metrics", R"({"acc":0.9})"}})
              .status == 200);
  const auto total = [&](const std::string& query) {
    return server.as_user("GET", "/api/v1/models/?" + query).body["pagination"]["total_items"];
  };
  CHECK(total("query=1") == 1);
  CHECK(total("query=2") == 0);
  CHECK(total("query=1&project=ene") == 1);
  CHECK(total("query=1&project=other") == 0);
  CHECK(total("query=LEN") == 1);
  CHECK(total("search=1") == 0);
  CHECK(total("metrics=") == 1);
  CHECK(total("user=1,2&projects=1") == 1);
  CHECK(total("metric.acc>0.5") == 1);
  CHECK(total("metric.acc>=0.9") == 1);
  CHECK(total("metric.acc%3E0.9") == 0);
  CHECK(total("metric.acc=0.9") == 1);
  CHECK(total("metric.acc==0.9") == 1);
  CHECK(total("metric.acc==0") == 0);
  CHECK(total("metric.acc!=0.9") == 0);
  CHECK(server.as_user("GET", "/api/v1/models/?metric.acc=<0.9").status == 400);
  CHECK(server.as_user("GET", "/api/v1/models/?metric.acc!==0.9").status == 400);
  CHECK(server.as_user("GET", "/api/v1/models/?metric.==0.9").status == 400);
  CHECK(server.as_user("GET", "/api/v1/models/?metric.acc>high").status == 400);
  CHECK(server.as_user("GET", "/api/v1/models/?projects=x").status == 400);
  CHECK(server.as_user("GET", "/api/v1/models/?project=x").status == 400);
  CHECK(total("page=99999999999") == 1);
  const auto none = server.as_user("GET", "/api/v1/models/?per_page=0").body;
  CHECK(none["data"].empty());
  CHECK(none["pagination"]["total_pages"] == 0);
  CHECK(none["pagination"]["total_items"] == 1);
}

TEST_CASE("errors have the bodies that clients read", "[maisie][errors]") {
  RegistryServer server{SqlDialect::Sqlite, {.max_upload_bytes = 4096}};
  server.sign_in();
  for (const char* path : {"/nowhere", "/api/v1/models/abc/", "/api/v1/models/-1/",
                           "/api/v1/models/99999999999999999999/"}) {
    const auto answer = server.as_user("GET", path);
    CHECK(answer.status == 404);
    CHECK(answer.body["message"].get<std::string>().starts_with("The requested URL was not found"));
    CHECK(answer.headers.at("access-control-allow-origin") == "*");
  }
  const auto method = server.as_user("PATCH", "/api/v1/models/");
  CHECK(method.status == 405);
  CHECK(method.headers.contains("allow"));
  CHECK(server.send("GET", "/api/v1/workspaces").status == 200);
  CHECK(server.send("HEAD", "/api/v1/workspaces/").status == 200);
  const auto large = server.upload({{"project_id", "1"}}, "a.bin", std::string(8192, 'x'));
  CHECK(large.status == 413);
  CHECK(large.body["message"] == "The data value transmitted exceeds the capacity limit.");
}

TEST_CASE("hostile texts are texts, in every field", "[maisie][injection]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  RegistryServer server{kind};
  add_project(server);
  for (const std::string text :
       {"'; DROP TABLE models; --", "\" OR 1=1 --", "1) UNION SELECT password FROM users --",
        "../../etc/passwd", "a\r\nSet-Cookie: x=1", "%00", "{\"$param\": \"id\"}",
        "\\'; SELECT 1; --", "<script>x</script>"}) {
    INFO(text);
    const auto put = server.json("PUT", "/api/v1/projects/1/",
                                 {{"name", text}, {"description", text}, {"git_url", text}});
    REQUIRE(put.status == 200);
    CHECK(put.data()["name"] == text);
    CHECK(put.data()["description"] == text);
    const auto model = server.upload({{"project_id", "1"},
                                      {"name", text},
                                      {"dataset_name", text},
                                      {"git_active_branch", text},
                                      {"metrics", Json{{text, 1}}.dump()}},
                                     "x.bin");
    REQUIRE(model.status == 200);
    CHECK(model.data()["name"] == text);
    CHECK(model.data()["metrics"] == Json{{text, 1}});
    // As a text of a search it finds what has it, and nothing else; so does a name of a metric.
    for (const char* asked : {"search", "metrics"}) {
      const auto found =
          server.as_user("GET", fmt::format("/api/v1/models/?{}={}", asked, escaped(text)));
      CHECK(found.body["pagination"]["total_items"] == 1);
      CHECK(found.data()[0]["name"] == text);
    }
    CHECK(server.form("POST", "/api/v1/auth/login/", "login=x&password=%27+OR+1%3D1").status !=
          200);
  }
  for (const char* query :
       {"search=%27%20OR%201=1--", "metrics=x%27)%20OR%201=1--", "tag=%25", "search=%25%25x"}) {
    const auto found = server.as_user("GET", fmt::format("/api/v1/models/?{}", query));
    CHECK(found.status == 200);
    CHECK(found.body["pagination"]["total_items"] == 0);
  }
  // What means something in a pattern means itself, with an index and without.
  for (const char* name : {"50% off", "a_b", "wow!"}) {
    REQUIRE(server.form("POST", "/api/v1/workspaces/", "name=" + escaped(name)).status == 200);
    REQUIRE(
        server.upload({{"project_id", "1"}, {"name", name}, {"dataset_name", "patterns"}}).status ==
        200);
  }
  for (const auto& [letter, name] : {std::pair{"%", "50% off"}, {"_", "a_b"}, {"!", "wow!"}}) {
    INFO(letter);
    const auto found = server.send("GET", "/api/v1/workspaces/?search=" + escaped(letter));
    REQUIRE(found.data().size() == 1);
    CHECK(found.data()[0]["name"] == name);
  }
  CHECK(server.as_user("GET", "/api/v1/models/?search=" + escaped("% o"))
            .body["pagination"]["total_items"] == 1);
  CHECK(server.send("GET", "/api/v1/projects/1/", {"Host: evil\"><x"}).status == 400);
  for (const char* name : {"../../x.tar.gz", "..\\..\\a.H5", "noext", ".", "a.b/c", "x.;rm", ""}) {
    const auto model = server.upload({{"project_id", "1"}}, std::string{name}.empty() ? "e" : name);
    REQUIRE(model.status == 200);
    const auto id = model.data()["id"].get<int>();
    const auto file = server.send("GET", fmt::format("/storage/download/{}/", id));
    CHECK(file.text == "WEIGHTS");
    CHECK(file.headers.at("content-disposition").find('/') == std::string::npos);
  }
}

TEST_CASE("abused forms are refused, and nothing of them is kept", "[maisie][multipart]") {
  RegistryServer server{SqlDialect::Sqlite};
  add_project(server);
  const auto post = [&](const std::string& type, const std::string& body) {
    return server.as_user("POST", "/api/v1/models/", {"Content-Type: " + type}, body).status;
  };
  const std::string file =
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n";
  const std::string project =
      "--b\r\nContent-Disposition: form-data; name=\"project_id\"\r\n\r\n1\r\n";
  CHECK(post("multipart/form-data; boundary=b", project + file + "--b--\r\n") == 200);
  CHECK(server.contents() == 1);
  CHECK(post("multipart/form-data", project + file + "--b--\r\n") == 400);
  CHECK(post("multipart/form-data; boundary=b", project + file) == 400);
  CHECK(post("multipart/form-data; boundary=b", project + file + file + "--b--\r\n") == 400);
  CHECK(post("multipart/form-data; boundary=b",
             "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n") == 400);
  std::string many;
  for (int i = 0; i < 100'000; ++i)
    many += "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n";
  CHECK(post("multipart/form-data; boundary=b", many + "--b--\r\n") / 100 == 4);
  CHECK(server.contents() == 1);
  CHECK(server.as_user("GET", "/api/v1/models/").body["pagination"]["total_items"] == 1);
}

TEST_CASE("names with commas are found as they were written", "[maisie][filters]") {
  RegistryServer server{SqlDialect::Sqlite};
  add_project(server);
  const std::string metrics = R"({"top,1":0.5,"steps":9007199254740993})";
  REQUIRE(
      server
          .upload({{"project_id", "1"}, {"name", "a"}, {"tags", R"(x,p\,q)"}, {"metrics", metrics}})
          .status == 200);
  REQUIRE(server.upload({{"project_id", "1"}, {"name", "b"}, {"tags", "p,q"}}).status == 200);
  const auto found = [&](const std::string& query) {
    std::string names;
    const auto answer = server.as_user("GET", "/api/v1/models/?" + query);
    for (const auto& model : answer.body["data"]) names += model["name"].get<std::string>();
    return names;
  };
  CHECK(found("tag=p%5C,q") == "a");
  CHECK(found("tag=x,p%5C%2Cq") == "a");
  CHECK(found("tag=p,q") == "b");
  CHECK(found("metric=top%5C,1") == "a");
  CHECK(found("metric.top,1=0.5") == "a");
  CHECK(found("metric.steps=9007199254740993") == "a");
  CHECK(found("metric.steps=9007199254740992").empty());
  CHECK(found("metric.steps>9007199254740992") == "a");
}

TEST_CASE("a list takes names as they stand, and a field of names its first text",
          "[maisie][fields]") {
  RegistryServer server{SqlDialect::Sqlite};
  add_project(server);
  const auto model = [&](const std::vector<RegistryServer::Field>& more) {
    std::vector<RegistryServer::Field> fields{{"project_id", "1"}};
    fields.insert(fields.end(), more.begin(), more.end());
    const auto answer = server.upload(fields);
    INFO(answer.text);
    REQUIRE(answer.status == 200);
    std::string tags;
    for (const auto& tag : answer.data()["tags"])
      tags += fmt::format("<{}>", tag["name"].get<std::string>());
    return tags;
  };
  CHECK(
      model(
          {{"name", "p,q"}, {"tags", " a , b ,,a"}, {"tags", "c"}, {"metrics", R"({" acc":1})"}}) ==
      "<a><b>");
  CHECK(model({{"name", "p"}, {"metrics", R"({"acc":1})"}}).empty());
  const auto found = [&](const std::string& query) {
    std::string names;
    const auto answer = server.as_user("GET", "/api/v1/models/?" + query);
    INFO(answer.text);
    CHECK(answer.status == 200);
    for (const auto& one : answer.body["data"])
      names += fmt::format("<{}>", one["name"].get<std::string>());
    return names;
  };
  CHECK(found("metric=%20acc") == "<p,q>");
  CHECK(found("metric=acc") == "<p>");
  CHECK(found("search=p,q") == "<p,q>");
  CHECK(found("search=,q&search=nothing") == "<p,q>");
  CHECK(found("search=&query=") == "<p,q><p>");
  CHECK(found("version=1&version=1,%201") == "<p,q><p>");
  CHECK(field_message(server.as_user("GET", "/api/v1/models/?versions=1,x"), "version") ==
        "invalid literal for int() with base 10: 'x'");
  CHECK(field_message(server.as_user("GET", "/api/v1/models/?projects=1,x"), "project") ==
        "invalid literal for int() with base 10: 'x'");
  CHECK(field_message(server.as_user("GET", "/api/v1/models/?metric.a/b~c>x"), "metric.a/b~c>x")
            .starts_with("a comparison is a name"));
  const auto put =
      server.json("PUT", "/api/v1/models/2/", {{"tags", {"x,y", " z "}}}, {server.bearer()});
  REQUIRE(put.data()["tags"].size() == 2);
  CHECK(put.data()["tags"][0]["name"] == "x,y");
  CHECK(put.data()["tags"][1]["name"] == "z");
}

TEST_CASE("all that is wrong with an upload is told at once, the file too", "[maisie][fields]") {
  RegistryServer server{SqlDialect::Sqlite};
  add_project(server);
  const auto told = [](const RegistryServer::Answer& answer) {
    INFO(answer.text);
    CHECK(answer.status == 400);
    return test::keys(answer.body["message"]);
  };
  CHECK(told(server.upload({{"metrics", "x"}, {"user_id", "y"}, {"file_sha256", "z"}}, "")) ==
        "project_id,metrics,user_id,file_sha256,file");
  CHECK(told(server.upload({{"metrics", "x"}, {"upload", ""}}, "")) == "project_id,metrics,file");
  CHECK(told(server.upload({{"metrics", "x"}})) == "project_id,metrics");
  CHECK(told(server.json("POST", "/api/v1/models/", {{"upload", "x"}, {"project_id", "y"}},
                         {server.bearer()})) == "project_id");
  CHECK(test::eventually([&] { return server.contents() == 0; }));
}
