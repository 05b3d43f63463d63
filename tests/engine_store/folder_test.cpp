#include <thread>

#include <catch2/catch.hpp>

#include "tests/engine_store/store_fixture.hpp"

#include <sys/stat.h>

using namespace millrace;
using namespace millrace::test;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> listed(Store& store, std::string_view prefix) {
  std::vector<std::string> names;
  const auto done = store.list(*parse_prefix(prefix), [&](const ListedObject& object) {
    if (object.is_passed_over()) return;
    CHECK(object.uri.starts_with(std::string{object.folder} + '/'));
    names.emplace_back(object.uri);
  });
  if (!done.ok()) names.push_back(done.error().message);
  return names;
}

}  // namespace

TEST_CASE("an object is put, looked up, read, replaced and removed", "[store][folder]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  const auto uri = address("qiniu:///z0/b/a/x.jpg");
  REQUIRE(store.put(uri, "first").ok());
  CHECK(fixture.text_of(uri.text) == "first");
  CHECK(store.stat(uri)->size_bytes == 5);
  CHECK(store.stat(uri)->modified_us > 1'700'000'000'000'000);
  REQUIRE(store.put(uri, "").ok());
  CHECK(fixture.text_of(uri.text).empty());
  CHECK(fixture.files() == std::vector<std::string>{"z0/b/a/x.jpg"});
  REQUIRE(store.remove(uri).ok());
  CHECK(store.remove(uri).error().code == Code::NotFound);
  CHECK(store.stat(*parse_prefix("qiniu:///z0/b/a"))->is_folder);
}

TEST_CASE("a reader seeks and reads on", "[store][folder]") {
  StoreFixture fixture;
  REQUIRE(fixture.store->put(address("qiniu:///z0/b/k"), "0123456789").ok());
  auto reader = fixture.store->open(address("qiniu:///z0/b/k"));
  REQUIRE(reader.ok());
  REQUIRE((*reader)->seek(7).ok());
  CHECK(read_all(**reader) == "789");
  REQUIRE((*reader)->seek(0).ok());
  CHECK(read_all(**reader) == "0123456789");
  REQUIRE((*reader)->seek(99).ok());
  CHECK(read_all(**reader).empty());
}

TEST_CASE("what is missing is named: the object, or the bucket", "[store][folder]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  const auto missing = store.open(address("qiniu:///z0/b/k")).error();
  CHECK(missing.code == Code::NotFound);
  CHECK(missing.detail == "no_bucket");
  CHECK(missing.message == "store: no such bucket: z0/b");
  REQUIRE(store.put(address("qiniu:///z0/b/other"), "x").ok());
  const auto key = store.stat(address("qiniu:///z0/b/k")).error();
  CHECK(key.code == Code::NotFound);
  CHECK(key.detail == "no_object");
  CHECK(key.message == "look up: nothing is there: qiniu:///z0/b/k");
  CHECK(store.open(address("qiniu:///z0/b/other/k")).error().code == Code::NotFound);
}

TEST_CASE("buckets are made on the first write unless the setting forbids it", "[store][folder]") {
  StoreFixture fixture{{.create_buckets = false}};
  const auto uri = address("qiniu:///z0/b/k");
  CHECK(fixture.store->put(uri, "x").error().detail == "no_bucket");
  CHECK(fixture.store->stage(uri, "job-1").error().detail == "no_bucket");
  CHECK(fixture.files().empty());
  fs::create_directories(fixture.folder.path() / "store/z0/b");
  CHECK(fixture.store->put(uri, "x").ok());
}

TEST_CASE("a zone must be one of the settings, at each door", "[store][folder]") {
  StoreFixture fixture{{.zones = {"z0", "cn-east-2"}}};
  auto& store = *fixture.store;
  CHECK(store.check("qiniu:///cn-east-2/b/k", {}, true).ok());
  CHECK(store.check("qiniu:///z1/b/k", {}, false).error().detail == "uri_zone");
  CHECK(store.check_prefix("qiniu:///z1/b", {}, false).error().detail == "uri_zone");
  const auto uri = address("qiniu:///z1/b/k");
  CHECK(store.put(uri, "x").error().detail == "uri_zone");
  CHECK(store.open(uri).error().detail == "uri_zone");
  CHECK(store.stat(uri).error().detail == "uri_zone");
  CHECK(store.remove(uri).error().detail == "uri_zone");
  CHECK(store.stage(uri, "j").error().detail == "uri_zone");
  CHECK(fixture.files().empty());
  CHECK(Store::open({.folder = fixture.folder.path() / "s", .zones = {"../x"}}).error().code ==
        Code::InvalidArgument);
}

TEST_CASE("grants bind reading and writing", "[store][folder]") {
  StoreFixture fixture;
  const StoreRights rights{.grants = {"z0/mine-*"}};
  CHECK(fixture.store->check("qiniu:///z0/mine-1/k", rights, true).ok());
  const auto refused = fixture.store->check("qiniu:///z0/yours/k", rights, false);
  CHECK(refused.error().code == Code::PermissionDenied);
  CHECK(refused.error().detail == "grants");
  CHECK(fixture.store->check_prefix("qiniu:///z0/yours", rights, true).error().code ==
        Code::PermissionDenied);
}

TEST_CASE("a prefix is listed to its last leaf, sorted bytewise, without the unfinished",
          "[store][folder]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  for (const auto* key : {"p/a/x", "p/a-b", "p/a.c", "p/a0", "p/B", "p/ä", "q/other", "p/a/y/z"}) {
    REQUIRE(store.put(address("qiniu:///z0/b/" + std::string{key}), key).ok());
  }
  auto staged = store.stage(address("qiniu:///z0/b/p/a/new"), "job-7");
  REQUIRE(staged.ok());
  write_file(fixture.folder.path() / "store/z0/b/p/bad\nname", "");
  fs::create_symlink("B", fixture.folder.path() / "store/z0/b/p/link");
  const std::vector<std::string> expected{
      "qiniu:///z0/b/p/B",     "qiniu:///z0/b/p/a-b", "qiniu:///z0/b/p/a.c", "qiniu:///z0/b/p/a/x",
      "qiniu:///z0/b/p/a/y/z", "qiniu:///z0/b/p/a0",  "qiniu:///z0/b/p/ä"};
  CHECK(listed(store, "qiniu:///z0/b/p") == expected);
  CHECK(std::is_sorted(expected.begin(), expected.end()));
  CHECK(listed(store, "qiniu:///z0/b/q/") == std::vector<std::string>{"qiniu:///z0/b/q/other"});
  CHECK(listed(store, "qiniu:///z0/b").size() == 8);
  CHECK(listed(store, "qiniu:///z0/b/none") ==
        std::vector<std::string>{"list: nothing is there: qiniu:///z0/b/none"});
  CHECK(listed(store, "qiniu:///z0/c") == std::vector<std::string>{"store: no such bucket: z0/c"});
}

