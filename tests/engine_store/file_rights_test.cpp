#include <catch2/catch.hpp>

#include "tests/engine_store/store_fixture.hpp"

using namespace millrace;
using namespace millrace::test;
namespace fs = std::filesystem;

TEST_CASE("a person at the shell opens any file", "[store][file]") {
  StoreFixture fixture;
  write_file(fixture.folder.path() / "photos/a b.txt", "text");
  const auto uri = fixture.store->check(file_uri(fixture.folder.path() / "photos/a b.txt"),
                                        {.any_file = true}, false);
  REQUIRE(uri.ok());
  auto reader = fixture.store->open(*uri);
  REQUIRE(reader.ok());
  CHECK(read_all(**reader) == "text");
  const auto target = fixture.store->check(file_uri(fixture.folder.path() / "new/folder/out.txt"),
                                           {.any_file = true}, true);
  REQUIRE(target.ok());
  REQUIRE(fixture.store->put(*target, "written").ok());
  CHECK(read_file(fixture.folder.path() / "new/folder/out.txt") == "written");
}

TEST_CASE("others open files only below their roots", "[store][file]") {
  StoreFixture fixture;
  const auto base = fixture.folder.path();
  write_file(base / "open/inside", "inside");
  write_file(base / "open2/near", "near");
  write_file(base / "secret", "secret");
  const StoreRights rights{.roots = {base / "missing", base / "open"}};
  const auto code = [&](const std::string& uri) {
    const auto checked = fixture.store->check(uri, rights, false);
    return checked.ok() ? "ok" : std::string{to_string(checked.error().code)};
  };
  CHECK(code(file_uri(base / "open/inside")) == "ok");
  CHECK(code(file_uri(base / "open/not/yet")) == "ok");
  CHECK(code(file_uri(base / "open/../open/inside")) == "ok");
  CHECK(code(file_uri(base / "secret")) == "permission_denied");
  CHECK(code(file_uri(base / "open2/near")) == "permission_denied");
  CHECK(code(file_uri(base / "open/../secret")) == "permission_denied");
  CHECK(code(file_uri(base / "open") + "/%2e%2e/secret") == "permission_denied");
  CHECK(code("file:///etc/passwd") == "permission_denied");
  CHECK(fixture.store->check(file_uri(base / "open/inside"), {}, false).error().code ==
        Code::PermissionDenied);
}

TEST_CASE("roots are compared after links are resolved, and links that change later are refused",
          "[store][file]") {
  StoreFixture fixture;
  const auto base = fixture.folder.path();
  write_file(base / "open/real/file", "real");
  write_file(base / "secret/file", "secret");
  fs::create_symlink("real", base / "open/inner");
  fs::create_symlink(base / "secret", base / "open/out");
  fs::create_symlink("../secret/file", base / "open/leaf");
  fs::create_symlink(base / "open", base / "alias");
  const StoreRights rights{.roots = {base / "alias"}};
  auto& store = *fixture.store;

  const auto inner = store.check(file_uri(base / "open/inner/file"), rights, false);
  REQUIRE(inner.ok());
  auto reader = store.open(*inner);
  REQUIRE(reader.ok());
  CHECK(read_all(**reader) == "real");
  CHECK(store.check(file_uri(base / "alias/real/file"), rights, false).ok());
  CHECK(store.check(file_uri(base / "open/out/file"), rights, false).error().code ==
        Code::PermissionDenied);
  CHECK(store.check(file_uri(base / "open/leaf"), rights, false).error().code ==
        Code::PermissionDenied);
  CHECK(store.check(file_uri(base / "open/out/new"), rights, true).error().code ==
        Code::PermissionDenied);

  // Between check and use somebody puts a link in place of the folder.
  const auto checked = store.check(file_uri(base / "open/real/file"), rights, false);
  REQUIRE(checked.ok());
  fs::rename(base / "open/real", base / "open/moved");
  fs::create_symlink(base / "secret", base / "open/real");
  CHECK(store.open(*checked).error().code == Code::PermissionDenied);
  CHECK(store.put(*checked, "x").error().code == Code::PermissionDenied);
  CHECK(read_file(base / "secret/file") == "secret");
}

