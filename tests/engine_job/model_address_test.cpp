// Addresses of models of the registry: what they name, who may read it, and how long.
#include "engine/job/model_address.hpp"

#include <catch2/catch.hpp>

#include "engine/job/inline_services.hpp"
#include "engine/job/job_contents.hpp"
#include "job_place.hpp"
#include "jobs_fixture.hpp"

using namespace millrace;
using test::JobPlace;
using test::Jobs;
using test::must;

namespace {

std::string fault_of(std::string_view address) {
  const auto read = parse_model_address(address);
  if (read.ok()) return {};
  CHECK(read.error().code == Code::InvalidArgument);
  CHECK(read.error().detail == "uri_syntax");
  return read.error().message;
}

// A registry with the users 1 and 2, and projects named "loans" (1), "twice" (2, 3) and "a/b@c"
// (4).
struct RegistryPlace {
  explicit RegistryPlace(SqlDialect kind = SqlDialect::Sqlite) : place{kind} {
    place.open(false);
    for (const char* login : {"a", "b"}) insert("users", {{"login", login}, {"password", "p"}});
    insert("workspaces", {{"name", "w"}});
    for (const char* name : {"loans", "twice", "twice", "a/b@c"})
      insert("projects", {{"name", name}, {"workspace_id", 1}});
  }

  std::int64_t insert(const std::string& entity, const Json& set) {
    const auto made = must(place.catalog().change(
        {{"entity", entity}, {"action", "insert"}, {"set", set}}, {.owner = {}, .name = "test"}));
    return made.column<std::int64_t>("id").value(0);
  }
  // Makes a content of `bytes` and a model of it.
  std::int64_t add(const std::string& name, std::string_view bytes, std::int64_t project = 1,
                   const Json& more = Json::object()) {
    const auto writer = must(place.store().blobs()->stage());
    must(writer->write(bytes));
    const auto sha256 = must(writer->finish()).sha256;
    must(writer->publish());
    Json set{{"user_id", 1}, {"project_id", project}, {"name", name}, {"file_sha256", sha256}};
    set.update(more);
    return insert("models", set);
  }
  // Reads what an address leads to, or says the code and why not.
  std::string read(std::string_view address, const std::string& owner = {},
                   const StoreRights& rights = {}) {
    InlineServices services{
        {place.store(), place.catalog(), place.service()}, rights, {.owner = owner}};
    auto reader = services.open(address);
    if (!reader.ok()) return std::string{word(reader.error().code)} + ": " + reader.error().message;
    std::string bytes(64, ' ');
    bytes.resize(must((*reader)->read(bytes)));
    return bytes;
  }
  static std::string_view word(Code code) {
    switch (code) {
      case Code::NotFound:
        return "not found";
      case Code::Conflict:
        return "conflict";
      case Code::PermissionDenied:
        return "denied";
      default:
        return "other";
    }
  }

  JobPlace place;
};

}  // namespace

TEST_CASE("an address of a model names an id, or a project and a name", "[job][model_address]") {
  CHECK(must(parse_model_address("model:12")).id == 12);
  CHECK(must(parse_model_address("model:9223372036854775807")).id == 9223372036854775807);
  const auto named = must(parse_model_address("model:loans/texts"));
  CHECK(named.id == 0);
  CHECK(named.project == "loans");
  CHECK(named.name == "texts");
  CHECK(named.version == 0);
  CHECK(named.stage.empty());
  CHECK(must(parse_model_address("model:loans/texts@3")).version == 3);
  CHECK(must(parse_model_address("model:loans/texts@production")).stage == "production");
  CHECK(must(parse_model_address("model:p/n@3rd")).stage == "3rd");
  const auto escaped = must(parse_model_address("model:a%2Fb%40c/%E8%B2%B8%e6%ac%be@x%25"));
  CHECK(escaped.project == "a/b@c");
  CHECK(escaped.name == "貸款");
  CHECK(escaped.stage == "x%");
  CHECK(must(parse_model_address("model:貸款/1")).name == "1");
}

TEST_CASE("an address that names no model says how one is written", "[job][model_address]") {
  for (const char* address : {"model:",
                              "model:0",
                              "model:007x",
                              "model:-1",
                              "model:9223372036854775808",
                              "model:/",
                              "model:p",
                              "model:p/",
                              "model:/n",
                              "model:p/n/m",
                              "model:p/n@",
                              "model:p/n@0",
                              "model:p/n@99999999999999999999",
                              "model:p/n@a@b",
                              "model:p/n@a/b",
                              "model:p@1/n",
                              "model:p/%",
                              "model:p/%2",
                              "model:p/%zz",
                              "model:p/%+1",
                              "model:p/%00",
                              "model:p/%0A",
                              "model:p/\x01",
                              "model:p/%FF",
                              "model:p/%C3%28",
                              "Model:1",
                              "model 1",
                              "",
                              "blob:1"}) {
    INFO(address);
    CHECK_THAT(fault_of(address), Catch::Contains("model:PROJECT/NAME"));
  }
  CHECK_THAT(fault_of(std::string_view{"model:p/n\0m", 11}), Catch::Contains("slash between"));
  const std::string longest = "model:p/" + std::string(ModelAddress::kMostBytes - 8, 'n');
  CHECK(fault_of(longest).empty());
  CHECK_THAT(fault_of(longest + 'n'), Catch::Contains("255 bytes"));
}