TEST_CASE("a listing tells of what it passes over", "[store][folder]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  const auto bucket = fixture.folder.path() / "store/z0/b";
  REQUIRE(store.put(address("qiniu:///z0/b/p/a"), "x").ok());
  auto staged = store.stage(address("qiniu:///z0/b/p/new"), "job-7");
  REQUIRE(staged.ok());
  fs::create_directory_symlink("p", bucket / "p/loop");
  REQUIRE(::mkfifo((bucket / "p/pipe").c_str(), 0600) == 0);
  write_file(bucket / "p/caf\xe9/x.jpg", "");
  std::vector<std::string> told;
  REQUIRE(store
              .list(*parse_prefix("qiniu:///z0/b/p/"),
                    [&](const ListedObject& object) {
                      CHECK(object.folder == "qiniu:///z0/b/p");
                      told.push_back(
                          std::string{object.name} + ": " +
                          std::string{object.is_passed_over() ? object.why : object.uri});
                    })
              .ok());
  std::sort(told.begin(), told.end());
  CHECK(told ==
        std::vector<std::string>{"a: qiniu:///z0/b/p/a", "caf\xe9/x.jpg: no address holds its name",
                                 "loop: a symbolic link", "pipe: neither a file nor a folder"});
}

TEST_CASE("a folder is listed under the name that it has, whatever it was called",
          "[store][folder]") {
  StoreFixture fixture;
  const auto real = fs::canonical(fixture.folder.path()) / "real folder";
  write_file(real / "a b.jpg", "x");
  fs::create_directory_symlink(real, fixture.folder.path() / "link");
  const auto given = "file:" + fs::canonical(fixture.folder.path()).string();
  for (const std::string& spelled :
       {given + "/link", given + "/link/", given + "/./x/../link", file_uri(real),
        given + "//real%20folder", "file://localhost" + given.substr(5) + "/real%20folder"}) {
    INFO(spelled);
    const auto checked = fixture.store->check_prefix(spelled, {.any_file = true}, false);
    REQUIRE(checked.ok());
    std::vector<std::string> found;
    REQUIRE(fixture.store
                ->list(*checked,
                       [&](const ListedObject& object) {
                         found.emplace_back(object.folder);
                         found.emplace_back(object.uri);
                         found.emplace_back(object.name);
                       })
                .ok());
    CHECK(found == std::vector<std::string>{file_uri(real), file_uri(real / "a b.jpg"), "a b.jpg"});
  }
}