TEST_CASE("a file address that was only parsed opens nothing", "[store][file]") {
  StoreFixture fixture;
  write_file(fixture.folder.path() / "file", "x");
  auto uri = address(file_uri(fixture.folder.path() / "file"));
  CHECK(fixture.store->open(uri).error().code == Code::PermissionDenied);
  CHECK(fixture.store->put(uri, "y").error().code == Code::PermissionDenied);
  uri.root = "/somewhere/else";
  CHECK(fixture.store->open(uri).error().code == Code::PermissionDenied);
}

TEST_CASE("folders of files are listed by their addresses", "[store][file]") {
  StoreFixture fixture;
  const auto base = fixture.folder.path() / "photos";
  write_file(base / "b.jpg", "1");
  write_file(base / "a b/c.jpg", "22");
  write_file(base / "x.job-1.partial", "");
  for (const auto& rights : {StoreRights{.any_file = true}, StoreRights{.roots = {base}}}) {
    const auto uri = fixture.store->check_prefix(file_uri(base) + '/', rights, false);
    REQUIRE(uri.ok());
    std::vector<std::string> names;
    std::uint64_t bytes = 0;
    REQUIRE(fixture.store
                ->list(*uri,
                       [&](const ListedObject& listed) {
                         if (listed.is_passed_over()) return;
                         names.emplace_back(listed.uri);
                         bytes += listed.stat.size_bytes;
                       })
                .ok());
    CHECK(names ==
          std::vector<std::string>{file_uri(base / "a b/c.jpg"), file_uri(base / "b.jpg")});
    CHECK(bytes == 3);
    CHECK(fixture.store->stat(*uri)->is_folder);
  }
}

TEST_CASE("a missing file is named by its address", "[store][file]") {
  StoreFixture fixture;
  const auto uri = fixture.store->check("file:///no/such/list.json", {.any_file = true}, false);
  REQUIRE(uri.ok());
  const auto error = fixture.store->open(*uri).error();
  CHECK(error.code == Code::NotFound);
  CHECK(error.message == "open: nothing is there: file:///no/such/list.json");
}

TEST_CASE("file objects are staged beside their target", "[store][file]") {
  StoreFixture fixture;
  const auto path = fixture.folder.path() / "out/list.json";
  const auto uri = fixture.store->check(file_uri(path), {.roots = {fixture.folder.path()}}, true);
  REQUIRE(uri.ok());
  auto writer = fixture.store->stage(*uri, "job-3");
  REQUIRE(writer.ok());
  REQUIRE((*writer)->write("line\n").ok());
  CHECK_FALSE(fs::exists(path));
  REQUIRE(fixture.store->publish(*uri, "job-3", Publishing::First).ok());
  CHECK(read_file(path) == "line\n");
}

TEST_CASE("grants hold for files too: whoever has any opens none", "[store][file]") {
  StoreFixture fixture;
  const auto base = fixture.folder.path();
  write_file(base / "open/inside", "inside");
  const auto uri = file_uri(base / "open/inside");
  StoreRights rights{.roots = {base / "open"}};
  REQUIRE(fixture.store->check(uri, rights, false).ok());
  rights.grants = {"z0/mine"};
  for (const bool for_writing : {false, true}) {
    rights.any_file = false;
    CHECK(fixture.store->check(uri, rights, for_writing).error().code == Code::PermissionDenied);
    rights.any_file = true;
    CHECK(fixture.store->check(uri, rights, for_writing).error().code == Code::PermissionDenied);
  }
  CHECK(fixture.store->check("qiniu:///z0/mine/a", rights, false).ok());
}

TEST_CASE("where only objects are addresses, a file is none", "[store][file]") {
  StoreFixture fixture;
  const StoreRights rights{.any_file = true, .objects_only = true};
  const auto refused = fixture.store->check("file:///etc/passwd", rights, false);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::InvalidArgument);
  CHECK(refused.error().detail == "uri_scheme");
  CHECK(fixture.store->check("qiniu:///z0/b/k", rights, true).ok());
  CHECK(fixture.store->check("http://host/a", rights, false).ok());
}