TEST_CASE("a model is read by its id, name, version and stage", "[job][model_address]") {
  RegistryPlace registry{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto first = registry.add("texts", "first");
  registry.add("texts", "second");
  registry.add("Texts", "another name");
  registry.add("x/y", "escaped", 4);
  CHECK(registry.read("model:" + std::to_string(first)) == "first");
  CHECK(registry.read("model:loans/texts") == "second");
  CHECK(registry.read("model:loans/texts@1") == "first");
  CHECK(registry.read("model:loans/Texts") == "another name");
  CHECK(registry.read("model:a%2Fb%40c/x%2Fy") == "escaped");
  CHECK_THAT(registry.read("model:loans/texts@prod"), Catch::StartsWith("not found"));
  registry.insert("promotions", {{"action", "promote"}, {"model_id", first}, {"stage", "prod"}});
  CHECK(registry.read("model:loans/texts@prod") == "first");
  registry.insert(
      "promotions",
      {{"action", "retire"}, {"project_id", 1}, {"model_name", "texts"}, {"stage", "prod"}});
  CHECK_THAT(registry.read("model:loans/texts@prod"), Catch::StartsWith("not found"));
}

TEST_CASE("a model that is not there is told apart from one that is not clear",
          "[job][model_address]") {
  RegistryPlace registry;
  registry.add("texts", "bytes", 2);
  const auto bare =
      registry.insert("models", {{"user_id", 1}, {"project_id", 1}, {"name", "bare"}});
  for (const std::string address : {"model:77", "model:none/texts", "model:loans/none",
                                    "model:loans/bare@2", "model:Loans/bare", "model:loans/bar%25"})
    CHECK_THAT(registry.read(address), Catch::StartsWith("not found") && Catch::Contains(address));
  CHECK_THAT(registry.read("model:" + std::to_string(bare)), Catch::Contains("has no file"));
  CHECK_THAT(registry.read("model:twice/texts"),
             Catch::StartsWith("conflict") && Catch::Contains("model:ID"));
}

TEST_CASE("who sees a model may read its file, and nobody writes to it", "[job][model_address]") {
  RegistryPlace registry;
  registry.add("texts", "open");
  const auto hidden =
      "model:" + std::to_string(registry.add("texts", "hidden", 1, {{"private", true}}));
  CHECK(registry.read(hidden, "1") == "hidden");
  CHECK_THAT(registry.read(hidden, "2"), Catch::StartsWith("not found"));
  CHECK(registry.read("model:loans/texts", "1") == "hidden");
  CHECK(registry.read("model:loans/texts", "2") == "open");
  StoreRights objects, granted;
  objects.objects_only = true;
  granted.grants = {"z0/out"};
  CHECK_THAT(registry.read("model:loans/texts", {}, objects), Catch::StartsWith("denied"));
  CHECK_THAT(registry.read("model:loans/texts", {}, granted), Catch::StartsWith("denied"));
  InlineServices services{
      {registry.place.store(), registry.place.catalog(), registry.place.service()}, {}, {}};
  CHECK(services.check_uri("model:loans/texts", false).ok());
  CHECK_FALSE(services.check_uri("model:loans", false).ok());
  CHECK_FALSE(services.check_uri("model:loans/texts", true).ok());
  CHECK_FALSE(services.stage("model:loans/texts").ok());
  CHECK_FALSE(services.put("model:loans/texts", "x").ok());
  CHECK_FALSE(services.list("model:loans/texts", [](const ListedObject&) {}).ok());
  CHECK(must(services.stat("model:loans/texts")).size_bytes == 6);
}

TEST_CASE("an address leads a run to one model, whatever becomes of the registry",
          "[job][model_address]") {
  RegistryPlace registry;
  registry.add("texts", "first");
  InlineServices services{
      {registry.place.store(), registry.place.catalog(), registry.place.service()}, {}, {}};
  const auto before = must(services.identify("model:loans/texts"));
  registry.add("texts", "second");
  CHECK(must(services.identify("model:loans/texts")) == before);
  CHECK(must(services.stat("model:loans/texts")).size_bytes == 5);
  CHECK(registry.read("model:loans/texts") == "second");
}

TEST_CASE("an address leads each attempt of a job to the model of the first",
          "[job][model_address]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  JobContents contents{*jobs.catalog, jobs.store};
  const std::string first(64, 'a'), second(64, 'b');
  const auto id = jobs.submit();
  const auto lease = must(jobs.lease(id));
  CHECK(must(contents.model(id, "model:p/n")).empty());
  CHECK(must(contents.note_model(lease, "model:p/n", first)) == first);
  CHECK(must(contents.note_model(lease, "model:p/n", second)) == first);
  CHECK(must(contents.note_model(lease, "model:7", first)) == first);
  CHECK(must(contents.model(id, "model:p/n")) == first);
  CHECK(must(contents.model(id, "model:p/N")).empty());
  CHECK(must(contents.has(id, first)));
  CHECK_FALSE(must(contents.has(id, second)));

  must(jobs.requeue(lease, {}, {}));
  const auto again = must(jobs.lease(id));
  test::check_refused(contents.note_model(lease, "model:8", second));  // a stale attempt
  CHECK(must(contents.note_model(again, "model:p/n", second)) == first);
  must(jobs.finish(again, JobState::Failed));
  must(contents.forget(must(contents.of_ended({}))));
  CHECK(must(contents.model(id, "model:p/n")).empty());
}