TEST_CASE("a key and a key below it cannot both exist", "[store][folder]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  REQUIRE(store.put(address("qiniu:///z0/b/a"), "file").ok());
  CHECK(store.put(address("qiniu:///z0/b/a/b"), "x").error().code == Code::Conflict);
  REQUIRE(store.put(address("qiniu:///z0/b/d/e"), "file").ok());
  CHECK(store.put(address("qiniu:///z0/b/d"), "x").error().code == Code::Conflict);
  CHECK(fixture.text_of("qiniu:///z0/b/a") == "file");
  CHECK(fixture.files() == std::vector<std::string>{"z0/b/a", "z0/b/d/e"});
}

TEST_CASE("a symbolic link in the store is an error, not followed", "[store][folder]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  write_file(fixture.folder.path() / "outside/secret", "secret");
  REQUIRE(store.put(address("qiniu:///z0/b/real"), "x").ok());
  const auto bucket = fixture.folder.path() / "store/z0/b";
  fs::create_symlink(fixture.folder.path() / "outside", bucket / "dir");
  fs::create_symlink("../../../outside/secret", bucket / "leaf");
  fs::create_directory_symlink(fixture.folder.path() / "outside",
                               fixture.folder.path() / "store/z0/linked");
  for (const auto* text :
       {"qiniu:///z0/b/dir/secret", "qiniu:///z0/b/leaf", "qiniu:///z0/linked/secret"}) {
    INFO(text);
    CHECK(store.open(address(text)).error().code == Code::PermissionDenied);
    CHECK(store.stat(address(text)).error().code == Code::PermissionDenied);
  }
  CHECK(store.put(address("qiniu:///z0/b/dir/new"), "x").error().code == Code::PermissionDenied);
  CHECK(store.stage(address("qiniu:///z0/linked/new"), "job-1").error().code ==
        Code::PermissionDenied);
  // Putting over a link replaces the link and leaves what it pointed to alone.
  REQUIRE(store.put(address("qiniu:///z0/b/leaf"), "mine").ok());
  CHECK(fixture.text_of("qiniu:///z0/b/leaf") == "mine");
  CHECK(read_file(fixture.folder.path() / "outside/secret") == "secret");
  CHECK(fs::exists(fixture.folder.path() / "outside/new") == false);
}

TEST_CASE("only regular files are objects", "[store][folder]") {
  StoreFixture fixture;
  REQUIRE(fixture.store->put(address("qiniu:///z0/b/dir/k"), "x").ok());
  REQUIRE(::mkfifo((fixture.folder.path() / "store/z0/b/pipe").c_str(), 0600) == 0);
  CHECK(fixture.store->open(address("qiniu:///z0/b/pipe")).error().code == Code::InvalidArgument);
  CHECK(fixture.store->open(address("qiniu:///z0/b/dir")).error().code == Code::InvalidArgument);
}

TEST_CASE("names as long as a file system allows are stored", "[store][folder]") {
  StoreFixture fixture;
  const auto one = "qiniu:///z0/b/" + std::string(255, 'n');
  const auto other = "qiniu:///z0/b/" + std::string(254, 'n') + 'm';
  REQUIRE(fixture.store->put(address(one), "one").ok());
  auto staged_one = fixture.store->stage(address(one), "job-1");
  auto staged_other = fixture.store->stage(address(other), "job-1");
  REQUIRE((*staged_one)->write("staged one").ok());
  REQUIRE((*staged_other)->write("staged other").ok());
  REQUIRE(fixture.store->publish(address(one), "job-1", Publishing::First).ok());
  REQUIRE(fixture.store->publish(address(other), "job-1", Publishing::First).ok());
  CHECK(fixture.text_of(one) == "staged one");
  CHECK(fixture.text_of(other) == "staged other");
}

TEST_CASE("threads that put the same and other objects leave whole objects", "[store][folder]") {
  StoreFixture fixture;
  const auto store = *Store::open({.folder = fixture.folder.path() / "store"});
  std::vector<int> failures(4, 0);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        const std::string bytes(100'000, static_cast<char>('a' + thread));
        for (int i = 0; i < 20; ++i) {
          const auto own = "qiniu:///z0/b/" + std::to_string(thread) + '/' + std::to_string(i);
          if (!store->put(*parse_uri(own), bytes).ok()) ++failures[thread];
          if (!store->put(*parse_uri("qiniu:///z0/b/shared"), bytes).ok()) ++failures[thread];
        }
      });
    }
  }
  CHECK(failures == std::vector<int>(4, 0));
  const auto shared = fixture.text_of("qiniu:///z0/b/shared");
  CHECK(shared == std::string(100'000, shared[0]));
  CHECK(fixture.files().size() == 81);
}

TEST_CASE("a store without a folder knows no qiniu objects", "[store][folder]") {
  const auto store = *Store::open(StoreSettings{});
  CHECK(store->put(address("qiniu:///z0/b/k"), "x").error().code == Code::InvalidArgument);
  CHECK(store->stat(address("qiniu:///z0/b/k")).error().code == Code::InvalidArgument);
}
